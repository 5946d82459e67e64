/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_lists.h - what the files with commands of lists share.
 */
#ifndef MANAGER_COMMANDS_OF_LISTS_H
#define MANAGER_COMMANDS_OF_LISTS_H

#include "manager/command.h"
#include "manager/lists.h"

/* LEFT or RIGHT.  Returns false when an argument is neither, which has been answered. */
bool mproci_call_read_end(mproci_call *call, size_t index, bool *ret_is_right);

/* Write the item at an end of a list, take it out, and settle. */
void mproci_call_pop_item(mproci_call *call, mproci_view name, mproci_binding *binding, bool right);

/* Take an item from an end of one list to an end of another, and write it: LMOVE, once both ends are known. */
void mproci_call_move_item(mproci_call *call, mproci_binding *from, bool from_right, bool to_right);

/* Those that look inside: commands_of_lists_inside.c. */
mproci_command_function mproci_command_lindex, mproci_command_lset, mproci_command_lrange,
	mproci_command_ltrim, mproci_command_lrem, mproci_command_linsert, mproci_command_lpos;

/* Those that wait: commands_of_lists_blocking.c. */
mproci_command_function mproci_command_blpop, mproci_command_brpop, mproci_command_blmove,
	mproci_command_brpoplpush;

#endif
