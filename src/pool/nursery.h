/* SPDX-License-Identifier: MIT */
/*
 * pool/nursery.h - the small process that starts, watches and replaces the workers of a pool, and ends what outlives
 * its time.
 *
 * It has one thread, no memory that grows, and forks all workers; so the program that uses the pool needs no hidden
 * thread and no signal handler, and a worker costs the same when the program has become large.  It blocks all signals: a
 * SIGTERM or SIGHUP to the process group is for the program, and for the workers, to deal with.
 */
#ifndef POOL_NURSERY_H
#define POOL_NURSERY_H

#include "pool/crew.h"
#include "process/process.h"
#include "trace/timeline.h"

/* In the family's memory, until the nursery has ended. */
typedef struct mproci_nursery_plan {
	mproci_crew *crew;
	/* Rung when there is something that the nursery is to look at. */
	int doorbell;
	/* NULL: off. */
	mproci_timeline *timeline;
} mproci_nursery_plan;

/* Start the nursery of a crew; it opens the crew, or fails it. */
int mproci_nursery_start(const mproci_nursery_plan *plan, mproc_start start, mproc_process **ret_nursery);

/* For the owner, after there is a new deadline or timeout: whether the nursery must be told of it. */
bool mproci_nursery_must_be_told(mproci_crew *crew, mproc_deadline deadline);

#endif
