/* SPDX-License-Identifier: MIT */
#include "arena/lock_note.h"
#include "base/error.h"
#include "base/object.h"
#include "family/thread.h"
#include "sys/lock.h"

#include <errno.h>
#include <mproc/once.h>
#include <stdatomic.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x6f6e63652e2e6f6b);

typedef struct once {
	uint64_t mark;
	_Atomic uint32_t is_done;
	/* Held by who is at it; when that one dies, the next to take it starts from the beginning. */
	mproci_lock doing;
} once;

_Static_assert(sizeof(once) <= sizeof(mproc_once), "an mproc_once fits into its public room");
_Static_assert(_Alignof(once) <= _Alignof(mproc_once), "and is aligned as that is");

static once *inside(mproc_once *public)
{
	return (once *)public;
}

static int check(const mproc_once *public)
{
	return mproci_check_object(public, MARK, "once");
}

int mproc_once_init(mproc_once *public)
{
	int rc;

	if (public == NULL)
		return mproci_fail(-EINVAL, "once is NULL");
	rc = mproci_lock_init(&inside(public)->doing, MPROCI_LOCK_OF_PROGRAM);
	if (rc < 0)
		return mproci_fail(rc, "once: its lock cannot be made");
	inside(public)->is_done = false;
	mproci_arena_note_lock(public);
	inside(public)->mark = MARK;
	return 0;
}

/* Locked. */
static int run(once *self, mproc_once_function *function, void *argument)
{
	int rc;

	if (self->is_done)
		return 0;
	rc = function(argument);
	if (rc < 0)
		return mproci_fail(rc, "once %p: its function returned %d", (void *)self, rc);
	atomic_store_explicit(&self->is_done, true, memory_order_release);
	return 0;
}

int mproc_once_run(mproc_once *public, mproc_once_function *function, void *argument, mproc_deadline deadline)
{
	once *self = inside(public);
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	if (function == NULL)
		return mproci_fail(-EINVAL, "function is NULL");
	if (atomic_load_explicit(&self->is_done, memory_order_acquire))
		return 0;
	rc = mproci_lock_take(&self->doing, deadline);
	if (rc == -EDEADLK)
		return mproci_fail(rc, "once %p: this thread is at it already", (void *)public);
	if (rc == -EINVAL)
		return mproci_fail(rc, "once %p: half destroyed by somebody who died", (void *)public);
	if (rc < 0)
		return mproci_fail(
			rc, "once %p: somebody else was still at it at the deadline", (void *)public);
	rc = run(self, function, argument);
	mproci_thread_release(&self->doing);
	return rc;
}

int mproc_once_destroy(mproc_once *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc < 0)
		return rc;
	rc = mproci_lock_destroy(&inside(public)->doing);
	if (rc < 0)
		return mproci_fail(rc, "once %p: somebody is at it", (void *)public);
	inside(public)->mark = 0;
	return 0;
}
