/* SPDX-License-Identifier: MIT */
/*
 * arena/run.h - runs of units: finding, taking and giving them back, so that a kill in between leaves nothing torn.
 *
 * The functions that say "locked" are called between mproci_run_lock and mproci_run_unlock.
 */
#ifndef ARENA_RUN_H
#define ARENA_RUN_H

#include "arena/root.h"

/* Hold the lock of all runs; what a dead holder left unfinished is finished.  Returns 0 or a negative errno. */
int mproci_run_lock(void);
void mproci_run_unlock(void);

static inline char *mproci_run_memory(uint32_t unit)
{
	return mproci_arena_here->units + (size_t)unit * MPROCI_UNIT_SIZE;
}

/*
 * Locked: make a free run of @length units one that @owner holds.  It has no memory yet and reads as zero, unless
 * @ret_is_dirty.  Returns 0, or -ENOMEM with an error text.
 * Cost: O(runs between the hint and the place found).
 */
int mproci_run_take(uint32_t length, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty);

/*
 * Locked: the same at @unit, where a run ends.  Returns 0, or -ENOMEM: there is no free run, or none long enough.
 * Whether it is dirty is not told.
 */
int mproci_run_take_at(uint32_t unit, uint32_t length, uint64_t owner);

/* Locked: as mproci_run_take, with memory that is aligned to @alignment units, a power of two. */
int mproci_run_take_aligned(
	uint32_t length, uint32_t alignment, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty);

/* Locked: a run that the caller holds, or a big block, becomes two runs: both words are stored, or none. */
void mproci_run_split(uint32_t unit, uint64_t word, uint32_t next, uint64_t next_word);

/* Locked: a run at @unit, and one at @next behind it that the caller holds, become one with the word @word. */
void mproci_run_join(uint32_t unit, uint64_t word, uint32_t next);

/*
 * Return the memory of a held run to the system.  Returns whether that failed, as it does where the
 * application has locked its memory: then what was written is still there.
 */
bool mproci_run_decommit(uint32_t unit, uint32_t length);

/* Locked: a held run, decommitted, is free from now on.  Returns the first unit behind the free run it is part of. */
uint32_t mproci_run_merge(uint32_t unit, uint32_t length, bool is_dirty);

/* Give back a run held by @owner.  Not locked, except by @owner 0, whose runs may exist only under the lock. */
void mproci_run_give(uint32_t unit, uint32_t length, uint64_t owner);

/*
 * Leave a run held by @owner to nobody, because a thread has a note of it: the first sweep that finds no such
 * note makes it free.  Not locked, except by @owner 0.
 */
void mproci_run_leave(uint32_t unit, uint32_t length, uint64_t owner);

/* The thread that a word names as its owner; 0 when it has ended, or the word names nobody. */
mproci_id mproci_run_owner(uint64_t owner);

static inline bool mproci_run_owner_is_alive(uint64_t owner)
{
	return mproci_run_owner(owner) != 0;
}

/*
 * Call @visit for each run, with the lock held; a result other than 0 ends the walk.  Returns that, or -EBADMSG with an
 * error text where the table makes no sense.
 */
int mproci_run_walk(int (*visit)(uint32_t unit, uint64_t word, void *context), void *context);

#endif
