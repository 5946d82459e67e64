/* SPDX-License-Identifier: MIT */
/*
 * store/walk.h - meeting all that is stored, and removing some of it.
 */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "store/cache.h"

typedef struct mproci_met {
	/* The file's name, in this directory. */
	int directory;
	const char *name;
	/* Of which MPROCI_DIGEST_NAMED bytes are known: the name's. */
	mproci_digest digest;
	mproci_file_status status;
} mproci_met;

/* What it returns but 0 ends the walk. */
typedef int mproci_walk_visitor(const mproci_met *met, void *argument);

/*
 * Show each stored result to @visitor, in no order.  What comes or goes meanwhile may be met or not; files with other names are not.
 *
 * Returns 0, or what @visitor returned last; a negative errno with an error text: a directory could not be read, and what is in the
 * others was met all the same.
 */
int mproci_walk(mproc_cache *cache, mproci_walk_visitor *visitor, void *argument);

/*
 * Remove a result, of which @status was just read, from the cache and from the tally.  Returns 0; -ENOENT without an error text: somebody else was first; another
 * negative errno with one.
 */
int mproci_walk_remove(mproc_cache *cache, const mproci_digest *digest, const mproci_file_status *status);

/*
 * Counting anew what is stored, while others put and remove, and count that in the tally.
 *
 * A census is what has to be added to the tally: what was met less what the tally had when it began.  What others add to the tally meanwhile
 * stays in it, so what they have stored meanwhile is not counted when it is met.  What they remove before it could be met is missing then,
 * until the next census.
 */
typedef struct mproci_census {
	mproci_tally *tally;
	/* Nanoseconds since 1970. */
	int64_t begin;
	/* Modulo 2^64: the tally's numbers may be anything. */
	uint64_t entries, bytes;
} mproci_census;

void mproci_census_begin(mproci_census *census, mproci_tally *tally);
/* Also if it is then removed by mproci_walk_remove. */
void mproci_census_meet(mproci_census *census, const mproci_file_status *status);
void mproci_census_end(const mproci_census *census);

#endif
