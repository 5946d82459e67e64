/* SPDX-License-Identifier: MIT */
/*
 * arena/span.h - one unit cut into blocks of one size.
 *
 * A byte of state per block is the truth.  Everything else in the header is the owner's notes, worthless to
 * everybody else, and made anew by whoever adopts the span.
 */
#ifndef ARENA_SPAN_H
#define ARENA_SPAN_H

#include "arena/run.h"
#include "arena/size_class.h"

#include <string.h>

typedef enum mproci_block_state {
	MPROCI_BLOCK_FREE = 0,
	MPROCI_BLOCK_USED = 1,
	/* Freed by another thread than the owner: free once the owner has noticed. */
	MPROCI_BLOCK_FREED = 2,
	/*
	 * Added to the last two: threads note what they do to it.  Whoever frees it leaves it to the owner to
	 * notice, who looks for such notes.
	 */
	MPROCI_BLOCK_WATCHED = 4,
} mproci_block_state;

/* Which list of its owner's heap a span is in. */
typedef enum mproci_span_place {
	MPROCI_SPAN_CURRENT,
	MPROCI_SPAN_WITH_ROOM,
	MPROCI_SPAN_FULL,
	MPROCI_SPAN_SPARE,
} mproci_span_place;

typedef struct mproci_span {
	/* The first of a list of free blocks, each of which starts with the next: index + 1, 0 at the end. */
	uint32_t head;
	/* Blocks from this one on are free and in no list. */
	uint32_t fresh;
	/* Blocks allocated, and freed by others unnoticed. */
	uint32_t used;
	/* The family's departures when freed blocks were last collected. */
	uint32_t departures;
	uint32_t unit;
	uint32_t size_class;
	mproci_span_place place;
	/* Neighbours in the owner's ring of spans. */
	struct mproci_span *next, *previous;
	_Alignas(MPROCI_SPAN_HEADER) _Atomic uint8_t states[];
} mproci_span;

static inline mproci_span *mproci_span_at(uint32_t unit)
{
	return (mproci_span *)(void *)mproci_run_memory(unit);
}

static inline const mproci_size_class *mproci_span_class(const mproci_span *span)
{
	return &mproci_size_classes[span->size_class];
}

static inline char *mproci_span_block(mproci_span *span, uint32_t index)
{
	const mproci_size_class *class = mproci_span_class(span);

	return (char *)span + class->start + (size_t)index * class->size;
}

static inline uint8_t mproci_span_state(const mproci_span *span, uint32_t index)
{
	return atomic_load_explicit(&span->states[index], memory_order_acquire);
}

/* Anybody: the index of the block that starts @offset bytes into a span of @size_class; UINT32_MAX if none does. */
static inline uint32_t mproci_span_find(uint32_t size_class, uint32_t offset)
{
	const mproci_size_class *class = &mproci_size_classes[size_class];
	uint32_t index = (uint32_t)((uint64_t)(offset -= class->start) * class->reciprocal >> 32);

	/* In front of the first block it has wrapped around, and is large. */
	return offset < MPROCI_UNIT_SIZE && index * class->size == offset ? index : UINT32_MAX;
}

/* Owner: begin to use a span, made or adopted: write all notes from the states. */
void mproci_span_open(mproci_span *span, uint32_t unit, uint32_t size_class);

/* Owner: make the list of free blocks anew, lowest first. */
void mproci_span_rebuild(mproci_span *span);

/* Owner: whether a block can be had without asking what others freed. */
static inline bool mproci_span_has_room(const mproci_span *span)
{
	return span->head != 0 || span->fresh < mproci_span_class(span)->count;
}

/* Owner: put a free block in front of the list. */
static inline void mproci_span_link(mproci_span *span, uint32_t index)
{
	memcpy(mproci_span_block(span, index), &span->head, sizeof span->head);
	span->head = index + 1;
}

/* Owner: a free block that is in no list is allocated from here on. */
static inline void mproci_span_mark_used(mproci_span *span, uint32_t index)
{
	++span->used;
	atomic_store_explicit(&span->states[index], MPROCI_BLOCK_USED, memory_order_release);
}

/* Owner: the block that mproci_span_pop allocates next; NULL when there is none. */
void *mproci_span_next(mproci_span *span);

/* mproci_span_pop where the list is empty, or wrong. */
void *mproci_span_pop_unlisted(mproci_span *span);

/*
 * Owner: allocate a block; NULL when there is none.  What the list says was read from free blocks, where a program
 * that writes to freed memory may have left anything: only the states are believed.
 */
static inline void *mproci_span_pop(mproci_span *span)
{
	/* Large when the list is empty. */
	uint32_t index = span->head - 1;
	char *block = mproci_span_block(span, index);

	if (index >= mproci_span_class(span)->count || mproci_span_state(span, index) != MPROCI_BLOCK_FREE)
		return mproci_span_pop_unlisted(span);
	memcpy(&span->head, block, sizeof span->head);
	mproci_span_mark_used(span, index);
	return block;
}

/* Owner: free the block @index.  Returns false when it is not allocated, or is watched. */
static inline bool mproci_span_push(mproci_span *span, uint32_t index)
{
	if (mproci_span_state(span, index) != MPROCI_BLOCK_USED)
		return false;
	/* Free from here on. */
	atomic_store_explicit(&span->states[index], MPROCI_BLOCK_FREE, memory_order_release);
	/* The link is written into the block: not before it is free. */
	atomic_signal_fence(memory_order_seq_cst);
	mproci_span_link(span, index);
	--span->used;
	return true;
}

/* Anybody: how many blocks of a span of @size_class are in use. */
uint32_t mproci_span_count_used(const mproci_span *span, uint32_t size_class);

/* Anybody: free the block @index for the owner to notice.  Returns false when it is not allocated. */
bool mproci_span_push_foreign(mproci_span *span, uint32_t unit, uint32_t index);

/* Whoever has allocated the block at @unit that @address lies in: from now on it is watched. */
void mproci_span_watch(uint32_t unit, uint32_t size_class, const void *address);

/*
 * Owner: take what was freed and not yet noticed into the list, if anybody has freed, or may have died doing
 * so.  A watched block stays as it is while a thread has a note of it.  Returns has_room.
 */
bool mproci_span_collect(mproci_span *span);

#endif
