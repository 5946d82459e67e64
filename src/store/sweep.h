/* SPDX-License-Identifier: MIT */
/*
 * store/sweep.h - keeping a cache to its bounds, in the background.
 */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include <mproc/cache.h>
#include <mproc/file_lock.h>

/* What a process knows of its thread that removes; there is one while there is something to do.  A forked child has another one. */
typedef struct mproci_sweeper {
	struct mproci_sweeper_state *state;
} mproci_sweeper;

/* Returns 0, or -ENOMEM with an error text. */
int mproci_sweeper_init(mproci_sweeper *sweeper);

/* After a put: if the cache goes beyond a bound, have the thread remove, or, where it goes far beyond, remove here. */
void mproci_sweep_if_needed(mproc_cache *cache);

/*
 * Remove what is too old, then, down to seven eighths of the bound, what was used longest ago; and count what is left.
 *
 * Returns 0; -ETIMEDOUT: somebody else was at it until @deadline; another negative errno: something cannot be seen or removed; each with an error text.
 */
int mproci_sweep(mproc_cache *cache, mproc_deadline deadline);

/*
 * Be the only one, of all processes, who walks through the cache to remove and count: the lock of the file "sweep".
 *
 * Returns 0, and what is to be closed then, NULL where there can be no lock; with an error text -ETIMEDOUT.
 */
int mproci_sweep_lock(const mproc_cache *cache, mproc_deadline deadline, mproc_file_lock **ret_lock);

/* Have the thread end, wait for it, and free what init made (zeros: nothing). */
void mproci_sweeper_end(mproci_sweeper *sweeper);

#endif
