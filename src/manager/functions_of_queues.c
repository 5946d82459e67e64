/* SPDX-License-Identifier: MIT */
/*
 * In Redis a queue is many keys; here it is one, bound to the name of the first: "{name}:ready".  The names
 * of the other parts mean nothing, except those of the lists where producers and consumers wait.
 */
#include "manager/arguments.h"
#include "manager/backlog.h"
#include "manager/natives.h"
#include "manager/spot.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Letters of one call: so many, and no more when they have so many bytes. */
	MOST_AT_ONCE = 65536,
	MOST_BYTES_AT_ONCE = 16 << 20,
};

/* Milliseconds. */
static const int64_t LONGEST_WINDOW = INT64_C(1000) * 60 * 60 * 24 * 365;

/*
 * The queue of that name; *@ret_backlog is NULL when the name means nothing.  Returns whether it is no other
 * thing; if it is, it has said so.
 */
static bool find(mproci_call *call, mproci_view ready, mproci_backlog **ret_backlog)
{
	const mproci_binding *binding = mproci_keyspace_find(call->keyspace, ready);

	if (binding != NULL && binding->type != &mproci_type_backlog) {
		mproci_reply_wrong_type(call->reply);
		return false;
	}
	*ret_backlog = binding == NULL ? NULL : binding->value;
	return true;
}

/* The same from the name of another part: what is behind the last colon is the part. */
static bool find_by_part(mproci_call *call, mproci_view part, mproci_backlog **ret_backlog)
{
	const mproci_view ready = mproci_view_of(":ready");
	const char *colon = memrchr(part.bytes, ':', part.size);
	size_t size = colon == NULL ? part.size : (size_t)(colon - part.bytes);
	char *name = malloc(size + ready.size);
	bool is_found;

	if (name == NULL) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	memcpy(name, part.bytes, size);
	memcpy(name + size, ready.bytes, ready.size);
	is_found = find(call, (mproci_view){name, size + ready.size}, ret_backlog);
	free(name);
	return is_found;
}

static bool read_token(mproci_call *call, mproci_view text, int64_t *ret_token)
{
	return mproci_native_number(call, text, "token", 0, INT64_MAX, ret_token);
}

/* Of something that is put: it is accepted, was put before, or there is no room. */
static void reply_put(mproci_call *call, int rc)
{
	if (rc == -ENOMEM)
		mproci_reply_no_memory(call->reply);
	else
		mproci_reply_integer(call->reply, rc == -ENOBUFS ? -1 : rc);
}

static void queue_put(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_view wake = keys[4], room = keys[5];
	mproci_backlog *backlog;
	int64_t most, window;
	int rc;

	if (!mproci_native_number(call, arguments[2], "most", 0, INT64_MAX, &most)
		|| !mproci_native_number(call, arguments[3], "window", 0, LONGEST_WINDOW, &window)
		|| !find(call, keys[0], &backlog))
		return;
	if (backlog == NULL)
		backlog = mproci_backlog_create(call->keyspace, keys[0], wake);
	rc = backlog == NULL ? -ENOMEM
			     : mproci_backlog_put(backlog, arguments[0], arguments[1], (size_t)most, window);
	reply_put(call, rc);
	if (backlog == NULL)
		return;
	mproci_backlog_settle(backlog);
	if (rc != 1)
		return;
	mproci_wake(call->keyspace, wake);
	if (mproci_backlog_ready(backlog)->count < (size_t)most && mproci_backlog_wants_room(backlog))
		mproci_wake(call->keyspace, room);
}

/* What a consumer asks for. */
struct order {
	int64_t lease, count, attempts;
};

static bool read_order(mproci_call *call, const mproci_view *arguments, struct order *ret_order)
{
	return mproci_native_lease(call, arguments[0], &ret_order->lease)
	       && mproci_native_number(call, arguments[1], "count", 1, MOST_AT_ONCE, &ret_order->count)
	       && mproci_native_number(call, arguments[2], "attempts", 0, INT64_MAX, &ret_order->attempts);
}

/*
 * Deliver what is ordered.  Returns how many, and the first of them, which the others follow in its line;
 * -ENOMEM: none.
 */
static int64_t deliver(
	mproci_call *call, mproci_backlog *backlog, const struct order *order, mproci_letter **ret_first)
{
	size_t size = 0;
	int64_t count = 0;
	int rc = 1;

	mproci_backlog_recover(backlog);
	while (count < order->count && size < MOST_BYTES_AT_ONCE) {
		mproci_letter *letter;

		rc = mproci_backlog_deliver(backlog, call->session, order->lease, order->attempts, &letter);
		if (rc != 1)
			break;
		if (count++ == 0)
			*ret_first = letter;
		size += letter->body.size;
	}
	return count == 0 && rc < 0 ? rc : count;
}

static void reply_delivered(
	mproci_call *call, const mproci_backlog *backlog, const mproci_letter *letter, int64_t count)
{
	mproci_reply_array(call->reply, (size_t)count);
	for (; count > 0; --count, letter = letter->next) {
		mproci_reply_array(call->reply, 4);
		mproci_reply_bulk(call->reply, mproci_backlog_id(backlog, letter));
		mproci_reply_bulk(call->reply, letter->body);
		mproci_reply_integer(call->reply, letter->token);
		mproci_reply_integer(call->reply, letter->deliveries);
	}
}

static void queue_get(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_view wake = keys[4], room = keys[6];
	mproci_letter *first = NULL;
	mproci_backlog *backlog;
	struct order order;
	int64_t count;

	if (!read_order(call, arguments, &order) || !find(call, keys[0], &backlog))
		return;
	if (backlog == NULL) {
		mproci_reply_array(call->reply, 0);
		return;
	}
	count = deliver(call, backlog, &order, &first);
	if (count < 0)
		mproci_reply_no_memory(call->reply);
	else
		reply_delivered(call, backlog, first, count);
	mproci_backlog_settle(backlog);
	if (mproci_backlog_ready(backlog)->count > 0)
		mproci_wake(call->keyspace, wake);
	if (count > 0 && mproci_backlog_wants_room(backlog))
		mproci_wake(call->keyspace, room);
}

/* What a consumer owes still; NULL: nothing, or not any more. */
static mproci_letter *find_owed(const mproci_backlog *backlog, mproci_view id, int64_t token)
{
	return backlog == NULL ? NULL : mproci_backlog_find_owed(backlog, id, token);
}

static void queue_ack(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	mproci_letter *letter;
	int64_t token;

	if (!read_token(call, arguments[1], &token) || !find_by_part(call, keys[0], &backlog))
		return;
	letter = find_owed(backlog, arguments[0], token);
	mproci_reply_integer(call->reply, letter != NULL);
	if (letter == NULL)
		return;
	mproci_backlog_remove(backlog, letter);
	mproci_backlog_settle(backlog);
}

static void queue_give_back(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	mproci_letter *letter;
	int64_t token;

	if (!read_token(call, arguments[1], &token) || !find(call, keys[0], &backlog))
		return;
	letter = find_owed(backlog, arguments[0], token);
	mproci_reply_integer(call->reply, letter != NULL);
	if (letter == NULL)
		return;
	mproci_backlog_give_back(backlog, letter);
	mproci_backlog_settle(backlog);
	mproci_wake(call->keyspace, keys[4]);
}

static void queue_extend(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	mproci_letter *letter;
	int64_t token, lease;

	if (!read_token(call, arguments[1], &token) || !mproci_native_lease(call, arguments[2], &lease)
		|| !find_by_part(call, keys[0], &backlog))
		return;
	letter = find_owed(backlog, arguments[0], token);
	if (letter != NULL && mproci_backlog_extend(backlog, letter, call->session, lease) < 0)
		mproci_reply_no_memory(call->reply);
	else
		mproci_reply_integer(call->reply, letter != NULL);
}

static void queue_counts(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	size_t ready = 0, owed = 0, dead = 0;

	(void)arguments;
	if (!find(call, keys[0], &backlog))
		return;
	if (backlog != NULL) {
		ready = mproci_backlog_ready(backlog)->count;
		owed = mproci_backlog_count_owed(backlog);
		dead = mproci_backlog_dead(backlog)->count;
	}
	mproci_reply_array(call->reply, 3);
	mproci_reply_integer(call->reply, (int64_t)ready);
	mproci_reply_integer(call->reply, (int64_t)owed);
	mproci_reply_integer(call->reply, (int64_t)dead);
}

/* How many of them one reply may have. */
static size_t count_some(const mproci_letter *letter, int64_t most)
{
	size_t count = 0, size = 0;

	for (; letter != NULL && (int64_t)count < most && size < MOST_BYTES_AT_ONCE; letter = letter->next) {
		size += letter->body.size;
		++count;
	}
	return count;
}

static void queue_dead(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	const mproci_letter *letter;
	mproci_backlog *backlog;
	int64_t most;
	size_t count;

	if (!mproci_native_number(call, arguments[0], "most", 0, MOST_AT_ONCE, &most)
		|| !find_by_part(call, keys[0], &backlog))
		return;
	letter = backlog == NULL ? NULL : mproci_backlog_dead(backlog)->first;
	count = count_some(letter, most);
	mproci_reply_array(call->reply, count);
	for (; count > 0; --count, letter = letter->next) {
		mproci_reply_array(call->reply, 3);
		mproci_reply_bulk(call->reply, mproci_backlog_id(backlog, letter));
		mproci_reply_bulk(call->reply, letter->body);
		mproci_reply_integer(call->reply, letter->deliveries);
	}
}

static mproci_letter *find_dead(const mproci_backlog *backlog, mproci_view id)
{
	return backlog == NULL ? NULL : mproci_backlog_find_dead(backlog, id);
}

static void queue_revive(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	mproci_letter *letter;

	if (!find(call, keys[0], &backlog))
		return;
	letter = find_dead(backlog, arguments[0]);
	mproci_reply_integer(call->reply, letter != NULL);
	if (letter == NULL)
		return;
	mproci_backlog_revive(backlog, letter);
	mproci_backlog_settle(backlog);
	mproci_wake(call->keyspace, keys[3]);
}

static void queue_drop(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	mproci_backlog *backlog;
	mproci_letter *letter;

	if (!find_by_part(call, keys[0], &backlog))
		return;
	letter = find_dead(backlog, arguments[0]);
	mproci_reply_integer(call->reply, letter != NULL);
	if (letter == NULL)
		return;
	mproci_backlog_remove(backlog, letter);
	mproci_backlog_settle(backlog);
}

const mproci_native mproci_natives_of_queues[] = {
	{"mproc_queue_put", queue_put, 6, 4, MPROCI_NATIVE_WRITES},
	{"mproc_queue_get", queue_get, 7, 3, MPROCI_NATIVE_FREES},
	{"mproc_queue_ack", queue_ack, 3, 2, MPROCI_NATIVE_FREES},
	{"mproc_queue_give_back", queue_give_back, 5, 2, MPROCI_NATIVE_FREES},
	{"mproc_queue_extend", queue_extend, 2, 3, MPROCI_NATIVE_FREES},
	{"mproc_queue_counts", queue_counts, 3, 0, MPROCI_NATIVE_READS},
	{"mproc_queue_dead", queue_dead, 3, 1, MPROCI_NATIVE_READS},
	{"mproc_queue_revive", queue_revive, 4, 1, MPROCI_NATIVE_FREES},
	{"mproc_queue_drop", queue_drop, 3, 1, MPROCI_NATIVE_FREES},
	{.name = NULL},
};
