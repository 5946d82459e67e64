/* SPDX-License-Identifier: MIT */
/*
 * The public calls.  The common case, a small block in a thread that has a heap, comes first and calls little.
 */
#include <mproc/arena.h>

#include "arena/block.h"
#include "base/error.h"
#include "family/family.h"
#include "sys/null.h"

#include <errno.h>
#include <string.h>

static const size_t MOST_ALIGNMENT = (size_t)1 << 30;

int mproc_arena_reserve(size_t size)
{
	mproci_heap *heap;
	int rc;

	rc = mproci_family_reserve(size);
	return rc < 0 ? rc : mproci_heap_need(&heap);
}

/* Whatever is not the common case. */
static void *alloc_otherwise(size_t size, size_t alignment, bool is_zeroed)
{
	mproci_heap *heap;
	void *block;
	int rc;

	rc = mproci_heap_need(&heap);
	if (rc < 0)
		return mproci_null(rc);
	if (heap == NULL || size > MPROCI_SMALL_MAX || alignment > MPROCI_SMALL_MAX) {
		block = mproci_big_alloc(heap, size, alignment, is_zeroed);
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
		return alloc_otherwise(size, 1, false);
	block = mproci_heap_alloc(heap, mproci_size_class_of(size));
	return block == NULL ? mproci_null(-ENOMEM) : block;
}

void *mproc_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (!__builtin_mul_overflow(count, size, &bytes))
		return alloc_otherwise(bytes, 1, true);
	return mproci_null(
		mproci_fail(-EOVERFLOW, "%zu items of %zu bytes: at most %zu bytes", count, size, SIZE_MAX));
}

static size_t to_power_of_two(size_t size)
{
	size_t power = 1;

	while (power < size)
		power *= 2;
	return power;
}

void *mproc_aligned_alloc(size_t alignment, size_t size)
{
	bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;

	if (!is_power || alignment > MOST_ALIGNMENT)
		return mproci_null(mproci_fail(-EINVAL,
			"an alignment of %zu: it is a power of two, at most %zu", alignment, MOST_ALIGNMENT));
	/* Small blocks whose size is a power of two are aligned to it, all others to 16. */
	if (alignment > 16 && alignment <= MPROCI_SMALL_MAX && size <= MPROCI_SMALL_MAX)
		size = to_power_of_two(size < alignment ? alignment : size);
	return alloc_otherwise(size, alignment, false);
}

int mproc_free(void *address)
{
	mproci_heap *heap = mproci_heap_here();
	mproci_block block;
	int rc;

	if (address == NULL)
		return 0;
	rc = heap == NULL ? mproci_heap_need(&heap) : 0;
	if (rc < 0)
		return rc;
	if (!mproci_block_find(address, &block))
		return mproci_block_refuse(address);
	return mproci_block_free(heap, block, address);
}

size_t mproc_usable_size(const void *address)
{
	mproci_heap *heap;
	mproci_block block;

	if (address == NULL || mproci_heap_need(&heap) < 0 || !mproci_block_find(address, &block))
		return 0;
	return mproci_block_usable(block);
}
