/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/queue.h"

#include <errno.h>

int mproc_remote_queue_dead(mproc_remote_queue *queue, size_t count, mproc_deadline deadline,
	mproc_remote_message *ret_messages, size_t *ret_count)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_DEAD, MPROCI_QUEUE_BODIES, MPROCI_QUEUE_META};
	mproci_request request;
	redisReply *reply;
	int rc;

	rc = mproci_remote_queue_check_many(queue, count, ret_messages, ret_count);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(queue, &request, "mproc_queue_dead", parts, sizeof parts / sizeof *parts);
	mproci_request_add_integer(&request, (int64_t)count);
	rc = mproci_remote_ask(queue->remote, &request, deadline, &reply);
	if (rc < 0)
		return rc;
	return mproci_remote_messages_take(queue->remote, &request, reply, 3, count, ret_messages, ret_count);
}

static int tell(
	const mproc_remote_queue *queue, mproci_request *request, const char *id, mproc_deadline deadline)
{
	int64_t answer;
	int rc;

	mproci_request_add_text(request, id);
	rc = mproci_remote_ask_integer(queue->remote, request, deadline, &answer);
	if (rc < 0 || answer == 1)
		return rc < 0 ? rc : 0;
	return mproci_fail(
		-ENOENT, "remote queue \"%.100s\": no dead letter has the id \"%.100s\"", queue->name, id);
}

static int check(const mproc_remote_queue *queue, const char *id)
{
	int rc;

	rc = mproci_remote_queue_check(queue);
	return rc < 0 ? rc : mproci_remote_queue_check_id(queue, id);
}

int mproc_remote_queue_revive(mproc_remote_queue *queue, const char *id, mproc_deadline deadline)
{
	static const mproci_queue_part parts[] = {
		MPROCI_QUEUE_READY, MPROCI_QUEUE_DEAD, MPROCI_QUEUE_META, MPROCI_QUEUE_WAKE};
	mproci_request request;
	int rc;

	rc = check(queue, id);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(queue, &request, "mproc_queue_revive", parts, sizeof parts / sizeof *parts);
	return tell(queue, &request, id, deadline);
}

int mproc_remote_queue_drop(mproc_remote_queue *queue, const char *id, mproc_deadline deadline)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_DEAD, MPROCI_QUEUE_BODIES, MPROCI_QUEUE_META};
	mproci_request request;
	int rc;

	rc = check(queue, id);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(queue, &request, "mproc_queue_drop", parts, sizeof parts / sizeof *parts);
	return tell(queue, &request, id, deadline);
}
