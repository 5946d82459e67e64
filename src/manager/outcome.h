/* SPDX-License-Identifier: MIT */
/*
 * manager/outcome.h - what becomes of a command that is carried out.
 */
#ifndef MANAGER_OUTCOME_H
#define MANAGER_OUTCOME_H

struct mproci_call;

typedef enum mproci_outcome {
	/* One reply has been written. */
	MPROCI_DONE,
	/*
	 * Nothing was written, and mproci_session_park was called: the command is called again, with the same
	 * arguments.
	 */
	MPROCI_PARKED,
	/* Nothing was written, nor will be: as of SUBSCRIBE, which has pushed what there is to say. */
	MPROCI_SILENT,
} mproci_outcome;

typedef mproci_outcome mproci_command_function(struct mproci_call *call);

#endif
