/* SPDX-License-Identifier: MIT */
/*
 * Commands of sorted sets that take from an end, also what is still to come; and that draw at random.
 */
#include "manager/blocking.h"
#include "manager/commands_of_sorted.h"
#include "manager/drawing.h"
#include "manager/lookup.h"

/* ---- from an end ---- */

static void write_item(mproci_reply *reply, const mproci_ranked *item, bool is_nested)
{
	if (is_nested)
		mproci_reply_array(reply, 2);
	mproci_reply_bulk(reply, mproci_ranked_name(item));
	mproci_reply_double(reply, item->score);
}

/* Write @count items and take them out; there are as many. */
static void take(
	mproci_call *call, size_t name, mproci_binding *binding, size_t count, bool highest, bool is_nested)
{
	mproci_sorted *sorted = binding->value;
	size_t first = highest ? sorted->order.count - count : 0;
	mproci_ordered_position position =
		mproci_ordered_seek(&sorted->order, highest ? sorted->order.count - 1 : 0);

	for (size_t i = 0; i < count; ++i) {
		write_item(call->reply, mproci_ordered_at(&sorted->order, position), is_nested);
		mproci_ordered_step(&sorted->order, &position, highest);
	}
	mproci_sorted_cut(sorted, (mproci_span){first, count});
	mproci_sorted_settle(call->keyspace, call->arguments[name], binding);
}

static mproci_outcome pop(mproci_call *call, bool highest)
{
	bool has_count = call->count == 3, is_nested = has_count && call->reply->protocol == 3;
	mproci_binding *binding;
	const mproci_sorted *sorted;
	size_t count = 1;

	if (call->count > 3) {
		mproci_reply_syntax_error(call->reply);
		return MPROCI_DONE;
	}
	if (has_count && !mproci_argument_count(call, 2, "value is out of range, must be positive", &count))
		return MPROCI_DONE;
	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	sorted = binding ? binding->value : NULL;
	if (!sorted || count > sorted->order.count)
		count = sorted ? sorted->order.count : 0;
	mproci_reply_array(call->reply, is_nested ? count : 2 * count);
	if (count > 0)
		take(call, 1, binding, count, highest, is_nested);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_zpopmin(mproci_call *call)
{
	return pop(call, false);
}

mproci_outcome mproci_command_zpopmax(mproci_call *call)
{
	return pop(call, true);
}

static void take_one(mproci_call *call, size_t index, mproci_binding *binding, bool highest)
{
	take(call, index, binding, 1, highest, false);
}

mproci_outcome mproci_command_bzpopmin(mproci_call *call)
{
	return mproci_blocking_pop(call, &mproci_type_sorted, 3, take_one, false);
}

mproci_outcome mproci_command_bzpopmax(mproci_call *call)
{
	return mproci_blocking_pop(call, &mproci_type_sorted, 3, take_one, true);
}

/* ---- at random ---- */

typedef struct answering {
	mproci_reply *reply;
	bool has_scores;
} answering;

static void write_entry(void *context, mproci_hash_entry *entry)
{
	const answering *to = context;
	mproci_ranked item = {.entry = entry};

	memcpy(&item.score, entry->payload, sizeof item.score);
	if (to->has_scores)
		write_item(to->reply, &item, to->reply->protocol == 3);
	else
		mproci_reply_bulk(to->reply, mproci_ranked_name(&item));
}

static void draw_many(
	mproci_call *call, const mproci_sorted *sorted, const mproci_draw *draw, bool has_scores)
{
	answering to = {call->reply, has_scores};
	size_t count = mproci_draw_count(sorted->members, draw);

	mproci_reply_array(call->reply, has_scores && call->reply->protocol != 3 ? 2 * count : count);
	if (mproci_draw_each(sorted->members, draw, write_entry, &to) != 0)
		call->reply->has_failed = true;
}

static void draw_one(mproci_call *call)
{
	answering to = {call->reply, false};
	mproci_binding *binding;
	const mproci_sorted *sorted;

	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return;
	sorted = binding ? binding->value : NULL;
	if (sorted)
		write_entry(&to, mproci_hash_table_random(sorted->members));
	else
		mproci_reply_null(call->reply);
}

mproci_outcome mproci_command_zrandmember(mproci_call *call)
{
	bool has_scores = call->count == 4;
	mproci_binding *binding;
	mproci_draw draw;

	if (call->count == 2) {
		draw_one(call);
		return MPROCI_DONE;
	}
	if (!mproci_draw_read(call, 2, &draw))
		return MPROCI_DONE;
	if (call->count > 4 || (has_scores && !mproci_is_word(call->arguments[3], "WITHSCORES")))
		mproci_reply_syntax_error(call->reply);
	else if (has_scores && draw.count > INT64_MAX / 2)
		mproci_reply_error(call->reply, "ERR value is out of range");
	else if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	else if (binding)
		draw_many(call, binding->value, &draw, has_scores);
	else
		mproci_reply_array(call->reply, 0);
	return MPROCI_DONE;
}
