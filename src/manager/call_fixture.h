/* SPDX-License-Identifier: MIT */
/*
 * call_fixture.h - commands as text, carried out without a server or a client; and what they answer, as text.
 */
#ifndef CALL_FIXTURE_H
#define CALL_FIXTURE_H

#include "manager/command.h"
#include "manager/session.h"
#include "manager/strings.h"

#include "support.h"

#include <stdlib.h>

enum {
	FIXTURE_WORDS = 64,
	FIXTURE_NOW = 1000000,
};

/* What commands are looked for in; the second may be NULL, or end with it. */
static const mproci_command *fixture_commands;
static const mproci_command *const *fixture_others;
static mproci_keyspace *keyspace;
static mproci_reply reply;
static bool is_hasty;

/* What the last command parked for, if it did; and what it hears about the time. */
static size_t parked_names;
static int64_t parked_until;
static bool is_late;

/* In place of those of the session: in this program there is none. */
int mproci_session_park(mproci_session *session, const mproci_view *names, size_t count, int64_t until)
{
	(void)session;
	(void)names;
	parked_names = count;
	parked_until = until;
	return 0;
}

bool mproci_session_is_late(const mproci_session *session)
{
	(void)session;
	return is_late;
}

static void setup(void)
{
	keyspace = mproci_keyspace_create();
	ck_assert_ptr_nonnull(keyspace);
	mproci_keyspace_set_time(keyspace, FIXTURE_NOW, FIXTURE_NOW);
	reply = (mproci_reply){.protocol = 2};
}

static void teardown(void)
{
	mproci_keyspace_destroy(keyspace);
	mproci_reply_free(&reply);
}

static size_t split(char *text, mproci_view *words)
{
	size_t count = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		ck_assert_uint_lt(count, FIXTURE_WORDS);
		/* What is nothing is written so. */
		words[count++] = mproci_view_of(strcmp(word, "''") == 0 ? "" : word);
	}
	return count;
}

static const mproci_command *find_in(const mproci_command *command, mproci_view name)
{
	while (command->name && !mproci_is_word(name, command->name))
		++command;
	return command->name ? command : NULL;
}

static const mproci_command *find_command(mproci_view name)
{
	const mproci_command *found = find_in(fixture_commands, name);

	for (const mproci_command *const *other = fixture_others; !found && other && *other; ++other)
		found = find_in(*other, name);
	ck_assert_ptr_nonnull(found);
	return found;
}

/* The outcome of a command, whose words have one space between them; the reply is what it has written. */
static mproci_outcome carry_out(const char *text)
{
	mproci_view words[FIXTURE_WORDS];
	char *copy = strdup(text);
	mproci_call call = {.keyspace = keyspace, .arguments = words, .reply = &reply, .is_hasty = is_hasty};
	mproci_outcome outcome;

	call.count = split(copy, words);
	reply.first = reply.end = 0;
	outcome = find_command(words[0])->function(&call);
	free(copy);
	return outcome;
}

/* What a command answers, with a space for each line end. */
static const char *ask(const char *text)
{
	static char answer[1 << 16];
	size_t size = 0;

	ck_assert_int_eq(carry_out(text), MPROCI_DONE);
	ck_assert(!reply.has_failed);
	ck_assert_uint_lt(reply.end - reply.first, sizeof answer);
	for (size_t i = reply.first; i < reply.end; ++i) {
		if (reply.bytes[i] != '\r')
			answer[size++] = reply.bytes[i] == '\n' ? ' ' : reply.bytes[i];
	}
	answer[size > 0 ? size - 1 : 0] = '\0';
	return answer;
}

static void check(const char *command, const char *answer)
{
	ck_assert_str_eq(ask(command), answer);
}

static void put_text(const char *name)
{
	ck_assert_int_eq(mproci_string_set(keyspace, mproci_view_of(name), mproci_view_of("text")), 0);
}

#endif
