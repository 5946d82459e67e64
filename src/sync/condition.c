/* SPDX-License-Identifier: MIT */
/*
 * A condition is an event count: who waits prepares before it unlocks the mutex, so a notification that comes after a change
 * made under the mutex finds it.  It owns nothing and remembers nothing that a killed waiter could leave wrong.
 */
#include "base/error.h"
#include "base/object.h"
#include "sync/event_count.h"
#include "sync/mutex.h"

#include <errno.h>
#include <mproc/condition.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x636f6e642e2e6f6b);

typedef struct condition {
	uint64_t mark;
	mproci_event_count changes;
} condition;

_Static_assert(sizeof(condition) <= sizeof(mproc_condition), "a condition fits into its public room");
_Static_assert(_Alignof(condition) <= _Alignof(mproc_condition), "and is aligned as that is");

static condition *inside(mproc_condition *public)
{
	return (condition *)public;
}

static int check(const mproc_condition *public)
{
	return mproci_check_object(public, MARK, "condition");
}

int mproc_condition_init(mproc_condition *public)
{
	if (public == NULL)
		return mproci_fail(-EINVAL, "condition is NULL");
	*inside(public) = (condition){.mark = MARK};
	return 0;
}

int mproc_condition_wait(mproc_condition *public, mproc_mutex *mutex, mproc_deadline deadline)
{
	mproci_event_count *changes;
	uint32_t key, depth = 0;
	int rc, locked;

	rc = check(public);
	if (rc < 0)
		return rc;
	changes = &inside(public)->changes;
	key = mproci_event_count_prepare(changes);
	rc = mproci_mutex_let_go(mutex, &depth);
	if (rc < 0) {
		mproci_event_count_cancel(changes);
		return rc;
	}
	rc = mproci_event_count_wait_unburied(changes, key, deadline);
	locked = mproci_mutex_take_back(mutex, depth);
	if (locked != 0)
		return locked;
	return rc < 0 ? mproci_fail(rc, "condition %p: no notification until the deadline", (void *)public)
		      : 0;
}

int mproc_condition_notify(mproc_condition *public)
{
	int rc;

	rc = check(public);
	if (rc == 0)
		mproci_event_count_notify_some(&inside(public)->changes, 1);
	return rc;
}

int mproc_condition_notify_all(mproc_condition *public)
{
	int rc;

	rc = check(public);
	if (rc == 0)
		mproci_event_count_notify(&inside(public)->changes);
	return rc;
}

int mproc_condition_destroy(mproc_condition *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc == 0)
		inside(public)->mark = 0;
	return rc;
}
