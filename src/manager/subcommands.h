/* SPDX-License-Identifier: MIT */
/*
 * manager/subcommands.h - commands that are many: CLIENT LIST, CONFIG GET.
 */
#ifndef MANAGER_SUBCOMMANDS_H
#define MANAGER_SUBCOMMANDS_H

#include "manager/command.h"

typedef struct mproci_subcommand {
	/* In capitals; NULL behind the last. */
	const char *name;
	mproci_command_function *function;
	/* As of a command; both names count. */
	int arity;
} mproci_subcommand;

/* Carry out the one that the second argument names, or say that there is none such.  HELP is there for all. */
mproci_outcome mproci_subcommand_call(mproci_call *call, const mproci_subcommand *table);

#endif
