/* SPDX-License-Identifier: MIT */
/*
 * Commands of lists that look inside: by position, or for what equals an item.
 */
#include "manager/arguments.h"
#include "manager/commands_of_lists.h"
#include "manager/lookup.h"

/* ---- by position ---- */

mproci_outcome mproci_command_lindex(mproci_call *call)
{
	mproci_binding *binding;
	const mproci_deque *list;
	int64_t index;
	size_t position;

	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (!binding) {
		mproci_reply_null(call->reply);
		return MPROCI_DONE;
	}
	if (!mproci_argument_integer(call, 2, &index))
		return MPROCI_DONE;
	list = binding->value;
	if (mproci_list_position(index, list->count, &position))
		mproci_reply_bulk(call->reply, mproci_deque_at(list, position));
	else
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static void set(mproci_call *call, mproci_binding *binding, int64_t index)
{
	mproci_deque *list = binding->value;
	size_t position;

	if (!mproci_list_position(index, list->count, &position)) {
		mproci_reply_error(call->reply, "ERR index out of range");
		return;
	}
	if (mproci_deque_set(list, position, call->arguments[3]) != 0) {
		mproci_reply_no_memory(call->reply);
		return;
	}
	mproci_list_settle(call->keyspace, call->arguments[1], binding);
	mproci_reply_ok(call->reply);
}

mproci_outcome mproci_command_lset(mproci_call *call)
{
	mproci_binding *binding;
	int64_t index;

	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (!binding)
		mproci_reply_error(call->reply, "ERR no such key");
	else if (mproci_argument_integer(call, 2, &index))
		set(call, binding, index);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_lrange(mproci_call *call)
{
	int64_t start, stop;
	mproci_binding *binding;
	const mproci_deque *list;
	mproci_span span;

	if (!mproci_argument_integer(call, 2, &start) || !mproci_argument_integer(call, 3, &stop)
		|| !mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	list = binding ? binding->value : NULL;
	span = mproci_span_of(start, stop, list ? list->count : 0);
	mproci_reply_array(call->reply, span.count);
	for (size_t i = 0; i < span.count; ++i)
		mproci_reply_bulk(call->reply, mproci_deque_at(list, span.first + i));
	return MPROCI_DONE;
}

mproci_outcome mproci_command_ltrim(mproci_call *call)
{
	int64_t start, stop;
	mproci_binding *binding;

	if (!mproci_argument_integer(call, 2, &start) || !mproci_argument_integer(call, 3, &stop)
		|| !mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding) {
		mproci_deque *list = binding->value;
		mproci_span span = mproci_span_of(start, stop, list->count);

		mproci_deque_trim(list, span.first, span.count);
		mproci_list_settle(call->keyspace, call->arguments[1], binding);
	}
	mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

/* ---- what equals an item ---- */

/* Of a count that may be negative: how many. */
static size_t size_of(int64_t count)
{
	return count < 0 ? (size_t) - (uint64_t)count : (size_t)count;
}

mproci_outcome mproci_command_lrem(mproci_call *call)
{
	int64_t count;
	mproci_binding *binding;
	size_t removed = 0;

	if (!mproci_argument_integer(call, 2, &count)
		|| !mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding)
		removed = mproci_deque_remove_equal(binding->value, call->arguments[3],
			count == 0 ? SIZE_MAX : size_of(count), count < 0);
	if (removed > 0)
		mproci_list_settle(call->keyspace, call->arguments[1], binding);
	mproci_reply_integer(call->reply, (int64_t)removed);
	return MPROCI_DONE;
}

/* Where an item is first, or the list's count. */
static size_t find_item(const mproci_deque *list, mproci_view item)
{
	size_t i = 0;

	while (i < list->count && !mproci_view_equal(mproci_deque_at(list, i), item))
		++i;
	return i;
}

static void insert_beside(mproci_call *call, mproci_binding *binding, bool behind)
{
	mproci_deque *list = binding->value;
	size_t pivot = find_item(list, call->arguments[3]);

	if (pivot == list->count) {
		mproci_reply_integer(call->reply, -1);
		return;
	}
	if (mproci_deque_insert(list, pivot + (behind ? 1 : 0), call->arguments[4]) != 0) {
		mproci_reply_no_memory(call->reply);
		return;
	}
	mproci_list_settle(call->keyspace, call->arguments[1], binding);
	mproci_reply_integer(call->reply, (int64_t)list->count);
}

mproci_outcome mproci_command_linsert(mproci_call *call)
{
	bool behind = mproci_is_word(call->arguments[2], "AFTER");
	mproci_binding *binding;

	if (!behind && !mproci_is_word(call->arguments[2], "BEFORE")) {
		mproci_reply_syntax_error(call->reply);
		return MPROCI_DONE;
	}
	if (!mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	if (binding)
		insert_beside(call, binding, behind);
	else
		mproci_reply_integer(call->reply, 0);
	return MPROCI_DONE;
}

/* ---- LPOS ---- */

typedef struct search {
	const mproci_deque *list;
	mproci_view item;
	/* From the end on; after so many others; so many at most of both; 0: of all. */
	bool is_backwards;
	size_t skipped, most_matches, most_looks;
	bool has_count;
} search;

static bool read_rank(mproci_call *call, size_t index, search *for_what)
{
	int64_t rank;

	if (!mproci_argument_integer(call, index, &rank))
		return false;
	if (rank == 0) {
		mproci_reply_error(call->reply,
			"ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
			"or use negative to start from the end of the list");
		return false;
	}
	for_what->is_backwards = rank < 0;
	for_what->skipped = size_of(rank) - 1;
	return true;
}

static bool read_search(mproci_call *call, search *for_what)
{
	for (size_t i = 3; i < call->count; i += 2) {
		mproci_view word = call->arguments[i];
		bool has_value = i + 1 < call->count, is_good;

		if (has_value && mproci_is_word(word, "RANK")) {
			is_good = read_rank(call, i + 1, for_what);
		} else if (has_value && mproci_is_word(word, "COUNT")) {
			for_what->has_count = true;
			is_good = mproci_argument_count(
				call, i + 1, "COUNT can't be negative", &for_what->most_matches);
		} else if (has_value && mproci_is_word(word, "MAXLEN")) {
			is_good = mproci_argument_count(
				call, i + 1, "MAXLEN can't be negative", &for_what->most_looks);
		} else {
			mproci_reply_syntax_error(call->reply);
			is_good = false;
		}
		if (!is_good)
			return false;
	}
	return true;
}

/* Count what is found, and write where if there is a reply.  The last is in *@ret_position. */
static size_t look(const search *for_what, mproci_reply *reply, size_t *ret_position)
{
	size_t count = for_what->list->count, looks = count, passed = 0, found = 0;

	if (for_what->most_looks > 0 && for_what->most_looks < looks)
		looks = for_what->most_looks;
	for (size_t i = 0; i < looks; ++i) {
		size_t position = for_what->is_backwards ? count - 1 - i : i;

		if (!mproci_view_equal(mproci_deque_at(for_what->list, position), for_what->item)
			|| passed++ < for_what->skipped)
			continue;
		*ret_position = position;
		if (reply)
			mproci_reply_integer(reply, (int64_t)position);
		if (++found == for_what->most_matches)
			break;
	}
	return found;
}

static void answer_search(mproci_call *call, search *for_what)
{
	size_t position = 0;

	if (for_what->has_count) {
		mproci_reply_array(call->reply, for_what->list ? look(for_what, NULL, &position) : 0);
		if (for_what->list)
			look(for_what, call->reply, &position);
		return;
	}
	for_what->most_matches = 1;
	if (for_what->list && look(for_what, NULL, &position) == 1)
		mproci_reply_integer(call->reply, (int64_t)position);
	else
		mproci_reply_null(call->reply);
}

mproci_outcome mproci_command_lpos(mproci_call *call)
{
	search for_what = {.item = call->arguments[2]};
	mproci_binding *binding;

	if (!read_search(call, &for_what) || !mproci_find_typed(call, 1, &mproci_type_list, &binding))
		return MPROCI_DONE;
	for_what.list = binding ? binding->value : NULL;
	answer_search(call, &for_what);
	return MPROCI_DONE;
}
