/* SPDX-License-Identifier: MIT */
#include "channel/ring.h"

#include "arena/place.h"
#include "arena/sparse.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>

static const uint64_t LOWEST_SIZE = 16 << 10;

/* Of a level above the lowest: it gets memory in steps of this, or of a sixteenth; and levels of no more than this keep it. */
static const uint64_t STEP = 64 << 10;
static const uint64_t KEPT_SIZE = 512 << 10;

static uint64_t size_of(uint32_t level)
{
	return level == 0 ? LOWEST_SIZE : LOWEST_SIZE << (level + 1);
}

static uint64_t start_of(const mproci_ring *ring, uint32_t level)
{
	return atomic_load_explicit(&ring->levels[level].start, memory_order_relaxed);
}

static uint32_t level_of(const mproci_side *side)
{
	return atomic_load_explicit(&side->level, memory_order_relaxed);
}

static uint64_t offset_of(const mproci_ring *ring, uint32_t level, uint64_t position)
{
	return (position - start_of(ring, level)) & (size_of(level) - 1);
}

/* The address of position 0, if the ring went on from @position to there. */
static uintptr_t base_of(const mproci_ring *ring, uint32_t level, uint64_t position)
{
	void *memory = atomic_load_explicit(&ring->levels[level].memory, memory_order_relaxed);

	return (uintptr_t)memory + offset_of(ring, level, position) - position;
}

int mproci_ring_init(mproci_ring *ring)
{
	ring->levels[0].provided = LOWEST_SIZE;
	return mproci_place_fill(&ring->levels[0].memory, LOWEST_SIZE);
}

void mproci_ring_destroy(mproci_ring *ring)
{
	for (uint32_t level = 0; level < MPROCI_RING_LEVELS; ++level)
		mproci_place_empty(&ring->levels[level].memory);
}

/* Bytes that are free in a level behind @position. */
static uint64_t room(const mproci_ring *ring, uint32_t level, uint64_t position, uint64_t head)
{
	uint64_t start = start_of(ring, level), first = head > start ? head : start;

	return size_of(level) - (position - first);
}

uint64_t mproci_ring_size(const mproci_side *side)
{
	return size_of(level_of(side));
}

/* 4 MiB. */
const uint32_t mproci_ring_large = 7;

int mproci_ring_climb(mproci_ring *ring, mproci_side *producers)
{
	uint64_t position = atomic_load_explicit(&producers->position, memory_order_relaxed);
	uint32_t next = level_of(producers) + 1;
	int rc = 0;

	if (next == MPROCI_RING_LEVELS)
		return mproci_fail(-ENOMEM, "queue: %llu bytes are the most that a ring has",
			(unsigned long long)size_of(MPROCI_RING_LEVELS - 1));
	if (atomic_load_explicit(&ring->levels[next].memory, memory_order_relaxed) == NULL)
		rc = mproci_sparse_fill(&ring->levels[next].memory, size_of(next));
	if (rc < 0)
		return rc;
	producers->limit = 0;
	atomic_store_explicit(&ring->levels[next].start, position, memory_order_relaxed);
	/* From now on the level below ends where this one starts. */
	atomic_store_explicit(&producers->level, next, memory_order_release);
	return 0;
}

/* See that the first @end bytes of a level have memory. */
static int provide(mproci_ring_level *level, uint64_t size, uint64_t end)
{
	uint64_t step = size / 16 > STEP ? size / 16 : STEP, until = (end + step - 1) & ~(step - 1);
	char *memory = atomic_load_explicit(&level->memory, memory_order_relaxed);
	int rc;

	assert(end <= size);
	if (until > size)
		until = size;
	rc = mproci_sparse_provide(memory + level->provided, until - level->provided);
	if (rc == 0)
		level->provided = until;
	return rc;
}

/* The rest of the ring is too short for a record: the next one begins at its front. */
static void write_gap(const mproci_ring *ring, uint32_t level, uint64_t position, uint64_t length)
{
	mproci_record_begin((uint64_t *)(base_of(ring, level, position) + position), MPROCI_RECORD_GAP,
		length - MPROCI_RING_HEADER);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* See that a piece of a level has memory, and remember the piece. */
static int use_piece(
	mproci_ring *ring, mproci_side *producers, uint64_t position, uint64_t length, uint64_t free)
{
	uint32_t index = level_of(producers);
	mproci_ring_level *level = &ring->levels[index];
	uint64_t offset = offset_of(ring, index, position);
	int rc = 0;

	if (level->provided < offset + length)
		rc = provide(level, size_of(index), offset + length);
	if (rc < 0)
		return rc;
	producers->base = base_of(ring, index, position);
	producers->limit = position + least(free, level->provided - offset);
	return 0;
}

int mproci_ring_make_room(mproci_ring *ring, mproci_side *producers, const mproci_side *consumers,
	uint64_t position, uint64_t length, uint64_t *ret_position)
{
	uint32_t level = level_of(producers);
	uint64_t left = size_of(level) - offset_of(ring, level, position), gap = length > left ? left : 0,
		 free;
	int rc;

	producers->seen.position = atomic_load_explicit(&consumers->position, memory_order_acquire);
	free = room(ring, level, position, producers->seen.position);
	if (free < gap + length)
		return -EAGAIN;
	if (gap > 0) {
		/* All of it was used, or it is now: what is behind the gap is at the front. */
		rc = ring->levels[level].provided < size_of(level)
			     ? provide(&ring->levels[level], size_of(level), size_of(level))
			     : 0;
		if (rc < 0)
			return rc;
		write_gap(ring, level, position, gap);
		left = size_of(level);
	}
	*ret_position = position + gap;
	return use_piece(ring, producers, position + gap, length, least(left, free - gap));
}

/* Follow the producers to the level that begins at @position.  Returns false where it does not. */
static bool follow(
	const mproci_ring *ring, mproci_side *consumers, const mproci_side *producers, uint64_t position)
{
	uint32_t level = level_of(consumers);

	if (level >= atomic_load_explicit(&producers->level, memory_order_acquire)
		|| position != start_of(ring, level + 1))
		return false;
	atomic_store_explicit(&consumers->level, level + 1, memory_order_relaxed);
	return true;
}

/* Where the next level begins, or all that is seen ends. */
static uint64_t end_of(const mproci_ring *ring, const mproci_side *consumers, const mproci_side *producers)
{
	uint32_t level = level_of(consumers);
	uint64_t end = consumers->seen.position;

	if (level < atomic_load_explicit(&producers->level, memory_order_acquire))
		end = least(end, start_of(ring, level + 1));
	return end;
}

int mproci_ring_look(
	mproci_ring *ring, mproci_side *consumers, const mproci_side *producers, uint64_t position)
{
	uint32_t level = level_of(consumers);

	if (position == end_of(ring, consumers, producers)
		&& position != atomic_load_explicit(&consumers->position, memory_order_relaxed))
		return -EAGAIN;
	while (follow(ring, consumers, producers, position))
		++level;
	consumers->base = base_of(ring, level, position);
	consumers->limit = least(end_of(ring, consumers, producers),
		position + size_of(level) - offset_of(ring, level, position));
	if (position < consumers->limit)
		return 0;
	mproci_ring_refuse(position);
	return -EBADMSG;
}

void mproci_ring_refuse(uint64_t position)
{
	mproci_fail(-EBADMSG, "queue: at position %llu is no message: its memory was overwritten",
		(unsigned long long)position);
}

/* With both locks. */
static void give_back(mproci_ring *ring)
{
	for (uint32_t level = 1; level < MPROCI_RING_LEVELS; ++level) {
		void *memory = atomic_load_explicit(&ring->levels[level].memory, memory_order_relaxed);

		if (size_of(level) <= KEPT_SIZE || memory == NULL)
			continue;
		/* In this order: killed in between, it has memory that is not counted, and will be provided again. */
		ring->levels[level].provided = 0;
		mproci_sparse_return(memory, size_of(level));
	}
}

/*
 * With both locks, and all levels empty.  All of them start here; so whoever finds the one side back at the lowest level and the other
 * not, since this one was killed in between, finds an empty level after the other, up to where the producers are.
 */
static void begin_anew(mproci_ring *ring, mproci_side *consumers, mproci_side *producers, uint64_t position)
{
	consumers->limit = 0;
	producers->limit = 0;
	for (uint32_t level = 0; level <= level_of(producers); ++level)
		atomic_store_explicit(&ring->levels[level].start, position, memory_order_relaxed);
	atomic_store_explicit(&consumers->level, 0, memory_order_release);
	atomic_store_explicit(&producers->level, 0, memory_order_release);
}

void mproci_ring_shrink(mproci_ring *ring, mproci_side *consumers, mproci_side *producers)
{
	uint64_t position = atomic_load_explicit(&consumers->position, memory_order_relaxed);
	uint32_t level = level_of(producers);

	if (level == 0 || mproci_biased_lock_try(&producers->lock) < 0)
		return;
	if (position == atomic_load_explicit(&producers->position, memory_order_relaxed)) {
		begin_anew(ring, consumers, producers, position);
		if (size_of(level) > KEPT_SIZE)
			give_back(ring);
	}
	mproci_biased_lock_release(&producers->lock);
}
