/* SPDX-License-Identifier: MIT */
/*
 * sys/clock.h - the time.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include "base/private.h"

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC; always positive. */
MPROCI_PRIVATE int64_t mproci_clock_now(void);

/* Nanoseconds for which this thread has run; when it was stopped, or others had the processor, it has not. */
int64_t mproci_clock_of_thread(void);

/* A time as the kernel gives it, in nanoseconds. */
static inline int64_t mproci_clock_nanoseconds(struct timespec time)
{
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

#endif
