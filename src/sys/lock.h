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

typedef struct mproci_lock {
	pthread_mutex_t mutex;
	/* The last holder died, and who noticed only asked: the next to take the lock is told. */
	bool owner_died;
} mproci_lock;

int mproci_lock_init(mproci_lock *lock);

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
