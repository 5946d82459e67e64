/* SPDX-License-Identifier: MIT */
/*
 * pool/map.h - one map in shared memory: which function on which items, how each ended, who is at what.
 */
#ifndef POOL_MAP_H
#define POOL_MAP_H

#include "pool/ranges.h"
#include "sys/child.h"

#include <mproc/pool.h>

/* What is asked for. */
typedef struct mproci_map_spec {
	mproc_task_function *function;
	const char *items;
	char *results;
	size_t item_size, result_size;
	/* The index of the first item, and how many follow. */
	size_t base, count;
	/* Items a worker takes at a time: not 0. */
	size_t chunk;
} mproci_map_spec;

/* How an item ended, in 16 bits: mproc_ending in the high 4, the code's absolute value in the others. */
typedef uint16_t mproci_verdict;

typedef struct mproci_map {
	/* What is asked for, with items and results where everybody sees them. */
	mproci_map_spec spec;
	/* Set before the first verdict that is no value, so that a caller need not look through all. */
	_Atomic bool has_failures;
	/* One per item; 0 until it has ended: the truth about what is done. */
	_Atomic mproci_verdict *verdicts;
	/* The block that holds this. */
	void *block;
	mproci_ranges *ranges;
} mproci_map;

/*
 * Make a map for @lane_count workers.  With @is_shared, items and results outside the family's memory are copied into it.
 * Returns 0, or -ENOMEM with an error text.
 */
int mproci_map_create(const mproci_map_spec *spec, uint32_t lane_count, bool is_shared, mproci_map **ret_map);

/* Copy shared results back to where they were asked for; those of items without a value only when the map @is_complete. */
void mproci_map_collect(const mproci_map *map, const mproci_map_spec *spec, bool is_complete);

void mproci_map_destroy(mproci_map *map, const mproci_map_spec *spec);

/* Work on a map as the worker of @lane until there is nothing left to take. */
void mproci_map_work(mproci_map *map, uint32_t lane);

/*
 * The worker of @lane died: its item ends so, the rest of its chunk is there again for others.  May be repeated by
 * somebody else when the caller dies on the way.
 */
void mproci_map_recover(mproci_map *map, uint32_t lane, mproci_ending ending);

mproc_outcome mproci_verdict_outcome(mproci_verdict verdict);

#endif
