/* SPDX-License-Identifier: MIT */
#include "sys/clock.h"

#include "base/deadline.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return mproci_clock_nanoseconds(now);
}

int64_t mproci_clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t mproci_clock_of_thread(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

mproc_deadline mproc_after(double seconds)
{
	return mproci_deadline_add(mproci_clock_now(), seconds);
}
