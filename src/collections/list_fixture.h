/* SPDX-License-Identifier: MIT */
/*
 * collections/list_fixture.h - what the tests of lists share: a list for each test, items with a pattern, and
 * the check that nothing of it stays in the arena.
 */
#ifndef COLLECTIONS_LIST_FIXTURE_H
#define COLLECTIONS_LIST_FIXTURE_H

#include "collections/list.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of the test; whoever it forks finds it at the same place. */
static mproc_list *list;

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

static inline void create(void)
{
	ck_assert_int_eq(mproc_list_create(NULL, &list), 0);
}

static inline void destroy(void)
{
	list = mproc_list_destroy(list);
	ck_assert_ptr_null(list);
}

/* Around each test: what it made is gone, but for a list it has left, which is destroyed here. */
static inline void make_list(void)
{
	blocks_before = count_blocks();
	create();
}

static inline void check_blocks(void)
{
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

static inline void check_done(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void check_failed(ssize_t rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%zd, not %d: %s", rc, expected, mproc_error_text());
	support_check_text(text);
}

/* Items of a pattern. */

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

/* Items that are numbers. */

static inline void append_number(uint64_t number)
{
	check_done(mproc_list_append(list, &number, sizeof number));
}

static inline void insert_number(ssize_t position, uint64_t number)
{
	check_done(mproc_list_insert(list, position, &number, sizeof number));
}

static inline uint64_t number_at(ssize_t position)
{
	uint64_t number = 0;

	check_done(mproc_list_get(list, position, &number, sizeof number, NULL));
	return number;
}

static inline uint64_t pop_number(ssize_t position)
{
	uint64_t number = 0;

	check_done(mproc_list_pop(list, position, &number, sizeof number, NULL));
	return number;
}

/* The items are the numbers from @first to the one before @end. */
static inline void expect_range(uint64_t first, uint64_t end)
{
	ck_assert_int_eq(mproc_list_count(list), (ssize_t)(end - first));
	for (uint64_t number = first; number < end; ++number)
		ck_assert_uint_eq(number_at((ssize_t)(number - first)), number);
}

static inline void append_range(uint64_t first, uint64_t end)
{
	for (uint64_t number = first; number < end; ++number)
		append_number(number);
}

#endif
