/* SPDX-License-Identifier: MIT */
/*
 * arena/sparse.h - blocks of addresses, which get memory and give it back piece by piece.
 *
 * A sparse block is freed as any other, by mproci_place_empty or mproc_free; all memory it still has goes
 * with it.  mproc_usable_size and mproc_arena_stats take it for a block of no bytes, and mproc_realloc keeps
 * nothing of it.
 */
#ifndef ARENA_SPARSE_H
#define ARENA_SPARSE_H

#include <stdatomic.h>
#include <stddef.h>

/*
 * Allocate a block of @size bytes, a multiple of 64 KiB, none of which has memory yet: none may be touched.
 * Otherwise as mproci_place_fill.
 */
int mproci_sparse_fill(void *_Atomic *place, size_t size);

/*
 * Give memory to @size bytes at @start, whole pages of a sparse block: zeros where there was none, as it is
 * where there was.  Touching them cannot fail until they are returned.  Returns 0, or -ENOMEM with an error
 * text: some of them may have memory.
 */
int mproci_sparse_provide(void *start, size_t size);

/*
 * Give the memory of @size bytes at @start, whole pages of a sparse block, back to the system: they must not
 * be touched until they are provided again.  They are zero then, except where the application has locked its
 * memory: there they may keep it, and what was in them.
 */
void mproci_sparse_return(void *start, size_t size);

#endif
