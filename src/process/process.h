/* SPDX-License-Identifier: MIT */
/*
 * process/process.h - starting processes for the library itself, as mproc/process.h does for programs.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "base/private.h"
#include "family/family.h"
#include "sys/child.h"

#include <mproc/process.h>

typedef struct mproci_process_plan {
	const char *name;
	/* Fork; or server and spawn, for a function that makes do with what follows below. */
	mproc_start start;
	/* As in sys/child.h. */
	mproci_signals signals;
	bool ends_with_thread;
	mproc_process_function *function;
	void *argument;
	/* But for fork: how many bytes @argument points to, 0: it is in the family's memory; and what stays open. */
	size_t size;
	const int *descriptors;
	size_t descriptor_count;
} mproci_process_plan;

/* Replace MPROC_START_DEFAULT by what it means now.  Returns 0, or -EDEADLK with an error text. */
MPROCI_PRIVATE int mproci_process_choose(mproc_start *start);

/* As mproc_process_start, for a process of the library's own, which the application does not get to see. */
MPROCI_PRIVATE int mproci_process_start(const mproci_process_plan *plan, mproc_process **ret_process);

/* How a joined process ended. */
mproci_ending mproci_process_ending(const mproc_process *process);

/*
 * As join and exit code, but leaves the process unburied and unreaped: its pid and what it owned stay its
 * own until mproc_process_join.  The process must have ended.
 */
mproci_ending mproci_process_inspect(mproc_process *process);

#endif
