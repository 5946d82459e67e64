/* SPDX-License-Identifier: MIT */
/*
 * The table of the commands of sets, and those about members.
 */
#include "manager/commands_of_sets.h"
#include "manager/lookup.h"

#include "manager/arguments.h"
#include "manager/scanning.h"

#include <errno.h>

static mproci_outcome sadd(mproci_call *call)
{
	mproci_binding *binding;
	size_t i = 2, added;
	mproci_hash_table *set;
	int code = mproci_set_make(call->keyspace, call->arguments[1], &binding);

	if (code == -EPROTOTYPE) {
		mproci_reply_wrong_type(call->reply);
		return MPROCI_DONE;
	}
	if (code != 0) {
		mproci_reply_no_memory(call->reply);
		return MPROCI_DONE;
	}
	set = binding->value;
	added = set->count;
	while (i < call->count && mproci_hash_table_add(set, call->arguments[i], NULL))
		++i;
	added = set->count - added;
	if (added > 0 || set->count == 0)
		mproci_set_settle(call->keyspace, call->arguments[1], binding);
	if (i == call->count)
		mproci_reply_integer(call->reply, (int64_t)added);
	else
		mproci_reply_no_memory(call->reply);
	return MPROCI_DONE;
}

static bool remove_member(mproci_hash_table *set, mproci_view member)
{
	mproci_hash_entry *entry = mproci_hash_table_find(set, member);

	if (entry)
		mproci_hash_table_remove(set, entry);
	return entry != NULL;
}

static mproci_outcome srem(mproci_call *call)
{
	mproci_binding *binding;
	int64_t removed = 0;

	if (!mproci_find_typed(call, 1, &mproci_type_set, &binding))
		return MPROCI_DONE;
	for (size_t i = 2; binding && i < call->count; ++i)
		removed += remove_member(binding->value, call->arguments[i]);
	if (removed > 0)
		mproci_set_settle(call->keyspace, call->arguments[1], binding);
	mproci_reply_integer(call->reply, removed);
	return MPROCI_DONE;
}

static bool is_member(const mproci_binding *binding, mproci_view member)
{
	return binding && mproci_hash_table_find(binding->value, member);
}

static mproci_outcome sismember(mproci_call *call)
{
	mproci_binding *binding;

	if (mproci_find_typed(call, 1, &mproci_type_set, &binding))
		mproci_reply_integer(call->reply, is_member(binding, call->arguments[2]));
	return MPROCI_DONE;
}

static mproci_outcome smismember(mproci_call *call)
{
	mproci_binding *binding;

	if (!mproci_find_typed(call, 1, &mproci_type_set, &binding))
		return MPROCI_DONE;
	mproci_reply_array(call->reply, call->count - 2);
	for (size_t i = 2; i < call->count; ++i)
		mproci_reply_integer(call->reply, is_member(binding, call->arguments[i]));
	return MPROCI_DONE;
}

static mproci_outcome scard(mproci_call *call)
{
	mproci_binding *binding;
	const mproci_hash_table *set;

	if (!mproci_find_typed(call, 1, &mproci_type_set, &binding))
		return MPROCI_DONE;
	set = binding ? binding->value : NULL;
	mproci_reply_integer(call->reply, set ? (int64_t)set->count : 0);
	return MPROCI_DONE;
}

/* Both sets are there, and not the same. */
static void move_member(mproci_call *call, mproci_binding *from, mproci_view member)
{
	mproci_binding *to;

	if (!is_member(from, member)) {
		mproci_reply_integer(call->reply, 0);
		return;
	}
	if (mproci_set_make(call->keyspace, call->arguments[2], &to) != 0) {
		mproci_reply_no_memory(call->reply);
		return;
	}
	if (!mproci_hash_table_add(to->value, member, NULL)) {
		mproci_set_settle(call->keyspace, call->arguments[2], to);
		mproci_reply_no_memory(call->reply);
		return;
	}
	remove_member(from->value, member);
	mproci_set_settle(call->keyspace, call->arguments[2], to);
	mproci_set_settle(call->keyspace, call->arguments[1], from);
	mproci_reply_integer(call->reply, 1);
}

static mproci_outcome smove(mproci_call *call)
{
	mproci_binding *from, *to;

	if (!mproci_find_typed(call, 1, &mproci_type_set, &from))
		return MPROCI_DONE;
	if (!from)
		mproci_reply_integer(call->reply, 0);
	else if (!mproci_find_typed(call, 2, &mproci_type_set, &to))
		return MPROCI_DONE;
	else if (from == to)
		mproci_reply_integer(call->reply, is_member(from, call->arguments[3]));
	else
		move_member(call, from, call->arguments[3]);
	return MPROCI_DONE;
}

static void write_member(mproci_reply *reply, const mproci_hash_table *table, const mproci_hash_entry *entry)
{
	mproci_reply_bulk(reply, mproci_hash_entry_name(table, entry));
}

static mproci_outcome sscan(mproci_call *call)
{
	mproci_scan_request request;
	mproci_binding *binding;

	if (mproci_argument_scan(call, 2, &request) && mproci_find_typed(call, 1, &mproci_type_set, &binding))
		mproci_scan_answer(call->reply, &request, binding ? binding->value : NULL, write_member, 1);
	return MPROCI_DONE;
}

const mproci_command mproci_commands_of_sets[] = {
	{"SADD", sadd, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"SREM", srem, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"SISMEMBER", sismember, 3, 0, 1, 1, 1},
	{"SMISMEMBER", smismember, -3, 0, 1, 1, 1},
	{"SCARD", scard, 2, 0, 1, 1, 1},
	/* All members are what there is in one set. */
	{"SMEMBERS", mproci_command_sinter, 2, 0, 1, 1, 1},
	{"SPOP", mproci_command_spop, -2, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"SRANDMEMBER", mproci_command_srandmember, -2, 0, 1, 1, 1},
	{"SMOVE", smove, 4, MPROCI_COMMAND_WRITES, 1, 2, 1},
	{"SINTER", mproci_command_sinter, -2, 0, 1, -1, 1},
	{"SUNION", mproci_command_sunion, -2, 0, 1, -1, 1},
	{"SDIFF", mproci_command_sdiff, -2, 0, 1, -1, 1},
	{"SINTERSTORE", mproci_command_sinterstore, -3, MPROCI_COMMAND_WRITES, 1, -1, 1},
	{"SUNIONSTORE", mproci_command_sunionstore, -3, MPROCI_COMMAND_WRITES, 1, -1, 1},
	{"SDIFFSTORE", mproci_command_sdiffstore, -3, MPROCI_COMMAND_WRITES, 1, -1, 1},
	{"SSCAN", sscan, -3, 0, 1, 1, 1},
	{NULL, NULL, 0, 0, 0, 0, 0},
};
