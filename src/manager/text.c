/* SPDX-License-Identifier: MIT */
#include "manager/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* At once, with the byte that ends it. */
	MOST = 1024,
};

static bool make_room(mproci_text *text)
{
	size_t capacity = text->capacity == 0 ? (size_t)2 * MOST : text->capacity * 2;
	char *bytes;

	if (text->capacity - text->size >= MOST)
		return true;
	bytes = text->has_failed ? NULL : realloc(text->bytes, capacity);
	text->has_failed = bytes == NULL;
	if (bytes == NULL)
		return false;
	text->bytes = bytes;
	text->capacity = capacity;
	return true;
}

void mproci_text_add(mproci_text *text, const char *format, ...)
{
	va_list arguments;
	int size;

	if (!make_room(text))
		return;
	va_start(arguments, format);
	size = vsnprintf(text->bytes + text->size, MOST, format, arguments);
	va_end(arguments);
	text->size += size < MOST ? (size_t)size : MOST - 1;
}

void mproci_text_reply(mproci_text *text, mproci_reply *reply)
{
	mproci_view nothing = {"", 0};

	if (text->has_failed)
		reply->has_failed = true;
	else
		mproci_reply_bulk(reply, text->size == 0 ? nothing : (mproci_view){text->bytes, text->size});
	free(text->bytes);
	*text = (mproci_text){0};
}
