/* SPDX-License-Identifier: MIT */
#include "arena/block.h"
#include "sys/null.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

/* Move what the block at @address holds to one of @size bytes, and free it. */
static void *move(mproci_heap *heap, mproci_block block, const void *address, size_t size)
{
	size_t usable = mproci_block_usable(block);
	void *moved;
	int rc;

	moved = mproc_alloc(size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, address, size < usable ? size : usable);
	rc = mproci_block_free(heap, block, address);
	if (rc == 0)
		return moved;
	mproc_free(moved);
	return mproci_null(rc);
}

static void *realloc_small(mproci_heap *heap, mproci_block block, void *address, size_t size)
{
	size_t usable = mproci_block_usable(block);

	if (usable == 0)
		return mproci_null(mproci_block_refuse_free(address));
	if (size <= usable
		&& (size > usable / 2 || mproci_size_class_of(size) == mproci_unit_class(block.word)))
		return address;
	return move(heap, block, address, size);
}

static void *realloc_big(mproci_heap *heap, mproci_block block, void *address, size_t size)
{
	void *moved = NULL;
	int rc;

	/* A small block is a waste of a page, but better than none. */
	if (size <= MPROCI_SMALL_MAX && heap != NULL)
		moved = move(heap, block, address, size);
	if (moved != NULL)
		return moved;
	rc = mproci_big_resize(heap, block.unit, size);
	if (rc == -EALREADY)
		return mproci_null(mproci_block_refuse_free(address));
	if (rc == -ENOMEM)
		return move(heap, block, address, size);
	return rc < 0 ? mproci_null(rc) : address;
}

void *mproc_realloc(void *address, size_t size)
{
	mproci_heap *heap;
	mproci_block block;
	int rc;

	if (address == NULL)
		return mproc_alloc(size);
	rc = mproci_heap_need(&heap);
	if (rc < 0)
		return mproci_null(rc);
	if (!mproci_block_find(address, &block))
		return mproci_null(mproci_block_refuse(address));
	if (mproci_block_is_big(block))
		return realloc_big(heap, block, address, size);
	return realloc_small(heap, block, address, size);
}
