/* SPDX-License-Identifier: MIT */
#include "manager/commands_of_keys.h"

#include "manager/arguments.h"

/* Whether none of the arguments names what belongs to the family; if not, that has been answered. */
static bool check_ours(mproci_call *call, size_t first, size_t last)
{
	mproci_binding *found;

	for (size_t i = first; i <= last; i++) {
		found = mproci_keyspace_find(call->keyspace, call->arguments[i]);
		if (found != NULL && found->type->is_shown) {
			mproci_reply_shown(call->reply);
			return false;
		}
	}
	return true;
}

static mproci_outcome del(mproci_call *call)
{
	int64_t count = 0;

	if (!check_ours(call, 1, call->count - 1))
		return MPROCI_DONE;
	for (size_t i = 1; i < call->count; i++) {
		if (mproci_keyspace_find(call->keyspace, call->arguments[i]) == NULL)
			continue;
		mproci_keyspace_remove(call->keyspace, call->arguments[i]);
		count++;
	}
	mproci_reply_integer(call->reply, count);
	return MPROCI_DONE;
}

/* EXISTS, and TOUCH, which counts the same: nothing here is older for not having been used. */
static mproci_outcome count_existing(mproci_call *call)
{
	int64_t count = 0;

	for (size_t i = 1; i < call->count; i++)
		count += mproci_keyspace_find(call->keyspace, call->arguments[i]) != NULL;
	mproci_reply_integer(call->reply, count);
	return MPROCI_DONE;
}

static mproci_outcome reply_type(mproci_call *call)
{
	mproci_binding *found = mproci_keyspace_find(call->keyspace, call->arguments[1]);

	mproci_reply_status(call->reply, found == NULL ? "none" : found->type->name);
	return MPROCI_DONE;
}

/* Returns whether it was renamed; if not, and it should have been, that has been answered. */
static bool move_name(mproci_call *call)
{
	if (mproci_keyspace_rename(call->keyspace, call->arguments[1], call->arguments[2]) == 0)
		return true;
	mproci_reply_no_memory(call->reply);
	return false;
}

/* Whether there is something to rename, and it may be; if not, that has been answered. */
static bool check_rename(mproci_call *call)
{
	if (mproci_keyspace_find(call->keyspace, call->arguments[1]) == NULL) {
		mproci_reply_error(call->reply, "ERR no such key");
		return false;
	}
	return check_ours(call, 1, 2);
}

static mproci_outcome rename_any(mproci_call *call)
{
	if (!check_rename(call))
		return MPROCI_DONE;
	if (mproci_view_equal(call->arguments[1], call->arguments[2]) || move_name(call))
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome rename_new(mproci_call *call)
{
	if (!check_rename(call))
		return MPROCI_DONE;
	if (mproci_keyspace_find(call->keyspace, call->arguments[2]) != NULL)
		mproci_reply_integer(call->reply, 0);
	else if (move_name(call))
		mproci_reply_integer(call->reply, 1);
	return MPROCI_DONE;
}

static mproci_outcome random_key(mproci_call *call)
{
	const mproci_binding *found = mproci_keyspace_random(call->keyspace);

	if (found == NULL)
		mproci_reply_null(call->reply);
	else
		mproci_reply_bulk(call->reply, mproci_keyspace_name(call->keyspace, found));
	return MPROCI_DONE;
}

enum {
	READS = MPROCI_COMMAND_OF_NAMES,
	WRITES = MPROCI_COMMAND_OF_NAMES | MPROCI_COMMAND_WRITES,
};

const mproci_command mproci_commands_of_keys[] = {
	{"DEL", del, -2, WRITES, 1, -1, 1},
	{"UNLINK", del, -2, WRITES, 1, -1, 1},
	{"EXISTS", count_existing, -2, READS, 1, -1, 1},
	{"TOUCH", count_existing, -2, READS, 1, -1, 1},
	{"TYPE", reply_type, 2, READS, 1, 1, 1},
	{"RENAME", rename_any, 3, WRITES, 1, 2, 1},
	{"RENAMENX", rename_new, 3, WRITES, 1, 2, 1},
	{"RANDOMKEY", random_key, 1, READS, 0, 0, 0},
	{"KEYS", mproci_command_keys, 2, READS, 0, 0, 0},
	{"SCAN", mproci_command_scan, -2, READS, 0, 0, 0},
	{"EXPIRE", mproci_command_expire, -3, WRITES, 1, 1, 1},
	{"PEXPIRE", mproci_command_pexpire, -3, WRITES, 1, 1, 1},
	{"EXPIREAT", mproci_command_expireat, -3, WRITES, 1, 1, 1},
	{"PEXPIREAT", mproci_command_pexpireat, -3, WRITES, 1, 1, 1},
	{"TTL", mproci_command_ttl, 2, READS, 1, 1, 1},
	{"PTTL", mproci_command_pttl, 2, READS, 1, 1, 1},
	{"EXPIRETIME", mproci_command_expiretime, 2, READS, 1, 1, 1},
	{"PEXPIRETIME", mproci_command_pexpiretime, 2, READS, 1, 1, 1},
	{"PERSIST", mproci_command_persist, 2, WRITES, 1, 1, 1},
	{"OBJECT", mproci_command_object, -2, READS, 2, 2, 1},
	{0},
};
