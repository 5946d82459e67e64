/* SPDX-License-Identifier: MIT */
/*
 * Dicts in an arena that is full.
 */
#include "collections/dict_fixture.h"

#include <mproc/namespace.h>
#include <mproc/set.h>
#include <stdio.h>

enum {
	SIZE_OF_ARENA = 16 << 20,
	VALUE = 4000,
};

/* An arena as small as there can be. */
static void reserve_little(void)
{
	if (mproc_arena_reserve(SIZE_OF_ARENA) != 0)
		abort();
	support_warm_up();
}

/* Returns how many were set. */
static uint64_t set_until_full(size_t size)
{
	char *value = malloc(size + 1);
	uint64_t count = 0;
	int rc;

	do {
		fill(value, size, (unsigned)count);
		rc = mproc_dict_set(dict, &count, sizeof count, value, size);
		count += rc == 0;
	} while (rc == 0);
	check_failed(rc, -ENOMEM, "arena");
	free(value);
	return count;
}

static void check_first(uint64_t count, size_t size)
{
	ck_assert_int_eq(mproc_dict_count(dict), count);
	for (uint64_t key = 0; key < count; ++key)
		expect_filled(&key, sizeof key, size, (unsigned)key);
	ck_assert_int_eq(mproc_dict_has(dict, &count, sizeof count), 0);
}

START_TEST(no_dict_is_made_in_a_full_arena)
{
	mproc_dict *another = NULL;

	create();
	set_until_full(VALUE);
	set_until_full(0);
	check_failed(mproc_dict_create(NULL, &another), -ENOMEM, "arena");
	ck_assert_ptr_null(another);
}
END_TEST

START_TEST(no_set_or_namespace_is_made_or_grows_in_a_full_arena)
{
	static mproc_namespace *spaces[SIZE_OF_ARENA / 1024];
	mproc_set *set, *another = NULL;
	size_t count = 0;
	char name[20];
	int rc = 0;

	create();
	ck_assert_int_eq(mproc_set_create(NULL, &set), 0);
	set_until_full(VALUE);
	set_until_full(0);
	check_failed(mproc_set_create(NULL, &another), -ENOMEM, "arena");
	ck_assert_ptr_null(another);
	while (rc == 0)
		rc = mproc_namespace_create(NULL, &spaces[count++]);
	check_failed(rc, -ENOMEM, "arena");
	ck_assert_uint_gt(--count, 0);
	rc = 0;
	for (uint64_t i = 0; rc == 0; ++i)
		rc = mproc_set_add(set, &i, sizeof i);
	check_failed(rc, -ENOMEM, "arena");
	rc = 0;
	for (int i = 0; rc == 0; ++i) {
		snprintf(name, sizeof name, "name%d", i);
		rc = mproc_namespace_set(spaces[0], name, "value", 5);
	}
	check_failed(rc, -ENOMEM, "arena");
	while (count > 0)
		mproc_namespace_destroy(spaces[--count]);
	mproc_set_destroy(set);
}
END_TEST

START_TEST(what_is_in_a_dict_stays_when_there_is_no_more_memory)
{
	static char larger[100 * VALUE];
	uint64_t count, key = 5;

	create();
	count = set_until_full(VALUE);
	ck_assert_uint_gt(count, SIZE_OF_ARENA / VALUE / 2);
	check_failed(mproc_dict_set(dict, &key, sizeof key, larger, sizeof larger), -ENOMEM, "arena");
	check_failed(mproc_dict_set_if_absent(dict, &count, sizeof count, larger, sizeof larger), -ENOMEM,
		"arena");
	fill(larger, VALUE, (unsigned)key);
	check_failed(mproc_dict_compare_and_set(dict, &key, sizeof key, larger, VALUE, larger, sizeof larger),
		-ENOMEM, "arena");
	check_first(count, VALUE);
}
END_TEST

START_TEST(dict_in_a_full_arena_goes_on_after_deletes)
{
	uint64_t count;

	create();
	count = set_until_full(VALUE);
	for (uint64_t key = 0; key < count; key += 2)
		require(delete_number(key) == 0, "deleting");
	for (uint64_t key = 0; key < count; key += 2)
		set_filled(&key, sizeof key, VALUE, (unsigned)key);
	check_first(count, VALUE);
}
END_TEST

START_TEST(numbers_are_added_to_in_a_full_arena)
{
	int64_t sum = 0;
	uint64_t new = UINT64_MAX;
	int rc;

	create();
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 5, NULL), 0);
	set_until_full(VALUE);
	set_until_full(0);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 5, &sum), 0);
	ck_assert_int_eq(sum, 10);
	/* For some there is room left. */
	do
		rc = mproc_dict_add(dict, &new, sizeof new, 5, &sum);
	while (rc == 0 && --new > 0);
	check_failed(rc, -ENOMEM, "arena");
	ck_assert_int_eq(mproc_dict_has(dict, &new, sizeof new), 0);
}
END_TEST

START_TEST(full_dict_is_cleared_and_filled_again)
{
	size_t empty;
	uint64_t count;

	create();
	empty = used_bytes();
	count = set_until_full(VALUE);
	for (int round = 0; round < 3; ++round) {
		ck_assert_int_eq(mproc_dict_clear(dict), 0);
		ck_assert_uint_le(used_bytes(), empty + (64 << 10));
		ck_assert_uint_ge(set_until_full(VALUE), count * 9 / 10);
	}
}
END_TEST

/* A snapshot is the process's own. */
START_TEST(snapshot_of_a_full_dict_needs_nothing_of_the_arena)
{
	mproc_snapshot *all = NULL;
	uint64_t count;

	create();
	count = set_until_full(VALUE);
	ck_assert_int_eq(mproc_dict_snapshot(dict, &all), 0);
	ck_assert_uint_eq(all->count, count);
	mproc_snapshot_close(all);
}
END_TEST

/* Small ones, so that it is the buckets that have no memory to grow. */
START_TEST(dict_whose_table_cannot_grow_holds_all)
{
	uint64_t count;

	create_with((mproc_dict_options){.stripes = 1});
	count = set_until_full(8);
	ck_assert_uint_gt(count, 50000);
	check_first(count, 8);
	for (uint64_t key = 0; key < count; ++key)
		require(delete_number(key) == 0, "deleting");
	ck_assert_int_eq(mproc_dict_count(dict), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		no_dict_is_made_in_a_full_arena,
		no_set_or_namespace_is_made_or_grows_in_a_full_arena,
		what_is_in_a_dict_stays_when_there_is_no_more_memory,
		dict_in_a_full_arena_goes_on_after_deletes,
		numbers_are_added_to_in_a_full_arena,
		full_dict_is_cleared_and_filled_again,
		snapshot_of_a_full_dict_needs_nothing_of_the_arena,
		dict_whose_table_cannot_grow_holds_all,
		NULL,
	};
	const support_suite suite = {
		.name = "dict in a full arena",
		.tests = tests,
		.warm_up = reserve_little,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
