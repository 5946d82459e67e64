/* SPDX-License-Identifier: MIT */
/*
 * mproc/once.h - something that the first who needs it does for all.
 *
 *     static int fill_table(void *table)
 *     ...
 *     rc = mproc_once_run(&shared->filled, fill_table, shared->table, MPROC_FOREVER);
 *
 * An mproc_once is embedded by value in memory of the arena (mproc/arena.h), or in ordinary memory when only
 * threads of one process use it.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     an mproc_once in the arena is the same one in the child.
 *   Crash    a member killed while it runs the function stops nobody: the next one runs it, from its start.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_ONCE_H
#define MPROC_ONCE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef union mproc_once {
	uint64_t opaque[9];
} mproc_once;

/* What is done once; negative: it failed, and is still to be done. */
typedef int mproc_once_function(void *argument);

/*
 * Make an mproc_once of which nothing is done.
 *
 * @once  where it will live; not one in use.
 *
 * Returns  0.
 * Fails    -EINVAL  @once is NULL
 * Cost     no system call.
 */
MPROC_API int mproc_once_init(mproc_once *once);

/*
 * Run @function, unless somebody has done so successfully; wait while somebody is at it.
 *
 * @function, @argument  what is to be done.  It may find what one who was killed left half done.
 * @deadline             when to give up waiting for somebody else.
 *
 * Returns  0: it is done, and all that it wrote can be read.
 * Fails    -ETIMEDOUT  somebody else was still at it at the deadline (MPROC_NOW: after 1 ms, -EAGAIN)
 *          -EDEADLK    this thread is at it: @function has called this
 *          -EINVAL     @once is NULL or none, or @function is NULL
 *          -E…         what @function returned when it failed
 * Cost     one load when it is done.
 */
MPROC_API int mproc_once_run(
	mproc_once *once, mproc_once_function *function, void *argument, mproc_deadline deadline);

/*
 * End an mproc_once that nobody uses; its memory may then be used for something else.
 *
 * @once  or NULL.
 *
 * Returns  0.
 * Fails    -EBUSY   somebody who lives runs its function
 *          -EINVAL  it is none, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_once_destroy(mproc_once *once);

MPROC_END_DECLS

#endif
