/* SPDX-License-Identifier: MIT */
/*
 * A subscription is in two places: in the list of its channel, which publishing goes through, and in a table
 * of its subscriber, by the channel's name.  Taking it out of the table ends it.
 */
#include "manager/channels.h"

#include "manager/glob.h"
#include "manager/named.h"

#include <errno.h>
#include <stdlib.h>

struct subscription;

/* A record by its name. */
struct channel {
	/* Those of its kind. */
	mproci_hash_table *all;
	struct subscription *first, *last;
	size_t count;
};

/* A record by the id of its session. */
struct subscriber {
	mproci_belonging belonging;
	mproci_channels *channels;
	mproci_session *session;
	mproci_hash_table *subscriptions[MPROCI_CHANNEL_KINDS];
};

/* A record by the name of its channel. */
struct subscription {
	/* NULL: it is not in the channel's list. */
	struct channel *channel;
	mproci_session *session;
	struct subscription *next, *previous;
};

struct mproci_channels {
	mproci_hash_table *channels[MPROCI_CHANNEL_KINDS];
	mproci_hash_table *subscribers;
};

static bool is_whole(const mproci_channels *channels)
{
	return channels->channels[MPROCI_CHANNEL] != NULL && channels->channels[MPROCI_PATTERN] != NULL
	       && channels->subscribers != NULL;
}

mproci_channels *mproci_channels_create(void)
{
	mproci_channels *new = calloc(1, sizeof *new);

	if (new == NULL)
		return NULL;
	new->channels[MPROCI_CHANNEL] = mproci_hash_table_create(sizeof(struct channel), NULL);
	new->channels[MPROCI_PATTERN] = mproci_hash_table_create(sizeof(struct channel), NULL);
	new->subscribers = mproci_hash_table_create(sizeof(struct subscriber), NULL);
	if (is_whole(new))
		return new;
	mproci_channels_destroy(new);
	return NULL;
}

void mproci_channels_destroy(mproci_channels *channels)
{
	if (channels == NULL)
		return;
	mproci_hash_table_destroy(channels->channels[MPROCI_CHANNEL]);
	mproci_hash_table_destroy(channels->channels[MPROCI_PATTERN]);
	mproci_hash_table_destroy(channels->subscribers);
	free(channels);
}

static mproci_view name_of(const uint64_t *id)
{
	return (mproci_view){(const char *)id, sizeof *id};
}

static struct subscriber *find_subscriber(const mproci_channels *channels, const mproci_session *session)
{
	uint64_t id = mproci_session_id(session);

	return mproci_named_find(channels->subscribers, name_of(&id));
}

static size_t count_subscriptions(const struct subscriber *subscriber)
{
	return subscriber->subscriptions[MPROCI_CHANNEL]->count
	       + subscriber->subscriptions[MPROCI_PATTERN]->count;
}

static void link_subscription(struct subscription *subscription, struct channel *channel)
{
	subscription->channel = channel;
	subscription->previous = channel->last;
	if (channel->last != NULL)
		channel->last->next = subscription;
	else
		channel->first = subscription;
	channel->last = subscription;
	++channel->count;
}

static void unlink_subscription(const struct subscription *subscription)
{
	struct channel *channel = subscription->channel;

	if (subscription->previous != NULL)
		subscription->previous->next = subscription->next;
	else
		channel->first = subscription->next;
	if (subscription->next != NULL)
		subscription->next->previous = subscription->previous;
	else
		channel->last = subscription->previous;
	--channel->count;
}

static void drop_if_empty(struct channel *channel)
{
	if (channel->count == 0)
		mproci_named_remove(channel->all, channel);
}

/* A subscription goes out of its table. */
static void end_subscription(void *payload)
{
	const struct subscription *subscription = payload;

	if (subscription->channel == NULL)
		return;
	unlink_subscription(subscription);
	drop_if_empty(subscription->channel);
}

static void end_all(struct subscriber *subscriber)
{
	for (int kind = 0; kind < MPROCI_CHANNEL_KINDS; ++kind)
		mproci_hash_table_destroy(subscriber->subscriptions[kind]);
	mproci_named_remove(subscriber->channels->subscribers, subscriber);
}

static void release(mproci_belonging *belonging)
{
	end_all((struct subscriber *)((char *)belonging - offsetof(struct subscriber, belonging)));
}

static struct subscriber *add_subscriber(mproci_channels *channels, mproci_session *session)
{
	uint64_t id = mproci_session_id(session);
	struct subscriber *new = mproci_named_add(channels->subscribers, name_of(&id));

	if (new == NULL)
		return NULL;
	new->belonging.release = release;
	new->channels = channels;
	new->session = session;
	for (int kind = 0; kind < MPROCI_CHANNEL_KINDS; ++kind) {
		new->subscriptions[kind] =
			mproci_hash_table_create(sizeof(struct subscription), end_subscription);
		if (new->subscriptions[kind] == NULL) {
			end_all(new);
			return NULL;
		}
	}
	mproci_session_own(session, &new->belonging);
	return new;
}

static struct channel *provide_channel(mproci_hash_table *all, mproci_view name)
{
	struct channel *channel = mproci_named_add(all, name);

	if (channel != NULL)
		channel->all = all;
	return channel;
}

static int add_subscription(struct subscriber *subscriber, mproci_channel_kind kind, mproci_view name)
{
	struct channel *channel = provide_channel(subscriber->channels->channels[kind], name);
	struct subscription *new;

	if (channel == NULL)
		return -ENOMEM;
	new = mproci_named_add(subscriber->subscriptions[kind], name);
	if (new == NULL) {
		drop_if_empty(channel);
		return -ENOMEM;
	}
	new->session = subscriber->session;
	link_subscription(new, channel);
	return 0;
}

static int subscribe(struct subscriber *subscriber, mproci_channel_kind kind, mproci_view name)
{
	const mproci_hash_table *subscriptions = subscriber->subscriptions[kind];
	size_t most = kind == MPROCI_PATTERN ? MPROCI_PATTERNS_MOST : MPROCI_CHANNELS_MOST;

	if (mproci_named_find(subscriptions, name) != NULL)
		return 0;
	if (name.size > MPROCI_CHANNEL_NAME_MOST)
		return -EMSGSIZE;
	if (subscriptions->count >= most)
		return -ENOBUFS;
	return add_subscription(subscriber, kind, name);
}

/* Tell the session how many it has; who has none is no subscriber. */
static void settle(struct subscriber *subscriber)
{
	mproci_session_set_subscriptions(subscriber->session, count_subscriptions(subscriber));
	if (count_subscriptions(subscriber) > 0)
		return;
	mproci_session_disown(&subscriber->belonging);
	end_all(subscriber);
}

int mproci_channels_subscribe(
	mproci_channels *channels, mproci_session *session, mproci_channel_kind kind, mproci_view name)
{
	struct subscriber *subscriber = find_subscriber(channels, session);
	int rc;

	if (subscriber == NULL)
		subscriber = add_subscriber(channels, session);
	if (subscriber == NULL)
		return -ENOMEM;
	rc = subscribe(subscriber, kind, name);
	settle(subscriber);
	return rc;
}

void mproci_channels_unsubscribe(
	mproci_channels *channels, mproci_session *session, mproci_channel_kind kind, mproci_view name)
{
	struct subscriber *subscriber = find_subscriber(channels, session);
	struct subscription *found;

	if (subscriber == NULL)
		return;
	found = mproci_named_find(subscriber->subscriptions[kind], name);
	if (found == NULL)
		return;
	mproci_named_remove(subscriber->subscriptions[kind], found);
	settle(subscriber);
}

bool mproci_channels_any_of(mproci_channels *channels, const mproci_session *session,
	mproci_channel_kind kind, mproci_view *ret_name)
{
	const struct subscriber *subscriber = find_subscriber(channels, session);
	const struct subscription *first;

	if (subscriber == NULL)
		return false;
	first = mproci_named_next(subscriber->subscriptions[kind], NULL);
	if (first == NULL)
		return false;
	*ret_name = mproci_named_name(subscriber->subscriptions[kind], first);
	return true;
}

size_t mproci_channels_count_of(mproci_channels *channels, const mproci_session *session)
{
	const struct subscriber *subscriber = find_subscriber(channels, session);

	return subscriber == NULL ? 0 : count_subscriptions(subscriber);
}

void mproci_channels_leave(mproci_channels *channels, mproci_session *session)
{
	struct subscriber *subscriber = find_subscriber(channels, session);

	if (subscriber == NULL)
		return;
	mproci_session_disown(&subscriber->belonging);
	end_all(subscriber);
	mproci_session_set_subscriptions(session, 0);
}

static void send_message(mproci_session *session, mproci_view channel, mproci_view message)
{
	mproci_reply *push = mproci_session_begin_push(session);

	mproci_reply_push(push, 3);
	mproci_reply_text(push, "message");
	mproci_reply_bulk(push, channel);
	mproci_reply_bulk(push, message);
	mproci_session_end_push(session);
}

static void send_matching(
	mproci_session *session, mproci_view pattern, mproci_view channel, mproci_view message)
{
	mproci_reply *push = mproci_session_begin_push(session);

	mproci_reply_push(push, 4);
	mproci_reply_text(push, "pmessage");
	mproci_reply_bulk(push, pattern);
	mproci_reply_bulk(push, channel);
	mproci_reply_bulk(push, message);
	mproci_session_end_push(session);
}

static size_t publish_to_patterns(const mproci_hash_table *patterns, mproci_view name, mproci_view message)
{
	const struct channel *pattern = NULL;
	size_t receivers = 0;

	while ((pattern = mproci_named_next(patterns, pattern)) != NULL) {
		mproci_view text = mproci_named_name(patterns, pattern);

		if (!mproci_glob_matches(text, name))
			continue;
		receivers += pattern->count;
		for (const struct subscription *to = pattern->first; to != NULL; to = to->next)
			send_matching(to->session, text, name, message);
	}
	return receivers;
}

size_t mproci_channels_publish(mproci_channels *channels, mproci_view name, mproci_view message)
{
	const struct channel *channel = mproci_named_find(channels->channels[MPROCI_CHANNEL], name);
	size_t receivers = channel == NULL ? 0 : channel->count;

	if (channel != NULL)
		for (const struct subscription *to = channel->first; to != NULL; to = to->next)
			send_message(to->session, name, message);
	return receivers + publish_to_patterns(channels->channels[MPROCI_PATTERN], name, message);
}

size_t mproci_channels_listeners(const mproci_channels *channels, mproci_channel_kind kind, mproci_view name)
{
	const struct channel *channel = mproci_named_find(channels->channels[kind], name);

	return channel == NULL ? 0 : channel->count;
}

size_t mproci_channels_count(const mproci_channels *channels, mproci_channel_kind kind)
{
	return channels->channels[kind]->count;
}

void mproci_channels_visit(
	const mproci_channels *channels, void (*visit)(void *context, mproci_view name), void *context)
{
	const mproci_hash_table *all = channels->channels[MPROCI_CHANNEL];
	const struct channel *channel = NULL;

	while ((channel = mproci_named_next(all, channel)) != NULL)
		visit(context, mproci_named_name(all, channel));
}
