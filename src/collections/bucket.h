/* SPDX-License-Identifier: MIT */
/*
 * collections/bucket.h - a cache line with three keys and their values, or with what leads to them.
 *
 * A key and a value of at most 8 bytes each lie in a slot themselves; otherwise the slot has the address of an entry and its hash.  One word says
 * what is in all slots: storing it adds, removes, or exchanges.  When there is no slot left, a bucket gets another line.
 */
#ifndef COLLECTIONS_BUCKET_H
#define COLLECTIONS_BUCKET_H

#include "collections/entry.h"
#include "collections/hash.h"

enum {
	MPROCI_BUCKET_SLOTS = 3,
	/* A slot holds what is no larger. */
	MPROCI_SLOT_MOST = sizeof(uint64_t),
};

typedef struct mproci_slot {
	/* The key and the value; or the address of the entry and its hash. */
	_Atomic uint64_t first, second;
} mproci_slot;

typedef struct mproci_bucket {
	/* A lane of 16 bits for each slot; above them MPROCI_BUCKET_MORE. */
	_Alignas(64) _Atomic uint64_t lanes;
	/* Another line, if MPROCI_BUCKET_MORE says so; otherwise memory for one, or NULL. */
	void *_Atomic more;
	mproci_slot slots[MPROCI_BUCKET_SLOTS];
} mproci_bucket;

#define MPROCI_BUCKET_MORE (UINT64_C(1) << 63)

/*
 * A lane is 0 when the slot is empty; otherwise 8 bits of the hash, and above them the sizes: 1 + that of the key, 1 + that of the value,
 * 4 bits each; or ones, when there is an entry.
 */
enum {
	MPROCI_LANE_BITS = 16,
	MPROCI_LANE_MASK = 0xffff,
	MPROCI_LANE_ENTRY = 0xff00,
};

/* What a slot is to hold, or holds. */
typedef struct mproci_content {
	uint64_t first, second;
	uint32_t lane;
} mproci_content;

static inline uint32_t mproci_lane_of(uint64_t lanes, unsigned slot)
{
	return (uint32_t)(lanes >> (slot * MPROCI_LANE_BITS)) & MPROCI_LANE_MASK;
}

static inline bool mproci_lane_has_entry(uint32_t lane)
{
	return (lane & MPROCI_LANE_ENTRY) == MPROCI_LANE_ENTRY;
}

/* Not of one with an entry. */
static inline size_t mproci_lane_key_size(uint32_t lane)
{
	return (lane >> 8 & 0xf) - 1;
}

static inline size_t mproci_lane_value_size(uint32_t lane)
{
	return (lane >> 12) - 1;
}

static inline uint32_t mproci_lane_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 48) & 0xff;
}

static inline uint32_t mproci_lane_for_entry(uint64_t hash)
{
	return mproci_lane_tag(hash) | MPROCI_LANE_ENTRY;
}

static inline uint32_t mproci_lane_for(uint64_t hash, size_t key_size, size_t value_size)
{
	return mproci_lane_tag(hash) | (uint32_t)(key_size + 1) << 8 | (uint32_t)(value_size + 1) << 12;
}

static inline uint64_t mproci_bucket_lanes(const mproci_bucket *bucket)
{
	return atomic_load_explicit(&bucket->lanes, memory_order_acquire);
}

static inline MPROCI_RACES unsigned mproci_slot_is(
	const mproci_bucket *bucket, uint64_t lanes, unsigned slot, uint64_t word, uint32_t sizes)
{
	return (unsigned)(atomic_load_explicit(&bucket->slots[slot].first, memory_order_relaxed) == word)
	       & (unsigned)((lanes >> (slot * MPROCI_LANE_BITS + 8) & 0xf) == sizes);
}

/* A bit for each slot with the key @word of @size bytes.  Without a branch, which would be guessed wrongly each second time. */
static inline MPROCI_RACES unsigned mproci_bucket_match(
	const mproci_bucket *bucket, uint64_t lanes, uint64_t word, size_t size)
{
	uint32_t sizes = (uint32_t)size + 1;

	return mproci_slot_is(bucket, lanes, 0, word, sizes)
	       | mproci_slot_is(bucket, lanes, 1, word, sizes) << 1
	       | mproci_slot_is(bucket, lanes, 2, word, sizes) << 2;
}

/* A bit for each slot whose lane is @lane. */
static inline unsigned mproci_bucket_match_lane(uint64_t lanes, uint32_t lane)
{
	return (unsigned)(mproci_lane_of(lanes, 0) == lane)
	       | (unsigned)(mproci_lane_of(lanes, 1) == lane) << 1
	       | (unsigned)(mproci_lane_of(lanes, 2) == lane) << 2;
}

/* The next line; NULL: none. */
static inline mproci_bucket *mproci_bucket_next(const mproci_bucket *bucket)
{
	return (mproci_bucket_lanes(bucket) & MPROCI_BUCKET_MORE) == 0
		       ? NULL
		       : atomic_load_explicit(&bucket->more, memory_order_acquire);
}

#endif
