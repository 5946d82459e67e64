/* SPDX-License-Identifier: MIT */
/*
 * What is watched tells nobody of its changes: its version is looked at when EXEC comes.
 */
#include "manager/transactions.h"

#include <stdlib.h>

struct kept {
	struct kept *next;
	size_t count;
	/* Their bytes are behind them. */
	mproci_view arguments[];
};

struct watched {
	struct watched *next;
	uint64_t version;
	size_t size;
	char name[];
};

struct transaction {
	mproci_belonging belonging;
	bool is_open, is_spoiled;
	struct kept *first, **end;
	size_t count, size;
	struct watched *watched;
	size_t watched_count;
};

static struct transaction *transaction_of(const mproci_session *session)
{
	return mproci_session_transaction(session);
}

static void free_kept(struct kept *kept)
{
	while (kept != NULL) {
		struct kept *next = kept->next;

		free(kept);
		kept = next;
	}
}

static void free_watched(struct watched *watched)
{
	while (watched != NULL) {
		struct watched *next = watched->next;

		free(watched);
		watched = next;
	}
}

static void release(mproci_belonging *belonging)
{
	struct transaction *self =
		(struct transaction *)((char *)belonging - offsetof(struct transaction, belonging));

	free_kept(self->first);
	free_watched(self->watched);
	free(self);
}

/* The client's, made if it has none. */
static struct transaction *provide(mproci_session *session)
{
	struct transaction *self = transaction_of(session);

	if (self != NULL)
		return self;
	self = calloc(1, sizeof *self);
	if (self == NULL)
		return NULL;
	self->end = &self->first;
	self->belonging.release = release;
	mproci_session_own(session, &self->belonging);
	mproci_session_set_transaction(session, self);
	return self;
}

void mproci_transaction_drop(mproci_session *session)
{
	struct transaction *self = transaction_of(session);

	if (self == NULL)
		return;
	mproci_session_disown(&self->belonging);
	mproci_session_set_transaction(session, NULL);
	release(&self->belonging);
}

bool mproci_transaction_is_open(const mproci_session *session)
{
	const struct transaction *self = transaction_of(session);

	return self != NULL && self->is_open;
}

void mproci_transaction_spoil(mproci_session *session)
{
	struct transaction *self = transaction_of(session);

	if (self != NULL && self->is_open)
		self->is_spoiled = true;
}

static void refuse_for_memory(mproci_call *call)
{
	mproci_transaction_spoil(call->session);
	mproci_reply_error(call->reply, "OOM no memory for the transaction");
}

static size_t size_of(const mproci_call *call)
{
	size_t size = sizeof(struct kept) + call->count * sizeof *call->arguments;

	for (size_t i = 0; i < call->count; ++i)
		size += call->arguments[i].size;
	return size;
}

static struct kept *copy_arguments(const mproci_call *call, size_t size)
{
	struct kept *copy = malloc(size);
	char *end;

	if (copy == NULL)
		return NULL;
	copy->next = NULL;
	copy->count = call->count;
	end = (char *)(copy->arguments + call->count);
	for (size_t i = 0; i < call->count; ++i) {
		mproci_view argument = call->arguments[i];

		copy->arguments[i] = (mproci_view){end, argument.size};
		memcpy(end, argument.bytes, argument.size);
		end += argument.size;
	}
	return copy;
}

static bool has_room(const struct transaction *self, size_t size)
{
	return self->count < MPROCI_TRANSACTION_MOST_COMMANDS && size <= MPROCI_TRANSACTION_MOST_BYTES
	       && self->size <= MPROCI_TRANSACTION_MOST_BYTES - size;
}

void mproci_transaction_keep(mproci_call *call)
{
	struct transaction *self = transaction_of(call->session);
	size_t size = size_of(call);
	struct kept *copy;

	if (!has_room(self, size)) {
		self->is_spoiled = true;
		mproci_reply_error(call->reply,
			"ERR a transaction has at most %d commands of %d bytes in all",
			(int)MPROCI_TRANSACTION_MOST_COMMANDS, (int)MPROCI_TRANSACTION_MOST_BYTES);
		return;
	}
	copy = copy_arguments(call, size);
	if (copy == NULL) {
		refuse_for_memory(call);
		return;
	}
	*self->end = copy;
	self->end = &copy->next;
	++self->count;
	self->size += size;
	mproci_reply_status(call->reply, "QUEUED");
}

static mproci_outcome multi(mproci_call *call)
{
	struct transaction *self;

	if (mproci_transaction_is_open(call->session)) {
		mproci_reply_error(call->reply, "ERR MULTI calls can not be nested");
		return MPROCI_DONE;
	}
	self = provide(call->session);
	if (self == NULL) {
		refuse_for_memory(call);
		return MPROCI_DONE;
	}
	self->is_open = true;
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome discard(mproci_call *call)
{
	if (!mproci_transaction_is_open(call->session)) {
		mproci_reply_error(call->reply, "ERR DISCARD without MULTI");
		return MPROCI_DONE;
	}
	mproci_transaction_drop(call->session);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static bool has_changed(mproci_keyspace *keyspace, const struct transaction *self)
{
	for (const struct watched *watched = self->watched; watched != NULL; watched = watched->next) {
		mproci_view name = {watched->name, watched->size};

		if (mproci_keyspace_version(keyspace, name) != watched->version)
			return true;
	}
	return false;
}

static void carry_out_one(const mproci_call *exec, const struct kept *kept)
{
	mproci_call call = *exec;

	call.arguments = kept->arguments;
	call.count = kept->count;
	call.is_hasty = true;
	/* An array has as many elements as its head says, whatever a command does. */
	if (mproci_session_carry_out(&call) != MPROCI_DONE)
		mproci_reply_null(exec->reply);
}

static void carry_out_all(mproci_call *call, const struct kept *first, size_t count)
{
	mproci_reply_array(call->reply, count);
	for (const struct kept *kept = first; kept != NULL; kept = kept->next)
		carry_out_one(call, kept);
}

static mproci_outcome exec(mproci_call *call)
{
	struct transaction *self = transaction_of(call->session);
	struct kept *first;
	size_t count;

	if (self == NULL || !self->is_open) {
		mproci_reply_error(call->reply, "ERR EXEC without MULTI");
		return MPROCI_DONE;
	}
	if (self->is_spoiled) {
		mproci_reply_error(
			call->reply, "EXECABORT Transaction discarded because of previous errors.");
	} else if (has_changed(call->keyspace, self)) {
		mproci_reply_null_array(call->reply);
	} else {
		/* The transaction is over before the first is carried out, which would be kept otherwise. */
		first = self->first;
		count = self->count;
		self->first = NULL;
		mproci_transaction_drop(call->session);
		carry_out_all(call, first, count);
		free_kept(first);
		return MPROCI_DONE;
	}
	mproci_transaction_drop(call->session);
	return MPROCI_DONE;
}

static bool can_watch(const struct transaction *self, size_t size)
{
	return self->watched_count < MPROCI_TRANSACTION_MOST_WATCHED && size <= MPROCI_TRANSACTION_MOST_BYTES
	       && self->size <= MPROCI_TRANSACTION_MOST_BYTES - size;
}

/* Returns whether it could; if not, it has said why. */
static bool watch_one(mproci_call *call, struct transaction *self, mproci_view name)
{
	size_t size = sizeof(struct watched) + name.size;
	struct watched *new;

	if (!can_watch(self, size)) {
		mproci_reply_error(call->reply, "ERR a client watches at most %d keys of %d bytes in all",
			(int)MPROCI_TRANSACTION_MOST_WATCHED, (int)MPROCI_TRANSACTION_MOST_BYTES);
		return false;
	}
	new = malloc(size);
	if (new == NULL) {
		refuse_for_memory(call);
		return false;
	}
	*new = (struct watched){self->watched, mproci_keyspace_version(call->keyspace, name), name.size};
	memcpy(new->name, name.bytes, name.size);
	self->watched = new;
	++self->watched_count;
	self->size += size;
	return true;
}

static mproci_outcome watch(mproci_call *call)
{
	struct transaction *self;

	if (mproci_transaction_is_open(call->session)) {
		mproci_reply_error(call->reply, "ERR WATCH inside MULTI is not allowed");
		return MPROCI_DONE;
	}
	self = provide(call->session);
	if (self == NULL) {
		refuse_for_memory(call);
		return MPROCI_DONE;
	}
	for (size_t i = 1; i < call->count; ++i)
		if (!watch_one(call, self, call->arguments[i]))
			return MPROCI_DONE;
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

/* Between MULTI and EXEC it is kept like any other, and finds nothing to do. */
static mproci_outcome unwatch(mproci_call *call)
{
	mproci_transaction_drop(call->session);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

const mproci_command mproci_commands_of_transactions[] = {
	{"MULTI", multi, 1, MPROCI_COMMAND_AT_ONCE, 0, 0, 0},
	{"EXEC", exec, 1, MPROCI_COMMAND_AT_ONCE, 0, 0, 0},
	{"DISCARD", discard, 1, MPROCI_COMMAND_AT_ONCE, 0, 0, 0},
	{"WATCH", watch, -2, MPROCI_COMMAND_AT_ONCE | MPROCI_COMMAND_OF_NAMES, 1, -1, 1},
	{"UNWATCH", unwatch, 1, 0, 0, 0, 0},
	{.name = NULL},
};
