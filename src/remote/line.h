/* SPDX-License-Identifier: MIT */
/*
 * remote/line.h - one connection to a server: commands go out, replies come in, and nothing waits longer than its
 * deadline.
 *
 * A line belongs to the process that opened it.  In a forked child its descriptor is closed at once, without a word
 * to the server: what either of them wrote would be mixed into the other's commands.
 */
#ifndef REMOTE_LINE_H
#define REMOTE_LINE_H

#include "remote/request.h"
#include "remote/tls.h"
#include "sys/dialing.h"

#include <hiredis/hiredis.h>
#include <mproc/deadline.h>

typedef struct mproci_line mproci_line;

/* One command as bytes, which stay the caller's. */
typedef struct mproci_command_bytes {
	size_t count;
	const char *const *arguments;
	/* NULL: the arguments are texts that end with a 0. */
	const size_t *sizes;
} mproci_command_bytes;

/*
 * Begin to connect, without waiting.
 *
 * @tls      NULL: without.
 * @largest  the most memory that one reply may take.
 *
 * Returns 0; with an error text: what the system says at once, or -ENOMEM.
 */
int mproci_line_open(const mproci_dial_address *address, const mproci_remote_tls *tls, size_t largest,
	mproci_line **ret_line);

/* Wait until it is connected.  Returns 0; with an error text -ETIMEDOUT, or what the system says. */
int mproci_line_finish(mproci_line *line, mproc_deadline deadline);

/* Close without a word to the server; NULL is none.  What may be left of a password is overwritten.  Returns NULL. */
mproci_line *mproci_line_close(mproci_line *line);

/* For poll; -1 in a child of who opened it, where nothing but closing is left to do. */
int mproci_line_descriptor(const mproci_line *line);
bool mproci_line_is_inherited(const mproci_line *line);

/* A number that is another one in a forked child than in its parent, once there was a line. */
unsigned mproci_line_generation(void);

/* Have nobody fork, open or close a line for a moment. */
void mproci_lines_hold(void);
void mproci_lines_let_go(void);

/* Where the other side is. */
const mproci_dial_address *mproci_line_address(const mproci_line *line);

/* Have a command sent later.  Returns 0 or -ENOMEM. */
int mproci_line_append(mproci_line *line, const mproci_command_bytes *command);

/* How many bytes wait to be sent; how many were sent since the line was opened. */
size_t mproci_line_unsent(const mproci_line *line);
uint64_t mproci_line_sent(const mproci_line *line);

/* Send what can be sent, without waiting.  Returns 0, also when something is left; as mproci_line_move. */
int mproci_line_flush(mproci_line *line);

/*
 * Send what can be sent, wait until something happens, and take what has come.
 *
 * Returns 0; without an error text -ETIMEDOUT, -ECONNRESET: the other side is gone; with one -EMSGSIZE: a reply is
 * too large, -EPROTO: it is none, -ENOMEM.
 */
int mproci_line_move(mproci_line *line, mproc_deadline deadline);

/*
 * Take the next reply out of what has come.  Returns 1, and the reply, to be freed with freeReplyObject; 0: there is
 * none whole; with an error text -EMSGSIZE, -EPROTO, -ENOMEM.
 */
int mproci_line_next(mproci_line *line, redisReply **ret_reply);

/* Whether the server has hung up, or said what nobody asked for, while nothing was asked. */
bool mproci_line_is_stale(mproci_line *line);

#endif
