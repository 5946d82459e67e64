/* SPDX-License-Identifier: MIT */
#include "ground.h"

#include "sys/memory.h"

#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>

/* Where the arena lies. */
static mproci_arena *arena;
static _Atomic uint64_t *table;
static char *units;

static void find_arena(void)
{
	if (arena != NULL || mproci_arena_open() < 0)
		return;
	arena = mproci_arena_here;
	table = arena->table;
	units = arena->units;
}

static void wipe_arena(void)
{
	find_arena();
	mproci_arena_here = NULL;
	mproci_memory_decommit(arena, MPROCI_PAGE);
	mproci_memory_decommit(table, MPROCI_PAGE);
	mproci_memory_decommit(units, (size_t)GROUND_UNITS * MPROCI_UNIT_SIZE);
}

void crash_renew_arena(void)
{
	wipe_arena();
	mproci_arena_open();
	/* Nobody who ended before this test left anything. */
	arena->swept = mproci_family_here->departures;
}

static void watch_table(void)
{
	crash_watch(arena, (uintptr_t)(table + GROUND_UNITS) - (uintptr_t)arena);
}

void ground_watch_units(size_t from)
{
	for (size_t i = 0; i < GROUND_WATCHED_UNITS; ++i)
		crash_watch(units + i * MPROCI_UNIT_SIZE + from, GROUND_WATCHED_SIZE - from);
}

void ground_clear(void *shared)
{
	(void)shared;
	wipe_arena();
	watch_table();
}

void ground_make_unwatched(void)
{
	crash_renew_arena();
	watch_table();
}

void ground_make(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	ground_watch_units(0);
}

char *ground_units(void)
{
	return units;
}

mproci_heap *ground_enter(void)
{
	crash_expect(mproci_heap_here() != NULL || mproci_heap_enter() == 0, "%s", mproc_error_text());
	crash_expect(mproci_heap_here() != NULL, "no heap");
	return mproci_heap_here();
}

void ground_give(void *block)
{
	crash_expect(mproc_free(block) == 0, "%s", mproc_error_text());
}

uint32_t ground_count_used(const mproci_arena_census *census)
{
	return census->small_used + census->big_blocks;
}

mproci_arena_census ground_look(void)
{
	mproci_arena_census census = {0};

	crash_expect(mproci_arena_check(&census) == 0, "%s", mproc_error_text());
	return census;
}

mproci_arena_census ground_look_at_rest(void)
{
	mproci_heap *heap = ground_enter();
	mproci_arena_census census;

	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
	census = ground_look();
	crash_expect(census.held_units == 0, "%u units are held by nobody", census.held_units);
	crash_expect(census.orphans == 0, "%u spans are nobody's", census.orphans);
	return census;
}

void ground_check_zero(const char *block, size_t size)
{
	crash_expect(block != NULL, "%s", mproc_error_text());
	crash_expect(block[0] == 0 && memcmp(block, block + 1, size - 1) == 0, "memory is not zero");
}

void ground_check_empty(void)
{
	mproci_arena_census census = ground_look_at_rest();
	char *all_units;

	crash_expect(census.free_units == census.units && census.free_runs <= 1,
		"of %u units %u are free, in %u runs", census.units, census.free_units, census.free_runs);
	if (census.units == 0)
		return;
	all_units = mproc_calloc(census.units, MPROCI_UNIT_SIZE);
	ground_check_zero(all_units, (size_t)census.units * MPROCI_UNIT_SIZE);
	crash_expect(all_units == units, "the free run was not found");
	ground_give(all_units);
}
