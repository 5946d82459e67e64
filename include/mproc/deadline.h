/* SPDX-License-Identifier: MIT */
/*
 * mproc/deadline.h - until when a call may wait.
 *
 *     mproc_deadline soon = mproc_after(1.5);
 *     rc = mproc_process_join(a, soon);
 *     rc = mproc_process_join(b, soon);
 *
 * A deadline is a point in time, not a duration, so that it can be handed through several waits.
 * The clock is CLOCK_MONOTONIC: setting the time of day moves no deadline.
 */
#ifndef MPROC_DEADLINE_H
#define MPROC_DEADLINE_H

#include <mproc/api.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/* Nanoseconds of CLOCK_MONOTONIC; 0 is MPROC_FOREVER, all negative values are MPROC_NOW. */
typedef int64_t mproc_deadline;

/* Wait as long as it takes; the default of every option left out. */
#define MPROC_FOREVER ((mproc_deadline)0)
/* Do not wait; for a lock at most 1 ms. */
#define MPROC_NOW ((mproc_deadline)-1)

/*
 * Make a deadline that lies in the future.
 *
 * @seconds  from now; 0 and less (and NaN) give MPROC_NOW, infinity and more than 146 years give
 *           MPROC_FOREVER.
 *
 * Returns  the deadline.
 * Threads  any.  Async-signal-safe.
 * Fork     a deadline means the same in every process of the machine.
 * Crash    nothing shared is touched.
 * Cost     one reading of the clock, about 25 ns, no system call.
 */
MPROC_API mproc_deadline mproc_after(double seconds);

MPROC_END_DECLS

#endif
