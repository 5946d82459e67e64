/* SPDX-License-Identifier: MIT */
/*
 * manager/text.h - text that grows, piece by piece, and becomes one reply.
 */
#ifndef MANAGER_TEXT_H
#define MANAGER_TEXT_H

#include "manager/reply.h"

/* Empty when it is zero. */
typedef struct mproci_text {
	char *bytes;
	size_t size, capacity;
	bool has_failed;
} mproci_text;

/* At most 1023 bytes at once. */
void mproci_text_add(mproci_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reply it, and free it. */
void mproci_text_reply(mproci_text *text, mproci_reply *reply);

#endif
