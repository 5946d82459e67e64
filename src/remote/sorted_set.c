/* SPDX-License-Identifier: MIT */
/*
 * A sorted set is a sorted set of the server.
 */
#include "remote/gather.h"
#include "remote/object.h"

#include "base/error.h"
#include "sys/number.h"

#include <errno.h>
#include <math.h>
#include <mproc/remote_sorted_set.h>
#include <stdlib.h>

static int begin(const mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	const void *member, size_t size, mproci_request *request)
{
	return mproci_object_begin_with(
		remote, name, command, is_repeatable, "member", member, size, request);
}

/* Begin with a number in front of the member. */
static int begin_scored(const mproc_remote *remote, const char *name, const char *command, bool is_repeatable,
	double number, const void *member, size_t size, mproci_request *request)
{
	int rc;

	rc = mproci_object_begin(remote, name, command, is_repeatable, request);
	if (rc < 0)
		return rc;
	if (isnan(number))
		return mproci_fail(-EINVAL, "a score is to be a number, not NaN");
	mproci_request_add_double(request, number);
	return mproci_object_add(request, "member", member, size);
}

static int refuse_absent(int rc)
{
	return rc == -ENOENT ? mproci_answer(rc, "it is not in the sorted set") : rc;
}

/* Ask for a score; -ENOENT: there is none. */
static int ask_score(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, double *ret_score)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_ask_bytes(remote, request, deadline, &reply);
	if (rc != 0)
		return refuse_absent(rc);
	if (!mproci_number_read(reply->str, reply->len, ret_score))
		return mproci_remote_refuse_reply(remote, request, reply);
	freeReplyObject(reply);
	return 0;
}

int mproc_remote_sorted_set_add(mproc_remote *remote, const char *name, const void *member, size_t size,
	double score, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = begin_scored(remote, name, "ZADD", true, score, member, size, &request);
	return rc < 0 ? rc : mproci_remote_tell(remote, &request, deadline);
}

int mproc_remote_sorted_set_increment(mproc_remote *remote, const char *name, const void *member, size_t size,
	double number, mproc_deadline deadline, double *ret_score)
{
	mproci_request request;
	double score = 0;
	int rc;

	rc = begin_scored(remote, name, "ZINCRBY", false, number, member, size, &request);
	if (rc == 0)
		rc = ask_score(remote, &request, deadline, &score);
	if (rc == 0 && ret_score != NULL)
		*ret_score = score;
	return rc;
}

int mproc_remote_sorted_set_score(mproc_remote *remote, const char *name, const void *member, size_t size,
	mproc_deadline deadline, double *ret_score)
{
	mproci_request request;
	int rc;

	if (ret_score == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	rc = begin(remote, name, "ZSCORE", true, member, size, &request);
	return rc < 0 ? rc : ask_score(remote, &request, deadline, ret_score);
}

int mproc_remote_sorted_set_remove(
	mproc_remote *remote, const char *name, const void *member, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	int64_t count;
	int rc;

	rc = begin(remote, name, "ZREM", false, member, size, &request);
	if (rc == 0)
		rc = mproci_remote_ask_integer(remote, &request, deadline, &count);
	if (rc != 0)
		return rc;
	return count > 0 ? 0 : refuse_absent(-ENOENT);
}

ssize_t mproc_remote_sorted_set_rank(
	mproc_remote *remote, const char *name, const void *member, size_t size, mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply;
	ssize_t rank;
	int rc;

	rc = begin(remote, name, "ZRANK", true, member, size, &request);
	if (rc == 0)
		rc = mproci_remote_ask(remote, &request, deadline, &reply);
	if (rc != 0)
		return rc;
	if (reply->type != REDIS_REPLY_NIL && (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0))
		return mproci_remote_refuse_reply(remote, &request, reply);
	rank = reply->type == REDIS_REPLY_NIL ? -ENOENT : (ssize_t)reply->integer;
	freeReplyObject(reply);
	return rank < 0 ? refuse_absent(-ENOENT) : rank;
}

ssize_t mproc_remote_sorted_set_count(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_count(remote, name, "ZCARD", deadline);
}

int mproc_remote_sorted_set_clear(mproc_remote *remote, const char *name, mproc_deadline deadline)
{
	return mproci_object_clear(remote, name, deadline);
}

int mproc_remote_sorted_set_range_by_rank(mproc_remote *remote, const char *name, ssize_t first, ssize_t end,
	mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "ZRANGE", true, &request);
	if (rc < 0)
		return rc;
	mproci_object_add_range(&request, first, end);
	mproci_request_add_text(&request, "WITHSCORES");
	return mproci_remote_gather(remote, &request, MPROCI_GATHER_SCORES, deadline, ret_snapshot);
}

int mproc_remote_sorted_set_range_by_score(mproc_remote *remote, const char *name, double lowest,
	double highest, size_t most, mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	mproci_request request;
	int rc;

	rc = mproci_object_begin(remote, name, "ZRANGEBYSCORE", true, &request);
	if (rc < 0)
		return rc;
	if (isnan(lowest) || isnan(highest))
		return mproci_fail(-EINVAL, "%s is NaN", isnan(lowest) ? "lowest" : "highest");
	mproci_request_add_double(&request, lowest);
	mproci_request_add_double(&request, highest);
	mproci_request_add_text(&request, "WITHSCORES");
	mproci_request_add_text(&request, "LIMIT");
	mproci_request_add_integer(&request, 0);
	/* There a negative number is without a bound. */
	mproci_request_add_integer(&request, most == 0 || most > INT64_MAX ? -1 : (int64_t)most);
	return mproci_remote_gather(remote, &request, MPROCI_GATHER_SCORES, deadline, ret_snapshot);
}

int mproc_remote_sorted_set_pop_lowest(mproc_remote *remote, const char *name, mproc_deadline deadline,
	void **ret_member, size_t *ret_size, double *ret_score)
{
	const redisReply *text;
	redisReply *reply;
	double score;
	int rc;

	if (ret_member == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	rc = mproci_object_pop_patiently(remote, name, "BZPOPMIN", 3, deadline, &reply);
	if (rc < 0)
		return rc;
	text = reply->element[2];
	if (!mproci_number_read(text->str, text->len, &score))
		rc = mproci_fail(-EBADMSG, "the server gave \"%.40s\" as a score", text->str);
	else
		rc = mproci_object_copy(reply->element[1], ret_member, ret_size);
	freeReplyObject(reply);
	if (rc == 0 && ret_score != NULL)
		*ret_score = score;
	return rc;
}
