/* SPDX-License-Identifier: MIT */
/*
 * manager/reply.h - what goes out to one client, in RESP2 or RESP3: bytes that grow at their end and go at their beginning.
 *
 * When there is no memory the reply remembers that, and takes nothing more: its client is sent away.
 */
#ifndef MANAGER_REPLY_H
#define MANAGER_REPLY_H

#include "manager/view.h"

#include <stdint.h>

typedef struct mproci_reply {
	char *bytes;
	/* What is in it begins at `first` and ends at `end`. */
	size_t first, end, capacity;
	/* 2 or 3: of RESP. */
	int protocol;
	bool has_failed;
} mproci_reply;

/* "+text". */
void mproci_reply_status(mproci_reply *reply, const char *text);
/* "-text": it begins with a word such as ERR; line ends in it become spaces. */
void mproci_reply_error(mproci_reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mproci_reply_integer(mproci_reply *reply, int64_t number);
void mproci_reply_bulk(mproci_reply *reply, mproci_view bytes);
void mproci_reply_text(mproci_reply *reply, const char *text);
/* A number with a fraction: a bulk string in RESP2. */
void mproci_reply_double(mproci_reply *reply, double number);
/* Nothing where a string, or anything else, would be. */
void mproci_reply_null(mproci_reply *reply);
/* Nothing where an array would be. */
void mproci_reply_null_array(mproci_reply *reply);
/* The head of something of @count elements, which follow; of a map 2 * @count do. */
void mproci_reply_array(mproci_reply *reply, size_t count);
void mproci_reply_map(mproci_reply *reply, size_t count);
void mproci_reply_set(mproci_reply *reply, size_t count);
/* A message that is no answer: an array in RESP2. */
void mproci_reply_push(mproci_reply *reply, size_t count);

/* "+OK", and the two most frequent errors. */
void mproci_reply_ok(mproci_reply *reply);
void mproci_reply_wrong_type(mproci_reply *reply);
void mproci_reply_syntax_error(mproci_reply *reply);

/* Give the memory back. */
void mproci_reply_free(mproci_reply *reply);

#endif
