/* SPDX-License-Identifier: MIT */
#include "manager/subcommands.h"

#include <stdio.h>

enum {
	NAME_SIZE = 64,
};

static void change_case(char *name, char first, char other)
{
	for (; *name != '\0'; ++name) {
		if (*name >= first && *name < first + 26)
			*name = (char)(*name - first + other);
	}
}

/* The name of the command as the client wrote it, at most so much of it that fits. */
static void copy_name(mproci_view name, char ret_text[NAME_SIZE])
{
	snprintf(ret_text, NAME_SIZE, "%.*s", (int)(name.size < NAME_SIZE ? name.size : NAME_SIZE - 1),
		name.bytes);
}

static mproci_outcome help(mproci_call *call, const mproci_subcommand *table)
{
	char name[NAME_SIZE], line[NAME_SIZE + 64];
	size_t count = 0;

	while (table[count].name != NULL)
		++count;
	copy_name(call->arguments[0], name);
	change_case(name, 'a', 'A');
	snprintf(line, sizeof line, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
	mproci_reply_array(call->reply, count + 2);
	mproci_reply_status(call->reply, line);
	for (size_t i = 0; i < count; ++i)
		mproci_reply_status(call->reply, table[i].name);
	mproci_reply_status(call->reply, "HELP");
	return MPROCI_DONE;
}

static mproci_outcome refuse_count(mproci_call *call, const mproci_subcommand *one)
{
	char name[NAME_SIZE], sub[NAME_SIZE];

	copy_name(call->arguments[0], name);
	copy_name(mproci_view_of(one->name), sub);
	change_case(name, 'A', 'a');
	change_case(sub, 'A', 'a');
	mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s|%s' command", name, sub);
	return MPROCI_DONE;
}

mproci_outcome mproci_subcommand_call(mproci_call *call, const mproci_subcommand *table)
{
	mproci_view asked = call->arguments[1];
	char name[NAME_SIZE];

	for (const mproci_subcommand *one = table; one->name != NULL; ++one) {
		if (!mproci_is_word(asked, one->name))
			continue;
		if (one->arity < 0 ? call->count < (size_t)-one->arity : call->count != (size_t)one->arity)
			return refuse_count(call, one);
		return one->function(call);
	}
	if (mproci_is_word(asked, "HELP") && call->count == 2)
		return help(call, table);
	copy_name(call->arguments[0], name);
	change_case(name, 'a', 'A');
	mproci_reply_error(call->reply, "ERR unknown subcommand '%.*s'. Try %s HELP.",
		(int)(asked.size < 128 ? asked.size : 128), asked.bytes, name);
	return MPROCI_DONE;
}
