/* SPDX-License-Identifier: MIT */
/*
 * conformance_maps.c - a function applied to arrays: every item once, and told how it ended.
 */
#include "conformance.h"

enum {
	LARGEST = 1000,
};

static mproc_map_options by(size_t chunk)
{
	return (mproc_map_options){.chunk = chunk};
}

START_TEST(map_returns_all_results_in_order_for_every_count_and_chunk)
{
	static const size_t counts[] = {1, WORKERS - 1, WORKERS, WORKERS + 1, 100, LARGEST};
	static uint64_t items[LARGEST], squares[LARGEST];
	mproc_pool *pool = open_pool(WORKERS);

	for (size_t i = 0; i < LARGEST; ++i)
		items[i] = i + 7;
	for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c) {
		const size_t count = counts[c];
		const size_t chunks[] = {0, 1, 2, 7, count - 1, count, count + 1, UINT32_MAX - 1, UINT32_MAX};

		for (size_t k = 0; k < sizeof chunks / sizeof *chunks; ++k) {
			memset(squares, 0, sizeof squares);
			assert_ok(mproc_pool_map(pool, square, items, sizeof *items, count, squares,
				sizeof *squares, &(mproc_map_options){.chunk = chunks[k]}));
			for (size_t i = 0; i < LARGEST; ++i)
				ck_assert_uint_eq(squares[i], i < count ? (i + 7) * (i + 7) : 0);
		}
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(map_of_no_items_returns_at_once)
{
	uint64_t item, result = 5;
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, fail_always, &item, sizeof item, 0, &result, sizeof result, NULL));
	assert_ok(mproc_pool_map(pool, fail_always, NULL, 0, 0, NULL, 0, NULL));
	ck_assert_uint_eq(result, 5);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(map_without_arrays_is_a_parallel_for)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (size_t chunk = 0; chunk < 12; ++chunk) {
		mproc_map_options options = by(chunk);

		assert_ok(mproc_pool_map(pool, count_index, NULL, 0, LARGEST, NULL, 0, &options));
	}
	for (int i = 0; i < LARGEST; ++i)
		ck_assert_int_eq(board->numbers[i], 12);
	mproc_pool_close(pool);
}
END_TEST

/* NULL is what a task gets for an array that the call does not have. */
static int expect_no_arrays(const void *item, void *result, mproc_task *task)
{
	(void)task;
	return item == NULL && result == NULL ? 0 : -EINVAL;
}

START_TEST(map_without_arrays_gives_null_to_its_tasks)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, expect_no_arrays, NULL, 0, 10, NULL, 0, NULL));
	mproc_pool_close(pool);
}
END_TEST

static int add_item_to_counter(const void *item, void *result, mproc_task *task)
{
	board->numbers[mproc_task_index(task)] += *(const uint8_t *)item;
	return result == NULL ? 0 : -EINVAL;
}

START_TEST(map_of_items_only_passes_them)
{
	uint8_t items[200];
	mproc_pool *pool = open_pool(WORKERS);

	for (size_t i = 0; i < sizeof items; ++i)
		items[i] = (uint8_t)(i + 1);
	assert_ok(mproc_pool_map(pool, add_item_to_counter, items, 1, sizeof items, NULL, 0, NULL));
	for (size_t i = 0; i < sizeof items; ++i)
		ck_assert_int_eq(board->numbers[i], (int)i + 1);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(map_to_results_only_fills_them)
{
	size_t results[300];
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, give_index, NULL, 0, 300, results, sizeof *results, NULL));
	for (size_t i = 0; i < 300; ++i)
		ck_assert_uint_eq(results[i], i);
	mproc_pool_close(pool);
}
END_TEST

typedef enum place {
	IN_ARENA,
	ON_HEAP,
	ON_STACK,
	PLACES,
} place;

static uint64_t *get_room(place where, uint64_t *on_stack, size_t count)
{
	if (where == IN_ARENA)
		return mproc_calloc(count, sizeof(uint64_t));
	return where == ON_HEAP ? calloc(count, sizeof(uint64_t)) : on_stack;
}

static void give_room(place where, uint64_t *room)
{
	if (where == IN_ARENA)
		ck_assert_int_eq(mproc_free(room), 0);
	else if (where == ON_HEAP)
		free(room);
}

START_TEST(items_and_results_may_be_in_arena_on_heap_and_stack)
{
	uint64_t item_stack[400], result_stack[400];
	mproc_pool *pool = open_pool(WORKERS);

	for (place from = IN_ARENA; from < PLACES; ++from) {
		for (place to = IN_ARENA; to < PLACES; ++to) {
			uint64_t *items = get_room(from, item_stack, 400);
			uint64_t *results = get_room(to, result_stack, 400);

			for (uint64_t i = 0; i < 400; ++i)
				items[i] = i * 3;
			assert_ok(mproc_pool_map(pool, square, items, 8, 400, results, 8, NULL));
			for (uint64_t i = 0; i < 400; ++i)
				ck_assert_uint_eq(results[i], i * 3 * i * 3);
			give_room(from, items);
			give_room(to, results);
		}
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(results_may_replace_their_items)
{
	uint64_t numbers[50];
	mproc_pool *pool = open_pool(WORKERS);

	for (uint64_t i = 0; i < 50; ++i)
		numbers[i] = i;
	assert_ok(mproc_pool_map(pool, square, numbers, 8, 50, numbers, 8, NULL));
	for (uint64_t i = 0; i < 50; ++i)
		ck_assert_uint_eq(numbers[i], i * i);
	mproc_pool_close(pool);
}
END_TEST

/* Item and result have the same size, which the first map of the pool fixes here. */
static size_t odd_size;

static int reverse_bytes(const void *item, void *result, mproc_task *task)
{
	const unsigned char *from = item;
	unsigned char *to = result;

	for (size_t i = 0; i < odd_size; ++i)
		to[i] = (unsigned char)(from[odd_size - 1 - i] + mproc_task_index(task));
	return 0;
}

START_TEST(items_and_results_of_odd_sizes_are_right)
{
	static const size_t sizes[] = {1, 3, 24, 4097};
	enum {
		ITEMS = 50
	};

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
		unsigned char *items, *results;
		mproc_pool *pool;

		odd_size = sizes[s];
		items = malloc(ITEMS * odd_size);
		/* One byte more, which must stay. */
		results = malloc(ITEMS * odd_size + 1);
		for (size_t i = 0; i < ITEMS * odd_size; ++i)
			items[i] = (unsigned char)(i * 31);
		results[ITEMS * odd_size] = 99;
		pool = open_pool(WORKERS);
		assert_ok(
			mproc_pool_map(pool, reverse_bytes, items, odd_size, ITEMS, results, odd_size, NULL));
		for (size_t i = 0; i < ITEMS; ++i) {
			for (size_t b = 0; b < odd_size; ++b)
				ck_assert_uint_eq(results[i * odd_size + b],
					(unsigned char)(items[i * odd_size + odd_size - 1 - b] + i));
		}
		ck_assert_uint_eq(results[ITEMS * odd_size], 99);
		free(items);
		free(results);
		mproc_pool_close(pool);
	}
}
END_TEST

static int return_item(const void *item, void *result, mproc_task *task)
{
	(void)task;
	if (result != NULL)
		*(int *)result = *(const int *)item + 1;
	return *(const int *)item;
}

START_TEST(failed_items_are_told_with_their_code)
{
	int items[300] = {0}, results[300];
	mproc_outcome outcomes[300];
	mproc_pool *pool = open_pool(WORKERS);

	items[17] = -ENOENT;
	items[299] = -4095;
	memset(outcomes, 0xff, sizeof outcomes);
	ck_assert_int_eq(mproc_pool_map(pool, return_item, items, sizeof *items, 300, results,
				 sizeof *results, &(mproc_map_options){.outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	ck_assert_str_eq(mproc_error_text(),
		"2 of 300 items failed; the first, item 17: it returned -2 (No such file or directory)");
	for (int i = 0; i < 300; ++i) {
		ck_assert_int_eq(outcomes[i].ending, items[i] == 0 ? MPROC_ENDING_VALUE : MPROC_ENDING_ERROR);
		ck_assert_int_eq(outcomes[i].code, items[i]);
		if (items[i] == 0)
			ck_assert_int_eq(results[i], 1);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(failed_items_are_told_without_outcomes)
{
	int items[10] = {0};
	mproc_pool *pool = open_pool(WORKERS);

	items[9] = -EIO;
	ck_assert_int_eq(mproc_pool_map(pool, return_item, items, sizeof *items, 10, NULL, 0, NULL),
		MPROC_ITEMS_FAILED);
	assert_text_has("1 of 10 items failed; the first, item 9: it returned -5");
	mproc_pool_close(pool);
}
END_TEST

START_TEST(all_items_may_fail)
{
	mproc_outcome outcomes[500];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(mproc_pool_map(pool, fail_always, NULL, 0, 500, NULL, 0,
				 &(mproc_map_options){.chunk = 9, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("500 of 500 items failed; the first, item 0");
	for (int i = 0; i < 500; ++i) {
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_ERROR);
		ck_assert_int_eq(outcomes[i].code, -EIO);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(codes_that_are_no_errno_become_erange)
{
	int items[] = {1, 4095, INT32_MAX, -4096, INT32_MIN};
	mproc_outcome outcomes[5];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(mproc_pool_map(pool, return_item, items, sizeof *items, 5, NULL, 0,
				 &(mproc_map_options){.outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < 5; ++i) {
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_ERROR);
		ck_assert_int_eq(outcomes[i].code, -ERANGE);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_works_on_after_failed_items)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 20; ++i) {
		ck_assert_int_eq(
			mproc_pool_map(pool, fail_always, NULL, 0, 30, NULL, 0, NULL), MPROC_ITEMS_FAILED);
		assert_usable(pool);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(many_maps_in_a_row_are_right)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 500; ++i)
		assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(more_workers_than_items_are_no_harm)
{
	uint64_t items[2] = {4, 5}, squares[2];
	mproc_pool *pool = open_pool(16);

	for (int i = 0; i < 100; ++i) {
		memset(squares, 0, sizeof squares);
		assert_ok(mproc_pool_map(pool, square, items, 8, 2, squares, 8, NULL));
		ck_assert_uint_eq(squares[0], 16);
		ck_assert_uint_eq(squares[1], 25);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_of_64_workers_runs_every_item_once)
{
	mproc_pool *pool = open_pool(64);

	for (size_t chunk = 0; chunk < 4; ++chunk) {
		mproc_map_options options = by(chunk);

		assert_ok(mproc_pool_map(pool, count_index, NULL, 0, LARGEST, NULL, 0, &options));
	}
	for (int i = 0; i < LARGEST; ++i)
		ck_assert_int_eq(board->numbers[i], 4);
	ck_assert_int_eq(mproc_pool_workers(pool), backend == MPROC_BACKEND_SERIAL ? 1 : 64);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(map_leaves_no_block_in_the_arena)
{
	static uint64_t items[20000], squares[20000];
	mproc_pool *pool = open_pool(WORKERS);
	int before;

	/* What the pool keeps for the next one of that size is there afterwards. */
	assert_ok(mproc_pool_map(pool, square, items, 8, 20000, squares, 8, NULL));
	before = count_blocks();
	for (int i = 0; i < 20; ++i)
		assert_ok(mproc_pool_map(pool, square, items, 8, 20000, squares, 8, NULL));
	ck_assert_int_eq(count_blocks(), before);
	mproc_pool_close(pool);
}
END_TEST

void add_maps(void)
{
	const TTest *const tests[] = {
		map_returns_all_results_in_order_for_every_count_and_chunk,
		map_of_no_items_returns_at_once,
		map_without_arrays_is_a_parallel_for,
		map_without_arrays_gives_null_to_its_tasks,
		map_of_items_only_passes_them,
		map_to_results_only_fills_them,
		items_and_results_may_be_in_arena_on_heap_and_stack,
		results_may_replace_their_items,
		items_and_results_of_odd_sizes_are_right,
		failed_items_are_told_with_their_code,
		failed_items_are_told_without_outcomes,
		all_items_may_fail,
		codes_that_are_no_errno_become_erange,
		a_pool_works_on_after_failed_items,
		many_maps_in_a_row_are_right,
		more_workers_than_items_are_no_harm,
		a_pool_of_64_workers_runs_every_item_once,
		map_leaves_no_block_in_the_arena,
		NULL,
	};

	add_tests(tests);
}
