/* SPDX-License-Identifier: MIT */
/*
 * conformance_maps_in_parts.c - a map of more than 2^24 items is worked off in parts; nobody sees that.
 */
#include "conformance.h"

static const size_t TWO_PARTS = ((size_t)1 << 24) + 77;
static uint8_t *marks;

static int mark_index(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	++marks[mproc_task_index(task)];
	return 0;
}

START_TEST(a_map_of_several_parts_covers_every_index_once)
{
	mproc_pool *pool;
	size_t wrong = 0;

	if (IS_SANITIZED)
		return;
	marks = share(TWO_PARTS);
	pool = open_pool(2);
	assert_ok(mproc_pool_map(pool, mark_index, NULL, 0, TWO_PARTS, NULL, 0, NULL));
	for (size_t i = 0; i < TWO_PARTS; ++i)
		wrong += marks[i] != 1;
	ck_assert_uint_eq(wrong, 0);
	munmap(marks, TWO_PARTS);
	mproc_pool_close(pool);
}
END_TEST

static int fail_late(const void *item, void *result, mproc_task *task)
{
	*(uint8_t *)result = *(const uint8_t *)item;
	return mproc_task_index(task) == ((size_t)1 << 24) + 3 ? -EIO : 0;
}

START_TEST(a_failed_item_of_the_second_part_is_told_by_its_index)
{
	uint8_t *bytes, *results;
	mproc_pool *pool;

	if (IS_SANITIZED)
		return;
	bytes = share(TWO_PARTS);
	results = share(TWO_PARTS);
	bytes[TWO_PARTS - 1] = 55;
	pool = open_pool(2);
	ck_assert_int_eq(
		mproc_pool_map(pool, fail_late, bytes, 1, TWO_PARTS, results, 1, NULL), MPROC_ITEMS_FAILED);
	assert_text_has("1 of 16777293 items failed; the first, item 16777219: it returned -5");
	ck_assert_uint_eq(results[TWO_PARTS - 1], 55);
	munmap(bytes, TWO_PARTS);
	munmap(results, TWO_PARTS);
	mproc_pool_close(pool);
}
END_TEST

void add_maps_in_parts(void)
{
	const TTest *const tests[] = {
		a_map_of_several_parts_covers_every_index_once,
		a_failed_item_of_the_second_part_is_told_by_its_index,
		NULL,
	};

	add_tests(tests);
}
