/* SPDX-License-Identifier: MIT */
/*
 * store/cache_fixture.h - a cache for tests, /cache in the directory of sys/tree_fixture.h, and the files in it.
 */
#ifndef STORE_CACHE_FIXTURE_H
#define STORE_CACHE_FIXTURE_H

#include "store/cache.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <mproc/result.h>
#include <unistd.h>

static mproc_cache *cache;

static inline mproc_cache *open_cache(const char *path, const mproc_cache_options *options)
{
	mproc_cache *opened = NULL;
	int rc = mproc_cache_open(path, options, &opened);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return opened;
}

static inline void make_cache(void)
{
	tree_create();
	cache = open_cache(in_tree("/cache"), NULL);
}

static inline void remove_cache(void)
{
	ck_assert_ptr_null(mproc_cache_close(cache));
	tree_remove();
}

/* Close it and open it again. */
static inline void reopen_cache(const mproc_cache_options *options)
{
	mproc_cache_close(cache);
	cache = open_cache(in_tree("/cache"), options);
}

static inline mproc_cache_key key_of(const char *arguments)
{
	return (mproc_cache_key){"function", 1, arguments, strlen(arguments)};
}

static inline int put_text(const char *arguments, const char *text)
{
	return mproc_cache_put(
		cache, &(mproc_cache_key){"function", 1, arguments, strlen(arguments)}, text, strlen(text));
}

static inline int get(const char *arguments, mproc_cache_value *ret_value)
{
	return mproc_cache_get(
		cache, &(mproc_cache_key){"function", 1, arguments, strlen(arguments)}, ret_value);
}

static inline void store(const char *arguments, const char *text)
{
	int rc = put_text(arguments, text);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void expect(const char *arguments, const char *text)
{
	mproc_cache_value value;
	int rc = get(arguments, &value);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_uint_eq(value.size, strlen(text));
	ck_assert_mem_eq(value.bytes, text, value.size);
	mproc_cache_value_free(&value);
}

static inline void expect_nothing(const char *arguments, int rc)
{
	mproc_cache_value value = {.size = 7};

	ck_assert_int_eq(get(arguments, &value), rc);
	ck_assert_uint_eq(value.size, 7);
}

/* Where the file of a result is. */
static inline const char *file_of(const char *arguments)
{
	char name[MPROCI_RESULT_NAME_SIZE + sizeof "/cache/"];
	mproc_cache_key key = key_of(arguments);
	mproci_digest digest;

	ck_assert_int_eq(mproci_digest_of(&key, &digest), 0);
	memcpy(name, "/cache/", sizeof "/cache/");
	mproci_digest_path(&digest, name + strlen(name));
	return in_tree(name);
}

static inline bool is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static inline size_t read_file(const char *path, char *ret_bytes, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t got;

	ck_assert_ptr_nonnull(file);
	got = fread(ret_bytes, 1, size, file);
	ck_assert_int_eq(fclose(file), 0);
	return got;
}

/* A new file in place of what is there. */
static inline void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *file;

	ck_assert(unlink(path) == 0 || errno == ENOENT);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* A file, or a directory with all that is in it. */
static inline void remove_all(const char *name)
{
	ck_assert_int_eq(nftw(in_tree(name), tree_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* How many names there are in a directory of the tree; none where it is not there. */
static inline int count_names(const char *name)
{
	DIR *all = opendir(in_tree(name));
	int count = 0;

	if (all == NULL)
		return 0;
	for (const struct dirent *each = readdir(all); each != NULL; each = readdir(all))
		count += strcmp(each->d_name, ".") != 0 && strcmp(each->d_name, "..") != 0;
	closedir(all);
	return count;
}

#endif
