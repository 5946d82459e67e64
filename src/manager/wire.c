/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a session: what comes is read when there is some, once; what goes is sent once before the loop waits again, whatever it consists of.
 */
#include "manager/serving.h"

#include "sys/socket.h"

#include <errno.h>

enum {
	/* What of TLS is read at once: decrypted it fits where it is read to. */
	CIPHER_SIZE = 16 << 10,
	/* The most for which a reply keeps memory when all is sent. */
	KEPT = 64 << 10,
};

static int wanted(const mproci_session *session)
{
	if (session->is_stuck)
		return UV_WRITABLE;
	/* It has said too much, but whether it is still there has to be known. */
	if (session->is_parked && session->input_size >= MPROCI_INPUT_BEHIND)
		return UV_DISCONNECT;
	return UV_READABLE;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	mproci_session *session = poll->data;

	if ((events & UV_WRITABLE) != 0)
		mproci_wire_flush(session);
	if (status < 0 || (events & UV_READABLE) != 0)
		mproci_turn_begin(session);
	/* What it had sent before has been carried out. */
	if (status < 0 || ((events & UV_DISCONNECT) != 0 && session->is_parked))
		mproci_session_close(session);
}

void mproci_wire_watch(mproci_session *session)
{
	int events = wanted(session);

	if (session->is_gone || events == session->events)
		return;
	session->events = events;
	uv_poll_start(&session->poll, events, on_event);
}

static ssize_t receive(mproci_session *session, char *buffer, size_t size)
{
	ssize_t got = mproci_socket_read(session->descriptor, buffer, size);

	if (got == -EAGAIN)
		return 0;
	if (got <= 0)
		return -EPIPE;
	session->server->counters.received += (uint64_t)got;
	return got;
}

static ssize_t receive_tls(mproci_session *session, char *buffer, size_t size)
{
	char cipher[CIPHER_SIZE];
	bool was_ready = mproci_tls_is_ready(session->tls);
	ssize_t got = receive(session, cipher, sizeof cipher);

	if (got <= 0)
		return got;
	if (mproci_tls_take(session->tls, (mproci_view){cipher, (size_t)got}) < 0)
		return -EPIPE;
	got = mproci_tls_read(session->tls, buffer, size);
	/* There may be something to say to that, also where it is refused. */
	mproci_wire_mark(session);
	if (!was_ready && mproci_tls_is_ready(session->tls))
		mproci_session_welcome(session);
	if (got == -EPROTO) {
		mproci_session_end(session);
		return 0;
	}
	return got;
}

ssize_t mproci_wire_read(mproci_session *session, char *buffer, size_t size)
{
	return session->tls == NULL ? receive(session, buffer, size) : receive_tls(session, buffer, size);
}

/* Returns how many bytes were sent, fewer than there are when there is no room; -EPIPE: the client is gone. */
static ssize_t send_bytes(mproci_session *session, mproci_view bytes)
{
	ssize_t sent = mproci_socket_write(session->descriptor, bytes.bytes, bytes.size);

	if (sent == -EAGAIN)
		return 0;
	if (sent < 0)
		return -EPIPE;
	if (sent > 0)
		session->sent_at = uv_now(&session->server->loop);
	session->server->counters.sent += (uint64_t)sent;
	return sent;
}

static mproci_view waiting_in(const mproci_reply *reply)
{
	return (mproci_view){reply->bytes + reply->first, reply->end - reply->first};
}

static void take_out(mproci_reply *reply, size_t size)
{
	reply->first += size;
	if (reply->first < reply->end)
		return;
	reply->first = reply->end = 0;
	if (reply->capacity > KEPT)
		mproci_reply_free(reply);
}

/* Returns 1: all is sent; 0: there is no room; -EPIPE. */
static int send_plain(mproci_session *session)
{
	mproci_view bytes = waiting_in(&session->reply);
	ssize_t sent;

	if (bytes.size == 0)
		return 1;
	sent = send_bytes(session, bytes);
	if (sent < 0)
		return -EPIPE;
	take_out(&session->reply, (size_t)sent);
	return (size_t)sent == bytes.size;
}

/* As send_plain, for what is encrypted already. */
static int send_output(mproci_session *session)
{
	mproci_view bytes = mproci_tls_output(session->tls);
	ssize_t sent;

	if (bytes.size == 0)
		return 1;
	sent = send_bytes(session, bytes);
	if (sent < 0)
		return -EPIPE;
	mproci_tls_sent(session->tls, (size_t)sent);
	return (size_t)sent == bytes.size;
}

/* Encrypts no more than what can be sent at once.  What cannot be encrypted yet, before both sides have agreed, waits for what comes. */
static int send_tls(mproci_session *session)
{
	for (;;) {
		int rc = send_output(session);
		ssize_t taken;

		if (rc != 1)
			return rc;
		taken = mproci_tls_write(session->tls, waiting_in(&session->reply));
		if (taken < 0)
			return -EPIPE;
		if (taken == 0)
			return send_output(session);
		take_out(&session->reply, (size_t)taken);
	}
}

static void settle(mproci_session *session, bool is_stuck)
{
	if (is_stuck && !session->is_stuck) {
		session->sent_at = uv_now(&session->server->loop);
		mproci_server_check_later(session->server);
	}
	session->is_stuck = is_stuck;
	mproci_wire_watch(session);
	if (session->has_more)
		mproci_turn_mark_ready(session);
}

void mproci_wire_flush(mproci_session *session)
{
	int rc = -EPIPE;

	mproci_wire_unmark(session);
	if (!session->reply.has_failed)
		rc = session->tls == NULL ? send_plain(session) : send_tls(session);
	if (rc < 0 || (rc == 1 && session->is_ending))
		mproci_session_close(session);
	else if (session->is_stuck != (rc == 0) || session->has_more)
		settle(session, rc == 0);
}

void mproci_wire_mark(mproci_session *session)
{
	if (session->is_gone || session->dirty.previous != NULL)
		return;
	DL_APPEND2(session->server->dirty, session, dirty.previous, dirty.next);
}

void mproci_wire_unmark(mproci_session *session)
{
	if (session->dirty.previous == NULL)
		return;
	DL_DELETE2(session->server->dirty, session, dirty.previous, dirty.next);
	session->dirty.previous = NULL;
}
