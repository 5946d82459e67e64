/* SPDX-License-Identifier: MIT */
/*
 * mproc/barrier.h - a place where a number of parties wait for each other.
 *
 *     mproc_barrier_init(&shared->phase, 4, NULL);
 *     ...
 *     for (int step = 0; step < steps; ++step) {
 *             compute(step);
 *             rc = mproc_barrier_wait(&shared->phase, MPROC_FOREVER, NULL);
 *             if (rc < 0)
 *                     return rc;
 *     }
 *
 * When the last of the parties has come, all go on, and the next round begins.  A party is a thread that
 * waits.  Its process takes part from its first wait on, until mproc_barrier_leave: if it ends before that,
 * however it ends, the others can never be complete again, so the barrier breaks, now and for all who come
 * later, until mproc_barrier_reset.  A process that ends before its first wait is unknown to the barrier:
 * whoever started it calls mproc_barrier_abort.
 *
 * A barrier is embedded by value in memory of the arena (mproc/arena.h), or in ordinary memory when only
 * threads of one process use it.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of any member of the family.
 *   Fork     a barrier in the arena is the same one in the child; the child takes part when it waits.
 *   Crash    a member killed anywhere inside breaks the barrier, and stops nobody.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_BARRIER_H
#define MPROC_BARRIER_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

enum {
	/* The most parties of a barrier. */
	MPROC_BARRIER_PARTIES_MAX = 65535,
	/* The most processes that take part in one. */
	MPROC_BARRIER_PROCESSES_MAX = 240,
};

typedef union mproc_barrier {
	uint64_t opaque[128];
} mproc_barrier;

/* What one of the parties does when all have come, before any goes on; not 0: it failed, the barrier breaks. */
typedef int mproc_barrier_action(void *argument);

typedef struct mproc_barrier_options {
	/* NULL: nothing.  It must be the same function in all processes, as it is in all made by fork. */
	mproc_barrier_action *action;
	void *argument;
	uint64_t reserved[4];
} mproc_barrier_options;

/*
 * Make a barrier.
 *
 * @barrier  where it will live; not a barrier in use.
 * @parties  how many must come, 1 to MPROC_BARRIER_PARTIES_MAX.
 * @options  NULL for the defaults.
 *
 * Returns  0.
 * Fails    -EINVAL  @barrier is NULL, @parties is out of range, a reserved word of @options is not 0
 * Cost     no system call.
 */
MPROC_API int mproc_barrier_init(
	mproc_barrier *barrier, uint32_t parties, const mproc_barrier_options *options);

/*
 * Wait until all parties have come.
 *
 * @deadline   when to give up; the barrier is broken then.
 * @ret_index  a number below the number of parties that no other of this round gets, or NULL.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  not all had come at the deadline
 *          -ECANCELED  the barrier is broken, or was reset while this thread waited; the text says why
 *          -EBUSY      more than MPROC_BARRIER_PROCESSES_MAX processes take part
 *          -EINVAL     @barrier is NULL or no barrier
 *          -EAGAIN, -EMFILE, -ENFILE, -ENOENT, -ENOMEM  this process cannot join the family
 * Crash    the death of a party ends the wait at once when it was joined or its pool replaces it, otherwise
 *          within 0.2 s (in a family of hundreds: within 200 times what it takes to look at all of it).
 * Cost     the last to come: one system call for all who wait.
 */
MPROC_API int mproc_barrier_wait(mproc_barrier *barrier, mproc_deadline deadline, uint32_t *ret_index);

/*
 * Take part no longer: this process may end, and another may come in its place.
 *
 * Returns  0, also when it did not take part.
 * Fails    -EINVAL  @barrier is NULL or no barrier
 * Cost     no system call.
 */
MPROC_API int mproc_barrier_leave(mproc_barrier *barrier);

/*
 * Break the barrier: who waits, and who comes, gets -ECANCELED.
 *
 * Returns  0, also when it was broken already.
 * Fails    -EINVAL  @barrier is NULL or no barrier
 * Cost     no system call unless somebody waits.
 */
MPROC_API int mproc_barrier_abort(mproc_barrier *barrier);

/*
 * Make the barrier as new: nobody has come, nobody who has ended takes part.  Who waits gets -ECANCELED.
 *
 * Returns  0.
 * Fails    -EINVAL  @barrier is NULL or no barrier
 * Cost     six system calls for each process that takes part: whether it has ended.
 */
MPROC_API int mproc_barrier_reset(mproc_barrier *barrier);

/*
 * Tell whether the barrier is broken, as far as somebody has noticed.
 *
 * Returns  1, or 0.
 * Fails    -EINVAL  @barrier is NULL or no barrier
 * Cost     one load.
 */
MPROC_API int mproc_barrier_is_broken(mproc_barrier *barrier);

/*
 * Tell how many parties have come in this round.
 *
 * Returns  the number, which may have changed already.
 * Fails    -EINVAL  @barrier is NULL or no barrier
 * Cost     one load.
 */
MPROC_API int mproc_barrier_waiting(mproc_barrier *barrier);

/*
 * End a barrier that nobody uses; its memory may then be used for something else.
 *
 * @barrier  or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL  it is no barrier, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_barrier_destroy(mproc_barrier *barrier);

MPROC_END_DECLS

#endif
