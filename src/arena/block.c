/* SPDX-License-Identifier: MIT */
#include "arena/block.h"

#include "base/error.h"

#include <errno.h>

size_t mproci_block_usable(mproci_block block)
{
	if (mproci_block_is_big(block))
		return (size_t)mproci_unit_pages(block.word) * MPROCI_PAGE;
	if ((mproci_span_state(mproci_span_at(block.unit), block.index) & MPROCI_BLOCK_USED) == 0)
		return 0;
	return mproci_size_classes[mproci_unit_class(block.word)].size;
}

int mproci_block_free_big(mproci_heap *heap, uint32_t unit, const void *address)
{
	int rc;

	rc = mproci_big_free(heap, unit);
	return rc == -EALREADY ? mproci_block_refuse_free(address) : rc;
}

/* Whether nobody uses @unit, as far as can be told without the lock: this only chooses between two errors. */
static bool is_free(uint32_t unit)
{
	uint32_t first = unit;
	uint64_t word = atomic_load(&mproci_arena_here->table[first]);

	while (first > 0 && mproci_unit_kind_of(word) == MPROCI_UNIT_INSIDE)
		word = atomic_load(&mproci_arena_here->table[--first]);
	switch (mproci_unit_kind_of(word)) {
	case MPROCI_UNIT_TAIL:
		return first == unit;
	case MPROCI_UNIT_FREE:
	case MPROCI_UNIT_HELD:
		return unit - first < mproci_unit_length(word);
	default:
		return false;
	}
}

int mproci_block_refuse(const void *address)
{
	size_t unit = ((uintptr_t)address - (uintptr_t)mproci_arena_here->units) / MPROCI_UNIT_SIZE;
	bool was_used = unit < atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_acquire);

	/* What was once a block was aligned to 16. */
	if (was_used && (uintptr_t)address % 16 == 0 && is_free((uint32_t)unit))
		return mproci_block_refuse_free(address);
	return mproci_fail(-EINVAL, "%p is not the start of a block of shared memory, %p to %p", address,
		(void *)mproci_run_memory(0), (void *)mproci_run_memory(mproci_arena_here->unit_limit));
}

int mproci_block_refuse_free(const void *address)
{
	return mproci_fail(-EALREADY, "%p is free already", address);
}
