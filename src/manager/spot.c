/* SPDX-License-Identifier: MIT */
#include "manager/spot.h"

#include "manager/lists.h"

#include <stdlib.h>

/* Milliseconds. */
static const int64_t WAKE_LASTS = INT64_C(60) * 1000;

mproci_spot *mproci_spot_create(mproci_keyspace *keyspace, mproci_view name, mproci_view wake)
{
	mproci_spot *spot = malloc(sizeof *spot + name.size + wake.size);

	if (spot == NULL)
		return NULL;
	spot->keyspace = keyspace;
	spot->name = (mproci_view){spot->bytes, name.size};
	spot->wake = (mproci_view){spot->bytes + name.size, wake.size};
	memcpy(spot->bytes, name.bytes, name.size);
	memcpy(spot->bytes + name.size, wake.bytes, wake.size);
	return spot;
}

mproci_binding *mproci_spot_find(const mproci_spot *spot, const void *value)
{
	mproci_binding *binding = mproci_keyspace_find(spot->keyspace, spot->name);

	return binding != NULL && binding->value == value ? binding : NULL;
}

void mproci_wake(mproci_keyspace *keyspace, mproci_view wake)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, wake);

	/* It may be missing: who waits looks again within a second. */
	if (binding != NULL || mproci_list_push(keyspace, wake, mproci_view_of("1")) < 0)
		return;
	binding = mproci_keyspace_find(keyspace, wake);
	if (binding != NULL)
		mproci_keyspace_expire(keyspace, wake, binding, mproci_keyspace_now(keyspace) + WAKE_LASTS);
}

void mproci_wake_cancel(mproci_keyspace *keyspace, mproci_view wake)
{
	const mproci_binding *binding = mproci_keyspace_find(keyspace, wake);

	if (binding != NULL && binding->type == &mproci_type_list)
		mproci_keyspace_remove(keyspace, wake);
}
