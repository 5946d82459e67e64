/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_strings.h - what the table of the commands of strings takes from other files.
 */
#ifndef MANAGER_COMMANDS_OF_STRINGS_H
#define MANAGER_COMMANDS_OF_STRINGS_H

#include "manager/command.h"

/* Of commands_of_strings_set.c: a string with a time, or a condition. */
mproci_command_function mproci_command_set, mproci_command_setex, mproci_command_psetex, mproci_command_setnx,
	mproci_command_getex;

/* Of commands_of_strings_numbers.c. */
mproci_command_function mproci_command_incr, mproci_command_decr, mproci_command_incrby,
	mproci_command_decrby, mproci_command_incrbyfloat;

#endif
