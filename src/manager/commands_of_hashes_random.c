/* SPDX-License-Identifier: MIT */
#include "manager/arguments.h"
#include "manager/commands_of_hashes.h"
#include "manager/hashes.h"
#include "manager/lookup.h"

enum {
	/*
	 * Fields of which each may come more than once that are written at most: a request of a few bytes is not
	 * answered with gigabytes.
	 */
	MOST_DRAWN = 1 << 20,
};

static void write_field(
	mproci_call *call, const mproci_hash_table *fields, const mproci_hash_entry *field, bool with_values)
{
	if (with_values && call->reply->protocol == 3)
		mproci_reply_array(call->reply, 2);
	mproci_reply_bulk(call->reply, mproci_hash_entry_name(fields, field));
	if (with_values)
		mproci_reply_bulk(call->reply, mproci_hash_value(field));
}

static void write_head(mproci_call *call, size_t count, bool with_values)
{
	mproci_reply_array(call->reply, with_values && call->reply->protocol == 2 ? 2 * count : count);
}

static void write_drawn(mproci_call *call, mproci_hash_table *fields, size_t count, bool with_values)
{
	write_head(call, count, with_values);
	for (size_t i = 0; i < count && !call->reply->has_failed; i++)
		write_field(call, fields, mproci_hash_table_random(fields), with_values);
}

/* Different ones: each of those that are left is taken with the same chance (Knuth, volume 2, 3.4.2, algorithm S). */
static void write_sample(mproci_call *call, mproci_hash_table *fields, size_t count, bool with_values)
{
	const mproci_hash_entry *field = NULL;
	size_t left = fields->count;

	if (count > left)
		count = left;
	write_head(call, count, with_values);
	for (; count > 0; left--) {
		field = mproci_hash_table_next(fields, field);
		if (mproci_hash_table_draw(fields, left) >= count)
			continue;
		write_field(call, fields, field, with_values);
		count--;
	}
}

/* Read how many, and whether with values.  Returns false when something else has been answered. */
static bool read_wish(mproci_call *call, int64_t *ret_count, bool *ret_with_values)
{
	bool with_values = call->count == 4 && mproci_is_word(call->arguments[3], "WITHVALUES");
	int64_t most = with_values ? INT64_MAX / 2 : INT64_MAX, count;

	if (!mproci_argument_signed(call, 2, &count))
		return false;
	if (call->count > 3 && !with_values) {
		mproci_reply_syntax_error(call->reply);
		return false;
	}
	if (count < -MOST_DRAWN || count > most) {
		mproci_reply_error(call->reply, "ERR value is out of range");
		return false;
	}
	*ret_count = count;
	*ret_with_values = with_values;
	return true;
}

static mproci_outcome reply_one(mproci_call *call)
{
	mproci_hash_table *fields;
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found == NULL) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	fields = mproci_hash_fields(found);
	mproci_reply_bulk(call->reply, mproci_hash_entry_name(fields, mproci_hash_table_random(fields)));
	return MPROCI_DONE;
}

mproci_outcome mproci_command_hrandfield(mproci_call *call)
{
	mproci_binding *found;
	bool with_values;
	int64_t count;

	if (call->count == 2)
		return reply_one(call);
	if (!read_wish(call, &count, &with_values) || !mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found == NULL || count == 0)
		mproci_reply_array(call->reply, 0);
	else if (count < 0)
		write_drawn(call, mproci_hash_fields(found), (size_t)-count, with_values);
	else
		write_sample(call, mproci_hash_fields(found), (size_t)count, with_values);
	return MPROCI_DONE;
}
