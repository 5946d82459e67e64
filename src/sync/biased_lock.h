/* SPDX-License-Identifier: MIT */
/*
 * sync/biased_lock.h - a robust lock that costs its usual holder two stores.
 *
 * A thread that has taken it many times, and nobody else in between, gets the bias: from then on it takes the lock by saying in its slot of
 * the thread table that it holds it, and looking whether the bias is still there.  Whoever else wants the lock takes the mutex behind it, takes
 * the bias away, has all threads fenced, and waits until the slot says otherwise.  README.md has the argument.
 */
#ifndef SYNC_BIASED_LOCK_H
#define SYNC_BIASED_LOCK_H

#include "family/thread.h"
#include "sys/lock.h"

#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct mproci_biased_lock {
	/* Protects all below, and what the lock protects; from all but the thread with the bias. */
	mproci_lock mutex;
	/* The last thread to hold it, how often it has in a row, and how often is enough. */
	mproci_id last;
	uint32_t streak, enough;
	/* The process of the thread with the bias. */
	_Atomic uint32_t stamp;
	/* That thread, or 0; or that thread and MPROCI_BIAS_ENDS. */
	_Atomic mproci_id bias;
} mproci_biased_lock;

/* The thread may be inside, but does not enter any more.  No index of a thread is as large. */
#define MPROCI_BIAS_ENDS (UINT64_C(1) << 31)

int mproci_biased_lock_init(mproci_biased_lock *lock, mproci_lock_rank rank);

/* mproci_biased_lock_take for a thread without the bias. */
int mproci_biased_lock_take_mutex(mproci_biased_lock *lock, mproc_deadline deadline);
void mproci_biased_lock_release_mutex(mproci_biased_lock *lock);

/* Take it if nobody is inside, and nobody has died with it.  Returns 0 or -EBUSY. */
int mproci_biased_lock_try(mproci_biased_lock *lock);

/*
 * Wait until whoever holds it now has let go of it or died, and do what it protects no harm.  Returns 0; MPROC_OWNER_DIED: somebody should take it
 * and see to that; -ETIMEDOUT; -EAGAIN.
 */
int mproci_biased_lock_settle(mproci_biased_lock *lock, mproc_deadline deadline);

/*
 * For a thread that is inside of something (mproci_thread_enters): take it if this thread has the bias.  Returns whether it is taken; then nobody
 * has died with it.
 */
static inline bool mproci_biased_lock_take_own(mproci_biased_lock *lock)
{
	mproci_id self = mproci_thread_noted.id;
	_Atomic uintptr_t *holds = mproci_thread_noted.holds;

	/* It holds one at a time like this. */
	if (self == 0 || atomic_load_explicit(&lock->bias, memory_order_relaxed) != self
		|| atomic_load_explicit(holds, memory_order_relaxed) != 0)
		return false;
	mproci_lock_assert_rank(&lock->mutex);
	atomic_store_explicit(holds, (uintptr_t)lock, memory_order_relaxed);
	/* Who ends the bias has this thread fenced between that store and this load, or after both, or before. */
	atomic_signal_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&lock->bias, memory_order_acquire) == self) {
		mproci_lock_note_taken(&lock->mutex);
		return true;
	}
	atomic_store_explicit(holds, 0, memory_order_release);
	return false;
}

/* Let go of one that mproci_biased_lock_take_own took. */
static inline void mproci_biased_lock_release_own(mproci_biased_lock *lock)
{
	mproci_lock_note_released(lock->mutex.rank);
	atomic_store_explicit(mproci_thread_noted.holds, 0, memory_order_release);
}

/*
 * For a thread that is inside of something.  Returns what mproci_lock_take does; MPROC_OWNER_DIED also when nobody knows whether the last
 * holder died with it.
 */
static inline int mproci_biased_lock_take(mproci_biased_lock *lock, mproc_deadline deadline)
{
	return mproci_biased_lock_take_own(lock) ? 0 : mproci_biased_lock_take_mutex(lock, deadline);
}

static inline void mproci_biased_lock_release(mproci_biased_lock *lock)
{
	_Atomic uintptr_t *holds = mproci_thread_noted.holds;

	if (holds == NULL || atomic_load_explicit(holds, memory_order_relaxed) != (uintptr_t)lock)
		mproci_biased_lock_release_mutex(lock);
	else
		mproci_biased_lock_release_own(lock);
}

#endif
