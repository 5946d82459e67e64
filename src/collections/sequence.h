/* SPDX-License-Identifier: MIT */
/*
 * collections/sequence.h - the items of a list in their order: putting in, taking out, looking.
 */
#ifndef COLLECTIONS_SEQUENCE_H
#define COLLECTIONS_SEQUENCE_H

#include "collections/chunks.h"

/* One block of the arena. */
typedef struct mproci_item {
	_Atomic uint64_t size;
	_Atomic uint64_t words[];
} mproci_item;

/* What is to be true next: sequence.c. */
typedef struct mproci_decision {
	/* The slot at @hole is free; those up to @goal move by one, until that one is. */
	_Atomic uint64_t hole, goal;
	/* The slots that are in use then. */
	_Atomic uint64_t first, end;
	/* The items in the slots from @drop to the one before @drop_end are freed. */
	_Atomic uint64_t drop, drop_end;
	/* The item that gets the slot at the goal, or NULL. */
	void *_Atomic coming;
	/* The one that is freed, or NULL. */
	void *_Atomic going;
	_Atomic bool is_made;
} mproci_decision;

typedef struct mproci_sequence {
	/* Odd while anything is changed that readers rely on. */
	_Atomic uint64_t version;
	_Atomic uint64_t first, end;
	mproci_chunks chunks;
	mproci_decision decision;
} mproci_sequence;

/* An item that somebody found. */
typedef struct mproci_view {
	mproci_item *item;
	size_t size;
} mproci_view;

/* Which slots are in use.  With or without the lock; without, both ends may be of different moments. */
static inline MPROCI_RACES mproci_slots mproci_sequence_slots(const mproci_sequence *sequence)
{
	uint64_t first = atomic_load_explicit(&sequence->first, memory_order_acquire);

	return (mproci_slots){first, atomic_load_explicit(&sequence->end, memory_order_acquire)};
}

/* Whether there can be that many slots; somebody may have overwritten what says so, or be changing it. */
static inline MPROCI_RACES bool mproci_sequence_can_have(const mproci_sequence *sequence, mproci_slots used)
{
	return mproci_slots_count(used) <= mproci_chunks_limit(&sequence->chunks);
}

/*
 * Find the item in a slot, with or without the lock.  Returns whether all of it lies in the arena: otherwise
 * somebody is changing what is there, or has overwritten it.
 */
static inline MPROCI_RACES bool mproci_sequence_find(
	const mproci_sequence *sequence, uint64_t slot, mproci_view *ret_view)
{
	void *_Atomic *place = mproci_chunks_slot(&sequence->chunks, slot);
	mproci_item *item = place == NULL ? NULL : atomic_load_explicit(place, memory_order_acquire);
	uint64_t size;

	if (!mproci_arena_may_hold(item, sizeof *item))
		return false;
	size = atomic_load_explicit(&item->size, memory_order_relaxed);
	*ret_view = (mproci_view){item, size};
	return size <= SIZE_MAX / 2 && mproci_arena_may_hold(item, sizeof *item + mproci_words_room(size));
}

/* Memory of zeros becomes an empty sequence. */
void mproci_sequence_init(mproci_sequence *sequence);

/*
 * All below is for who has the lock.  Each returns 0; -ENOMEM with an error text, and nothing has happened;
 * or -EBADMSG without one: what is there cannot be.
 */

/* Whoever had the lock may have died: end what was decided, undo the rest.  It may be killed here as well. */
int mproci_sequence_repair(mproci_sequence *sequence);

/* Whether something was decided and could not be ended. */
static inline bool mproci_sequence_is_torn(const mproci_sequence *sequence)
{
	return atomic_load_explicit(&sequence->decision.is_made, memory_order_relaxed);
}

/* @position is at most the number of items. */
int mproci_sequence_insert(mproci_sequence *sequence, uint64_t position, const void *bytes, size_t size);

/* Here and below it is less. */
int mproci_sequence_set(mproci_sequence *sequence, uint64_t position, const void *bytes, size_t size);
int mproci_sequence_delete(mproci_sequence *sequence, uint64_t position);

int mproci_sequence_clear(mproci_sequence *sequence);

/* Give back what an empty one still has. */
void mproci_sequence_free(mproci_sequence *sequence);

#endif
