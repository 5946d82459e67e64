/* SPDX-License-Identifier: MIT */
/*
 * pool/future.h - the handle of what a pool was given: a single task, or a map.
 */
#ifndef POOL_FUTURE_H
#define POOL_FUTURE_H

#include "pool/mapping.h"
#include "pool/submit.h"

struct mproc_future {
	mproc_pool *pool;
	/* All of the pool. */
	mproc_future *next, *previous;
	/* With an .on_done that was not called yet. */
	mproc_future *next_untold, *previous_untold;
	/* A single task; 0: a map. */
	mproci_task_id id;
	mproci_mapping *mapping;
	mproc_done_function *on_done;
	void *on_done_argument;
	/* Who is telling of it now, on its stack; or NULL. */
	struct mproci_telling *telling;
};

/* Locked: make a handle, which holds the pool.  NULL: no memory, with an error text. */
mproc_future *mproci_future_create(mproc_pool *pool, mproc_done_function *on_done, void *argument);

/* Whether it has ended; what a map still needs is then done. */
bool mproci_future_has_ended(mproc_future *future);

/* Call .on_done of who has ended.  Not locked.  Returns how many. */
int mproci_futures_tell(mproc_pool *pool);

#endif
