/* SPDX-License-Identifier: MIT */
/*
 * sys/lock.h - a lock between processes that the kernel gives on when its holder dies.
 *
 * The only place that knows which lock that is: a process-shared robust pthread mutex.  Never hold
 * more than a few at a time: the kernel forgets those beyond 2048 a thread.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include "base/private.h"
#include <mproc/deadline.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The order in which a thread may take the locks of the library: only upwards.  A debug build asserts it. */
typedef enum mproci_lock_rank {
	/* Code of the program runs while it is held: not checked. */
	MPROCI_LOCK_OF_PROGRAM,
	MPROCI_LOCK_OF_STEALING,
	/* The only ones of which a thread may hold several: those of one dict, in their order. */
	MPROCI_LOCK_OF_ENTRIES,
	MPROCI_LOCK_OF_CONSUMERS,
	MPROCI_LOCK_OF_PRODUCERS,
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

MPROCI_PRIVATE int mproci_lock_init(mproci_lock *lock, mproci_lock_rank rank);

/* mproci_lock_take for who did not get it at once: @rc is what pthread_mutex_trylock returned. */
MPROCI_PRIVATE int mproci_lock_take_on(mproci_lock *lock, int rc, mproc_deadline deadline);

#ifdef NDEBUG
static inline void mproci_lock_assert_rank(const mproci_lock *lock)
{
	(void)lock;
}

static inline void mproci_lock_note_taken(const mproci_lock *lock)
{
	(void)lock;
}

static inline void mproci_lock_note_released(uint8_t rank)
{
	(void)rank;
}
#else
/* Who takes locks against their order may wait for somebody who waits for him. */
MPROCI_PRIVATE void mproci_lock_assert_rank(const mproci_lock *lock);
MPROCI_PRIVATE void mproci_lock_note_taken(const mproci_lock *lock);
MPROCI_PRIVATE void mproci_lock_note_released(uint8_t rank);
#endif

/*
 * Returns 0; MPROC_OWNER_DIED: held, the last holder died with it; -ETIMEDOUT; -EAGAIN (MPROC_NOW: after
 * 1 ms); -EDEADLK: held by this thread; -EINVAL: no lock.
 */
static inline int mproci_lock_take(mproci_lock *lock, mproc_deadline deadline)
{
	int rc;

	mproci_lock_assert_rank(lock);
	rc = pthread_mutex_trylock(&lock->mutex);
	if (rc != 0 || lock->owner_died)
		return mproci_lock_take_on(lock, rc, deadline);
	mproci_lock_note_taken(lock);
	return 0;
}

/* Take it if that needs no waiting.  Returns 0, or -EBUSY: also when the last holder died, which the next to take it is told. */
MPROCI_PRIVATE int mproci_lock_try(mproci_lock *lock);

/* Whether this thread holds it. */
bool mproci_lock_is_held(mproci_lock *lock);

/* Returns 0, or -EPERM: not held by this thread. */
static inline int mproci_lock_release(mproci_lock *lock)
{
	/* Once it is released its memory may be somebody else's. */
	uint8_t rank = lock->rank;
	int rc = pthread_mutex_unlock(&lock->mutex);

	if (rc == 0)
		mproci_lock_note_released(rank);
	return -rc;
}

/* Returns 0, or -EBUSY: somebody holds it. */
int mproci_lock_destroy(mproci_lock *lock);

#endif
