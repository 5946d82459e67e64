/* SPDX-License-Identifier: MIT */
/*
 * collections/glance.h - the case that is most frequent by far: a key of 8 bytes which lies, with a value of 8 bytes, in the first line of its
 * bucket, or in the second one.
 *
 * It needs no more than what table.h does for every key, but in half of the instructions.  That counts beyond its time: the fewer
 * there are, the more lookups a processor has under way while it waits for memory.  Whatever is not like that is left to the others,
 * also everything that is wrong.
 */
#ifndef COLLECTIONS_GLANCE_H
#define COLLECTIONS_GLANCE_H

#include "collections/dict.h"

/*
 * Begin a call as mproci_dict_enter, but where there is anything more to do than to look do nothing, and return NULL.  Otherwise what to leave
 * with.
 */
static inline _Atomic uintptr_t *mproci_glance_enter(const mproc_dict *dict)
{
	_Atomic uintptr_t *inside = mproci_thread_noted.releases;

	if (dict == NULL || mproci_thread_noted.member == 0
		|| mproci_thread_noted.member != mproci_member_self() || mproci_arena_here == NULL)
		return NULL;
	atomic_store_explicit(inside, (uintptr_t)dict, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&dict->common.mark, memory_order_relaxed) == mproci_dict_mark(dict)
		&& !atomic_load_explicit(&dict->common.is_destroyed, memory_order_relaxed))
		return inside;
	mproci_collection_leave(inside);
	return NULL;
}

/* The three lanes that say: these bits of the hash, and 8 bytes each. */
static inline uint64_t mproci_glance_lanes(uint64_t hash)
{
	return mproci_lane_for(hash, sizeof(uint64_t), sizeof(uint64_t)) * UINT64_C(0x0000000100010001);
}

/*
 * A bit in the first lane that is as sought, perhaps others in lanes above; 0: none is.
 *
 * It is told from the others by the borrow of a subtraction: H. S. Warren, "Hacker's Delight", "Find first 0-byte".
 */
static inline uint64_t mproci_glance_match(uint64_t lanes, uint64_t sought)
{
	uint64_t differences = lanes ^ sought;

	return (differences - UINT64_C(0x0000000100010001)) & ~differences & UINT64_C(0x0000800080008000);
}

/* A line at an address; NULL: there cannot be one.  Lines fill the arena's units without a rest. */
static inline mproci_bucket *mproci_glance_line(mproci_bounds bounds, uintptr_t address)
{
	if (address - bounds.start >= bounds.size || address % sizeof(mproci_bucket) != 0)
		return NULL;
	return (mproci_bucket *)address;
}

/* The first line of the bucket of a hash; NULL: there cannot be one. */
static inline MPROCI_RACES mproci_bucket *mproci_glance_first(
	mproci_table *table, uint64_t hash, mproci_bounds bounds)
{
	uint32_t buckets = atomic_load_explicit(&table->buckets, memory_order_relaxed);
	uint32_t segment, home;

	if (buckets - MPROCI_TABLE_FEWEST_BUCKETS > MPROCI_TABLE_MOST_BUCKETS - MPROCI_TABLE_FEWEST_BUCKETS)
		return NULL;
	home = mproci_table_home(hash, buckets);
	segment = mproci_table_segment(home);
	return mproci_glance_line(
		bounds, (uintptr_t)atomic_load_explicit(&table->segments[segment], memory_order_acquire)
				+ (home - mproci_table_segment_start(segment)) * sizeof(mproci_bucket));
}

/* The slot with the key @word, or NULL: it is not there, or not like that.  With the lock, or without it as in dict_read.c. */
static inline MPROCI_RACES mproci_slot *mproci_glance(mproci_table *table, uint64_t hash, uint64_t word)
{
	mproci_bounds bounds = mproci_bounds_now();
	mproci_bucket *bucket = mproci_glance_first(table, hash, bounds);
	uint64_t sought = mproci_glance_lanes(hash), lanes, match;
	mproci_slot *slot;

	if (bucket == NULL)
		return NULL;
	lanes = mproci_bucket_lanes(bucket);
	match = mproci_glance_match(lanes, sought);
	/* One key in twelve is in the second line. */
	if (match == 0 && (lanes & MPROCI_BUCKET_MORE) != 0) {
		bucket = mproci_glance_line(
			bounds, (uintptr_t)atomic_load_explicit(&bucket->more, memory_order_acquire));
		if (bucket == NULL)
			return NULL;
		match = mproci_glance_match(mproci_bucket_lanes(bucket), sought);
	}
	if (match == 0)
		return NULL;
	slot = &bucket->slots[(unsigned)__builtin_ctzll(match) / MPROCI_LANE_BITS];
	return atomic_load_explicit(&slot->first, memory_order_relaxed) == word ? slot : NULL;
}

#endif
