/* SPDX-License-Identifier: MIT */
/*
 * sys/growing_memory.h - memory of this process alone that is made larger, and that a forked child does not have.
 *
 * For what a thread of the library works on, which a child could never free.
 */
#ifndef SYS_GROWING_MEMORY_H
#define SYS_GROWING_MEMORY_H

#include <stddef.h>

/*
 * Make memory of @size bytes (NULL and 0: none yet) one of @larger, at another address perhaps; what is new is zeros, and takes
 * no room until it is touched.  Returns it; NULL: there is no more, and @memory is as it was.
 */
void *mproci_growing_memory_grow(void *memory, size_t size, size_t larger);

/* Give it back; NULL is none. */
void mproci_growing_memory_free(void *memory, size_t size);

#endif
