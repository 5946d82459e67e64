/* SPDX-License-Identifier: MIT */
/*
 * The clock of the whole program, in place of the C library's, so that it can be wrong.  A call to the kernel is also one step,
 * where what the C library does takes more of them at some times than at others.
 */
#include "sys/clock.h"
#include "base/deadline.h"
#include "crash.h"
#include "tracee.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t seconds_ahead;

void crash_put_clock_ahead(void)
{
	seconds_ahead = 3600;
}

void crash_put_clock_right(void)
{
	seconds_ahead = 0;
}

/* Right also where the clock is not: the kernel goes by it. */
mproc_deadline crash_soon(int milliseconds)
{
	return mproci_clock_now() - seconds_ahead * 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND
	       + milliseconds * MPROCI_NANOSECONDS_PER_MILLISECOND;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	long rc = syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += seconds_ahead;
	return (int)rc;
}
