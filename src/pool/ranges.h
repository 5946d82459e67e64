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

#define MPROCI_NO_ITEM UINT64_MAX

/* What keeps the worker of a lane and a thief from taking the same chunk: both store, fence, and look. */
typedef enum mproci_lane_mode {
	/* Each for itself. */
	MPROCI_LANE_FENCED,
	/* The worker does not: a thief has it fenced, which costs thousands of pops. */
	MPROCI_LANE_SWIFT,
	/* A thief is about to have it fenced, for the last time. */
	MPROCI_LANE_SLOWING,
} mproci_lane_mode;

typedef struct mproci_lane {
	/*
	 * Chunks first...last-1 are left.  Its worker alone changes first, thieves alone last.  first may be one more than
	 * last for a moment: 64 bits do not wrap.  Alone in its pair of cache lines: its worker changes nothing else.
	 */
	_Alignas(128) _Atomic uint64_t first;
	_Atomic uint64_t last;
	/* The item that the worker is at: announced before its chunk is popped, then before each item. */
	_Atomic uint64_t running;
	/* A mproci_lane_mode. */
	_Atomic uint32_t mode;
} mproci_lane;

typedef enum mproci_theft {
	MPROCI_THEFT_NONE,
	/* The loot is the victim's, whose last may be lowered already. */
	MPROCI_THEFT_TRIED,
	/* It is the thief's, whose lane may not say so yet. */
	MPROCI_THEFT_DONE,
} mproci_theft;

typedef struct mproci_ranges {
	uint64_t chunk;
	uint32_t lane_count;
	/* Thieves and recoverers take turns; protects the record.  Away from what each pop reads. */
	_Alignas(128) mproci_lock stealing;
	/* What a theft is about to move, for whoever finds the thief dead. */
	struct {
		/* A mproci_theft. */
		_Atomic uint32_t state;
		uint32_t thief, victim;
		uint64_t loot_first, loot_last;
	} record;
	mproci_lane lanes[];
} mproci_ranges;

/* The bytes of ranges with @lane_count lanes. */
size_t mproci_ranges_size(uint32_t lane_count);

/*
 * Spread @chunk_count chunks of @chunk items evenly over the first @busy_lanes.  The memory is zeroed, aligned
 * to 128.
 */
int mproci_ranges_init(mproci_ranges *ranges, uint32_t lane_count, uint32_t busy_lanes, uint32_t chunk_count,
	uint64_t chunk);

/*
 * For a worker that comes to its lane: from here on pops have no fence, if the lane is long enough for that, and the
 * kernel can fence this process.
 */
void mproci_ranges_enter(mproci_ranges *ranges, uint32_t lane);

/* mproci_ranges_pop when the chunk that was announced seems to be gone. */
bool mproci_ranges_settle(mproci_ranges *ranges, uint32_t lane, uint32_t *ret_chunk);

/* Take the first chunk of a lane, for its worker.  Returns false when the lane is empty. */
static inline bool mproci_ranges_pop(mproci_ranges *ranges, uint32_t lane_index, uint32_t *ret_chunk)
{
	mproci_lane *lane = &ranges->lanes[lane_index];
	uint64_t first = atomic_load_explicit(&lane->first, memory_order_relaxed);

	atomic_store_explicit(&lane->running, first * ranges->chunk, memory_order_relaxed);
	/* Release: whoever sees the pop sees what was announced. */
	atomic_store_explicit(&lane->first, first + 1, memory_order_release);
	/* A thief of a swift lane has this thread fenced between that store and these loads, or before, or after. */
	atomic_signal_fence(memory_order_seq_cst);
	/* Of another lane: this store and that load against those of last and first in a theft; one sees the other's. */
	if (atomic_load_explicit(&lane->mode, memory_order_acquire) != MPROCI_LANE_SWIFT)
		atomic_store(&lane->first, first + 1);
	if (first >= atomic_load(&lane->last))
		return mproci_ranges_settle(ranges, lane_index, ret_chunk);
	*ret_chunk = (uint32_t)first;
	return true;
}

/* Fill an empty lane, for its worker, with half of the fullest one.  Returns false when all are empty. */
bool mproci_ranges_steal(mproci_ranges *ranges, uint32_t lane);

/* Whether no lane has anything left to pop. */
bool mproci_ranges_are_empty(const mproci_ranges *ranges);

/* How many chunks nobody has popped, about. */
uint64_t mproci_ranges_left(const mproci_ranges *ranges);

/* Keep thieves out, and finish what a dead one began. */
void mproci_ranges_lock(mproci_ranges *ranges);
void mproci_ranges_unlock(mproci_ranges *ranges);

/* Locked: whether the dead worker of a lane had popped a chunk last, and which. */
bool mproci_ranges_popped(const mproci_ranges *ranges, uint32_t lane, uint32_t *ret_chunk);

/* Locked: put the chunk that mproci_ranges_popped told back to the front of the lane. */
void mproci_ranges_put_back(mproci_ranges *ranges, uint32_t lane);

#endif
