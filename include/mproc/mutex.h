/* SPDX-License-Identifier: MIT */
/*
 * mproc/mutex.h - a lock that outlives its holder.
 *
 *     mproc_mutex_init(&shared->lock, NULL);
 *     ...
 *     int rc = mproc_mutex_lock(&shared->lock, MPROC_FOREVER);
 *     if (rc == MPROC_OWNER_DIED)
 *             repair(shared);
 *     ++shared->total;
 *     mproc_mutex_unlock(&shared->lock);
 *
 * A mutex is embedded by value in memory of the arena (mproc/arena.h), or in ordinary memory when
 * only threads of one process use it.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     a mutex in the arena is the same mutex in the child; the child holds none.
 *   Crash    a thread that ends, or a member that is killed, while it holds the mutex or anywhere
 *            inside stops nobody: the next to lock gets MPROC_OWNER_DIED at once, or within 100 ms
 *            when others were killed while they took turns.  (A thread that becomes another program
 *            by exec must not hold a mutex, unless it is the first of its process.)
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_MUTEX_H
#define MPROC_MUTEX_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/result.h>
#include <stdbool.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef union mproc_mutex {
	uint64_t opaque[9];
} mproc_mutex;

typedef struct mproc_mutex_options {
	/* The holder may lock again; it unlocks as often as it locked. */
	bool recursive;
	uint64_t reserved[3];
} mproc_mutex_options;

/*
 * Make a mutex.
 *
 * @mutex    where it will live; not a mutex in use.
 * @options  NULL for the defaults.
 *
 * Returns  0.
 * Fails    -EINVAL  @mutex is NULL, or a reserved word of @options is not 0
 * Cost     no system call.
 */
MPROC_API int mproc_mutex_init(mproc_mutex *mutex, const mproc_mutex_options *options);

/*
 * Lock; wait while somebody else holds the mutex.
 *
 * @deadline  when to give up.  MPROC_NOW waits at most 1 ms, for a holder that is about to unlock.
 *
 * Returns  0, or MPROC_OWNER_DIED: the mutex is held now, but its last holder died holding it and
 *          may have left half a change behind.
 * Fails    -ETIMEDOUT  still held at the deadline
 *          -EAGAIN     still held after MPROC_NOW's millisecond; or locked recursively too often
 *          -EDEADLK    this thread holds it already, and it is not recursive
 *          -EINVAL     @mutex is NULL or no mutex
 * Cost     about 20 ns, no system call, unless somebody else holds it.
 */
MPROC_API int mproc_mutex_lock(mproc_mutex *mutex, mproc_deadline deadline);

/*
 * Unlock; let one of those who wait go on.
 *
 * Returns  0.
 * Fails    -EPERM   this thread does not hold @mutex; nothing was done
 *          -EINVAL  @mutex is NULL or no mutex
 * Cost     no system call unless somebody waits.
 */
MPROC_API int mproc_mutex_unlock(mproc_mutex *mutex);

/*
 * End a mutex; its memory may then be used for something else.
 *
 * @mutex  held by nobody, or NULL.
 *
 * Returns  0.
 * Fails    -EBUSY   somebody who lives holds it; it stays as it is
 *          -EINVAL  it is no mutex, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_mutex_destroy(mproc_mutex *mutex);

MPROC_END_DECLS

#endif
