/* SPDX-License-Identifier: MIT */
#include "manager/sorted.h"

#include <errno.h>
#include <stdlib.h>

static void free_sorted(void *value)
{
	mproci_sorted *sorted = value;

	mproci_ordered_clear(&sorted->order);
	mproci_hash_table_destroy(sorted->members);
	free(sorted);
}

const mproci_type mproci_type_sorted = {.name = "zset", .free = free_sorted};

static mproci_sorted *create(void)
{
	mproci_sorted *sorted = calloc(1, sizeof *sorted);

	if (!sorted)
		return NULL;
	sorted->members = mproci_hash_table_create(MPROCI_ORDERED_PAYLOAD, NULL);
	if (!sorted->members) {
		free(sorted);
		return NULL;
	}
	return sorted;
}

int mproci_sorted_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	if (binding && binding->type != &mproci_type_sorted)
		return -EPROTOTYPE;
	*ret_binding = binding;
	return 0;
}

int mproci_sorted_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding)
{
	mproci_sorted *sorted;
	mproci_binding *binding;
	int code = mproci_sorted_find(keyspace, name, ret_binding);

	if (code != 0 || *ret_binding)
		return code;
	sorted = create();
	if (!sorted)
		return -ENOMEM;
	binding = mproci_keyspace_bind(keyspace, name, &mproci_type_sorted, sorted);
	if (!binding) {
		free_sorted(sorted);
		return -ENOMEM;
	}
	*ret_binding = binding;
	return 0;
}

void mproci_sorted_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding)
{
	const mproci_sorted *sorted = binding->value;

	if (sorted->order.count > 0)
		mproci_keyspace_touch(keyspace, name, binding);
	else
		mproci_keyspace_remove(keyspace, name);
}

static double score_of(const mproci_hash_entry *entry)
{
	double score;

	memcpy(&score, entry->payload, sizeof score);
	return score;
}

bool mproci_sorted_score(const mproci_sorted *sorted, mproci_view member, double *ret_score)
{
	const mproci_hash_entry *entry = mproci_hash_table_find(sorted->members, member);

	if (entry)
		*ret_score = score_of(entry);
	return entry != NULL;
}

int mproci_sorted_put(mproci_sorted *sorted, mproci_view member, double score)
{
	bool is_new;
	mproci_hash_entry *entry = mproci_hash_table_add(sorted->members, member, &is_new);

	if (!entry)
		return -ENOMEM;
	/* That it stands at two places for a moment does no harm; that it stood at none would, if there were no memory then. */
	if (is_new || score_of(entry) != score) {
		if (mproci_ordered_insert(&sorted->order, score, entry) != 0) {
			if (is_new)
				mproci_hash_table_remove(sorted->members, entry);
			return -ENOMEM;
		}
		if (!is_new)
			mproci_ordered_remove(&sorted->order, score_of(entry), entry);
		memcpy(entry->payload, &score, sizeof score);
	}
	return 0;
}

bool mproci_sorted_remove(mproci_sorted *sorted, mproci_view member)
{
	mproci_hash_entry *entry = mproci_hash_table_find(sorted->members, member);

	if (!entry)
		return false;
	mproci_ordered_remove(&sorted->order, score_of(entry), entry);
	mproci_hash_table_remove(sorted->members, entry);
	return true;
}

void mproci_sorted_cut(mproci_sorted *sorted, mproci_span span)
{
	mproci_ordered_position position;

	if (span.count == 0)
		return;
	position = mproci_ordered_seek(&sorted->order, span.first);
	for (size_t i = 0; i < span.count; ++i) {
		mproci_hash_table_remove(sorted->members, mproci_ordered_at(&sorted->order, position)->entry);
		mproci_ordered_step(&sorted->order, &position, false);
	}
	mproci_ordered_cut(&sorted->order, span.first, span.count);
}

bool mproci_sorted_rank(const mproci_sorted *sorted, mproci_view member, size_t *ret_rank)
{
	const mproci_hash_entry *entry = mproci_hash_table_find(sorted->members, member);
	mproci_bound place = {.has_score = true, .has_name = true, .name = member};

	if (!entry)
		return false;
	place.score = score_of(entry);
	*ret_rank = mproci_ordered_count_before(&sorted->order, &place);
	return true;
}
