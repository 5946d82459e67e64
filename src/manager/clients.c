/* SPDX-License-Identifier: MIT */
#include "manager/clients.h"

#include "manager/serving.h"
#include "manager/subcommands.h"
#include "manager/text.h"
#include "manager/transactions.h"

#include <stdio.h>

enum {
	/* In one request. */
	MOST_IDS = 1024,
};

bool mproci_clients_set_name(mproci_call *call, mproci_view name)
{
	bool is_name = name.size < MPROCI_NAME_MOST;

	for (size_t i = 0; i < name.size && is_name; ++i)
		is_name = name.bytes[i] >= '!' && name.bytes[i] <= '~';
	if (!is_name) {
		mproci_reply_error(call->reply,
			"ERR Client names cannot contain spaces, newlines or special characters.");
		return false;
	}
	memcpy(call->session->name, name.bytes, name.size);
	call->session->name[name.size] = '\0';
	return true;
}

/* Of a Unix socket its path, and no port. */
static void find_addresses(const mproci_session *session, char *ret_peer, char *ret_own, size_t size)
{
	const mproci_server *server = session->server;

	if (session->is_local) {
		snprintf(ret_peer, size, "%s:0", server->options.path);
		snprintf(ret_own, size, "%s:0", server->options.path);
		return;
	}
	snprintf(ret_own, size, "%s", server->address);
	if (mproci_socket_peer_name(session->descriptor, ret_peer) < 0)
		snprintf(ret_peer, size, "?:0");
}

static const char *flags_of(const mproci_session *session)
{
	if (session->is_parked)
		return "b";
	if (session->subscriptions > 0)
		return "P";
	return mproci_transaction_is_open(session) ? "x" : "N";
}

static void describe(mproci_text *text, const mproci_session *session)
{
	char peer[MPROCI_HOST_AND_PORT_SIZE], own[MPROCI_HOST_AND_PORT_SIZE], command[32] = "NULL";
	uint64_t now = uv_now(&session->server->loop);

	find_addresses(session, peer, own, sizeof peer);
	if (session->command != NULL)
		mproci_dispatch_lower(session->command, command, sizeof command);
	mproci_text_add(text, "id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu flags=%s db=0 ",
		(unsigned long long)session->id, peer, own, session->descriptor, session->name,
		(unsigned long long)((now - session->connected_at) / 1000),
		(unsigned long long)((now - session->active_at) / 1000), flags_of(session));
	mproci_text_add(text, "sub=%zu psub=0 multi=%d qbuf=%zu qbuf-free=%zu obl=%zu oll=0 omem=%zu ",
		session->subscriptions, mproci_transaction_is_open(session) ? 0 : -1, session->input_size,
		session->input_capacity - session->input_size, session->reply.end - session->reply.first,
		session->reply.capacity);
	mproci_text_add(text, "events=%s cmd=%s user=default redir=-1 resp=%d\n",
		session->is_stuck ? "w" : "r", command, session->reply.protocol);
}

static mproci_outcome get_id(mproci_call *call)
{
	mproci_reply_integer(call->reply, (int64_t)call->session->id);
	return MPROCI_DONE;
}

static mproci_outcome get_name(mproci_call *call)
{
	if (call->session->name[0] == '\0')
		mproci_reply_null(call->reply);
	else
		mproci_reply_text(call->reply, call->session->name);
	return MPROCI_DONE;
}

static mproci_outcome set_name(mproci_call *call)
{
	if (mproci_clients_set_name(call, call->arguments[2]))
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome info(mproci_call *call)
{
	mproci_text text = {0};

	describe(&text, call->session);
	mproci_text_reply(&text, call->reply);
	return MPROCI_DONE;
}

/* Which sessions are meant: all fields that are given have to fit. */
typedef struct selection {
	/* Of CLIENT LIST ID: several. */
	const mproci_view *ids;
	size_t id_count;
	const mproci_session *except;
	mproci_view address, own_address, type;
} selection;

static bool is_id(const mproci_session *session, const selection *filter)
{
	int64_t id;

	if (filter->id_count == 0)
		return true;
	for (size_t i = 0; i < filter->id_count; ++i) {
		if (mproci_read_integer(filter->ids[i], &id) && (uint64_t)id == session->id)
			return true;
	}
	return false;
}

static bool is_type(const mproci_session *session, mproci_view type)
{
	return type.bytes == NULL || (mproci_is_word(type, "normal") && session->subscriptions == 0)
	       || (mproci_is_word(type, "pubsub") && session->subscriptions > 0);
}

static bool is_meant(const mproci_session *session, const selection *filter)
{
	char peer[MPROCI_HOST_AND_PORT_SIZE], own[MPROCI_HOST_AND_PORT_SIZE];

	if (session == filter->except || !is_id(session, filter) || !is_type(session, filter->type))
		return false;
	if (filter->address.bytes == NULL && filter->own_address.bytes == NULL)
		return true;
	find_addresses(session, peer, own, sizeof peer);
	return (filter->address.bytes == NULL || mproci_view_equal(filter->address, mproci_view_of(peer)))
	       && (filter->own_address.bytes == NULL
		       || mproci_view_equal(filter->own_address, mproci_view_of(own)));
}

static bool read_type(mproci_call *call, mproci_view type, selection *filter)
{
	static const char *const types[] = {"normal", "pubsub", "master", "replica", "slave"};

	filter->type = type;
	for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
		if (mproci_is_word(type, types[i]))
			return true;
	}
	mproci_reply_error(call->reply, "ERR Unknown client type '%.*s'",
		(int)(type.size < 128 ? type.size : 128), type.bytes);
	return false;
}

/* What is no id is told of in other words by CLIENT LIST than by CLIENT KILL. */
static bool read_ids(mproci_call *call, const mproci_view *ids, size_t count, selection *filter)
{
	bool is_list = mproci_is_word(call->arguments[1], "LIST");
	int64_t id;

	/* Each client is compared with each. */
	if (count > MOST_IDS) {
		mproci_reply_error(
			call->reply, "ERR %zu client IDs: at most %d are possible", count, MOST_IDS);
		return false;
	}
	for (size_t i = 0; i < count; ++i) {
		if (!mproci_read_integer(ids[i], &id) || id < 1) {
			mproci_reply_error(call->reply,
				is_list ? "ERR Invalid client ID" : "ERR client-id should be greater than 0");
			return false;
		}
	}
	filter->ids = ids;
	filter->id_count = count;
	return true;
}

static mproci_outcome list(mproci_call *call)
{
	const mproci_view *arguments = call->arguments;
	selection filter = {0};
	mproci_text text = {0};

	if (call->count == 4 && mproci_is_word(arguments[2], "TYPE")) {
		if (!read_type(call, arguments[3], &filter))
			return MPROCI_DONE;
	} else if (call->count >= 4 && mproci_is_word(arguments[2], "ID")) {
		if (!read_ids(call, arguments + 3, call->count - 3, &filter))
			return MPROCI_DONE;
	} else if (call->count != 2) {
		mproci_reply_syntax_error(call->reply);
		return MPROCI_DONE;
	}
	for (mproci_session *one = call->server->sessions; one != NULL; one = one->all.next) {
		if (is_meant(one, &filter))
			describe(&text, one);
	}
	mproci_text_reply(&text, call->reply);
	return MPROCI_DONE;
}

/* One pair of CLIENT KILL.  Returns whether it is one; otherwise the client has been told. */
static bool read_pair(mproci_call *call, const mproci_view *pair, selection *filter)
{
	if (mproci_is_word(pair[0], "ID"))
		return read_ids(call, pair + 1, 1, filter);
	if (mproci_is_word(pair[0], "TYPE"))
		return read_type(call, pair[1], filter);
	if (mproci_is_word(pair[0], "ADDR")) {
		filter->address = pair[1];
	} else if (mproci_is_word(pair[0], "LADDR")) {
		filter->own_address = pair[1];
	} else if (mproci_is_word(pair[0], "SKIPME") && mproci_is_word(pair[1], "yes")) {
		filter->except = call->session;
	} else if (mproci_is_word(pair[0], "SKIPME") && mproci_is_word(pair[1], "no")) {
		filter->except = NULL;
	} else if (!mproci_is_word(pair[0], "USER") || !mproci_is_word(pair[1], "default")) {
		mproci_reply_syntax_error(call->reply);
		return false;
	}
	return true;
}

static int64_t kill_all(mproci_call *call, const selection *filter)
{
	mproci_session *next;
	int64_t count = 0;

	for (mproci_session *one = call->server->sessions; one != NULL; one = next) {
		next = one->all.next;
		if (!is_meant(one, filter))
			continue;
		++count;
		/* It is told that it has done so. */
		if (one == call->session)
			mproci_session_end(one);
		else
			mproci_session_close(one);
	}
	return count;
}

static mproci_outcome kill_some(mproci_call *call)
{
	selection filter = {.except = call->session};

	if (call->count == 3) {
		filter = (selection){.address = call->arguments[2]};
		if (kill_all(call, &filter) > 0)
			mproci_reply_ok(call->reply);
		else
			mproci_reply_error(call->reply, "ERR No such client");
		return MPROCI_DONE;
	}
	if (call->count % 2 != 0) {
		mproci_reply_syntax_error(call->reply);
		return MPROCI_DONE;
	}
	for (size_t i = 2; i < call->count; i += 2) {
		if (!read_pair(call, call->arguments + i, &filter))
			return MPROCI_DONE;
	}
	mproci_reply_integer(call->reply, kill_all(call, &filter));
	return MPROCI_DONE;
}

static mproci_outcome reply(mproci_call *call)
{
	mproci_session *session = call->session;
	mproci_view how = call->arguments[2];

	if (mproci_is_word(how, "ON")) {
		session->answering = MPROCI_ANSWER;
		mproci_reply_ok(call->reply);
	} else if (mproci_is_word(how, "OFF")) {
		session->answering = MPROCI_ANSWER_NOT;
	} else if (mproci_is_word(how, "SKIP")) {
		if (session->answering == MPROCI_ANSWER)
			session->answering = MPROCI_ANSWER_AFTER_NEXT;
	} else {
		mproci_reply_syntax_error(call->reply);
	}
	return MPROCI_DONE;
}

/* No client is sent away for want of memory anyway. */
static mproci_outcome set_no_evict(mproci_call *call)
{
	if (mproci_is_word(call->arguments[2], "ON") || mproci_is_word(call->arguments[2], "OFF"))
		mproci_reply_ok(call->reply);
	else
		mproci_reply_syntax_error(call->reply);
	return MPROCI_DONE;
}

/* The name and version of the client's library, which nobody looks at. */
static mproci_outcome set_info(mproci_call *call)
{
	if (mproci_is_word(call->arguments[2], "LIB-NAME") || mproci_is_word(call->arguments[2], "LIB-VER"))
		mproci_reply_ok(call->reply);
	else
		mproci_reply_error(call->reply, "ERR Unrecognized option '%.*s'",
			(int)(call->arguments[2].size < 128 ? call->arguments[2].size : 128),
			call->arguments[2].bytes);
	return MPROCI_DONE;
}

mproci_outcome mproci_clients_carry_out(mproci_call *call)
{
	static const mproci_subcommand table[] = {
		{"GETNAME", get_name, 2},
		{"ID", get_id, 2},
		{"INFO", info, 2},
		{"KILL", kill_some, -3},
		{"LIST", list, -2},
		{"NO-EVICT", set_no_evict, 3},
		{"REPLY", reply, 3},
		{"SETINFO", set_info, 4},
		{"SETNAME", set_name, 3},
		{NULL, NULL, 0},
	};

	return mproci_subcommand_call(call, table);
}
