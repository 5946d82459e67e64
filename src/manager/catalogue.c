/* SPDX-License-Identifier: MIT */
/*
 * COMMAND: what commands there are, for programs that look it up.
 */
#include "manager/serving.h"
#include "manager/subcommands.h"

enum {
	NAME_SIZE = 32,
	/* Of what describes a command. */
	PARTS = 10,
};

static void write_name(mproci_reply *reply, const mproci_command *command)
{
	char name[NAME_SIZE];

	mproci_reply_text(reply, mproci_dispatch_lower(command, name, sizeof name));
}

static void write_flags(mproci_reply *reply, unsigned flags)
{
	mproci_reply_set(reply,
		(size_t)1 + ((flags & MPROCI_COMMAND_OPEN) != 0) + ((flags & MPROCI_COMMAND_ALONE) != 0));
	mproci_reply_status(reply, (flags & MPROCI_COMMAND_WRITES) != 0 ? "write" : "readonly");
	if ((flags & MPROCI_COMMAND_OPEN) != 0)
		mproci_reply_status(reply, "no_auth");
	if ((flags & MPROCI_COMMAND_ALONE) != 0)
		mproci_reply_status(reply, "no_multi");
}

static void write_command(void *context, const mproci_command *command)
{
	mproci_reply *reply = context;

	mproci_reply_array(reply, PARTS);
	write_name(reply, command);
	mproci_reply_integer(reply, command->arity);
	write_flags(reply, command->flags);
	mproci_reply_integer(reply, command->first_key);
	mproci_reply_integer(reply, command->last_key);
	mproci_reply_integer(reply, command->step);
	/* Categories, tips, specifications of keys, and subcommands. */
	mproci_reply_set(reply, 0);
	mproci_reply_array(reply, 0);
	mproci_reply_array(reply, 0);
	mproci_reply_array(reply, 0);
}

static mproci_outcome count(mproci_call *call)
{
	mproci_reply_integer(call->reply, (int64_t)mproci_dispatch_count());
	return MPROCI_DONE;
}

static void write_docs(void *context, const mproci_command *command)
{
	mproci_reply *reply = context;

	write_name(reply, command);
	mproci_reply_map(reply, 2);
	mproci_reply_text(reply, "summary");
	mproci_reply_text(reply, "As in Redis");
	mproci_reply_text(reply, "group");
	mproci_reply_text(reply, "generic");
}

static mproci_outcome docs(mproci_call *call)
{
	size_t there = 0;

	if (call->count == 2) {
		mproci_reply_map(call->reply, mproci_dispatch_count());
		mproci_dispatch_each(write_docs, call->reply);
		return MPROCI_DONE;
	}
	for (size_t i = 2; i < call->count; ++i)
		there += mproci_dispatch_find(call->arguments[i]) != NULL;
	mproci_reply_map(call->reply, there);
	for (size_t i = 2; i < call->count; ++i) {
		const mproci_command *command = mproci_dispatch_find(call->arguments[i]);

		if (command != NULL)
			write_docs(call->reply, command);
	}
	return MPROCI_DONE;
}

static mproci_outcome all(mproci_call *call)
{
	mproci_reply_array(call->reply, mproci_dispatch_count());
	mproci_dispatch_each(write_command, call->reply);
	return MPROCI_DONE;
}

static mproci_outcome info(mproci_call *call)
{
	if (call->count == 2)
		return all(call);
	mproci_reply_array(call->reply, call->count - 2);
	for (size_t i = 2; i < call->count; ++i) {
		const mproci_command *command = mproci_dispatch_find(call->arguments[i]);

		if (command == NULL)
			mproci_reply_null(call->reply);
		else
			write_command(call->reply, command);
	}
	return MPROCI_DONE;
}

static void write_name_alone(void *context, const mproci_command *command)
{
	write_name(context, command);
}

static mproci_outcome list(mproci_call *call)
{
	mproci_reply_array(call->reply, mproci_dispatch_count());
	mproci_dispatch_each(write_name_alone, call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_catalogue_carry_out(mproci_call *call)
{
	static const mproci_subcommand table[] = {
		{"COUNT", count, 2},
		{"DOCS", docs, -2},
		{"INFO", info, -2},
		{"LIST", list, 2},
		{NULL, NULL, 0},
	};

	return call->count == 1 ? all(call) : mproci_subcommand_call(call, table);
}
