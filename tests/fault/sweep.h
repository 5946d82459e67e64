/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/sweep.h - the same run for each system call of a victim.
 *
 *	FAULT_AT=17 CK_RUN_CASE=fork_survives_each_fault tests/fault_start_test
 *
 * tries call 17 alone; FAULT_SHOW=1 shows each run, and what the processes print.
 */
#ifndef FAULT_SWEEP_H
#define FAULT_SWEEP_H

#include "tracer.h"

typedef struct fault_sweep {
	/* Of the runs, for who reads about them. */
	const char *name;
	fault_victim victim;
	fault_deed deed;
	/* As fault_run. */
	void (*function)(void *argument);
	void *argument;
	/* As of a plan. */
	int seconds;
	/* What is run is wrong on purpose: a complaint must contain this, and then it is over. */
	const char *caught_as;
	/* What has come of it. */
	unsigned calls, runs, complaints;
	bool is_caught;
} fault_sweep;

/* Run it and let nothing happen.  Returns what is wrong then, "" for nothing. */
const char *fault_run_soundly(const fault_sweep *it);

/* Each call, with each of the codes that it has, where it fails. */
void fault_sweep_calls(fault_sweep *it);

/* The same, and print a line about it.  Returns the number of complaints. */
unsigned fault_sweep_and_tell(fault_sweep it);

#endif
