/* SPDX-License-Identifier: MIT */
/*
 * pool/map.h - one map in shared memory: which function on which items, how each ended, who is at what.
 */
#ifndef POOL_MAP_H
#define POOL_MAP_H

#include "pool/functions.h"
#include "pool/ranges.h"
#include "pool/task.h"
#include "pool/verdict.h"

#include <mproc/map.h>

/* What is asked for. */
typedef struct mproci_map_spec {
	mproci_function function;
	const char *items;
	char *results;
	size_t item_size, result_size;
	/* The index of the first item, and how many follow. */
	size_t base, count;
	/* Items a worker takes at a time: not 0. */
	size_t chunk;
	mproci_terms terms;
	bool stops_on_failure, is_shuffled, has_returned;
	/* Items that another program is at are left for a second round: mproci_map_go_on. */
	bool puts_off;
	/* Where results are kept, and under what name; NULL: nowhere. */
	mproc_cache *cache;
	const char *cache_function;
	uint64_t cache_version;
} mproci_map_spec;

typedef enum mproci_stop {
	MPROCI_STOP_NONE,
	MPROCI_STOP_FAILURE,
	MPROCI_STOP_DEADLINE,
	MPROCI_STOP_CANCELLED,
} mproci_stop;

typedef struct mproci_map {
	/* What is asked for, with items, results and context where everybody sees them. */
	mproci_map_spec spec;
	/* No item is begun any more; and why, a mproci_stop: the first reason. */
	_Atomic bool is_stopping;
	_Atomic uint32_t stop_reason;
	/* From when on the nursery kills who is inside; MPROC_FOREVER: not. */
	_Atomic mproc_deadline kill_at;
	/* MPROC_ENDING_TIMEOUT or _CANCELLED: how items end whose workers were killed at that time. */
	_Atomic uint32_t kill_ending;
	/* How many items ended without a value. */
	_Atomic uint64_t failed;
	/* One per item; without an ending until it has ended: the truth about what is done. */
	_Atomic mproci_verdict *verdicts;
	/* One per item, or NULL. */
	mproci_returned *returned;
	/* The block that holds this. */
	void *block;
	mproci_ranges *ranges;
	/* Where results are kept (pool/cached.h), or NULL. */
	struct mproci_cached *cached;
	/* How many items were left for the second round; in that, how many there are; 0: it is the first. */
	_Atomic uint64_t put_off;
	uint64_t again;
} mproci_map;

/* What became of an item whose result another one is computing. */
typedef enum mproci_delay {
	MPROCI_DELAY_NONE,
	/* It was left for the second round. */
	MPROCI_DELAY_PUT_OFF,
	/* It was not waited for any longer: this worker is to leave. */
	MPROCI_DELAY_LEAVING,
} mproci_delay;

/* A worker in its lane. */
typedef struct mproci_map_visit {
	mproci_map *map;
	uint32_t lane;
	mproc_task_function *function;
	/* In its seat: when to kill the worker for the item that it is at (pool/crew.h). */
	_Atomic mproc_deadline *kill_at;
	/* Leave off after one chunk, or when *@calls is no longer @seen. */
	bool takes_one;
	const _Atomic uint64_t *calls;
	uint64_t seen;
	/* Nothing is asked for but the results; and what is written then when a function returns 0. */
	bool is_plain;
	mproci_verdict value;
	/* Items that ended without a value; the first item of the chunk done last. */
	size_t failed, first;
	mproc_task task;
	/* Where this worker looks for results, and keeps them; NULL: nowhere. */
	mproc_cache *cache;
	/* While it waits there for another one: leave off when the process was interrupted since @begun. */
	bool heeds_interrupts;
	uint64_t begun;
	mproci_delay delay;
} mproci_map_visit;

/* In a worker's kill_at: the nursery has decided to kill it. */
#define MPROCI_KILLING ((mproc_deadline)-2)

/* What died, and why. */
typedef struct mproci_death {
	mproci_ending ending;
	bool is_out_of_memory;
	/* MPROC_ENDING_TIMEOUT or _CANCELLED when the nursery killed it for that; MPROC_ENDING_NONE otherwise. */
	mproc_ending reason;
} mproci_death;

/*
 * The block of a large map that is over, for the next one: to have its pages given back and provided again takes longer than a
 * small item does.  Zero is an empty one.
 */
typedef struct mproci_spare {
	void *_Atomic block;
} mproci_spare;

void mproci_spare_drop(mproci_spare *spare);

/*
 * Make a map for workers of @lane_count lanes, spread over the first @busy_lanes.  With @is_shared, items, results and context
 * outside the family's memory are copied into it.  Returns 0, or -ENOMEM with an error text.
 */
int mproci_map_create(const mproci_map_spec *spec, uint32_t lane_count, uint32_t busy_lanes, bool is_shared,
	mproci_spare *spare, mproci_map **ret_map);

/* After the first round, with nobody inside: have the items worked on that were put off in it. */
int mproci_map_go_on(mproci_map *map, uint32_t busy_lanes);

/* Copy shared results back to where they were asked for; those of items without a value only when the map @is_complete. */
void mproci_map_collect(const mproci_map *map, const mproci_map_spec *spec, bool is_complete);

/* @spare, or NULL: what is to keep its block. */
void mproci_map_destroy(mproci_map *map, const mproci_map_spec *spec, mproci_spare *spare);

/* Begin a visit of the worker of @lane.  @kill_at NULL: nobody kills it. */
void mproci_map_visit_begin(mproci_map_visit *visit, mproci_map *map, uint32_t lane,
	mproc_task_function *function, _Atomic mproc_deadline *kill_at);

/* Take chunks and do them, one after the other.  Returns how many items were done; 0: there is nothing left to take. */
size_t mproci_map_do_chunks(mproci_map_visit *visit);

/* Begin no more items; in a moment, nobody will be inside. */
void mproci_map_stop(mproci_map *map, mproci_stop reason);

/* Whether nothing can be taken any more. */
bool mproci_map_is_exhausted(const mproci_map *map);

/* How many items have been taken, about. */
size_t mproci_map_taken(const mproci_map *map);

/*
 * The worker of @lane died: its item ends so, or is to be tried again; the rest of its chunk is there again for others.  May be
 * repeated by somebody else when the caller dies on the way.  Returns whether an item ended so.
 */
bool mproci_map_recover(mproci_map *map, uint32_t lane, mproci_death death);

#endif
