/* SPDX-License-Identifier: MIT */
#include "manager/shown.h"

#include <errno.h>
#include <stdatomic.h>

/* Of tries to change a number that others change all the time. */
enum {
	TRIES = 1000
};

static int update_number(_Atomic int64_t *number, mproci_shown_change *change, void *context)
{
	int64_t before = atomic_load(number), after;

	for (int tries = 0; tries < TRIES; ++tries) {
		int rc;

		after = before;
		rc = change(context, &after);
		if (rc <= 0 || atomic_compare_exchange_weak(number, &before, after))
			return rc;
	}
	return -EAGAIN;
}

static int update_flag(_Atomic bool *flag, mproci_shown_change *change, void *context)
{
	bool before = atomic_load(flag), after;

	for (int tries = 0; tries < TRIES; ++tries) {
		int rc;

		after = before;
		rc = change(context, &after);
		if (rc <= 0 || atomic_compare_exchange_weak(flag, &before, after))
			return rc;
	}
	return -EAGAIN;
}

int mproci_shown_update_number(mproci_shown *shown, mproci_shown_change *change, void *context)
{
	if (shown->what.kind == MPROCI_SHOWN_FLAG)
		return update_flag(shown->what.object, change, context);
	return update_number(shown->what.object, change, context);
}
