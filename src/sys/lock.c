/* SPDX-License-Identifier: MIT */
#include "sys/lock.h"

#include "base/deadline.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/result.h>
#include <time.h>

int mproci_lock_init(mproci_lock *lock, bool recursive)
{
	pthread_mutexattr_t attributes;
	int rc;

	rc = pthread_mutexattr_init(&attributes);
	if (rc != 0)
		return -rc;
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	/* The error-checking kind costs nothing here: a robust mutex knows its holder anyway. */
	pthread_mutexattr_settype(
		&attributes, recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_ERRORCHECK);
	rc = pthread_mutex_init(&lock->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return -rc;
}

static int lock_until(pthread_mutex_t *mutex, mproc_deadline deadline)
{
	struct timespec at = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &at);
}

static int lock_now(pthread_mutex_t *mutex)
{
	int rc;

	rc = pthread_mutex_trylock(mutex);
	if (rc != EBUSY)
		return rc;
	rc = lock_until(mutex, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	return rc == ETIMEDOUT ? EAGAIN : rc;
}

int mproci_lock_take(mproci_lock *lock, mproc_deadline deadline)
{
	int rc;

	if (deadline == MPROC_FOREVER)
		rc = pthread_mutex_lock(&lock->mutex);
	else if (deadline == MPROC_NOW)
		rc = lock_now(&lock->mutex);
	else
		rc = lock_until(&lock->mutex, deadline);
	if (rc != EOWNERDEAD)
		return -rc;
	pthread_mutex_consistent(&lock->mutex);
	return MPROC_OWNER_DIED;
}

int mproci_lock_release(mproci_lock *lock)
{
	return -pthread_mutex_unlock(&lock->mutex);
}

int mproci_lock_destroy(mproci_lock *lock)
{
	return -pthread_mutex_destroy(&lock->mutex);
}
