/* SPDX-License-Identifier: MIT */
#include "pool/ranges.h"

#include <mproc/result.h>

size_t mproci_ranges_size(uint32_t lane_count)
{
	return sizeof(mproci_ranges) + lane_count * sizeof(mproci_lane);
}

int mproci_ranges_init(mproci_ranges *ranges, uint32_t lane_count, uint32_t chunk_count, uint64_t chunk)
{
	int rc;

	rc = mproci_lock_init(&ranges->stealing, MPROCI_LOCK_OF_STEALING);
	if (rc < 0)
		return rc;
	ranges->lane_count = lane_count;
	ranges->chunk = chunk;
	for (uint64_t i = 0; i < lane_count; ++i) {
		uint32_t first = (uint32_t)(i * chunk_count / lane_count);
		uint32_t last = (uint32_t)((i + 1) * chunk_count / lane_count);

		ranges->lanes[i].range = mproci_range_of(first, last);
		ranges->lanes[i].running = MPROCI_NO_ITEM;
	}
	return 0;
}

bool mproci_ranges_pop(mproci_ranges *ranges, uint32_t lane_index, uint32_t *ret_chunk)
{
	mproci_lane *lane = &ranges->lanes[lane_index];
	mproci_range range = atomic_load_explicit(&lane->range, memory_order_relaxed);

	while (mproci_range_first(range) < mproci_range_last(range)) {
		uint32_t first = mproci_range_first(range);

		atomic_store_explicit(&lane->running, first * ranges->chunk, memory_order_relaxed);
		/* Release: whoever sees the pop sees what was announced. */
		if (atomic_compare_exchange_weak_explicit(&lane->range, &range,
			    mproci_range_of(first + 1, mproci_range_last(range)), memory_order_acq_rel,
			    memory_order_relaxed)) {
			*ret_chunk = first;
			return true;
		}
	}
	/* A chunk that was announced and then stolen must not look popped once this lane is filled again. */
	atomic_store_explicit(&lane->running, MPROCI_NO_ITEM, memory_order_release);
	return false;
}

static uint32_t length(mproci_range range)
{
	uint32_t first = mproci_range_first(range), last = mproci_range_last(range);

	return first < last ? last - first : 0;
}

/* Returns the lane with most chunks, and its range; an empty range when there is nothing anywhere. */
static uint32_t find_fullest(const mproci_ranges *ranges, mproci_range *ret_range)
{
	uint32_t fullest = 0;

	*ret_range = 0;
	for (uint32_t i = 0; i < ranges->lane_count; ++i) {
		mproci_range range = atomic_load_explicit(&ranges->lanes[i].range, memory_order_relaxed);

		if (length(range) > length(*ret_range)) {
			fullest = i;
			*ret_range = range;
		}
	}
	return fullest;
}

/* Move the back half of @range, which lane @victim had a moment ago.  Returns false when it has changed. */
static bool move(mproci_ranges *ranges, uint32_t victim, mproci_range range, uint32_t thief)
{
	uint32_t last = mproci_range_last(range);
	uint32_t middle = last - (length(range) + 1) / 2;
	bool is_moved;

	ranges->record.thief = thief;
	ranges->record.victim = victim;
	ranges->record.loot = mproci_range_of(middle, last);
	atomic_store_explicit(&ranges->record.is_open, true, memory_order_release);
	is_moved = atomic_compare_exchange_strong_explicit(&ranges->lanes[victim].range, &range,
		mproci_range_of(mproci_range_first(range), middle), memory_order_acq_rel,
		memory_order_relaxed);
	if (is_moved)
		atomic_store_explicit(&ranges->lanes[thief].range, ranges->record.loot, memory_order_release);
	atomic_store_explicit(&ranges->record.is_open, false, memory_order_release);
	return is_moved;
}

/*
 * The last holder of the lock died.  While the record is open nobody but its thief changed the end of the victim's
 * range, so that end tells whether the loot had left; if so it is in no range, or in the thief's already.
 */
static void finish_theft(mproci_ranges *ranges)
{
	mproci_range loot = ranges->record.loot;

	if (!ranges->record.is_open)
		return;
	if (mproci_range_last(ranges->lanes[ranges->record.victim].range) == mproci_range_first(loot))
		atomic_store_explicit(&ranges->lanes[ranges->record.thief].range, loot, memory_order_release);
	atomic_store_explicit(&ranges->record.is_open, false, memory_order_release);
}

void mproci_ranges_lock(mproci_ranges *ranges)
{
	if (mproci_lock_take(&ranges->stealing, MPROC_FOREVER) == MPROC_OWNER_DIED)
		finish_theft(ranges);
}

void mproci_ranges_unlock(mproci_ranges *ranges)
{
	mproci_lock_release(&ranges->stealing);
}

bool mproci_ranges_steal(mproci_ranges *ranges, uint32_t lane)
{
	mproci_range range;
	uint32_t victim;
	bool is_moved;

	do {
		if (mproci_ranges_are_empty(ranges))
			return false;
		mproci_ranges_lock(ranges);
		victim = find_fullest(ranges, &range);
		is_moved = length(range) > 0 && move(ranges, victim, range, lane);
		mproci_ranges_unlock(ranges);
	} while (!is_moved);
	return true;
}

bool mproci_ranges_are_empty(const mproci_ranges *ranges)
{
	mproci_range range;

	find_fullest(ranges, &range);
	return length(range) == 0;
}

bool mproci_ranges_popped(const mproci_ranges *ranges, uint32_t lane_index, uint32_t *ret_chunk)
{
	const mproci_lane *lane = &ranges->lanes[lane_index];
	uint64_t running = lane->running;

	if (running == MPROCI_NO_ITEM)
		return false;
	*ret_chunk = (uint32_t)(running / ranges->chunk);
	return mproci_range_first(lane->range) == *ret_chunk + 1;
}

void mproci_ranges_put_back(mproci_ranges *ranges, uint32_t lane_index)
{
	mproci_lane *lane = &ranges->lanes[lane_index];
	mproci_range range = lane->range;

	atomic_store_explicit(&lane->range,
		mproci_range_of(mproci_range_first(range) - 1, mproci_range_last(range)),
		memory_order_release);
}
