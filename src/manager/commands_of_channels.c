/* SPDX-License-Identifier: MIT */
/*
 * Subscribing, and publishing.  Every name that is given is answered by a message of its own.
 */
#include "manager/channels.h"
#include "manager/glob.h"
#include "manager/subcommands.h"

#include <errno.h>

static mproci_channels *channels_of(const mproci_call *call)
{
	return mproci_server_channels(call->server);
}

/* @name NULL: there was none.  @count: to how many it is subscribed from now on. */
static void confirm(mproci_call *call, const char *what, const mproci_view *name, size_t count)
{
	mproci_reply *push = mproci_session_begin_push(call->session);

	mproci_reply_push(push, 3);
	mproci_reply_text(push, what);
	if (name != NULL)
		mproci_reply_bulk(push, *name);
	else
		mproci_reply_null(push);
	mproci_reply_integer(push, (int64_t)count);
	mproci_session_end_push(call->session);
}

static size_t count_of(const mproci_call *call)
{
	return mproci_channels_count_of(channels_of(call), call->session);
}

static void refuse(mproci_call *call, int rc)
{
	if (rc == -EMSGSIZE)
		mproci_reply_error(call->reply, "ERR the name of a channel has at most %d bytes",
			(int)MPROCI_CHANNEL_NAME_MOST);
	else if (rc == -ENOBUFS)
		mproci_reply_error(call->reply, "ERR a client has at most %d channels and %d patterns",
			(int)MPROCI_CHANNELS_MOST, (int)MPROCI_PATTERNS_MOST);
	else
		mproci_reply_error(call->reply, "OOM no memory for another subscription");
}

static mproci_outcome subscribe_to(mproci_call *call, mproci_channel_kind kind, const char *what)
{
	for (size_t i = 1; i < call->count; ++i) {
		const mproci_view *name = &call->arguments[i];
		int rc = mproci_channels_subscribe(channels_of(call), call->session, kind, *name);

		if (rc < 0) {
			refuse(call, rc);
			return MPROCI_DONE;
		}
		confirm(call, what, name, count_of(call));
	}
	return MPROCI_SILENT;
}

static void unsubscribe_from_all(mproci_call *call, mproci_channel_kind kind, const char *what)
{
	mproci_channels *channels = channels_of(call);
	mproci_view name;

	if (!mproci_channels_any_of(channels, call->session, kind, &name)) {
		confirm(call, what, NULL, count_of(call));
		return;
	}
	do {
		/* Before: the name goes with the subscription. */
		confirm(call, what, &name, count_of(call) - 1);
		mproci_channels_unsubscribe(channels, call->session, kind, name);
	} while (mproci_channels_any_of(channels, call->session, kind, &name));
}

static mproci_outcome unsubscribe_from(mproci_call *call, mproci_channel_kind kind, const char *what)
{
	if (call->count == 1)
		unsubscribe_from_all(call, kind, what);
	for (size_t i = 1; i < call->count; ++i) {
		mproci_channels_unsubscribe(channels_of(call), call->session, kind, call->arguments[i]);
		confirm(call, what, &call->arguments[i], count_of(call));
	}
	return MPROCI_SILENT;
}

static mproci_outcome subscribe(mproci_call *call)
{
	return subscribe_to(call, MPROCI_CHANNEL, "subscribe");
}

static mproci_outcome psubscribe(mproci_call *call)
{
	return subscribe_to(call, MPROCI_PATTERN, "psubscribe");
}

static mproci_outcome unsubscribe(mproci_call *call)
{
	return unsubscribe_from(call, MPROCI_CHANNEL, "unsubscribe");
}

static mproci_outcome punsubscribe(mproci_call *call)
{
	return unsubscribe_from(call, MPROCI_PATTERN, "punsubscribe");
}

static mproci_outcome publish(mproci_call *call)
{
	size_t receivers = mproci_channels_publish(channels_of(call), call->arguments[1], call->arguments[2]);

	mproci_reply_integer(call->reply, (int64_t)receivers);
	return MPROCI_DONE;
}

/* Which channels are asked for, and what becomes of that. */
struct listing {
	/* NULL: all. */
	const mproci_view *pattern;
	size_t count;
	/* NULL: they are only counted. */
	mproci_reply *reply;
};

static void list_channel(void *context, mproci_view name)
{
	struct listing *listing = context;

	if (listing->pattern != NULL && !mproci_glob_matches(*listing->pattern, name))
		return;
	++listing->count;
	if (listing->reply != NULL)
		mproci_reply_bulk(listing->reply, name);
}

/* The head says how many will follow, so they are counted first. */
static mproci_outcome list_channels(mproci_call *call)
{
	struct listing listing = {call->count > 2 ? &call->arguments[2] : NULL, 0, NULL};

	mproci_channels_visit(channels_of(call), list_channel, &listing);
	mproci_reply_array(call->reply, listing.count);
	listing.reply = call->reply;
	mproci_channels_visit(channels_of(call), list_channel, &listing);
	return MPROCI_DONE;
}

static mproci_outcome count_listeners(mproci_call *call)
{
	mproci_reply_map(call->reply, call->count - 2);
	for (size_t i = 2; i < call->count; ++i) {
		mproci_view name = call->arguments[i];
		size_t count = mproci_channels_listeners(channels_of(call), MPROCI_CHANNEL, name);

		mproci_reply_bulk(call->reply, name);
		mproci_reply_integer(call->reply, (int64_t)count);
	}
	return MPROCI_DONE;
}

static mproci_outcome count_patterns(mproci_call *call)
{
	mproci_reply_integer(call->reply, (int64_t)mproci_channels_count(channels_of(call), MPROCI_PATTERN));
	return MPROCI_DONE;
}

static mproci_outcome pubsub(mproci_call *call)
{
	static const mproci_subcommand table[] = {
		{"CHANNELS", list_channels, -2},
		{"NUMSUB", count_listeners, -2},
		{"NUMPAT", count_patterns, 2},
		{.name = NULL},
	};

	return mproci_subcommand_call(call, table);
}

const mproci_command mproci_commands_of_channels[] = {
	{"SUBSCRIBE", subscribe, -2, MPROCI_COMMAND_SUBSCRIBED | MPROCI_COMMAND_ALONE, 0, 0, 0},
	{"UNSUBSCRIBE", unsubscribe, -1, MPROCI_COMMAND_SUBSCRIBED | MPROCI_COMMAND_ALONE, 0, 0, 0},
	{"PSUBSCRIBE", psubscribe, -2, MPROCI_COMMAND_SUBSCRIBED | MPROCI_COMMAND_ALONE, 0, 0, 0},
	{"PUNSUBSCRIBE", punsubscribe, -1, MPROCI_COMMAND_SUBSCRIBED | MPROCI_COMMAND_ALONE, 0, 0, 0},
	{"PUBLISH", publish, 3, 0, 0, 0, 0},
	{"PUBSUB", pubsub, -2, 0, 0, 0, 0},
	{.name = NULL},
};
