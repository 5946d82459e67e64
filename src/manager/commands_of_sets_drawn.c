/* SPDX-License-Identifier: MIT */
/*
 * Commands of sets that draw members at random.
 */
#include "manager/arguments.h"
#include "manager/commands_of_sets.h"
#include "manager/drawing.h"
#include "manager/lookup.h"

static void pop_member(mproci_reply *reply, mproci_hash_table *set)
{
	mproci_hash_entry *entry = mproci_hash_table_random(set);

	mproci_reply_bulk(reply, mproci_hash_entry_name(set, entry));
	mproci_hash_table_remove(set, entry);
}

static void pop_many(mproci_call *call, mproci_binding *binding, size_t count)
{
	mproci_hash_table *set = binding ? binding->value : NULL;

	if (!set || count > set->count)
		count = set ? set->count : 0;
	mproci_reply_set(call->reply, count);
	for (size_t i = 0; i < count; ++i)
		pop_member(call->reply, set);
	if (count > 0)
		mproci_set_settle(call->keyspace, call->arguments[1], binding);
}

mproci_outcome mproci_command_spop(mproci_call *call)
{
	mproci_binding *binding;
	size_t count;

	if (call->count > 3) {
		mproci_reply_syntax_error(call->reply);
	} else if (call->count == 3) {
		if (mproci_argument_count(call, 2, "value is out of range, must be positive", &count)
			&& mproci_find_typed(call, 1, &mproci_type_set, &binding))
			pop_many(call, binding, count);
	} else if (mproci_find_typed(call, 1, &mproci_type_set, &binding)) {
		if (!binding) {
			mproci_reply_null(call->reply);
			return MPROCI_DONE;
		}
		pop_member(call->reply, binding->value);
		mproci_set_settle(call->keyspace, call->arguments[1], binding);
	}
	return MPROCI_DONE;
}

typedef struct answering {
	mproci_reply *reply;
	const mproci_hash_table *set;
} answering;

static void write_member(void *context, mproci_hash_entry *entry)
{
	const answering *to = context;

	mproci_reply_bulk(to->reply, mproci_hash_entry_name(to->set, entry));
}

static void answer_with_many(mproci_call *call, mproci_hash_table *set, const mproci_draw *draw)
{
	answering to = {call->reply, set};

	mproci_reply_array(call->reply, mproci_draw_count(set, draw));
	if (mproci_draw_each(set, draw, write_member, &to) != 0)
		call->reply->has_failed = true;
}

static void draw_one(mproci_call *call)
{
	mproci_binding *binding;
	mproci_hash_table *set;

	if (!mproci_find_typed(call, 1, &mproci_type_set, &binding))
		return;
	if (!binding) {
		mproci_reply_null(call->reply);
		return;
	}
	set = binding->value;
	mproci_reply_bulk(call->reply, mproci_hash_entry_name(set, mproci_hash_table_random(set)));
}

mproci_outcome mproci_command_srandmember(mproci_call *call)
{
	mproci_binding *binding;
	mproci_draw draw;

	if (call->count > 3)
		mproci_reply_syntax_error(call->reply);
	else if (call->count == 2)
		draw_one(call);
	else if (mproci_draw_read(call, 2, &draw) && mproci_find_typed(call, 1, &mproci_type_set, &binding)) {
		if (binding)
			answer_with_many(call, binding->value, &draw);
		else
			mproci_reply_array(call->reply, 0);
	}
	return MPROCI_DONE;
}
