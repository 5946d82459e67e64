/* SPDX-License-Identifier: MIT */
/*
 * conformance_many_futures.c - waiting for the first, the next or all of many futures.
 */
#include "conformance.h"

enum {
	FEW = 5,
	MANY = 200,
	/* More than can be in line. */
	TOO_MANY = 20000,
};

static void submit_all(mproc_pool *pool, mproc_future **futures, size_t count)
{
	for (uint64_t i = 0; i < count; ++i)
		futures[i] = submit_with(pool, square, &i, sizeof i, sizeof i, NULL);
}

static void close_all(mproc_future **futures, size_t count)
{
	for (size_t i = 0; i < count; ++i)
		futures[i] = mproc_future_close(futures[i]);
}

START_TEST(wait_all_waits_for_every_one)
{
	mproc_future *futures[MANY];
	mproc_pool *pool = open_pool(WORKERS);

	submit_all(pool, futures, MANY);
	futures[7] = mproc_future_close(futures[7]);
	assert_ok(mproc_future_wait_all(futures, MANY, MPROC_FOREVER));
	for (int i = 0; i < MANY; ++i)
		ck_assert(futures[i] == NULL || mproc_future_done(futures[i]) == 1);
	assert_ok(mproc_future_wait_all(NULL, 0, MPROC_FOREVER));
	assert_ok(mproc_future_wait_all(&(mproc_future *){NULL}, 1, MPROC_FOREVER));
	close_all(futures, MANY);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(wait_any_finds_one_that_has_ended)
{
	mproc_future *futures[MANY];
	size_t index;
	mproc_pool *pool = open_pool(WORKERS);

	submit_all(pool, futures, MANY);
	for (int left = MANY; left > 0; --left) {
		index = MANY;
		assert_ok(mproc_future_wait_any(futures, MANY, MPROC_FOREVER, &index));
		ck_assert_uint_lt(index, MANY);
		ck_assert_int_eq(mproc_future_done(futures[index]), 1);
		futures[index] = mproc_future_close(futures[index]);
	}
	index = 33;
	assert_refused(mproc_future_wait_any(futures, MANY, MPROC_FOREVER, &index), -ENOENT,
		"all of 200 futures are NULL");
	assert_refused(
		mproc_future_wait_any(NULL, 0, MPROC_FOREVER, &index), -ENOENT, "all of 0 futures are NULL");
	ck_assert_uint_eq(index, 33);
	mproc_pool_close(pool);
}
END_TEST

static void assert_each_once(mproc_future *const *before, mproc_future *const *after, size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		size_t at = 0;

		while (at < count && after[at] != before[i])
			++at;
		ck_assert_msg(at < count, "future %zu is lost", i);
	}
}

START_TEST(as_completed_takes_each_once)
{
	mproc_future *futures[MANY], *before[MANY];
	mproc_pool *pool = open_pool(WORKERS);

	submit_all(pool, futures, MANY);
	memcpy(before, futures, sizeof before);
	for (size_t i = 0; i < MANY; ++i) {
		assert_ok(mproc_future_as_completed(futures, MANY, i, MPROC_FOREVER));
		ck_assert_int_eq(mproc_future_done(futures[i]), 1);
	}
	assert_each_once(before, futures, MANY);
	close_all(futures, MANY);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(what_ends_first_is_found_first)
{
	mproc_future *futures[2], *first, *second;
	size_t index;
	mproc_pool *pool = open_pool(2);

	first = futures[0] = submit(pool, wait_at_gate);
	await_ready(1);
	ck_assert_int_eq(mproc_future_wait_any(futures, 1, MPROC_NOW, &index), -ETIMEDOUT);
	ck_assert_str_eq(mproc_error_text(), "none of 1 futures has ended");
	second = futures[1] = submit(pool, do_nothing);
	assert_ok(mproc_future_wait_any(futures, 2, MPROC_FOREVER, &index));
	ck_assert_uint_eq(index, 1);
	ck_assert_int_eq(mproc_future_wait_all(futures, 2, mproc_after(0.01)), -ETIMEDOUT);
	assert_ok(mproc_future_as_completed(futures, 2, 0, MPROC_FOREVER));
	ck_assert_ptr_eq(futures[0], second);
	ck_assert_ptr_eq(futures[1], first);
	ck_assert_int_eq(mproc_future_as_completed(futures, 2, 1, mproc_after(0.01)), -ETIMEDOUT);
	ck_assert_str_eq(mproc_error_text(), "none of 1 futures has ended");
	let_through(1);
	assert_ok(mproc_future_as_completed(futures, 2, 1, MPROC_FOREVER));
	close_all(futures, 2);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(futures_of_several_pools_are_waited_for_together)
{
	mproc_future *futures[FEW];
	size_t index;
	mproc_pool *a = open_pool(1), *b = NULL;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = 1, .backend = backend, .start = MPROC_START_FORK}, &b));
	futures[0] = submit(a, wait_at_gate);
	await_ready(1);
	futures[1] = submit(b, do_nothing);
	assert_ok(mproc_future_wait_any(futures, 2, MPROC_FOREVER, &index));
	ck_assert_uint_eq(index, 1);
	let_through(1);
	assert_ok(mproc_future_wait_all(futures, 2, MPROC_FOREVER));
	close_all(futures, 2);
	mproc_pool_close(a);
	mproc_pool_close(b);
}
END_TEST

START_TEST(what_cannot_be_waited_for_is_refused)
{
	mproc_future *futures[FEW] = {NULL};
	size_t index;

	assert_refused(
		mproc_future_wait_any(NULL, 3, MPROC_NOW, &index), -EINVAL, "futures is NULL, its count 3");
	assert_refused(mproc_future_wait_all(NULL, 3, MPROC_NOW), -EINVAL, "futures is NULL, its count 3");
	assert_refused(mproc_future_wait_any(futures, FEW, MPROC_NOW, NULL), -EINVAL, "ret_index is NULL");
	assert_refused(mproc_future_as_completed(futures, FEW, FEW, MPROC_NOW), -EINVAL,
		"taken 5 of 5: none is left");
	assert_refused(mproc_future_as_completed(futures, FEW, 2, MPROC_NOW), -EINVAL,
		"futures, or future 2, is NULL");
	assert_refused(
		mproc_future_as_completed(NULL, FEW, 0, MPROC_NOW), -EINVAL, "futures, or future 0, is NULL");
}
END_TEST

START_TEST(more_tasks_than_the_line_has_room_for_are_taken)
{
	static mproc_future *futures[TOO_MANY];
	mproc_pool *pool = open_pool(WORKERS);

	submit_all(pool, futures, TOO_MANY);
	assert_ok(mproc_future_wait_all(futures, TOO_MANY, MPROC_FOREVER));
	for (uint64_t i = 0; i < TOO_MANY; ++i) {
		const void *result;

		assert_ok(mproc_future_get(futures[i], MPROC_NOW, &result, NULL));
		ck_assert_uint_eq(*(const uint64_t *)result, i * i);
	}
	close_all(futures, TOO_MANY);
	ck_assert_uint_eq(usage_of(pool).done, TOO_MANY);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(cancelled_tasks_make_room_in_line)
{
	static mproc_future *futures[TOO_MANY];
	mproc_pool *pool = open_pool(1);
	mproc_future *first = submit(pool, wait_at_gate);

	await_ready(1);
	for (int i = 0; i < 16384; ++i)
		futures[i] = submit(pool, count_call);
	ck_assert_uint_eq(usage_of(pool).queued, 16384);
	for (int i = 0; i < 16384; ++i)
		assert_ok(mproc_future_cancel(futures[i], 0));
	let_through(1);
	finish(first);
	for (int i = 0; i < 16384; ++i)
		assert_outcome(finish(futures[i]), MPROC_ENDING_CANCELLED, 0);
	assert_outcome(finish(submit(pool, count_call)), MPROC_ENDING_VALUE, 0);
	ck_assert_int_eq(board->count, 1);
	mproc_pool_close(pool);
}
END_TEST

void add_many_futures(void)
{
	const TTest *const tests[] = {
		wait_all_waits_for_every_one,
		wait_any_finds_one_that_has_ended,
		as_completed_takes_each_once,
		what_cannot_be_waited_for_is_refused,
		more_tasks_than_the_line_has_room_for_are_taken,
		NULL,
	};
	const TTest *const concurrent[] = {
		what_ends_first_is_found_first,
		futures_of_several_pools_are_waited_for_together,
		cancelled_tasks_make_room_in_line,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
}
