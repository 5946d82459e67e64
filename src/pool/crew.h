/* SPDX-License-Identifier: MIT */
/*
 * pool/crew.h - what a pool's caller, its workers and its nursery share: which map is on, and who is inside it.
 *
 * A caller posts a map and waits until everything in it is done and nobody is inside.  A worker writes the map
 * into its seat before it looks whether that map is still posted, so a map that was taken down and has no seat
 * pointing to it may be freed.
 *
 * round counts what may give an idle worker something to do: a map was posted, or chunks of a dead worker were
 * put back.
 */
#ifndef POOL_CREW_H
#define POOL_CREW_H

#include "base/error.h"
#include "family/family.h"
#include "pool/map.h"
#include "sync/event_count.h"

typedef enum mproci_crew_state {
	MPROCI_CREW_OPENING,
	MPROCI_CREW_OPEN,
	MPROCI_CREW_CLOSING,
	/* Nobody works any more; failure and failure_text say why. */
	MPROCI_CREW_FAILED,
} mproci_crew_state;

typedef struct mproci_seat {
	/* The map that the worker is inside of, or NULL. */
	_Alignas(128) _Atomic(mproci_map *) inside;
	/* The worker as a member of the family, when it is a process. */
	_Atomic mproci_id member;
} mproci_seat;

typedef struct mproci_crew {
	void *block;
	uint32_t worker_count;
	_Atomic uint32_t state;
	int failure;
	char failure_text[MPROCI_ERROR_TEXT_SIZE];
	/* Workers sleep here until there is a new round, or the crew closes. */
	mproci_event_count work;
	/* Callers sleep here until workers have left a map, or the state has changed. */
	mproci_event_count news;
	_Atomic uint64_t round;
	/* How often anybody took a seat. */
	_Atomic uint64_t entries;
	_Atomic(mproci_map *) map;
	mproci_seat seats[];
} mproci_crew;

/* Returns NULL, with an error text, when there is no shared memory. */
mproci_crew *mproci_crew_create(uint32_t worker_count);
void mproci_crew_destroy(mproci_crew *crew);

/* Change the state, and tell everybody. */
void mproci_crew_set_state(mproci_crew *crew, mproci_crew_state state);

/* Change the state to FAILED; the reason is @rc and this thread's error text. */
void mproci_crew_fail(mproci_crew *crew, int rc);

/* Returns 0, or why the crew has failed, with the error text. */
int mproci_crew_failure(const mproci_crew *crew);

/* The work of one worker, until the crew closes. */
void mproci_crew_work(mproci_crew *crew, uint32_t seat);

/* The crew whose worker this thread is, or NULL. */
mproci_crew *mproci_crew_of_this_worker(void);

/* The worker of a seat died, and the kernel says so: set right what it left. */
void mproci_crew_recover(mproci_crew *crew, uint32_t seat, mproci_ending ending);

/* Let the workers at a map; let nobody in any more. */
void mproci_crew_post(mproci_crew *crew, mproci_map *map);
void mproci_crew_take_down(mproci_crew *crew);

/* Whether every item of a posted map has ended, and nobody is inside. */
bool mproci_crew_is_done(mproci_crew *crew, const mproci_map *map);

/*
 * Wait until the crew is open; until a posted map is done; until nobody is inside a map that was taken down.  Returns
 * 0, also when the crew has failed; -ETIMEDOUT.
 */
int mproci_crew_await_open(mproci_crew *crew, mproci_map *unused, mproc_deadline deadline);
int mproci_crew_await_done(mproci_crew *crew, mproci_map *map, mproc_deadline deadline);
int mproci_crew_await_left(mproci_crew *crew, mproci_map *map, mproc_deadline deadline);

#endif
