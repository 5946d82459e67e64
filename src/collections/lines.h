/* SPDX-License-Identifier: MIT */
/*
 * collections/lines.h - what is done to the lines of a bucket by who has the lock.
 */
#ifndef COLLECTIONS_LINES_H
#define COLLECTIONS_LINES_H

#include "collections/bucket.h"

static inline void mproci_slot_write(mproci_slot *slot, const mproci_content *content)
{
	atomic_store_explicit(&slot->first, content->first, memory_order_release);
	atomic_store_explicit(&slot->second, content->second, memory_order_release);
}

static inline void mproci_lane_write(mproci_bucket *bucket, unsigned slot, uint32_t lane)
{
	unsigned shift = slot * MPROCI_LANE_BITS;
	uint64_t others = atomic_load_explicit(&bucket->lanes, memory_order_relaxed)
			  & ~((uint64_t)MPROCI_LANE_MASK << shift);

	atomic_store_explicit(&bucket->lanes, others | (uint64_t)lane << shift, memory_order_release);
}

/* What was in that memory does not matter: it is a line without keys, and without another one. */
void mproci_line_clear(mproci_bucket *line);

/* A free slot, in a new line if need be.  Returns 0; -ENOMEM with an error text; -EBADMSG: a line is where none can be. */
int mproci_lines_find_room(mproci_bucket *bucket, mproci_bucket **ret_line, unsigned *ret_slot);

/* See that there are @count free slots.  Returns whether there are; not for SIZE_MAX. */
bool mproci_lines_reserve(mproci_bucket *bucket, size_t count);

/* Give back the last lines as long as they are empty, but for the first. */
void mproci_lines_drop_empty(mproci_bucket *bucket);

/* Whether a slot leads to @entry; or nobody can tell. */
bool mproci_lines_lead_to(mproci_bucket *bucket, const mproci_entry *entry);

/* What is to go from one bucket to another. */
typedef struct mproci_move {
	/* Of the hashes. */
	uint64_t seed;
	/* Those whose home among @buckets is @target; or all. */
	uint32_t buckets, target;
	bool is_all;
} mproci_move;

/* How many keys are to go; SIZE_MAX: the lines have no end. */
size_t mproci_lines_count(mproci_bucket *from, const mproci_move *move);

/* Let them go to @to, where there is room.  After a kill it is done again: what is in both is taken out of @from. */
void mproci_lines_move(mproci_bucket *from, mproci_bucket *to, const mproci_move *move);

#endif
