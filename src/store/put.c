/* SPDX-License-Identifier: MIT */
/*
 * Storing and removing.
 */
#include "store/cache.h"
#include "store/stored.h"

#include "base/error.h"
#include "sys/descriptor.h"
#include "sys/directory.h"
#include "sys/whole_file.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

enum {
	/* "aside/" and 32 digits, and a 0. */
	ASIDE_NAME_SIZE = 64,
	FRONT_SIZE = sizeof(mproci_stored) + MPROCI_FUNCTION_NAME_MOST + 64,
	/* So often may somebody take the directories away again. */
	TRIES = 5,
};

static int make_directory(const mproc_cache *cache, const char *name)
{
	int rc = mproci_directory_open_at(cache->directory, name, true, name);

	if (rc < 0)
		return rc;
	mproci_close(rc);
	return 0;
}

/* All that may be missing; somebody may have removed everything in the directory. */
static int make_directories(const mproc_cache *cache, const char *name)
{
	char folder[MPROCI_RESULT_NAME_SIZE];
	int rc;

	snprintf(folder, sizeof folder, "%.10s", name);
	rc = mproci_cache_see_to_tag(cache);
	if (rc == 0)
		rc = make_directory(cache, "aside");
	if (rc == 0)
		rc = make_directory(cache, "results");
	return rc == 0 ? make_directory(cache, folder) : rc;
}

static int write_result(const mproc_cache *cache, const char *name, const mproci_part *parts)
{
	char aside[ASIDE_NAME_SIZE];
	int rc;

	for (int tries = 0;; ++tries) {
		rc = mproci_cache_aside("aside/", aside, sizeof aside);
		if (rc == 0)
			rc = mproci_whole_file_write(cache->directory, aside, name, parts, 2, name);
		if (rc != -ENOENT || tries == TRIES)
			return rc;
		rc = make_directories(cache, name);
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
}

static int check_size(const mproc_cache *cache, size_t offset, size_t size)
{
	if (size <= SIZE_MAX / 2 && mproci_cache_bytes(offset + size) <= cache->max_bytes)
		return 0;
	return mproci_fail(-EFBIG, "a result of %zu bytes takes more than max_bytes, %llu", size,
		(unsigned long long)cache->max_bytes);
}

/* @replaced: what was there before, if @is_new is not. */
static void count_put(mproc_cache *cache, uint64_t size, bool is_new, uint64_t replaced)
{
	int64_t bytes = (int64_t)mproci_cache_bytes(size);

	if (is_new)
		atomic_fetch_add_explicit(&cache->tally->entries, 1, memory_order_relaxed);
	else
		bytes -= (int64_t)mproci_cache_bytes(replaced);
	atomic_fetch_add_explicit(&cache->tally->bytes, bytes, memory_order_relaxed);
	mproci_count(&cache->tally->puts, 1);
}

static int store(mproc_cache *cache, const mproc_cache_key *key, const mproci_digest *digest,
	const void *bytes, size_t size, uint64_t cost)
{
	size_t name_size = strnlen(key->function, MPROCI_FUNCTION_NAME_MOST + 1);
	size_t offset = mproci_stored_offset(name_size);
	alignas(8) char front[FRONT_SIZE];
	char name[MPROCI_RESULT_NAME_SIZE];
	mproci_file_status status = {0};
	bool is_new;
	int rc;

	/* It was checked before the function was called, and may be in memory that the function uses. */
	if (name_size == 0 || name_size > MPROCI_FUNCTION_NAME_MOST)
		return mproci_fail(-EINVAL, "the name of the function was changed while it computed");
	rc = check_size(cache, offset, size);
	if (rc < 0)
		return rc;
	if (!cache->is_writable)
		return mproci_fail(-EROFS, "it could not be written to when it was opened");
	mproci_digest_path(digest, name);
	mproci_stored_write(front, key, digest, bytes, size, mproci_cache_now(), cost);
	const mproci_part parts[] = {{front, offset}, {bytes, size}};
	is_new = mproci_file_status_at(cache->directory, name, &status) < 0;
	rc = write_result(cache, name, parts);
	if (rc == 0)
		count_put(cache, offset + size, is_new, status.size);
	return rc;
}

int mproci_cache_store(mproc_cache *cache, const mproc_cache_key *key, const mproci_digest *digest,
	const void *bytes, size_t size, uint64_t cost)
{
	int rc = store(cache, key, digest, bytes, size, cost);

	if (rc < 0) {
		mproci_count(&cache->tally->failed_puts, 1);
		return mproci_cache_fail(cache, rc);
	}
	mproci_sweep_if_needed(cache);
	return 0;
}

int mproc_cache_put(mproc_cache *cache, const mproc_cache_key *key, const void *bytes, size_t size)
{
	mproci_digest digest;
	int rc;

	rc = mproci_cache_check(cache);
	if (rc == 0)
		rc = mproci_digest_of(key, &digest);
	if (rc == 0 && bytes == NULL && size > 0)
		rc = mproci_fail(-EINVAL, "bytes are NULL, with a size of %zu", size);
	return rc == 0 ? mproci_cache_store(cache, key, &digest, bytes, size, 0) : rc;
}

int mproc_cache_remove(mproc_cache *cache, const mproc_cache_key *key)
{
	char name[MPROCI_RESULT_NAME_SIZE];
	mproci_file_status status;
	int rc;

	rc = mproci_cache_find(cache, key, name, &status);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (rc == 0)
		rc = mproci_file_remove_at(cache->directory, name);
	if (rc == -ENOENT)
		return mproci_answer(rc, "no such result is stored");
	if (rc < 0)
		return mproci_fail(
			rc, "cache \"%.100s\": %s cannot be removed: %s", cache->path, name, strerror(-rc));
	mproci_cache_uncount(cache, status.size);
	return 0;
}
