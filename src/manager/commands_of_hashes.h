/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_hashes.h - what the table of the commands of hashes takes from other files.
 */
#ifndef MANAGER_COMMANDS_OF_HASHES_H
#define MANAGER_COMMANDS_OF_HASHES_H

#include "manager/command.h"

/* Of commands_of_hashes_random.c. */
mproci_command_function mproci_command_hrandfield;

#endif
