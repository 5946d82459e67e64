/* SPDX-License-Identifier: MIT */
/*
 * collections/table.h - one stripe of a dict: a hash table under one lock, which grows and shrinks by one bucket at a time.
 *
 * It is Litwin's linear hashing ("Linear hashing: a new tool for file and table addressing", 1980): with n buckets a key is in the one
 * that the lower bits of its hash name, of as many bits as name n of them, or where there is none in that with the highest of these bits
 * cleared.  The bucket n is added by splitting one other.  README.md has the states, and why a kill in between does no harm.
 */
#ifndef COLLECTIONS_TABLE_H
#define COLLECTIONS_TABLE_H

#include "collections/bucket.h"
#include "sync/biased_lock.h"

#include <errno.h>

enum {
	MPROCI_TABLE_FEWEST_BUCKETS = 2,
	/* Segments of buckets, each as large as all before it together. */
	MPROCI_TABLE_SEGMENTS = 23,
	/* Buckets that get memory at once, 64 KiB, where a segment is larger. */
	MPROCI_TABLE_PIECE = 1024,
	/* So many buckets are the most; beyond, they get more lines. */
	MPROCI_TABLE_MOST_BUCKETS = 1 << MPROCI_TABLE_SEGMENTS,
	/* No bucket has as many: there is a loop. */
	MPROCI_TABLE_MOST_LINES = 1 << 20,
};

/* What whoever has the lock is doing to the buckets. */
typedef enum mproci_table_work {
	MPROCI_TABLE_RESTS,
	/* The last bucket gets what is its own from its partner. */
	MPROCI_TABLE_SPLITS,
	/* The partner of the last bucket gets what that has; then there are as many as `goal`. */
	MPROCI_TABLE_MERGES,
} mproci_table_work;

typedef struct mproci_table {
	/* Odd while something is changed; what is up to `seed` is read without the lock, but for `work` and `goal`. */
	_Alignas(64) _Atomic uint64_t version;
	_Atomic uint64_t count;
	/* What is in the table counts while this is the dict's. */
	_Atomic uint32_t epoch;
	_Atomic uint32_t buckets;
	/* A mproci_table_work; it and the rest are for who has the lock. */
	_Atomic uint32_t work;
	_Atomic uint32_t goal;
	void *_Atomic segments[MPROCI_TABLE_SEGMENTS];
	uint64_t seed;
	/* From this bucket on memory holds anything. */
	_Atomic uint32_t fresh;
	/* Advice: there was no memory for another bucket; not to be asked for before there are so many keys. */
	_Atomic uint64_t retry_at;
	/* Entries that may be in no slot: one that comes, and one that goes. */
	void *_Atomic coming, *_Atomic going;
	/* Where a cache line begins: readers have nothing to do with it. */
	mproci_biased_lock lock;
	/* What a slot was like that is being changed; its bucket is NULL while none is. */
	struct {
		mproci_bucket *_Atomic bucket;
		_Atomic uint64_t slot, lanes, first, second, count;
	} undo;
	/* The first segment. */
	mproci_bucket first[MPROCI_TABLE_FEWEST_BUCKETS];
} mproci_table;

/* Where a key is. */
typedef struct mproci_spot {
	mproci_bucket *bucket;
	unsigned slot;
	/* Or NULL: it is in the slot itself. */
	mproci_entry *entry;
	/* NULL: the key is not there. */
	_Atomic uint64_t *value;
	size_t value_size;
} mproci_spot;

/* Memory of zeros becomes an empty table. */
int mproci_table_init(mproci_table *table, uint64_t seed);

/* The lower bits that name one of @buckets, or one more bucket than there is. */
static inline uint32_t mproci_table_mask(uint32_t buckets)
{
	return UINT32_MAX >> __builtin_clz(buckets - 1);
}

/* The bucket of a hash. */
static inline uint32_t mproci_table_home(uint64_t hash, uint32_t buckets)
{
	uint32_t mask = mproci_table_mask(buckets), home = (uint32_t)hash & mask;

	return home < buckets ? home : home & (mask >> 1);
}

/* Which segment has the bucket @index. */
static inline uint32_t mproci_table_segment(uint32_t index)
{
	return (uint32_t)(31 - __builtin_clz(index | 1));
}

/* The first bucket of a segment, which is also how many a segment has but for the first. */
static inline uint32_t mproci_table_segment_start(uint32_t segment)
{
	return (UINT32_C(1) << segment) & ~UINT32_C(1);
}

/* A bucket; NULL: it cannot be there. */
static inline MPROCI_RACES mproci_bucket *mproci_table_bucket_in(
	mproci_table *table, uint32_t index, mproci_bounds bounds)
{
	uint32_t segment = mproci_table_segment(index);
	uintptr_t address = (uintptr_t)atomic_load_explicit(&table->segments[segment], memory_order_acquire)
			    + (index - mproci_table_segment_start(segment)) * sizeof(mproci_bucket);

	return mproci_bounds_hold(bounds, address, sizeof(mproci_bucket)) ? (mproci_bucket *)address : NULL;
}

static inline mproci_bucket *mproci_table_bucket(mproci_table *table, uint32_t index)
{
	return mproci_table_bucket_in(table, index, mproci_bounds_now());
}

/* Look for the key in the slots that lead to entries, a bit for each. */
bool mproci_table_find_entry(mproci_bucket *bucket, unsigned slots, mproci_bounds bounds,
	const mproci_key *key, mproci_spot *ret_spot);

/*
 * Look for a key, with or without the lock.  Returns 0 and where it is; -EBADMSG, without an error text: something leads where it
 * cannot, because somebody is changing it, or has overwritten it.
 */
static inline MPROCI_RACES int mproci_table_find(
	mproci_table *table, const mproci_key *key, mproci_spot *ret_spot)
{
	uint32_t buckets = atomic_load_explicit(&table->buckets, memory_order_relaxed);
	mproci_bounds bounds = mproci_bounds_now();
	mproci_bucket *bucket;

	if (buckets - MPROCI_TABLE_FEWEST_BUCKETS > MPROCI_TABLE_MOST_BUCKETS - MPROCI_TABLE_FEWEST_BUCKETS)
		return -EBADMSG;
	bucket = mproci_table_bucket_in(table, mproci_table_home(key->hash, buckets), bounds);
	for (int lines = 0; bucket != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		uint64_t lanes = mproci_bucket_lanes(bucket);
		unsigned match = key->size > MPROCI_SLOT_MOST
					 ? 0
					 : mproci_bucket_match(bucket, lanes, key->word, key->size);

		if (match != 0) {
			ret_spot->bucket = bucket;
			ret_spot->slot = (unsigned)__builtin_ctz(match);
			ret_spot->entry = NULL;
			ret_spot->value = &bucket->slots[ret_spot->slot].second;
			ret_spot->value_size = mproci_lane_value_size(mproci_lane_of(lanes, ret_spot->slot));
			return ret_spot->value_size <= MPROCI_SLOT_MOST ? 0 : -EBADMSG;
		}
		match = mproci_bucket_match_lane(lanes, mproci_lane_for_entry(key->hash));
		if (match != 0 && mproci_table_find_entry(bucket, match, bounds, key, ret_spot))
			return 0;
		if ((lanes & MPROCI_BUCKET_MORE) == 0) {
			ret_spot->value = NULL;
			ret_spot->value_size = 0;
			return 0;
		}
		bucket = atomic_load_explicit(&bucket->more, memory_order_acquire);
		if (!mproci_bounds_hold(bounds, (uintptr_t)bucket, sizeof *bucket))
			break;
	}
	return -EBADMSG;
}

/* All below is for who has the lock, and whose table rests: mproci_table_repair. */

/*
 * Give a key a value: at @spot, where it is, or in a slot that is free when it is not there.  Returns 0; or -ENOMEM with an error text,
 * -EBADMSG without one, and nothing has happened.
 */
int mproci_table_put(
	mproci_table *table, const mproci_spot *spot, const mproci_key *key, const mproci_value *value);

/* Take out the key that is at @spot. */
void mproci_table_remove(mproci_table *table, const mproci_spot *spot, uint64_t hash);

/* After one was put: have a bucket more, if there are many keys for the buckets, and memory for it. */
void mproci_table_grow(mproci_table *table);

/* After one was removed: have fewer buckets, if there are few keys for them. */
void mproci_table_shrink(mproci_table *table);

/* Take out all there is; after that the table is of @epoch.  Returns 0 or -EBADMSG as mproci_table_find. */
int mproci_table_clear(mproci_table *table, uint32_t epoch);

/* Whoever had the lock has died: end what it had begun.  It may be killed here as well. */
void mproci_table_repair(mproci_table *table);

/* Return all buckets to the arena; nothing is in them. */
void mproci_table_free(mproci_table *table);

#endif
