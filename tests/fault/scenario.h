/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/scenario.h - what is done while a call fails, and what must hold afterwards.
 */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include "tracer.h"

#include <mproc/process.h>

typedef struct fault_scenario {
	const char *name;
	mproc_start start;
	/* The first start of all: nothing that stays has been made yet. */
	bool is_cold;
	/* With an argument of many bytes. */
	bool is_big;
	/* With all options, which the child looks after. */
	bool is_demanding;
	/* The start does not wait for the child: that one may fail by itself, and say so in its exit code. */
	bool is_unawaited;
	/* What fails is mproc_init, and nothing is started. */
	bool is_init;
	/* Instead of mproc_process_start, or NULL: a mistake. */
	int (*mistake)(const mproc_process_options *options, mproc_process_function *function,
		const void *argument, size_t size, mproc_process **ret_process);
	/* What the complaint about that must contain. */
	const char *caught_as;
} fault_scenario;

/* Once, before the first run. */
void fault_prepare_scenarios(void);

/* What a process that was started by spawn begins with, in main; does nothing in others. */
void fault_be_spawned(int count, char **arguments);

/* The function of fault_run, with a scenario. */
void fault_play(void *scenario);

#endif
