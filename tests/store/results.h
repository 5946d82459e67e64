/* SPDX-License-Identifier: MIT */
/*
 * tests/store/results.h - a cache in the directory of sys/file_fixture.h, and results that can be told from each other.
 */
#ifndef STORE_RESULTS_H
#define STORE_RESULTS_H

#include "people.h"
#include "store/digest.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <mproc/cache.h>
#include <mproc/result.h>
#include <stdint.h>

static mproc_cache *cache;

static void open_cache(void)
{
	ck_assert_msg(mproc_cache_open(in_tree("/small"), NULL, &cache) == 0, "%s", mproc_error_text());
}

static void close_cache(void)
{
	cache = mproc_cache_close(cache);
}

static mproc_cache_key key_of(const uint32_t *number)
{
	return (mproc_cache_key){
		.function = "work", .version = 1, .arguments = number, .size = sizeof *number};
}

/* No byte is 0: what a file system leaves out is. */
static void fill_result(unsigned char *bytes, size_t size, uint32_t number)
{
	for (size_t i = 0; i < size; ++i)
		bytes[i] = (unsigned char)(1 + (number * 31 + i * 7 + i / 256) % 255);
}

static unsigned char *make_result(size_t size, uint32_t number)
{
	unsigned char *bytes = malloc(size + 1);

	ck_assert_ptr_nonnull(bytes);
	fill_result(bytes, size, number);
	return bytes;
}

static int put_result(uint32_t number, size_t size)
{
	mproc_cache_key key = key_of(&number);
	unsigned char *bytes = make_result(size, number);
	int rc = mproc_cache_put(cache, &key, bytes, size);

	free(bytes);
	return rc;
}

static void check_value(mproc_cache_value *value, uint32_t number, size_t size)
{
	unsigned char *bytes = make_result(size, number);

	ck_assert_uint_eq(value->size, size);
	ck_assert(memcmp(value->bytes, bytes, size) == 0);
	free(bytes);
	mproc_cache_value_free(value);
}

/* Returns 0 for the right one. */
static int get_result(uint32_t number, size_t size)
{
	mproc_cache_key key = key_of(&number);
	mproc_cache_value value;
	int rc = mproc_cache_get(cache, &key, &value);

	if (rc == 0)
		check_value(&value, number, size);
	return rc;
}

static int compute_result(const void *arguments, size_t unused, mproc_cache_result *result, void *size)
{
	unsigned char *room = mproc_cache_result_room(result, *(const size_t *)size);
	uint32_t number;

	(void)unused;
	memcpy(&number, arguments, sizeof number);
	fill_result(room, *(const size_t *)size, number);
	return 0;
}

/* Returns where it came from. */
static mproc_cache_origin call_for_result(uint32_t number, size_t size)
{
	mproc_cache_key key = key_of(&number);
	mproc_cache_origin origin;
	mproc_cache_value value;
	int rc = mproc_cache_call(cache, &key, compute_result, &size, MPROC_FOREVER, &value);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	origin = value.origin;
	check_value(&value, number, size);
	return origin;
}

static mproc_cache_usage usage_of(void)
{
	mproc_cache_usage usage;

	ck_assert_int_eq(mproc_cache_stats(cache, &usage), 0);
	return usage;
}

/* The name of a result in the tree. */
static const char *name_of(uint32_t number)
{
	static char name[sizeof "/small/" + MPROCI_RESULT_NAME_SIZE];
	mproc_cache_key key = key_of(&number);
	mproci_digest digest;
	int length = snprintf(name, sizeof name, "/small/");

	ck_assert_int_eq(mproci_digest_of(&key, &digest), 0);
	mproci_digest_path(&digest, name + length);
	return name;
}

#endif
