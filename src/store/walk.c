/* SPDX-License-Identifier: MIT */
#include "store/walk.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

typedef struct walk {
	mproc_cache *cache;
	mproci_walk_visitor *visitor;
	void *argument;
	mproci_met met;
	/* By the visitor. */
	bool is_ended;
	/* The last failure. */
	int rc;
} walk;

/* Returns the value of a digit as we write it, or -1. */
static int read_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit == '\0' ? NULL : strchr(digits, digit);

	return found == NULL ? -1 : (int)(found - digits);
}

/* Whether @name is exactly the digits of @count bytes. */
static bool read_digits(const char *name, uint8_t *ret_bytes, size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		int high = read_digit(name[2 * i]);
		int low = high < 0 ? -1 : read_digit(name[2 * i + 1]);

		if (low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return name[2 * count] == '\0';
}

static int meet(int directory, const char *name, void *argument)
{
	walk *self = argument;
	mproci_met *met = &self->met;
	int rc;

	if (!read_digits(name, met->digest.bytes + 1, MPROCI_DIGEST_NAMED - 1))
		return 0;
	met->directory = directory;
	met->name = name;
	rc = mproci_file_status_at(directory, name, &met->status);
	if (rc == -ENOENT || (rc == 0 && met->status.is_directory))
		return 0;
	if (rc < 0)
		return mproci_fail(rc, "%s: %s", name, strerror(-rc));
	rc = self->visitor(met, self->argument);
	self->is_ended = rc != 0;
	return rc;
}

static int enter(int directory, const char *name, void *argument)
{
	walk *self = argument;
	int rc;

	if (!read_digits(name, self->met.digest.bytes, 1))
		return 0;
	rc = mproci_directory_each(directory, name, meet, self, name);
	if (self->is_ended)
		return rc;
	/* Another file than ours. */
	if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
		self->rc = mproci_cache_fail(self->cache, rc);
	return 0;
}

int mproci_walk(mproc_cache *cache, mproci_walk_visitor *visitor, void *argument)
{
	walk self = {.cache = cache, .visitor = visitor, .argument = argument};
	int rc = mproci_directory_each(cache->directory, "results", enter, &self, "results");

	if (self.is_ended)
		return rc;
	if (rc < 0 && rc != -ENOENT)
		return mproci_cache_fail(cache, rc);
	return self.rc;
}

int mproci_walk_remove(mproc_cache *cache, const mproci_digest *digest, const mproci_file_status *status)
{
	char path[MPROCI_RESULT_NAME_SIZE];
	int rc;

	mproci_digest_path(digest, path);
	rc = mproci_file_remove_at(cache->directory, path);
	if (rc == 0)
		mproci_cache_uncount(cache, status->size);
	if (rc == 0 || rc == -ENOENT)
		return rc;
	mproci_fail(rc, "%s cannot be removed: %s", path, strerror(-rc));
	return mproci_cache_fail(cache, rc);
}

void mproci_census_begin(mproci_census *census, mproci_tally *tally)
{
	*census = (mproci_census){
		.tally = tally,
		.begin = mproci_cache_now(),
		.entries = -(uint64_t)atomic_load(&tally->entries),
		.bytes = -(uint64_t)atomic_load(&tally->bytes),
	};
}

void mproci_census_meet(mproci_census *census, const mproci_file_status *status)
{
	/* A time that is still to come was noted before the clock was set back. */
	if (status->changed >= census->begin && status->changed <= mproci_cache_now())
		return;
	++census->entries;
	census->bytes += mproci_cache_bytes(status->size);
}

void mproci_census_end(const mproci_census *census)
{
	atomic_fetch_add(&census->tally->entries, (int64_t)census->entries);
	atomic_fetch_add(&census->tally->bytes, (int64_t)census->bytes);
}
