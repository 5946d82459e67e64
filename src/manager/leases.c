/* SPDX-License-Identifier: MIT */
#include "manager/leases.h"

#include "manager/named.h"
#include "manager/spot.h"

#include <stdlib.h>

struct mproci_leases {
	mproci_spot *spot;
	/* Their records, by their owners; and which lease ends first. */
	mproci_hash_table *holders;
	mproci_expiry ends;
	/* No lease ends later. */
	int64_t last_end;
};

static mproci_holder *holder_of(mproci_expiring *lease)
{
	return (mproci_holder *)((char *)lease - offsetof(mproci_holder, lease));
}

static void disown(mproci_holder *holder)
{
	if (holder->is_owned)
		mproci_session_disown(&holder->belonging);
	holder->is_owned = false;
}

/* A holder goes out of its table. */
static void drop(void *payload)
{
	mproci_holder *holder = payload;

	disown(holder);
	mproci_expiry_remove(&holder->leases->ends, &holder->lease);
}

static void free_leases(void *value)
{
	mproci_leases *leases = value;

	mproci_hash_table_destroy(leases->holders);
	mproci_expiry_free(&leases->ends);
	free(leases->spot);
	free(leases);
}

const mproci_type mproci_type_lock = {.name = "mproc-lock", .free = free_leases};
const mproci_type mproci_type_semaphore = {.name = "mproc-semaphore", .free = free_leases};

mproci_leases *mproci_leases_create(
	mproci_keyspace *keyspace, mproci_view name, const mproci_type *type, mproci_view wake)
{
	mproci_leases *leases = calloc(1, sizeof *leases);

	if (leases == NULL)
		return NULL;
	leases->spot = mproci_spot_create(keyspace, name, wake);
	leases->holders = mproci_hash_table_create(sizeof(mproci_holder), drop);
	if (leases->spot != NULL && leases->holders != NULL
		&& mproci_keyspace_bind(keyspace, name, type, leases) != NULL)
		return leases;
	free_leases(leases);
	return NULL;
}

static int64_t now(const mproci_leases *leases)
{
	return mproci_keyspace_now(leases->spot->keyspace);
}

void mproci_leases_trim(mproci_leases *leases)
{
	mproci_expiring *first;

	while ((first = mproci_expiry_first(&leases->ends)) != NULL && first->at <= now(leases))
		mproci_named_remove(leases->holders, holder_of(first));
}

size_t mproci_leases_count(const mproci_leases *leases)
{
	return leases->holders->count;
}

mproci_holder *mproci_leases_find(const mproci_leases *leases, mproci_view owner)
{
	return mproci_named_find(leases->holders, owner);
}

mproci_holder *mproci_leases_first(const mproci_leases *leases)
{
	mproci_expiring *first = mproci_expiry_first(&leases->ends);

	return first == NULL ? NULL : holder_of(first);
}

/* The client that holds it has gone. */
static void give_back(mproci_belonging *belonging)
{
	mproci_holder *holder = (mproci_holder *)((char *)belonging - offsetof(mproci_holder, belonging));
	mproci_leases *leases = holder->leases;
	const mproci_spot *spot = leases->spot;

	holder->is_owned = false;
	mproci_named_remove(leases->holders, holder);
	/* First, for what is settled may be gone. */
	mproci_wake(spot->keyspace, spot->wake);
	mproci_leases_settle(leases);
}

mproci_holder *mproci_leases_grant(
	mproci_leases *leases, mproci_session *session, mproci_view owner, int64_t lease)
{
	mproci_holder *holder = mproci_named_add(leases->holders, owner);

	if (holder == NULL)
		return NULL;
	holder->leases = leases;
	holder->belonging.release = give_back;
	if (mproci_leases_renew(holder, session, lease))
		return holder;
	mproci_named_remove(leases->holders, holder);
	return NULL;
}

bool mproci_leases_renew(mproci_holder *holder, mproci_session *session, int64_t lease)
{
	mproci_leases *leases = holder->leases;
	int64_t end = now(leases) + lease;

	if (!mproci_expiry_set(&leases->ends, &holder->lease, end))
		return false;
	if (leases->holders->count == 1 || end > leases->last_end)
		leases->last_end = end;
	disown(holder);
	mproci_session_own(session, &holder->belonging);
	holder->is_owned = true;
	return true;
}

void mproci_leases_release(mproci_holder *holder)
{
	mproci_named_remove(holder->leases->holders, holder);
}

void mproci_leases_settle(mproci_leases *leases)
{
	mproci_keyspace *keyspace = leases->spot->keyspace;
	mproci_view name = leases->spot->name;
	mproci_binding *binding = mproci_spot_find(leases->spot, leases);

	if (binding == NULL)
		return;
	if (leases->holders->count == 0) {
		mproci_keyspace_remove(keyspace, name);
		return;
	}
	mproci_keyspace_expire(keyspace, name, binding, leases->last_end);
	mproci_keyspace_touch(keyspace, name, binding);
}
