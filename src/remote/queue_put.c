/* SPDX-License-Identifier: MIT */
/*
 * Every message has an id from before it is sent, so that a put whose answer was lost can be sent again.
 */
#include "base/error.h"
#include "remote/owner.h"
#include "remote/queue.h"
#include "remote/waking.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* What goes out before an answer is read: enough for the way to cost little, and no more, for it is copied. */
	BATCH = 256,
	BATCH_BYTES = 1048576,
};

/* Some messages, on their way together. */
typedef struct batch_of_messages {
	const mproc_remote_message *messages;
	size_t count;
	/* Of those without an id of their own. */
	char ids[BATCH][MPROCI_OWNER_SIZE];
	bool is_put[BATCH];
	/* Those that are not put yet. */
	mproci_request requests[BATCH];
	size_t indexes[BATCH];
	redisReply *replies[BATCH];
} batch_of_messages;

static int check_message(const mproc_remote_queue *queue, const char *id, const void *message, size_t size)
{
	if (message == NULL && size > 0)
		return mproci_remote_queue_fail(queue, -EINVAL, "the bytes of a message are NULL");
	if (size > MPROC_REMOTE_MESSAGE_MAX)
		return mproci_fail(-EMSGSIZE,
			"remote queue \"%.100s\": a message has %zu bytes, more than %d", queue->name, size,
			MPROC_REMOTE_MESSAGE_MAX);
	return id == NULL ? 0 : mproci_remote_queue_check_id(queue, id);
}

static void fill(const mproc_remote_queue *queue, mproci_request *request, const char *id,
	const void *message, size_t size)
{
	static const mproci_queue_part parts[] = {MPROCI_QUEUE_READY, MPROCI_QUEUE_BODIES, MPROCI_QUEUE_SEEN,
		MPROCI_QUEUE_META, MPROCI_QUEUE_WAKE, MPROCI_QUEUE_ROOM};

	mproci_remote_queue_begin(queue, request, "mproc_queue_put", parts, sizeof parts / sizeof *parts);
	mproci_request_add_text(request, id);
	mproci_request_add(request, size > 0 ? message : "", size);
	mproci_request_add_integer(request, (int64_t)queue->max_messages);
	mproci_request_add_integer(request, queue->id_window);
}

static int wait_for_room(mproc_remote_queue *queue, mproc_deadline deadline)
{
	int rc;

	rc = mproci_waking_wait(queue->remote, queue->parts[MPROCI_QUEUE_ROOM], MPROC_FOREVER, deadline);
	if (rc == -ETIMEDOUT)
		return mproci_answer(rc, "the remote queue is still full at the deadline");
	return rc;
}

int mproc_remote_queue_put(mproc_remote_queue *queue, const char *id, const void *message, size_t size,
	mproc_deadline deadline, bool *ret_is_new)
{
	char owner[MPROCI_OWNER_SIZE];
	mproci_request request;
	int64_t answer;
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc == 0)
		rc = check_message(queue, id, message, size);
	if (rc == 0 && id == NULL)
		rc = mproci_owner_make(owner);
	if (rc < 0)
		return rc;
	fill(queue, &request, id == NULL ? owner : id, message, size);
	for (;;) {
		rc = mproci_remote_ask_integer(queue->remote, &request, deadline, &answer);
		if (rc < 0)
			return rc;
		if (answer >= 0)
			break;
		rc = wait_for_room(queue, deadline);
		if (rc < 0)
			return rc;
	}
	/* Nobody else puts under a random id. */
	if (ret_is_new != NULL)
		*ret_is_new = answer > 0 || id == NULL;
	return 0;
}

static int begin(const mproc_remote_queue *queue, batch_of_messages *batch,
	const mproc_remote_message *messages, size_t count)
{
	size_t bytes = 0, i;
	int rc;

	for (i = 0; i < count && i < BATCH && bytes < BATCH_BYTES; ++i) {
		rc = check_message(queue, messages[i].id, messages[i].data, messages[i].size);
		if (rc == 0 && messages[i].id == NULL)
			rc = mproci_owner_make(batch->ids[i]);
		if (rc < 0)
			return rc;
		bytes += messages[i].size;
		batch->is_put[i] = false;
	}
	batch->messages = messages;
	batch->count = i;
	return 0;
}

static size_t fill_pending(const mproc_remote_queue *queue, batch_of_messages *batch)
{
	size_t pending = 0;

	for (size_t i = 0; i < batch->count; ++i) {
		const mproc_remote_message *message = &batch->messages[i];

		if (batch->is_put[i])
			continue;
		fill(queue, &batch->requests[pending], message->id == NULL ? batch->ids[i] : message->id,
			message->data, message->size);
		batch->indexes[pending] = i;
		++pending;
	}
	return pending;
}

/* Returns 1: it is put; 0: the queue is full; or a negative errno with an error text.  The reply is freed. */
static int read_reply(const mproc_remote_queue *queue, const mproci_request *request, redisReply *reply)
{
	int rc;

	rc = mproci_remote_refuse_request(request, reply);
	if (rc == 0 && reply->type != REDIS_REPLY_INTEGER)
		return mproci_remote_refuse_reply(queue->remote, request, reply);
	if (rc == 0)
		rc = reply->integer >= 0;
	freeReplyObject(reply);
	return rc;
}

/* Send what is not put yet, once.  Returns 1: all is put; 0: the queue was full; or a negative errno with an error text. */
static int send_pending(const mproc_remote_queue *queue, batch_of_messages *batch, mproc_deadline deadline)
{
	size_t pending = fill_pending(queue, batch);
	int rc, result = 1;

	rc = mproci_remote_ask_many(queue->remote, batch->requests, pending, deadline, batch->replies);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < pending; ++i) {
		rc = read_reply(queue, &batch->requests[i], batch->replies[i]);
		batch->is_put[batch->indexes[i]] = rc > 0;
		if (rc < result)
			result = rc;
	}
	return result;
}

static size_t count_first(const batch_of_messages *batch)
{
	size_t count = 0;

	while (count < batch->count && batch->is_put[count])
		++count;
	return count;
}

/* Returns how many of the first are put in @ret_count, and 0 when these are all of them. */
static int put_batch(
	mproc_remote_queue *queue, batch_of_messages *batch, mproc_deadline deadline, size_t *ret_count)
{
	int rc;

	do {
		rc = send_pending(queue, batch, deadline);
		if (rc == 0)
			rc = wait_for_room(queue, deadline);
	} while (rc == 0);
	*ret_count = count_first(batch);
	return rc < 0 ? rc : 0;
}

int mproc_remote_queue_put_many(mproc_remote_queue *queue, const mproc_remote_message *messages, size_t count,
	mproc_deadline deadline, size_t *ret_count)
{
	batch_of_messages *batch;
	size_t done = 0, some;
	int rc;

	rc = mproci_remote_queue_check(queue);
	if (rc < 0)
		return rc;
	if (messages == NULL && count > 0)
		return mproci_remote_queue_fail(queue, -EINVAL, "messages is NULL");
	batch = malloc(sizeof *batch);
	if (batch == NULL)
		return mproci_fail(-ENOMEM, "no memory to put %zu messages", count);
	while (rc == 0 && done < count) {
		rc = begin(queue, batch, &messages[done], count - done);
		if (rc < 0)
			break;
		rc = put_batch(queue, batch, deadline, &some);
		done += some;
	}
	free(batch);
	if (rc < 0 && done == 0)
		return rc;
	if (ret_count != NULL)
		*ret_count = done;
	return 0;
}
