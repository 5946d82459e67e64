/* SPDX-License-Identifier: MIT */
/*
 * A server that says nothing may have nothing to say, or be gone without a word, as when its machine lost power.  So who has heard nothing
 * for a while asks for a sign of life, and gives the line up when none comes.
 */
#include "remote/subscriber.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* To come back to the same address; after them the host is looked up, for it may have moved. */
	ATTEMPTS_AT_ADDRESS = 6,
	/* Replies of no interest that are taken although the deadline has come. */
	MOST_AT_ONCE = 100,
};

/* Nanoseconds of silence until the server is asked for a sign of life, and then until it is given up. */
static const int64_t silence = INT64_C(10000000000);

/* Seconds. */
static const double between_attempts = 0.1;

static char *join(const char *prefix, const char *name)
{
	size_t size = strlen(prefix) + strlen(name) + 1;
	char *whole = malloc(size);

	if (whole != NULL)
		snprintf(whole, size, "%s%s", prefix, name);
	return whole;
}

int mproci_subscriber_init(
	mproci_subscriber *subscriber, mproc_remote *remote, const char *prefix, const char *name)
{
	char *channel;
	int rc;

	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	channel = join(prefix, name);
	if (channel == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for a subscription");
	*subscriber = (mproci_subscriber){
		.remote = remote, .channel = channel, .process = mproci_line_generation()};
	return 0;
}

static int give_up(mproci_subscriber *subscriber, int rc)
{
	subscriber->line = mproci_line_close(subscriber->line);
	return rc;
}

void mproci_subscriber_end(mproci_subscriber *subscriber)
{
	give_up(subscriber, 0);
	free(subscriber->channel);
	subscriber->channel = NULL;
}

int mproci_subscriber_check(const mproci_subscriber *subscriber)
{
	if (subscriber->process == mproci_line_generation())
		return 0;
	return mproci_fail(-ECHILD, "channel \"%.150s\": subscribed to by another process than this one",
		subscriber->channel);
}

/* Have a command sent now, or with what is done next. */
static int send_soon(mproci_subscriber *subscriber, const mproci_request *request)
{
	int rc;

	rc = mproci_remote_send(subscriber->line, request, MPROC_NOW);
	if (rc == 0 || rc == -ETIMEDOUT)
		return 0;
	return rc == -ECONNRESET ? mproci_fail(rc, "the server has hung up") : rc;
}

/* The line is new. */
static int subscribe(mproci_subscriber *subscriber, size_t greetings)
{
	mproci_request request;
	int rc;

	subscriber->greetings = greetings;
	subscriber->is_confirmed = false;
	subscriber->is_asked = false;
	subscriber->heard = mproci_clock_now();
	mproci_request_begin(&request, "SUBSCRIBE", true);
	mproci_request_add_text(&request, subscriber->channel);
	rc = send_soon(subscriber, &request);
	return rc < 0 ? give_up(subscriber, rc) : 0;
}

/* Returns -ECONNRESET when it has broken before it was subscribed. */
static int try_to_open(mproci_subscriber *subscriber, mproc_deadline deadline)
{
	redisReply *message;
	int rc;

	rc = mproci_remote_open_another(subscriber->remote, deadline, &subscriber->line);
	if (rc < 0)
		return rc;
	rc = subscribe(subscriber, 0);
	if (rc < 0)
		return rc;
	/* With MPROC_NOW nobody is waited for but the server. */
	rc = mproci_subscriber_receive(subscriber, deadline < 0 ? mproc_after(1) : deadline, &message);
	if (rc == MPROCI_SUBSCRIBER_CONFIRMED)
		return 0;
	if (rc == -ETIMEDOUT)
		rc = mproci_fail(rc, "channel \"%.150s\": the server did not answer until the deadline",
			subscriber->channel);
	return give_up(subscriber, rc);
}

bool mproci_subscriber_pause(mproc_deadline deadline)
{
	if (mproci_deadline_passed(deadline, mproci_clock_now()))
		return false;
	mproci_poll(NULL, 0, mproci_deadline_earlier(deadline, mproc_after(between_attempts)));
	return !mproci_deadline_passed(deadline, mproci_clock_now());
}

int mproci_subscriber_open(mproci_subscriber *subscriber, mproc_deadline deadline)
{
	int rc;

	do
		rc = try_to_open(subscriber, deadline);
	while (rc == -ECONNRESET && mproci_subscriber_pause(deadline));
	return rc;
}

int mproci_subscriber_begin(mproci_subscriber *subscriber)
{
	bool is_known = subscriber->has_address && subscriber->attempts < ATTEMPTS_AT_ADDRESS;
	size_t greetings;
	int rc;

	rc = mproci_remote_begin_another(subscriber->remote, is_known ? &subscriber->address : NULL,
		subscriber->attempts++, &subscriber->line, &greetings);
	return rc < 0 ? rc : subscribe(subscriber, greetings);
}

static int ask_for_sign(mproci_subscriber *subscriber)
{
	mproci_request request;

	subscriber->is_asked = true;
	subscriber->heard = mproci_clock_now();
	mproci_request_begin(&request, "PING", true);
	return send_soon(subscriber, &request);
}

/* Receive a reply until the deadline.  Returns 0; -ETIMEDOUT, or another negative errno with an error text. */
static int hear(mproci_subscriber *subscriber, mproc_deadline deadline, redisReply **ret_reply)
{
	for (;;) {
		mproc_deadline until = mproci_deadline_earlier(deadline, subscriber->heard + silence);
		int64_t now;
		int rc;

		rc = mproci_remote_receive(subscriber->line, until, ret_reply);
		now = mproci_clock_now();
		if (rc == 0) {
			subscriber->heard = now;
			subscriber->is_asked = false;
		}
		if (rc == -ECONNRESET)
			return mproci_fail(rc, "the server has hung up");
		if (rc != -ETIMEDOUT)
			return rc;
		if (now - subscriber->heard >= silence) {
			if (subscriber->is_asked || !subscriber->is_confirmed)
				return mproci_fail(-ECONNRESET, "the server gives no sign of life");
			rc = ask_for_sign(subscriber);
			if (rc < 0)
				return rc;
		}
		if (mproci_deadline_passed(deadline, now))
			return -ETIMEDOUT;
	}
}

static bool is_text(const redisReply *reply, const char *text)
{
	return reply->type == REDIS_REPLY_STRING && reply->len == strlen(text)
	       && memcmp(reply->str, text, reply->len) == 0;
}

/* Returns what a reply is; 0: nothing of interest; -EBADMSG with an error text. */
static int judge(const mproci_subscriber *subscriber, const redisReply *reply)
{
	bool is_array = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;

	/* Who may not ask for a sign of life is told so, which is one. */
	if (reply->type == REDIS_REPLY_ERROR && subscriber->is_confirmed)
		return 0;
	if (is_array && is_text(reply->element[0], "pong"))
		return 0;
	if (is_array && reply->elements == 3) {
		if (is_text(reply->element[0], "subscribe") && !subscriber->is_confirmed)
			return MPROCI_SUBSCRIBER_CONFIRMED;
		if (is_text(reply->element[0], "message") && subscriber->is_confirmed
			&& reply->element[2]->type == REDIS_REPLY_STRING)
			return MPROCI_SUBSCRIBER_MESSAGE;
	}
	return mproci_fail(
		-EBADMSG, "channel \"%.100s\": the server sent what is no message", subscriber->channel);
}

static void note_confirmed(mproci_subscriber *subscriber)
{
	subscriber->is_confirmed = true;
	subscriber->address = *mproci_line_address(subscriber->line);
	subscriber->has_address = true;
	subscriber->attempts = 0;
}

/* Take a reply: returns as mproci_subscriber_receive, and 0 for nothing of interest. */
static int take(mproci_subscriber *subscriber, redisReply *reply, redisReply **ret_message)
{
	int rc = 0;

	if (!subscriber->is_confirmed)
		rc = mproci_remote_refuse_error("SUBSCRIBE", reply);
	if (rc < 0)
		return rc;
	if (subscriber->greetings > 0) {
		--subscriber->greetings;
		return 0;
	}
	rc = judge(subscriber, reply);
	if (rc == MPROCI_SUBSCRIBER_CONFIRMED)
		note_confirmed(subscriber);
	if (rc == MPROCI_SUBSCRIBER_MESSAGE) {
		*ret_message = reply->element[2];
		reply->element[2] = NULL;
	}
	return rc;
}

int mproci_subscriber_receive(
	mproci_subscriber *subscriber, mproc_deadline deadline, redisReply **ret_message)
{
	redisReply *reply;
	int rc;

	for (unsigned count = 0;
		count < MOST_AT_ONCE || !mproci_deadline_passed(deadline, mproci_clock_now()); ++count) {
		rc = hear(subscriber, deadline, &reply);
		if (rc == -ETIMEDOUT)
			return rc;
		if (rc < 0)
			return give_up(subscriber, rc);
		rc = take(subscriber, reply, ret_message);
		freeReplyObject(reply);
		if (rc != 0)
			return rc < 0 ? give_up(subscriber, rc) : rc;
	}
	return -ETIMEDOUT;
}
