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

	ck_assert_uint_le(size, sizeof bytes);
	memcpy(bytes, &number, sizeof number);
	rc = mproc_cache_put(cache, &key, bytes, size);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
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

	ck_assert_int_ge(rc, 0);
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
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_uint_eq(value.size, sizeof number);
	ck_assert_mem_eq(value.bytes, &number, sizeof number);
	mproc_cache_value_free(&value);
	return 0;
}

/* The name of a result's file, in the cache's directory; valid until the next call. */
static inline const char *name_of(uint64_t number)
{
	static char name[MPROCI_RESULT_NAME_SIZE];
	mproc_cache_key key = key_of(&number);
	mproci_digest digest;

	ck_assert_int_eq(mproci_digest_of(&key, &digest), 0);
	mproci_digest_path(&digest, name);
	return name;
}

static inline mproci_file_status status_of(const mproc_cache *cache, uint64_t number)
{
	mproci_file_status status = {0};

	ck_assert_int_eq(mproci_file_status_at(cache->directory, name_of(number), &status), 0);
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

	ck_assert_int_eq(utimensat(cache->directory, name_of(number), times, 0), 0);
}

static inline mproc_cache_usage usage_of(mproc_cache *cache)
{
	mproc_cache_usage usage;

	ck_assert_int_eq(mproc_cache_stats(cache, &usage), 0);
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
