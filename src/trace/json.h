/* SPDX-License-Identifier: MIT */
/*
 * trace/json.h - pieces of JSON, written fast.  Each returns where it ends; no NUL follows.
 */
#ifndef TRACE_JSON_H
#define TRACE_JSON_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* What one byte of a string takes at most. */
	MPROCI_JSON_BYTE = 6,
	/* What a number takes at most. */
	MPROCI_JSON_NUMBER = 24,
};

/*
 * At most @limit bytes of @text as a string, with its quotes: at most 2 + @limit * MPROCI_JSON_BYTE bytes.  Bytes that are no UTF-8,
 * also because the limit cuts a character, become question marks.
 */
char *mproci_json_string(char *to, const char *text, size_t limit);

char *mproci_json_number(char *to, uint64_t number);

/* Microseconds with three digits behind the point; 0 for what is negative. */
char *mproci_json_microseconds(char *to, int64_t nanoseconds);

/* Text that is JSON already. */
char *mproci_json_text(char *to, const char *text);

#endif
