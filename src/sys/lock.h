/* SPDX-License-Identifier: MIT */
/*
 * sys/lock.h - a lock between processes that the kernel gives on when its holder dies.
 *
 * The only place that knows which lock that is: a process-shared robust pthread mutex.  Never hold
 * more than a few at a time: the kernel forgets those beyond 2048 a thread.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <mproc/deadline.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The order in which a thread may take the locks of the library: only upwards.  A debug build asserts it. */
typedef enum mproci_lock_rank {
	/* Code of the program runs while it is held: not checked. */
	MPROCI_LOCK_OF_PROGRAM,
	MPROCI_LOCK_OF_STEALING,
	MPROCI_LOCK_OF_MAKING,
	MPROCI_LOCK_OF_BURYING,
	MPROCI_LOCK_OF_RUNS,
} mproci_lock_rank;

typedef struct mproci_lock {
	pthread_mutex_t mutex;
	uint8_t rank;
	/* The last holder died, and who noticed only asked: the next to take the lock is told. */
	bool owner_died;
} mproci_lock;

int mproci_lock_init(mproci_lock *lock, mproci_lock_rank rank);

/*
 * Returns 0; MPROC_OWNER_DIED: held, the last holder died with it; -ETIMEDOUT; -EAGAIN (MPROC_NOW: after
 * 1 ms); -EDEADLK: held by this thread; -EINVAL: no lock.
 */
int mproci_lock_take(mproci_lock *lock, mproc_deadline deadline);

/* Whether this thread holds it. */
bool mproci_lock_is_held(mproci_lock *lock);

/* Returns 0, or -EPERM: not held by this thread. */
int mproci_lock_release(mproci_lock *lock);

/* Returns 0, or -EBUSY: somebody holds it. */
int mproci_lock_destroy(mproci_lock *lock);

#endif
