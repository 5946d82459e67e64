/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/run.h - trying one operation at all its kill points.
 */
#ifndef CRASH_RUN_H
#define CRASH_RUN_H

#include "crash.h"

/* After how many of its steps an operation is killed: README.md. */
typedef enum crash_extent {
	CRASH_QUICK,
	CRASH_USUAL,
	CRASH_FULL,
} crash_extent;

typedef struct crash_result {
	unsigned kill_points, violations;
} crash_result;

/* Make the family with its server, and the memory that all operations share.  @seed: which samples are taken. */
void crash_prepare(unsigned seed);

/* Kill an operation after each of its steps; a long one, or all when it is to be quick, where it changed something and after a sample of the others. */
crash_result crash_run(const crash_operation *operation, crash_extent extent);

/* Kill it wherever it changed something, and after each such death who recovers, wherever that changed something. */
crash_result crash_run_twice(const crash_operation *operation, crash_extent extent);

#endif
