/* SPDX-License-Identifier: MIT */
/*
 * Commands of several sets: what is in all of them, in any, or in the first alone.
 */
#include "manager/arguments.h"
#include "manager/commands_of_sets.h"
#include "manager/lookup.h"

#include <stdlib.h>

/* The sets named by the arguments from @first on; to be freed.  Returns NULL when there are none, which has been answered. */
static mproci_hash_table **find_sets(mproci_call *call, size_t first)
{
	size_t count = call->count - first;
	mproci_hash_table **sets = calloc(count, sizeof(mproci_hash_table *));

	if (!sets) {
		mproci_reply_no_memory(call->reply);
		return NULL;
	}
	for (size_t i = 0; i < count; ++i) {
		mproci_binding *binding;

		if (!mproci_find_typed(call, first + i, &mproci_type_set, &binding)) {
			free(sets);
			return NULL;
		}
		sets[i] = binding ? binding->value : NULL;
	}
	return sets;
}

static void answer(mproci_reply *reply, const mproci_hash_table *set)
{
	mproci_reply_set(reply, set ? set->count : 0);
	for (mproci_hash_entry *entry = NULL; set && (entry = mproci_hash_table_next(set, entry));)
		mproci_reply_bulk(reply, mproci_hash_entry_name(set, entry));
}

/* Returns NULL when there is none, which has been answered. */
static mproci_hash_table *make_combined(mproci_call *call, mproci_set_operation operation, size_t first)
{
	mproci_hash_table **sets = find_sets(call, first);
	mproci_hash_table *result;

	if (!sets)
		return NULL;
	result = mproci_set_combine(operation, sets, call->count - first);
	if (!result)
		mproci_reply_no_memory(call->reply);
	free(sets);
	return result;
}

static mproci_outcome combine(mproci_call *call, mproci_set_operation operation)
{
	mproci_hash_table *result;
	mproci_binding *binding;

	/* Of one set nothing needs to be made. */
	if (call->count == 2) {
		if (mproci_find_typed(call, 1, &mproci_type_set, &binding))
			answer(call->reply, binding ? binding->value : NULL);
		return MPROCI_DONE;
	}
	result = make_combined(call, operation, 1);
	if (result)
		answer(call->reply, result);
	mproci_hash_table_destroy(result);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_sinter(mproci_call *call)
{
	return combine(call, MPROCI_SET_INTERSECTION);
}

mproci_outcome mproci_command_sunion(mproci_call *call)
{
	return combine(call, MPROCI_SET_UNION);
}

mproci_outcome mproci_command_sdiff(mproci_call *call)
{
	return combine(call, MPROCI_SET_DIFFERENCE);
}

/* Give a name the result, which is freed if it is not taken. */
static void store(mproci_call *call, mproci_hash_table *result)
{
	mproci_view name = call->arguments[1];
	size_t count = result->count;
	mproci_binding *binding;

	if (count == 0) {
		mproci_hash_table_destroy(result);
		mproci_keyspace_remove(call->keyspace, name);
	} else {
		binding = mproci_keyspace_bind(call->keyspace, name, &mproci_type_set, result);
		if (!binding) {
			mproci_hash_table_destroy(result);
			mproci_reply_no_memory(call->reply);
			return;
		}
		mproci_keyspace_touch(call->keyspace, name, binding);
	}
	mproci_reply_integer(call->reply, (int64_t)count);
}

static mproci_outcome combine_and_store(mproci_call *call, mproci_set_operation operation)
{
	const mproci_binding *there = mproci_keyspace_find(call->keyspace, call->arguments[1]);
	mproci_hash_table *result;

	if (there && there->type->is_shown) {
		mproci_reply_shown(call->reply);
		return MPROCI_DONE;
	}
	result = make_combined(call, operation, 2);
	if (result)
		store(call, result);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_sinterstore(mproci_call *call)
{
	return combine_and_store(call, MPROCI_SET_INTERSECTION);
}

mproci_outcome mproci_command_sunionstore(mproci_call *call)
{
	return combine_and_store(call, MPROCI_SET_UNION);
}

mproci_outcome mproci_command_sdiffstore(mproci_call *call)
{
	return combine_and_store(call, MPROCI_SET_DIFFERENCE);
}
