/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_sets.h - what the files with commands of sets share.
 */
#ifndef MANAGER_COMMANDS_OF_SETS_H
#define MANAGER_COMMANDS_OF_SETS_H

#include "manager/command.h"
#include "manager/sets.h"

/* Those that draw: commands_of_sets_drawn.c. */
mproci_command_function mproci_command_spop, mproci_command_srandmember;

/* Those of several sets: commands_of_sets_combined.c. */
mproci_command_function mproci_command_sinter, mproci_command_sunion, mproci_command_sdiff,
	mproci_command_sinterstore, mproci_command_sunionstore, mproci_command_sdiffstore;

#endif
