/* SPDX-License-Identifier: MIT */
/*
 * FCALL, which finds a function and checks how much it was given; and what the functions share.
 */
#include "manager/natives.h"

#include "manager/arguments.h"
#include "manager/strings.h"
#include "manager/subcommands.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	/* Of what is quoted in an error. */
	QUOTED = 64,
	/* FCALL, the function, and how many keys there are. */
	BEFORE_KEYS = 3,
	TABLES = 4,
};

/* What clients have written into a fence themselves may be anything: beyond this it is no token that was ever given out. */
static const int64_t MOST_TOKEN = INT64_C(1) << 62;

/* Milliseconds. */
static const int64_t LONGEST_LEASE = INT64_C(1000) * 60 * 60 * 24 * 365;

static const mproci_native *const tables[TABLES] = {
	mproci_natives_of_values,
	mproci_natives_of_collections,
	mproci_natives_of_locks,
	mproci_natives_of_queues,
};

/* Of all that this process has given out. */
static int64_t newest_token;

static int quoted(mproci_view text)
{
	return text.size < QUOTED ? (int)text.size : QUOTED;
}

static const mproci_native *find(mproci_view name)
{
	for (size_t i = 0; i < TABLES; ++i)
		for (const mproci_native *function = tables[i]; function->name != NULL; ++function)
			if (mproci_view_equal(name, mproci_view_of(function->name)))
				return function;
	return NULL;
}

/* NULL: there is none; it has said so. */
static const mproci_native *find_or_refuse(mproci_call *call)
{
	const mproci_native *function = find(call->arguments[1]);

	if (function == NULL)
		mproci_reply_error(call->reply, "ERR Function not found");
	return function;
}

/* In the words of Redis.  Returns whether the call says how many of its arguments are keys. */
static bool count_keys(mproci_call *call, size_t *ret_keys)
{
	int64_t keys;

	if (!mproci_read_integer(call->arguments[2], &keys)) {
		mproci_reply_error(call->reply, "ERR Bad number of keys provided");
		return false;
	}
	if (keys < 0) {
		mproci_reply_error(call->reply, "ERR Number of keys can't be negative");
		return false;
	}
	if ((uint64_t)keys > call->count - BEFORE_KEYS) {
		mproci_reply_error(call->reply, "ERR Number of keys can't be greater than number of args");
		return false;
	}
	*ret_keys = (size_t)keys;
	return true;
}

/* Returns whether there are as many keys and arguments as the function takes; if not, it has said so. */
static bool is_complete(mproci_call *call, const mproci_native *function, size_t keys)
{
	if (keys == function->keys && call->count == BEFORE_KEYS + keys + function->arguments)
		return true;
	mproci_reply_error(call->reply, "ERR %s takes %zu keys and %zu arguments", function->name,
		function->keys, function->arguments);
	return false;
}

static mproci_outcome fcall(mproci_call *call)
{
	const mproci_view *keys = call->arguments + BEFORE_KEYS;
	const mproci_native *function = find_or_refuse(call);
	const mproci_binding *first;
	size_t count;

	if (function == NULL || !count_keys(call, &count) || !is_complete(call, function, count))
		return MPROCI_DONE;
	first = mproci_keyspace_find(call->keyspace, keys[0]);
	/* What belongs to the family has its own way to do the same. */
	if (first != NULL && first->type->carry_out != NULL)
		return first->type->carry_out(call);
	function->body(call, keys, keys + count);
	return MPROCI_DONE;
}

static mproci_outcome fcall_ro(mproci_call *call)
{
	const mproci_view *keys = call->arguments + BEFORE_KEYS;
	const mproci_native *function = find_or_refuse(call);
	size_t count;

	if (function == NULL || !count_keys(call, &count))
		return MPROCI_DONE;
	if (function->kind != MPROCI_NATIVE_READS)
		mproci_reply_error(
			call->reply, "ERR Can not execute a script with write flag using *_ro command.");
	else if (is_complete(call, function, count))
		function->body(call, keys, keys + count);
	return MPROCI_DONE;
}

static size_t count_functions(void)
{
	size_t count = 0;

	for (size_t i = 0; i < TABLES; ++i)
		for (const mproci_native *function = tables[i]; function->name != NULL; ++function)
			++count;
	return count;
}

static void describe(mproci_reply *reply, const mproci_native *function)
{
	mproci_reply_map(reply, 3);
	mproci_reply_text(reply, "name");
	mproci_reply_text(reply, function->name);
	mproci_reply_text(reply, "description");
	mproci_reply_null(reply);
	mproci_reply_text(reply, "flags");
	mproci_reply_set(reply, 0);
}

/* As if it were a library that somebody had loaded: whoever looks whether it is there, finds it. */
static mproci_outcome list_functions(mproci_call *call)
{
	mproci_reply *reply = call->reply;

	mproci_reply_array(reply, 1);
	mproci_reply_map(reply, 3);
	mproci_reply_text(reply, "library_name");
	mproci_reply_text(reply, "mproc1");
	mproci_reply_text(reply, "engine");
	mproci_reply_text(reply, "MPROC");
	mproci_reply_text(reply, "functions");
	mproci_reply_array(reply, count_functions());
	for (size_t i = 0; i < TABLES; ++i)
		for (const mproci_native *function = tables[i]; function->name != NULL; ++function)
			describe(reply, function);
	return MPROCI_DONE;
}

static mproci_outcome refuse_code(mproci_call *call)
{
	mproci_reply_error(
		call->reply, "ERR a manager has its own functions, and runs no code of its clients");
	return MPROCI_DONE;
}

static mproci_outcome function(mproci_call *call)
{
	static const mproci_subcommand table[] = {
		{"LIST", list_functions, -2},
		{"LOAD", refuse_code, -3},
		{.name = NULL},
	};

	return mproci_subcommand_call(call, table);
}

/* What other libraries' locks are given back by: a function can do that as well. */
static mproci_outcome refuse_script(mproci_call *call)
{
	mproci_reply_error(call->reply, "ERR a manager runs no scripts; FCALL mproc_compare_and_delete 1 "
					"name value gives a lock back that "
					"SET name value NX has taken");
	return MPROCI_DONE;
}

const mproci_command mproci_commands_of_functions[] = {
	{"EVAL", refuse_script, -3, 0, 0, 0, 0},
	{"EVALSHA", refuse_script, -3, 0, 0, 0, 0},
	{"EVALSHA_RO", refuse_script, -3, 0, 0, 0, 0},
	{"EVAL_RO", refuse_script, -3, 0, 0, 0, 0},
	{"FCALL", fcall, -3, MPROCI_COMMAND_WRITES | MPROCI_COMMAND_TIMED, 0, 0, 0},
	{"FCALL_RO", fcall_ro, -3, 0, 0, 0, 0},
	{"FUNCTION", function, -2, 0, 0, 0, 0},
	{"SCRIPT", refuse_script, -2, 0, 0, 0, 0},
	{.name = NULL},
};

bool mproci_native_grows(const mproci_call *call)
{
	const mproci_native *function = find(call->arguments[1]);

	return function != NULL && function->kind == MPROCI_NATIVE_WRITES;
}

bool mproci_native_number(mproci_call *call, mproci_view text, const char *what, int64_t lowest,
	int64_t highest, int64_t *ret_number)
{
	int64_t number;

	if (mproci_read_integer(text, &number) && number >= lowest && number <= highest) {
		*ret_number = number;
		return true;
	}
	mproci_reply_error(call->reply, "ERR %s: '%.*s' is not a number from %" PRId64 " to %" PRId64, what,
		quoted(text), text.bytes, lowest, highest);
	return false;
}

bool mproci_native_lease(mproci_call *call, mproci_view text, int64_t *ret_lease)
{
	return mproci_native_number(call, text, "lease", 1, LONGEST_LEASE, ret_lease);
}

bool mproci_fence_read(mproci_call *call, mproci_view fence, int64_t *ret_token)
{
	mproci_binding *binding = mproci_keyspace_find(call->keyspace, fence);

	if (binding == NULL) {
		*ret_token = 0;
		return true;
	}
	if (binding->type != &mproci_type_string) {
		mproci_reply_wrong_type(call->reply);
		return false;
	}
	return mproci_native_number(
		call, mproci_string_view(binding), "token at the fence", 0, INT64_MAX - 1, ret_token);
}

bool mproci_fence_write(mproci_call *call, mproci_view fence, int64_t token)
{
	char text[32];
	size_t size = (size_t)snprintf(text, sizeof text, "%" PRId64, token);

	if (mproci_string_set(call->keyspace, fence, (mproci_view){text, size}) == 0)
		return true;
	/* It was a string, or nothing: so it cannot belong to the family. */
	mproci_reply_no_memory(call->reply);
	return false;
}

bool mproci_fence_pass(mproci_call *call, mproci_view fence, mproci_view text)
{
	int64_t token, newest;

	if (!mproci_native_number(call, text, "token", 0, INT64_MAX - 1, &token)
		|| !mproci_fence_read(call, fence, &newest))
		return false;
	if (newest > token) {
		mproci_reply_integer(call->reply, newest);
		return false;
	}
	return newest == token || mproci_fence_write(call, fence, token);
}

int64_t mproci_fence_first(const mproci_keyspace *keyspace)
{
	int64_t time = mproci_keyspace_wall(keyspace) * 1000;

	return time > newest_token ? time : newest_token + 1;
}

void mproci_fence_note(int64_t token)
{
	if (token > newest_token && token <= MOST_TOKEN)
		newest_token = token;
}

bool mproci_fence_take(mproci_call *call, mproci_view fence, int64_t *ret_token)
{
	int64_t token;

	if (!mproci_fence_read(call, fence, &token))
		return false;
	token = token == 0 ? mproci_fence_first(call->keyspace) : token + 1;
	if (!mproci_fence_write(call, fence, token))
		return false;
	mproci_fence_note(token);
	*ret_token = token;
	return true;
}
