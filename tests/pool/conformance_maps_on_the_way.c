/* SPDX-License-Identifier: MIT */
/*
 * conformance_maps_on_the_way.c - maps whose results come later.
 */
#include "conformance.h"

#include <math.h>

enum {
	ITEMS = 100,
};

static mproc_future *map_async(
	mproc_pool *pool, mproc_task_function *function, size_t count, const mproc_map_options *options)
{
	mproc_future *future = NULL;

	assert_ok(
		mproc_pool_map_async(pool, function, NULL, 0, count, NULL, 0, options, NULL, NULL, &future));
	return future;
}

START_TEST(a_map_on_the_way_gives_all_results)
{
	uint64_t items[ITEMS], squares[ITEMS] = {0};
	mproc_outcome outcomes[ITEMS];
	const void *result;
	size_t size;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = NULL;

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	assert_ok(mproc_pool_map_async(pool, square, items, sizeof *items, ITEMS, squares, sizeof *squares,
		&(mproc_map_options){.outcomes = outcomes}, NULL, NULL, &future));
	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, &size));
	ck_assert_ptr_eq(result, squares);
	ck_assert_uint_eq(size, sizeof squares);
	for (uint64_t i = 0; i < ITEMS; ++i) {
		ck_assert_uint_eq(squares[i], i * i);
		assert_outcome(outcomes[i], MPROC_ENDING_VALUE, 0);
	}
	ck_assert_int_eq(mproc_future_done(future), 1);
	ck_assert_int_eq(mproc_future_running(future), 0);
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_of_no_items_has_ended_at_once)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = map_async(pool, fail_always, 0, NULL);

	ck_assert_int_eq(mproc_future_done(future), 1);
	assert_ok(mproc_future_get(future, MPROC_NOW, NULL, NULL));
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

static int fail_at_20(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_index(task) == 20 ? -ENOSPC : 0;
}

START_TEST(a_map_on_the_way_tells_what_failed)
{
	mproc_outcome outcome;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = map_async(pool, fail_at_20, ITEMS, NULL);

	ck_assert_int_eq(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), MPROC_ITEMS_FAILED);
	ck_assert_str_eq(mproc_error_text(),
		"1 of 100 items failed; the first, item 20: it returned -28 (No space left on device)");
	outcome = finish(future);
	assert_outcome(outcome, MPROC_ENDING_ERROR, -ENOSPC);
	mproc_pool_close(pool);
}
END_TEST

static void note_done(mproc_future *future, void *argument)
{
	ck_assert_int_eq(mproc_future_done(future), 1);
	ck_assert_int_eq(mproc_future_outcome(future).ending, MPROC_ENDING_VALUE);
	++*(int *)argument;
}

START_TEST(who_waits_is_told_that_a_map_has_ended)
{
	int told = 0;
	size_t results[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = NULL;

	assert_ok(mproc_pool_map_async(
		pool, give_index, NULL, 0, ITEMS, results, sizeof *results, NULL, note_done, &told, &future));
	while (told == 0)
		ck_assert_int_ge(mproc_pool_poll(pool), 0);
	for (size_t i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(results[i], i);
	finish(future);
	ck_assert_int_eq(told, 1);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_outlives_its_pool)
{
	size_t results[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = NULL;

	assert_ok(mproc_pool_map_async(
		pool, give_index, NULL, 0, ITEMS, results, sizeof *results, NULL, NULL, NULL, &future));
	mproc_pool_close(pool);
	assert_ok(mproc_future_get(future, MPROC_FOREVER, NULL, NULL));
	for (size_t i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(results[i], i);
	mproc_future_close(future);
}
END_TEST

START_TEST(more_maps_than_there_is_room_for_are_taken)
{
	enum {
		MAPS = 40
	};
	static size_t results[MAPS][ITEMS];
	mproc_future *futures[MAPS];
	mproc_pool *pool = open_pool(WORKERS);

	for (int m = 0; m < MAPS; ++m)
		assert_ok(mproc_pool_map_async(pool, give_index, NULL, 0, ITEMS, results[m], sizeof(size_t),
			NULL, NULL, NULL, &futures[m]));
	assert_ok(mproc_future_wait_all(futures, MAPS, MPROC_FOREVER));
	for (int m = 0; m < MAPS; ++m) {
		for (size_t i = 0; i < ITEMS; ++i)
			ck_assert_uint_eq(results[m][i], i);
		mproc_future_close(futures[m]);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- while it is on the way ---- */

START_TEST(a_map_is_running_until_it_has_ended)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = map_async(pool, wait_at_gate, 2, NULL);

	await_ready(1);
	ck_assert_int_eq(mproc_future_running(future), 1);
	ck_assert_int_eq(mproc_future_done(future), 0);
	ck_assert_int_eq(mproc_future_outcome(future).ending, MPROC_ENDING_NONE);
	ck_assert_int_eq(mproc_future_wait(future, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproc_future_get(future, mproc_after(0.01), NULL, NULL), -ETIMEDOUT);
	assert_text_has("has not ended");
	let_through(2);
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_that_is_cancelled_begins_no_more_items)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(1);
	mproc_future *future =
		map_async(pool, wait_at_gate, ITEMS, &(mproc_map_options){.chunk = 1, .outcomes = outcomes});

	await_ready(1);
	assert_ok(mproc_future_cancel(future, INFINITY));
	let_through(1);
	assert_ok(mproc_future_wait(future, MPROC_FOREVER));
	assert_outcome(mproc_future_outcome(future), MPROC_ENDING_CANCELLED, 0);
	ck_assert_int_eq(mproc_future_get(future, MPROC_NOW, NULL, NULL), MPROC_ITEMS_FAILED);
	assert_text_has("cancelled");
	ck_assert_int_eq(mproc_future_cancel(future, 0), -EALREADY);
	mproc_future_close(future);
	assert_outcome(outcomes[0], MPROC_ENDING_VALUE, 0);
	for (int i = 1; i < ITEMS; ++i)
		assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_of_a_map_see_that_it_was_cancelled)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = map_async(pool, wait_for_cancel, ITEMS, &(mproc_map_options){.chunk = 1});

	await_ready(1);
	assert_ok(mproc_future_cancel(future, INFINITY));
	assert_outcome(finish(future), MPROC_ENDING_CANCELLED, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(closing_a_map_on_the_way_cancels_it)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(1);
	mproc_future *future = map_async(
		pool, wait_for_cancel, ITEMS, &(mproc_map_options){.chunk = 1, .outcomes = outcomes});

	await_ready(1);
	ck_assert_ptr_null(mproc_future_close(future));
	for (int i = 1; i < ITEMS; ++i)
		assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_of_a_cancelled_map_are_killed_after_the_grace)
{
	static const double graces[] = {0, 0.05};
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	for (int g = 0; g < 2; ++g) {
		mproc_future *future =
			map_async(pool, hang, ITEMS, &(mproc_map_options){.chunk = 1, .outcomes = outcomes});

		await_ready(1);
		assert_ok(mproc_future_cancel(future, graces[g]));
		assert_outcome(finish(future), MPROC_ENDING_CANCELLED, 0);
		for (int i = 0; i < ITEMS; ++i)
			assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
		while (mproc_semaphore_acquire(&board->ready, MPROC_NOW) == 0)
			;
	}
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(the_deadline_of_a_map_counts_whoever_waits)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = map_async(pool, wait_for_cancel, ITEMS,
		&(mproc_map_options){.chunk = 1, .deadline = mproc_after(0.05)});

	ck_assert_int_eq(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), -ETIMEDOUT);
	assert_text_has("the deadline has passed: 0 of 100 items ended in time");
	assert_outcome(finish(future), MPROC_ENDING_TIMEOUT, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_single_task_goes_before_the_next_chunk_of_a_map)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *map = map_async(pool, wait_at_gate, 3, &(mproc_map_options){.chunk = 1}), *task;

	await_ready(1);
	task = submit(pool, do_nothing);
	let_through(1);
	assert_ok(mproc_future_wait(task, MPROC_FOREVER));
	ck_assert_int_eq(mproc_future_done(map), 0);
	let_through(2);
	finish(map);
	finish(task);
	mproc_pool_close(pool);
}
END_TEST

static void open_gate(const mproc_progress *progress, void *is_open)
{
	ck_assert_uint_eq(progress->total, 1);
	if (!*(bool *)is_open)
		let_through(1);
	*(bool *)is_open = true;
}

START_TEST(who_waits_is_told_of_the_progress_of_a_map)
{
	bool is_open = false;
	mproc_pool *pool = open_pool(1);
	mproc_future *future = map_async(pool, wait_at_gate, 1,
		&(mproc_map_options){.on_progress = open_gate, .on_progress_argument = &is_open});

	/* The item ends when progress is told of. */
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

void add_maps_on_the_way(void)
{
	const TTest *const tests[] = {
		a_map_on_the_way_gives_all_results,
		a_map_of_no_items_has_ended_at_once,
		a_map_on_the_way_tells_what_failed,
		who_waits_is_told_that_a_map_has_ended,
		a_map_outlives_its_pool,
		more_maps_than_there_is_room_for_are_taken,
		NULL,
	};
	const TTest *const concurrent[] = {
		a_map_is_running_until_it_has_ended,
		a_map_that_is_cancelled_begins_no_more_items,
		items_of_a_map_see_that_it_was_cancelled,
		closing_a_map_on_the_way_cancels_it,
		the_deadline_of_a_map_counts_whoever_waits,
		a_single_task_goes_before_the_next_chunk_of_a_map,
		who_waits_is_told_of_the_progress_of_a_map,
		NULL,
	};
	const TTest *const of_processes[] = {
		items_of_a_cancelled_map_are_killed_after_the_grace,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
