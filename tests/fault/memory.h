/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/memory.h - the memory that the library gets from malloc, calloc, realloc and aligned_alloc: the linker puts
 * functions of ours in between (--wrap).  What the C library gets for itself is not seen.
 */
#ifndef FAULT_MEMORY_H
#define FAULT_MEMORY_H

/* How many requests it takes a spawned process to the one that is refused: a variable of its environment. */
#define FAULT_MEMORY_VARIABLE "FAULT_MEMORY"

/* What was got and not given back, in this process. */
unsigned fault_count_memory(void);

#endif
