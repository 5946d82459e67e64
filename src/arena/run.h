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
 * Return the memory of a held run to the system.  Returns whether that failed, as it does where the
 * application has locked its memory: then what was written is still there.
 */
bool mproci_run_decommit(uint32_t unit, uint32_t length);

/* Locked: a held run, decommitted, is free from now on.  Returns the first unit behind the free run it is part of. */
uint32_t mproci_run_merge(uint32_t unit, uint32_t length, bool is_dirty);

/* Give back a run held by @owner.  Not locked, except by @owner 0, whose runs may exist only under the lock. */
void mproci_run_give(uint32_t unit, uint32_t length, uint64_t owner);

/* Whether a word's owner has not ended; false for nobody. */
bool mproci_run_owner_is_alive(uint64_t owner);

#endif
