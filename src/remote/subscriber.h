/* SPDX-License-Identifier: MIT */
/*
 * remote/subscriber.h - a line that is subscribed to one channel, and is opened again when it breaks.
 */
#ifndef REMOTE_SUBSCRIBER_H
#define REMOTE_SUBSCRIBER_H

#include "remote/remote.h"

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Belongs to the process that made it, of which only one thread at a time may use it. */
typedef struct mproci_subscriber {
	mproc_remote *remote;
	char *channel;
	/* Where it was made: mproci_line_generation. */
	unsigned process;
	/* NULL: it has broken. */
	mproci_line *line;
	/* Where it was subscribed last, if anywhere, and how many attempts have failed since then. */
	mproci_dial_address address;
	bool has_address;
	unsigned attempts;
	/* How many replies to what logs in are still to come. */
	size_t greetings;
	/* The server has said that it is subscribed. */
	bool is_confirmed;
	/* When the server was last heard, or began to be waited for; it was asked for a sign of life since then. */
	int64_t heard;
	bool is_asked;
} mproci_subscriber;

/* What came. */
typedef enum mproci_subscriber_news {
	MPROCI_SUBSCRIBER_CONFIRMED = 1,
	MPROCI_SUBSCRIBER_MESSAGE = 2,
} mproci_subscriber_news;

/*
 * Make one for the channel @prefix @name, without a line.  Returns 0; -EINVAL with an error text, as mproci_remote_check; -ENOMEM with an
 * error text.
 */
int mproci_subscriber_init(
	mproci_subscriber *subscriber, mproc_remote *remote, const char *prefix, const char *name);

void mproci_subscriber_end(mproci_subscriber *subscriber);

/* Returns 0, or -ECHILD with an error text: another process has made it. */
int mproci_subscriber_check(const mproci_subscriber *subscriber);

/* Open the line that it has not, and wait until it is subscribed.  Returns 0, or a negative errno with an error text: it has none. */
int mproci_subscriber_open(mproci_subscriber *subscriber, mproc_deadline deadline);

/*
 * Wait a little, so that a server which hangs up at once is not asked without a pause.  Returns whether the deadline has not come
 * meanwhile.
 */
bool mproci_subscriber_pause(mproc_deadline deadline);

/*
 * Open it without waiting; unless the server was not where it had been for some attempts: then its host is looked up.
 * mproci_subscriber_receive tells when it is subscribed.  Returns 0 or a negative errno with an error text.
 */
int mproci_subscriber_begin(mproci_subscriber *subscriber);

/*
 * Take what comes next over the line that it has.  Returns what it is, and of a message its bytes in @ret_message, which is to be freed by
 * freeReplyObject.  -ETIMEDOUT, without an error text; another negative errno with one: the line has broken, and is closed.
 */
int mproci_subscriber_receive(
	mproci_subscriber *subscriber, mproc_deadline deadline, redisReply **ret_message);

#endif
