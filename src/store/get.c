/* SPDX-License-Identifier: MIT */
/*
 * Finding what is stored.  Nothing is believed before its checksum is right and it says itself that it is this key's.
 */
#include "store/cache.h"
#include "store/stored.h"

#include "base/error.h"
#include "sys/whole_file.h"

#include <errno.h>
#include <mproc/log.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* More is mapped: from here on that costs less than to copy. */
	MOST_COPIED = 65536,
};

static bool is_too_old(const mproc_cache *cache, int64_t stored)
{
	/* What is stored in the future, as seen by a clock that was set back, is new. */
	return cache->max_age > 0 && stored < mproci_cache_now() - cache->max_age;
}

/* Report and count it; the log may have a failure of its own. */
static int report(const mproc_cache *cache, const char *name, const char *wrong)
{
	char text[MPROCI_ERROR_TEXT_SIZE];

	mproci_fail(-EBADMSG, "cache \"%.100s\": %s is damaged: %s", cache->path, name, wrong);
	memcpy(text, mproc_error_text(), sizeof text);
	mproci_count(&cache->tally->damaged, 1);
	mproc_log(MPROC_LOG_WARNING, "%s", text);
	return mproci_answer(-EBADMSG, text);
}

void mproci_cache_uncount(mproc_cache *cache, uint64_t size)
{
	atomic_fetch_sub_explicit(&cache->tally->entries, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(
		&cache->tally->bytes, (int64_t)mproci_cache_bytes(size), memory_order_relaxed);
}

/* Not a result that somebody has stored meanwhile. */
static int refuse_damaged(
	mproc_cache *cache, const char *name, const mproci_whole_file *file, const char *wrong)
{
	if (mproci_whole_file_remove_if_same(cache->directory, name, file) == 0)
		mproci_cache_uncount(cache, file->size);
	return report(cache, name, wrong);
}

/* What is no file at all, or empty.  What has been stored there since is removed with it, at worst, and computed again. */
static int refuse_no_file(mproc_cache *cache, const char *name)
{
	mproci_file_status status;

	if (mproci_file_status_at(cache->directory, name, &status) == 0 && !status.is_directory
		&& mproci_file_remove_at(cache->directory, name) == 0)
		mproci_cache_uncount(cache, status.size);
	return report(cache, name, "it is empty, or no file");
}

/* Not all of a file is read whose size is not what it says, which may be larger than the disk. */
static int check(
	mproc_cache *cache, const char *name, const mproci_digest *digest, const mproci_whole_file *file)
{
	const char *wrong;
	int rc = 0;

	if (mproci_stored_front_is_possible(file->memory, file->size, file->size))
		rc = mproci_whole_file_bring(file, name);
	if (rc < 0)
		return mproci_cache_fail(cache, rc);
	wrong = mproci_stored_check(file->memory, file->size, digest);
	return wrong == NULL ? 0 : refuse_damaged(cache, name, file, wrong);
}

static int read_result(
	mproc_cache *cache, const char *name, const mproci_digest *digest, mproci_whole_file *ret_file)
{
	int rc;

	/* Only a bound on bytes asks who was used longest ago. */
	rc = mproci_whole_file_read(
		cache->directory, name, MOST_COPIED, cache->max_bytes != UINT64_MAX, name, ret_file);
	if (rc == -EINVAL)
		return refuse_no_file(cache, name);
	if (rc < 0)
		return rc == -ENOENT ? rc : mproci_cache_fail(cache, rc);
	rc = check(cache, name, digest, ret_file);
	if (rc < 0)
		mproci_whole_file_free(ret_file->memory, ret_file->length);
	return rc;
}

/* Give out the value in it, if that is not too old. */
static int unpack(const mproc_cache *cache, const mproci_whole_file *file, mproc_cache_value *ret_value,
	uint64_t *ret_cost)
{
	mproci_stored header;

	mproci_stored_read(file->memory, &header);
	if (is_too_old(cache, header.stored)) {
		mproci_whole_file_free(file->memory, file->length);
		return -ENOENT;
	}
	*ret_cost = header.cost;
	*ret_value = (mproc_cache_value){
		.bytes = (const char *)file->memory + header.offset,
		.size = header.size,
		.origin = MPROC_CACHE_FOUND,
		.cost = mproci_cache_seconds((int64_t)header.cost),
		.stored = mproci_cache_seconds(header.stored),
		.memory = file->memory,
		.length = file->length,
	};
	return 0;
}

int mproci_cache_look(
	mproc_cache *cache, const mproci_digest *digest, bool counts, mproc_cache_value *ret_value)
{
	char name[MPROCI_RESULT_NAME_SIZE];
	mproci_whole_file file;
	uint64_t cost = 0;
	int rc;

	mproci_digest_path(digest, name);
	rc = read_result(cache, name, digest, &file);
	if (rc == 0)
		rc = unpack(cache, &file, ret_value, &cost);
	if (!counts)
		return rc;
	mproci_count(rc == 0 ? &cache->tally->hits : &cache->tally->misses, 1);
	if (cost > 0)
		mproci_count(&cache->tally->saved, cost);
	return rc;
}

int mproc_cache_get(mproc_cache *cache, const mproc_cache_key *key, mproc_cache_value *ret_value)
{
	mproci_digest digest;
	int rc;

	rc = mproci_cache_check(cache);
	if (rc < 0)
		return rc;
	if (ret_value == NULL)
		return mproci_fail(-EINVAL, "ret_value is NULL");
	rc = mproci_digest_of(key, &digest);
	if (rc < 0)
		return rc;
	rc = mproci_cache_look(cache, &digest, true, ret_value);
	return rc == -ENOENT ? mproci_answer(rc, "no such result is stored, or it is older than max_age")
			     : rc;
}

int mproci_cache_find(const mproc_cache *cache, const mproc_cache_key *key,
	char ret_name[MPROCI_RESULT_NAME_SIZE], mproci_file_status *ret_status)
{
	mproci_digest digest;
	int rc;

	rc = mproci_cache_check(cache);
	if (rc == 0)
		rc = mproci_digest_of(key, &digest);
	if (rc < 0)
		return rc;
	mproci_digest_path(&digest, ret_name);
	rc = mproci_file_status_at(cache->directory, ret_name, ret_status);
	if (rc < 0 && rc != -ENOENT)
		mproci_fail(rc, "cache \"%.100s\": %s: %s", cache->path, ret_name, strerror(-rc));
	return rc;
}

int mproc_cache_contains(mproc_cache *cache, const mproc_cache_key *key)
{
	char name[MPROCI_RESULT_NAME_SIZE];
	mproci_file_status status;
	int rc;

	rc = mproci_cache_find(cache, key, name, &status);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return !status.is_directory && !is_too_old(cache, status.changed);
}

void mproc_cache_value_free(mproc_cache_value *value)
{
	if (value == NULL)
		return;
	mproci_whole_file_free(value->memory, value->length);
	*value = (mproc_cache_value){0};
}
