/* SPDX-License-Identifier: MIT */
/*
 * arena/big.h - blocks that are runs of their own.
 */
#ifndef ARENA_BIG_H
#define ARENA_BIG_H

#include "arena/heap.h"

/* Allocate @size bytes, not 0; @heap may be NULL.  Returns NULL with an error text when there is no memory. */
void *mproci_big_alloc(mproci_heap *heap, size_t size, bool is_zeroed);

/*
 * Free the big block at @unit, whose word was @word.  Returns 0; -EALREADY: somebody was faster; or another negative
 * errno with an error text.
 */
int mproci_big_free(mproci_heap *heap, uint32_t unit, uint64_t word);

#endif
