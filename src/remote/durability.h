/* SPDX-License-Identifier: MIT */
/*
 * remote/durability.h - what a server promises to keep, from its settings, and from what it says about itself where
 * it keeps its settings secret.
 */
#ifndef REMOTE_DURABILITY_H
#define REMOTE_DURABILITY_H

#include "remote/request.h"

#include <hiredis/hiredis.h>
#include <mproc/remote.h>

enum {
	MPROCI_DURABILITY_REQUESTS = 4,
	/* Which of them is INFO. */
	MPROCI_DURABILITY_INFO = 3,
};

typedef struct mproci_durability {
	/* Of a server that throws data away when its memory is full: MPROC_REMOTE_MEMORY. */
	mproc_remote_durability level;
	/* Why it is no more, for an error text. */
	char reason[160];
} mproci_durability;

/* What to ask; the replies, some of which may be errors, tell it. */
void mproci_durability_prepare(mproci_request ret_requests[MPROCI_DURABILITY_REQUESTS]);
void mproci_durability_judge(
	redisReply *const replies[MPROCI_DURABILITY_REQUESTS], mproci_durability *ret_durability);

/* Returns 0, or -EOPNOTSUPP with an error text: it is less than is demanded. */
int mproci_durability_check(const mproci_durability *durability, mproc_remote_durability demanded);

/* Find the line "name:value" in the text of INFO.  Returns whether there is one, and the value, cut to @size. */
bool mproci_info_find(const char *text, const char *name, char *ret_value, size_t size);

#endif
