/* SPDX-License-Identifier: MIT */
#include "remote/gather.h"

#include "base/error.h"
#include "collections/gathering.h"
#include "sys/number.h"

#include <errno.h>

/* Returns whether it is an array of bytes, as many as @kind demands. */
static bool is_sound(const redisReply *reply, mproci_gather_kind kind)
{
	bool is_by_turns = kind == MPROCI_GATHER_PAIRS || kind == MPROCI_GATHER_SCORES;

	if (reply->type != REDIS_REPLY_ARRAY || (is_by_turns && reply->elements % 2 != 0))
		return false;
	for (size_t i = 0; i < reply->elements; ++i) {
		const redisReply *one = reply->element[i];
		double score;

		if (one->type != REDIS_REPLY_STRING)
			return false;
		if (kind == MPROCI_GATHER_SCORES && i % 2 == 1
			&& !mproci_number_read(one->str, one->len, &score))
			return false;
	}
	return true;
}

static int add_score(mproci_gathering *gathering, const redisReply *member, const redisReply *text)
{
	double score = 0;

	mproci_number_read(text->str, text->len, &score);
	return mproci_gathering_add_copy(gathering, member->str, member->len, &score, sizeof score);
}

static int add_entry(mproci_gathering *gathering, const redisReply *reply, size_t i, mproci_gather_kind kind)
{
	const redisReply *one = reply->element[i];
	const redisReply *next;

	if (kind == MPROCI_GATHER_KEYS)
		return mproci_gathering_add_copy(gathering, one->str, one->len, NULL, 0);
	if (kind == MPROCI_GATHER_VALUES)
		return mproci_gathering_add_copy(gathering, NULL, 0, one->str, one->len);
	next = reply->element[i + 1];
	if (kind == MPROCI_GATHER_SCORES)
		return add_score(gathering, one, next);
	return mproci_gathering_add_copy(gathering, one->str, one->len, next->str, next->len);
}

static int gather(const redisReply *reply, mproci_gather_kind kind, mproc_snapshot **ret_snapshot)
{
	size_t step = kind == MPROCI_GATHER_PAIRS || kind == MPROCI_GATHER_SCORES ? 2 : 1;
	mproci_gathering gathering = {0};

	for (size_t i = 0; i < reply->elements; i += step) {
		int rc = add_entry(&gathering, reply, i, kind);

		if (rc < 0) {
			mproci_gathering_drop(&gathering);
			return rc;
		}
	}
	return mproci_gathering_end(&gathering, ret_snapshot);
}

int mproci_remote_gather(mproc_remote *remote, const mproci_request *request, mproci_gather_kind kind,
	mproc_deadline deadline, mproc_snapshot **ret_snapshot)
{
	redisReply *reply;
	int rc;

	if (ret_snapshot == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	rc = mproci_remote_ask(remote, request, deadline, &reply);
	if (rc < 0)
		return rc;
	if (!is_sound(reply, kind))
		return mproci_remote_refuse_reply(remote, request, reply);
	rc = gather(reply, kind, ret_snapshot);
	freeReplyObject(reply);
	return rc;
}
