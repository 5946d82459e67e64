/* SPDX-License-Identifier: MIT */
/*
 * mproc/semaphore.h - a number of permits.
 *
 *     mproc_semaphore_init(&shared->licences, 4, &(mproc_semaphore_options){.owned = true});
 *     ...
 *     rc = mproc_semaphore_acquire(&shared->licences, mproc_after(10));
 *     if (rc == 0) {
 *             compute();
 *             mproc_semaphore_release(&shared->licences, 1);
 *     }
 *
 * A plain semaphore is a counter: anybody may release, also who never acquired, as for signalling; a
 * permit that a dead process had taken stays taken.  With .bound it refuses to count beyond a limit.  With
 * .owned a permit belongs to the process that acquired it: only that process gives it back, and
 * when it ends with the permit, however that happens, the next to wait gets it.
 *
 * A semaphore is embedded by value in memory of the arena (mproc/arena.h), or in ordinary memory when
 * only threads of one process use it.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     a semaphore in the arena is the same one in the child; the child owns no permit.
 *   Crash    a member killed anywhere inside stops nobody: a permit is either taken or not.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_SEMAPHORE_H
#define MPROC_SEMAPHORE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

enum {
	/* The most permits of a semaphore. */
	MPROC_SEMAPHORE_MAX = 2147483647,
	/* The most permits of a semaphore with .owned. */
	MPROC_SEMAPHORE_OWNED_MAX = 120,
};

typedef union mproc_semaphore {
	uint64_t opaque[64];
} mproc_semaphore;

typedef struct mproc_semaphore_options {
	/* The most permits there can ever be; 0: MPROC_SEMAPHORE_MAX, or with .owned as many as there are at first. */
	uint32_t bound;
	/* A permit belongs to the process that acquired it. */
	bool owned;
	uint64_t reserved[3];
} mproc_semaphore_options;

/*
 * Make a semaphore.
 *
 * @semaphore  where it will live; not a semaphore in use.
 * @permits    how many can be acquired at first.
 * @options    NULL for the defaults.
 *
 * Returns  0.
 * Fails    -EINVAL  @semaphore is NULL, @permits is above the bound or the bound above its limit; with
 *                   .owned: @permits is 0, or .bound neither 0 nor @permits; a reserved word of @options is
 *                   not 0
 *          -EAGAIN, -EMFILE, -ENFILE, -ENOENT, -ENOMEM  with .owned: this process cannot join the family
 * Cost     no system call.
 */
MPROC_API int mproc_semaphore_init(
	mproc_semaphore *semaphore, uint32_t permits, const mproc_semaphore_options *options);

/*
 * Take a permit; wait while there is none.
 *
 * @deadline  when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  there was none until the deadline
 *          -EINVAL     @semaphore is NULL or no semaphore
 *          -EAGAIN, -EMFILE, -ENFILE, -ENOENT, -ENOMEM  with .owned: this process cannot join the family
 * Crash    a death of an owner ends the wait at once when the dead process was joined or its pool replaces
 *          it, otherwise within 0.2 s (in a family of hundreds: within 200 times what it takes to look at
 *          all of it).
 * Cost     about 10 ns, no system call, when there is a permit; with .owned a look at each permit until a
 *          free one.
 */
MPROC_API int mproc_semaphore_acquire(mproc_semaphore *semaphore, mproc_deadline deadline);

/*
 * Give permits back, or, unless .owned, make new ones; let as many of those who wait go on.
 *
 * @permits  how many, at least 1.
 *
 * Returns  0.
 * Fails    -EOVERFLOW  more than the bound; nothing was done
 *          -EPERM      with .owned: this process owns fewer than @permits; nothing was done
 *          -EINVAL     @permits is 0, or @semaphore is NULL or no semaphore
 * Crash    killed before it returns: with .owned each permit is given back either way.
 * Cost     no system call unless somebody waits.
 */
MPROC_API int mproc_semaphore_release(mproc_semaphore *semaphore, uint32_t permits);

/*
 * Tell how many permits can be acquired now.
 *
 * Returns  the number, which may have changed already.
 * Fails    -EINVAL  @semaphore is NULL or no semaphore
 * Cost     one load; with .owned one per permit.
 */
MPROC_API int mproc_semaphore_value(mproc_semaphore *semaphore);

/*
 * End a semaphore that nobody uses; its memory may then be used for something else.
 *
 * @semaphore  or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL  it is no semaphore, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_semaphore_destroy(mproc_semaphore *semaphore);

MPROC_END_DECLS

#endif
