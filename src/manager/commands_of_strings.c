/* SPDX-License-Identifier: MIT */
#include "manager/commands_of_strings.h"

#include "manager/arguments.h"
#include "manager/lookup.h"
#include "manager/strings.h"

/* Answers with what the first key has.  Returns false when that is no string: then it is an error that was answered. */
static bool answer_value(mproci_call *call)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return false;
	if (found == NULL)
		mproci_reply_null(call->reply);
	else
		mproci_reply_bulk(call->reply, mproci_string_view(found));
	return true;
}

static mproci_outcome get(mproci_call *call)
{
	answer_value(call);
	return MPROCI_DONE;
}

/* Sets argument @index to the one behind it.  Returns false when that cannot be: it has been answered then. */
static bool set_argument(mproci_call *call, size_t index)
{
	if (mproci_string_set(call->keyspace, call->arguments[index], call->arguments[index + 1]) == 0)
		return true;
	mproci_reply_no_memory(call->reply);
	return false;
}

static mproci_outcome getset(mproci_call *call)
{
	/* Without memory there is no taking the answer back. */
	if (answer_value(call)
		&& mproci_string_set(call->keyspace, call->arguments[1], call->arguments[2]) < 0)
		call->reply->has_failed = true;
	return MPROCI_DONE;
}

static mproci_outcome getdel(mproci_call *call)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if (found == NULL) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	mproci_reply_bulk(call->reply, mproci_string_view(found));
	mproci_keyspace_remove(call->keyspace, call->arguments[1]);
	return MPROCI_DONE;
}

static mproci_outcome mget(mproci_call *call)
{
	mproci_binding *found;

	mproci_reply_array(call->reply, call->count - 1);
	for (size_t i = 1; i < call->count; i++) {
		found = mproci_keyspace_find(call->keyspace, call->arguments[i]);
		if (found == NULL || found->type != &mproci_type_string)
			mproci_reply_null(call->reply);
		else
			mproci_reply_bulk(call->reply, mproci_string_view(found));
	}
	return MPROCI_DONE;
}

/*
 * Whether each name has its value, and none belongs to the family; *@ret_is_any says whether one means something.  If
 * not, it has been answered.
 */
static bool check_pairs(mproci_call *call, const char *command, bool *ret_is_any)
{
	mproci_binding *found;

	*ret_is_any = false;
	if (call->count % 2 == 0) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s' command", command);
		return false;
	}
	for (size_t i = 1; i < call->count; i += 2) {
		found = mproci_keyspace_find(call->keyspace, call->arguments[i]);
		if (found != NULL && found->type->is_shown) {
			mproci_reply_shown(call->reply);
			return false;
		}
		*ret_is_any |= found != NULL;
	}
	return true;
}

static mproci_outcome mset(mproci_call *call)
{
	bool is_any;

	if (!check_pairs(call, "mset", &is_any))
		return MPROCI_DONE;
	for (size_t i = 1; i < call->count; i += 2)
		if (!set_argument(call, i))
			return MPROCI_DONE;
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome msetnx(mproci_call *call)
{
	bool is_any;

	if (!check_pairs(call, "msetnx", &is_any))
		return MPROCI_DONE;
	for (size_t i = 1; i < call->count && !is_any; i += 2)
		if (!set_argument(call, i))
			return MPROCI_DONE;
	mproci_reply_integer(call->reply, !is_any);
	return MPROCI_DONE;
}

static mproci_outcome reply_length(mproci_call *call)
{
	mproci_binding *found;

	if (mproci_find_typed(call, 1, &mproci_type_string, &found))
		mproci_reply_integer(
			call->reply, found == NULL ? 0 : (int64_t)mproci_string_view(found).size);
	return MPROCI_DONE;
}

/* Write bytes into a string, which becomes as long as that takes; @offset is one that a string can have. */
static mproci_outcome write_at(mproci_call *call, mproci_binding *found, size_t offset, mproci_view bytes)
{
	mproci_view name = call->arguments[1];
	size_t size = found == NULL ? 0 : mproci_string_view(found).size;
	bool is_new = found == NULL;
	char *to;

	if (bytes.size > MPROCI_STRING_MOST_SIZE - offset) {
		mproci_reply_error(
			call->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
		return MPROCI_DONE;
	}
	if (offset + bytes.size > size)
		size = offset + bytes.size;
	if (is_new)
		found = mproci_string_put(call->keyspace, name, NULL, (mproci_view){"", 0});
	to = found == NULL ? NULL : mproci_string_resize(found, size);
	if (to == NULL) {
		if (is_new)
			mproci_keyspace_remove(call->keyspace, name);
		mproci_reply_no_memory(call->reply);
		return MPROCI_DONE;
	}
	if (bytes.size > 0)
		memcpy(to + offset, bytes.bytes, bytes.size);
	mproci_keyspace_touch(call->keyspace, name, found);
	mproci_reply_integer(call->reply, (int64_t)size);
	return MPROCI_DONE;
}

static mproci_outcome append(mproci_call *call)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	return write_at(call, found, found == NULL ? 0 : mproci_string_view(found).size, call->arguments[2]);
}

static mproci_outcome setrange(mproci_call *call)
{
	mproci_binding *found;
	int64_t offset;

	if (!mproci_argument_integer(call, 2, &offset))
		return MPROCI_DONE;
	if (offset < 0) {
		mproci_reply_error(call->reply, "ERR offset is out of range");
		return MPROCI_DONE;
	}
	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if (call->arguments[3].size == 0)
		return reply_length(call);
	if (offset > MPROCI_STRING_MOST_SIZE)
		offset = MPROCI_STRING_MOST_SIZE;
	return write_at(call, found, (size_t)offset, call->arguments[3]);
}

static mproci_outcome getrange(mproci_call *call)
{
	mproci_view all = {"", 0};
	mproci_binding *found;
	int64_t start, end;
	mproci_span span;

	if (!mproci_argument_integer(call, 2, &start) || !mproci_argument_integer(call, 3, &end)
		|| !mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if (found != NULL)
		all = mproci_string_view(found);
	/* As Redis has it: what ends before the beginning has its first byte. */
	if (end < -(int64_t)all.size && (start >= 0 || start <= end))
		end = -(int64_t)all.size;
	span = mproci_span_of(start, end, all.size);
	mproci_reply_bulk(call->reply, (mproci_view){all.bytes + span.first, span.count});
	return MPROCI_DONE;
}

enum {
	READS = 0,
	WRITES = MPROCI_COMMAND_WRITES,
};

const mproci_command mproci_commands_of_strings[] = {
	{"GET", get, 2, READS, 1, 1, 1},
	{"SET", mproci_command_set, -3, WRITES, 1, 1, 1},
	{"SETNX", mproci_command_setnx, 3, WRITES, 1, 1, 1},
	{"SETEX", mproci_command_setex, 4, WRITES, 1, 1, 1},
	{"PSETEX", mproci_command_psetex, 4, WRITES, 1, 1, 1},
	{"GETSET", getset, 3, WRITES, 1, 1, 1},
	{"GETDEL", getdel, 2, WRITES, 1, 1, 1},
	{"GETEX", mproci_command_getex, -2, WRITES, 1, 1, 1},
	{"MGET", mget, -2, READS, 1, -1, 1},
	{"MSET", mset, -3, WRITES, 1, -1, 2},
	{"MSETNX", msetnx, -3, WRITES, 1, -1, 2},
	{"APPEND", append, 3, WRITES, 1, 1, 1},
	{"STRLEN", reply_length, 2, READS, 1, 1, 1},
	{"GETRANGE", getrange, 4, READS, 1, 1, 1},
	{"SETRANGE", setrange, 4, WRITES, 1, 1, 1},
	{"INCR", mproci_command_incr, 2, WRITES, 1, 1, 1},
	{"DECR", mproci_command_decr, 2, WRITES, 1, 1, 1},
	{"INCRBY", mproci_command_incrby, 3, WRITES, 1, 1, 1},
	{"DECRBY", mproci_command_decrby, 3, WRITES, 1, 1, 1},
	{"INCRBYFLOAT", mproci_command_incrbyfloat, 3, WRITES, 1, 1, 1},
	{0},
};
