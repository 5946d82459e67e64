/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/small_crew.h - a crew with a few single tasks and perhaps a map, made without the allocator,
 * that counts what is done.
 */
#ifndef CRASH_SMALL_CREW_H
#define CRASH_SMALL_CREW_H

#include "small_map.h"

#include "pool/crew.h"

enum {
	SMALL_CREW_SEATS = 3,
	SMALL_CREW_TASKS = 4,
};
/* Who sits where. */
enum {
	VICTIM,
	OTHER,
	THIRD,
};

typedef struct small_crew {
	small_map small;
	mproci_slot slots[SMALL_CREW_TASKS];
	/* The tasks that there are. */
	mproci_task_id ids[SMALL_CREW_TASKS];
	uint32_t count;
	/* On what terms they run. */
	mproci_terms terms;
	/* How often each task's function ran, and which attempt that was last. */
	_Atomic uint32_t runs[SMALL_CREW_TASKS], attempts[SMALL_CREW_TASKS];
	/* What the function does beside that at the first attempt at a task; or NULL. */
	void (*within)(void *shared, uint32_t task);
	/* How those end whose workers were killed: with a signal, unless a test says otherwise. */
	mproc_ending how_killed;
	/* Whose workers are being killed. */
	_Atomic uint32_t condemned[SMALL_CREW_SEATS];
	/* Whether who cancels was told that it has ended so. */
	_Atomic bool cancelled[SMALL_CREW_TASKS];
	/* Who died before the victim was started. */
	mproci_id doomed;
	/* 1 once the witness is done. */
	_Atomic uint32_t is_witness_done;
	_Alignas(128) char crew[sizeof(mproci_crew) + SMALL_CREW_SEATS * sizeof(mproci_seat)];
} small_crew;

mproci_crew *small_crew_of(void *shared);

/* A crew that is open, with nothing to do. */
void small_crew_make(void *shared);

/* Put @count tasks in line, on the terms that it has; nobody is told. */
void small_crew_put(void *shared, uint32_t count);

/* Post its map; nobody is told. */
void small_crew_post(void *shared);

/* A worker in a seat: do everything that there is to do; work until the crew closes. */
void small_crew_serve(void *shared, uint32_t seat);
void small_crew_live(void *shared, uint32_t seat);

/* Take the next task in line, and no more. */
mproci_task_id small_crew_claim(void *shared, uint32_t seat);

/* The worker of a seat was killed. */
void small_crew_recover(void *shared, uint32_t seat);

/* Wait, as the owner does, until all tasks have ended. */
void small_crew_await(void *shared);

/* The nursery looks who is too late at @now; who is condemned is noted. */
void small_crew_keep_time(void *shared, int64_t now);

mproc_outcome small_crew_outcome(void *shared, uint32_t task);

/*
 * Every task ended once, at most @most_killed of them with their worker, and none that may be tried again;
 * and nobody seems to be at anything.  Returns how many were killed.
 */
unsigned small_crew_check(void *shared, unsigned most_killed);

#endif
