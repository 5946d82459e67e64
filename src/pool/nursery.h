/* SPDX-License-Identifier: MIT */
/*
 * pool/nursery.h - the small process that starts, watches and replaces the workers of a pool.
 *
 * It has one thread, no memory that grows, and forks all workers; so the program that uses the pool needs no hidden
 * thread and no signal handler, and a worker costs the same when the program has become large.  It blocks all signals: a
 * SIGTERM or SIGHUP to the process group is for the program, and for the workers, to deal with.
 */
#ifndef POOL_NURSERY_H
#define POOL_NURSERY_H

#include "pool/crew.h"
#include "process/process.h"

typedef struct mproci_nursery_plan {
	mproci_crew *crew;
	/* Rung when the crew's state has changed. */
	int doorbell;
	/* Head of the workers' names. */
	const char *name;
} mproci_nursery_plan;

/* Start the nursery of a crew; it opens the crew, or fails it. */
int mproci_nursery_start(const mproci_nursery_plan *plan, mproc_start start, mproc_process **ret_nursery);

#endif
