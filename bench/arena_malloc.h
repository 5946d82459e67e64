/* SPDX-License-Identifier: MIT */
/*
 * arena_malloc.h - the work of arena_bench.c on glibc's malloc, without mproc.
 */
#ifndef BENCH_ARENA_MALLOC_H
#define BENCH_ARENA_MALLOC_H

#include "arena_work.h"

/* With an arena_load: one slice.  Returns nanoseconds a block. */
double arena_malloc_pairs(void *load);
double arena_malloc_filled_pairs(void *load);
double arena_malloc_batches(void *load);

/* With an arena_crowd_member: a part for a partner. */
void arena_malloc_crowd(void *member);

/*
 * A part for a partner, with an arena_parcel: it allocates in one thread and frees in another one.  malloc has no blocks that another
 * process could free.
 */
void arena_malloc_hand_over(void *argument);

#endif
