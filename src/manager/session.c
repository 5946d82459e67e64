/* SPDX-License-Identifier: MIT */
#include "manager/serving.h"

#include "sys/listening.h"
#include "sys/socket.h"

#include <stdlib.h>

/* Milliseconds in which a client has to say who it is. */
static const uint64_t PATIENCE = 5000;

static void free_session(mproci_session *session)
{
	mproci_tls_destroy(session->tls);
	mproci_parser_free(&session->parser);
	mproci_reply_free(&session->reply);
	free(session->input);
	free(session);
}

static void on_closed(uv_handle_t *handle)
{
	mproci_session *session = handle->data;

	if (--session->handles == 0)
		free_session(session);
}

/* It has not said who it is. */
static void on_timer(uv_timer_t *timer)
{
	mproci_session_close(timer->data);
}

/* Handles that are open have to be closed, and the memory lives until they are. */
static bool open_handles(mproci_session *session)
{
	uv_loop_t *loop = &session->server->loop;

	if (uv_poll_init(loop, &session->poll, session->descriptor) != 0)
		return false;
	uv_timer_init(loop, &session->timer);
	session->poll.data = session->timer.data = session;
	session->handles = 2;
	return true;
}

static bool prepare(mproci_session *session)
{
	mproci_server *server = session->server;

	mproci_parser_init(&session->parser);
	session->reply.protocol = 2;
	session->belongings.next = session->belongings.previous = &session->belongings;
	if (server->tls != NULL && !session->is_local) {
		session->tls = mproci_tls_create(server->tls);
		if (session->tls == NULL)
			return false;
	}
	return open_handles(session);
}

void mproci_session_doubt(mproci_session *session)
{
	session->is_authenticated = session->server->options.password == NULL;
	if (!session->is_authenticated)
		uv_timer_start(&session->timer, on_timer, PATIENCE, 0);
}

static void join(mproci_session *session)
{
	mproci_server *server = session->server;

	session->id = ++server->last_id;
	session->connected_at = session->active_at = uv_now(&server->loop);
	mproci_session_doubt(session);
	if (session->tls != NULL)
		uv_timer_start(&session->timer, on_timer, PATIENCE, 0);
	DL_APPEND2(server->sessions, session, all.previous, all.next);
	++server->session_count;
	++server->counters.connections;
	mproci_wire_watch(session);
}

mproci_session *mproci_session_open(mproci_server *server, int descriptor, bool is_local)
{
	mproci_session *session = calloc(1, sizeof *session);

	if (session == NULL)
		return NULL;
	session->server = server;
	session->descriptor = descriptor;
	session->is_local = is_local;
	if (!prepare(session)) {
		free_session(session);
		return NULL;
	}
	join(session);
	return session;
}

void mproci_session_welcome(mproci_session *session)
{
	if (session->is_authenticated && !session->is_parked)
		uv_timer_stop(&session->timer);
}

static void leave(mproci_session *session)
{
	mproci_server *server = session->server;

	DL_DELETE2(server->sessions, session, all.previous, all.next);
	--server->session_count;
	mproci_wire_unmark(session);
	mproci_turn_unmark_ready(session);
}

static void release_belongings(mproci_session *session)
{
	mproci_belonging *first;

	while ((first = session->belongings.next) != &session->belongings) {
		mproci_session_disown(first);
		first->release(first);
	}
}

void mproci_session_close(mproci_session *session)
{
	if (session->is_gone)
		return;
	session->is_gone = true;
	mproci_parking_end(session);
	leave(session);
	release_belongings(session);
	uv_close((uv_handle_t *)&session->poll, on_closed);
	uv_close((uv_handle_t *)&session->timer, on_closed);
	mproci_socket_hang_up(session->descriptor);
}

void mproci_session_end(mproci_session *session)
{
	session->is_ending = true;
	mproci_wire_mark(session);
}

void mproci_session_own(mproci_session *session, mproci_belonging *belonging)
{
	belonging->next = &session->belongings;
	belonging->previous = session->belongings.previous;
	belonging->previous->next = belonging;
	session->belongings.previous = belonging;
}

void mproci_session_disown(mproci_belonging *belonging)
{
	belonging->next->previous = belonging->previous;
	belonging->previous->next = belonging->next;
}

uint64_t mproci_session_id(const mproci_session *session)
{
	return session->id;
}

mproci_reply *mproci_session_begin_push(mproci_session *session)
{
	return &session->reply;
}

void mproci_session_end_push(mproci_session *session)
{
	mproci_reply *reply = &session->reply;

	/* Who is told more than it reads is sent away, not at once: this may be one of many who are told. */
	if (reply->end - reply->first > MPROCI_OUTPUT_MOST)
		reply->has_failed = true;
	mproci_wire_mark(session);
}

void mproci_session_set_subscriptions(mproci_session *session, size_t count)
{
	session->subscriptions = count;
}

void *mproci_session_transaction(const mproci_session *session)
{
	return session->transaction;
}

void mproci_session_set_transaction(mproci_session *session, void *transaction)
{
	session->transaction = transaction;
}

mproci_outcome mproci_session_carry_out(mproci_call *call)
{
	return mproci_dispatch_now(call);
}
