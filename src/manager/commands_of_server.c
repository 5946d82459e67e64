/* SPDX-License-Identifier: MIT */
#include "manager/serving.h"

static mproci_outcome get_time(mproci_call *call)
{
	uv_timeval64_t now;
	mproci_view text;
	char digits[32];

	uv_gettimeofday(&now);
	mproci_reply_array(call->reply, 2);
	text = (mproci_view){digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)now.tv_sec)};
	mproci_reply_bulk(call->reply, text);
	text.size = (size_t)snprintf(digits, sizeof digits, "%d", (int)now.tv_usec);
	mproci_reply_bulk(call->reply, text);
	return MPROCI_DONE;
}

static mproci_outcome count_keys(mproci_call *call)
{
	mproci_reply_integer(call->reply, (int64_t)mproci_keyspace_count(call->keyspace));
	return MPROCI_DONE;
}

static mproci_outcome flush(mproci_call *call)
{
	bool is_known = call->count == 1
			|| (call->count == 2
				&& (mproci_is_word(call->arguments[1], "ASYNC")
					|| mproci_is_word(call->arguments[1], "SYNC")));

	if (!is_known) {
		mproci_reply_syntax_error(call->reply);
		return MPROCI_DONE;
	}
	mproci_keyspace_clear(call->keyspace);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

/* Of the seconds of the wall clock. */
static mproci_outcome last_save(mproci_call *call)
{
	mproci_reply_integer(
		call->reply, (mproci_keyspace_wall(call->keyspace)
				     - (int64_t)(uv_now(&call->server->loop) - call->server->started_at))
				     / 1000);
	return MPROCI_DONE;
}

static mproci_outcome role(mproci_call *call)
{
	mproci_reply_array(call->reply, 3);
	mproci_reply_text(call->reply, "master");
	mproci_reply_integer(call->reply, 0);
	mproci_reply_array(call->reply, 0);
	return MPROCI_DONE;
}

/* There are no replicas, nor will there be. */
static mproci_outcome wait_for_replicas(mproci_call *call)
{
	int64_t replicas, timeout;

	if (!mproci_read_integer(call->arguments[1], &replicas))
		mproci_reply_error(call->reply, "ERR value is not an integer or out of range");
	else if (!mproci_read_integer(call->arguments[2], &timeout))
		mproci_reply_error(call->reply, "ERR timeout is not an integer or out of range");
	else if (timeout < 0)
		mproci_reply_error(call->reply, "ERR timeout is negative");
	else
		mproci_reply_integer(call->reply, 0);
	return MPROCI_DONE;
}

const mproci_command mproci_commands_of_server[] = {
	{"COMMAND", mproci_catalogue_carry_out, -1, 0, 0, 0, 0},
	{"CONFIG", mproci_config_carry_out, -2, 0, 0, 0, 0},
	{"DBSIZE", count_keys, 1, 0, 0, 0, 0},
	{"FLUSHALL", flush, -1, MPROCI_COMMAND_WRITES, 0, 0, 0},
	{"FLUSHDB", flush, -1, MPROCI_COMMAND_WRITES, 0, 0, 0},
	{"INFO", mproci_info_carry_out, -1, 0, 0, 0, 0},
	{"LASTSAVE", last_save, 1, 0, 0, 0, 0},
	{"ROLE", role, 1, 0, 0, 0, 0},
	{"TIME", get_time, 1, 0, 0, 0, 0},
	{"WAIT", wait_for_replicas, 3, 0, 0, 0, 0},
	{NULL, NULL, 0, 0, 0, 0, 0},
};
