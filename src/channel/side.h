/* SPDX-License-Identifier: MIT */
/*
 * channel/side.h - one side of a queue, the producers' or the consumers': a lock, and the totals of what has passed there.
 *
 * Three numbers that belong together change by one store.  The totals are written down in the one of two places that does not
 * count, and then `position` says which one does: the place that holds the same position.  A kill leaves the old ones, or the
 * new ones, and nothing to repair.
 */
#ifndef CHANNEL_SIDE_H
#define CHANNEL_SIDE_H

#include "sync/biased_lock.h"
#include "sync/event_count.h"

#include <stdatomic.h>
#include <stdint.h>

/* What has passed since the queue was made: bytes of the ring, messages, and bytes of messages. */
typedef struct mproci_totals {
	uint64_t position, messages, bytes;
} mproci_totals;

typedef struct mproci_side {
	/* Protects everything on this side. */
	mproci_biased_lock lock;
	/* What passes does so by the store that moves this. */
	_Atomic uint64_t position;
	/* Those of the other side sleep here until something passes. */
	mproci_event_count passing;
	/* One of them may be content with less than the others: all are to be woken. */
	_Atomic uint32_t wakes_all;
	/* Where in the ring this side is: ring.h. */
	_Atomic uint32_t level;
	struct {
		_Atomic uint64_t position, messages, bytes;
	} totals[2];
	/* So much had passed the other side when this one looked last. */
	mproci_totals seen;
	/*
	 * The ring from this side's position on, as far as it is known to be this side's and lies in one piece: what belongs to
	 * a position before `limit` is at base + position.  Only the holder of the lock may believe it; 0 is always right.
	 */
	uintptr_t base;
	uint64_t limit;
} mproci_side;

int mproci_side_init(mproci_side *side, mproci_lock_rank rank);

/* Read the totals, as they are at one instant, without the lock. */
mproci_totals mproci_side_read(const mproci_side *side);

/* The same, with the lock. */
static inline mproci_totals mproci_side_own(const mproci_side *side)
{
	uint64_t position = atomic_load_explicit(&side->position, memory_order_relaxed);
	int i = atomic_load_explicit(&side->totals[0].position, memory_order_relaxed) == position ? 0 : 1;

	return (mproci_totals){
		.position = position,
		.messages = atomic_load_explicit(&side->totals[i].messages, memory_order_relaxed),
		.bytes = atomic_load_explicit(&side->totals[i].bytes, memory_order_relaxed),
	};
}

/* With the lock: wake as many of those who sleep as @messages will pass. */
void mproci_side_wake(mproci_side *side, uint64_t messages);

/*
 * With the lock: let something pass, so that the totals are @next, whose position is another one.  Whoever sleeps for it is woken
 * before that.  He may look too early and see nothing; but before he sleeps again he waits until this one has let go of the lock, or is dead
 * (patience.c).
 */
static inline void mproci_side_pass(mproci_side *side, mproci_totals next)
{
	uint64_t position = atomic_load_explicit(&side->position, memory_order_relaxed);
	int i = atomic_load_explicit(&side->totals[0].position, memory_order_relaxed) == position ? 1 : 0;
	uint64_t messages =
		next.messages - atomic_load_explicit(&side->totals[1 - i].messages, memory_order_relaxed);

	/* Each a release, for the acquire in mproci_side_read: who sees one of them sees the position as it was before. */
	atomic_store_explicit(&side->totals[i].position, next.position, memory_order_release);
	atomic_store_explicit(&side->totals[i].messages, next.messages, memory_order_release);
	atomic_store_explicit(&side->totals[i].bytes, next.bytes, memory_order_release);
	if (mproci_event_count_is_awaited(&side->passing))
		mproci_side_wake(side, messages);
	atomic_store_explicit(&side->position, next.position, memory_order_release);
}

#endif
