/* SPDX-License-Identifier: MIT */
/*
 * collections/chunks.h - slots for addresses, as many as are needed at both ends, which keep their places
 * when there are more.
 *
 * Slots are numbered, in both directions without an end.  They lie in chunks; a directory, in which the
 * chunks' numbers go round, has the chunks' addresses.  Of a list's n slots it takes one word in
 * MPROCI_CHUNK_SLOTS, so it is copied when it gets too small.
 */
#ifndef COLLECTIONS_CHUNKS_H
#define COLLECTIONS_CHUNKS_H

#include "collections/entry.h"

enum {
	MPROCI_CHUNK_SLOTS = 512,
	MPROCI_CHUNKS_FEWEST = 8,
};

/* More chunks than any arena has room for; a power of two. */
static const uint64_t MPROCI_CHUNKS_MOST = UINT64_C(1) << 40;

typedef struct mproci_chunk {
	void *_Atomic slots[MPROCI_CHUNK_SLOTS];
} mproci_chunk;

typedef struct mproci_directory {
	/* A power of two. */
	_Atomic uint64_t capacity;
	/* Chunk n is at n modulo capacity; NULL: no such chunk. */
	void *_Atomic chunks[];
} mproci_directory;

typedef struct mproci_chunks {
	/* NULL until the first slot is needed. */
	void *_Atomic directory;
	/* Blocks that may not be, or no longer be, in use: mproci_chunks_settle. */
	void *_Atomic new_directory, *_Atomic old_directory, *_Atomic loose_chunk;
	/* Where in the directory the loose chunk belongs. */
	_Atomic uint64_t loose_index;
} mproci_chunks;

/* Which slots are in use: from the first to the one before the end. */
typedef struct mproci_slots {
	uint64_t first, end;
} mproci_slots;

static inline uint64_t mproci_slots_count(mproci_slots slots)
{
	return slots.end - slots.first;
}

/*
 * How many chunks there is room for without a larger directory; 0: nothing that could be a directory is
 * there.
 */
static inline MPROCI_RACES uint64_t mproci_directory_capacity(const mproci_directory *directory)
{
	uint64_t capacity;

	if (!mproci_arena_may_hold(directory, sizeof *directory))
		return 0;
	capacity = atomic_load_explicit(&directory->capacity, memory_order_relaxed);
	return capacity <= MPROCI_CHUNKS_MOST && (capacity & (capacity - 1)) == 0
			       && mproci_arena_may_hold(
				       directory, sizeof *directory + capacity * sizeof(void *))
		       ? capacity
		       : 0;
}

/* More slots are not in use; 0 while nothing, or nothing that could be a directory, is there. */
static inline MPROCI_RACES uint64_t mproci_chunks_limit(const mproci_chunks *chunks)
{
	return mproci_directory_capacity(atomic_load_explicit(&chunks->directory, memory_order_acquire))
	       * MPROCI_CHUNK_SLOTS;
}

/* The word in the directory for the chunk that has a slot, or NULL: as mproci_chunks_slot. */
static inline MPROCI_RACES void *_Atomic *mproci_chunks_entry(const mproci_chunks *chunks, uint64_t slot)
{
	mproci_directory *directory = atomic_load_explicit(&chunks->directory, memory_order_acquire);
	uint64_t capacity = mproci_directory_capacity(directory);

	return capacity == 0 ? NULL : &directory->chunks[slot / MPROCI_CHUNK_SLOTS & (capacity - 1)];
}

/*
 * Find a slot, with or without the lock.  Returns NULL when it has no memory; or when what is there cannot
 * be: somebody is changing it, or has overwritten it.
 */
static inline MPROCI_RACES void *_Atomic *mproci_chunks_slot(const mproci_chunks *chunks, uint64_t slot)
{
	void *_Atomic *entry = mproci_chunks_entry(chunks, slot);
	mproci_chunk *chunk = entry == NULL ? NULL : atomic_load_explicit(entry, memory_order_acquire);

	return mproci_arena_may_hold(chunk, sizeof *chunk) ? &chunk->slots[slot % MPROCI_CHUNK_SLOTS] : NULL;
}

/* All below is for who has the lock, and has told readers to stay away. */

/*
 * See that there is memory for @slot, which is in use, or next to those in use.  Returns 0, -ENOMEM with an
 * error text, or -EBADMSG without one: what is there cannot be.
 */
int mproci_chunks_provide(mproci_chunks *chunks, mproci_slots used, uint64_t slot);

/*
 * After a slot at one of the ends, or all of them, went out of use: give back the chunks that are too many.
 */
void mproci_chunks_trim(mproci_chunks *chunks, mproci_slots used);

/* Give everything back. */
void mproci_chunks_free(mproci_chunks *chunks);

/* After a death: what is loose is in use, or it is freed. */
void mproci_chunks_settle(mproci_chunks *chunks);

#endif
