/* SPDX-License-Identifier: MIT */
/*
 * arena/big.h - blocks that are runs of their own.
 */
#ifndef ARENA_BIG_H
#define ARENA_BIG_H

#include "arena/heap.h"

/*
 * Allocate @size bytes, 0 as 1, aligned to @alignment, a power of two, and at least to a unit; @heap may be NULL.
 * Returns NULL with an error text when there is no memory.
 */
void *mproci_big_alloc(mproci_heap *heap, size_t size, size_t alignment, bool is_zeroed);

/*
 * Allocate a big block of @size bytes in *@place, as mproci_place_fill does; a sparse one has no memory.
 * Returns 0 or a negative errno with an error text.
 */
int mproci_big_fill(void *_Atomic *place, mproci_heap *heap, size_t size, bool is_sparse);

/* Free the big block at @unit in *@place, as mproci_place_empty does. */
void mproci_big_empty(void *_Atomic *place, mproci_heap *heap, uint32_t unit);

/*
 * Where a thread that has died has noted both: let the big block at @unit, if there is one, be in *@place or
 * free.
 */
void mproci_big_settle(void *_Atomic *place, uint32_t unit);

/*
 * Give the big block at @unit room for @size bytes, 0 as 1, where it lies.  Returns 0; -EALREADY: there is none any
 * more; -ENOMEM, which may be without an error text, or another negative errno: it is as it was.
 */
int mproci_big_resize(mproci_heap *heap, uint32_t unit, size_t size);

/*
 * Free the big block at @unit.  Returns 0; -EALREADY: somebody was faster; or another negative errno with an error
 * text.
 */
int mproci_big_free(mproci_heap *heap, uint32_t unit);

#endif
