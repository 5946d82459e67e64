/* SPDX-License-Identifier: MIT */
/*
 * SET and those which are SET with some of its options; and GETEX, which knows the same times.
 */
#include "manager/arguments.h"
#include "manager/commands_of_strings.h"
#include "manager/lookup.h"
#include "manager/strings.h"

enum {
	ONLY_NEW = 1,
	ONLY_OLD = 2,
	GET_OLD = 4,
	KEEP_TIME = 8,
	END_TIME = 16,
	SECONDS = 32,
	MILLISECONDS = 64,
	AT_SECONDS = 128,
	AT_MILLISECONDS = 256,

	TIMES = SECONDS | MILLISECONDS | AT_SECONDS | AT_MILLISECONDS,
	IN_SECONDS = SECONDS | AT_SECONDS,
	ABSOLUTE = AT_SECONDS | AT_MILLISECONDS,
	OF_SET = ONLY_NEW | ONLY_OLD | GET_OLD | KEEP_TIME | TIMES,
	OF_GETEX = END_TIME | TIMES,
};

typedef struct option {
	const char *word;
	unsigned flag;
	/* What may not be there as well. */
	unsigned against;
} option;

static const option options[] = {
	{"NX", ONLY_NEW, ONLY_OLD},
	{"XX", ONLY_OLD, ONLY_NEW},
	{"GET", GET_OLD, 0},
	{"KEEPTTL", KEEP_TIME, END_TIME | TIMES},
	{"PERSIST", END_TIME, KEEP_TIME | TIMES},
	{"EX", SECONDS, KEEP_TIME | END_TIME | (TIMES & ~SECONDS)},
	{"PX", MILLISECONDS, KEEP_TIME | END_TIME | (TIMES & ~MILLISECONDS)},
	{"EXAT", AT_SECONDS, KEEP_TIME | END_TIME | (TIMES & ~AT_SECONDS)},
	{"PXAT", AT_MILLISECONDS, KEEP_TIME | END_TIME | (TIMES & ~AT_MILLISECONDS)},
};

/* What is asked for: flags, and which argument is the time. */
typedef struct string_wish {
	const char *command;
	unsigned flags;
	size_t time;
} string_wish;

static const option *find_option(mproci_view word)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (mproci_is_word(word, options[i].word))
			return &options[i];
	return NULL;
}

static bool read_options(mproci_call *call, size_t first, unsigned known, string_wish *wish)
{
	for (size_t i = first; i < call->count; i++) {
		const option *found = find_option(call->arguments[i]);

		if (found == NULL || !(found->flag & known) || wish->flags & found->against)
			goto fail;
		wish->flags |= found->flag;
		if (!(found->flag & TIMES))
			continue;
		if (++i == call->count)
			goto fail;
		wish->time = i;
	}
	return true;
fail:
	mproci_reply_syntax_error(call->reply);
	return false;
}

/* *@ret_at is 0 when no time was given. */
static bool read_time(mproci_call *call, const string_wish *wish, int64_t *ret_at)
{
	int64_t from = wish->flags & ABSOLUTE ? 0 : mproci_keyspace_wall(call->keyspace);
	int64_t time;

	*ret_at = 0;
	if (!(wish->flags & TIMES))
		return true;
	if (!mproci_argument_integer(call, wish->time, &time))
		return false;
	if (time <= 0 || (wish->flags & IN_SECONDS && __builtin_mul_overflow(time, 1000, &time))
		|| __builtin_add_overflow(time, from, &time)) {
		mproci_reply_error(call->reply, "ERR invalid expire time in '%s' command", wish->command);
		return false;
	}
	*ret_at = mproci_keyspace_from_wall(call->keyspace, time);
	return true;
}

static void reply_string(mproci_call *call, const mproci_binding *binding)
{
	if (binding == NULL)
		mproci_reply_null(call->reply);
	else
		mproci_reply_bulk(call->reply, mproci_string_view(binding));
}

/* Returns false when there is no memory. */
static bool store(mproci_call *call, mproci_binding *found, mproci_view value, const string_wish *wish,
	int64_t expires_at)
{
	mproci_view name = call->arguments[1];
	mproci_binding *binding = mproci_string_put(call->keyspace, name, found, value);

	if (binding == NULL)
		return false;
	if (binding->expires_at != expires_at && !(wish->flags & KEEP_TIME))
		mproci_keyspace_expire(call->keyspace, name, binding, expires_at);
	mproci_keyspace_touch(call->keyspace, name, binding);
	return true;
}

/* Returns whether it was set; if not, that has been answered. */
static bool set(mproci_call *call, mproci_view value, const string_wish *wish)
{
	mproci_binding *found = mproci_keyspace_find(call->keyspace, call->arguments[1]);
	int64_t expires_at;

	if (!read_time(call, wish, &expires_at))
		return false;
	if (found != NULL && found->type->is_shown) {
		mproci_reply_shown(call->reply);
		return false;
	}
	if (wish->flags & (found == NULL ? ONLY_OLD : ONLY_NEW)) {
		mproci_reply_null(call->reply);
		return false;
	}
	if (!store(call, found, value, wish, expires_at)) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	return true;
}

static mproci_outcome set_and_get(mproci_call *call, const string_wish *wish)
{
	mproci_binding *found;
	int64_t expires_at;

	if (!read_time(call, wish, &expires_at) || !mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	reply_string(call, found);
	if (wish->flags & (found == NULL ? ONLY_OLD : ONLY_NEW))
		return MPROCI_DONE;
	/* Without memory there is no taking the answer back. */
	if (!store(call, found, call->arguments[2], wish, expires_at))
		call->reply->has_failed = true;
	return MPROCI_DONE;
}

mproci_outcome mproci_command_set(mproci_call *call)
{
	string_wish wish = {.command = "set"};

	if (!read_options(call, 3, OF_SET, &wish))
		return MPROCI_DONE;
	if (wish.flags & GET_OLD)
		return set_and_get(call, &wish);
	if (set(call, call->arguments[2], &wish))
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_setex(mproci_call *call)
{
	string_wish wish = {.command = "setex", .flags = SECONDS, .time = 2};

	if (set(call, call->arguments[3], &wish))
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_psetex(mproci_call *call)
{
	string_wish wish = {.command = "psetex", .flags = MILLISECONDS, .time = 2};

	if (set(call, call->arguments[3], &wish))
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_setnx(mproci_call *call)
{
	static const string_wish plain = {.command = "setnx"};

	if (mproci_keyspace_find(call->keyspace, call->arguments[1]) != NULL)
		mproci_reply_integer(call->reply, 0);
	else if (set(call, call->arguments[2], &plain))
		mproci_reply_integer(call->reply, 1);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_getex(mproci_call *call)
{
	string_wish wish = {.command = "getex"};
	mproci_binding *found;
	int64_t expires_at = 0;

	if (!read_options(call, 2, OF_GETEX, &wish)
		|| !mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if (found != NULL && !read_time(call, &wish, &expires_at))
		return MPROCI_DONE;
	reply_string(call, found);
	if (found != NULL && wish.flags != 0 && found->expires_at != expires_at) {
		mproci_keyspace_expire(call->keyspace, call->arguments[1], found, expires_at);
		mproci_keyspace_touch(call->keyspace, call->arguments[1], found);
	}
	return MPROCI_DONE;
}
