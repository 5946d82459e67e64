/* SPDX-License-Identifier: MIT */
/*
 * arena/unit.h - the word that says what a unit of the arena is.
 *
 * The arena is cut into units of 64 KiB, tiled by runs of one or more.  The word of a run's first unit describes
 * the run, in one 64-bit value, so that it changes in one step:
 *
 *	bits 0-3    kind
 *	bits 4-25   length of the run in units; in a span (always one unit) its size class and the flag "pending"
 *	bits 26-63  held, span: the owner, a shortened id of a thread; free: the flag "dirty";
 *	            big: 26 bits for the pages in use (0: it is sparse), 12 for the slot of the member that
 *	            allocated it
 *
 * All other units of a run are "inside", 0, except that the last one of a free run repeats its length.
 */
#ifndef ARENA_UNIT_H
#define ARENA_UNIT_H

#include "family/thread.h"
#include "sys/memory.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MPROCI_UNIT_SIZE = 65536,
	MPROCI_UNIT_PAGES = MPROCI_UNIT_SIZE / MPROCI_PAGE,
	/* What the length field can say, plus 1. */
	MPROCI_UNIT_LENGTHS = 1 << 22,
};

typedef enum mproci_unit_kind {
	MPROCI_UNIT_INSIDE,
	/* Nobody's.  Reads as zero, unless dirty. */
	MPROCI_UNIT_FREE,
	/* The last unit of a free run of two or more. */
	MPROCI_UNIT_TAIL,
	/* In the hands of a thread that makes something of it, or frees it: free again should that thread end. */
	MPROCI_UNIT_HELD,
	/* A block above 8192 bytes. */
	MPROCI_UNIT_BIG,
	/* Blocks of one size class, of which only the owner allocates. */
	MPROCI_UNIT_SPAN,
} mproci_unit_kind;

static const uint64_t MPROCI_UNIT_PENDING = (uint64_t)1 << 25;

static inline mproci_unit_kind mproci_unit_kind_of(uint64_t word)
{
	return (mproci_unit_kind)(word & 15);
}

/* Units of the run; 1 for an inside or tail, so that a walk gets on from everywhere. */
static inline uint32_t mproci_unit_length(uint64_t word)
{
	switch (mproci_unit_kind_of(word)) {
	case MPROCI_UNIT_FREE:
	case MPROCI_UNIT_HELD:
	case MPROCI_UNIT_BIG:
		return (uint32_t)(word >> 4) % MPROCI_UNIT_LENGTHS;
	default:
		return 1;
	}
}

static inline uint64_t mproci_unit_free(uint32_t length, bool is_dirty)
{
	return (uint64_t)is_dirty << 26 | (uint64_t)length << 4 | MPROCI_UNIT_FREE;
}

static inline bool mproci_unit_is_dirty(uint64_t word)
{
	return word >> 26 & 1;
}

static inline uint64_t mproci_unit_tail(uint32_t length)
{
	return (uint64_t)length << 4 | MPROCI_UNIT_TAIL;
}

static inline uint32_t mproci_unit_tail_length(uint64_t word)
{
	return (uint32_t)(word >> 4) % MPROCI_UNIT_LENGTHS;
}

/* The run of a big block is as short as its pages allow. */
static inline uint64_t mproci_unit_big(uint32_t pages, uint32_t member_slot)
{
	uint32_t length = (pages + MPROCI_UNIT_PAGES - 1) / MPROCI_UNIT_PAGES;

	return (uint64_t)member_slot << 52 | (uint64_t)pages << 26 | (uint64_t)length << 4 | MPROCI_UNIT_BIG;
}

/* A big block whose pages come and go, and are not counted: any other has one at least. */
static inline uint64_t mproci_unit_sparse(uint32_t length, uint32_t member_slot)
{
	return (uint64_t)member_slot << 52 | (uint64_t)length << 4 | MPROCI_UNIT_BIG;
}

static inline uint32_t mproci_unit_pages(uint64_t word)
{
	return (uint32_t)(word >> 26) % (1U << 26);
}

/* Of a big block. */
static inline bool mproci_unit_is_sparse(uint64_t word)
{
	return mproci_unit_pages(word) == 0;
}

static inline uint32_t mproci_unit_member_slot(uint64_t word)
{
	return (uint32_t)(word >> 52);
}

/*
 * A thread's id in 38 bits: 14 of its slot, 24 of its generation.  It is mistaken for another thread only after that
 * slot was taken 16 million times while nobody looked at this word.  0 is nobody.
 */
static inline uint64_t mproci_unit_owner(mproci_id thread)
{
	return (thread >> 32 & 0xffffff) << 14 | (uint32_t)thread % MPROCI_THREADS;
}

static inline uint64_t mproci_unit_owner_of(uint64_t word)
{
	return word >> 26;
}

static inline uint64_t mproci_unit_held(uint32_t length, uint64_t owner)
{
	return owner << 26 | (uint64_t)length << 4 | MPROCI_UNIT_HELD;
}

static inline uint64_t mproci_unit_span(uint32_t size_class, uint64_t owner)
{
	return owner << 26 | (uint64_t)size_class << 4 | MPROCI_UNIT_SPAN;
}

static inline uint32_t mproci_unit_class(uint64_t word)
{
	return (uint32_t)(word >> 4) & 0xff;
}

#endif
