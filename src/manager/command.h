/* SPDX-License-Identifier: MIT */
/*
 * manager/command.h - what clients can ask for: a table of commands for each subject, and what a command gets.
 */
#ifndef MANAGER_COMMAND_H
#define MANAGER_COMMAND_H

#include "manager/keyspace.h"
#include "manager/outcome.h"
#include "manager/reply.h"

#include <stdint.h>

typedef struct mproci_server mproci_server;
typedef struct mproci_session mproci_session;

/* One request, while it is carried out. */
typedef struct mproci_call {
	mproci_server *server;
	mproci_keyspace *keyspace;
	mproci_session *session;
	/* The first is the command's name. */
	const mproci_view *arguments;
	size_t count;
	mproci_reply *reply;
	/* A call that may not park: inside of EXEC. */
	bool is_hasty;
} mproci_call;

enum {
	/* It changes the keyspace. */
	MPROCI_COMMAND_WRITES = 1,
	/* It may be given before AUTH. */
	MPROCI_COMMAND_OPEN = 2,
	/* It may be given while this client is subscribed in RESP2. */
	MPROCI_COMMAND_SUBSCRIBED = 4,
	/* Not between MULTI and EXEC. */
	MPROCI_COMMAND_ALONE = 8,
	/* Between MULTI and EXEC it is carried out at once. */
	MPROCI_COMMAND_AT_ONCE = 16,
	/* It is about names, whatever they mean: a type's carry_out is not asked. */
	MPROCI_COMMAND_OF_NAMES = 32,
	/* What it lends it lends from now on, and not from when this turn began: the clock is read for it. */
	MPROCI_COMMAND_TIMED = 64,
};

typedef struct mproci_command {
	/* In capitals. */
	const char *name;
	mproci_command_function *function;
	/* How many arguments with the name; negative: at least as many. */
	int arity;
	unsigned flags;
	/* Where keys are among the arguments, as Redis' COMMAND says it: the first, the last (negative: from the end), and the step; 0: none. */
	int first_key, last_key, step;
} mproci_command;

/* Each subject has its table, which ends with a name of NULL. */
extern const mproci_command mproci_commands_of_connection[], mproci_commands_of_server[],
	mproci_commands_of_keys[], mproci_commands_of_strings[], mproci_commands_of_hashes[],
	mproci_commands_of_lists[], mproci_commands_of_sets[], mproci_commands_of_sorted[],
	mproci_commands_of_channels[], mproci_commands_of_transactions[], mproci_commands_of_functions[];

/* A whole number in an argument, as Redis reads it: nothing before it or behind it.  Returns whether it is one. */
bool mproci_read_integer(mproci_view text, int64_t *ret_number);
/* The same with "inf", "-inf" and a fraction; never NaN. */
bool mproci_read_double(mproci_view text, double *ret_number);
/* Whether an argument is that word, in capitals or not. */
bool mproci_is_word(mproci_view argument, const char *word);

#endif
