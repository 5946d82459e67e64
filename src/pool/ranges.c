/* SPDX-License-Identifier: MIT */
#include "pool/ranges.h"

#include "base/deadline.h"
#include "sys/clock.h"
#include "sys/futex.h"
#include "sys/membarrier.h"
#include "sys/relax.h"

#include <mproc/result.h>

enum {
	/* How often to relax while looking how fast a lane is emptied: one to three microseconds. */
	LOOKING = 64,
	/* So many times as long takes a theft from a lane that is swift. */
	THEFT_TAKES = 16,
	/* So many pops without a fence save what it costs to have their worker fenced. */
	LONG_ENOUGH = 2048,
};

size_t mproci_ranges_size(uint32_t lane_count)
{
	return sizeof(mproci_ranges) + lane_count * sizeof(mproci_lane);
}

/* While nobody works on the lane. */
static void fill(mproci_lane *lane, uint64_t first, uint64_t last)
{
	atomic_store_explicit(&lane->first, first, memory_order_release);
	atomic_store_explicit(&lane->last, last, memory_order_release);
}

int mproci_ranges_init(
	mproci_ranges *ranges, uint32_t lane_count, uint32_t busy_lanes, uint32_t chunk_count, uint64_t chunk)
{
	int rc;

	rc = mproci_lock_init(&ranges->stealing, MPROCI_LOCK_OF_STEALING);
	if (rc < 0)
		return rc;
	ranges->lane_count = lane_count;
	ranges->chunk = chunk;
	for (uint64_t i = 0; i < busy_lanes; ++i)
		fill(&ranges->lanes[i], i * chunk_count / busy_lanes, (i + 1) * chunk_count / busy_lanes);
	for (uint32_t i = 0; i < lane_count; ++i)
		ranges->lanes[i].running = MPROCI_NO_ITEM;
	return 0;
}

/* With the lock no theft is under way: whether the chunk was stolen is settled. */
bool mproci_ranges_settle(mproci_ranges *ranges, uint32_t lane_index, uint32_t *ret_chunk)
{
	mproci_lane *lane = &ranges->lanes[lane_index];
	uint64_t chunk = atomic_load_explicit(&lane->first, memory_order_relaxed) - 1;
	bool is_there;

	mproci_ranges_lock(ranges);
	is_there = chunk < atomic_load_explicit(&lane->last, memory_order_relaxed);
	if (is_there) {
		*ret_chunk = (uint32_t)chunk;
	} else {
		/* What was announced must not look popped once this lane is filled again. */
		atomic_store_explicit(&lane->running, MPROCI_NO_ITEM, memory_order_release);
		atomic_store_explicit(&lane->first, chunk, memory_order_release);
	}
	mproci_ranges_unlock(ranges);
	return is_there;
}

/* Seen from outside, while others work: chunks that are there for a moment may not count. */
static uint64_t length(const mproci_lane *lane)
{
	uint64_t first = atomic_load_explicit(&lane->first, memory_order_acquire);
	uint64_t last = atomic_load_explicit(&lane->last, memory_order_acquire);

	return first < last ? last - first : 0;
}

void mproci_ranges_enter(mproci_ranges *ranges, uint32_t lane_index)
{
	mproci_lane *lane = &ranges->lanes[lane_index];
	uint32_t fenced = MPROCI_LANE_FENCED;
	bool is_worth_it =
		ranges->lane_count == 1 || (length(lane) >= LONG_ENOUGH && mproci_membarrier_register());

	/*
	 * It may be swift from before, or from a dead worker.  A thief who is at it makes it fenced in the end, and that
	 * stays.  A thief who does not see that it is swift now has lowered last before, and pops see that.
	 */
	if (is_worth_it)
		atomic_compare_exchange_strong(&lane->mode, &fenced, MPROCI_LANE_SWIFT);
	else
		atomic_store(&lane->mode, fenced);
}

/* Returns the lane with most chunks, or NULL when there is nothing anywhere. */
static mproci_lane *find_fullest(mproci_ranges *ranges)
{
	mproci_lane *fullest = NULL;
	uint64_t most = 0;

	for (mproci_lane *lane = ranges->lanes; lane < ranges->lanes + ranges->lane_count; ++lane) {
		uint64_t chunks = length(lane);

		if (chunks > most) {
			fullest = lane;
			most = chunks;
		}
	}
	return fullest;
}

bool mproci_ranges_are_empty(const mproci_ranges *ranges)
{
	for (uint32_t i = 0; i < ranges->lane_count; ++i) {
		if (length(&ranges->lanes[i]) > 0)
			return false;
	}
	return true;
}

uint64_t mproci_ranges_left(const mproci_ranges *ranges)
{
	uint64_t left = 0;

	for (uint32_t i = 0; i < ranges->lane_count; ++i)
		left += length(&ranges->lanes[i]);
	return left;
}

/* Whether the worker of a lane, at its pace, will have emptied it before a theft is done. */
static bool is_nearly_empty(const mproci_lane *lane)
{
	uint64_t before, after;

	if (atomic_load_explicit(&lane->mode, memory_order_relaxed) == MPROCI_LANE_FENCED)
		return false;
	before = length(lane);
	for (int i = 0; i < LOOKING; ++i)
		mproci_relax();
	after = length(lane);
	return after < before && (before - after) * THEFT_TAKES >= after;
}

/*
 * Between what was stored before and what is loaded after: the worker of the lane sees the one, or the other sees what
 * the worker has stored.  Killed on the way, the next thief does it again.
 */
static void fence_worker(mproci_lane *lane)
{
	_Atomic uint32_t nobody = 0;

	if (atomic_load(&lane->mode) == MPROCI_LANE_FENCED)
		return;
	atomic_store(&lane->mode, MPROCI_LANE_SLOWING);
	/* Where this process may not, the stores of others have arrived after a while. */
	if (!mproci_membarrier_all())
		mproci_futex_wait(&nobody, 0, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	atomic_store(&lane->mode, MPROCI_LANE_FENCED);
}

static void note_theft(mproci_ranges *ranges, mproci_theft state)
{
	atomic_store_explicit(&ranges->record.state, state, memory_order_release);
}

/* Locked: move the back half of a lane into an empty one.  Returns false when its worker was faster. */
static bool move(mproci_ranges *ranges, mproci_lane *victim, mproci_lane *thief)
{
	uint64_t last = victim->last, chunks = length(victim), middle = last - (chunks + 1) / 2;
	bool is_moved;

	if (chunks == 0)
		return false;
	ranges->record.thief = (uint32_t)(thief - ranges->lanes);
	ranges->record.victim = (uint32_t)(victim - ranges->lanes);
	ranges->record.loot_first = middle;
	ranges->record.loot_last = last;
	note_theft(ranges, MPROCI_THEFT_TRIED);
	/* This store and that load against those of first and last in a pop: one sees the other's. */
	atomic_store(&victim->last, middle);
	fence_worker(victim);
	is_moved = atomic_load(&victim->first) <= middle;
	if (is_moved) {
		note_theft(ranges, MPROCI_THEFT_DONE);
		fill(thief, middle, last);
	} else {
		atomic_store_explicit(&victim->last, last, memory_order_release);
	}
	note_theft(ranges, MPROCI_THEFT_NONE);
	return is_moved;
}

/* The last holder of the lock died.  A theft that may not have succeeded did not happen; the other is finished. */
static void finish_theft(mproci_ranges *ranges)
{
	uint64_t first = ranges->record.loot_first, last = ranges->record.loot_last;

	if (ranges->record.state == MPROCI_THEFT_TRIED)
		atomic_store_explicit(&ranges->lanes[ranges->record.victim].last, last, memory_order_release);
	if (ranges->record.state == MPROCI_THEFT_DONE)
		fill(&ranges->lanes[ranges->record.thief], first, last);
	note_theft(ranges, MPROCI_THEFT_NONE);
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
	bool is_moved = false;

	while (!is_moved) {
		mproci_lane *victim = find_fullest(ranges);

		if (victim == NULL)
			return false;
		if (is_nearly_empty(victim))
			continue;
		mproci_ranges_lock(ranges);
		is_moved = move(ranges, victim, &ranges->lanes[lane]);
		mproci_ranges_unlock(ranges);
	}
	mproci_ranges_enter(ranges, lane);
	return true;
}

bool mproci_ranges_popped(const mproci_ranges *ranges, uint32_t lane_index, uint32_t *ret_chunk)
{
	const mproci_lane *lane = &ranges->lanes[lane_index];
	uint64_t running = lane->running, chunk = running / ranges->chunk;

	if (running == MPROCI_NO_ITEM || lane->first != chunk + 1 || lane->last <= chunk)
		return false;
	*ret_chunk = (uint32_t)chunk;
	return true;
}

void mproci_ranges_put_back(mproci_ranges *ranges, uint32_t lane_index)
{
	mproci_lane *lane = &ranges->lanes[lane_index];

	atomic_store_explicit(&lane->first, lane->first - 1, memory_order_release);
}
