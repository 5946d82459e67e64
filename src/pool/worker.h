/* SPDX-License-Identifier: MIT */
/*
 * pool/worker.h - the life of one worker, whatever it is: process, thread, or the caller of a serial pool.
 */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "pool/cached.h"
#include "pool/crew.h"

typedef struct mproci_worker {
	mproci_crew *crew;
	uint32_t number;
	mproci_seat *seat;
	/* The round, and the calls, that it has looked at. */
	uint64_t seen, calls;
	/* How many tasks had been left to be tried again when it looked for them. */
	uint64_t requeued;
	/* Items and tasks that it has done; when to look at its memory again. */
	size_t done;
	int64_t next_look;
	/* Rung when it begins to end, so that the nursery sees to it that it does; -1: nobody does. */
	int doorbell;
	/* What its memory was before its first task. */
	size_t base_memory;
	/* Something is to be looked at after each chunk. */
	bool has_limits;
	/* It is to be replaced, since it has reached a limit. */
	bool is_spent;
	/* For who calls mproci_worker_serve alone: leave off when the process was interrupted since @begun. */
	bool heeds_interrupts;
	uint64_t begun;
	/* What it is now. */
	mproci_map_visit visit;
	mproci_found found;
	mproci_cached_own cached;
} mproci_worker;

/* Take a seat. */
void mproci_worker_init(mproci_worker *worker, mproci_crew *crew, uint32_t number);

/*
 * Initialize, work until the crew closes or this worker is too many or spent, finalize.  Returns 0, or what the initializer
 * returned, with an error text.
 */
int mproci_worker_live(mproci_worker *self);

/* The beginning and the end of that: initialize, finalize. */
int mproci_worker_begin(mproci_worker *self);
void mproci_worker_end(mproci_worker *self);

/* Do everything that there is to do now. */
void mproci_worker_serve(mproci_worker *self);

/* A thread that is a worker, and of whom: on its stack as long as it is.  A worker of one pool may do the work of another. */
typedef struct mproci_role_of_worker {
	mproci_crew *crew;
	mproci_id member;
	struct mproci_role_of_worker *before;
} mproci_role_of_worker;

/* Begin and end to be a worker of a crew. */
void mproci_worker_enter(mproci_role_of_worker *role, mproci_crew *crew);
void mproci_worker_leave(mproci_role_of_worker *role);

/* Whether this thread is a worker of a crew. */
bool mproci_worker_is_of(const mproci_crew *crew);

#endif
