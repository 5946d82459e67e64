/* SPDX-License-Identifier: MIT */
/*
 * store/cache.h - a handle, and what the files of this folder do for each other.
 *
 * The directory has these in it:
 *
 *     CACHEDIR.TAG      says to backup programs what it is, and to us of which format (bford.info/cachedir)
 *     tally             numbers: tally.h
 *     results/ab/cd…    a result each, named by half of the digest of its key: stored.h
 *     aside/…           what is being written, locked by who does; then it is renamed
 *     flights           each byte is the lock of a key, held while that is computed: flight.h
 *     sweep             the lock of who removes what goes beyond a bound: sweep.h
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "store/digest.h"
#include "store/sweep.h"
#include "store/tally.h"
#include "sys/whole_file.h"

#define MPROCI_CACHE_MARK UINT64_C(0x65686361432e6f6b)

struct mproc_cache {
	uint64_t mark;
	/* Absolute. */
	char *path;
	int directory;
	bool is_writable;
	/* UINT64_MAX: no bound. */
	uint64_t max_bytes;
	/* Nanoseconds; 0: no bound. */
	int64_t max_age;
	mproci_tally *tally;
	mproci_sweeper sweeper;
};

/* Check a handle.  Returns 0 or -EINVAL with an error text. */
int mproci_cache_check(const mproc_cache *cache);

/* Put the cache's name in front of this thread's error text.  Returns @rc. */
int mproci_cache_fail(const mproc_cache *cache, int rc);

/* A name that nobody else makes, on no machine: @prefix and 32 digits.  Returns 0, or a negative errno with an error text. */
int mproci_cache_aside(const char *prefix, char *ret_name, size_t size);

/* Write CACHEDIR.TAG again, if somebody has removed it.  Returns 0, or a negative errno with an error text. */
int mproci_cache_see_to_tag(const mproc_cache *cache);

/* Bytes that count for a file of @size. */
static inline uint64_t mproci_cache_bytes(uint64_t size)
{
	return (size + 4095) & ~UINT64_C(4095);
}

/* How the public interface tells times. */
static inline double mproci_cache_seconds(int64_t nanoseconds)
{
	return (double)nanoseconds / 1e9;
}

/* Nanoseconds since 1970. */
int64_t mproci_cache_now(void);

/*
 * Look for a result.  Returns 0; -ENOENT without an error text; -EBADMSG with one: it was damaged, and is removed and counted; another negative errno with one.  Counts hits and
 * misses if @counts.
 */
int mproci_cache_look(
	mproc_cache *cache, const mproci_digest *digest, bool counts, mproc_cache_value *ret_value);

/* The file of a key's result.  Returns 0; -ENOENT without an error text: there is none; another negative errno with one. */
int mproci_cache_find(const mproc_cache *cache, const mproc_cache_key *key,
	char ret_name[MPROCI_RESULT_NAME_SIZE], mproci_file_status *ret_status);

/* Store a result, and see to the bounds.  Returns 0 or a negative errno with an error text. */
int mproci_cache_store(mproc_cache *cache, const mproc_cache_key *key, const mproci_digest *digest,
	const void *bytes, size_t size, uint64_t cost);

/* Count a result of @size bytes, with its front, as one less. */
void mproci_cache_uncount(mproc_cache *cache, uint64_t size);

/* Remove what is left in aside/, and of writing the tag, by who was killed. */
void mproci_cache_tidy(mproc_cache *cache);

#endif
