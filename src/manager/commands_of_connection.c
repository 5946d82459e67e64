/* SPDX-License-Identifier: MIT */
#include "manager/clients.h"
#include "manager/serving.h"
#include "manager/transactions.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

static mproci_outcome ping(mproci_call *call)
{
	mproci_view nothing = {"", 0};

	if (call->count > 2) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for 'ping' command");
	} else if (call->session->subscriptions > 0 && call->reply->protocol == 2) {
		mproci_reply_array(call->reply, 2);
		mproci_reply_text(call->reply, "pong");
		mproci_reply_bulk(call->reply, call->count == 2 ? call->arguments[1] : nothing);
	} else if (call->count == 2) {
		mproci_reply_bulk(call->reply, call->arguments[1]);
	} else {
		mproci_reply_status(call->reply, "PONG");
	}
	return MPROCI_DONE;
}

static mproci_outcome echo(mproci_call *call)
{
	mproci_reply_bulk(call->reply, call->arguments[1]);
	return MPROCI_DONE;
}

static mproci_outcome quit(mproci_call *call)
{
	mproci_reply_ok(call->reply);
	mproci_session_end(call->session);
	return MPROCI_DONE;
}

static mproci_outcome reset(mproci_call *call)
{
	mproci_session *session = call->session;

	mproci_transaction_drop(session);
	mproci_channels_leave(call->server->channels, session);
	session->reply.protocol = 2;
	session->answering = MPROCI_ANSWER;
	session->name[0] = '\0';
	mproci_session_doubt(session);
	mproci_reply_status(call->reply, "RESET");
	return MPROCI_DONE;
}

/* In a time that does not tell how much of it was right. */
static bool is_password(const mproci_server *server, mproci_view password)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)password.bytes, password.size, digest);
	return CRYPTO_memcmp(digest, server->password_digest, sizeof digest) == 0;
}

/* Returns whether the client is who it says; otherwise it has been told. */
static bool check_password(mproci_call *call, mproci_view user, mproci_view password)
{
	const mproci_server *server = call->server;

	/* A user without a password takes any. */
	if (mproci_view_equal(user, mproci_view_of("default"))
		&& (server->options.password == NULL || is_password(server, password))) {
		call->session->is_authenticated = true;
		mproci_session_welcome(call->session);
		return true;
	}
	mproci_reply_error(call->reply, "WRONGPASS invalid username-password pair or user is disabled.");
	return false;
}

static mproci_outcome auth(mproci_call *call)
{
	const mproci_view *arguments = call->arguments;

	if (call->count > 3) {
		mproci_reply_syntax_error(call->reply);
	} else if (call->count == 2 && call->server->options.password == NULL) {
		mproci_reply_error(call->reply,
			"ERR AUTH <password> called without any password configured for the "
			"default user. Are you sure your configuration is correct?");
	} else if (check_password(call, call->count == 3 ? arguments[1] : mproci_view_of("default"),
			   arguments[call->count - 1])) {
		mproci_reply_ok(call->reply);
	}
	return MPROCI_DONE;
}

/* The options of HELLO behind the version.  Returns whether they were taken; otherwise the client has been told. */
static bool take_options(mproci_call *call)
{
	const mproci_view *arguments = call->arguments;

	for (size_t i = 2; i < call->count; ++i) {
		size_t more = call->count - 1 - i;

		if (mproci_is_word(arguments[i], "AUTH") && more >= 2) {
			if (!check_password(call, arguments[i + 1], arguments[i + 2]))
				return false;
			i += 2;
		} else if (mproci_is_word(arguments[i], "SETNAME") && more >= 1) {
			if (!mproci_clients_set_name(call, arguments[++i]))
				return false;
		} else {
			mproci_reply_error(call->reply, "ERR Syntax error in HELLO option '%.*s'",
				(int)(arguments[i].size < 128 ? arguments[i].size : 128), arguments[i].bytes);
			return false;
		}
	}
	return true;
}

static void introduce(mproci_call *call)
{
	mproci_reply *reply = call->reply;

	mproci_reply_map(reply, 7);
	mproci_reply_text(reply, "server");
	mproci_reply_text(reply, "redis");
	mproci_reply_text(reply, "version");
	mproci_reply_text(reply, MPROCI_SERVER_REDIS_VERSION);
	mproci_reply_text(reply, "proto");
	mproci_reply_integer(reply, reply->protocol);
	mproci_reply_text(reply, "id");
	mproci_reply_integer(reply, (int64_t)call->session->id);
	mproci_reply_text(reply, "mode");
	mproci_reply_text(reply, "standalone");
	mproci_reply_text(reply, "role");
	mproci_reply_text(reply, "master");
	mproci_reply_text(reply, "modules");
	mproci_reply_array(reply, 0);
}

static mproci_outcome hello(mproci_call *call)
{
	int64_t version = call->reply->protocol;

	if (call->count > 1 && !mproci_read_integer(call->arguments[1], &version)) {
		mproci_reply_error(call->reply, "ERR Protocol version is not an integer or out of range");
	} else if (version < 2 || version > 3) {
		mproci_reply_error(call->reply, "NOPROTO unsupported protocol version");
	} else if (!take_options(call)) {
		return MPROCI_DONE;
	} else if (!call->session->is_authenticated) {
		mproci_reply_error(call->reply,
			"NOAUTH HELLO must be called with the client already authenticated, otherwise the "
			"HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and "
			"select the RESP protocol version at the same time");
	} else {
		call->reply->protocol = (int)version;
		introduce(call);
	}
	return MPROCI_DONE;
}

static mproci_outcome select_database(mproci_call *call)
{
	int64_t index;

	if (!mproci_read_integer(call->arguments[1], &index))
		mproci_reply_error(call->reply, "ERR value is not an integer or out of range");
	else if (index > INT32_MAX || index < INT32_MIN)
		mproci_reply_error(call->reply,
			"ERR value is out of range, value must between -2147483648 and 2147483647");
	else if (index != 0)
		mproci_reply_error(call->reply, "ERR DB index is out of range");
	else
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

enum {
	ALWAYS = MPROCI_COMMAND_OPEN | MPROCI_COMMAND_SUBSCRIBED | MPROCI_COMMAND_AT_ONCE,
};

const mproci_command mproci_commands_of_connection[] = {
	{"AUTH", auth, -2, MPROCI_COMMAND_OPEN, 0, 0, 0},
	{"CLIENT", mproci_clients_carry_out, -2, 0, 0, 0, 0},
	{"ECHO", echo, 2, 0, 0, 0, 0},
	{"HELLO", hello, -1, MPROCI_COMMAND_OPEN, 0, 0, 0},
	{"PING", ping, -1, MPROCI_COMMAND_SUBSCRIBED, 0, 0, 0},
	{"QUIT", quit, -1, ALWAYS, 0, 0, 0},
	{"RESET", reset, 1, ALWAYS, 0, 0, 0},
	{"SELECT", select_database, 2, 0, 0, 0, 0},
	{NULL, NULL, 0, 0, 0, 0, 0},
};
