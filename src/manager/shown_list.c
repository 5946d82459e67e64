/* SPDX-License-Identifier: MIT */
/*
 * What clients see as a list: a list, and an array, which does not grow.
 */
#include "manager/arguments.h"
#include "manager/shown.h"

#include <errno.h>
#include <limits.h>
#include <mproc/list.h>
#include <stdlib.h>

enum {
	/* Of tries to take an item that is exchanged for a larger one each time. */
	TRIES = 100,
	SMALL = 4096,
};

static mproc_shown_as as_of(const mproci_shown *shown)
{
	return (mproc_shown_as)shown->what.as;
}

/* So many items were put in before.  If that cannot be said now it is at least these: told to try again, the client would put them once more. */
static mproci_outcome reply_count(mproci_call *call, mproci_shown *shown, size_t done)
{
	ssize_t rc = mproc_list_count(shown->what.object);

	if (rc < 0 && done == 0)
		return mproci_shown_answer(call, shown, (int)rc, 0);
	mproci_reply_integer(call->reply, rc < 0 ? (int64_t)done : rc);
	return MPROCI_DONE;
}

static mproci_outcome count(mproci_call *call, mproci_shown *shown)
{
	return reply_count(call, shown, 0);
}

static bool are_items(const mproci_call *call, const mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view unused;

	for (size_t i = 2; i < call->count; ++i) {
		if (!mproci_item_read(as_of(shown), call->arguments[i], room, &unused))
			return false;
	}
	return true;
}

static int put(mproci_shown *shown, mproci_view text, bool is_at_end)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view item = {NULL, 0};

	mproci_item_read(as_of(shown), text, room, &item);
	if (is_at_end)
		return mproc_list_append(shown->what.object, item.bytes, item.size);
	return mproc_list_insert(shown->what.object, 0, item.bytes, item.size);
}

static mproci_outcome push(mproci_call *call, mproci_shown *shown)
{
	bool is_at_end = mproci_is_word((mproci_view){call->arguments[0].bytes, 1}, "R");
	size_t done = 0;
	int rc = 0;

	if (!are_items(call, shown))
		return mproci_shown_refuse_item(call, shown);
	for (; rc == 0 && done + 2 < call->count; done += rc == 0) {
		rc = put(shown, call->arguments[done + 2], is_at_end);
		if (rc == 0 && done == 0)
			mproci_shown_begin_rest();
	}
	mproci_shown_end_rest();
	if (done > 0)
		mproci_shown_touch(call);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, done);
	return reply_count(call, shown, done);
}

/* Take an item of any size out; it lies in the scratch memory. */
static int take(mproci_shown *shown, ssize_t position, mproci_view *ret_item)
{
	size_t room = SMALL, size;
	int rc = -EMSGSIZE;
	void *bytes, *copy;

	for (int tries = 0; rc == -EMSGSIZE && tries < TRIES; ++tries) {
		bytes = mproci_shown_scratch(room);
		if (bytes == NULL)
			return -ENOMEM;
		rc = mproc_list_pop(shown->what.object, position, bytes, room, &size);
		if (rc == 0)
			*ret_item = (mproci_view){bytes, size};
		if (rc != -EMSGSIZE)
			return rc;
		rc = mproc_list_get_copy(shown->what.object, position, &copy, &room);
		if (rc == 0) {
			free(copy);
			rc = -EMSGSIZE;
		}
	}
	return rc == -EMSGSIZE ? -EAGAIN : rc;
}

static ssize_t end_of(const mproci_call *call, size_t letter)
{
	return call->arguments[0].bytes[letter] == 'R' || call->arguments[0].bytes[letter] == 'r' ? -1 : 0;
}

static mproci_outcome pop_one(mproci_call *call, mproci_shown *shown)
{
	mproci_view item = {NULL, 0};
	int rc = take(shown, end_of(call, 0), &item);

	if (rc < 0 && rc != -ERANGE)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == -ERANGE) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	mproci_shown_touch(call);
	mproci_item_reply(call->reply, as_of(shown), item);
	return MPROCI_DONE;
}

/* There is no memory for a copy of an item that is out already: it goes back to the end from which it came. */
static int put_back(mproci_shown *shown, ssize_t position, mproci_view item)
{
	mproc_list *list = shown->what.object;

	if (position == 0)
		mproc_list_insert(list, 0, item.bytes, item.size);
	else
		mproc_list_append(list, item.bytes, item.size);
	return -ENOMEM;
}

/* Take up to @most items out, each a copy of this process's own.  Returns a negative errno when it stopped before that, -ERANGE: there are no more. */
static int take_many(
	mproci_shown *shown, ssize_t position, size_t most, mproci_view *items, size_t *ret_count)
{
	mproci_view item = {NULL, 0};
	int rc = 0;

	for (*ret_count = 0; rc == 0 && *ret_count < most;) {
		char *copy;

		rc = take(shown, position, &item);
		if (rc < 0)
			break;
		copy = malloc(item.size + 1);
		if (copy == NULL)
			rc = put_back(shown, position, item);
		else
			items[(*ret_count)++] = (mproci_view){memcpy(copy, item.bytes, item.size), item.size};
		if (*ret_count == 1)
			mproci_shown_begin_rest();
	}
	mproci_shown_end_rest();
	return rc;
}

static mproci_outcome reply_taken(
	mproci_call *call, mproci_shown *shown, const mproci_view *items, size_t count)
{
	mproci_shown_touch(call);
	mproci_reply_array(call->reply, count);
	for (size_t i = 0; i < count; ++i)
		mproci_item_reply(call->reply, as_of(shown), items[i]);
	return MPROCI_DONE;
}

/* What has been taken is answered, whatever came then. */
static mproci_outcome pop_many(mproci_call *call, mproci_shown *shown, size_t most)
{
	mproci_outcome outcome = MPROCI_DONE;
	mproci_view *items = malloc((most + 1) * sizeof *items);
	size_t taken = 0;
	int rc = -ENOMEM;

	if (items != NULL)
		rc = take_many(shown, end_of(call, 0), most, items, &taken);
	if (taken == 0 && rc == -ERANGE)
		mproci_reply_null_array(call->reply);
	else if (taken == 0 && rc < 0)
		outcome = mproci_shown_answer(call, shown, rc, 0);
	else
		outcome = reply_taken(call, shown, items, taken);
	for (size_t i = 0; i < taken; ++i)
		free((void *)(uintptr_t)items[i].bytes);
	free(items);
	return outcome;
}

static mproci_outcome pop(mproci_call *call, mproci_shown *shown)
{
	ssize_t there = mproc_list_count(shown->what.object);
	size_t most;

	if (call->count == 2)
		return pop_one(call, shown);
	if (!mproci_argument_count(call, 2, "value is out of range, must be positive", &most))
		return MPROCI_DONE;
	if (there < 0)
		return mproci_shown_answer(call, shown, (int)there, 0);
	if (there == 0) {
		mproci_reply_null_array(call->reply);
		return MPROCI_DONE;
	}
	return pop_many(call, shown, most < (size_t)there ? most : (size_t)there);
}

static mproci_outcome reply_named(mproci_call *call, mproci_shown *shown, mproci_view item)
{
	mproci_shown_touch(call);
	mproci_reply_array(call->reply, 2);
	mproci_reply_bulk(call->reply, call->arguments[1]);
	mproci_item_reply(call->reply, as_of(shown), item);
	return MPROCI_DONE;
}

/* BLPOP and BRPOP of one list.  Nobody tells the manager of what the family puts into a list: it looks each millisecond. */
static mproci_outcome pop_patiently(mproci_call *call, mproci_shown *shown)
{
	mproci_view item = {NULL, 0};
	int64_t until;
	int rc;

	if (!mproci_argument_until(call, 2, &until))
		return MPROCI_DONE;
	rc = mproci_shown_is_busy(call, shown) ? -EBUSY : take(shown, end_of(call, 1), &item);
	if (rc == -ETIMEDOUT || rc == -EAGAIN) {
		mproci_shown_note_busy(call, shown);
		rc = -EBUSY;
	}
	if (rc == 0)
		return reply_named(call, shown, item);
	if (rc != -ERANGE && rc != -EBUSY)
		return mproci_shown_answer(call, shown, rc, 0);
	return mproci_shown_wait_until(call, NULL, 0, until);
}

static int reply_item(mproci_call *call, mproci_shown *shown, int64_t position)
{
	char room[SMALL];
	void *copy = NULL;
	size_t size;
	int rc;

	rc = mproc_list_get(shown->what.object, position, room, sizeof room, &size);
	if (rc == -EMSGSIZE)
		rc = mproc_list_get_copy(shown->what.object, position, &copy, &size);
	if (rc == 0)
		mproci_item_reply(call->reply, as_of(shown), (mproci_view){copy != NULL ? copy : room, size});
	free(copy);
	return rc;
}

static mproci_outcome get(mproci_call *call, mproci_shown *shown)
{
	int64_t position;
	int rc;

	if (!mproci_argument_integer(call, 2, &position))
		return MPROCI_DONE;
	rc = reply_item(call, shown, position);
	if (rc < 0 && rc != -ERANGE)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == -ERANGE)
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome refuse_position(mproci_call *call)
{
	mproci_reply_error(call->reply, "ERR index out of range");
	return MPROCI_DONE;
}

/* A position in argument @index, and behind it an item.  Returns false when they are none, which has been answered. */
static bool read_placed(mproci_call *call, mproci_shown *shown, size_t index, char room[MPROCI_ITEM_NUMBER],
	int64_t *ret_position, mproci_view *ret_item)
{
	if (!mproci_argument_integer(call, index, ret_position))
		return false;
	if (mproci_item_read(as_of(shown), call->arguments[index + 1], room, ret_item))
		return true;
	mproci_shown_refuse_item(call, shown);
	return false;
}

static mproci_outcome set(mproci_call *call, mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view item = {NULL, 0};
	int64_t position;
	int rc;

	if (!read_placed(call, shown, 2, room, &position, &item))
		return MPROCI_DONE;
	rc = mproc_list_set(shown->what.object, position, item.bytes, item.size);
	if (rc == -ERANGE)
		return refuse_position(call);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_shown_touch(call);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome get_range(mproci_call *call, mproci_shown *shown)
{
	mproc_snapshot *part;
	int64_t first, last;
	int rc;

	if (!mproci_argument_integer(call, 2, &first) || !mproci_argument_integer(call, 3, &last))
		return MPROCI_DONE;
	/* The last one is in it, with Redis. */
	rc = mproc_list_slice(
		shown->what.object, first, last == -1 ? SSIZE_MAX : last + (last < SSIZE_MAX), &part);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_array(call->reply, part->count);
	for (size_t i = 0; i < part->count; ++i)
		mproci_item_reply(call->reply, as_of(shown),
			(mproci_view){part->entries[i].value, part->entries[i].value_size});
	mproc_snapshot_close(part);
	return MPROCI_DONE;
}

/* FCALL mproc_list_insert 1 name index item. */
static mproci_outcome insert(mproci_call *call, mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view item = {NULL, 0};
	int64_t position;
	int rc;

	if (!read_placed(call, shown, 4, room, &position, &item))
		return MPROCI_DONE;
	rc = mproc_list_insert(shown->what.object, position, item.bytes, item.size);
	if (rc < 0 && rc != -ERANGE)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == 0)
		mproci_shown_touch(call);
	mproci_reply_integer(call->reply, rc == 0);
	return MPROCI_DONE;
}

/* FCALL mproc_list_pop 1 name index. */
static mproci_outcome pop_at(mproci_call *call, mproci_shown *shown)
{
	mproci_view item = {NULL, 0};
	int64_t position;
	int rc;

	if (!mproci_argument_integer(call, 4, &position))
		return MPROCI_DONE;
	rc = take(shown, position, &item);
	if (rc < 0 && rc != -ERANGE)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == -ERANGE) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	mproci_shown_touch(call);
	mproci_item_reply(call->reply, as_of(shown), item);
	return MPROCI_DONE;
}

const mproci_shown_command mproci_shown_list_commands[] = {
	{"LPUSH", push, 3, SIZE_MAX, false},
	{"RPUSH", push, 3, SIZE_MAX, false},
	{"LPUSHX", push, 3, SIZE_MAX, false},
	{"RPUSHX", push, 3, SIZE_MAX, false},
	{"LPOP", pop, 2, 3, false},
	{"RPOP", pop, 2, 3, false},
	{"BLPOP", pop_patiently, 3, 3, true},
	{"BRPOP", pop_patiently, 3, 3, true},
	{"LINDEX", get, 3, 3, false},
	{"LSET", set, 4, 4, false},
	{"LRANGE", get_range, 4, 4, false},
	{"LLEN", count, 2, 2, false},
	{"MPROC_LIST_INSERT", insert, 6, 6, false},
	{"MPROC_LIST_POP", pop_at, 5, 5, false},
	{.name = NULL},
};
