/* SPDX-License-Identifier: MIT */
/*
 * collections/dict_fixture.h - what the tests of dicts share: a dict for each test, keys and values with a pattern, and the check that
 * nothing of it stays in the arena.
 */
#ifndef COLLECTIONS_DICT_FIXTURE_H
#define COLLECTIONS_DICT_FIXTURE_H

#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/dict.h>
#include <mproc/snapshot.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of the test; whoever it forks finds it at the same place. */
static mproc_dict *dict;

static size_t blocks_before;

static inline mproc_arena_usage arena_usage(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage;
}

static inline size_t count_blocks(void)
{
	return arena_usage().blocks;
}

static inline size_t used_bytes(void)
{
	return arena_usage().used;
}

static inline void create_with(mproc_dict_options options)
{
	ck_assert_int_eq(mproc_dict_create(&options, &dict), 0);
}

static inline void create(void)
{
	ck_assert_int_eq(mproc_dict_create(NULL, &dict), 0);
}

static inline void destroy(void)
{
	dict = mproc_dict_destroy(dict);
	ck_assert_ptr_null(dict);
}

/* Around each test: what it made is gone, but for a dict it has left, which is destroyed here. */
static inline void note_blocks(void)
{
	blocks_before = count_blocks();
}

static inline void check_blocks(void)
{
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

static inline void check_failed(ssize_t rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%zd, not %d: %s", rc, expected, mproc_error_text());
	support_check_text(text);
}

/* For what is checked a million times: each assertion of Check that holds is written to a file. */
static inline void require(bool is_so, const char *what)
{
	if (!is_so)
		ck_abort_msg("%s is not so; %s", what, mproc_error_text());
}

/* Values of a pattern. */

static inline unsigned char pattern_at(size_t place, unsigned seed)
{
	return (unsigned char)(place * 7 + (place >> 8) + (place >> 16) * 13 + seed * 31 + 1);
}

static inline void fill(void *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; ++i)
		((unsigned char *)bytes)[i] = pattern_at(i, seed);
}

static inline bool is_filled(const void *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; ++i) {
		if (((const unsigned char *)bytes)[i] != pattern_at(i, seed))
			return false;
	}
	return true;
}

static inline void set_filled(const void *key, size_t key_size, size_t size, unsigned seed)
{
	char *value = malloc(size + 1);
	int rc;

	require(value != NULL, "memory for a value");
	fill(value, size, seed);
	rc = mproc_dict_set(dict, key, key_size, value, size);
	require(rc == 0, "a value is set");
	free(value);
}

/* By both ways to get it. */
static inline void expect_filled(const void *key, size_t key_size, size_t size, unsigned seed)
{
	void *buffer = malloc(size + 1), *copy = NULL;
	size_t got = SIZE_MAX, copied = SIZE_MAX;
	int rc = mproc_dict_get(dict, key, key_size, buffer, size, &got);

	require(rc == 0, "a value is got");
	require(got == size && is_filled(buffer, size, seed), "the value that was got");
	rc = mproc_dict_get_copy(dict, key, key_size, &copy, &copied);
	require(rc == 0, "a value is copied");
	require(copied == size && is_filled(copy, size, seed) && ((char *)copy)[size] == 0,
		"the value that was copied");
	free(copy);
	free(buffer);
}

/* Keys and values that are strings. */

static inline int set_text(const char *key, const char *value)
{
	return mproc_dict_set(dict, key, strlen(key), value, strlen(value));
}

static inline void expect_text(const char *key, const char *expected)
{
	char value[64] = "";
	size_t size = 0;
	int rc = mproc_dict_get(dict, key, strlen(key), value, sizeof value - 1, &size);

	ck_assert_msg(rc == 0, "get \"%s\": %d, %s", key, rc, mproc_error_text());
	ck_assert_str_eq(value, expected);
	ck_assert_uint_eq(size, strlen(expected));
}

static inline void expect_none(const char *key)
{
	char value[8] = "before";
	size_t size = 77;

	ck_assert_int_eq(mproc_dict_get(dict, key, strlen(key), value, sizeof value, &size), -ENOENT);
	ck_assert_str_eq(value, "before");
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(mproc_dict_has(dict, key, strlen(key)), 0);
}

/* Keys that are numbers. */

static inline int set_number(uint64_t key, uint64_t number)
{
	return mproc_dict_set(dict, &key, sizeof key, &number, sizeof number);
}

static inline int get_number(uint64_t key, uint64_t *ret_number)
{
	return mproc_dict_get(dict, &key, sizeof key, ret_number, sizeof *ret_number, NULL);
}

static inline int delete_number(uint64_t key)
{
	return mproc_dict_delete(dict, &key, sizeof key);
}

#endif
