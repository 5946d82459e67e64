/* SPDX-License-Identifier: MIT */
/*
 * A session's turn: it receives once, and its requests are carried out one after the other, until there is none, or one is parked, or enough is to be sent, or others
 * have waited long enough.  What is left is kept, and its turn comes again.
 */
#include "manager/serving.h"

#include <errno.h>

enum {
	/* Requests in one turn. */
	MOST_REQUESTS = 1000,
	/* After so many of them the clock is looked at. */
	REQUESTS_PER_LOOK = 8,
	/* Milliseconds of one turn. */
	LONGEST_TURN = 10,
};

static size_t waiting_in(const mproci_reply *reply)
{
	return reply->end - reply->first;
}

static bool can_go_on(const mproci_session *session)
{
	return !session->is_gone && !session->is_ending && !session->is_parked
	       && waiting_in(&session->reply) < MPROCI_OUTPUT_MUCH && !session->reply.has_failed;
}

void mproci_turn_mark_ready(mproci_session *session)
{
	if (session->ready.previous != NULL || !can_go_on(session))
		return;
	DL_APPEND2(session->server->ready, session, ready.previous, ready.next);
	++session->server->ready_count;
}

void mproci_turn_unmark_ready(mproci_session *session)
{
	if (session->ready.previous == NULL)
		return;
	DL_DELETE2(session->server->ready, session, ready.previous, ready.next);
	session->ready.previous = NULL;
	--session->server->ready_count;
}

/* What CLIENT REPLY has silenced is taken back. */
static void answer(mproci_session *session, size_t before, mproci_answering answering)
{
	if (answering == MPROCI_ANSWER_AFTER_THIS)
		session->answering = MPROCI_ANSWER;
	else if (session->answering == MPROCI_ANSWER_AFTER_NEXT)
		session->answering = MPROCI_ANSWER_AFTER_THIS;
	if (session->answering != MPROCI_ANSWER || answering == MPROCI_ANSWER_AFTER_THIS)
		session->reply.end = session->reply.first + before;
}

static mproci_outcome carry_out(mproci_session *session)
{
	mproci_server *server = session->server;
	mproci_answering answering = session->answering;
	size_t before = waiting_in(&session->reply);
	mproci_call call = {
		.server = server,
		.keyspace = server->keyspace,
		.session = session,
		.arguments = session->parser.arguments,
		.count = session->parser.count,
		.reply = &session->reply,
	};
	mproci_outcome outcome;

	outcome = mproci_dispatch(&call);
	if (outcome == MPROCI_PARKED)
		return outcome;
	if (session->is_parked)
		mproci_parking_end(session);
	++server->counters.commands;
	if (session->answering != MPROCI_ANSWER || answering != MPROCI_ANSWER)
		answer(session, before, answering);
	mproci_wire_mark(session);
	return outcome;
}

/* The client gets an answer and is sent away. */
static void refuse(mproci_session *session, ssize_t rc)
{
	if (rc == -ENOMEM)
		mproci_reply_error(&session->reply, "OOM no memory for this request");
	else
		mproci_reply_error(&session->reply, "%s", session->parser.error);
	mproci_session_end(session);
}

static const mproci_parser_limits *limits_of(const mproci_session *session)
{
	return session->is_authenticated ? &session->server->limits : &session->server->limits_before_auth;
}

/* Whether others have to have their turn. */
static bool is_over(mproci_session *session, size_t count, uint64_t began)
{
	uv_loop_t *loop = &session->server->loop;

	if (count % REQUESTS_PER_LOOK != 0)
		return false;
	uv_update_time(loop);
	mproci_server_update_time(session->server);
	return count >= MOST_REQUESTS || uv_now(loop) - began >= LONGEST_TURN;
}

/* Returns how many of the bytes have been carried out, or refused. */
static size_t carry_out_all(mproci_session *session, char *bytes, size_t size)
{
	uint64_t began = uv_now(&session->server->loop);
	size_t used = 0, count = 0;

	session->has_more = false;
	while (used < size && can_go_on(session)) {
		ssize_t rc =
			mproci_parser_read(&session->parser, limits_of(session), bytes + used, size - used);

		if (rc < 0)
			refuse(session, rc);
		if (rc <= 0)
			return used;
		if (session->parser.count > 0 && carry_out(session) == MPROCI_PARKED) {
			session->parked_size = (size_t)rc;
			return used;
		}
		used += (size_t)rc;
		mproci_turn_wake(session->server);
		if (is_over(session, ++count, began))
			break;
	}
	session->has_more = used < size;
	return used;
}

static void carry_out_and_keep(mproci_session *session, char *bytes, size_t size)
{
	size_t used = carry_out_all(session, bytes, size);

	if (session->is_gone)
		return;
	if (session->is_ending)
		used = size;
	if (mproci_input_keep(session, bytes + used, size - used) < 0) {
		mproci_session_close(session);
		return;
	}
	if (session->is_parked)
		mproci_parser_move(&session->parser, session->input);
	if (session->has_more)
		mproci_turn_mark_ready(session);
	mproci_wire_watch(session);
}

/* Behind a parked request: it is kept. */
static void keep_more(mproci_session *session, size_t got)
{
	session->input_size += got;
	mproci_wire_watch(session);
}

static void prepare(mproci_session *session)
{
	mproci_server *server = session->server;

	mproci_server_update_time(server);
	if (server->hook != NULL)
		server->hook(server->hook_context);
	session->active_at = uv_now(&server->loop);
}

void mproci_turn_begin(mproci_session *session)
{
	size_t before = session->input_size, room;
	ssize_t got = -ENOMEM;
	char *to;

	if (session->is_gone || session->is_ending || session->has_more)
		return;
	to = mproci_input_begin(session, &room);
	if (session->is_parked)
		mproci_parser_move(&session->parser, session->input);
	if (to != NULL)
		got = mproci_wire_read(session, to, room);
	if (got < 0) {
		mproci_session_close(session);
	} else if (got > 0 && session->is_parked) {
		keep_more(session, (size_t)got);
	} else if (got > 0) {
		prepare(session);
		carry_out_and_keep(session, to - before, before + (size_t)got);
	}
}

void mproci_turn_continue(mproci_session *session)
{
	if (!can_go_on(session))
		return;
	prepare(session);
	carry_out_and_keep(session, session->input, session->input_size);
}

/* A parked request has been carried out: those behind it can be. */
static void unpark(mproci_session *session)
{
	size_t size = session->parked_size;

	session->has_more = session->input_size > size;
	mproci_input_keep(session, session->input + size, session->input_size - size);
	if (session->has_more)
		mproci_turn_mark_ready(session);
	mproci_wire_watch(session);
}

void mproci_turn_retry(mproci_session *session)
{
	mproci_outcome outcome;

	if (session->is_gone || !session->is_parked)
		return;
	outcome = carry_out(session);
	if (outcome == MPROCI_PARKED && !session->is_late)
		return;
	/* It had its time. */
	if (outcome == MPROCI_PARKED) {
		mproci_parking_end(session);
		mproci_reply_null_array(&session->reply);
		mproci_wire_mark(session);
	}
	if (!session->is_gone)
		unpark(session);
}

void mproci_turn_wake(mproci_server *server)
{
	mproci_session *session;

	while ((session = server->woken) != NULL) {
		DL_DELETE2(server->woken, session, woken.previous, woken.next);
		session->woken.previous = NULL;
		mproci_turn_retry(session);
	}
}
