/* SPDX-License-Identifier: MIT */
#include "manager/reply.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FIRST_CAPACITY = 1024,
	/* What fits every number with the sign before it and the line end behind it. */
	HEAD_SIZE = 32,
	ERROR_SIZE = 512,
};

/* The most that waits for one client. */
static const size_t MOST = (size_t)1 << 30;

static char *fail(mproci_reply *reply)
{
	reply->has_failed = true;
	return NULL;
}

static char *grow(mproci_reply *reply, size_t more)
{
	size_t there = reply->end - reply->first, capacity = reply->capacity;
	char *bytes;

	if (reply->has_failed || more > MOST || there > MOST - more)
		return fail(reply);
	if (reply->first > 0)
		memmove(reply->bytes, reply->bytes + reply->first, there);
	reply->first = 0;
	reply->end = there;
	if (capacity - there >= more && there <= capacity / 2)
		return reply->bytes + there;
	capacity = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
	if (capacity < there + more)
		capacity = there + more;
	bytes = realloc(reply->bytes, capacity);
	if (bytes == NULL)
		return fail(reply);
	reply->bytes = bytes;
	reply->capacity = capacity;
	return bytes + there;
}

/* Returns where @size bytes can be written; NULL: nowhere. */
static inline char *reserve(mproci_reply *reply, size_t size)
{
	if (reply->capacity - reply->end >= size && !reply->has_failed)
		return reply->bytes + reply->end;
	return grow(reply, size);
}

static inline void commit(mproci_reply *reply, const char *to)
{
	reply->end = (size_t)(to - reply->bytes);
}

static void add(mproci_reply *reply, const char *bytes, size_t size)
{
	char *to = reserve(reply, size);

	if (to == NULL)
		return;
	memcpy(to, bytes, size);
	commit(reply, to + size);
}

static inline char *put_line_end(char *to)
{
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

static inline char *put_unsigned(char *to, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (count > 0)
		*to++ = digits[--count];
	return to;
}

static inline char *put_head(char *to, char sign, uint64_t number)
{
	*to++ = sign;
	return put_line_end(put_unsigned(to, number));
}

static void add_head(mproci_reply *reply, char sign, size_t count)
{
	char *to = reserve(reply, HEAD_SIZE);

	if (to != NULL)
		commit(reply, put_head(to, sign, count));
}

void mproci_reply_status(mproci_reply *reply, const char *text)
{
	add(reply, "+", 1);
	add(reply, text, strlen(text));
	add(reply, "\r\n", 2);
}

void mproci_reply_error(mproci_reply *reply, const char *format, ...)
{
	char text[ERROR_SIZE];
	va_list arguments;
	size_t size;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	size = strlen(text);
	for (size_t i = 0; i < size; ++i) {
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = ' ';
	}
	add(reply, "-", 1);
	add(reply, text, size);
	add(reply, "\r\n", 2);
}

void mproci_reply_integer(mproci_reply *reply, int64_t number)
{
	char *to = reserve(reply, HEAD_SIZE);

	if (to == NULL)
		return;
	*to++ = ':';
	if (number < 0)
		*to++ = '-';
	commit(reply, put_line_end(put_unsigned(to, number < 0 ? -(uint64_t)number : (uint64_t)number)));
}

void mproci_reply_bulk(mproci_reply *reply, mproci_view bytes)
{
	char *to = reserve(reply, bytes.size > MOST ? SIZE_MAX : bytes.size + HEAD_SIZE);

	if (to == NULL)
		return;
	to = put_head(to, '$', bytes.size);
	if (bytes.size > 0)
		memcpy(to, bytes.bytes, bytes.size);
	commit(reply, put_line_end(to + bytes.size));
}

void mproci_reply_text(mproci_reply *reply, const char *text)
{
	mproci_reply_bulk(reply, mproci_view_of(text));
}

void mproci_reply_double(mproci_reply *reply, double number)
{
	char text[HEAD_SIZE];

	if (isinf(number))
		snprintf(text, sizeof text, number > 0 ? "inf" : "-inf");
	else
		snprintf(text, sizeof text, "%.17g", number);
	if (reply->protocol != 3) {
		mproci_reply_text(reply, text);
		return;
	}
	add(reply, ",", 1);
	add(reply, text, strlen(text));
	add(reply, "\r\n", 2);
}

void mproci_reply_null(mproci_reply *reply)
{
	if (reply->protocol == 3)
		add(reply, "_\r\n", 3);
	else
		add(reply, "$-1\r\n", 5);
}

void mproci_reply_null_array(mproci_reply *reply)
{
	if (reply->protocol == 3)
		add(reply, "_\r\n", 3);
	else
		add(reply, "*-1\r\n", 5);
}

void mproci_reply_array(mproci_reply *reply, size_t count)
{
	add_head(reply, '*', count);
}

void mproci_reply_map(mproci_reply *reply, size_t count)
{
	if (reply->protocol == 3)
		add_head(reply, '%', count);
	else
		add_head(reply, '*', 2 * count);
}

void mproci_reply_set(mproci_reply *reply, size_t count)
{
	add_head(reply, reply->protocol == 3 ? '~' : '*', count);
}

void mproci_reply_push(mproci_reply *reply, size_t count)
{
	add_head(reply, reply->protocol == 3 ? '>' : '*', count);
}

void mproci_reply_ok(mproci_reply *reply)
{
	add(reply, "+OK\r\n", 5);
}

void mproci_reply_wrong_type(mproci_reply *reply)
{
	mproci_reply_error(reply, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

void mproci_reply_syntax_error(mproci_reply *reply)
{
	mproci_reply_error(reply, "ERR syntax error");
}

void mproci_reply_free(mproci_reply *reply)
{
	free(reply->bytes);
	reply->bytes = NULL;
	reply->first = reply->end = reply->capacity = 0;
}
