/* SPDX-License-Identifier: MIT */
/*
 * process/role.h - what a new process is to be, and its life from there to its end.
 */
#ifndef PROCESS_ROLE_H
#define PROCESS_ROLE_H

#include "family/family.h"

#include <mproc/process.h>
#include <sys/types.h>

typedef struct mproci_role {
	mproci_id member;
	char name[MPROCI_NAME_SIZE];
	/* As in process/handle.h. */
	char path[MPROCI_NAME_SIZE];
	/* Who has started it. */
	mproci_id parent;
	pid_t parent_pid;
	char parent_name[MPROCI_NAME_SIZE];
	/* What becomes its standard streams: sys/setup.h. */
	int streams[3];
	/* What else it has to change about itself; NULL: nothing. */
	const mproc_process_options *options;
	/* Close all descriptors but those of the options, also when they name none. */
	bool closes_descriptors;
	/* Where it tells that it is set up: process/report.h.  -1: nowhere. */
	int report;
	mproc_process_function *function;
	void *argument;
} mproci_role;

/* Be that from here on, and end. */
_Noreturn void mproci_role_act(const mproci_role *role);

/* The role of this process; NULL when it was not started by the library. */
const mproci_role *mproci_role_own(void);

#endif
