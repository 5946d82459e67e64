/* SPDX-License-Identifier: MIT */
/*
 * pool/ranges.h - who works on which chunks of a map: one range per lane, taken from the front by the lane's worker,
 * stolen from the back by the others.  README.md beside this file holds the argument.
 */
#ifndef POOL_RANGES_H
#define POOL_RANGES_H

#include "sys/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chunks first…last-1 in one word, so that a pop or a theft is one compare-and-swap. */
typedef uint64_t mproci_range;

#define MPROCI_NO_ITEM UINT64_MAX

typedef struct mproci_lane {
	/* Alone in its pair of cache lines: its worker hits nothing but this in the common case. */
	_Alignas(128) _Atomic mproci_range range;
	/* The item that the worker is at: announced before its chunk is popped, then before each item. */
	_Atomic uint64_t running;
} mproci_lane;

typedef struct mproci_ranges {
	/* Thieves and recoverers take turns; protects the record. */
	mproci_lock stealing;
	/* What a theft is about to move, for whoever finds the thief dead. */
	struct {
		_Atomic bool is_open;
		uint32_t thief, victim;
		mproci_range loot;
	} record;
	uint64_t chunk;
	uint32_t lane_count;
	mproci_lane lanes[];
} mproci_ranges;

static inline mproci_range mproci_range_of(uint32_t first, uint32_t last)
{
	return (uint64_t)first << 32 | last;
}

static inline uint32_t mproci_range_first(mproci_range range)
{
	return (uint32_t)(range >> 32);
}

static inline uint32_t mproci_range_last(mproci_range range)
{
	return (uint32_t)range;
}

/* The bytes of ranges with @lane_count lanes. */
size_t mproci_ranges_size(uint32_t lane_count);

/* Spread @chunk_count chunks of @chunk items evenly over the lanes.  The memory is zeroed, aligned to 128. */
int mproci_ranges_init(mproci_ranges *ranges, uint32_t lane_count, uint32_t chunk_count, uint64_t chunk);

/* Take the first chunk of a lane, for its worker.  Returns false when the lane is empty. */
bool mproci_ranges_pop(mproci_ranges *ranges, uint32_t lane, uint32_t *ret_chunk);

/* Fill an empty lane, for its worker, with half of the fullest one.  Returns false when all are empty. */
bool mproci_ranges_steal(mproci_ranges *ranges, uint32_t lane);

/* Whether no lane has anything left to pop. */
bool mproci_ranges_are_empty(const mproci_ranges *ranges);

/* Keep thieves out, and finish what a dead one began. */
void mproci_ranges_lock(mproci_ranges *ranges);
void mproci_ranges_unlock(mproci_ranges *ranges);

/* Locked: whether the dead worker of a lane had popped a chunk last, and which. */
bool mproci_ranges_popped(const mproci_ranges *ranges, uint32_t lane, uint32_t *ret_chunk);

/* Locked: put the chunk that mproci_ranges_popped told back to the front of the lane. */
void mproci_ranges_put_back(mproci_ranges *ranges, uint32_t lane);

#endif
