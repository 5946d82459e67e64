/* SPDX-License-Identifier: MIT */
/*
 * pool/task.h - what a task function gets to know, and what it may leave: one per worker, used for one attempt after
 * the other.
 */
#ifndef POOL_TASK_H
#define POOL_TASK_H

#include "pool/functions.h"
#include "pool/terms.h"

#include <mproc/task.h>
#include <stdatomic.h>

/* What mproc_task_return leaves: a block that is in its place, or nowhere (arena/place.h). */
typedef struct mproci_returned {
	void *_Atomic block;
	size_t size;
} mproci_returned;

struct mproc_task {
	size_t index;
	const mproci_terms *terms;
	uint32_t worker;
	uint16_t attempt;
	bool has_random;
	/* When the soft timeout of this attempt passes. */
	mproc_deadline soft_at;
	/* Set when nobody needs the result. */
	const _Atomic bool *is_cancelled;
	/* NULL: the call has no place for it. */
	mproci_returned *returned;
	/* Where this worker finds functions that the pool was given. */
	const mproci_functions *functions;
	mproci_found *found;
	mproc_random random;
};

/* Forget what an attempt before this one left. */
static inline void mproci_task_begin(mproc_task *task, size_t index, unsigned attempt)
{
	task->index = index;
	task->attempt = (uint16_t)attempt;
	task->has_random = false;
}

#endif
