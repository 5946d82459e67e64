/* SPDX-License-Identifier: MIT */
/*
 * When names expire.  All is reckoned in milliseconds of the wall clock, as Redis does.
 */
#include "manager/arguments.h"
#include "manager/commands_of_keys.h"

enum {
	ONLY_NEVER = 1,
	ONLY_EVER = 2,
	ONLY_LATER = 4,
	ONLY_EARLIER = 8,

	A_SECOND = 1000,
	/* What TTL and the others say. */
	NEVER = -1,
	NOTHING = -2,
};

/* How one of the four commands reads its time. */
typedef struct time_manner {
	const char *command;
	int64_t unit;
	bool is_absolute;
} time_manner;

static unsigned read_option(mproci_view word)
{
	static const char *const words[] = {"NX", "XX", "GT", "LT"};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (mproci_is_word(word, words[i]))
			return 1U << i;
	return 0;
}

static bool refuse(mproci_call *call, const char *complaint)
{
	mproci_reply_error(call->reply, "ERR %s", complaint);
	return false;
}

static bool read_options(mproci_call *call, unsigned *ret_options)
{
	unsigned options = 0, option;

	for (size_t i = 3; i < call->count; i++) {
		mproci_view word = call->arguments[i];

		option = read_option(word);
		if (option == 0) {
			mproci_reply_error(
				call->reply, "ERR Unsupported option %.*s", (int)word.size, word.bytes);
			return false;
		}
		options |= option;
	}
	if (options & ONLY_NEVER && options != ONLY_NEVER)
		return refuse(call, "NX and XX, GT or LT options at the same time are not compatible");
	if (options & ONLY_LATER && options & ONLY_EARLIER)
		return refuse(call, "GT and LT options at the same time are not compatible");
	*ret_options = options;
	return true;
}

static bool read_time(mproci_call *call, const time_manner *manner, int64_t *ret_wall)
{
	int64_t from = manner->is_absolute ? 0 : mproci_keyspace_wall(call->keyspace);
	int64_t time;

	if (!mproci_argument_integer(call, 2, &time))
		return false;
	if (__builtin_mul_overflow(time, manner->unit, &time) || __builtin_add_overflow(time, from, &time)) {
		mproci_reply_error(call->reply, "ERR invalid expire time in '%s' command", manner->command);
		return false;
	}
	*ret_wall = time;
	return true;
}

static bool is_wanted(unsigned options, bool expires, int64_t now_at, int64_t then_at)
{
	if (options & ONLY_NEVER && expires)
		return false;
	if (options & ONLY_EVER && !expires)
		return false;
	/* What never expires does so later than all else. */
	if (options & ONLY_LATER && (!expires || then_at <= now_at))
		return false;
	return !(options & ONLY_EARLIER && expires && then_at >= now_at);
}

static void set_expiry(mproci_call *call, mproci_binding *found, int64_t wall)
{
	mproci_view name = call->arguments[1];

	if (wall <= mproci_keyspace_wall(call->keyspace)) {
		mproci_keyspace_remove(call->keyspace, name);
		return;
	}
	mproci_keyspace_expire(call->keyspace, name, found, mproci_keyspace_from_wall(call->keyspace, wall));
	mproci_keyspace_touch(call->keyspace, name, found);
}

static mproci_outcome expire(mproci_call *call, const time_manner *manner)
{
	mproci_binding *found;
	unsigned options;
	int64_t wall, at;

	if (!read_options(call, &options) || !read_time(call, manner, &wall))
		return MPROCI_DONE;
	found = mproci_keyspace_find(call->keyspace, call->arguments[1]);
	if (found != NULL && found->type->is_shown) {
		mproci_reply_shown(call->reply);
		return MPROCI_DONE;
	}
	at = found == NULL ? 0 : mproci_keyspace_to_wall(call->keyspace, found->expires_at);
	if (found == NULL || !is_wanted(options, found->expires_at != 0, at, wall)) {
		mproci_reply_integer(call->reply, 0);
		return MPROCI_DONE;
	}
	set_expiry(call, found, wall);
	mproci_reply_integer(call->reply, 1);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_expire(mproci_call *call)
{
	static const time_manner manner = {"expire", A_SECOND, false};

	return expire(call, &manner);
}

mproci_outcome mproci_command_pexpire(mproci_call *call)
{
	static const time_manner manner = {"pexpire", 1, false};

	return expire(call, &manner);
}

mproci_outcome mproci_command_expireat(mproci_call *call)
{
	static const time_manner manner = {"expireat", A_SECOND, true};

	return expire(call, &manner);
}

mproci_outcome mproci_command_pexpireat(mproci_call *call)
{
	static const time_manner manner = {"pexpireat", 1, true};

	return expire(call, &manner);
}

/* Say when a name expires: of the wall clock from @from on, in that unit. */
static mproci_outcome reply_expiry(mproci_call *call, int64_t from, int64_t unit)
{
	const mproci_binding *found = mproci_keyspace_find(call->keyspace, call->arguments[1]);
	int64_t time;

	if (found == NULL || found->expires_at == 0) {
		mproci_reply_integer(call->reply, found == NULL ? NOTHING : NEVER);
		return MPROCI_DONE;
	}
	time = mproci_keyspace_to_wall(call->keyspace, found->expires_at) - from;
	mproci_reply_integer(call->reply, time / unit + (time % unit >= (unit + 1) / 2));
	return MPROCI_DONE;
}

mproci_outcome mproci_command_ttl(mproci_call *call)
{
	return reply_expiry(call, mproci_keyspace_wall(call->keyspace), A_SECOND);
}

mproci_outcome mproci_command_pttl(mproci_call *call)
{
	return reply_expiry(call, mproci_keyspace_wall(call->keyspace), 1);
}

mproci_outcome mproci_command_expiretime(mproci_call *call)
{
	return reply_expiry(call, 0, A_SECOND);
}

mproci_outcome mproci_command_pexpiretime(mproci_call *call)
{
	return reply_expiry(call, 0, 1);
}

mproci_outcome mproci_command_persist(mproci_call *call)
{
	mproci_binding *found = mproci_keyspace_find(call->keyspace, call->arguments[1]);
	bool expires = found != NULL && found->expires_at != 0;

	if (expires) {
		mproci_keyspace_expire(call->keyspace, call->arguments[1], found, 0);
		mproci_keyspace_touch(call->keyspace, call->arguments[1], found);
	}
	mproci_reply_integer(call->reply, expires);
	return MPROCI_DONE;
}
