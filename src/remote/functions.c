/* SPDX-License-Identifier: MIT */
/*
 * As a script functions.lua stands between a `redis` of its own, which takes down what it registers, and a call of
 * the one that is asked for.
 */
#include "remote/functions.h"

#include "base/error.h"
#include "remote/refusal.h"
#include "remote/remote.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char library[] = {
#include <functions.lua.h>
};

static const char before_library[] =
	"local functions = {}\n"
	"local redis = setmetatable({register_function = function(name, callback)\n"
	"if type(name) == 'table' then name, callback = name.function_name, name.callback end\n"
	"functions[name] = callback\n"
	"end}, {__index = redis})\n";
static const char behind_library[] = "\nlocal arguments = {}\n"
				     "for i = 2, #ARGV do arguments[i - 1] = ARGV[i] end\n"
				     "return functions[ARGV[1]](KEYS, arguments)\n";

enum {
	HASH_SIZE = 20,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* The script and the text of its hash; NULL without memory. */
static char *script;
static char script_hash[2 * HASH_SIZE + 1];

/* Its first line, "#!lua name=…", is for functions only. */
static const char *body(void)
{
	const char *end = strchr(library, '\n');

	return end == NULL ? library : end + 1;
}

static void make_script(void)
{
	const size_t size = sizeof before_library + strlen(body()) + sizeof behind_library;
	unsigned char hash[EVP_MAX_MD_SIZE];
	char *text = malloc(size);

	if (text == NULL)
		return;
	snprintf(text, size, "%s%s%s", before_library, body(), behind_library);
	if (EVP_Digest(text, strlen(text), hash, NULL, EVP_sha1(), NULL) != 1) {
		free(text);
		return;
	}
	for (size_t i = 0; i < HASH_SIZE; ++i)
		snprintf(script_hash + 2 * i, 3, "%02x", hash[i]);
	script = text;
}

static void put(mproci_call_bytes *call, size_t i, const char *argument, size_t size)
{
	call->arguments[i] = argument;
	call->sizes[i] = size;
}

/* FCALL name count key … argument … becomes EVALSHA hash count key … name argument …. */
static int phrase_as_script(const mproci_command_bytes *call, bool is_known, mproci_call_bytes *ret_call)
{
	const size_t keys = strtoul(call->arguments[2], NULL, 10);
	size_t count = 0;

	pthread_once(&once, make_script);
	if (script == NULL)
		return mproci_fail(-ENOMEM, "no memory for the script that the server is to run");
	put(ret_call, count++, is_known ? "EVALSHA" : "EVAL", is_known ? 7 : 4);
	put(ret_call, count++, is_known ? script_hash : script, strlen(is_known ? script_hash : script));
	for (size_t i = 2; i < call->count; ++i) {
		put(ret_call, count++, call->arguments[i], call->sizes[i]);
		if (i == 2 + keys)
			put(ret_call, count++, call->arguments[1], call->sizes[1]);
	}
	ret_call->command.count = count;
	return 0;
}

int mproci_functions_phrase(
	const mproc_remote *remote, const mproci_command_bytes *call, mproci_call_bytes *ret_call)
{
	if (remote->calling == MPROCI_CALL_FUNCTION) {
		ret_call->command = *call;
		return 0;
	}
	ret_call->command =
		(mproci_command_bytes){.arguments = ret_call->arguments, .sizes = ret_call->sizes};
	return phrase_as_script(call, remote->calling == MPROCI_CALL_HASH, ret_call);
}

/* The server is too old for functions, or this user may not have them. */
static bool is_forbidden(const redisReply *reply)
{
	/* Another permission that may be missing is that for a key. */
	if (mproci_refusal_begins(reply, "NOPERM "))
		return strstr(reply->str, "command") != NULL;
	return mproci_refusal_begins(reply, "ERR unknown command");
}

/* Returns 1: they are there now, or what to do instead is noted. */
static int load(mproc_remote *remote, mproc_deadline deadline)
{
	const char *const arguments[] = {"FUNCTION", "LOAD", "REPLACE", library};
	mproci_question question = {.command = {.count = 4, .arguments = arguments}, .is_repeatable = true};
	int rc;

	rc = mproci_ask_here(remote, &question, 1, deadline);
	if (rc < 0)
		return rc;
	rc = mproci_remote_refuse_error("FUNCTION LOAD", question.reply);
	if (is_forbidden(question.reply)) {
		remote->calling = MPROCI_CALL_HASH;
		rc = 0;
	}
	freeReplyObject(question.reply);
	return rc == 0 ? 1 : rc;
}

int mproci_functions_mend(mproc_remote *remote, const redisReply *reply, mproc_deadline deadline)
{
	if (remote->calling == MPROCI_CALL_FUNCTION) {
		if (mproci_refusal_begins(reply, "ERR Function not found"))
			return load(remote, deadline);
		if (!is_forbidden(reply))
			return 0;
		remote->calling = MPROCI_CALL_HASH;
		return 1;
	}
	if (remote->calling == MPROCI_CALL_HASH && mproci_refusal_begins(reply, "NOSCRIPT ")) {
		remote->calling = MPROCI_CALL_SCRIPT;
		return 1;
	}
	return 0;
}
