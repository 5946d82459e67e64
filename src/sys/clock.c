/* SPDX-License-Identifier: MIT */
#include "sys/clock.h"

#include "base/deadline.h"

#include <time.h>

int64_t mproci_clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

mproc_deadline mproc_after(double seconds)
{
	return mproci_deadline_add(mproci_clock_now(), seconds);
}
