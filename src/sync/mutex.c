/* SPDX-License-Identifier: MIT */
/*
 * The public face of sys/lock.h: a robust lock, marked so that memory which is no mutex is refused.  A recursive one
 * is a plain one whose holder, when it is told that it holds the lock already, counts.
 */
#include "sync/mutex.h"

#include "arena/lock_note.h"
#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "family/thread.h"
#include "sys/lock.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdatomic.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x6d757465782e6f6b);

typedef struct mutex {
	uint64_t mark;
	bool is_recursive;
	/* How often the holder has locked beyond the first time; only the holder changes it. */
	_Atomic uint32_t depth;
	mproci_lock lock;
} mutex;

_Static_assert(sizeof(mutex) <= sizeof(mproc_mutex), "a mutex fits into its public room");
_Static_assert(_Alignof(mutex) <= _Alignof(mproc_mutex), "and is aligned as that is");

static mutex *inside(mproc_mutex *public)
{
	return (mutex *)public;
}

static int check(const mproc_mutex *public)
{
	return mproci_check_object(public, MARK, "mutex");
}

int mproc_mutex_init(mproc_mutex *public, const mproc_mutex_options *options)
{
	static const mproc_mutex_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (public == NULL)
		return mproci_fail(-EINVAL, "mutex is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	rc = mproci_lock_init(&inside(public)->lock, MPROCI_LOCK_OF_PROGRAM);
	if (rc < 0)
		return mproci_fail(rc, "mutex: cannot be made");
	inside(public)->is_recursive = options->recursive;
	inside(public)->depth = 0;
	mproci_arena_note_lock(public);
	inside(public)->mark = MARK;
	return 0;
}

static int lock_again(mutex *self)
{
	if (!self->is_recursive)
		return mproci_fail(-EDEADLK, "mutex %p: this thread holds it already", (void *)self);
	if (self->depth == UINT32_MAX)
		return mproci_fail(-EAGAIN, "mutex %p: locked %u times already", (void *)self, UINT32_MAX);
	++self->depth;
	return 0;
}

int mproc_mutex_lock(mproc_mutex *public, mproc_deadline deadline)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	rc = mproci_lock_take(&inside(public)->lock, deadline);
	if (rc == 0)
		return 0;
	if (rc == -EDEADLK)
		return lock_again(inside(public));
	if (rc == MPROC_OWNER_DIED) {
		inside(public)->depth = 0;
		mproci_fail(rc, "mutex %p: its last holder died holding it", (void *)public);
	}
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "mutex %p: still held by somebody else at the deadline", (void *)public);
	else if (rc == -EINVAL)
		mproci_fail(rc, "mutex %p: half destroyed by somebody who died", (void *)public);
	else if (rc < 0)
		mproci_fail(rc, "mutex %p: still held by somebody else after a millisecond", (void *)public);
	return rc;
}

int mproc_mutex_unlock(mproc_mutex *public)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	if (inside(public)->depth > 0 && mproci_lock_is_held(&inside(public)->lock)) {
		--inside(public)->depth;
		return 0;
	}
	rc = inside(public)->depth > 0 ? -EPERM : mproci_thread_release(&inside(public)->lock);
	if (rc < 0)
		return mproci_fail(rc, "mutex %p: not held by this thread", (void *)public);
	return 0;
}

int mproci_mutex_unlock_as_dead(mproc_mutex *public)
{
	mutex *self = inside(public);

	if (!mproci_lock_is_held(&self->lock))
		return -EPERM;
	self->lock.owner_died = true;
	return mproci_thread_release(&self->lock);
}

int mproci_mutex_let_go(mproc_mutex *public, uint32_t *ret_depth)
{
	uint32_t depth;
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	if (!mproci_lock_is_held(&inside(public)->lock))
		return mproci_fail(-EPERM, "mutex %p: not held by this thread", (void *)public);
	depth = inside(public)->depth;
	inside(public)->depth = 0;
	rc = mproci_thread_release(&inside(public)->lock);
	if (rc == 0)
		*ret_depth = depth;
	return rc;
}

int mproci_mutex_take_back(mproc_mutex *public, uint32_t depth)
{
	int rc;

	rc = mproc_mutex_lock(public, MPROC_FOREVER);
	if (rc >= 0)
		inside(public)->depth = depth;
	return rc;
}

int mproc_mutex_destroy(mproc_mutex *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc < 0)
		return rc;
	rc = mproci_lock_destroy(&inside(public)->lock);
	if (rc < 0)
		return mproci_fail(rc, "mutex %p: somebody holds it", (void *)public);
	inside(public)->mark = 0;
	return 0;
}
