/* SPDX-License-Identifier: MIT */
/*
 * What reads all of a dict at one moment: without a lock where a number will do, with all of them where there is something to copy.
 */
#include "base/error.h"
#include "collections/dict.h"
#include "collections/gathering.h"

#include <limits.h>

enum {
	TRIES = 16
};

static uint64_t count_of(mproc_dict *dict, mproci_table *table)
{
	return mproci_dict_counts(dict, table) ? atomic_load_explicit(&table->count, memory_order_relaxed)
					       : 0;
}

/* Add up what the tables have.  Returns whether none has changed meanwhile. */
static bool count_at_once(mproc_dict *dict, uint64_t *ret_count)
{
	uint64_t versions[MPROCI_DICT_MOST_STRIPES];
	uint32_t epoch = atomic_load(&dict->epoch);
	bool is_same = true;

	*ret_count = 0;
	for (uint32_t i = 0; i < dict->stripes; ++i) {
		versions[i] = atomic_load(&dict->tables[i].version);
		*ret_count += count_of(dict, &dict->tables[i]);
	}
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < dict->stripes; ++i)
		is_same = is_same && versions[i] % 2 == 0
			  && atomic_load(&dict->tables[i].version) == versions[i];
	return is_same && atomic_load(&dict->epoch) == epoch;
}

static int count_with_locks(mproc_dict *dict, uint64_t *ret_count)
{
	int rc = mproci_dict_lock_all(dict);

	if (rc < 0)
		return rc;
	*ret_count = 0;
	/* All were of one epoch when they were locked; it may step. */
	for (uint32_t i = 0; i < dict->stripes; ++i)
		*ret_count += atomic_load_explicit(&dict->tables[i].count, memory_order_relaxed);
	mproci_dict_unlock_all(dict);
	return 0;
}

ssize_t mproc_dict_count(mproc_dict *dict)
{
	_Atomic uintptr_t *inside;
	bool is_counted = false;
	uint64_t count = 0;
	int rc;

	rc = mproci_dict_enter(dict, &inside);
	if (rc < 0)
		return rc;
	for (int tries = 0; !is_counted && tries < TRIES; ++tries)
		is_counted = count_at_once(dict, &count);
	if (!is_counted || atomic_load(&dict->common.is_destroyed))
		rc = count_with_locks(dict, &count);
	mproci_collection_leave(inside);
	if (rc == 0 && count > SSIZE_MAX)
		rc = mproci_collection_refuse_damage(&dict->common);
	return rc < 0 ? rc : (ssize_t)count;
}

/* With the lock.  Returns 0, -ENOMEM with an error text, or -EBADMSG: the slot cannot be like that. */
static int gather_slot(mproci_slot *slot, uint32_t lane, mproci_bounds bounds, mproci_gathering *all)
{
	size_t key_size = mproci_lane_key_size(lane), value_size = mproci_lane_value_size(lane);
	mproci_entry *entry;

	if (!mproci_lane_has_entry(lane)) {
		if (key_size > MPROCI_SLOT_MOST || value_size > MPROCI_SLOT_MOST)
			return -EBADMSG;
		return mproci_gathering_add(all, &slot->first, key_size, &slot->second, value_size);
	}
	entry = (mproci_entry *)(uintptr_t)atomic_load_explicit(&slot->first, memory_order_relaxed);
	if (!mproci_bounds_hold(bounds, (uintptr_t)entry, sizeof *entry))
		return -EBADMSG;
	key_size = atomic_load_explicit(&entry->key_size, memory_order_relaxed);
	value_size = atomic_load_explicit(&entry->value_size, memory_order_relaxed);
	if (!mproci_entry_is_possible(entry, bounds, key_size, value_size))
		return -EBADMSG;
	return mproci_gathering_add(
		all, mproci_entry_key(entry, value_size), key_size, entry->words, value_size);
}

static int gather_bucket(mproci_table *table, uint32_t index, mproci_gathering *all)
{
	mproci_bounds bounds = mproci_bounds_now();
	mproci_bucket *line = mproci_table_bucket_in(table, index, bounds);

	for (int lines = 0; line != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		uint64_t lanes = mproci_bucket_lanes(line);
		int rc = 0;

		for (unsigned slot = 0; rc == 0 && slot < MPROCI_BUCKET_SLOTS; ++slot) {
			uint32_t lane = mproci_lane_of(lanes, slot);

			if (lane != 0)
				rc = gather_slot(&line->slots[slot], lane, bounds, all);
		}
		if (rc < 0)
			return rc;
		if ((lanes & MPROCI_BUCKET_MORE) == 0)
			return 0;
		line = atomic_load_explicit(&line->more, memory_order_relaxed);
		if (!mproci_bounds_hold(bounds, (uintptr_t)line, sizeof *line))
			break;
	}
	return -EBADMSG;
}

static int gather(mproc_dict *dict, mproci_gathering *all)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < dict->stripes; ++i) {
		mproci_table *table = &dict->tables[i];
		uint32_t buckets = atomic_load_explicit(&table->buckets, memory_order_relaxed);

		if (buckets > MPROCI_TABLE_MOST_BUCKETS)
			rc = -EBADMSG;
		for (uint32_t index = 0; rc == 0 && index < buckets; ++index)
			rc = gather_bucket(table, index, all);
	}
	return rc == -EBADMSG ? mproci_collection_refuse_damage(&dict->common) : rc;
}

int mproc_dict_snapshot(mproc_dict *dict, mproc_snapshot **ret_snapshot)
{
	mproci_gathering all = {0};
	_Atomic uintptr_t *inside;
	int rc;

	if (ret_snapshot == NULL)
		return mproci_fail(-EINVAL, "where to return the snapshot is NULL");
	rc = mproci_dict_enter(dict, &inside);
	if (rc < 0)
		return rc;
	rc = mproci_dict_lock_all(dict);
	if (rc == 0) {
		rc = gather(dict, &all);
		mproci_dict_unlock_all(dict);
	}
	mproci_collection_leave(inside);
	if (rc == 0)
		return mproci_gathering_end(&all, ret_snapshot);
	mproci_gathering_drop(&all);
	return rc;
}
