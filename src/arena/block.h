/* SPDX-License-Identifier: MIT */
/*
 * arena/block.h - from an address to the block that starts there, and what is said when none does.
 */
#ifndef ARENA_BLOCK_H
#define ARENA_BLOCK_H

#include "arena/big.h"

/* Small enough to be passed in registers. */
typedef struct mproci_block {
	/* What the word of the unit was that it lies in. */
	uint64_t word;
	uint32_t unit;
	/* Which one it is in its span; 0 for a big one. */
	uint32_t index;
} mproci_block;

static inline bool mproci_block_is_big(mproci_block block)
{
	return mproci_unit_kind_of(block.word) == MPROCI_UNIT_BIG;
}

/* Find the block, allocated or not, that starts at @address.  Returns false when none does. */
static inline bool mproci_block_find(const void *address, mproci_block *ret_block)
{
	const mproci_arena *arena = mproci_arena_here;
	size_t offset = (uintptr_t)address - (uintptr_t)arena->units;
	mproci_block block = {.unit = (uint32_t)(offset / MPROCI_UNIT_SIZE)};

	if (offset / MPROCI_UNIT_SIZE >= atomic_load_explicit(&arena->unit_count, memory_order_acquire))
		return false;
	offset %= MPROCI_UNIT_SIZE;
	block.word = atomic_load_explicit(&arena->table[block.unit], memory_order_acquire);
	if (mproci_unit_kind_of(block.word) == MPROCI_UNIT_SPAN)
		block.index = mproci_span_find(mproci_unit_class(block.word), (uint32_t)offset);
	else if (!mproci_block_is_big(block) || offset != 0)
		return false;
	*ret_block = block;
	return block.index != UINT32_MAX;
}

/* Bytes that may be used of it; 0 when it is not allocated. */
size_t mproci_block_usable(mproci_block block);

/* The error, with its text, when no block starts at @address: -EINVAL, or -EALREADY where one may have been. */
int mproci_block_refuse(const void *address);

/* The error, with its text, when the block there is not allocated: -EALREADY. */
int mproci_block_refuse_free(const void *address);

/* mproci_block_free for a big one. */
int mproci_block_free_big(mproci_heap *heap, uint32_t unit, const void *address);

/* Free the block that was found at @address; @heap may be NULL.  Returns what mproc_free does. */
static inline int mproci_block_free(mproci_heap *heap, mproci_block block, const void *address)
{
	mproci_span *span = mproci_span_at(block.unit);
	bool is_ours, is_free;

	if (mproci_block_is_big(block))
		return mproci_block_free_big(heap, block.unit, address);
	is_ours = heap != NULL && mproci_unit_owner_of(block.word) == heap->owner;
	is_free = is_ours ? mproci_heap_free(heap, span, block.index)
			  : mproci_span_push_foreign(span, block.unit, block.index);
	return is_free ? 0 : mproci_block_refuse_free(address);
}

#endif
