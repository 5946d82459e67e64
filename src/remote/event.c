/* SPDX-License-Identifier: MIT */
/*
 * An event is a flag.  Who waits subscribes first, and then looks: what happens after the look is told.  But a message may be lost, when the
 * one who changed the flag was no mproc, or the connection broke: so who waits looks once a second.
 */
#include "remote/event.h"

#include "remote/subscriber.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/remote_event.h>
#include <mproc/remote_value.h>

/* Seconds. */
static const double between_looks = 1;

int mproc_remote_event_set(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproc_remote_flag_set(remote, name, deadline);
}

int mproc_remote_event_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproc_remote_flag_clear(remote, name, deadline);
}

int mproc_remote_event_is_set(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproc_remote_flag_get(remote, name, deadline);
}

int mproci_event_judge(const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply->type != REDIS_REPLY_STRING)
		return mproci_fail(-EBADMSG, "the server gave what is no flag");
	return reply->len == 1 && reply->str[0] == '1';
}

/* Listen until it is set, or it is time to look again.  Returns 1 when it is set; 0; or a negative errno: the line has broken. */
static int listen_for_a_while(mproci_subscriber *subscriber, mproc_deadline deadline)
{
	mproc_deadline until = mproci_deadline_earlier(deadline, mproc_after(between_looks));
	redisReply *message;
	int rc;

	do {
		rc = mproci_subscriber_receive(subscriber, until, &message);
		if (rc != MPROCI_SUBSCRIBER_MESSAGE)
			return rc == -ETIMEDOUT ? 0 : rc;
		rc = mproci_event_judge(message);
		freeReplyObject(message);
	} while (rc == 0 && !mproci_deadline_passed(until, mproci_clock_now()));
	return rc;
}

static int check_time(const char *name, mproc_deadline deadline)
{
	if (!mproci_deadline_passed(deadline, mproci_clock_now()))
		return 0;
	return mproci_fail(-ETIMEDOUT, "event \"%.150s\": not set until the deadline", name);
}

/* Returns 1 when it is set; 0: again; or a negative errno. */
static int wait_a_while(mproci_subscriber *subscriber, const char *name, mproc_deadline deadline)
{
	int rc = 0;

	if (subscriber->line == NULL)
		rc = mproci_subscriber_open(subscriber, deadline);
	if (rc == 0)
		rc = mproc_remote_event_is_set(subscriber->remote, name, deadline);
	if (rc != 0)
		return rc;
	rc = check_time(name, deadline);
	if (rc < 0)
		return rc;
	rc = listen_for_a_while(subscriber, deadline);
	if (rc != -ECONNRESET)
		return rc;
	mproci_subscriber_pause(deadline);
	return 0;
}

int mproc_remote_event_wait(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	mproci_subscriber subscriber;
	int rc;

	rc = mproc_remote_event_is_set(remote, name, deadline);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = check_time(name, deadline);
	if (rc == 0)
		rc = mproci_subscriber_init(&subscriber, remote, MPROCI_EVENT_CHANNEL, name);
	if (rc < 0)
		return rc;
	do
		rc = wait_a_while(&subscriber, name, deadline);
	while (rc == 0);
	mproci_subscriber_end(&subscriber);
	return rc < 0 ? rc : 0;
}
