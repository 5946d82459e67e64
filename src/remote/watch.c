/* SPDX-License-Identifier: MIT */
/*
 * A watch is in one of these states, and goes from one to the next as fast as the server answers, by looks that do not wait:
 *
 *   down          no line; the next attempt has its time
 *   subscribing   the subscriber has a line, which is not confirmed
 *   reading       it is confirmed; another line reads the value
 *   known         the value was read, or a change was told
 *
 * The value is read after the subscription is confirmed: so each change is in the value, or is told, or both.  A change that is told counts
 * more than the value: should the value be the newer one, another change is on its way.  A line that is subscribed can ask
 * nothing, hence the second one.
 */
#include "remote/event.h"
#include "remote/subscriber.h"

#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/remote_event.h>
#include <mproc/remote_watch.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Messages taken by one look; the others stay for the next one. */
	MOST_MESSAGES = 1000,
	MOST_DOUBLINGS = 6,
};

/* Nanoseconds. */
static const int64_t between_looks = INT64_C(1000000);
static const int64_t first_pause = INT64_C(100000000), longest_pause = INT64_C(5000000000);
static const int64_t reading_time = INT64_C(10000000000);

struct mproc_remote_watch {
	/* What the last look found: 1, 0, -ECONNRESET; and until when it counts. */
	int answer;
	int64_t next_look;
	mproci_subscriber subscriber;
	char *name;
	bool is_known, is_set;
	/* While it reads the value: over that line, after so many replies to what logs in, until then. */
	mproci_line *reading;
	size_t greetings;
	int64_t reading_end;
	/* While it is down: attempts that have failed one after the other, when the next one is due, and what happened. */
	unsigned failures;
	int64_t next_attempt;
	char reason[160];
};

static void stop_reading(mproc_remote_watch *watch)
{
	watch->reading = mproci_line_close(watch->reading);
}

/* Those who have lost the same server do not all come back at once. */
static int64_t pause_after(unsigned failures, int64_t now)
{
	int64_t pause = first_pause << (failures < MOST_DOUBLINGS ? failures : MOST_DOUBLINGS);

	if (pause > longest_pause)
		pause = longest_pause;
	return pause + now % (pause / 4);
}

/* The error text says why. */
static void go_down(mproc_remote_watch *watch, int64_t now)
{
	snprintf(watch->reason, sizeof watch->reason, "%s", mproc_error_text());
	stop_reading(watch);
	watch->subscriber.line = mproci_line_close(watch->subscriber.line);
	watch->is_known = false;
	watch->next_attempt = now + pause_after(watch->failures++, now);
}

static void learn(mproc_remote_watch *watch, bool is_set)
{
	watch->is_set = is_set;
	watch->is_known = true;
	watch->failures = 0;
	stop_reading(watch);
}

static int begin_reading(mproc_remote_watch *watch, int64_t now)
{
	mproci_request request;
	int rc;

	rc = mproci_remote_begin_another(watch->subscriber.remote,
		mproci_line_address(watch->subscriber.line), 0, &watch->reading, &watch->greetings);
	if (rc < 0)
		return rc;
	watch->reading_end = now + reading_time;
	mproci_request_begin(&request, "GET", true);
	mproci_request_add_text(&request, watch->name);
	rc = mproci_remote_send(watch->reading, &request, MPROC_NOW);
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Take a reply to what logs in, or the value.  Returns 0 or a negative errno with an error text. */
static int take_reply(mproc_remote_watch *watch, const redisReply *reply)
{
	int rc;

	rc = mproci_remote_refuse_error("GET", reply);
	if (rc < 0)
		return rc;
	if (watch->greetings > 0) {
		--watch->greetings;
		return 0;
	}
	rc = mproci_event_judge(reply);
	if (rc < 0)
		return rc;
	learn(watch, rc == 1);
	return 0;
}

/* Returns 0 or a negative errno with an error text. */
static int read_on(mproc_remote_watch *watch, int64_t now)
{
	redisReply *reply;
	int rc;

	while (watch->reading != NULL) {
		rc = mproci_remote_receive(watch->reading, MPROC_NOW, &reply);
		if (rc == -ETIMEDOUT && now < watch->reading_end)
			return 0;
		if (rc == -ETIMEDOUT || rc == -ECONNRESET)
			return mproci_fail(-ECONNRESET, "the server does not tell the value");
		if (rc < 0)
			return rc;
		rc = take_reply(watch, reply);
		freeReplyObject(reply);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Take what is told.  Returns 0 or a negative errno with an error text. */
static int listen_on(mproc_remote_watch *watch, int64_t now)
{
	for (int count = 0; count < MOST_MESSAGES; ++count) {
		redisReply *message;
		int rc;

		rc = mproci_subscriber_receive(&watch->subscriber, MPROC_NOW, &message);
		if (rc == -ETIMEDOUT)
			return 0;
		if (rc == MPROCI_SUBSCRIBER_CONFIRMED)
			rc = begin_reading(watch, now);
		if (rc < 0)
			return rc;
		if (rc != MPROCI_SUBSCRIBER_MESSAGE)
			continue;
		rc = mproci_event_judge(message);
		freeReplyObject(message);
		if (rc < 0)
			return rc;
		learn(watch, rc == 1);
	}
	return 0;
}

static int take_step(mproc_remote_watch *watch, int64_t now)
{
	int rc = 0;

	if (watch->subscriber.line == NULL && now < watch->next_attempt)
		return 0;
	if (watch->subscriber.line == NULL)
		rc = mproci_subscriber_begin(&watch->subscriber);
	if (rc == 0)
		rc = listen_on(watch, now);
	return rc < 0 ? rc : read_on(watch, now);
}

static void look(mproc_remote_watch *watch, int64_t now)
{
	if (take_step(watch, now) < 0)
		go_down(watch, now);
	watch->answer = watch->is_known ? watch->is_set : -ECONNRESET;
	watch->next_look = now + between_looks;
}

static int open_watch(
	mproc_remote_watch *watch, mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	int rc;

	rc = mproci_subscriber_init(&watch->subscriber, remote, MPROCI_EVENT_CHANNEL, name);
	if (rc < 0)
		return rc;
	watch->name = strdup(name);
	if (watch->name == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for a watch");
	rc = mproci_subscriber_open(&watch->subscriber, deadline);
	if (rc < 0)
		return rc;
	rc = mproc_remote_event_is_set(remote, name, deadline);
	if (rc < 0)
		return rc;
	learn(watch, rc == 1);
	watch->answer = rc;
	return 0;
}

int mproc_remote_watch_open(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_remote_watch **ret_watch)
{
	mproc_remote_watch *watch;
	int rc;

	if (ret_watch == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for a watch");
	rc = open_watch(watch, remote, name, deadline);
	if (rc < 0) {
		mproc_remote_watch_close(watch);
		return rc;
	}
	*ret_watch = watch;
	return 0;
}

int mproc_remote_watch_is_set(mproc_remote_watch *watch)
{
	int64_t now;
	int rc;

	if (watch == NULL)
		return mproci_fail(-EINVAL, "watch is NULL");
	rc = mproci_subscriber_check(&watch->subscriber);
	if (rc < 0)
		return rc;
	now = mproci_clock_now();
	if (now >= watch->next_look)
		look(watch, now);
	if (watch->answer < 0)
		return mproci_fail(
			watch->answer, "flag \"%.80s\": not known, %s", watch->name, watch->reason);
	return watch->answer;
}

mproc_remote_watch *mproc_remote_watch_close(mproc_remote_watch *watch)
{
	if (watch != NULL) {
		stop_reading(watch);
		mproci_subscriber_end(&watch->subscriber);
		free(watch->name);
		free(watch);
	}
	return NULL;
}
