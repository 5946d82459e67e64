/* SPDX-License-Identifier: MIT */
/*
 * remote/refusal.h - what the error replies of a server mean.
 */
#ifndef REMOTE_REFUSAL_H
#define REMOTE_REFUSAL_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

/* Returns the negative errno for an error reply; 0 for another one.  -EAGAIN: it goes away by itself, and nothing was done. */
int mproci_refusal_code(const redisReply *reply);

/* Whether it is an error reply that begins with this text. */
bool mproci_refusal_begins(const redisReply *reply, const char *text);

#endif
