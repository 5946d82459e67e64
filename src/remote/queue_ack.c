/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/queue.h"

#include <errno.h>

static int check(const mproc_remote_queue *queue, const mproc_remote_message *message)
{
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc < 0)
		return rc;
	if (message == NULL || message->id == NULL || message->token <= 0)
		return mproci_remote_queue_fail(queue, -EINVAL, "that is no message that was got");
	return 0;
}

static void add_delivery(mproci_request *request, const mproc_remote_message *message)
{
	mproci_request_add_text(request, message->id);
	mproci_request_add_integer(request, message->token);
}

static int tell(const mproc_remote_queue *queue, const mproci_request *request,
	const mproc_remote_message *message, mproc_deadline deadline)
{
	int64_t answer;
	int rc;

	rc = mproci_remote_ask_integer(queue->remote, request, deadline, &answer);
	if (rc < 0 || answer == 1)
		return rc < 0 ? rc : 0;
	return mproci_fail(-ESTALE,
		"remote queue \"%.80s\": message \"%.80s\" is not owed under token %lld any more",
		queue->name, message->id, (long long)message->token);
}

int mproc_remote_queue_ack(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_BODIES, MPROCI_QUEUE_OWED, MPROCI_QUEUE_META};
	mproci_request request;
	int rc;

	rc = check(queue, message);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(queue, &request, "mproc_queue_ack", parts, sizeof parts / sizeof *parts);
	add_delivery(&request, message);
	return tell(queue, &request, message, deadline);
}

int mproc_remote_queue_give_back(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_READY, MPROCI_QUEUE_BODIES, MPROCI_QUEUE_OWED,
		MPROCI_QUEUE_META, MPROCI_QUEUE_WAKE};
	mproci_request request;
	int rc;

	rc = check(queue, message);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(
		queue, &request, "mproc_queue_give_back", parts, sizeof parts / sizeof *parts);
	add_delivery(&request, message);
	return tell(queue, &request, message, deadline);
}

int mproc_remote_queue_extend(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_OWED, MPROCI_QUEUE_META};
	mproci_request request;
	int rc;

	rc = check(queue, message);
	if (rc < 0)
		return rc;
	mproci_remote_queue_begin(queue, &request, "mproc_queue_extend", parts, sizeof parts / sizeof *parts);
	add_delivery(&request, message);
	mproci_request_add_integer(&request, queue->lease);
	return tell(queue, &request, message, deadline);
}
