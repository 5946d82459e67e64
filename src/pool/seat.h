/* SPDX-License-Identifier: MIT */
/*
 * pool/seat.h - a worker's place in a crew: what it is at, for the nursery, which kills it when that takes too long, and for
 * who sets right what it left when it has died.
 *
 * Who is at something that must not outlive its time is killed, and nobody who has just begun something else: the nursery
 * marks, in one step, the word that says what the worker is at, and the worker, in one step, takes the word back before it says
 * that it is done.  One of the two comes first.  A worker that finds the mark waits for its death.
 */
#ifndef POOL_SEAT_H
#define POOL_SEAT_H

#include "family/family.h"
#include "pool/slots.h"

#include <mproc/deadline.h>
#include <stdatomic.h>

struct mproci_map;

typedef enum mproci_phase {
	/* Nobody is there, or it has not come to anything yet. */
	MPROCI_PHASE_NONE,
	MPROCI_PHASE_INITIALIZING,
	MPROCI_PHASE_WORKING,
	/* It ends, as it was told to; as its limits ask for. */
	MPROCI_PHASE_ENDING,
	MPROCI_PHASE_SPENT,
} mproci_phase;

typedef struct mproci_seat {
	/* The map that the worker is inside of, or 0; with MPROCI_SEAT_MARK: it is being killed for that. */
	_Alignas(128) _Atomic uintptr_t inside;
	/* The single task that it is at, or 0; with MPROCI_TASK_MARK, or with MPROCI_TASK_ENDING. */
	_Atomic mproci_task_id task;
	/* A task that its predecessor died of, to be tried again; 0: none. */
	_Atomic mproci_task_id again;
	/* When the item of a map that it is at must have ended; MPROCI_KILLING: it is being killed for that. */
	_Atomic mproc_deadline kill_at;
	/* Why it is being killed: a mproc_ending. */
	_Atomic uint32_t reason;
	_Atomic uint32_t phase;
	/* What its initializer returned that failed. */
	_Atomic int32_t returned;
	/* It has ended, and there is nobody whom it had forked. */
	_Atomic bool leaves_nobody;
	/* It is awake, and looks for something to do. */
	_Atomic bool is_looking;
	/* The worker as a member of the family, when it is a process. */
	_Atomic mproci_id member;
	/* Items and tasks that ended here, and those without a value, since the pool was opened. */
	_Atomic uint64_t done, failed;
} mproci_seat;

#define MPROCI_SEAT_MARK ((uintptr_t)1)

/* The map without the mark. */
static inline struct mproci_map *mproci_seat_map(const mproci_seat *seat)
{
	return (struct mproci_map *)(atomic_load(&((mproci_seat *)(uintptr_t)seat)->inside)
				     & ~MPROCI_SEAT_MARK);
}

/* Does not return: this worker is being killed. */
_Noreturn void mproci_seat_await_death(void);

#endif
