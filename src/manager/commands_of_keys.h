/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_keys.h - what the table of the commands of keys takes from other files.
 */
#ifndef MANAGER_COMMANDS_OF_KEYS_H
#define MANAGER_COMMANDS_OF_KEYS_H

#include "manager/command.h"

/* Of commands_of_keys_expiry.c. */
mproci_command_function mproci_command_expire, mproci_command_pexpire, mproci_command_expireat,
	mproci_command_pexpireat, mproci_command_ttl, mproci_command_pttl, mproci_command_expiretime,
	mproci_command_pexpiretime, mproci_command_persist;

/* Of commands_of_keys_scan.c: many names at once. */
mproci_command_function mproci_command_keys, mproci_command_scan;

/* Of commands_of_keys_object.c. */
mproci_command_function mproci_command_object;

#endif
