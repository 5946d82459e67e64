/* SPDX-License-Identifier: MIT */
#include "sync/biased_lock.h"

#include "base/deadline.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/futex.h"
#include "sys/membarrier.h"
#include "sys/relax.h"

#include <errno.h>
#include <mproc/result.h>

/* So often in a row is enough at first; each time that the bias was in somebody's way, twice as often. */
static const uint32_t ENOUGH_AT_FIRST = 32, NEVER_ENOUGH = UINT32_C(1) << 24;

/* How long to look again without a pause for who is inside. */
static const int64_t LOOKING = 20000;

int mproci_biased_lock_init(mproci_biased_lock *lock, mproci_lock_rank rank)
{
	*lock = (mproci_biased_lock){.enough = ENOUGH_AT_FIRST};
	return mproci_lock_init(&lock->mutex, rank);
}

/* A deadline for who does not wait. */
static const mproc_deadline LONG_AGO = 1;

static bool is_inside(const mproci_biased_lock *lock, mproci_id thread)
{
	return mproci_thread_holds(thread) == (uintptr_t)lock;
}

/*
 * Wait until the thread with the bias is not inside, or the bias is another one, after all threads were fenced.  Returns 0;
 * MPROC_OWNER_DIED: it has ended, perhaps inside; -ETIMEDOUT.
 */
static int wait_for(const mproci_biased_lock *lock, mproci_id bias, mproc_deadline deadline)
{
	mproci_id thread = bias & ~MPROCI_BIAS_ENDS;
	int64_t start = mproci_clock_now();
	_Atomic uint32_t nobody = 0;

	while (atomic_load(&lock->bias) == bias && is_inside(lock, thread)
		&& mproci_thread_is_alive(thread)) {
		int64_t now = mproci_clock_now();

		if (now - start < LOOKING) {
			mproci_relax();
			continue;
		}
		if (!mproci_member_lives(lock->stamp))
			return MPROC_OWNER_DIED;
		if (mproci_deadline_passed(deadline, now))
			return -ETIMEDOUT;
		mproci_futex_wait(&nobody, 0,
			mproci_deadline_earlier(deadline, now + MPROCI_NANOSECONDS_PER_MILLISECOND));
	}
	/* Looked at in this order: one that is alive now has left. */
	return mproci_thread_is_alive(thread) ? 0 : MPROC_OWNER_DIED;
}

/* MPROC_NOW waits as long as for a lock. */
static int wait_until(const mproci_biased_lock *lock, mproci_id bias, mproc_deadline deadline)
{
	int rc;

	if (deadline >= 0)
		return wait_for(lock, bias, deadline);
	rc = wait_for(lock, bias, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* Fence all threads; where this one may not, its stores and those of the others have arrived after a while. */
static void fence_all(void)
{
	_Atomic uint32_t nobody = 0;

	if (!mproci_membarrier_all())
		mproci_futex_wait(&nobody, 0, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
}

/* With the mutex: who settles and still sees the bias has announced something that is seen from here on. */
static void let_go_of_bias(mproci_biased_lock *lock)
{
	atomic_store(&lock->bias, 0);
	atomic_thread_fence(memory_order_seq_cst);
}

/* With the mutex: end the bias.  Killed anywhere here, the next one with the mutex does it again. */
static int end_bias(mproci_biased_lock *lock, mproci_id bias, mproc_deadline deadline)
{
	mproci_id thread = bias & ~MPROCI_BIAS_ENDS;
	int rc;

	if (mproci_thread_is_own(thread)) {
		let_go_of_bias(lock);
		return 0;
	}
	/* From here on it takes the mutex, unless it has looked already: then its slot says that it is inside. */
	atomic_store_explicit(&lock->bias, thread | MPROCI_BIAS_ENDS, memory_order_relaxed);
	fence_all();
	rc = wait_until(lock, thread | MPROCI_BIAS_ENDS, deadline);
	if (rc < 0)
		return rc;
	if (lock->enough < NEVER_ENOUGH)
		lock->enough *= 2;
	lock->streak = 0;
	let_go_of_bias(lock);
	return rc;
}

int mproci_biased_lock_take_mutex(mproci_biased_lock *lock, mproc_deadline deadline)
{
	int rc = mproci_lock_take(&lock->mutex, deadline), ended;
	mproci_id bias;

	if (rc < 0)
		return rc;
	bias = atomic_load_explicit(&lock->bias, memory_order_relaxed);
	if (bias == 0)
		return rc;
	ended = end_bias(lock, bias, deadline);
	if (ended >= 0)
		return rc > ended ? rc : ended;
	/* The next one must see to the dead. */
	lock->mutex.owner_died = rc == MPROC_OWNER_DIED;
	mproci_lock_release(&lock->mutex);
	return ended;
}

int mproci_biased_lock_try(mproci_biased_lock *lock)
{
	int rc = mproci_lock_try(&lock->mutex);
	mproci_id bias;

	if (rc < 0)
		return rc;
	bias = atomic_load_explicit(&lock->bias, memory_order_relaxed);
	rc = bias == 0 ? 0 : end_bias(lock, bias, LONG_AGO);
	if (rc == 0)
		return 0;
	lock->mutex.owner_died = rc == MPROC_OWNER_DIED;
	mproci_lock_release(&lock->mutex);
	return -EBUSY;
}

/* Whether this process's threads can be fenced.  Asked anew in each process: after an exec they could not. */
static bool can_be_fenced(void)
{
	static _Atomic mproci_id asked, registered;
	mproci_id self = mproci_member_self();

	if (atomic_load(&asked) != self) {
		atomic_store(&registered, mproci_membarrier_register() ? self : 0);
		atomic_store(&asked, self);
	}
	return atomic_load(&registered) == self;
}

/* With the mutex: note that this thread has held it once more, and give it the bias. */
static void count(mproci_biased_lock *lock)
{
	mproci_id self = mproci_thread_noted.id;

	if (lock->last != self) {
		lock->last = self;
		lock->streak = 0;
	}
	if (++lock->streak < lock->enough || self == 0 || !mproci_thread_is_own(self))
		return;
	lock->streak = 0;
	if (!can_be_fenced())
		return;
	lock->stamp = mproci_member_stamp(mproci_member_self());
	atomic_store_explicit(&lock->bias, self, memory_order_release);
}

void mproci_biased_lock_release_mutex(mproci_biased_lock *lock)
{
	count(lock);
	mproci_lock_release(&lock->mutex);
}

/* Returns 0, MPROC_OWNER_DIED, which the next to take it is told as well, or a negative errno. */
static int settle_mutex(mproci_biased_lock *lock, mproc_deadline deadline)
{
	int rc = mproci_lock_take(&lock->mutex, deadline);

	if (rc < 0)
		return rc;
	lock->mutex.owner_died = rc == MPROC_OWNER_DIED;
	mproci_lock_release(&lock->mutex);
	return rc;
}

int mproci_biased_lock_settle(mproci_biased_lock *lock, mproc_deadline deadline)
{
	for (;;) {
		mproci_id bias = atomic_load(&lock->bias);
		int rc;

		if (bias == 0) {
			rc = settle_mutex(lock, deadline);
		} else {
			fence_all();
			rc = wait_until(lock, bias, deadline);
		}
		/* Otherwise somebody was given the bias, and is inside with it, or has ended it, and is inside with the mutex. */
		if (rc != 0 || atomic_load(&lock->bias) == bias)
			return rc;
	}
}
