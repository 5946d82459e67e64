/* SPDX-License-Identifier: MIT */
/*
 * pool/cached.h - a map whose results are kept in a cache (mproc/cache.h): said so that its workers find the cache, and what they
 * do there for an item.
 *
 * A stored value is the bytes of the result, then those of what the item returned by mproc_task_return.
 */
#ifndef POOL_CACHED_H
#define POOL_CACHED_H

#include "pool/map.h"

#include <mproc/cache.h>

/* In the family's memory. */
struct mproci_cached {
	/* The caller's handle, for workers that are its threads; NULL: they are processes, which open the cache themselves. */
	mproc_cache *handle;
	/* Of the handle: its bounds; the directory, so that another one with its path is not taken for it. */
	uint64_t max_bytes, inode;
	int64_t max_age;
	uint64_t version;
	const char *function;
	/* The path; then the function's name. */
	char path[];
};

/* The cache that a worker has opened, and keeps for the next map. */
typedef struct mproci_cached_own {
	mproc_cache *cache;
	/* Of the handle that it was opened for. */
	uint64_t max_bytes, inode;
	int64_t max_age;
} mproci_cached_own;

/* Check what is asked for.  Returns 0, or -EINVAL with an error text. */
int mproci_cached_check(const mproc_map_options *options);

/* Returns what is to be freed by mproc_free, or NULL: no memory, with an error text. */
struct mproci_cached *mproci_cached_create(const mproci_map_spec *spec, bool is_shared);

/* What a worker is to use; NULL: it cannot open the cache, and does without. */
mproc_cache *mproci_cached_open(const struct mproci_cached *cached, mproci_cached_own *own);

void mproci_cached_close(mproci_cached_own *own);

/* One attempt at an item, without the cache. */
typedef int mproci_attempt(mproci_map_visit *visit, size_t item);

/*
 * Take the result of an item from visit->cache; or have @attempt made and store its result.
 *
 * Of all who ask for the same at the same time, in other programs too, one makes the attempt.  Others put it off, or wait; who is to end
 * meanwhile leaves (visit->delay).  Whatever fails in the cache, the attempt is made.  One that is not made is taken off *@attempts.
 *
 * Returns what the attempt returned, or 0.
 */
int mproci_cached_attempt(mproci_map_visit *visit, size_t item, mproci_attempt *attempt, unsigned *attempts);

#endif
