/* SPDX-License-Identifier: MIT */
/*
 * arena/fixture.h - what the arena's tests share: a look at the whole.
 */
#ifndef ARENA_FIXTURE_H
#define ARENA_FIXTURE_H

#include "arena/heap.h"

#include <mproc/arena.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>

static inline void fixture_require(bool is_so)
{
	if (is_so)
		return;
	fprintf(stderr, "arena: %s\n", mproc_error_text());
	abort();
}

static inline void fixture_warm_up(void)
{
	fixture_require(mproc_free(mproc_alloc(1)) == 0);
}

/* Count, after a check of all invariants. */
static inline mproci_arena_census fixture_census(void)
{
	mproci_arena_census census;

	fixture_require(mproci_arena_check(&census) == 0);
	return census;
}

/* As fixture_census, after everything was given back that nobody uses. */
static inline mproci_arena_census fixture_census_at_rest(void)
{
	mproci_heap *heap = mproci_heap_here();

	fixture_require(heap != NULL);
	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
	return fixture_census();
}

#endif
