/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing; and what makes a directory a cache: the file CACHEDIR.TAG, which is written before anything else.  So a directory without it, and
 * with other names than those that writing it leaves, is somebody's own.
 */
#include "store/cache.h"

#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "sys/descriptor.h"
#include "sys/directory.h"
#include "sys/file_lock.h"
#include "sys/hmac.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FORMAT = 1,
	/* "CACHEDIR.TAG." and 32 digits. */
	TAG_ASIDE_SIZE = 64,
	TRIES = 2,
};

static const char TAG[] = "CACHEDIR.TAG";
static const char TAG_FRONT[] = "Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format ";
static const char TAG_TEXT[] = "Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 1\n";

static const uint64_t DEFAULT_MOST_BYTES = UINT64_C(10) << 30;
static const double MOST_AGE = 1e9;

int mproci_cache_check(const mproc_cache *cache)
{
	return mproci_check_object(cache, MPROCI_CACHE_MARK, "cache");
}

int mproci_cache_fail(const mproc_cache *cache, int rc)
{
	char text[MPROCI_ERROR_TEXT_SIZE];

	snprintf(text, sizeof text, "%s", mproc_error_text());
	return mproci_fail(rc, "cache \"%.100s\": %.140s", cache->path, text);
}

int64_t mproci_cache_now(void)
{
	struct timespec now;

	timespec_get(&now, TIME_UTC);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int mproci_cache_aside(const char *prefix, char *ret_name, size_t size)
{
	uint64_t random[2];
	int rc;

	/* Not a number that a fork, or another machine, could repeat. */
	rc = mproci_random(random, sizeof random);
	if (rc == 0)
		snprintf(ret_name, size, "%s%016llx%016llx", prefix, (unsigned long long)random[0],
			(unsigned long long)random[1]);
	return rc;
}

typedef enum tag_kind {
	TAG_OURS,
	TAG_NONE,
	/* A power cut left fewer bytes of it, or zeros instead of them. */
	TAG_TORN,
	TAG_NEWER,
	TAG_OF_OTHERS,
} tag_kind;

static bool is_torn(const char *text, size_t size)
{
	if (size > strlen(TAG_TEXT))
		return false;
	for (size_t i = 0; i < size; ++i) {
		if (text[i] != TAG_TEXT[i] && text[i] != '\0')
			return false;
	}
	return true;
}

/* Only the front counts: later versions may have more to say. */
static tag_kind classify(const char *text, size_t size, unsigned long *ret_format)
{
	size_t front = strlen(TAG_FRONT);
	unsigned long format = 0;

	if (size >= front && memcmp(text, TAG_FRONT, front) == 0) {
		for (size_t i = front; i < size && text[i] >= '0' && text[i] <= '9' && format < 100000000;
			++i)
			format = format * 10 + (unsigned long)(text[i] - '0');
		*ret_format = format;
		if (format > 0)
			return format == FORMAT ? TAG_OURS : TAG_NEWER;
	}
	return is_torn(text, size) ? TAG_TORN : TAG_OF_OTHERS;
}

/* Returns a tag_kind, or a negative errno with an error text. */
static int read_tag(int directory, unsigned long *ret_format)
{
	mproci_file_status status;
	mproci_whole_file file;
	int rc;

	rc = mproci_whole_file_read(directory, TAG, 65536, false, TAG, &file);
	if (rc == -ENOENT)
		return TAG_NONE;
	/* Empty files are not read. */
	if (rc == -EINVAL && mproci_file_status_at(directory, TAG, &status) == 0 && status.size == 0)
		return TAG_TORN;
	if (rc < 0)
		return rc == -EINVAL ? TAG_OF_OTHERS : rc;
	rc = (int)classify(file.memory, file.size, ret_format);
	mproci_whole_file_free(file.memory, file.length);
	return rc;
}

static int write_tag(int directory)
{
	const mproci_part text = {TAG_TEXT, strlen(TAG_TEXT)};
	char aside[TAG_ASIDE_SIZE];
	int rc;

	rc = mproci_cache_aside("CACHEDIR.TAG.", aside, sizeof aside);
	return rc == 0 ? mproci_whole_file_write(directory, aside, TAG, &text, 1, TAG) : rc;
}

static bool is_aside_of_tag(const char *name)
{
	return strncmp(name, TAG, strlen(TAG)) == 0 && name[strlen(TAG)] == '.'
	       && strspn(name + strlen(TAG) + 1, "0123456789abcdef") == 32
	       && strlen(name) == strlen(TAG) + 1 + 32;
}

static bool is_of_cache(const char *name)
{
	static const char *const ours[] = {"aside", "flights", "results", "sweep", "tally"};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; ++i) {
		if (strcmp(name, ours[i]) == 0)
			return true;
	}
	return false;
}

static int refuse_any(int directory, const char *name, void *unused)
{
	(void)directory;
	(void)name;
	(void)unused;
	return 1;
}

static bool is_empty(int directory, const char *name)
{
	mproci_file_status status;

	if (mproci_file_status_at(directory, name, &status) < 0)
		return false;
	return status.is_directory ? mproci_directory_each(directory, name, refuse_any, NULL, name) == 0
				   : status.size == 0;
}

/*
 * In a directory that is being made there is nothing but the tag, and what is left of writing it; in one that others have emptied, also
 * what a program that uses it has made again, in which there is nothing to lose.
 */
static int refuse_name(int directory, const char *name, void *argument)
{
	char *ret_name = argument;

	if (strcmp(name, TAG) == 0 || is_aside_of_tag(name)
		|| (is_of_cache(name) && is_empty(directory, name)))
		return 0;
	snprintf(ret_name, 64, "%.50s", name);
	return 1;
}

/* With a torn tag there was a power cut; what was stored before it may be there. */
static int refuse_foreign_name(int directory, const char *name, void *argument)
{
	return is_of_cache(name) ? 0 : refuse_name(directory, name, argument);
}

static int make_tag(const mproc_cache *cache, tag_kind kind)
{
	mproci_directory_visitor *visitor = kind == TAG_TORN ? refuse_foreign_name : refuse_name;
	char name[64] = "";
	int rc;

	rc = mproci_directory_each(cache->directory, ".", visitor, name, "its directory");
	if (rc > 0)
		return mproci_fail(-ENOTEMPTY,
			"\"%.100s\" is no cache: it has \"%s\" in it, and no CACHEDIR.TAG of a cache",
			cache->path, name);
	if (rc == 0)
		rc = write_tag(cache->directory);
	return rc < 0 ? mproci_cache_fail(cache, rc) : 0;
}

static int refuse_tag(const mproc_cache *cache, tag_kind kind, unsigned long format)
{
	if (kind == TAG_NEWER)
		return mproci_fail(-EPROTONOSUPPORT,
			"cache \"%.100s\" has format %lu, made by a newer mproc; this one knows format %d",
			cache->path, format, FORMAT);
	return mproci_fail(-ENOTEMPTY, "\"%.100s\" is no cache: its CACHEDIR.TAG is that of something else",
		cache->path);
}

static int see_to_tag(const mproc_cache *cache)
{
	unsigned long format = 0;

	for (int tries = 0;; ++tries) {
		int kind = read_tag(cache->directory, &format), rc;

		if (kind < 0)
			return mproci_cache_fail(cache, kind);
		if (kind == TAG_OURS)
			return 0;
		if (kind != TAG_NONE && kind != TAG_TORN)
			return refuse_tag(cache, (tag_kind)kind, format);
		rc = make_tag(cache, (tag_kind)kind);
		/* Somebody else may have made the cache between the two looks. */
		if (rc != -ENOTEMPTY || tries == TRIES)
			return rc;
	}
}

int mproci_cache_see_to_tag(const mproc_cache *cache)
{
	mproci_file_status status;

	if (mproci_file_status_at(cache->directory, TAG, &status) != -ENOENT)
		return 0;
	return write_tag(cache->directory);
}

static int tidy_name(int directory, const char *name, void *argument)
{
	const char *folder = argument;

	if (folder != NULL || is_aside_of_tag(name))
		mproci_whole_file_remove_left(directory, name);
	return 0;
}

/* What cannot be removed stays, and does no harm. */
void mproci_cache_tidy(mproc_cache *cache)
{
	static char aside[] = "aside";

	mproci_directory_each(cache->directory, ".", tidy_name, NULL, "");
	mproci_directory_each(cache->directory, aside, tidy_name, aside, aside);
}

static int check_options(const mproc_cache_options *options)
{
	if (!(options->max_age >= 0 && options->max_age <= MOST_AGE))
		return mproci_fail(-EINVAL, "max_age %g: 0 (none) to %g seconds are possible",
			options->max_age, MOST_AGE);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

/* What is above 0 must not become 0, which is no bound. */
static int64_t nanoseconds(double seconds)
{
	int64_t result = (int64_t)(seconds * 1e9);

	return result == 0 && seconds > 0 ? 1 : result;
}

static mproc_cache *make_handle(const char *directory, const mproc_cache_options *options)
{
	mproc_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return NULL;
	cache->directory = -1;
	cache->max_bytes = options->max_bytes == 0 ? DEFAULT_MOST_BYTES : options->max_bytes;
	cache->max_age = nanoseconds(options->max_age);
	cache->path = mproci_file_lock_path(directory);
	if (cache->path != NULL && mproci_sweeper_init(&cache->sweeper) == 0) {
		cache->mark = MPROCI_CACHE_MARK;
		return cache;
	}
	free(cache->path);
	free(cache);
	return NULL;
}

static int prepare(mproc_cache *cache)
{
	int rc;

	rc = mproci_directory_open_at(-1, cache->path, true, "its directory");
	if (rc < 0)
		return mproci_cache_fail(cache, rc);
	cache->directory = rc;
	cache->is_writable = mproci_directory_is_writable(cache->directory);
	rc = see_to_tag(cache);
	if (rc < 0)
		return rc;
	cache->tally = mproci_tally_open(cache->directory, cache->is_writable);
	if (cache->tally == NULL)
		return -ENOMEM;
	if (cache->is_writable)
		mproci_cache_tidy(cache);
	return 0;
}

int mproc_cache_open(const char *directory, const mproc_cache_options *options, mproc_cache **ret_cache)
{
	static const mproc_cache_options defaults;
	mproc_cache *cache;
	int rc;

	if (directory == NULL || ret_cache == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", directory == NULL ? "directory" : "ret_cache");
	if (options == NULL)
		options = &defaults;
	rc = check_options(options);
	if (rc == 0)
		rc = mproci_sha256_load();
	if (rc < 0)
		return rc;
	cache = make_handle(directory, options);
	if (cache == NULL)
		return mproci_fail(-ENOMEM, "no memory for a cache");
	rc = prepare(cache);
	if (rc < 0)
		mproc_cache_close(cache);
	else
		*ret_cache = cache;
	return rc;
}

mproc_cache *mproc_cache_close(mproc_cache *cache)
{
	if (cache == NULL)
		return NULL;
	mproci_sweeper_end(&cache->sweeper);
	mproci_tally_close(cache->tally);
	mproci_close(cache->directory);
	cache->mark = 0;
	free(cache->path);
	free(cache);
	return NULL;
}
