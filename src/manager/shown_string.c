/* SPDX-License-Identifier: MIT */
/*
 * What clients see as a string: values, numbers, flags and events.  A command is a change of its bytes, made where and how the kind does it.
 */
#include "manager/arguments.h"
#include "manager/shown_flags.h"

#include <errno.h>

/* What a command does to the bytes, and what came of it. */
typedef struct work {
	mproci_call *call;
	mproc_shown_as as;
	size_t size;
	/* To be stored; and what must be there. */
	mproci_view bytes, expected;
	int64_t added;
	double added_fraction;
	/* What was there before, or is there now, of a number. */
	char number[MPROCI_ITEM_NUMBER];
} work;

static int update(mproci_shown *shown, mproci_shown_change *change, void *context)
{
	if (shown->what.kind == MPROCI_SHOWN_VALUE)
		return mproci_shown_update_value(shown, change, context);
	if (shown->what.kind == MPROCI_SHOWN_EVENT)
		return mproci_shown_update_event(shown, change, context);
	return mproci_shown_update_number(shown, change, context);
}

static work begin(mproci_call *call, const mproci_shown *shown)
{
	return (work){.call = call, .as = (mproc_shown_as)shown->what.as, .size = shown->what.size};
}

/* A change may be made again, but for that of a value, which has a lock: only that may have bytes that are no number, and they are sent on the spot. */
static void note(work *self, const void *bytes)
{
	if (self->as == MPROC_SHOWN_BYTES)
		mproci_reply_bulk(self->call->reply, (mproci_view){bytes, self->size});
	else
		memcpy(self->number, bytes, self->size);
}

static mproci_outcome reply_noted(const work *self)
{
	if (self->as != MPROC_SHOWN_BYTES)
		mproci_item_reply(self->call->reply, self->as, (mproci_view){self->number, self->size});
	return MPROCI_DONE;
}

static int look(void *context, void *bytes)
{
	note(context, bytes);
	return 0;
}

static mproci_outcome get(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	int rc = update(shown, look, &self);

	return rc < 0 ? mproci_shown_answer(call, shown, rc, 0) : reply_noted(&self);
}

static void tell_change(mproci_call *call, const mproci_shown *shown)
{
	mproci_shown_touch(call);
	if (shown->flag != NULL)
		mproci_shown_flags_tell(mproci_server_channels(call->server));
}

static int store(void *context, void *bytes)
{
	work *self = context;

	memcpy(bytes, self->bytes.bytes, self->size);
	return 1;
}

/* Read what is to be stored.  Returns whether it can be; otherwise the error is written. */
static bool read_bytes(work *self, const mproci_shown *shown, mproci_view text, char room[MPROCI_ITEM_NUMBER])
{
	mproci_view name = mproci_shown_name(self->call);

	if (!mproci_item_read(self->as, text, room, &self->bytes)) {
		mproci_shown_refuse_item(self->call, shown);
		return false;
	}
	if (self->bytes.size == self->size)
		return true;
	mproci_reply_error(self->call->reply, "ERR '%.*s' has %zu bytes, not %zu", (int)name.size, name.bytes,
		self->size, self->bytes.size);
	return false;
}

static mproci_outcome set_plainly(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	char room[MPROCI_ITEM_NUMBER];
	int rc;

	if (!read_bytes(&self, shown, call->arguments[2], room))
		return MPROCI_DONE;
	rc = update(shown, store, &self);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	tell_change(call, shown);
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static int exchange(void *context, void *bytes)
{
	note(context, bytes);
	return store(context, bytes);
}

static mproci_outcome get_and_set(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	char room[MPROCI_ITEM_NUMBER];
	int rc;

	if (!read_bytes(&self, shown, call->arguments[2], room))
		return MPROCI_DONE;
	rc = update(shown, exchange, &self);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	tell_change(call, shown);
	return reply_noted(&self);
}

/* What SET says behind the value. */
typedef struct wishes {
	bool if_absent, old_value;
} wishes;

/* It is there, and it stays: XX and KEEPTTL say nothing new.  Returns false with the error written. */
static bool read_wishes(mproci_call *call, wishes *ret_wishes)
{
	*ret_wishes = (wishes){false, false};
	for (size_t i = 3; i < call->count; ++i) {
		mproci_view word = call->arguments[i];

		if (mproci_is_word(word, "NX")) {
			ret_wishes->if_absent = true;
		} else if (mproci_is_word(word, "GET")) {
			ret_wishes->old_value = true;
		} else if (!mproci_is_word(word, "XX") && !mproci_is_word(word, "KEEPTTL")) {
			mproci_reply_error(call->reply, "ERR SET of what belongs to the family, which does "
							"not expire, takes NX, XX, GET and KEEPTTL");
			return false;
		}
	}
	return true;
}

static mproci_outcome set(mproci_call *call, mproci_shown *shown)
{
	wishes wished;

	if (!read_wishes(call, &wished))
		return MPROCI_DONE;
	if (wished.if_absent && wished.old_value)
		return get(call, shown);
	if (wished.old_value)
		return get_and_set(call, shown);
	if (!wished.if_absent)
		return set_plainly(call, shown);
	mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome set_if_absent(mproci_call *call, mproci_shown *shown)
{
	(void)shown;
	mproci_reply_integer(call->reply, 0);
	return MPROCI_DONE;
}

static int measure(void *context, void *bytes)
{
	work *self = context;
	char room[MPROCI_ITEM_TEXT];

	mproci_reply_integer(self->call->reply,
		(int64_t)mproci_item_show(self->as, (mproci_view){bytes, self->size}, room).size);
	return 0;
}

static mproci_outcome tell_size(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	int rc = update(shown, measure, &self);

	return rc < 0 ? mproci_shown_answer(call, shown, rc, 0) : MPROCI_DONE;
}

static int add(void *context, void *bytes)
{
	work *self = context;

	if (!mproci_item_add(self->as, bytes, self->added))
		return -ERANGE;
	note(self, bytes);
	return 1;
}

static mproci_outcome add_integer(mproci_call *call, mproci_shown *shown, int64_t added)
{
	work self = begin(call, shown);
	char room[MPROCI_ITEM_TEXT];
	mproci_view sum;
	int rc;

	if (!mproci_item_is_integer(self.as)) {
		mproci_reply_error(call->reply, "ERR value is not an integer or out of range");
		return MPROCI_DONE;
	}
	self.added = added;
	rc = update(shown, add, &self);
	if (rc == -ERANGE) {
		mproci_reply_error(call->reply, "ERR increment or decrement would overflow");
		return MPROCI_DONE;
	}
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	tell_change(call, shown);
	sum = mproci_item_show(self.as, (mproci_view){self.number, self.size}, room);
	/* A uint64_t may be larger than what is an integer in the protocol. */
	if (mproci_read_integer(sum, &added))
		mproci_reply_integer(call->reply, added);
	else
		mproci_reply_bulk(call->reply, sum);
	return MPROCI_DONE;
}

static mproci_outcome increment(mproci_call *call, mproci_shown *shown)
{
	return add_integer(call, shown, 1);
}

static mproci_outcome decrement(mproci_call *call, mproci_shown *shown)
{
	return add_integer(call, shown, -1);
}

static mproci_outcome increment_by(mproci_call *call, mproci_shown *shown)
{
	int64_t added;

	if (!mproci_argument_integer(call, 2, &added))
		return MPROCI_DONE;
	return add_integer(call, shown, added);
}

static mproci_outcome decrement_by(mproci_call *call, mproci_shown *shown)
{
	int64_t taken;

	if (!mproci_argument_integer(call, 2, &taken))
		return MPROCI_DONE;
	if (taken == INT64_MIN) {
		mproci_reply_error(call->reply, "ERR decrement would overflow");
		return MPROCI_DONE;
	}
	return add_integer(call, shown, -taken);
}

static int add_to_fraction(void *context, void *bytes)
{
	work *self = context;

	if (!mproci_item_add_fraction(self->as, bytes, self->added_fraction))
		return -ERANGE;
	note(self, bytes);
	return 1;
}

static mproci_outcome increment_by_fraction(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	int rc;

	if (!mproci_item_is_fraction(self.as)
		|| !mproci_read_double(call->arguments[2], &self.added_fraction)) {
		mproci_reply_error(call->reply, "ERR value is not a valid float");
		return MPROCI_DONE;
	}
	rc = update(shown, add_to_fraction, &self);
	if (rc == -ERANGE) {
		mproci_reply_error(call->reply, "ERR increment would produce NaN or Infinity");
		return MPROCI_DONE;
	}
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	tell_change(call, shown);
	return reply_noted(&self);
}

static int compare_and_store(void *context, void *bytes)
{
	work *self = context;

	return memcmp(bytes, self->expected.bytes, self->size) != 0 ? 0 : store(self, bytes);
}

/* FCALL mproc_compare_and_set 1 name expected new. */
static mproci_outcome compare_and_set(mproci_call *call, mproci_shown *shown)
{
	char expected[MPROCI_ITEM_NUMBER], room[MPROCI_ITEM_NUMBER];
	work self = begin(call, shown);
	int rc;

	if (!read_bytes(&self, shown, call->arguments[4], expected))
		return MPROCI_DONE;
	self.expected = self.bytes;
	if (!read_bytes(&self, shown, call->arguments[5], room))
		return MPROCI_DONE;
	rc = update(shown, compare_and_store, &self);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc > 0)
		tell_change(call, shown);
	mproci_reply_integer(call->reply, rc);
	return MPROCI_DONE;
}

/* FCALL mproc_flag_set 1 name value. */
static mproci_outcome set_flag(mproci_call *call, mproci_shown *shown)
{
	work self = begin(call, shown);
	char room[MPROCI_ITEM_NUMBER];
	int rc;

	if (self.as != MPROC_SHOWN_BOOL) {
		mproci_reply_wrong_type(call->reply);
		return MPROCI_DONE;
	}
	if (!read_bytes(&self, shown, call->arguments[4], room))
		return MPROCI_DONE;
	rc = update(shown, store, &self);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	tell_change(call, shown);
	mproci_reply_integer(call->reply, 0);
	return MPROCI_DONE;
}

const mproci_shown_command mproci_shown_string_commands[] = {
	{"GET", get, 2, 2, false},
	{"SET", set, 3, 7, false},
	{"SETNX", set_if_absent, 3, 3, false},
	{"GETSET", get_and_set, 3, 3, false},
	{"STRLEN", tell_size, 2, 2, false},
	{"INCR", increment, 2, 2, false},
	{"DECR", decrement, 2, 2, false},
	{"INCRBY", increment_by, 3, 3, false},
	{"DECRBY", decrement_by, 3, 3, false},
	{"INCRBYFLOAT", increment_by_fraction, 3, 3, false},
	{"MPROC_COMPARE_AND_SET", compare_and_set, 6, 6, false},
	{"MPROC_FLAG_SET", set_flag, 5, 5, false},
	{.name = NULL},
};
