/* SPDX-License-Identifier: MIT */
/*
 * A message lies where the reply lies that brought it.
 */
#include "base/error.h"
#include "remote/queue.h"

#include <errno.h>
#include <string.h>

static bool is_field(const redisReply *field, size_t i)
{
	return i < 2 ? field->type == REDIS_REPLY_STRING
		     : field->type == REDIS_REPLY_INTEGER && field->integer >= 0;
}

static bool is_message(const redisReply *reply, size_t fields)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != fields)
		return false;
	for (size_t i = 0; i < fields; ++i) {
		if (!is_field(reply->element[i], i))
			return false;
	}
	/* An id is text. */
	return strlen(reply->element[0]->str) == (size_t)reply->element[0]->len;
}

static bool are_messages(const redisReply *reply, size_t fields, size_t most)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements > most)
		return false;
	for (size_t i = 0; i < reply->elements; ++i) {
		if (!is_message(reply->element[i], fields))
			return false;
	}
	return true;
}

static void take(redisReply *reply, mproc_remote_message *ret_message)
{
	*ret_message = (mproc_remote_message){
		.id = reply->element[0]->str,
		.data = reply->element[1]->str,
		.size = (size_t)reply->element[1]->len,
		/* A dead letter has no token. */
		.token = reply->elements > 3 ? reply->element[2]->integer : 0,
		.deliveries = (uint64_t)reply->element[reply->elements - 1]->integer,
		.memory = reply,
	};
}

int mproci_remote_messages_take(mproc_remote *remote, const mproci_request *request, redisReply *reply,
	size_t fields, size_t most, mproc_remote_message *ret_messages, size_t *ret_count)
{
	if (!are_messages(reply, fields, most))
		return mproci_remote_refuse_reply(remote, request, reply);
	for (size_t i = 0; i < reply->elements; ++i) {
		take(reply->element[i], &ret_messages[i]);
		/* Freeing the reply leaves it. */
		reply->element[i] = NULL;
	}
	*ret_count = reply->elements;
	freeReplyObject(reply);
	return 0;
}

void mproc_remote_message_free(mproc_remote_message *message)
{
	if (message == NULL)
		return;
	freeReplyObject(message->memory);
	*message = (mproc_remote_message){0};
}
