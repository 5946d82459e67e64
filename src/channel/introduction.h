/* SPDX-License-Identifier: MIT */
/*
 * channel/introduction.h - the handshake on a socket, and the key for it.
 */
#ifndef CHANNEL_INTRODUCTION_H
#define CHANNEL_INTRODUCTION_H

#include "channel/handshake.h"

/* How long it may take, in nanoseconds, from when both sides are at it. */
#define MPROCI_INTRODUCTION_LIMIT INT64_C(5000000000)

/*
 * Whether .key and .key_size of some options are possible, and can be used: 0, or a negative errno with an
 * error text.
 */
int mproci_key_check(const void *key, size_t key_size);

/*
 * Begin on a new socket, @key and @key_size as in the options.  Returns 0, or a negative errno with an
 * error text.
 */
int mproci_introduction_begin(
	mproci_handshake *handshake, mproci_side side, const void *key, size_t key_size);

/*
 * Send what is to be sent, without waiting.  Returns 0, or a negative errno with an error text.
 */
int mproci_introduction_send(mproci_handshake *handshake, int socket);

/*
 * Go on with what has come, without waiting.  Returns 1: done; 0: more must come; -EAGAIN: nothing has
 * come; with an error text -ECONNRESET: the other side has hung up, or as mproci_handshake_take.
 */
int mproci_introduction_go_on(mproci_handshake *handshake, int socket);

#endif
