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
	/* How often each item's function ran. */
	_Atomic uint32_t runs[SMALL_MAP_ITEMS];
	uint64_t results[SMALL_MAP_ITEMS];
	/* The item that waits until its fuse is lit, and then kills its worker, plus 1; once. */
	_Atomic uint32_t bomb, is_lit;
	_Alignas(128) char ranges[sizeof(mproci_ranges) + SMALL_MAP_LANES * sizeof(mproci_lane)];
} small_map;

extern const mproci_ending small_map_killed;

void small_map_make(small_map *small, uint32_t lane_count, uint32_t count, size_t chunk);

/* Let the item that is a bomb go off. */
void small_map_light(small_map *small);

/* Every item ended once; at most @most_failed of them with their worker. */
void small_map_check(small_map *small, unsigned most_failed);

#endif
