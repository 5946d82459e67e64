/* SPDX-License-Identifier: MIT */
/*
 * CONFIG: how the server is set up, in the words of Redis; nothing of it can be changed while it runs.
 */
#include "manager/glob.h"
#include "manager/serving.h"
#include "manager/subcommands.h"

#include <stdio.h>

enum {
	VALUE_SIZE = 128,
};

typedef struct setting {
	const char *name;
	/* What never changes; or what writes it. */
	const char *value;
	void (*write)(const mproci_server *server, char *ret_value);
} setting;

static void write_number(uint64_t number, char *ret_value)
{
	snprintf(ret_value, VALUE_SIZE, "%llu", (unsigned long long)number);
}

static void write_max_clients(const mproci_server *server, char *ret_value)
{
	write_number(server->options.max_clients, ret_value);
}

static void write_max_memory(const mproci_server *server, char *ret_value)
{
	write_number(server->options.max_memory, ret_value);
}

static void write_max_bulk(const mproci_server *server, char *ret_value)
{
	write_number(server->options.max_bulk, ret_value);
}

static void write_path(const mproci_server *server, char *ret_value)
{
	snprintf(ret_value, VALUE_SIZE, "%s", server->options.path == NULL ? "" : server->options.path);
}

static void write_port(const mproci_server *server, char *ret_value)
{
	const char *port = strrchr(server->address, ':');

	snprintf(ret_value, VALUE_SIZE, "%s", port == NULL ? "0" : port + 1);
}

static const setting settings[] = {
	{"appendfsync", "no", NULL},
	{"appendonly", "no", NULL},
	{"cluster-enabled", "no", NULL},
	{"databases", "1", NULL},
	{"maxclients", NULL, write_max_clients},
	{"maxmemory", NULL, write_max_memory},
	{"maxmemory-policy", "noeviction", NULL},
	{"port", NULL, write_port},
	{"proto-max-bulk-len", NULL, write_max_bulk},
	{"save", "", NULL},
	{"timeout", "0", NULL},
	{"unixsocket", NULL, write_path},
};

/* Patterns are compared with small letters. */
static bool is_asked_for(const mproci_call *call, const char *name)
{
	char small[VALUE_SIZE];

	for (size_t i = 2; i < call->count; ++i) {
		mproci_view pattern = call->arguments[i];

		if (pattern.size >= sizeof small)
			continue;
		for (size_t j = 0; j < pattern.size; ++j) {
			char c = pattern.bytes[j];

			small[j] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		}
		if (mproci_glob_matches((mproci_view){small, pattern.size}, mproci_view_of(name)))
			return true;
	}
	return false;
}

static mproci_outcome get(mproci_call *call)
{
	const size_t count = sizeof settings / sizeof *settings;
	size_t asked = 0;

	for (size_t i = 0; i < count; ++i)
		asked += is_asked_for(call, settings[i].name);
	mproci_reply_map(call->reply, asked);
	for (size_t i = 0; i < count; ++i) {
		char value[VALUE_SIZE];

		if (!is_asked_for(call, settings[i].name))
			continue;
		if (settings[i].write != NULL)
			settings[i].write(call->server, value);
		mproci_reply_text(call->reply, settings[i].name);
		mproci_reply_text(call->reply, settings[i].write != NULL ? value : settings[i].value);
	}
	return MPROCI_DONE;
}

static mproci_outcome set(mproci_call *call)
{
	mproci_view name = call->arguments[2];

	mproci_reply_error(call->reply,
		"ERR CONFIG SET failed (possibly related to argument '%.*s') - can't set immutable config",
		(int)(name.size < 128 ? name.size : 128), name.bytes);
	return MPROCI_DONE;
}

static mproci_outcome reset_statistics(mproci_call *call)
{
	call->server->counters = (mproci_counters){0};
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome rewrite(mproci_call *call)
{
	mproci_reply_error(call->reply, "ERR The server is running without a config file");
	return MPROCI_DONE;
}

mproci_outcome mproci_config_carry_out(mproci_call *call)
{
	static const mproci_subcommand table[] = {
		{"GET", get, -3},
		{"RESETSTAT", reset_statistics, 2},
		{"REWRITE", rewrite, 2},
		{"SET", set, -4},
		{NULL, NULL, 0},
	};

	return mproci_subcommand_call(call, table);
}
