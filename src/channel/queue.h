/* SPDX-License-Identifier: MIT */
/*
 * channel/queue.h - what a queue is made of.  README.md has its states, and why a kill in between does no harm.
 */
#ifndef CHANNEL_QUEUE_H
#define CHANNEL_QUEUE_H

#include "base/object.h"
#include "base/private.h"
#include "channel/envelope.h"
#include "channel/ring.h"
#include "channel/side.h"
#include "family/thread.h"

#include <mproc/queue.h>

enum {
	/* Larger messages are put into envelopes; and those up to the second size only while the queue is short. */
	MPROCI_QUEUE_INLINE_MOST = 512,
	MPROCI_QUEUE_INLINE_MOST_OF_LONG = 8192,
};

typedef enum mproci_queue_state {
	MPROCI_QUEUE_OPEN,
	/* Nothing can be put; changed with the producers' lock. */
	MPROCI_QUEUE_CLOSED,
	/* It is going, or gone; changed with both locks, unless somebody who is stopped has one. */
	MPROCI_QUEUE_DESTROYED,
} mproci_queue_state;

#define MPROCI_QUEUE_MARK UINT64_C(0x71756575652e6f6b)

struct mproc_queue {
	uint64_t mark;
	/* When it was made, which no other queue at its address was. */
	int64_t birth;
	size_t max_messages, max_bytes;
	bool is_acknowledged;
	/* A mproci_queue_state. */
	_Atomic uint32_t state;
	/* What task_done was called for, and those who wait for the last. */
	_Atomic uint64_t done;
	mproci_event_count finished;
	_Alignas(128) mproci_side producers;
	/*
	 * With the producers' lock: 1 + the index of the envelope that is being accepted, and the position of its record; 0: none.
	 */
	_Atomic uint64_t accepting;
	uint64_t accepting_position;
	/* Whether there are descriptors to be told of puts, or ever were: queue_fd.h. */
	_Atomic uint32_t is_watched;
	_Alignas(128) mproci_side consumers;
	/* With the consumers' lock: what waits to be delivered again, and the departures of the family when that was looked at. */
	mproci_returned returned;
	_Atomic uint32_t swept;
	_Alignas(128) mproci_ring ring;
	mproci_envelopes envelopes;
};

/* The same for who is no member yet. */
int mproci_queue_enter_family(mproc_queue *queue, _Atomic uintptr_t **ret_inside);

/*
 * Begin a call: check that @queue is one, and note that this thread is inside.  Returns 0 and where to store 0 at the end, or a
 * negative errno with an error text.
 */
static inline int mproci_queue_enter(mproc_queue *queue, _Atomic uintptr_t **ret_inside)
{
	int rc;

	rc = mproci_check_object(queue, MPROCI_QUEUE_MARK, "queue");
	if (rc < 0)
		return rc;
	*ret_inside = mproci_thread_enters(queue);
	return mproci_member_self() != 0 ? 0 : mproci_queue_enter_family(queue, ret_inside);
}

static inline void mproci_queue_leave(_Atomic uintptr_t *inside)
{
	atomic_store_explicit(inside, 0, memory_order_release);
}

/* Whether it is in @state, or a later one. */
static inline bool mproci_queue_is_in(const mproc_queue *queue, mproci_queue_state state)
{
	return atomic_load_explicit(&queue->state, memory_order_acquire) >= (uint32_t)state;
}

/* What is to be done with a side's lock in hand, or @rc that it was not taken with, unless all is usual.  Returns as below. */
int mproci_queue_see_to_producers(mproc_queue *queue, int rc);
int mproci_queue_see_to_consumers(mproc_queue *queue, int rc);

/*
 * Take a side's lock, and put in order what somebody who died with it has left.  Returns 0; -ETIMEDOUT, -EAGAIN: somebody inside did
 * not leave until the deadline; -EPIPE: the queue was destroyed.
 */
static inline int mproci_queue_lock_producers(mproc_queue *queue, mproc_deadline deadline)
{
	int rc = mproci_biased_lock_take(&queue->producers.lock, deadline);

	if (rc == 0 && !mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		return 0;
	return mproci_queue_see_to_producers(queue, rc);
}

static inline int mproci_queue_lock_consumers(mproc_queue *queue, mproc_deadline deadline)
{
	int rc = mproci_biased_lock_take(&queue->consumers.lock, deadline);

	if (rc == 0 && !mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		return 0;
	return mproci_queue_see_to_consumers(queue, rc);
}

/*
 * Return when each put that had begun is done, or its producer is dead: what was announced before is there, or will never be.
 * Returns what mproci_queue_lock_producers does.
 */
int mproci_queue_settle_producers(mproc_queue *queue, mproc_deadline deadline);

/* The same of gets. */
int mproci_queue_settle_consumers(mproc_queue *queue, mproc_deadline deadline);

/* mproc_queue_give_back, which fails with -EAGAIN or -ETIMEDOUT when somebody inside did not leave until the deadline. */
MPROCI_PRIVATE int mproci_queue_give_back_until(mproc_queue *queue, void *block, mproc_deadline deadline);

/* mproc_queue_count that waits for nobody: when somebody is inside, without what waits to be delivered again. */
MPROCI_PRIVATE ssize_t mproci_queue_count_hastily(mproc_queue *queue);

/* When there was nothing to get for a while: give back what memory the queue has beyond the least. */
void mproci_queue_shrink(mproc_queue *queue);

/* Whether nothing will ever come any more once it is empty: it is closed, and nobody owes what could come back. */
bool mproci_queue_is_at_end(mproc_queue *queue);

/* Whether there is something to look at for who gets, or it is closed.  Without a lock; may be so in vain. */
bool mproci_queue_has_message(mproc_queue *queue);

/* Whether somebody has died since it was last looked for what the dead have left. */
bool mproci_queue_is_unswept(const mproc_queue *queue);

/* With the consumers' lock: see to what the dead have left.  Returns whether something waits to be delivered again. */
bool mproci_queue_sweep(mproc_queue *queue);

/* Whether a message of @size bytes would fit.  Without a lock. */
bool mproci_queue_has_room(mproc_queue *queue, size_t size);

/* What a call puts: @count messages of @size bytes, or one that is in an envelope. */
typedef struct mproci_putting {
	const char *messages;
	size_t size, count;
	mproci_envelope *envelope;
	/* So many are in. */
	size_t done;
} mproci_putting;

/* Put.  Returns 0, also when only some were put; or what mproc_queue_put does. */
int mproci_queue_put(mproc_queue *queue, mproci_putting *putting, mproc_deadline deadline);

/* What a call gets: up to @count messages of at most @size bytes. */
typedef struct mproci_getting {
	char *buffer;
	size_t size, count;
	size_t *sizes;
	/* Messages stay in their envelopes, and those that have none come into this one, unless it is NULL. */
	bool is_peek;
	mproci_envelope *into;
	/* So many are taken, and those that are in envelopes: 1 + the index of the first, or 0. */
	size_t done;
	uint32_t first;
	/* The size of the message that did not fit. */
	size_t needed;
} mproci_getting;

/* Have an envelope with room for @size bytes.  Returns 0, or what mproc_queue_reserve does. */
int mproci_queue_take_envelope(
	mproc_queue *queue, size_t size, mproc_deadline deadline, mproci_envelope **ret_envelope);

/* The errors for a message that can never be put, and for a closed queue, with their texts. */
int mproci_queue_refuse_size(const mproc_queue *queue, size_t size);
int mproci_queue_refuse_closed(const mproc_queue *queue);

/* Get.  Returns 0, or what mproc_queue_get does. */
int mproci_queue_get(mproc_queue *queue, mproci_getting *getting, mproc_deadline deadline);

#endif
