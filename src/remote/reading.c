/* SPDX-License-Identifier: MIT */
#include "remote/reading.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Returns a reply of that kind, or NULL. */
static redisReply *make(const redisReadTask *task, size_t size)
{
	mproci_allowance *allowance = task->privdata;
	const size_t left = allowance->largest - allowance->taken;
	redisReply *reply;

	if (left < MPROCI_READING_ELEMENT || left - MPROCI_READING_ELEMENT < size)
		return NULL;
	reply = calloc(1, sizeof *reply);
	if (reply == NULL)
		return NULL;
	allowance->taken += MPROCI_READING_ELEMENT + size;
	reply->type = task->type;
	return reply;
}

/*
 * An array has room for 4, 8, 16 … elements, as they come: a server may say that there will be two thousand million, and
 * send one.
 */
static bool has_room(redisReply *array, size_t index)
{
	const size_t least = 4;
	redisReply **elements;

	if (index != 0 && (index < least || (index & (index - 1)) != 0))
		return true;
	elements = realloc(array->element, (index == 0 ? least : 2 * index) * sizeof(redisReply *));
	if (elements == NULL)
		return false;
	array->element = elements;
	return true;
}

/* Make it an element of the array that it belongs to, if any.  Returns it, or NULL, and then it is freed. */
static redisReply *attach(const redisReadTask *task, redisReply *reply)
{
	redisReply *array;

	if (reply == NULL || task->parent == NULL)
		return reply;
	array = task->parent->obj;
	if (!has_room(array, (size_t)task->idx)) {
		freeReplyObject(reply);
		return NULL;
	}
	array->element[task->idx] = reply;
	array->elements = (size_t)task->idx + 1;
	return reply;
}

void *mproci_reading_string(const redisReadTask *task, char *text, size_t size)
{
	redisReply *reply;

	if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS
		&& task->type != REDIS_REPLY_ERROR)
		return NULL;
	reply = make(task, size);
	if (reply == NULL)
		return NULL;
	reply->str = malloc(size + 1);
	if (reply->str == NULL) {
		freeReplyObject(reply);
		return NULL;
	}
	memcpy(reply->str, text, size);
	reply->str[size] = '\0';
	reply->len = size;
	return attach(task, reply);
}

void *mproci_reading_array(const redisReadTask *task)
{
	mproci_allowance *allowance = task->privdata;
	unsigned depth = 1;

	for (const redisReadTask *around = task->parent; around != NULL; around = around->parent)
		++depth;
	allowance->is_too_deep = depth > MPROCI_READING_DEPTH;
	if (allowance->is_too_deep || task->type != REDIS_REPLY_ARRAY)
		return NULL;
	return attach(task, make(task, 0));
}

void *mproci_reading_integer(const redisReadTask *task, long long number)
{
	redisReply *reply = make(task, 0);

	if (reply != NULL)
		reply->integer = number;
	return attach(task, reply);
}

void *mproci_reading_nil(const redisReadTask *task)
{
	redisReply *reply = make(task, 0);

	if (reply != NULL)
		reply->type = REDIS_REPLY_NIL;
	return attach(task, reply);
}
