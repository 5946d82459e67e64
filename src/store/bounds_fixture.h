/* SPDX-License-Identifier: MIT */
/*
 * store/bounds_fixture.h - a cache of results with numbers, in the directory of sys/tree_fixture.h, and their times.
 */
#ifndef STORE_BOUNDS_FIXTURE_H
#define STORE_BOUNDS_FIXTURE_H

#include "store/cache.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <fcntl.h>
#include <mproc/result.h>

enum {
	/* What a small result takes. */
	PAGE = 4096,
};

static const int64_t SECONDS = INT64_C(1000000000);

static mproc_cache *open_cache(uint64_t max_bytes, double max_age)
{
	const mproc_cache_options options = {.max_bytes = max_bytes, .max_age = max_age};
	mproc_cache *cache = NULL;
	int rc = mproc_cache_open(in_tree("/cache"), &options, &cache);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return cache;
}

/* For who was forked too: an assertion of Check that holds is written to a file, which is one for all of them. */
static inline void require(bool is_so, const char *what)
{
	if (!is_so)
		ck_abort_msg("%s is not so; %s", what, mproc_error_text());
}

static mproc_cache_key key_of(const uint64_t *number)
{
	return (mproc_cache_key){
		.function = "number", .version = 1, .arguments = number, .size = sizeof *number};
}

/* Store @number as the result of @number, with zeros up to @size bytes. */
static inline void put_sized(mproc_cache *cache, uint64_t number, size_t size)
{
	mproc_cache_key key = key_of(&number);
	char bytes[8 * PAGE] = {0};
	int rc;

	require(size <= sizeof bytes, "room for a result");
	memcpy(bytes, &number, sizeof number);
	rc = mproc_cache_put(cache, &key, bytes, size);
	require(rc == 0, "a result is stored");
}

static inline void put(mproc_cache *cache, uint64_t number)
{
	put_sized(cache, number, sizeof number);
}

/* A file that is none of the cache's; its path in the tree. */
static inline void put_of_others(const char *path)
{
	tree_write(path, "others'");
}

static inline bool has(mproc_cache *cache, uint64_t number)
{
	mproc_cache_key key = key_of(&number);
	int rc = mproc_cache_contains(cache, &key);

	require(rc >= 0, "it is known what is there");
	return rc == 1;
}

/* Returns 0 or -ENOENT; what is found is right. */
static inline int get(mproc_cache *cache, uint64_t number)
{
	mproc_cache_key key = key_of(&number);
	mproc_cache_value value;
	int rc = mproc_cache_get(cache, &key, &value);

	if (rc == -ENOENT)
		return rc;
	require(rc == 0, "a result is read");
	require(value.size == sizeof number && memcmp(value.bytes, &number, sizeof number) == 0,
		"the result of this number");
	mproc_cache_value_free(&value);
	return 0;
}

/* The name of a result's file, in the cache's directory; valid until the next call. */
static inline const char *name_of(uint64_t number)
{
	static char name[MPROCI_RESULT_NAME_SIZE];
	mproc_cache_key key = key_of(&number);
	mproci_digest digest;

	require(mproci_digest_of(&key, &digest) == 0, "a digest");
	mproci_digest_path(&digest, name);
	return name;
}

static inline mproci_file_status status_of(const mproc_cache *cache, uint64_t number)
{
	mproci_file_status status = {0};

	require(mproci_file_status_at(cache->directory, name_of(number), &status) == 0, "a result is there");
	return status;
}

/* A result was used and stored so many nanoseconds ago. */
static inline void set_times(const mproc_cache *cache, uint64_t number, int64_t used, int64_t stored)
{
	int64_t now = mproci_cache_now();
	const struct timespec times[] = {
		{.tv_sec = (now - used) / SECONDS, .tv_nsec = (now - used) % SECONDS},
		{.tv_sec = (now - stored) / SECONDS, .tv_nsec = (now - stored) % SECONDS},
	};

	require(utimensat(cache->directory, name_of(number), times, 0) == 0, "a time is set");
}

static inline mproc_cache_usage usage_of(mproc_cache *cache)
{
	mproc_cache_usage usage;

	require(mproc_cache_stats(cache, &usage) == 0, "a usage");
	return usage;
}

/* The tally says so many small results. */
static inline void assert_entries(mproc_cache *cache, uint64_t entries)
{
	mproc_cache_usage usage = usage_of(cache);

	ck_assert_uint_eq(usage.entries, entries);
	ck_assert_uint_eq(usage.bytes, entries * PAGE);
}

#endif
