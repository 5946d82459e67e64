/* SPDX-License-Identifier: MIT */
/*
 * remote/queue.h - the handle of a remote queue: the names of its parts, and what it asks for.
 */
#ifndef REMOTE_QUEUE_H
#define REMOTE_QUEUE_H

#include "remote/remote.h"

#include <mproc/remote_queue.h>

/* What a queue has in the server, each under a name of its own; functions.lua says what is in them. */
typedef enum mproci_queue_part {
	MPROCI_QUEUE_READY,
	MPROCI_QUEUE_BODIES,
	MPROCI_QUEUE_OWED,
	MPROCI_QUEUE_DEAD,
	MPROCI_QUEUE_SEEN,
	MPROCI_QUEUE_META,
	MPROCI_QUEUE_WAKE,
	MPROCI_QUEUE_ROOM,
	MPROCI_QUEUE_PARTS,
} mproci_queue_part;

struct mproc_remote_queue {
	mproc_remote *remote;
	char *name;
	char *parts[MPROCI_QUEUE_PARTS];
	uint64_t max_messages;
	uint32_t max_deliveries;
	/* Milliseconds. */
	int64_t lease, id_window;
};

/* Returns 0, or -EINVAL with an error text: @queue is NULL. */
int mproci_remote_queue_check(const mproc_remote_queue *queue);

/* The same for who wants @count messages, of which there are 1 to MPROC_REMOTE_GET_MAX: with room for them, and for their number. */
int mproci_remote_queue_check_many(const mproc_remote_queue *queue, size_t count,
	const mproc_remote_message *messages, const size_t *ret_count);

/* Returns 0, or -EINVAL with an error text: @id is NULL, empty or too long. */
int mproci_remote_queue_check_id(const mproc_remote_queue *queue, const char *id);

/*
 * Begin a call of a function with @count @parts as its keys.  It may be repeated: what a second call would do differently, it is
 * there to tell.
 */
void mproci_remote_queue_begin(const mproc_remote_queue *queue, mproci_request *request, const char *function,
	const mproci_queue_part *parts, size_t count);

/* Set the error text "remote queue NAME: what happened", and return @rc. */
int mproci_remote_queue_fail(const mproc_remote_queue *queue, int rc, const char *happened);

/*
 * Make an array of messages out of a reply: at most @most, each an array that begins with an id and a body and has @fields elements
 * in all; the others are numbers.  They own what they have, and the reply is freed.  Returns 0, and how many they are in @ret_count;
 * -EBADMSG with an error text.
 */
int mproci_remote_messages_take(mproc_remote *remote, const mproci_request *request, redisReply *reply,
	size_t fields, size_t most, mproc_remote_message *ret_messages, size_t *ret_count);

#endif
