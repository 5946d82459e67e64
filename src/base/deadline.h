/* SPDX-License-Identifier: MIT */
/*
 * base/deadline.h - arithmetic with deadlines; reading the clock is sys/clock.h's.
 */
#ifndef BASE_DEADLINE_H
#define BASE_DEADLINE_H

#include "base/private.h"

#include <mproc/deadline.h>
#include <stdbool.h>

#define MPROCI_NANOSECONDS_PER_MILLISECOND INT64_C(1000000)

/* The deadline @seconds after @now (nanoseconds), with the special cases of mproc_after. */
MPROCI_PRIVATE mproc_deadline mproci_deadline_add(int64_t now, double seconds);

/* The earlier of two deadlines; MPROC_NOW is the earliest, MPROC_FOREVER the latest. */
MPROCI_PRIVATE mproc_deadline mproci_deadline_earlier(mproc_deadline a, mproc_deadline b);

/* Whether @deadline is reached at @now. */
MPROCI_PRIVATE bool mproci_deadline_passed(mproc_deadline deadline, int64_t now);

#endif
