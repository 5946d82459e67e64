/* SPDX-License-Identifier: MIT */
/*
 * client_fixture.h - clients of a manager without a server: their sessions are made, asked and ended by hand.
 */
#ifndef CLIENT_FIXTURE_H
#define CLIENT_FIXTURE_H

#include "manager/channels.h"
#include "manager/transactions.h"
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MOST_ARGUMENTS = 32,
};

struct mproci_server {
	mproci_keyspace *keyspace;
	mproci_channels *channels;
	uint64_t last_id;
};

struct mproci_session {
	uint64_t id;
	mproci_server *server;
	mproci_belonging belongings;
	mproci_reply reply, pushed;
	/* What was answered, or pushed, last: with a zero behind it. */
	char *text;
	void *transaction;
	size_t subscriptions;
};

/* The clock begins there: milliseconds. */
static const int64_t BEGINNING = 1000;
static const int64_t WALL = INT64_C(1700000000000);

static mproci_server fixture_server;
static int64_t fixture_now;

void mproci_session_own(mproci_session *session, mproci_belonging *belonging)
{
	belonging->next = session->belongings.next;
	belonging->previous = &session->belongings;
	belonging->next->previous = belonging;
	session->belongings.next = belonging;
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
	return &session->pushed;
}

void mproci_session_end_push(mproci_session *session)
{
	(void)session;
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

mproci_channels *mproci_server_channels(const mproci_server *server)
{
	return server->channels;
}

static inline const mproci_command *fixture_find(mproci_view name)
{
	static const mproci_command *const tables[] = {
		mproci_commands_of_channels,
		mproci_commands_of_transactions,
		mproci_commands_of_functions,
		mproci_commands_of_strings,
		mproci_commands_of_hashes,
		mproci_commands_of_lists,
		mproci_commands_of_keys,
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; ++i)
		for (const mproci_command *command = tables[i]; command->name != NULL; ++command)
			if (mproci_is_word(name, command->name))
				return command;
	ck_abort_msg("no such command");
}

int mproci_session_park(mproci_session *session, const mproci_view *names, size_t count, int64_t until)
{
	(void)session, (void)names, (void)count, (void)until;
	ck_abort_msg("a call parks");
}

bool mproci_session_is_late(const mproci_session *session)
{
	(void)session;
	return false;
}

mproci_outcome mproci_session_carry_out(mproci_call *call)
{
	return fixture_find(call->arguments[0])->function(call);
}

static inline void fixture_advance(int64_t milliseconds)
{
	fixture_now += milliseconds;
	mproci_keyspace_set_time(fixture_server.keyspace, fixture_now, WALL + fixture_now);
}

static inline void fixture_setup(void)
{
	fixture_server = (mproci_server){mproci_keyspace_create(), mproci_channels_create(), 0};
	fixture_now = 0;
	fixture_advance(BEGINNING);
}

static inline void fixture_teardown(void)
{
	mproci_keyspace_destroy(fixture_server.keyspace);
	mproci_channels_destroy(fixture_server.channels);
}

static inline mproci_session *client_new(void)
{
	mproci_session *new = calloc(1, sizeof *new);

	ck_assert_ptr_nonnull(new);
	new->id = ++fixture_server.last_id;
	new->server = &fixture_server;
	new->belongings.next = new->belongings.previous = &new->belongings;
	new->reply.protocol = new->pushed.protocol = 2;
	return new;
}

/* It hangs up. */
static inline void client_end(mproci_session *session)
{
	while (session->belongings.next != &session->belongings) {
		mproci_belonging *belonging = session->belongings.next;

		mproci_session_disown(belonging);
		belonging->release(belonging);
	}
	mproci_reply_free(&session->reply);
	mproci_reply_free(&session->pushed);
	free(session->text);
	free(session);
}

/* Those of most tests. */
static mproci_session *one, *other;

static inline void setup(void)
{
	fixture_setup();
	one = client_new();
	other = client_new();
}

static inline void teardown(void)
{
	client_end(one);
	client_end(other);
	fixture_teardown();
}

/* Take out what is in a reply. */
static inline const char *client_take(mproci_session *session, mproci_reply *reply)
{
	size_t size = reply->end - reply->first;

	ck_assert(!reply->has_failed);
	session->text = realloc(session->text, size + 1);
	ck_assert_ptr_nonnull(session->text);
	if (size > 0)
		memcpy(session->text, reply->bytes + reply->first, size);
	session->text[size] = '\0';
	reply->first = reply->end = 0;
	return session->text;
}

static inline const char *client_pushed(mproci_session *session)
{
	return client_take(session, &session->pushed);
}

/* As the dispatcher does. */
static inline void client_dispatch(mproci_call *call)
{
	const mproci_command *command = fixture_find(call->arguments[0]);
	bool is_queued =
		mproci_transaction_is_open(call->session) && (command->flags & MPROCI_COMMAND_AT_ONCE) == 0;

	if (is_queued)
		mproci_transaction_keep(call);
	else
		ck_assert_int_ne(command->function(call), MPROCI_PARKED);
}

static inline const char *client_call(mproci_session *session, const mproci_view *arguments, size_t count)
{
	mproci_call call = {
		&fixture_server, fixture_server.keyspace, session, arguments, count, &session->reply, false};

	client_dispatch(&call);
	return client_take(session, &session->reply);
}

/*
 * Ask for what the words say, separated by blanks.  Returns the bytes of the answer, valid until the next
 * one.
 */
__attribute__((format(printf, 2, 3))) static inline const char *client_ask(
	mproci_session *session, const char *format, ...)
{
	mproci_view arguments[MOST_ARGUMENTS];
	size_t count = 0;
	char words[1024], *rest = words, *word;
	va_list list;

	va_start(list, format);
	vsnprintf(words, sizeof words, format, list);
	va_end(list);
	while ((word = strsep(&rest, " ")) != NULL) {
		ck_assert_uint_lt(count, MOST_ARGUMENTS);
		arguments[count++] = mproci_view_of(word);
	}
	return client_call(session, arguments, count);
}

/* The same where the answer is a number. */
static inline int64_t client_number(const char *answer)
{
	long long number;

	ck_assert_msg(sscanf(answer, ":%lld\r\n", &number) == 1, "'%s' is no number", answer);
	return number;
}

#endif
