/* SPDX-License-Identifier: MIT */
/*
 * OBJECT: what Redis says of the inside of its values.  Those who ask get an answer that fits the type.
 */
#include "manager/commands_of_keys.h"
#include "manager/strings.h"

enum {
	/* As Redis has it: a string up to this size has its bytes beside its head. */
	MOST_EMBEDDED = 44,
};

static const char *encoding_of(const mproci_binding *binding)
{
	static const char *const encodings[][2] = {
		{"list", "quicklist"}, {"hash", "hashtable"}, {"set", "hashtable"}, {"zset", "skiplist"}};
	mproci_view value;
	int64_t number;

	for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
		if (strcmp(binding->type->name, encodings[i][0]) == 0)
			return encodings[i][1];
	if (binding->type != &mproci_type_string)
		return "raw";
	value = mproci_string_view(binding);
	if (mproci_read_integer(value, &number))
		return "int";
	return value.size <= MOST_EMBEDDED ? "embstr" : "raw";
}

/* Nothing is shared, and nothing is older for not having been used. */
static void reply_property(mproci_call *call, const mproci_binding *binding)
{
	mproci_view property = call->arguments[1];

	if (mproci_is_word(property, "ENCODING"))
		mproci_reply_text(call->reply, encoding_of(binding));
	else if (mproci_is_word(property, "REFCOUNT"))
		mproci_reply_integer(call->reply, 1);
	else if (mproci_is_word(property, "IDLETIME"))
		mproci_reply_integer(call->reply, 0);
	else
		mproci_reply_error(call->reply,
			"ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
			"Please note that when switching between policies at runtime LRU and LFU data will "
			"take some time to adjust.");
}

static void reply_help(mproci_call *call)
{
	static const char *const lines[] = {
		"OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"ENCODING <key>",
		"    Return the kind of internal representation used in order to store the value",
		"    associated with a <key>.",
		"FREQ <key>",
		"    Return the access frequency index of the <key>. The returned integer is",
		"    proportional to the logarithm of the recent access frequency of the key.",
		"IDLETIME <key>",
		"    Return the idle time of the <key>, that is the approximated number of",
		"    seconds elapsed since the last access to the key.",
		"REFCOUNT <key>",
		"    Return the number of references of the value associated with the specified",
		"    <key>.",
		"HELP",
		"    Prints this help.",
	};
	size_t count = sizeof lines / sizeof *lines;

	mproci_reply_array(call->reply, count);
	for (size_t i = 0; i < count; i++)
		mproci_reply_status(call->reply, lines[i]);
}

static const char *find_subcommand(mproci_view word)
{
	static const char *const names[][2] = {{"ENCODING", "encoding"}, {"REFCOUNT", "refcount"},
		{"IDLETIME", "idletime"}, {"FREQ", "freq"}, {"HELP", "help"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (mproci_is_word(word, names[i][0]))
			return names[i][1];
	return NULL;
}

mproci_outcome mproci_command_object(mproci_call *call)
{
	const char *subcommand = find_subcommand(call->arguments[1]);
	bool is_help = subcommand != NULL && strcmp(subcommand, "help") == 0;
	const mproci_binding *found;

	if (subcommand == NULL) {
		mproci_reply_error(call->reply, "ERR unknown subcommand '%.*s'. Try OBJECT HELP.",
			(int)(call->arguments[1].size < 128 ? call->arguments[1].size : 128),
			call->arguments[1].bytes);
		return MPROCI_DONE;
	}
	if (call->count != (is_help ? 2 : 3)) {
		mproci_reply_error(
			call->reply, "ERR wrong number of arguments for 'object|%s' command", subcommand);
		return MPROCI_DONE;
	}
	if (is_help) {
		reply_help(call);
		return MPROCI_DONE;
	}
	found = mproci_keyspace_find(call->keyspace, call->arguments[2]);
	if (found == NULL)
		mproci_reply_null(call->reply);
	else
		reply_property(call, found);
	return MPROCI_DONE;
}
