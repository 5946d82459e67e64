/* SPDX-License-Identifier: MIT */
/*
 * process/start.h - the start methods: start_fork.c, start_server.c, start_spawn.c.
 */
#ifndef PROCESS_START_H
#define PROCESS_START_H

#include "process/handle.h"
#include "process/process.h"

/* What to start.  The options are checked; the argument is as the child is to see it. */
typedef struct mproci_start_plan {
	const mproc_process_options *options;
	/* A process of the library's own. */
	bool is_internal;
	mproci_signals signals;
	bool ends_with_thread;
	mproc_process_function *function;
	void *argument;
	/* To be freed when the process has been joined; or NULL. */
	void *copy;
} mproci_start_plan;

/*
 * A start method: make the process for a handle that mproci_handle_create has made, and complete the
 * handle.  Returns 0 when it is set up; a negative errno with an error text when there is no such process,
 * or no longer.
 */
typedef int mproci_start_method(const mproci_start_plan *plan, mproc_process *process);

mproci_start_method mproci_start_fork, mproci_start_server, mproci_start_spawn;

/*
 * Wait for the report of a child that has a descriptor.  Returns 0; a negative errno with an error text:
 * then the child has been ended and reaped.  @patience: how long it may take, MPROC_FOREVER.
 */
int mproci_start_await(mproc_process *process, int report, mproc_deadline patience);

#endif
