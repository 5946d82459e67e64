/* SPDX-License-Identifier: MIT */
/*
 * manager/ordered.h - entries of a hash table in the order of their scores, and of their names where those are equal.
 *
 * They lie in chunks, each an array in order, and the chunks in an array too: finding by value is a binary search in
 * both; finding by rank adds up the counts of the chunks before, a few thousand for a million entries.
 */
#ifndef MANAGER_ORDERED_H
#define MANAGER_ORDERED_H

#include "manager/table.h"

typedef struct mproci_ranked {
	double score;
	/* Its payload is of MPROCI_ORDERED_PAYLOAD bytes. */
	mproci_hash_entry *entry;
} mproci_ranked;

enum {
	MPROCI_ORDERED_PAYLOAD = sizeof(double),
};

typedef struct mproci_ordered_chunk {
	mproci_ranked *items;
	uint32_t count, capacity;
} mproci_ordered_chunk;

/* Zeroes: an empty one. */
typedef struct mproci_ordered {
	mproci_ordered_chunk *chunks;
	size_t chunk_count, chunk_capacity;
	size_t count;
} mproci_ordered;

/* A place in the order: with a score, or a name among those of one score, or both; before what is there, or behind it. */
typedef struct mproci_bound {
	bool has_score, has_name, is_behind;
	double score;
	mproci_view name;
} mproci_bound;

/* Where an item is; valid until something changes. */
typedef struct mproci_ordered_position {
	size_t chunk, index;
} mproci_ordered_position;

static inline mproci_view mproci_ranked_name(const mproci_ranked *item)
{
	return (mproci_view){item->entry->payload + MPROCI_ORDERED_PAYLOAD, item->entry->size};
}

/* Free what it has; the entries are the table's. */
void mproci_ordered_clear(mproci_ordered *ordered);

/* Put in an entry, which is not there with that score.  Returns 0, or -ENOMEM, with everything as it was. */
int mproci_ordered_insert(mproci_ordered *ordered, double score, mproci_hash_entry *entry);

/* Take out an entry, which is there with that score. */
void mproci_ordered_remove(mproci_ordered *ordered, double score, const mproci_hash_entry *entry);

/* Take out @count entries from a rank on; they are not looked at. */
void mproci_ordered_cut(mproci_ordered *ordered, size_t first, size_t count);

/* How many entries are before a place. */
size_t mproci_ordered_count_before(const mproci_ordered *ordered, const mproci_bound *bound);

/* The position of a rank, which there is; what is there; and the position after it or before it. */
mproci_ordered_position mproci_ordered_seek(const mproci_ordered *ordered, size_t rank);
const mproci_ranked *mproci_ordered_at(const mproci_ordered *ordered, mproci_ordered_position position);
void mproci_ordered_step(const mproci_ordered *ordered, mproci_ordered_position *position, bool backwards);

#endif
