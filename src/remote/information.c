/* SPDX-License-Identifier: MIT */
/*
 * What the server is, and whether its replicas follow.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "remote/asking.h"
#include "remote/durability.h"
#include "remote/opening.h"
#include "remote/remote.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In which there is no use in asking once more. */
static const int64_t LAST_MOMENT = 200 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static void read_info(const char *text, mproc_remote_info *ret_info)
{
	char value[sizeof ret_info->version];

	if (mproci_info_find(text, "mproc_version", ret_info->version, sizeof ret_info->version))
		ret_info->kind = MPROC_REMOTE_MANAGER;
	else
		mproci_info_find(text, "redis_version", ret_info->version, sizeof ret_info->version);
	/* Its own word for a replica is another one. */
	if (mproci_info_find(text, "role", value, sizeof value) && strcmp(value, "master") != 0)
		ret_info->role = MPROC_REMOTE_REPLICA;
	if (mproci_info_find(text, "connected_slaves", value, sizeof value))
		ret_info->replicas = (unsigned)strtoul(value, NULL, 10);
}

int mproc_remote_get_info(mproc_remote *remote, mproc_deadline deadline, mproc_remote_info *ret_info)
{
	mproci_request requests[MPROCI_DURABILITY_REQUESTS];
	redisReply *replies[MPROCI_DURABILITY_REQUESTS] = {NULL};
	const char *text;
	mproci_durability durability;
	int rc;

	rc = mproci_remote_check(remote, "-");
	if (rc < 0)
		return rc;
	if (ret_info == NULL)
		return mproci_fail(-EINVAL, "ret_info is NULL");
	mproci_durability_prepare(requests);
	rc = mproci_remote_ask_many(remote, requests, MPROCI_DURABILITY_REQUESTS, deadline, replies);
	if (rc < 0)
		return rc;
	mproci_durability_judge(replies, &durability);
	text = replies[MPROCI_DURABILITY_INFO]->str;
	rc = mproci_remote_refuse_error("INFO", replies[MPROCI_DURABILITY_INFO]);
	if (rc == 0 && text == NULL)
		rc = mproci_fail(-EBADMSG, "INFO: the server answers with something that is no text");
	if (rc == 0) {
		*ret_info = (mproc_remote_info){.durability = durability.level};
		read_info(text, ret_info);
	}
	for (size_t i = 0; i < MPROCI_DURABILITY_REQUESTS; ++i)
		freeReplyObject(replies[i]);
	return rc;
}

/*
 * Ask once, over the connection that all was changed over: another one would be told of replicas that have what was changed over
 * that, which is nothing.
 */
static int ask_replicas(mproc_remote *remote, unsigned count, mproc_deadline deadline, int64_t *ret_count)
{
	/* Redis looks ten times a second who has waited long enough. */
	const int64_t most = 1000, for_answer = 150;
	int64_t milliseconds = most;
	mproci_request request;
	mproci_question question;
	int rc;

	if (deadline != MPROC_FOREVER)
		milliseconds =
			(deadline - mproci_clock_now()) / MPROCI_NANOSECONDS_PER_MILLISECOND - for_answer;
	mproci_request_begin(&request, "WAIT", false);
	mproci_request_add_integer(&request, count);
	/* 0 would be for ever. */
	mproci_request_add_integer(
		&request, milliseconds < 1 ? 1 : (milliseconds < most ? milliseconds : most));
	question = (mproci_question){
		.command = {.count = request.count, .arguments = request.arguments, .sizes = request.sizes}};
	rc = mproci_ask_here(remote, &question, 1, deadline);
	if (rc < 0)
		return rc;
	rc = mproci_remote_refuse_error("WAIT", question.reply);
	if (rc == 0 && question.reply->type != REDIS_REPLY_INTEGER)
		rc = mproci_fail(-EBADMSG, "WAIT: the server does not answer with a number");
	*ret_count = question.reply->integer;
	freeReplyObject(question.reply);
	return rc;
}

/* A server may answer at once that there are not enough, as a manager does, which has none. */
static int ask_and_pause(mproc_remote *remote, unsigned count, mproc_deadline deadline, int64_t *ret_count)
{
	const mproc_deadline next = mproc_after(1);
	int rc;

	rc = ask_replicas(remote, count, deadline, ret_count);
	if (rc == 0 && *ret_count < count)
		mproci_poll(NULL, 0, mproci_deadline_earlier(deadline, next));
	return rc;
}

/* With the turn. */
static int wait_for(mproc_remote *remote, unsigned count, mproc_deadline deadline, unsigned *ret_count)
{
	int64_t have = 0;
	int rc = 0;

	if (remote->line != NULL && remote->late == 0 && mproci_line_is_stale(remote->line))
		mproci_remote_hang_up(remote);
	if (remote->has_broken) {
		remote->has_broken = false;
		return mproci_fail(-ECONNRESET,
			"%s: the connection has broken: what was changed before may be lost",
			remote->url.shown);
	}
	if (remote->line == NULL)
		rc = mproci_opening_try(remote, deadline, &remote->line);
	if (rc < 0)
		return rc;
	do
		rc = ask_and_pause(remote, count, deadline, &have);
	while (rc == 0 && have < count
		&& !mproci_deadline_passed(deadline, mproci_clock_now() + LAST_MOMENT));
	if (rc < 0)
		return rc;
	if (have < count)
		return mproci_fail(-ETIMEDOUT, "%s: %lld of %u replicas have it at the deadline",
			remote->url.shown, (long long)have, count);
	if (ret_count != NULL)
		*ret_count = (unsigned)have;
	return 0;
}

int mproc_remote_wait_replicas(
	mproc_remote *remote, unsigned count, mproc_deadline deadline, unsigned *ret_count)
{
	int rc;

	rc = mproci_remote_check(remote, "-");
	if (rc < 0)
		return rc;
	deadline = mproci_remote_until(deadline);
	rc = mproci_remote_enter(remote, deadline);
	if (rc < 0)
		return rc;
	rc = wait_for(remote, count, deadline, ret_count);
	if (rc == -ECONNABORTED || rc == -ECONNRESET) {
		rc = -ECONNRESET;
		/* It is said now. */
		remote->has_broken = false;
	}
	mproci_remote_leave(remote);
	return rc;
}
