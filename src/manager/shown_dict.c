/* SPDX-License-Identifier: MIT */
/*
 * What clients see as a hash: a dict.
 */
#include "manager/arguments.h"
#include "manager/glob.h"
#include "manager/shown.h"

#include <errno.h>
#include <mproc/dict.h>
#include <stdlib.h>

enum {
	/* Of tries to change a value that others change all the time. */
	TRIES = 100,
	/* What needs no memory of its own. */
	SMALL = 4096,
};

static mproc_shown_as as_of(const mproci_shown *shown)
{
	return (mproc_shown_as)shown->what.as;
}

/* The value of a field, in @room or to be freed.  Returns 0 or a negative errno. */
static int fetch(
	mproci_shown *shown, mproci_view field, char room[SMALL], mproci_view *ret_value, void **ret_copy)
{
	size_t size;
	int rc;

	*ret_copy = NULL;
	rc = mproc_dict_get(shown->what.object, field.bytes, field.size, room, SMALL, &size);
	if (rc == -EMSGSIZE)
		rc = mproc_dict_get_copy(shown->what.object, field.bytes, field.size, ret_copy, &size);
	if (rc == 0)
		*ret_value = (mproci_view){*ret_copy != NULL ? *ret_copy : room, size};
	return rc;
}

/* Write the value of a field, or nothing where there is none.  Returns 0, or a negative errno with nothing written. */
static int reply_value(mproci_call *call, mproci_shown *shown, mproci_view field)
{
	char room[SMALL];
	mproci_view value;
	void *copy;
	int rc;

	rc = fetch(shown, field, room, &value, &copy);
	if (rc == -ENOENT)
		mproci_reply_null(call->reply);
	else if (rc == 0)
		mproci_item_reply(call->reply, as_of(shown), value);
	free(copy);
	return rc == -ENOENT ? 0 : rc;
}

static mproci_outcome get(mproci_call *call, mproci_shown *shown)
{
	int rc = reply_value(call, shown, call->arguments[2]);

	return rc < 0 ? mproci_shown_answer(call, shown, rc, 0) : MPROCI_DONE;
}

/* All of it, or what was written is taken back. */
static mproci_outcome get_many(mproci_call *call, mproci_shown *shown)
{
	/* It may be moved. */
	size_t before = call->reply->end - call->reply->first;
	int rc = 0;

	mproci_reply_array(call->reply, call->count - 2);
	for (size_t i = 2; rc == 0 && i < call->count; ++i)
		rc = reply_value(call, shown, call->arguments[i]);
	if (rc == 0)
		return MPROCI_DONE;
	call->reply->end = call->reply->first + before;
	return mproci_shown_answer(call, shown, rc, 0);
}

/* Returns 1: it is a new field, 0, or a negative errno. */
static int put(mproci_shown *shown, mproci_view field, mproci_view value)
{
	int rc = mproc_dict_set_if_absent(
		shown->what.object, field.bytes, field.size, value.bytes, value.size);

	if (rc == -EEXIST)
		return mproc_dict_set(shown->what.object, field.bytes, field.size, value.bytes, value.size);
	return rc == 0 ? 1 : rc;
}

/* Whether all values are such as the dict takes. */
static bool are_values(const mproci_call *call, const mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view unused;

	for (size_t i = 3; i < call->count; i += 2) {
		if (!mproci_item_read(as_of(shown), call->arguments[i], room, &unused))
			return false;
	}
	return true;
}

/* Returns how many fields are new, in @ret_done how many were set. */
static int64_t put_all(mproci_call *call, mproci_shown *shown, size_t *ret_done, int *ret_rc)
{
	char room[MPROCI_ITEM_NUMBER];
	int64_t added = 0;
	mproci_view value;

	*ret_done = 0;
	*ret_rc = 0;
	for (size_t i = 2; i + 1 < call->count; i += 2) {
		mproci_item_read(as_of(shown), call->arguments[i + 1], room, &value);
		*ret_rc = put(shown, call->arguments[i], value);
		if (*ret_rc < 0)
			break;
		added += *ret_rc;
		if (++*ret_done == 1)
			mproci_shown_begin_rest();
	}
	mproci_shown_end_rest();
	if (*ret_done > 0)
		mproci_shown_touch(call);
	return added;
}

static mproci_outcome set(mproci_call *call, mproci_shown *shown)
{
	bool is_old_way = mproci_is_word(call->arguments[0], "HMSET");
	int64_t added;
	size_t done;
	int rc;

	if (call->count % 2 != 0) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s' command",
			is_old_way ? "hmset" : "hset");
		return MPROCI_DONE;
	}
	if (!are_values(call, shown))
		return mproci_shown_refuse_item(call, shown);
	added = put_all(call, shown, &done, &rc);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, done);
	if (is_old_way)
		mproci_reply_ok(call->reply);
	else
		mproci_reply_integer(call->reply, added);
	return MPROCI_DONE;
}

static mproci_outcome set_if_absent(mproci_call *call, mproci_shown *shown)
{
	mproci_view field = call->arguments[2], value;
	char room[MPROCI_ITEM_NUMBER];
	int rc;

	if (!mproci_item_read(as_of(shown), call->arguments[3], room, &value))
		return mproci_shown_refuse_item(call, shown);
	rc = mproc_dict_set_if_absent(shown->what.object, field.bytes, field.size, value.bytes, value.size);
	if (rc < 0 && rc != -EEXIST)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == 0)
		mproci_shown_touch(call);
	mproci_reply_integer(call->reply, rc == 0);
	return MPROCI_DONE;
}

static mproci_outcome delete (mproci_call *call, mproci_shown *shown)
{
	int64_t deleted = 0;
	size_t done = 0;
	int rc = 0;

	for (size_t i = 2; i < call->count; ++i) {
		rc = mproc_dict_delete(shown->what.object, call->arguments[i].bytes, call->arguments[i].size);
		if (rc < 0 && rc != -ENOENT)
			break;
		deleted += rc == 0;
		rc = 0;
		if (++done == 1)
			mproci_shown_begin_rest();
	}
	mproci_shown_end_rest();
	if (deleted > 0)
		mproci_shown_touch(call);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, done);
	mproci_reply_integer(call->reply, deleted);
	return MPROCI_DONE;
}

static mproci_outcome count(mproci_call *call, mproci_shown *shown)
{
	ssize_t rc = mproc_dict_count(shown->what.object);

	if (rc < 0)
		return mproci_shown_answer(call, shown, (int)rc, 0);
	mproci_reply_integer(call->reply, rc);
	return MPROCI_DONE;
}

static mproci_outcome has(mproci_call *call, mproci_shown *shown)
{
	int rc = mproc_dict_has(shown->what.object, call->arguments[2].bytes, call->arguments[2].size);

	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_integer(call->reply, rc);
	return MPROCI_DONE;
}

static mproci_outcome tell_size(mproci_call *call, mproci_shown *shown)
{
	char room[SMALL], text[MPROCI_ITEM_TEXT];
	mproci_view value = {NULL, 0};
	void *copy;
	int rc;

	rc = fetch(shown, call->arguments[2], room, &value, &copy);
	if (rc == 0)
		value = mproci_item_show(as_of(shown), value, text);
	free(copy);
	if (rc < 0 && rc != -ENOENT)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_integer(call->reply, (int64_t)value.size);
	return MPROCI_DONE;
}

static void reply_key(mproci_reply *reply, const mproc_snapshot_entry *entry)
{
	mproci_reply_bulk(reply, (mproci_view){entry->key, entry->key_size});
}

static void reply_entry(mproci_reply *reply, mproc_shown_as as, const mproc_snapshot_entry *entry)
{
	mproci_item_reply(reply, as, (mproci_view){entry->value, entry->value_size});
}

static mproci_outcome get_all(mproci_call *call, mproci_shown *shown)
{
	mproc_snapshot *all;
	int rc;

	rc = mproc_dict_snapshot(shown->what.object, &all);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_map(call->reply, all->count);
	for (size_t i = 0; i < all->count; ++i) {
		reply_key(call->reply, &all->entries[i]);
		reply_entry(call->reply, as_of(shown), &all->entries[i]);
	}
	mproc_snapshot_close(all);
	return MPROCI_DONE;
}

static mproci_outcome get_keys_or_values(mproci_call *call, mproci_shown *shown)
{
	bool is_keys = mproci_is_word(call->arguments[0], "HKEYS");
	mproc_snapshot *all;
	int rc;

	rc = mproc_dict_snapshot(shown->what.object, &all);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_array(call->reply, all->count);
	for (size_t i = 0; i < all->count; ++i) {
		if (is_keys)
			reply_key(call->reply, &all->entries[i]);
		else
			reply_entry(call->reply, as_of(shown), &all->entries[i]);
	}
	mproc_snapshot_close(all);
	return MPROCI_DONE;
}

/* Leave those whose keys are like @pattern. */
static void filter(mproc_snapshot *all, mproci_view pattern)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->count; ++i) {
		mproci_view key = {all->entries[i].key, all->entries[i].key_size};

		if (mproci_glob_matches(pattern, key))
			all->entries[kept++] = all->entries[i];
	}
	all->count = kept;
}

/* All at once, as Redis does with a small hash: the cursor is 0 again. */
static mproci_outcome scan(mproci_call *call, mproci_shown *shown)
{
	mproci_scan_request request;
	mproc_snapshot *all;
	int rc;

	if (!mproci_argument_scan(call, 2, &request))
		return MPROCI_DONE;
	rc = mproc_dict_snapshot(shown->what.object, &all);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	if (request.has_pattern)
		filter(all, request.pattern);
	mproci_reply_array(call->reply, 2);
	mproci_reply_text(call->reply, "0");
	mproci_reply_array(call->reply, 2 * all->count);
	for (size_t i = 0; i < all->count; ++i) {
		reply_key(call->reply, &all->entries[i]);
		reply_entry(call->reply, as_of(shown), &all->entries[i]);
	}
	mproc_snapshot_close(all);
	return MPROCI_DONE;
}

/* What -ENOENT was when it is asked for, -ESTALE when it has changed: somebody interferes. */
static int put_instead(mproci_shown *shown, mproci_view field, const mproci_view *before, mproci_view value)
{
	int rc;

	if (before == NULL)
		rc = mproc_dict_set_if_absent(
			shown->what.object, field.bytes, field.size, value.bytes, value.size);
	else
		rc = mproc_dict_compare_and_set(shown->what.object, field.bytes, field.size, before->bytes,
			before->size, value.bytes, value.size);
	return rc == -EEXIST || rc == -ESTALE || rc == -ENOENT ? -EBUSY : rc;
}

/* Add to what clients see as digits: what is there is read, and put back if nobody has changed it meanwhile.  -EMSGSIZE: it is no number. */
static int add_once(mproci_shown *shown, mproci_view field, int64_t added, int64_t *ret_sum)
{
	char room[SMALL], text[MPROCI_ITEM_TEXT], bytes[MPROCI_ITEM_NUMBER];
	mproci_view before, digits, after;
	int64_t number = 0;
	size_t size;
	int rc;

	rc = mproc_dict_get(shown->what.object, field.bytes, field.size, room, sizeof room, &size);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	before = (mproci_view){room, size = rc == 0 ? size : 0};
	if (rc == 0 && !mproci_read_integer(mproci_item_show(as_of(shown), before, text), &number))
		return -EMSGSIZE;
	if (__builtin_add_overflow(number, added, ret_sum))
		return -ERANGE;
	digits = mproci_item_show(
		MPROC_SHOWN_INT64, (mproci_view){(const char *)ret_sum, sizeof *ret_sum}, text);
	if (!mproci_item_read(as_of(shown), digits, bytes, &after))
		return -ERANGE;
	return put_instead(shown, field, rc == 0 ? &before : NULL, after);
}

static int add(mproci_shown *shown, mproci_view field, int64_t added, int64_t *ret_sum)
{
	int rc = -EBUSY;

	if (as_of(shown) == MPROC_SHOWN_INT64)
		return mproc_dict_add(shown->what.object, field.bytes, field.size, added, ret_sum);
	for (int tries = 0; rc == -EBUSY && tries < TRIES; ++tries)
		rc = add_once(shown, field, added, ret_sum);
	return rc == -EBUSY ? -EAGAIN : rc;
}

static mproci_outcome increment_by(mproci_call *call, mproci_shown *shown)
{
	int64_t added, sum;
	int rc;

	if (!mproci_argument_integer(call, 3, &added))
		return MPROCI_DONE;
	rc = add(shown, call->arguments[2], added, &sum);
	if (rc == -EMSGSIZE) {
		mproci_reply_error(call->reply, "ERR hash value is not an integer");
		return MPROCI_DONE;
	}
	if (rc == -ERANGE) {
		mproci_reply_error(call->reply, "ERR increment or decrement would overflow");
		return MPROCI_DONE;
	}
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_shown_touch(call);
	mproci_reply_integer(call->reply, sum);
	return MPROCI_DONE;
}

/* FCALL mproc_dict_compare_and_set 1 name field expected new. */
static mproci_outcome compare_and_set(mproci_call *call, mproci_shown *shown)
{
	char before[MPROCI_ITEM_NUMBER], after[MPROCI_ITEM_NUMBER];
	mproci_view field = call->arguments[4], expected, value;
	int rc;

	if (!mproci_item_read(as_of(shown), call->arguments[5], before, &expected)
		|| !mproci_item_read(as_of(shown), call->arguments[6], after, &value))
		return mproci_shown_refuse_item(call, shown);
	rc = mproc_dict_compare_and_set(shown->what.object, field.bytes, field.size, expected.bytes,
		expected.size, value.bytes, value.size);
	if (rc < 0 && rc != -ESTALE && rc != -ENOENT)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == 0)
		mproci_shown_touch(call);
	mproci_reply_integer(call->reply, rc == 0 ? 1 : rc == -ESTALE ? 0 : -1);
	return MPROCI_DONE;
}

/* Take a field out that may be of any size; it may become larger meanwhile. */
static int take(mproci_shown *shown, mproci_view field, void **ret_bytes, size_t *ret_size)
{
	size_t room = SMALL;
	int rc = -EMSGSIZE;
	void *copy;

	for (int tries = 0; rc == -EMSGSIZE && tries < TRIES; ++tries) {
		*ret_bytes = mproci_shown_scratch(room);
		if (*ret_bytes == NULL)
			return -ENOMEM;
		rc = mproc_dict_pop(shown->what.object, field.bytes, field.size, *ret_bytes, room, ret_size);
		if (rc != -EMSGSIZE)
			return rc;
		rc = mproc_dict_get_copy(shown->what.object, field.bytes, field.size, &copy, &room);
		if (rc == 0)
			free(copy);
		rc = rc == 0 ? -EMSGSIZE : rc;
	}
	return rc == -EMSGSIZE ? -EAGAIN : rc;
}

/* FCALL mproc_dict_pop 1 name field. */
static mproci_outcome pop(mproci_call *call, mproci_shown *shown)
{
	size_t size;
	void *bytes;
	int rc;

	rc = take(shown, call->arguments[4], &bytes, &size);
	if (rc < 0 && rc != -ENOENT)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == -ENOENT) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	mproci_shown_touch(call);
	mproci_item_reply(call->reply, as_of(shown), (mproci_view){bytes, size});
	return MPROCI_DONE;
}

const mproci_shown_command mproci_shown_dict_commands[] = {
	{"HGET", get, 3, 3, false},
	{"HMGET", get_many, 3, SIZE_MAX, false},
	{"HSET", set, 4, SIZE_MAX, false},
	{"HMSET", set, 4, SIZE_MAX, false},
	{"HSETNX", set_if_absent, 4, 4, false},
	{"HDEL", delete, 3, SIZE_MAX, false},
	{"HLEN", count, 2, 2, false},
	{"HEXISTS", has, 3, 3, false},
	{"HSTRLEN", tell_size, 3, 3, false},
	{"HGETALL", get_all, 2, 2, false},
	{"HKEYS", get_keys_or_values, 2, 2, false},
	{"HVALS", get_keys_or_values, 2, 2, false},
	{"HSCAN", scan, 3, 7, false},
	{"HINCRBY", increment_by, 4, 4, false},
	{"MPROC_DICT_COMPARE_AND_SET", compare_and_set, 7, 7, false},
	{"MPROC_DICT_POP", pop, 5, 5, false},
	{.name = NULL},
};
