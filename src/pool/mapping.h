/* SPDX-License-Identifier: MIT */
/*
 * pool/mapping.h - the owner's side of a map: from what the caller asks for to what it gets.
 */
#ifndef POOL_MAPPING_H
#define POOL_MAPPING_H

#include "pool/map.h"
#include "pool/pool.h"
#include "pool/teller.h"

/* What a map's caller asks for, and how far it has come.  All but @map is in the caller's memory. */
typedef struct mproci_mapping {
	mproc_pool *pool;
	mproci_map_spec spec;
	mproc_outcome *outcomes;
	mproc_bytes *returned;
	mproci_teller teller;
	/* Posted, or NULL: nothing is left to be done. */
	mproci_map *_Atomic map;
	/* The how many-th it was that was posted. */
	uint64_t number;
	/* One thread at a time gives its results to the caller. */
	_Atomic bool is_finishing, is_telling;
	/* Over all its parts. */
	size_t done, failed, first_failed, total;
	mproc_outcome first_outcome;
	/* 0, or why not every item was begun. */
	int rc;
} mproci_mapping;

/* Check what is asked for.  Returns 0, or a negative errno with an error text. */
int mproci_mapping_init(mproci_mapping *mapping, mproc_pool *pool, mproc_task_function *function,
	const void *items, size_t item_size, size_t count, void *results, size_t result_size,
	const mproc_map_options *options);

/* Have it done, and wait. */
int mproci_mapping_run(mproci_mapping *mapping);

/* Have all of it done, and go on.  Returns 0, or a negative errno with an error text. */
int mproci_mapping_start(mproci_mapping *mapping);

/* Whether nobody has anything left to do for it, so that it can end. */
bool mproci_mapping_is_done(const mproci_mapping *mapping);

/* Whether it has ended; if so everything is where it was asked for. */
bool mproci_mapping_has_ended(mproci_mapping *mapping);

/* Begin no more items, and from @kill_at on kill who is at one. */
void mproci_mapping_cancel(mproci_mapping *mapping, mproc_deadline kill_at, int rc);

/* What the call returns, with an error text. */
int mproci_mapping_result(const mproci_mapping *mapping);

/* How it ended, in one outcome. */
mproc_outcome mproci_mapping_outcome(const mproci_mapping *mapping);

/* Tell progress if it is time to. */
void mproci_mapping_tell(mproci_mapping *mapping);

#endif
