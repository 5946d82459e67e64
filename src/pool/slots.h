/* SPDX-License-Identifier: MIT */
/*
 * pool/slots.h - single tasks in shared memory, and the line in which they wait for a worker.
 *
 * A slot is a task's, from its submission until its future is closed, and then another one's: the memory stays
 * what it is as long as the pool is there, so who comes late with the id of a task that is gone reads nothing worse than a
 * word of another generation.  One word decides everything about a task:
 *
 *     | generation: 32 bits | verdict (pool/verdict.h): 32 bits |
 *
 * QUEUED -> RUNNING in a worker (-> QUEUED again) -> an ending; or QUEUED -> an ending when it is cancelled.  Who changes it from QUEUED to RUNNING
 * is the one who runs it; the line only tells where to look.
 */
#ifndef POOL_SLOTS_H
#define POOL_SLOTS_H

#include "pool/functions.h"
#include "pool/task.h"
#include "pool/verdict.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* | generation: 32 bits | mark | ending | index: 30 bits |; 0: none, since generations begin with 1. */
typedef uint64_t mproci_task_id;

/* In a seat: the nursery has decided to kill; the worker has decided that the task has ended. */
#define MPROCI_TASK_MARK   (UINT64_C(1) << 31)
#define MPROCI_TASK_ENDING (UINT64_C(1) << 30)
#define MPROCI_TASK_FLAGS  (MPROCI_TASK_MARK | MPROCI_TASK_ENDING)

/* What the code of a verdict without an ending says. */
enum {
	MPROCI_SLOT_QUEUED = 1,
	MPROCI_SLOT_RUNNING = 2,
	MPROCI_SLOT_STATES = 3,
	/* Somebody wants to be woken when it ends. */
	MPROCI_SLOT_AWAITED = 4,
};

enum {
	/* Bytes of arguments and results that need no block of their own. */
	MPROCI_SLOT_ROOM = 128,
	/* Tasks that wait for a worker: a power of 2. */
	MPROCI_LINE_LENGTH = 1 << 14,
	MPROCI_SLOT_SEGMENTS = 20,
	/* Slots of the first segment; each has twice as many as the one before. */
	MPROCI_SLOT_FIRST_SEGMENT = 256,
};

typedef struct mproci_slot {
	_Alignas(128) _Atomic uint64_t word;
	/* When to kill who is at it; MPROC_FOREVER: never.  The worker's and the canceller's. */
	_Atomic mproc_deadline kill_at, cancel_at;
	_Atomic bool is_cancelled;
	mproci_function function;
	size_t index;
	const void *item;
	void *result;
	size_t item_size, result_size;
	const mproci_terms *terms;
	mproci_returned returned;
	/* What does not fit into the room. */
	void *_Atomic block;
	mproci_terms own_terms;
	_Alignas(16) char room[MPROCI_SLOT_ROOM];
} mproci_slot;

typedef struct mproci_slots {
	/* The next task in line to be begun, about: what the slot says counts. */
	_Alignas(128) _Atomic uint64_t head;
	_Alignas(128) _Atomic uint64_t tail;
	/* For the owner, as the tail: where the head was when it looked last; slots there are. */
	uint64_t head_seen;
	uint32_t count;
	mproci_slot *_Atomic segments[MPROCI_SLOT_SEGMENTS];
	_Atomic mproci_task_id line[MPROCI_LINE_LENGTH];
} mproci_slots;

static inline uint32_t mproci_task_index_of(mproci_task_id id)
{
	return (uint32_t)(id & (MPROCI_TASK_ENDING - 1));
}

static inline uint64_t mproci_task_generation(mproci_task_id id)
{
	return id >> 32;
}

mproci_slot *mproci_slots_at(mproci_slots *slots, uint32_t index);

/* Add a segment of slots, all free.  For the owner.  Returns 0, or -ENOMEM with an error text. */
int mproci_slots_grow(mproci_slots *slots);

/* Give the segments back. */
void mproci_slots_end(mproci_slots *slots);

/* The word of a task that nobody has begun, at its @attempts. */
static inline uint64_t mproci_slot_word(mproci_task_id id, mproci_verdict verdict)
{
	return mproci_task_generation(id) << 32 | verdict;
}

static inline mproci_verdict mproci_slot_verdict(uint64_t word)
{
	return (mproci_verdict)word;
}

/* Whether the word says that a task is in that state: MPROCI_SLOT_QUEUED or _RUNNING. */
static inline bool mproci_slot_is(uint64_t word, mproci_task_id id, unsigned state)
{
	return word >> 32 == mproci_task_generation(id)
	       && mproci_verdict_ending((mproci_verdict)word) == MPROC_ENDING_NONE
	       && (mproci_verdict_code((mproci_verdict)word) & MPROCI_SLOT_STATES) == state;
}

/* Whether the task has ended, or is gone. */
static inline bool mproci_slot_has_ended(uint64_t word, mproci_task_id id)
{
	return word >> 32 != mproci_task_generation(id)
	       || mproci_verdict_ending((mproci_verdict)word) != MPROC_ENDING_NONE;
}

/*
 * For the owner, one thread at a time: whether there is no room for one more behind the @written that it has written so far; write the id
 * of a task that is QUEUED there; let the workers see all that were written.
 */
bool mproci_line_is_full(mproci_slots *slots, uint64_t written);
void mproci_line_write(mproci_slots *slots, uint64_t written, mproci_task_id id);
void mproci_line_publish(mproci_slots *slots, uint64_t written);

/* Whether nobody is in line, about. */
static inline bool mproci_line_is_empty(const mproci_slots *slots)
{
	/* Acquire: who sees that a task has left the line finds it in a seat (mproci_timekeeper_look), unless it has ended. */
	uint64_t head = atomic_load_explicit(&slots->head, memory_order_acquire);

	return head >= atomic_load_explicit(&slots->tail, memory_order_acquire);
}

/* How many are in line, about. */
size_t mproci_line_length(mproci_slots *slots);

/*
 * Begin a task, if it is QUEUED, as @worker; @at is where that says what it is at.  Returns whether it is this worker's now.
 */
bool mproci_slots_claim(mproci_slots *slots, mproci_task_id id, uint32_t worker, _Atomic mproci_task_id *at);

/* Begin the next task in line.  Returns it, or 0. */
mproci_task_id mproci_line_get(mproci_slots *slots, uint32_t worker, _Atomic mproci_task_id *at);

/* Say that a task that is RUNNING is begun once more by its worker; that it is QUEUED again, its worker having died. */
void mproci_slot_begin_again(mproci_slot *slot);
void mproci_slot_requeue(mproci_slot *slot, mproci_task_id id);

/* Ask to be told when a task ends.  Returns false when it has ended. */
bool mproci_slot_await(mproci_slot *slot, mproci_task_id id);

/* Say that a task has ended.  Returns whether somebody is to be woken. */
bool mproci_slot_end(mproci_slot *slot, mproci_task_id id, mproci_verdict verdict);

/* End a task unless somebody has begun it.  Returns whether it has ended so, and in @ret_awaited whether somebody is to be woken. */
bool mproci_slot_end_queued(mproci_slot *slot, mproci_task_id id, mproc_ending ending, bool *ret_awaited);

#endif
