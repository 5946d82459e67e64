/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/run.h - trying one operation at all its kill points.
 */
#ifndef CRASH_RUN_H
#define CRASH_RUN_H

#include "crash.h"

typedef struct crash_result {
	unsigned kill_points, violations;
} crash_result;

/* Make the family with its server, and the memory that all operations share.  @seed: which samples are taken. */
void crash_prepare(unsigned seed);

/* Kill an operation after each of its steps; a long one, unless @is_full, only where it changed something. */
crash_result crash_run(const crash_operation *operation, bool is_full);

/* Kill it wherever it changed something, and after each such death who recovers, wherever that changed something. */
crash_result crash_run_twice(const crash_operation *operation, bool is_quick);

#endif
