/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "remote/queue.h"
#include "remote/waking.h"

#include <errno.h>

/* Returns how many there were, 0: none; or a negative errno with an error text. */
static int ask(mproc_remote_queue *queue, size_t count, mproc_deadline deadline,
	mproc_remote_message *ret_messages, size_t *ret_count)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_READY, MPROCI_QUEUE_BODIES, MPROCI_QUEUE_OWED,
		MPROCI_QUEUE_META, MPROCI_QUEUE_WAKE, MPROCI_QUEUE_DEAD, MPROCI_QUEUE_ROOM};
	mproci_request request;
	redisReply *reply;
	int rc;

	/* When an answer is lost, what it brought comes back after its lease. */
	mproci_remote_queue_begin(queue, &request, "mproc_queue_get", parts, sizeof parts / sizeof *parts);
	mproci_request_add_integer(&request, queue->lease);
	mproci_request_add_integer(&request, (int64_t)count);
	mproci_request_add_integer(&request, queue->max_deliveries);
	rc = mproci_remote_ask(queue->remote, &request, deadline, &reply);
	if (rc < 0)
		return rc;
	return mproci_remote_messages_take(queue->remote, &request, reply, 4, count, ret_messages, ret_count);
}

int mproc_remote_queue_get_many(mproc_remote_queue *queue, size_t count, mproc_deadline deadline,
	mproc_remote_message *ret_messages, size_t *ret_count)
{
	size_t found;
	int rc;

	rc = mproci_remote_queue_check_many(queue, count, ret_messages, ret_count);
	if (rc < 0)
		return rc;
	for (;;) {
		rc = ask(queue, count, deadline, ret_messages, &found);
		if (rc < 0)
			return rc;
		if (found > 0)
			break;
		rc = mproci_waking_wait(
			queue->remote, queue->parts[MPROCI_QUEUE_WAKE], MPROC_FOREVER, deadline);
		if (rc == -ETIMEDOUT)
			return mproci_answer(rc, "the remote queue is still empty at the deadline");
		if (rc < 0)
			return rc;
	}
	*ret_count = found;
	return 0;
}

int mproc_remote_queue_get(
	mproc_remote_queue *queue, mproc_deadline deadline, mproc_remote_message *ret_message)
{
	size_t count;

	return mproc_remote_queue_get_many(queue, 1, deadline, ret_message, &count);
}
