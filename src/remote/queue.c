/* SPDX-License-Identifier: MIT */
#include "remote/queue.h"

#include "base/error.h"
#include "base/options.h"
#include "remote/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_LEASE = 15000,
	DEFAULT_ID_WINDOW = 600000,
};

static const char *const part_names[MPROCI_QUEUE_PARTS] = {
	[MPROCI_QUEUE_READY] = "ready",
	[MPROCI_QUEUE_BODIES] = "bodies",
	[MPROCI_QUEUE_OWED] = "owed",
	[MPROCI_QUEUE_DEAD] = "dead",
	[MPROCI_QUEUE_SEEN] = "seen",
	[MPROCI_QUEUE_META] = "meta",
	[MPROCI_QUEUE_WAKE] = "wake",
	[MPROCI_QUEUE_ROOM] = "room",
};

int mproci_remote_queue_check(const mproc_remote_queue *queue)
{
	return queue == NULL ? mproci_fail(-EINVAL, "queue is NULL") : 0;
}

int mproci_remote_queue_check_many(const mproc_remote_queue *queue, size_t count,
	const mproc_remote_message *messages, const size_t *ret_count)
{
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc < 0)
		return rc;
	if (messages == NULL || ret_count == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", messages == NULL ? "ret_messages" : "ret_count");
	if (count == 0 || count > MPROC_REMOTE_GET_MAX)
		return mproci_fail(-EINVAL, "count is %zu, not 1 to %d", count, MPROC_REMOTE_GET_MAX);
	return 0;
}

int mproci_remote_queue_check_id(const mproc_remote_queue *queue, const char *id)
{
	size_t size;

	if (id == NULL)
		return mproci_remote_queue_fail(queue, -EINVAL, "the id of a message is NULL");
	size = strnlen(id, MPROC_REMOTE_ID_MAX + 1);
	if (size == 0 || size > MPROC_REMOTE_ID_MAX)
		return mproci_fail(-EINVAL, "remote queue \"%.100s\": an id has %s bytes, not 1 to %d",
			queue->name, size == 0 ? "0" : "more", MPROC_REMOTE_ID_MAX);
	return 0;
}

int mproci_remote_queue_fail(const mproc_remote_queue *queue, int rc, const char *happened)
{
	return mproci_fail(rc, "remote queue \"%.150s\": %s", queue->name, happened);
}

void mproci_remote_queue_begin(const mproc_remote_queue *queue, mproci_request *request, const char *function,
	const mproci_queue_part *parts, size_t count)
{
	mproci_request_begin_function(request, function, count, true);
	for (size_t i = 0; i < count; ++i)
		mproci_request_add_text(request, queue->parts[parts[i]]);
}

static int make_names(mproc_remote_queue *queue, const char *name)
{
	queue->name = strdup(name);
	if (queue->name == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < MPROCI_QUEUE_PARTS; ++i) {
		queue->parts[i] = mproci_part_name(name, part_names[i]);
		if (queue->parts[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int check_options(mproc_remote_queue *queue, const mproc_remote_queue_options *options)
{
	int rc;

	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	if (options->max_messages > INT64_MAX)
		return mproci_fail(-EINVAL, "max_messages is %llu, more than %lld",
			(unsigned long long)options->max_messages, (long long)INT64_MAX);
	queue->max_messages = options->max_messages;
	queue->max_deliveries = options->max_deliveries;
	rc = mproci_part_milliseconds("lease", options->lease, DEFAULT_LEASE, &queue->lease);
	if (rc < 0)
		return rc;
	return mproci_part_milliseconds(
		"id_window", options->id_window, DEFAULT_ID_WINDOW, &queue->id_window);
}

int mproc_remote_queue_open(mproc_remote *remote, const char *name, const mproc_remote_queue_options *options,
	mproc_remote_queue **ret_queue)
{
	static const mproc_remote_queue_options defaults;
	mproc_remote_queue *queue;
	int rc;

	if (ret_queue == NULL)
		return mproci_fail(-EINVAL, "ret_queue is NULL");
	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	queue = calloc(1, sizeof *queue);
	if (queue == NULL)
		return mproci_fail(-ENOMEM, "no memory for a remote queue");
	queue->remote = remote;
	rc = check_options(queue, options == NULL ? &defaults : options);
	if (rc < 0)
		goto fail;
	rc = make_names(queue, name);
	if (rc < 0) {
		mproci_fail(rc, "no memory for a remote queue");
		goto fail;
	}
	*ret_queue = queue;
	return 0;
fail:
	mproc_remote_queue_close(queue);
	return rc;
}

int mproc_remote_queue_count(
	mproc_remote_queue *queue, mproc_deadline deadline, mproc_remote_queue_counts *ret_counts)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_READY, MPROCI_QUEUE_OWED, MPROCI_QUEUE_DEAD};
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc < 0)
		return rc;
	if (ret_counts == NULL)
		return mproci_fail(-EINVAL, "ret_counts is NULL");
	mproci_remote_queue_begin(queue, &request, "mproc_queue_counts", parts, sizeof parts / sizeof *parts);
	rc = mproci_remote_ask(queue->remote, &request, deadline, &reply);
	if (rc < 0)
		return rc;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return mproci_remote_refuse_reply(queue->remote, &request, reply);
	for (size_t i = 0; i < 3; ++i) {
		if (reply->element[i]->type != REDIS_REPLY_INTEGER || reply->element[i]->integer < 0)
			return mproci_remote_refuse_reply(queue->remote, &request, reply);
	}
	ret_counts->ready = (uint64_t)reply->element[0]->integer;
	ret_counts->owed = (uint64_t)reply->element[1]->integer;
	ret_counts->dead = (uint64_t)reply->element[2]->integer;
	freeReplyObject(reply);
	return 0;
}

int mproc_remote_queue_clear(mproc_remote_queue *queue, mproc_deadline deadline)
{
	mproci_request request;
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc < 0)
		return rc;
	mproci_request_begin(&request, "DEL", true);
	for (size_t i = 0; i < MPROCI_QUEUE_PARTS; ++i)
		mproci_request_add_text(&request, queue->parts[i]);
	return mproci_remote_tell(queue->remote, &request, deadline);
}

mproc_remote_queue *mproc_remote_queue_close(mproc_remote_queue *queue)
{
	if (queue == NULL)
		return NULL;
	for (size_t i = 0; i < MPROCI_QUEUE_PARTS; ++i)
		free(queue->parts[i]);
	free(queue->name);
	free(queue);
	return NULL;
}
