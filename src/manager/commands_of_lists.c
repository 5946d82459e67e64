/* SPDX-License-Identifier: MIT */
/*
 * The table of the commands of lists, and those that work at the ends.
 */
#include "manager/commands_of_lists.h"
#include "manager/lookup.h"

#include "manager/arguments.h"

#include <errno.h>

bool mproci_call_read_end(mproci_call *call, size_t index, bool *ret_is_right)
{
	*ret_is_right = mproci_is_word(call->arguments[index], "RIGHT");
	if (*ret_is_right || mproci_is_word(call->arguments[index], "LEFT"))
		return true;
	mproci_reply_syntax_error(call->reply);
	return false;
}

/* ---- putting in ---- */

/* Returns how many could be put in. */
static size_t push_all(mproci_call *call, mproci_deque *list, bool right)
{
	size_t i = 2;

	while (i < call->count && mproci_deque_insert(list, right ? list->count : 0, call->arguments[i]) == 0)
		++i;
	return i - 2;
}

static mproci_outcome push_into(mproci_call *call, mproci_binding *binding, bool right)
{
	mproci_deque *list = binding->value;
	bool is_done = push_all(call, list, right) == call->count - 2;
	size_t count = list->count;

	mproci_list_settle(call->keyspace, call->arguments[1], binding);
	if (is_done)
		mproci_reply_integer(call->reply, (int64_t)count);
	else
		mproci_reply_no_memory(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome push(mproci_call *call, bool right)
{
	mproci_binding *binding;
	int code = mproci_list_make(call->keyspace, call->arguments[1], &binding);

	if (code == 0)
		return push_into(call, binding, right);
	if (code == -EPROTOTYPE)
		mproci_reply_wrong_type(call->reply);
	else
		mproci_reply_no_memory(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome push_if_there(mproci_call *call, bool right)
{
	mproci_binding *binding;

	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding)
		return push_into(call, binding, right);
	mproci_reply_integer(call->reply, 0);
	return MPROCI_DONE;
}

static mproci_outcome lpush(mproci_call *call)
{
	return push(call, false);
}

static mproci_outcome rpush(mproci_call *call)
{
	return push(call, true);
}

static mproci_outcome lpushx(mproci_call *call)
{
	return push_if_there(call, false);
}

static mproci_outcome rpushx(mproci_call *call)
{
	return push_if_there(call, true);
}

/* ---- taking out ---- */

void mproci_call_pop_item(mproci_call *call, mproci_view name, mproci_binding *binding, bool right)
{
	mproci_deque *list = binding->value;
	size_t index = right ? list->count - 1 : 0;

	mproci_reply_bulk(call->reply, mproci_deque_at(list, index));
	mproci_deque_remove(list, index);
	mproci_list_settle(call->keyspace, name, binding);
}

static void pop_many(mproci_call *call, mproci_binding *binding, size_t count, bool right)
{
	mproci_deque *list = binding->value;

	if (count > list->count)
		count = list->count;
	mproci_reply_array(call->reply, count);
	for (size_t i = 0; i < count; ++i)
		mproci_reply_bulk(call->reply, mproci_deque_at(list, right ? list->count - 1 - i : i));
	mproci_deque_trim(list, right ? 0 : count, list->count - count);
	if (count > 0)
		mproci_list_settle(call->keyspace, call->arguments[1], binding);
}

static mproci_outcome pop_counted(mproci_call *call, bool right)
{
	mproci_binding *binding;
	size_t count;

	if (!mproci_argument_count(call, 2, "value is out of range, must be positive", &count)
		|| !mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding)
		pop_many(call, binding, count, right);
	else
		mproci_reply_null_array(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome pop(mproci_call *call, bool right)
{
	mproci_binding *binding;

	if (call->count == 3)
		return pop_counted(call, right);
	if (call->count > 3) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s' command",
			right ? "rpop" : "lpop");
		return MPROCI_DONE;
	}
	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding)
		mproci_call_pop_item(call, call->arguments[1], binding, right);
	else
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome lpop(mproci_call *call)
{
	return pop(call, false);
}

static mproci_outcome rpop(mproci_call *call)
{
	return pop(call, true);
}

static mproci_outcome llen(mproci_call *call)
{
	mproci_binding *binding;
	const mproci_deque *list;

	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	list = binding ? binding->value : NULL;
	mproci_reply_integer(call->reply, list ? (int64_t)list->count : 0);
	return MPROCI_DONE;
}

/* ---- from one list to another ---- */

void mproci_call_move_item(mproci_call *call, mproci_binding *from, bool from_right, bool to_right)
{
	mproci_view source = call->arguments[1], target = call->arguments[2];
	mproci_binding *to;
	mproci_deque *list;
	int code = mproci_list_make(call->keyspace, target, &to);

	if (code == -EPROTOTYPE) {
		mproci_reply_wrong_type(call->reply);
		return;
	}
	if (code != 0 || mproci_deque_move(from->value, from_right, to->value, to_right) != 0) {
		if (code == 0)
			mproci_list_settle(call->keyspace, target, to);
		mproci_reply_no_memory(call->reply);
		return;
	}
	list = to->value;
	mproci_reply_bulk(call->reply, mproci_deque_at(list, to_right ? list->count - 1 : 0));
	mproci_list_settle(call->keyspace, target, to);
	if (from != to)
		mproci_list_settle(call->keyspace, source, from);
}

static mproci_outcome move(mproci_call *call, bool from_right, bool to_right)
{
	mproci_binding *from;

	if (!mproci_find_typed(call, 1, &mproci_type_list, &from))
		return MPROCI_DONE;
	if (from)
		mproci_call_move_item(call, from, from_right, to_right);
	else
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome lmove(mproci_call *call)
{
	bool from_right, to_right;

	if (!mproci_call_read_end(call, 3, &from_right) || !mproci_call_read_end(call, 4, &to_right))
		return MPROCI_DONE;
	return move(call, from_right, to_right);
}

static mproci_outcome rpoplpush(mproci_call *call)
{
	return move(call, true, false);
}

const mproci_command mproci_commands_of_lists[] = {
	{"LPUSH", lpush, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"RPUSH", rpush, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LPUSHX", lpushx, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"RPUSHX", rpushx, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LPOP", lpop, -2, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"RPOP", rpop, -2, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LLEN", llen, 2, 0, 1, 1, 1},
	{"LINDEX", mproci_command_lindex, 3, 0, 1, 1, 1},
	{"LSET", mproci_command_lset, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LRANGE", mproci_command_lrange, 4, 0, 1, 1, 1},
	{"LTRIM", mproci_command_ltrim, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LREM", mproci_command_lrem, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LINSERT", mproci_command_linsert, 5, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"LPOS", mproci_command_lpos, -3, 0, 1, 1, 1},
	{"LMOVE", lmove, 5, MPROCI_COMMAND_WRITES, 1, 2, 1},
	{"RPOPLPUSH", rpoplpush, 3, MPROCI_COMMAND_WRITES, 1, 2, 1},
	{"BLPOP", mproci_command_blpop, -3, MPROCI_COMMAND_WRITES, 1, -2, 1},
	{"BRPOP", mproci_command_brpop, -3, MPROCI_COMMAND_WRITES, 1, -2, 1},
	{"BLMOVE", mproci_command_blmove, 6, MPROCI_COMMAND_WRITES, 1, 2, 1},
	{"BRPOPLPUSH", mproci_command_brpoplpush, 4, MPROCI_COMMAND_WRITES, 1, 2, 1},
	{NULL, NULL, 0, 0, 0, 0, 0},
};
