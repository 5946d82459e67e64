/* SPDX-License-Identifier: MIT */
/*
 * What clients see as a list that does not grow: an array, whose one lock is held for each command.
 */
#include "collections/collection.h"
#include "manager/arguments.h"
#include "manager/shown.h"
#include "shared/value.h"

#include <errno.h>
#include <mproc/result.h>

/* The bytes of an item, with the lock held. */
static char *item_at(const mproci_shown *shown, size_t index)
{
	return (char *)shown->what.object + index * shown->what.size;
}

static void unlock(mproci_shown *shown, int locked)
{
	/* As with values. */
	if (locked == MPROC_OWNER_DIED)
		mproci_value_unlock_as_dead(shown->what.object);
	else
		mproc_value_unlock(shown->what.object);
}

static int lock(mproci_shown *shown)
{
	return mproc_value_lock(shown->what.object, MPROCI_COLLECTION_HURRY);
}

static void reply_item(mproci_call *call, const mproci_shown *shown, size_t index)
{
	mproci_item_reply(call->reply, (mproc_shown_as)shown->what.as,
		(mproci_view){item_at(shown, index), shown->what.size});
}

/* Returns whether there is such an item: negative positions count from the end. */
static bool resolve(const mproci_shown *shown, int64_t position, size_t *ret_index)
{
	int64_t count = (int64_t)shown->what.count;

	if (position < 0)
		position += count;
	*ret_index = (size_t)position;
	return position >= 0 && position < count;
}

static mproci_outcome get(mproci_call *call, mproci_shown *shown)
{
	int64_t position;
	size_t index;
	int rc;

	if (!mproci_argument_integer(call, 2, &position))
		return MPROCI_DONE;
	if (!resolve(shown, position, &index)) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	rc = lock(shown);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	reply_item(call, shown, index);
	unlock(shown, rc);
	return MPROCI_DONE;
}

static mproci_outcome get_range(mproci_call *call, mproci_shown *shown)
{
	int64_t first, last;
	mproci_span span;
	int rc;

	if (!mproci_argument_integer(call, 2, &first) || !mproci_argument_integer(call, 3, &last))
		return MPROCI_DONE;
	span = mproci_span_of(first, last, shown->what.count);
	rc = lock(shown);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_array(call->reply, span.count);
	for (size_t i = 0; i < span.count; ++i)
		reply_item(call, shown, span.first + i);
	unlock(shown, rc);
	return MPROCI_DONE;
}

static mproci_outcome set_at(mproci_call *call, mproci_shown *shown, size_t index, mproci_view item)
{
	int rc = lock(shown);

	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	memcpy(item_at(shown, index), item.bytes, item.size);
	unlock(shown, rc);
	mproci_shown_touch(call);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome set(mproci_call *call, mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view item;
	int64_t position;
	size_t index;

	if (!mproci_argument_integer(call, 2, &position))
		return MPROCI_DONE;
	if (!mproci_item_read((mproc_shown_as)shown->what.as, call->arguments[3], room, &item))
		return mproci_shown_refuse_item(call, shown);
	if (item.size == shown->what.size && resolve(shown, position, &index))
		return set_at(call, shown, index, item);
	if (item.size == shown->what.size)
		mproci_reply_error(call->reply, "ERR index out of range");
	else
		mproci_reply_error(call->reply, "ERR an item of %zu bytes: it has to have %zu", item.size,
			shown->what.size);
	return MPROCI_DONE;
}

static mproci_outcome count(mproci_call *call, mproci_shown *shown)
{
	mproci_reply_integer(call->reply, (int64_t)shown->what.count);
	return MPROCI_DONE;
}

const mproci_shown_command mproci_shown_array_commands[] = {
	{"LINDEX", get, 3, 3, false},
	{"LSET", set, 4, 4, false},
	{"LRANGE", get_range, 4, 4, false},
	{"LLEN", count, 2, 2, false},
	{.name = NULL},
};
