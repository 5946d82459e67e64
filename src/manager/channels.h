/* SPDX-License-Identifier: MIT */
/*
 * manager/channels.h - who hears what is published: channels by their name, or by a pattern that it matches.
 *
 * A channel is there as long as somebody is subscribed to it.  A client that ends is subscribed to nothing
 * any more.
 */
#ifndef MANAGER_CHANNELS_H
#define MANAGER_CHANNELS_H

#include "manager/session.h"

typedef struct mproci_channels mproci_channels;

typedef enum mproci_channel_kind {
	MPROCI_CHANNEL,
	MPROCI_PATTERN,
	MPROCI_CHANNEL_KINDS,
} mproci_channel_kind;

enum {
	/* What one client may have, at most. */
	MPROCI_CHANNELS_MOST = 10000,
	MPROCI_PATTERNS_MOST = 1000,
	/* Of one name. */
	MPROCI_CHANNEL_NAME_MOST = 128 * 1024,
};

/* Returns NULL when there is no memory. */
mproci_channels *mproci_channels_create(void);
/* When all sessions have ended. */
void mproci_channels_destroy(mproci_channels *channels);

/* The server's; it makes them, and takes them away. */
mproci_channels *mproci_server_channels(const mproci_server *server);

/*
 * Returns 0, also when it was subscribed already; -ENOMEM, -ENOBUFS (it has as many as it may have),
 * -EMSGSIZE (the name is too long).
 */
int mproci_channels_subscribe(
	mproci_channels *channels, mproci_session *session, mproci_channel_kind kind, mproci_view name);
void mproci_channels_unsubscribe(
	mproci_channels *channels, mproci_session *session, mproci_channel_kind kind, mproci_view name);

/* One that it is subscribed to, for as long as it is.  Returns whether there is any. */
bool mproci_channels_any_of(mproci_channels *channels, const mproci_session *session,
	mproci_channel_kind kind, mproci_view *ret_name);

/* To how many channels and patterns. */
size_t mproci_channels_count_of(mproci_channels *channels, const mproci_session *session);

/* As if it had ended: for RESET. */
void mproci_channels_leave(mproci_channels *channels, mproci_session *session);

/* Returns to how many it was sent: to a client twice, that has subscribed to the channel and to a pattern. */
size_t mproci_channels_publish(mproci_channels *channels, mproci_view name, mproci_view message);

/* How many are subscribed to it. */
size_t mproci_channels_listeners(const mproci_channels *channels, mproci_channel_kind kind, mproci_view name);
/* How many channels, or patterns, there are. */
size_t mproci_channels_count(const mproci_channels *channels, mproci_channel_kind kind);
/* Call @visit for every channel. */
void mproci_channels_visit(
	const mproci_channels *channels, void (*visit)(void *context, mproci_view name), void *context);

#endif
