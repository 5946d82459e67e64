/* SPDX-License-Identifier: MIT */
/*
 * The public calls.  The common case, a small block in a thread that has a heap, comes first and calls little.
 */
#include <mproc/arena.h>

#include "arena/big.h"
#include "base/error.h"
#include "sys/memory.h"
#include "sys/null.h"

#include <errno.h>
#include <string.h>

/* Whatever is not the common case. */
static void *alloc_otherwise(size_t size, bool is_zeroed)
{
	mproci_heap *heap = mproci_heap_here();
	void *block;
	int rc;

	rc = heap == NULL ? mproci_heap_enter() : 0;
	if (rc < 0)
		return mproci_null(rc);
	heap = mproci_heap_here();
	if (heap == NULL || size > MPROCI_SMALL_MAX) {
		block = mproci_big_alloc(heap, size == 0 ? 1 : size, is_zeroed);
	} else {
		block = mproci_heap_alloc(heap, mproci_size_class_of(size));
		if (block != NULL && is_zeroed)
			memset(block, 0, size);
	}
	return block == NULL ? mproci_null(-ENOMEM) : block;
}

void *mproc_alloc(size_t size)
{
	mproci_heap *heap = mproci_heap_here();
	void *block;

	if (heap == NULL || size > MPROCI_SMALL_MAX)
		return alloc_otherwise(size, false);
	block = mproci_heap_alloc(heap, mproci_size_class_of(size));
	return block == NULL ? mproci_null(-ENOMEM) : block;
}

void *mproc_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (!__builtin_mul_overflow(count, size, &bytes))
		return alloc_otherwise(bytes, true);
	return mproci_null(
		mproci_fail(-EOVERFLOW, "%zu items of %zu bytes: at most %zu bytes", count, size, SIZE_MAX));
}

/* The unit an address lies in; unit_limit when it was never in use, or is no address of the arena. */
static uint32_t find_unit(const void *block)
{
	size_t unit = ((uintptr_t)block - (uintptr_t)mproci_arena_here->units) / MPROCI_UNIT_SIZE;

	if (unit < atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_acquire))
		return (uint32_t)unit;
	return mproci_arena_here->unit_limit;
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

static int refuse_free(const void *block)
{
	return mproci_fail(-EALREADY, "%p is free already", block);
}

static int refuse_foreign(const void *block)
{
	return mproci_fail(-EINVAL, "%p is not the start of a block of shared memory, %p to %p", block,
		(void *)mproci_run_memory(0), (void *)mproci_run_memory(mproci_arena_here->unit_limit));
}

static int free_otherwise(mproci_heap *heap, void *block, uint32_t unit, uint64_t word)
{
	int rc;

	if (mproci_unit_kind_of(word) == MPROCI_UNIT_BIG && block == mproci_run_memory(unit)) {
		rc = mproci_big_free(heap, unit, word);
		return rc == -EALREADY ? refuse_free(block) : rc;
	}
	/* What was once a block was aligned to 16. */
	return (uintptr_t)block % 16 == 0 && is_free(unit) ? refuse_free(block) : refuse_foreign(block);
}

static int free_small(mproci_heap *heap, void *block, uint32_t unit, uint64_t word)
{
	mproci_span *span = mproci_span_at(unit);
	uint32_t index = mproci_span_find(unit, mproci_unit_class(word), block);
	bool is_ours = heap != NULL && mproci_unit_owner_of(word) == heap->owner;

	if (index == UINT32_MAX)
		return refuse_foreign(block);
	if (is_ours ? mproci_heap_free(heap, span, index) : mproci_span_push_foreign(span, unit, index))
		return 0;
	return refuse_free(block);
}

int mproc_free(void *block)
{
	mproci_heap *heap;
	uint32_t unit;
	uint64_t word;

	if (block == NULL)
		return 0;
	heap = mproci_heap_here();
	if (heap == NULL) {
		int rc = mproci_heap_enter();

		if (rc < 0)
			return rc;
		heap = mproci_heap_here();
	}
	unit = find_unit(block);
	if (unit == mproci_arena_here->unit_limit)
		return refuse_foreign(block);
	word = atomic_load_explicit(&mproci_arena_here->table[unit], memory_order_acquire);
	if (mproci_unit_kind_of(word) == MPROCI_UNIT_SPAN)
		return free_small(heap, block, unit, word);
	return free_otherwise(heap, block, unit, word);
}

size_t mproc_usable_size(const void *block)
{
	uint32_t unit;
	uint64_t word;
	uint32_t index;

	if (block == NULL || (mproci_heap_here() == NULL && mproci_heap_enter() < 0))
		return 0;
	unit = find_unit(block);
	if (unit == mproci_arena_here->unit_limit)
		return 0;
	word = atomic_load_explicit(&mproci_arena_here->table[unit], memory_order_acquire);
	if (mproci_unit_kind_of(word) == MPROCI_UNIT_BIG)
		return block == mproci_run_memory(unit) ? (size_t)mproci_unit_pages(word) * MPROCI_PAGE : 0;
	if (mproci_unit_kind_of(word) != MPROCI_UNIT_SPAN)
		return 0;
	index = mproci_span_find(unit, mproci_unit_class(word), block);
	if (index == UINT32_MAX || mproci_span_state(mproci_span_at(unit), index) != MPROCI_BLOCK_USED)
		return 0;
	return mproci_size_classes[mproci_unit_class(word)].size;
}
