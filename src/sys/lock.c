/* SPDX-License-Identifier: MIT */
#include "sys/lock.h"

#include "base/deadline.h"
#include "sys/clock.h"
#include "sys/relax.h"

#include <assert.h>
#include <errno.h>
#include <mproc/result.h>
#include <stdatomic.h>
#include <time.h>
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

static const int64_t SLICE = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* How long to try before sleeping: less than it costs to fall asleep and be woken. */
static const int64_t TRYING = 2000;

#ifndef NDEBUG
/* The ranks of the locks that this thread holds, a bit each. */
static _Thread_local uint32_t held_ranks;

void mproci_lock_assert_rank(const mproci_lock *lock)
{
	unsigned next = lock->rank == MPROCI_LOCK_OF_ENTRIES ? lock->rank + 1 : lock->rank;

	assert(lock->rank == MPROCI_LOCK_OF_PROGRAM || held_ranks >> next == 0);
}

void mproci_lock_note_taken(const mproci_lock *lock)
{
	if (lock->rank != MPROCI_LOCK_OF_PROGRAM)
		held_ranks |= UINT32_C(1) << lock->rank;
}

void mproci_lock_note_released(uint8_t rank)
{
	if (rank != MPROCI_LOCK_OF_PROGRAM)
		held_ranks &= ~(UINT32_C(1) << rank);
}
#endif

int mproci_lock_init(mproci_lock *lock, mproci_lock_rank rank)
{
	pthread_mutexattr_t attributes;
	int rc;

	rc = pthread_mutexattr_init(&attributes);
	if (rc != 0)
		return -rc;
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	/* The error-checking kind costs nothing here: a robust mutex knows its holder anyway. */
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	lock->owner_died = false;
	lock->rank = (uint8_t)rank;
	rc = pthread_mutex_init(&lock->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return -rc;
}

/* TSan of gcc 12 does not know pthread_mutex_clocklock. */
#ifdef __SANITIZE_THREAD__
static void tsan_before(pthread_mutex_t *mutex)
{
	__tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
}

static void tsan_after(pthread_mutex_t *mutex, int rc)
{
	__tsan_mutex_post_lock(mutex,
		__tsan_mutex_try_lock | (rc == 0 || rc == EOWNERDEAD ? 0 : __tsan_mutex_try_lock_failed), 0);
}
#else
static void tsan_before(pthread_mutex_t *mutex)
{
	(void)mutex;
}

static void tsan_after(pthread_mutex_t *mutex, int rc)
{
	(void)mutex;
	(void)rc;
}
#endif

/*
 * Try for a moment, each time after a pause twice as long: each try takes the lock's cache line away from its holder, who
 * needs it to unlock.  Without the pauses two who fight for a lock are slower than if they slept.
 */
static int try_again(pthread_mutex_t *mutex)
{
	mproc_deadline end = mproci_clock_now() + TRYING;
	unsigned pauses = 8;
	int rc;

	do {
		for (unsigned i = 0; i < pauses; ++i)
			mproci_relax();
		pauses *= 2;
		rc = pthread_mutex_trylock(mutex);
	} while (rc == EBUSY && mproci_clock_now() < end);
	return rc;
}

#ifdef __GLIBC__
static int lock_by(pthread_mutex_t *mutex, mproc_deadline deadline)
{
	struct timespec at = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &at);
}

static int try_once(pthread_mutex_t *mutex)
{
	return pthread_mutex_trylock(mutex);
}

static int destroy_mutex(pthread_mutex_t *mutex)
{
	return pthread_mutex_destroy(mutex);
}

static int meaning_of(int rc)
{
	return rc;
}
#else
/* musl has no more than the time of day.  Where that is set back meanwhile, a slice is as much longer. */
static int lock_by(pthread_mutex_t *mutex, mproc_deadline deadline)
{
	int64_t rest = deadline - mproci_clock_now();
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	rest = at.tv_nsec + (rest > 0 ? rest : 0);
	at.tv_sec += rest / 1000000000;
	at.tv_nsec = rest % 1000000000;
	return pthread_mutex_timedlock(mutex, &at);
}

/* There only who waits is told that he holds it himself. */
static int try_once(pthread_mutex_t *mutex)
{
	static const struct timespec long_ago;
	int rc = pthread_mutex_trylock(mutex);

	if (rc == EBUSY)
		rc = pthread_mutex_timedlock(mutex, &long_ago);
	return rc == ETIMEDOUT ? EBUSY : rc;
}

/* Nor does it tell a destroyed one: so that becomes one that nobody can get any more, which ours never are otherwise. */
static int destroy_mutex(pthread_mutex_t *mutex)
{
	static const uint32_t NOT_RECOVERABLE = 0x3fffffff;
	int rc = pthread_mutex_destroy(mutex);

	if (rc == 0)
		atomic_store((_Atomic uint32_t *)mutex + 1, NOT_RECOVERABLE);
	return rc;
}

static int meaning_of(int rc)
{
	return rc == ENOTRECOVERABLE ? EINVAL : rc;
}
#endif

static int lock_until(pthread_mutex_t *mutex, mproc_deadline deadline)
{
	int rc;

	tsan_before(mutex);
	rc = lock_by(mutex, deadline);
	tsan_after(mutex, rc);
	return rc;
}

/*
 * Wait in slices.  Somebody killed between its release and its wake-up, or woken and killed before taking the
 * lock, lets the others sleep when a third has taken it in the meantime: the kernel sees a lock with a holder and wakes
 * nobody.
 *
 * And after each slice, try: the mutex of glibc 2.36 leaves itself noted in the thread's list of robust locks when it
 * gives up, where the kernel would find it when the thread dies; trying takes the note away.
 */
static int lock_in_slices(pthread_mutex_t *mutex, mproc_deadline deadline)
{
	int rc;

	for (;;) {
		mproc_deadline slice = mproci_clock_now() + SLICE;

		rc = lock_until(mutex, mproci_deadline_earlier(deadline, slice));
		if (rc == ETIMEDOUT)
			rc = pthread_mutex_trylock(mutex);
		if (rc != EBUSY)
			return rc;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return ETIMEDOUT;
	}
}

static int lock_now(pthread_mutex_t *mutex)
{
	int rc;

	rc = lock_in_slices(mutex, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	return rc == ETIMEDOUT ? EAGAIN : rc;
}

int mproci_lock_take_on(mproci_lock *lock, int rc, mproc_deadline deadline)
{
	if (rc == EBUSY)
		rc = try_again(&lock->mutex);
	if (rc == EBUSY && deadline < 0)
		rc = lock_now(&lock->mutex);
	else if (rc == EBUSY)
		rc = lock_in_slices(&lock->mutex, deadline);
	if (rc == EOWNERDEAD)
		pthread_mutex_consistent(&lock->mutex);
	else if (rc != 0)
		return -meaning_of(rc);
	mproci_lock_note_taken(lock);
	if (rc == 0 && !lock->owner_died)
		return 0;
	lock->owner_died = false;
	return MPROC_OWNER_DIED;
}

/* Who learns of a death without being able to see to it leaves it to the next. */
static void pass_on_death(mproci_lock *lock)
{
	lock->owner_died = true;
	pthread_mutex_consistent(&lock->mutex);
	pthread_mutex_unlock(&lock->mutex);
}

int mproci_lock_try(mproci_lock *lock)
{
	int rc;

	mproci_lock_assert_rank(lock);
	rc = pthread_mutex_trylock(&lock->mutex);
	if (rc == 0 && !lock->owner_died) {
		mproci_lock_note_taken(lock);
		return 0;
	}
	if (rc == EOWNERDEAD)
		pass_on_death(lock);
	else if (rc == 0)
		pthread_mutex_unlock(&lock->mutex);
	return -EBUSY;
}

bool mproci_lock_is_held(mproci_lock *lock)
{
	/* Only the holder is told that it is one. */
	int rc = try_once(&lock->mutex);

	if (rc == EOWNERDEAD)
		pass_on_death(lock);
	else if (rc == 0)
		pthread_mutex_unlock(&lock->mutex);
	return rc == EDEADLK;
}

int mproci_lock_destroy(mproci_lock *lock)
{
	int rc;

	/* A robust mutex lets itself be destroyed while it is held. */
	rc = try_once(&lock->mutex);
	if (rc == EBUSY || rc == EDEADLK)
		return -EBUSY;
	if (rc == EOWNERDEAD)
		pthread_mutex_consistent(&lock->mutex);
	if (rc == 0 || rc == EOWNERDEAD)
		pthread_mutex_unlock(&lock->mutex);
	return meaning_of(rc) == EINVAL ? 0 : -destroy_mutex(&lock->mutex);
}
