/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/small_map.h - a map of a few items, made without the allocator, that counts what is done.
 */
#ifndef CRASH_SMALL_MAP_H
#define CRASH_SMALL_MAP_H

#include "pool/map.h"

enum {
	SMALL_MAP_ITEMS = 8,
	SMALL_MAP_LANES = 3
};

typedef struct small_map {
	mproci_map map;
	_Atomic mproci_verdict verdicts[SMALL_MAP_ITEMS];
	/* How often each item's function ran, and which attempt that was. */
	_Atomic uint32_t runs[SMALL_MAP_ITEMS], attempts[SMALL_MAP_ITEMS];
	uint64_t results[SMALL_MAP_ITEMS];
	/* The item that waits until its fuse is lit, and then kills its worker, plus 1; once. */
	_Atomic uint32_t bomb, is_lit;
	/* The item whose function returns an error at its first attempt, plus 1. */
	uint32_t failing;
	/* What the function does beside that at the first attempt at an item; or NULL. */
	void (*within)(void *shared, size_t item);
	/* How those end whose workers were killed: with a signal, unless a test says otherwise. */
	mproc_ending how_killed;
	/* 1 once the witness, who may wait for the victim's death, has left its lane to others. */
	_Atomic uint32_t is_witness_done;
	_Atomic mproc_deadline kill_at[SMALL_MAP_LANES];
	_Alignas(128) char ranges[sizeof(mproci_ranges) + SMALL_MAP_LANES * sizeof(mproci_lane)];
} small_map;

extern const mproci_death small_map_killed;

/* Then the rest of its spec can be changed. */
void small_map_make(small_map *small, uint32_t lane_count, uint32_t count, size_t chunk);

/* What it applies to each item. */
mproc_task_function small_map_function;

/* Work in a lane until nothing is left to take. */
void small_map_work(small_map *small, uint32_t lane);

/* Let the item that is a bomb go off. */
void small_map_light(small_map *small);

/*
 * Every item ended once; at most @most_killed of them with their worker, and none that may be tried again.
 * In a map that is stopping, items that never ran may be left.  Returns how many were killed.
 */
unsigned small_map_check(small_map *small, unsigned most_killed);

#endif
