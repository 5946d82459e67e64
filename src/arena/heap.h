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
	mproci_id thread;
	/* The thread as the words of units name it; never 0 in a heap that is in use. */
	uint64_t owner;
	/* Unused spans that wait for any size class, and how many they are. */
	mproci_span *spare;
	uint32_t spare_count;
	mproci_bin bins[MPROCI_SIZE_CLASSES];
} mproci_heap;

/*
 * This thread's heap, or a copy of the parent's.  Small enough for the static part of thread-local memory: found without
 * a call.
 */
extern _Thread_local __attribute__((tls_model("initial-exec"))) mproci_heap *mproci_heap_noted;

/*
 * This thread's heap; NULL when it has not entered yet, or the table of threads is full.  A child has its parent's copy,
 * but is another thread; a thread that ends gives its slot up, and may still come here afterwards, from the destructors
 * of its other thread-local data.
 */
static inline mproci_heap *mproci_heap_here(void)
{
	mproci_heap *heap = mproci_heap_noted;

	return heap != NULL && mproci_thread_is_own(heap->thread) ? heap : NULL;
}

/*
 * Join the family, open the arena and begin a heap: what every public call does first when it finds no heap.
 * Returns 0 or a negative errno with an error text.
 */
int mproci_heap_enter(void);

/* What mproci_heap_here returns, after mproci_heap_enter if need be.  Returns what that does. */
static inline int mproci_heap_need(mproci_heap **ret_heap)
{
	int rc = 0;

	*ret_heap = mproci_heap_here();
	if (*ret_heap == NULL) {
		rc = mproci_heap_enter();
		*ret_heap = mproci_heap_here();
	}
	return rc;
}

/*
 * The block that mproci_heap_alloc allocates next.  Returns NULL with an error text when there is no memory.
 */
void *mproci_heap_next(mproci_heap *heap, uint32_t size_class);

/* mproci_heap_alloc where the current span has no block left, or there is none. */
void *mproci_heap_refill(mproci_heap *heap, uint32_t size_class);

/* Allocate a block of @size_class.  Returns NULL with an error text when there is no memory. */
static inline void *mproci_heap_alloc(mproci_heap *heap, uint32_t size_class)
{
	mproci_span *span = heap->bins[size_class].current;
	void *block = span == NULL ? NULL : mproci_span_pop(span);

	return block == NULL ? mproci_heap_refill(heap, size_class) : block;
}

/* A span that was full has a free block, or one that had some is unused: put it where it belongs. */
void mproci_heap_rearrange(mproci_heap *heap, mproci_span *span);

/* Free a block of a span that this heap owns.  Returns false when it is not allocated. */
static inline bool mproci_heap_free(mproci_heap *heap, mproci_span *span, uint32_t index)
{
	if (!mproci_span_push(span, index))
		return mproci_span_push_foreign(span, span->unit, index);
	if (span->place != MPROCI_SPAN_CURRENT && (span->place != MPROCI_SPAN_WITH_ROOM || span->used == 0))
		mproci_heap_rearrange(heap, span);
	return true;
}

/*
 * Take over what ended threads left: their spans go to this heap, unless it is NULL, and runs they held become free.
 * Does nothing when nobody has ended since the last time, unless @force.
 */
void mproci_heap_sweep(mproci_heap *heap, bool force);

/* Give back every unit that can be: when there is no memory. */
void mproci_heap_trim(mproci_heap *heap);

#endif
