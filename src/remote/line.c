/* SPDX-License-Identifier: MIT */
/*
 * Of hiredis there are the buffer of what is to be sent, the reader of what comes, and where it can, the encryption.  Sending and
 * receiving goes by sys/socket.h, which raises no SIGPIPE.
 *
 * All lines of this process are in a list, so that a forked child can close their descriptors.
 */
#include "remote/line.h"

#include "base/error.h"
#include "remote/reading.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/hmac.h"
#include "sys/socket.h"

#include <errno.h>
#include <hiredis/sds.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* What is received at once. */
	PART = 16384,
	/* A line of the protocol, such as an error reply, is never longer than that; a reader would look through it again and again. */
	LONGEST_LINE = 65536,
	/* What was sent may have been a password, if it was no more than that. */
	LARGEST_SECRET = 4096,
	/* More than that is not kept for what is sent later. */
	KEPT_BUFFER = 65536,
};

struct mproci_line {
	redisContext *context;
	mproci_allowance allowance;
	/* NULL: without. */
	const mproci_remote_tls *tls;
	mproci_remote_tls_session *session;
	mproci_dial_address address;
	/* How much of the output was sent already. */
	size_t offset;
	uint64_t sent;
	/* -1 in a forked child. */
	int descriptor;
	mproci_line *next, *previous;
};

/* Protects the list, and keeps other threads from forking while there is a descriptor that the list does not show. */
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static mproci_line *lines;

static pthread_once_t preparing = PTHREAD_ONCE_INIT;
static int handlers_rc;

/* The library asks for ones that could be written to. */
static redisReplyObjectFunctions functions;

void mproci_lines_hold(void)
{
	pthread_mutex_lock(&listing);
}

void mproci_lines_let_go(void)
{
	pthread_mutex_unlock(&listing);
}

/* How often this process was forked off, counted in it and those before it. */
static _Atomic unsigned generation;

/* In a forked child. */
static void disown(void)
{
	generation = generation + 1;
	for (mproci_line *each = lines; each != NULL; each = each->next) {
		mproci_close(each->descriptor);
		each->descriptor = -1;
	}
	lines = NULL;
	mproci_lines_let_go();
}

static void prepare(void)
{
	functions = mproci_reply_functions;
	handlers_rc = mproci_process_at_fork(mproci_lines_hold, mproci_lines_let_go, disown);
}

/* Open its descriptor.  Returns 0 or a negative errno. */
static int enlist(mproci_line *line, const mproci_dial_address *address)
{
	mproci_lines_hold();
	line->descriptor = mproci_dial_open(address);
	if (line->descriptor >= 0) {
		line->next = lines;
		if (lines != NULL)
			lines->previous = line;
		lines = line;
	}
	mproci_lines_let_go();
	return line->descriptor < 0 ? line->descriptor : 0;
}

static void delist(mproci_line *line)
{
	mproci_lines_hold();
	if (line->previous != NULL)
		line->previous->next = line->next;
	else
		lines = line->next;
	if (line->next != NULL)
		line->next->previous = line->previous;
	mproci_close(line->descriptor);
	line->descriptor = -1;
	mproci_lines_let_go();
}

/* It only carries the buffers: what opens, closes, sends and receives is here.  Returns 0 or -ENOMEM. */
static int make_context(mproci_line *line)
{
	redisContext *context = redisConnectFd(line->descriptor);

	if (context == NULL)
		return -ENOMEM;
	context->flags &= ~REDIS_BLOCK;
	redisReaderFree(context->reader);
	context->reader = redisReaderCreateWithFunctions(&functions);
	line->context = context;
	if (context->reader == NULL)
		return -ENOMEM;
	context->reader->privdata = &line->allowance;
	return 0;
}

static int fail_to_connect(int rc)
{
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "nobody has answered until the deadline");
	return mproci_fail_descriptor(rc, "cannot connect");
}

int mproci_line_open(const mproci_dial_address *address, const mproci_remote_tls *tls, size_t largest,
	mproci_line **ret_line)
{
	mproci_line *line;
	int rc;

	pthread_once(&preparing, prepare);
	line = handlers_rc < 0 ? NULL : calloc(1, sizeof *line);
	if (line == NULL)
		return mproci_fail(-ENOMEM, "no memory for a connection");
	line->tls = tls;
	line->address = *address;
	line->allowance.largest = largest;
	rc = enlist(line, address);
	if (rc == 0)
		rc = make_context(line);
	if (rc == 0)
		rc = mproci_dial_begin(line->descriptor, address);
	if (rc < 0) {
		mproci_line_close(line);
		return fail_to_connect(rc);
	}
	*ret_line = line;
	return 0;
}

int mproci_line_finish(mproci_line *line, mproc_deadline deadline)
{
	int rc;

	rc = mproci_dial_finish(line->descriptor, deadline);
	return rc < 0 ? fail_to_connect(rc) : 0;
}

static void wipe_output(mproci_line *line)
{
	if (sdslen(line->context->obuf) <= LARGEST_SECRET)
		mproci_wipe(line->context->obuf, sdslen(line->context->obuf));
}

/* Its descriptor is closed here alone: under its number there may be another one already. */
static void free_context(mproci_line *line)
{
	if (line->context == NULL)
		return;
	wipe_output(line);
	line->context->fd = -1;
	redisFree(line->context);
}

mproci_line *mproci_line_close(mproci_line *line)
{
	if (line == NULL)
		return NULL;
	/* Otherwise it is not in the list. */
	if (line->descriptor >= 0)
		delist(line);
	free_context(line);
	free(line);
	return NULL;
}

int mproci_line_descriptor(const mproci_line *line)
{
	return line->descriptor;
}

unsigned mproci_line_generation(void)
{
	return generation;
}

const mproci_dial_address *mproci_line_address(const mproci_line *line)
{
	return &line->address;
}

bool mproci_line_is_inherited(const mproci_line *line)
{
	return line->descriptor < 0;
}

/* Returns whether there was memory. */
static bool append(mproci_line *line, const void *bytes, size_t size)
{
	sds longer = sdscatlen(line->context->obuf, bytes, size);

	if (longer == NULL)
		return false;
	line->context->obuf = longer;
	return true;
}

static bool append_header(mproci_line *line, char kind, size_t number)
{
	char text[32];

	return append(line, text, (size_t)snprintf(text, sizeof text, "%c%zu\r\n", kind, number));
}

static size_t argument_size(const mproci_command_bytes *command, size_t i)
{
	return command->sizes == NULL ? strlen(command->arguments[i]) : command->sizes[i];
}

/* What it takes on the wire, at most: so that the output moves once, and leaves no copy of a password behind. */
static size_t wire_size(const mproci_command_bytes *command)
{
	const size_t header = 24;
	size_t size = header;

	for (size_t i = 0; i < command->count; ++i)
		size += header + argument_size(command, i);
	return size;
}

/*
 * Copy what is to be sent to where there is room, and leave nothing behind: it may be a password.  Returns it, or NULL
 * without memory.
 */
static sds move_output(mproci_line *line, size_t size)
{
	const size_t used = sdslen(line->context->obuf);
	sds empty = sdsempty();
	sds roomy = empty == NULL ? NULL : sdsMakeRoomFor(empty, used + size);

	if (roomy == NULL) {
		sdsfree(empty);
		return NULL;
	}
	roomy = sdscatlen(roomy, line->context->obuf, used);
	wipe_output(line);
	sdsfree(line->context->obuf);
	return roomy;
}

/* Returns whether there was memory. */
static bool make_room(mproci_line *line, size_t size)
{
	sds roomy = line->context->obuf;

	if (sdslen(roomy) > LARGEST_SECRET)
		roomy = sdsMakeRoomFor(roomy, size);
	else if (sdsavail(roomy) < size)
		roomy = move_output(line, size);
	if (roomy == NULL)
		return false;
	line->context->obuf = roomy;
	return true;
}

int mproci_line_append(mproci_line *line, const mproci_command_bytes *command)
{
	if (!make_room(line, wire_size(command)))
		return mproci_fail(-ENOMEM, "no memory for a command of %zu bytes", wire_size(command));
	append_header(line, '*', command->count);
	for (size_t i = 0; i < command->count; ++i) {
		const size_t size = argument_size(command, i);

		append_header(line, '$', size);
		append(line, command->arguments[i], size);
		append(line, "\r\n", 2);
	}
	return 0;
}

size_t mproci_line_unsent(const mproci_line *line)
{
	return sdslen(line->context->obuf) - line->offset;
}

uint64_t mproci_line_sent(const mproci_line *line)
{
	return line->sent;
}

/* All of it has gone.  Returns 0 or -ENOMEM. */
static int clear_output(mproci_line *line)
{
	wipe_output(line);
	line->offset = 0;
	if (sdslen(line->context->obuf) <= KEPT_BUFFER) {
		sdsclear(line->context->obuf);
		return 0;
	}
	sdsfree(line->context->obuf);
	line->context->obuf = sdsempty();
	return line->context->obuf == NULL ? mproci_fail(-ENOMEM, "no memory for commands") : 0;
}

/* Encryption can only begin when the other side is there.  Returns 0; -EAGAIN: it is not; another negative errno. */
static int begin_secrecy(mproci_line *line)
{
	int rc;

	if (line->session != NULL)
		return 0;
	rc = mproci_dial_finish(line->descriptor, MPROC_NOW);
	if (rc == 0)
		return mproci_remote_tls_begin(line->tls, line->context, &line->session);
	return rc == -ETIMEDOUT ? -EAGAIN : mproci_fail(-ECONNRESET, "no connection: %s", strerror(-rc));
}

/* Returns how many bytes were taken, or a negative errno. */
static ssize_t send_some(mproci_line *line, char *data, size_t size)
{
	struct iovec part = {.iov_base = data, .iov_len = size};
	ssize_t sent;
	int rc;

	if (line->tls != NULL) {
		rc = begin_secrecy(line);
		return rc < 0 ? rc : mproci_remote_tls_send(line->session, data, size);
	}
	sent = mproci_socket_send(line->descriptor, &part, 1, NULL, 0);
	return sent >= 0 || sent == -EAGAIN ? sent : -ECONNRESET;
}

int mproci_line_flush(mproci_line *line)
{
	ssize_t sent;

	if (mproci_line_unsent(line) == 0)
		return 0;
	sent = send_some(line, line->context->obuf + line->offset, mproci_line_unsent(line));
	if (sent < 0)
		return sent == -EAGAIN ? 0 : (int)sent;
	line->sent += (uint64_t)sent;
	line->offset += (size_t)sent;
	return mproci_line_unsent(line) == 0 ? clear_output(line) : 0;
}

/* Returns 0, -ETIMEDOUT or another negative errno. */
static int wait(const mproci_line *line, mproc_deadline deadline)
{
	struct pollfd one = {.fd = line->descriptor, .events = POLLIN};
	int rc;

	if (mproci_line_unsent(line) > 0
		&& (line->session == NULL || !mproci_remote_tls_waits_for_data(line->session)))
		one.events |= POLLOUT;
	rc = mproci_poll(&one, 1, deadline);
	if (rc == 0)
		return -ETIMEDOUT;
	return rc < 0 ? -ECONNRESET : 0;
}

/* Whether what has come, and what it has become, is more than may be. */
static int check_amount(const mproci_line *line)
{
	const redisReader *reader = line->context->reader;
	const size_t waiting = reader->len - reader->pos;

	if (waiting + line->allowance.taken > line->allowance.largest + PART)
		return mproci_fail(-EMSGSIZE,
			"the reply is larger than %zu bytes, which is the limit (.largest_reply)",
			line->allowance.largest);
	if (waiting > LONGEST_LINE && memchr(reader->buf + reader->pos, '\n', LONGEST_LINE) == NULL)
		return mproci_fail(-EPROTO,
			"the server sends a line of more than %d bytes: is it a Redis server?", LONGEST_LINE);
	return 0;
}

/* Returns how many bytes came, 0 or a negative errno. */
static ssize_t receive_some(mproci_line *line, char *data, size_t size)
{
	struct iovec part = {.iov_base = data, .iov_len = size};

	if (line->tls == NULL)
		return mproci_socket_receive(line->descriptor, &part, 1, NULL, NULL);
	return line->session == NULL ? -EAGAIN : mproci_remote_tls_receive(line->session, data, size);
}

static int receive(mproci_line *line)
{
	char data[PART];
	ssize_t got;

	got = receive_some(line, data, sizeof data);
	if (got == -EAGAIN)
		return 0;
	if (got <= 0)
		return got == -EACCES ? -EACCES : -ECONNRESET;
	if (redisReaderFeed(line->context->reader, data, (size_t)got) != REDIS_OK)
		return mproci_fail(-ENOMEM, "no memory for a reply");
	return check_amount(line);
}

int mproci_line_move(mproci_line *line, mproc_deadline deadline)
{
	int rc;

	rc = mproci_line_flush(line);
	if (rc == 0)
		rc = wait(line, deadline);
	return rc == 0 ? receive(line) : rc;
}

static int fail_to_read(const mproci_line *line)
{
	const redisReader *reader = line->context->reader;

	if (reader->err == REDIS_ERR_PROTOCOL)
		return mproci_fail(
			-EPROTO, "the server sends no reply of the protocol: %.120s", reader->errstr);
	if (line->allowance.is_too_deep)
		return mproci_fail(-EPROTO,
			"the server sends no reply of the protocol that anybody asks for: arrays in arrays, "
			"more than %d deep",
			MPROCI_READING_DEPTH);
	return mproci_fail(-EMSGSIZE,
		"the reply is larger than %zu bytes, which is the limit (.largest_reply), or there is no "
		"memory for it",
		line->allowance.largest);
}

int mproci_line_next(mproci_line *line, redisReply **ret_reply)
{
	void *reply = NULL;

	if (redisReaderGetReply(line->context->reader, &reply) != REDIS_OK)
		return fail_to_read(line);
	if (reply == NULL)
		return 0;
	line->allowance.taken = 0;
	*ret_reply = reply;
	return 1;
}

bool mproci_line_is_stale(mproci_line *line)
{
	const redisReader *reader = line->context->reader;

	return receive(line) < 0 || reader->err != 0 || reader->len > reader->pos;
}
