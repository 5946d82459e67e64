/* SPDX-License-Identifier: MIT */
/*
 * arena/heap.h - the spans a thread owns.
 *
 * A heap is private memory of its thread, and a cache: the truth is in the table of units and in the states of blocks.
 * A child's copy of its parent's heap means nothing, nor does that of a thread that gave up its slot.
 */
#ifndef ARENA_HEAP_H
#define ARENA_HEAP_H

#include "arena/span.h"

typedef struct mproci_bin {
	/* Where the next block comes from. */
	mproci_span *current;
	/* Rings of the others: those known to have a free block, and those that were full, longest unseen first. */
	mproci_span *with_room, *full;
} mproci_bin;

typedef struct mproci_heap {
	/* Whose it is. */
	mproci_id member, thread;
	/* The thread as the words of units name it; never 0 in a heap that is in use. */
	uint64_t owner;
	/* Unused spans that wait for any size class, and how many they are. */
	mproci_span *spare;
	uint32_t spare_count;
	mproci_bin bins[MPROCI_SIZE_CLASSES];
} mproci_heap;

/* This thread's heap; NULL when it has not entered yet, or the table of threads is full. */
mproci_heap *mproci_heap_here(void);

/*
 * Join the family, open the arena and begin a heap: what every public call does first when it finds no heap.
 * Returns 0 or a negative errno with an error text.
 */
int mproci_heap_enter(void);

/* Allocate a block of @size_class.  Returns NULL with an error text when there is no memory. */
void *mproci_heap_alloc(mproci_heap *heap, uint32_t size_class);

/* Free a block of a span that this heap owns.  Returns false when it is not allocated. */
bool mproci_heap_free(mproci_heap *heap, mproci_span *span, uint32_t index);

/*
 * Take over what ended threads left: their spans go to this heap, unless it is NULL, and runs they held become free.
 * Does nothing when nobody has ended since the last time, unless @force.
 */
void mproci_heap_sweep(mproci_heap *heap, bool force);

/* Give back every unit that can be: when there is no memory. */
void mproci_heap_trim(mproci_heap *heap);

#endif
