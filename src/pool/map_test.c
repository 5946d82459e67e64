/* SPDX-License-Identifier: MIT */
#include "pool/map.h"

#include "arena/root.h"
#include "base/error.h"
#include "family/family.h"
#include "pool/task.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int times[64];

/* Counts its calls, and returns what its item says. */
static int count_call(const void *item, void *result, mproc_task *task)
{
	++times[mproc_task_index(task)];
	if (result != NULL)
		*(int *)result = (int)mproc_task_index(task);
	return item == NULL ? 0 : *(const int *)item;
}

static mproci_map *create(const mproci_map_spec *spec, uint32_t lanes)
{
	mproci_map *map;

	memset(times, 0, sizeof times);
	ck_assert_int_eq(mproci_map_create(spec, lanes, false, &map), 0);
	return map;
}

static mproci_map_spec plain(size_t count, size_t chunk)
{
	return (mproci_map_spec){.function = count_call, .count = count, .chunk = chunk};
}

static mproc_outcome outcome_of(const mproci_map *map, size_t item)
{
	return mproci_verdict_outcome(map->verdicts[item]);
}

#define assert_outcome(map, item, how, with)                         \
	do {                                                         \
		ck_assert_int_eq(outcome_of(map, item).ending, how); \
		ck_assert_int_eq(outcome_of(map, item).code, with);  \
	} while (0)

START_TEST(map_runs_every_item_once)
{
	for (size_t chunk = 1; chunk <= 21; ++chunk) {
		mproci_map_spec spec = plain(20, chunk);
		mproci_map *map = create(&spec, 3);

		mproci_map_work(map, 1);
		for (int i = 0; i < 20; ++i) {
			ck_assert_int_eq(times[i], 1);
			assert_outcome(map, i, MPROC_ENDING_VALUE, 0);
		}
		ck_assert(!map->has_failures);
		mproci_map_destroy(map, &spec);
	}
}
END_TEST

START_TEST(map_with_the_largest_chunk_is_one_chunk)
{
	mproci_map_spec spec = plain(20, UINT32_MAX);
	mproci_map *map = create(&spec, 3);

	mproci_map_work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(map_counts_items_from_its_base)
{
	mproci_map_spec spec = plain(4, 1);
	mproci_map *map;

	spec.base = 30;
	map = create(&spec, 1);
	mproci_map_work(map, 0);
	for (int i = 0; i < 64; ++i)
		ck_assert_int_eq(times[i], i >= 30 && i < 34);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(map_keeps_what_each_item_returned)
{
	const int items[] = {0, -1, -EIO, -4095, 1, -4096, INT_MIN, INT_MAX};
	const int codes[] = {0, -1, -EIO, -4095, -ERANGE, -ERANGE, -ERANGE, -ERANGE};
	mproci_map_spec spec = plain(8, 3);
	mproci_map *map;

	spec.items = (const char *)items;
	spec.item_size = sizeof *items;
	map = create(&spec, 1);
	mproci_map_work(map, 0);
	assert_outcome(map, 0, MPROC_ENDING_VALUE, 0);
	for (int i = 1; i < 8; ++i)
		assert_outcome(map, i, MPROC_ENDING_ERROR, codes[i]);
	ck_assert(map->has_failures);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(map_skips_items_that_have_ended)
{
	mproci_map_spec spec = plain(6, 3);
	mproci_map *map = create(&spec, 1);
	mproci_verdict signalled = (mproci_verdict)(MPROC_ENDING_SIGNAL << 12 | SIGKILL);

	map->verdicts[1] = signalled;
	mproci_map_work(map, 0);
	for (int i = 0; i < 6; ++i)
		ck_assert_int_eq(times[i], i != 1);
	assert_outcome(map, 1, MPROC_ENDING_SIGNAL, SIGKILL);
	mproci_map_destroy(map, &spec);
}
END_TEST

/* Do what the worker of lane 0 does up to the middle of item 2 of chunk 0, items 0 to 4. */
static void die_in_item_2(mproci_map *map)
{
	uint32_t chunk;

	ck_assert(mproci_ranges_pop(map->ranges, 0, &chunk));
	ck_assert_uint_eq(chunk, 0);
	map->verdicts[0] = map->verdicts[1] = MPROC_ENDING_VALUE << 12;
	map->ranges->lanes[0].running = 2;
}

START_TEST(recover_blames_the_running_item_and_puts_back_the_rest)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGSEGV});
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	ck_assert(map->has_failures);
	mproci_map_work(map, 1);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], i > 2);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_tells_the_exit_code)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, (mproci_ending){.exit_code = 255});
	assert_outcome(map, 2, MPROC_ENDING_EXIT, 255);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_of_an_exit_with_0_still_ends_the_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, (mproci_ending){0});
	assert_outcome(map, 2, MPROC_ENDING_EXIT, 0);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_does_nothing_the_second_time)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);
	mproci_range range;

	die_in_item_2(map);
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGSEGV});
	range = map->ranges->lanes[0].range;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert_uint_eq(map->ranges->lanes[0].range, range);
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_goes_on_where_a_killed_recoverer_stopped)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	/* The first recoverer wrote the verdict, and died. */
	map->verdicts[2] = MPROC_ENDING_SIGNAL << 12 | SIGSEGV;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	ck_assert_uint_eq(mproci_range_first(map->ranges->lanes[0].range), 0);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_puts_no_finished_chunk_back)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);
	mproci_range range;

	die_in_item_2(map);
	for (int i = 0; i < 5; ++i)
		map->verdicts[i] = MPROC_ENDING_VALUE << 12;
	map->ranges->lanes[0].running = 4;
	range = map->ranges->lanes[0].range;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert_uint_eq(map->ranges->lanes[0].range, range);
	assert_outcome(map, 4, MPROC_ENDING_VALUE, 0);
	ck_assert(!map->has_failures);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_of_the_last_item_of_a_chunk_puts_nothing_back)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);
	mproci_range range;

	die_in_item_2(map);
	map->verdicts[2] = map->verdicts[3] = MPROC_ENDING_VALUE << 12;
	map->ranges->lanes[0].running = 4;
	range = map->ranges->lanes[0].range;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert_uint_eq(map->ranges->lanes[0].range, range);
	assert_outcome(map, 4, MPROC_ENDING_SIGNAL, SIGKILL);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_of_a_short_last_chunk_stays_inside_the_items)
{
	mproci_map_spec spec = plain(18, 5);
	mproci_map *map = create(&spec, 1);
	uint32_t chunk;

	for (int i = 0; i < 4; ++i)
		mproci_ranges_pop(map->ranges, 0, &chunk);
	map->ranges->lanes[0].running = 17;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	assert_outcome(map, 17, MPROC_ENDING_SIGNAL, SIGKILL);
	ck_assert_uint_eq(mproci_range_first(map->ranges->lanes[0].range), 3);
	mproci_map_work(map, 0);
	for (int i = 0; i < 18; ++i)
		ck_assert_int_eq(times[i], i == 15 || i == 16);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_of_a_worker_that_popped_nothing_blames_no_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert(!map->has_failures);
	mproci_map_work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(recover_of_a_worker_that_announced_only_blames_no_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	map->ranges->lanes[0].running = 0;
	mproci_map_recover(map, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert(!map->has_failures);
	mproci_map_work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(private_items_and_results_are_copied_when_shared)
{
	int items[5] = {0}, results[5] = {9, 9, 9, 9, 9};
	mproci_map_spec spec = plain(5, 1);
	mproci_map *map;

	spec.items = (const char *)items;
	spec.results = (char *)results;
	spec.item_size = spec.result_size = sizeof *items;
	ck_assert_int_eq(mproci_map_create(&spec, 1, true, &map), 0);
	ck_assert(mproci_family_holds(map->spec.items));
	ck_assert(mproci_family_holds(map->spec.results));
	items[3] = -EIO;
	mproci_map_work(map, 0);
	ck_assert_int_eq(results[4], 9);
	mproci_map_collect(map, &spec, true);
	for (int i = 0; i < 5; ++i)
		ck_assert_int_eq(results[i], i);
	assert_outcome(map, 3, MPROC_ENDING_VALUE, 0);
	mproci_map_destroy(map, &spec);
}
END_TEST

START_TEST(items_and_results_in_the_arena_are_used_in_place)
{
	int *items = mproc_calloc(5, sizeof *items), *results = mproc_calloc(5, sizeof *results);
	mproci_map_spec spec = plain(5, 1);
	mproci_map *map;

	spec.items = (const char *)items;
	spec.results = (char *)results;
	spec.item_size = spec.result_size = sizeof *items;
	ck_assert_int_eq(mproci_map_create(&spec, 1, true, &map), 0);
	ck_assert_ptr_eq(map->spec.items, items);
	ck_assert_ptr_eq(map->spec.results, results);
	mproci_map_destroy(map, &spec);
	ck_assert_int_eq(mproc_free(items), 0);
	ck_assert_int_eq(mproc_free(results), 0);
}
END_TEST

START_TEST(private_items_and_results_are_used_in_place_when_not_shared)
{
	int items[5] = {0}, results[5];
	mproci_map_spec spec = plain(5, 1);
	mproci_map *map;

	spec.items = (const char *)items;
	spec.results = (char *)results;
	spec.item_size = spec.result_size = sizeof *items;
	map = create(&spec, 1);
	ck_assert_ptr_eq(map->spec.items, items);
	ck_assert_ptr_eq(map->spec.results, results);
	mproci_map_destroy(map, &spec);
}
END_TEST

static mproci_arena_census take_census(void)
{
	mproci_arena_census census;

	ck_assert_msg(mproci_arena_check(&census) == 0, "%s", mproc_error_text());
	return census;
}

static void assert_nothing_left(mproci_arena_census before)
{
	mproci_arena_census after = take_census();

	ck_assert_uint_eq(after.small_used, before.small_used);
	ck_assert_uint_eq(after.big_blocks, before.big_blocks);
	ck_assert_uint_eq(after.held_units, before.held_units);
}

START_TEST(destroy_gives_every_block_back)
{
	static char items[100000], results[100000];
	mproci_map_spec spec = plain(100000, 1);
	mproci_arena_census before = take_census();
	mproci_map *map;

	spec.items = items;
	spec.results = results;
	spec.item_size = spec.result_size = 1;
	ck_assert_int_eq(mproci_map_create(&spec, 3, true, &map), 0);
	mproci_map_destroy(map, &spec);
	assert_nothing_left(before);
}
END_TEST

START_TEST(create_without_memory_for_items_leaves_nothing)
{
	char item = 0;
	mproci_map_spec spec = plain(1, 1);
	mproci_arena_census before = take_census();
	mproci_map *map = NULL;

	spec.items = &item;
	spec.item_size = (size_t)1 << 50;
	ck_assert_int_eq(mproci_map_create(&spec, 1, true, &map), -ENOMEM);
	ck_assert_ptr_null(map);
	ck_assert_str_ne(mproc_error_text(), "");
	assert_nothing_left(before);
}
END_TEST

START_TEST(create_without_memory_for_results_leaves_nothing)
{
	char item = 0, result = 0;
	mproci_map_spec spec = plain(1, 1);
	mproci_arena_census before = take_census();
	mproci_map *map = NULL;

	spec.items = &item;
	spec.item_size = 1;
	spec.results = &result;
	spec.result_size = (size_t)1 << 50;
	ck_assert_int_eq(mproci_map_create(&spec, 1, true, &map), -ENOMEM);
	ck_assert_ptr_null(map);
	assert_nothing_left(before);
}
END_TEST

START_TEST(create_without_memory_for_verdicts_leaves_nothing)
{
	mproci_map_spec spec = plain((size_t)1 << 50, UINT32_MAX);
	mproci_arena_census before = take_census();
	mproci_map *map = NULL;

	ck_assert_int_eq(mproci_map_create(&spec, 1, true, &map), -ENOMEM);
	ck_assert_ptr_null(map);
	assert_nothing_left(before);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		map_runs_every_item_once,
		map_with_the_largest_chunk_is_one_chunk,
		map_counts_items_from_its_base,
		map_keeps_what_each_item_returned,
		map_skips_items_that_have_ended,
		recover_blames_the_running_item_and_puts_back_the_rest,
		recover_tells_the_exit_code,
		recover_of_an_exit_with_0_still_ends_the_item,
		recover_does_nothing_the_second_time,
		recover_goes_on_where_a_killed_recoverer_stopped,
		recover_puts_no_finished_chunk_back,
		recover_of_the_last_item_of_a_chunk_puts_nothing_back,
		recover_of_a_short_last_chunk_stays_inside_the_items,
		recover_of_a_worker_that_popped_nothing_blames_no_item,
		recover_of_a_worker_that_announced_only_blames_no_item,
		private_items_and_results_are_copied_when_shared,
		items_and_results_in_the_arena_are_used_in_place,
		private_items_and_results_are_used_in_place_when_not_shared,
		destroy_gives_every_block_back,
		create_without_memory_for_items_leaves_nothing,
		create_without_memory_for_results_leaves_nothing,
		create_without_memory_for_verdicts_leaves_nothing,
		NULL,
	};
	const support_suite suite = {.name = "map", .tests = tests, .warm_up = warm_up};

	return support_run_suite(&suite);
}
