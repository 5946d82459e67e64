/* SPDX-License-Identifier: MIT */
/*
 * arena/place.h - blocks that belong to a word in the family's memory, and never to nobody.
 *
 * Between mproc_alloc and the store of what it returned, and between clearing a pointer and mproc_free, a
 * kill loses the block for ever.  Here it does not: README.md, "Places".
 *
 * One thread at a time is at a place: who holds a lock, say.  Another one may be when that thread has died,
 * before it is buried.  A block that was put into a place leaves it by mproci_place_empty, in no other way.
 * Before the memory of a place is freed it is emptied.  A thread that found no slot in the table of threads
 * is not protected.
 */
#ifndef ARENA_PLACE_H
#define ARENA_PLACE_H

#include <stdatomic.h>
#include <stddef.h>

/*
 * Allocate @size bytes and store the block's address in *@place, a word of the family's memory that is NULL.
 * Killed at any instruction, the block is in the place, or free once the dead is buried.  Returns 0, or a
 * negative errno with an error text.
 */
int mproci_place_fill(void *_Atomic *place, size_t size);

/*
 * Store NULL in *@place, and free the block that it held; nothing happens where it is NULL, or where this
 * process cannot join the family.  Killed at any instruction, the block is in the place and allocated; or
 * *@place is NULL, and the block is free once the dead is buried.
 */
void mproci_place_empty(void *_Atomic *place);

#endif
