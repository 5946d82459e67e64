/* SPDX-License-Identifier: MIT */
/*
 * pool/crew.h - what a pool's owner, its workers and its nursery share: what there is to do, and who is at what.
 *
 * The owner posts maps, and puts single tasks in line.  A worker writes the map into its seat before it looks whether that map is
 * still posted, so a map that was taken down and has no seat pointing to it may be freed.
 *
 * round counts what may give an idle worker something to do besides the line: a map was posted, or what a dead worker left
 * is there again.
 */
#ifndef POOL_CREW_H
#define POOL_CREW_H

#include "base/error.h"
#include "pool/map.h"
#include "pool/seat.h"
#include "pool/slots.h"
#include "sync/event_count.h"

typedef enum mproci_crew_state {
	MPROCI_CREW_OPENING,
	MPROCI_CREW_OPEN,
	MPROCI_CREW_CLOSING,
	/* Nobody works any more; failure and failure_text say why. */
	MPROCI_CREW_FAILED,
} mproci_crew_state;

enum {
	/* Maps that may be posted at a time. */
	MPROCI_POSTINGS = 16,
	/* No function. */
	MPROCI_NO_FUNCTION = UINT32_MAX,
};

/* What each worker is to keep to. */
typedef struct mproci_rules {
	/* The head of the workers' names. */
	char name[16];
	/* Or MPROCI_NO_FUNCTION. */
	mproci_function initializer, finalizer;
	/* Where all workers see it. */
	void *argument;
	bool owns_argument;
	size_t max_tasks, max_memory, memory_limit;
	unsigned process_limit;
	bool is_bound;
	/* That numerical libraries may have in each worker. */
	unsigned threads;
} mproci_rules;

typedef struct mproci_posting {
	_Atomic uintptr_t map;
	/* Older ones have lower numbers. */
	_Atomic uint64_t number;
} mproci_posting;

typedef struct mproci_crew {
	void *block;
	mproci_rules rules;
	/* Seats there are; seats that were ever taken; workers there are to be. */
	uint32_t capacity;
	_Atomic uint32_t used, target;
	_Atomic uint32_t state;
	/* Somebody says why it fails. */
	_Atomic bool is_failing;
	/* How often something happened that those who are inside of a map should look at between chunks. */
	_Atomic uint64_t calls;
	int failure;
	char failure_text[MPROCI_ERROR_TEXT_SIZE];
	/* Workers sleep here until there is a new round, somebody in line, or the crew closes. */
	_Alignas(128) mproci_event_count work;
	/* Workers who are awake and look for something to do; or fewer, when some were killed. */
	_Atomic int32_t looking;
	/* The owner sleeps here until something that it waits for has ended, or the state has changed. */
	_Alignas(128) mproci_event_count news;
	_Alignas(128) _Atomic uint64_t round;
	mproci_posting postings[MPROCI_POSTINGS];
	/* How many tasks the dead have left to be tried again. */
	_Atomic uint64_t requeued;
	/* How often anybody took a seat in a map. */
	_Alignas(128) _Atomic uint64_t entries;
	/* The shortest timeout of a task that is on its way; 0: none has one. */
	_Atomic int64_t shortest_timeout;
	/* When the nursery looks again whether anybody is too late; MPROC_FOREVER: not before it is told to. */
	_Atomic mproc_deadline alarm;
	_Atomic uint64_t started, died, killed, recycled;
	mproci_functions functions;
	mproci_slots slots;
	/* The nursery is inside of a map that it looks at. */
	mproci_seat nursery;
	mproci_seat seats[];
} mproci_crew;

/* Returns NULL, with an error text, when there is no shared memory. */
mproci_crew *mproci_crew_create(uint32_t capacity, uint32_t target, const mproci_rules *rules);
void mproci_crew_destroy(mproci_crew *crew);

/* Change the state, and tell everybody. */
void mproci_crew_set_state(mproci_crew *crew, mproci_crew_state state);

/* Change the state to FAILED; the reason is @rc and this thread's error text. */
void mproci_crew_fail(mproci_crew *crew, int rc);

/* Returns 0, or why the crew has failed, with the error text. */
int mproci_crew_failure(const mproci_crew *crew);

/* Change how many workers there are to be. */
void mproci_crew_set_target(mproci_crew *crew, uint32_t target);

/* A worker takes a seat: for the first time in the life of the worker. */
void mproci_crew_seat_taken(mproci_crew *crew, uint32_t seat);

/* Whether the dead worker of a seat had been at something, and its index. */
bool mproci_crew_was_at(mproci_crew *crew, uint32_t seat, uint64_t *ret_item);

/* The worker of a seat died, and the kernel says so: set right what it left.  May be repeated. */
void mproci_crew_recover(mproci_crew *crew, uint32_t seat, mproci_ending ending, bool is_out_of_memory);

/* For a worker, or the nursery: go into a posted map.  Returns the map, which now stays, or NULL: it is not posted any more. */
mproci_map *mproci_crew_enter(mproci_crew *crew, mproci_seat *seat, const mproci_posting *posting);

/* Come out again; @is_early: there may be chunks left, in the lane of who leaves. */
void mproci_crew_leave(mproci_crew *crew, mproci_seat *seat, mproci_map *map, bool is_early);

/* For the owner, one thread at a time: let the workers at a map.  Returns false when as many as are possible are posted. */
bool mproci_crew_post(mproci_crew *crew, mproci_map *map);

/* Let nobody in any more. */
void mproci_crew_take_down(mproci_crew *crew, mproci_map *map);

/* The same for all that are done; whoever waits for one may not have looked. */
void mproci_crew_take_down_done(mproci_crew *crew);

/* Whether every item of a posted map has ended, or none is begun any more, and nobody is inside. */
bool mproci_crew_is_done(mproci_crew *crew, const mproci_map *map);

/* Whether nobody holds a map that was taken down. */
bool mproci_crew_has_left(mproci_crew *crew, const mproci_map *map);

/* Whether a worker is inside. */
bool mproci_crew_is_inside(mproci_crew *crew, const mproci_map *map);

/* For the owner: have a worker woken for the task that was put in line. */
void mproci_crew_call(mproci_crew *crew);

#endif
