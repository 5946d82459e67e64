/* SPDX-License-Identifier: MIT */
/*
 * From a request to its command.  All commands are in one hash table of fixed size, filled once.
 */
#include "manager/natives.h"
#include "manager/serving.h"
#include "manager/transactions.h"

#include <assert.h>
#include <stdio.h>

enum {
	/* More than twice as many as there are commands. */
	PLACES = 1024,
	MOST_NAME = 32,
	/* Of what was asked for, what an error quotes. */
	QUOTED = 128,
};

typedef struct place {
	const mproci_command *command;
	size_t size;
} place;

static place places[PLACES];
static size_t command_count;

static const mproci_command *const tables[] = {
	mproci_commands_of_connection,
	mproci_commands_of_server,
	mproci_commands_of_keys,
	mproci_commands_of_strings,
	mproci_commands_of_hashes,
	mproci_commands_of_lists,
	mproci_commands_of_sets,
	mproci_commands_of_sorted,
	mproci_commands_of_channels,
	mproci_commands_of_transactions,
	mproci_commands_of_functions,
	NULL,
};

/* The same for capitals and small letters. */
static inline size_t hash(mproci_view name)
{
	uint32_t sum = (uint32_t)name.size;

	for (size_t i = 0; i < name.size; ++i)
		sum = (sum ^ (uint32_t)(name.bytes[i] & 0xDF)) * 16777619U;
	return (sum ^ sum >> 15) % PLACES;
}

static void add(const mproci_command *command)
{
	mproci_view name = mproci_view_of(command->name);
	size_t at = hash(name);

	while (places[at].command != NULL)
		at = (at + 1) % PLACES;
	places[at] = (place){command, name.size};
	++command_count;
	assert(command_count < PLACES / 2);
}

void mproci_dispatch_prepare(void)
{
	if (command_count > 0)
		return;
	for (size_t i = 0; tables[i] != NULL; ++i) {
		for (const mproci_command *command = tables[i]; command->name != NULL; ++command)
			add(command);
	}
}

const mproci_command *mproci_dispatch_find(mproci_view name)
{
	if (name.size > MOST_NAME)
		return NULL;
	for (size_t at = hash(name); places[at].command != NULL; at = (at + 1) % PLACES) {
		if (places[at].size == name.size && mproci_is_word(name, places[at].command->name))
			return places[at].command;
	}
	return NULL;
}

void mproci_dispatch_each(void (*visit)(void *context, const mproci_command *command), void *context)
{
	for (size_t at = 0; at < PLACES; ++at) {
		if (places[at].command != NULL)
			visit(context, places[at].command);
	}
}

size_t mproci_dispatch_count(void)
{
	return command_count;
}

const char *mproci_dispatch_lower(const mproci_command *command, char *ret_name, size_t size)
{
	size_t i;

	for (i = 0; command->name[i] != '\0' && i + 1 < size; ++i)
		ret_name[i] = command->name[i] >= 'A' && command->name[i] <= 'Z'
				      ? (char)(command->name[i] - 'A' + 'a')
				      : command->name[i];
	ret_name[i] = '\0';
	return ret_name;
}

/* Whether it may need memory for good: it writes, and is none of those that rather give some back. */
static bool grows(const mproci_call *call, const mproci_command *command)
{
	static const char shrinking[] = " DEL UNLINK GETDEL EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST "
					"FLUSHALL FLUSHDB HDEL LPOP RPOP LREM LTRIM "
					"BLPOP BRPOP SPOP SREM ZREM ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX "
					"ZREMRANGEBYRANK ZREMRANGEBYSCORE ";
	char name[MOST_NAME + 2];

	if (strcmp(command->name, "FCALL") == 0)
		return mproci_native_grows(call);
	snprintf(name, sizeof name, " %s ", command->name);
	return (command->flags & MPROCI_COMMAND_WRITES) != 0 && strstr(shrinking, name) == NULL;
}

/* Whether it is about what lies in the family's memory, which has limits of its own. */
static bool is_of_the_family(const mproci_call *call, const mproci_command *command)
{
	size_t first = strcmp(command->name, "FCALL") == 0 ? 3 : (size_t)command->first_key;
	const mproci_binding *binding = NULL;

	if (first > 0 && first < call->count)
		binding = mproci_keyspace_find(call->keyspace, call->arguments[first]);
	return binding != NULL && binding->type->is_shown;
}

static int quoted(mproci_view text, size_t most)
{
	return (int)(text.size < most ? text.size : most);
}

/* What a browser was made to send is nothing to go on with, or to answer. */
static bool is_of_a_browser(mproci_view name)
{
	return mproci_is_word(name, "POST") || mproci_is_word(name, "HOST:");
}

static void refuse_unknown(mproci_call *call)
{
	mproci_view name = call->arguments[0];
	char beginning[QUOTED + 8] = "";
	size_t size = 0;

	for (size_t i = 1; i < call->count && size < QUOTED; ++i) {
		mproci_view one = call->arguments[i];

		size += (size_t)snprintf(beginning + size, sizeof beginning - size, "'%.*s' ",
			quoted(one, QUOTED - size), one.bytes);
	}
	if (is_of_a_browser(name)) {
		mproci_session_end(call->session);
		return;
	}
	mproci_reply_error(call->reply, "ERR unknown command '%.*s', with args beginning with: %s",
		quoted(name, QUOTED), name.bytes, beginning);
}

static bool has_arity(const mproci_call *call, const mproci_command *command)
{
	return command->arity < 0 ? call->count >= (size_t)-command->arity
				  : call->count == (size_t)command->arity;
}

/* Returns whether it is let through; otherwise the client has been told why not. */
static bool is_allowed(mproci_call *call, const mproci_command *command)
{
	const mproci_session *session = call->session;
	char name[MOST_NAME];

	if (!has_arity(call, command)) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s' command",
			mproci_dispatch_lower(command, name, sizeof name));
	} else if (!session->is_authenticated && (command->flags & MPROCI_COMMAND_OPEN) == 0) {
		mproci_reply_error(call->reply, "NOAUTH Authentication required.");
	} else if (session->subscriptions > 0 && session->reply.protocol == 2
		   && (command->flags & MPROCI_COMMAND_SUBSCRIBED) == 0) {
		mproci_reply_error(call->reply,
			"ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
			"RESET are allowed in this context",
			mproci_dispatch_lower(command, name, sizeof name));
	} else if (session->server->is_full && grows(call, command) && !is_of_the_family(call, command)) {
		mproci_reply_error(call->reply, "OOM command not allowed when used memory > 'maxmemory'.");
	} else {
		return true;
	}
	return false;
}

/* The function that carries it out: the command's, or that of what its first key means. */
static mproci_outcome call_function(mproci_call *call, const mproci_command *command)
{
	size_t first = (size_t)command->first_key;
	const mproci_binding *binding = NULL;

	if ((command->flags & MPROCI_COMMAND_TIMED) != 0) {
		uv_update_time(&call->server->loop);
		mproci_server_update_time(call->server);
	}
	if (call->server->is_showing && first > 0 && first < call->count
		&& (command->flags & MPROCI_COMMAND_OF_NAMES) == 0)
		binding = mproci_keyspace_find(call->keyspace, call->arguments[first]);
	if (binding != NULL && binding->type->carry_out != NULL)
		return binding->type->carry_out(call);
	return command->function(call);
}

static mproci_outcome queue(mproci_call *call, const mproci_command *command)
{
	if ((command->flags & MPROCI_COMMAND_ALONE) == 0) {
		mproci_transaction_keep(call);
		return MPROCI_DONE;
	}
	mproci_reply_error(call->reply, "ERR Command not allowed inside a transaction");
	mproci_transaction_spoil(call->session);
	return MPROCI_DONE;
}

mproci_outcome mproci_dispatch(mproci_call *call)
{
	const mproci_command *command = mproci_dispatch_find(call->arguments[0]);

	if (command == NULL || !is_allowed(call, command)) {
		if (command == NULL)
			refuse_unknown(call);
		mproci_transaction_spoil(call->session);
		return MPROCI_DONE;
	}
	call->session->command = command;
	if (call->session->transaction != NULL && (command->flags & MPROCI_COMMAND_AT_ONCE) == 0
		&& mproci_transaction_is_open(call->session))
		return queue(call, command);
	return call_function(call, command);
}

mproci_outcome mproci_dispatch_now(mproci_call *call)
{
	const mproci_command *command = mproci_dispatch_find(call->arguments[0]);

	if (command != NULL)
		return call_function(call, command);
	refuse_unknown(call);
	return MPROCI_DONE;
}
