/* SPDX-License-Identifier: MIT */
/*
 * remote/reading.h - making replies of what a server sends, which may claim anything: memory is taken only for what has
 * come, and only so much of it.
 *
 * A reply is a redisReply, to be freed with freeReplyObject.
 */
#ifndef REMOTE_READING_H
#define REMOTE_READING_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

/* What one reply may take; a reader's private data points to it. */
typedef struct mproci_allowance {
	size_t largest;
	/* By the reply that is being made. */
	size_t taken;
	/* It has more arrays within arrays than any server has a use for. */
	bool is_too_deep;
} mproci_allowance;

enum {
	/* What each element of a reply counts beside its bytes. */
	MPROCI_READING_ELEMENT = 64,
	/* As hiredis 0.14 has it; the later ones know no limit, and free what is deep by recursion. */
	MPROCI_READING_DEPTH = 7,
};

/*
 * The functions for a reader, but for how the count of elements is typed, which differs between versions of hiredis;
 * it is not looked at.  Each returns NULL when the allowance is used up, there is no memory, or it is of a kind that
 * was not asked for.
 */
void *mproci_reading_string(const redisReadTask *task, char *text, size_t size);
void *mproci_reading_array(const redisReadTask *task);
void *mproci_reading_integer(const redisReadTask *task, long long number);
void *mproci_reading_nil(const redisReadTask *task);

#endif
