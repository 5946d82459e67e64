/* SPDX-License-Identifier: MIT */
/*
 * A sweep that goes on meanwhile would miss, when it counts, what is removed here before it is met; so they take turns, unless the other one
 * seems to be stopped: then a later sweep counts anew.
 */
#include "store/walk.h"

#include <errno.h>

typedef struct clearing {
	mproc_cache *cache;
	mproci_census census;
	/* The last failure to remove. */
	int rc;
} clearing;

static int meet(const mproci_met *met, void *argument)
{
	clearing *self = argument;
	int rc;

	mproci_census_meet(&self->census, &met->status);
	rc = mproci_walk_remove(self->cache, &met->digest, &met->status);
	if (rc < 0 && rc != -ENOENT)
		self->rc = rc;
	return 0;
}

static int clear(mproc_cache *cache)
{
	clearing self = {.cache = cache};
	int rc;

	mproci_census_begin(&self.census, cache->tally);
	rc = mproci_walk(cache, meet, &self);
	if (rc < 0)
		return rc;
	mproci_census_end(&self.census);
	return self.rc;
}

int mproc_cache_clear(mproc_cache *cache)
{
	mproc_file_lock *lock = NULL;
	bool is_alone;
	int rc;

	rc = mproci_cache_check(cache);
	if (rc < 0)
		return rc;
	is_alone = mproci_sweep_lock(cache, mproc_after(1), &lock) == 0;
	rc = clear(cache);
	if (!is_alone || rc < 0)
		atomic_store(&cache->tally->is_uncounted, 1);
	mproc_file_lock_close(lock);
	return rc;
}
