/* SPDX-License-Identifier: MIT */
/*
 * Commands of lists that wait for an item: the client is parked, and the command is tried again from its beginning.
 */
#include "manager/arguments.h"
#include "manager/blocking.h"
#include "manager/commands_of_lists.h"
#include "manager/lookup.h"

static void take(mproci_call *call, size_t index, mproci_binding *binding, bool right)
{
	mproci_call_pop_item(call, call->arguments[index], binding, right);
}

mproci_outcome mproci_command_blpop(mproci_call *call)
{
	return mproci_blocking_pop(call, &mproci_type_list, 2, take, false);
}

mproci_outcome mproci_command_brpop(mproci_call *call)
{
	return mproci_blocking_pop(call, &mproci_type_list, 2, take, true);
}

static mproci_outcome move_or_wait(mproci_call *call, bool from_right, bool to_right)
{
	mproci_binding *from;
	int64_t until;

	if (!mproci_argument_until(call, call->count - 1, &until)
		|| !mproci_find_typed(call, 1, &mproci_type_list, &from))
		return MPROCI_DONE;
	if (from) {
		mproci_call_move_item(call, from, from_right, to_right);
		return MPROCI_DONE;
	}
	if (!call->is_hasty)
		return mproci_blocking_wait(call, call->arguments + 1, 1, until);
	mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_blmove(mproci_call *call)
{
	bool from_right, to_right;

	if (!mproci_call_read_end(call, 3, &from_right) || !mproci_call_read_end(call, 4, &to_right))
		return MPROCI_DONE;
	return move_or_wait(call, from_right, to_right);
}

mproci_outcome mproci_command_brpoplpush(mproci_call *call)
{
	return move_or_wait(call, true, false);
}
