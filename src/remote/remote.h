/* SPDX-License-Identifier: MIT */
/*
 * remote/remote.h - asking the server: what all kinds of remote objects are built on.
 *
 * In all of it MPROC_NOW means that nobody is waited for but the server, and that for a second.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "remote/line.h"
#include "remote/request.h"

#include <hiredis/hiredis.h>
#include <mproc/remote.h>

/*
 * Send a command and receive its reply: over a connection of this process, which is opened when there is none or it
 * has broken.
 *
 * Returns 0, and in @ret_reply what the server answered, to be freed with freeReplyObject; never an error reply.  Or
 * a negative errno with an error text, as the contract of mproc/remote.h says: -ETIMEDOUT, -ECONNRESET (it may or may
 * not have been carried out), what connecting returned, or what the error reply means.
 */
int mproci_remote_ask(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, redisReply **ret_reply);

/*
 * Send several at once and receive their replies, in order.  Returns 0 when all have replies, which may be error
 * replies: see mproci_remote_refuse_error.  Otherwise a negative errno with an error text, and no reply; some of them
 * may have been carried out.
 */
int mproci_remote_ask_many(mproc_remote *remote, const mproci_request *requests, size_t count,
	mproc_deadline deadline, redisReply **ret_replies);

/*
 * The same as mproci_remote_ask where the reply has to be a whole number; where it does not matter; where it is
 * bytes, or nothing (-ENOENT, without an error text).
 */
int mproci_remote_ask_integer(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, int64_t *ret_number);
int mproci_remote_tell(mproc_remote *remote, const mproci_request *request, mproc_deadline deadline);
int mproci_remote_ask_bytes(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, redisReply **ret_reply);

/*
 * The same for a command that waits in the server (BLPOP): its last argument, its patience in seconds, is added here,
 * so that it ends before @deadline, and after one second at the latest.  -ETIMEDOUT: @deadline has come.  Returns 1
 * when there was nothing in that second: look again.
 */
int mproci_remote_ask_patiently(
	mproc_remote *remote, mproci_request *request, mproc_deadline deadline, redisReply **ret_reply);

/* Returns the error text and code for a reply of a kind that cannot be: -EBADMSG.  It frees the reply. */
int mproci_remote_refuse_reply(mproc_remote *remote, const mproci_request *request, redisReply *reply);

/*
 * Returns 0 for what is no error reply; otherwise what it means, with the server's words as the error text.  The
 * reply stays.
 */
int mproci_remote_refuse_error(const char *command, const redisReply *reply);

/* The same of our own requests: the error text also has the key that it was about, if it was about one. */
int mproci_remote_refuse_request(const mproci_request *request, const redisReply *reply);

/* Copy bytes as all get functions do: -EMSGSIZE with an error text where there is no room. */
int mproci_remote_copy_out(const redisReply *reply, void *buffer, size_t size, size_t *ret_size);

/* Returns 0; -EINVAL with an error text: @remote is NULL or none, or @name is NULL, empty, or longer than 64 KiB. */
int mproci_remote_check(const mproc_remote *remote, const char *name);

/*
 * A connection of its own to the same server, such as for a subscription; logged in.  To be closed by
 * mproci_line_close.
 */
int mproci_remote_open_another(mproc_remote *remote, mproc_deadline deadline, mproci_line **ret_line);

/*
 * The same without waiting: what logs in goes out before the first command.
 *
 * @known    where the server is; NULL: the host is looked up, which does wait unless it is a number.
 * @attempt  which of the addresses found is tried: they take turns.
 *
 * Returns 0; how many replies to what logs in come before the first one of the caller's in @ret_replies; each is to
 * be given to mproci_remote_refuse_error.  Or a negative errno with an error text.
 */
int mproci_remote_begin_another(mproc_remote *remote, const mproci_dial_address *known, unsigned attempt,
	mproci_line **ret_line, size_t *ret_replies);

/*
 * Send and receive on such a one.  Returns 0; without an error text -ETIMEDOUT: what was not sent or received yet
 * goes on with the next call of either;
 * -ECONNRESET: it is gone; others with one.  @deadline may be MPROC_NOW, and is meant so here.
 */
int mproci_remote_send(mproci_line *line, const mproci_request *request, mproc_deadline deadline);
int mproci_remote_receive(mproci_line *line, mproc_deadline deadline, redisReply **ret_reply);

#endif
