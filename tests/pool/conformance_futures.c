/* SPDX-License-Identifier: MIT */
/*
 * conformance_futures.c - single tasks: what goes in, what comes out, and how far they are.
 */
#include "conformance.h"

#include <math.h>

/* ---- results ---- */

START_TEST(a_task_gives_its_result)
{
	const uint64_t number = 12;
	const void *result = NULL;
	size_t size = 0;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = submit_with(pool, square, &number, sizeof number, sizeof number, NULL);

	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, &size));
	ck_assert_uint_eq(*(const uint64_t *)result, 144);
	ck_assert_uint_eq(size, sizeof number);
	/* As often as one likes. */
	assert_ok(mproc_future_get(future, MPROC_NOW, NULL, NULL));
	assert_ok(mproc_future_wait(future, MPROC_NOW));
	ck_assert_int_eq(mproc_future_done(future), 1);
	ck_assert_int_eq(mproc_future_running(future), 0);
	ck_assert_ptr_null(mproc_future_close(future));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(many_tasks_give_each_its_own_result)
{
	enum {
		TASKS = 2000
	};
	static mproc_future *futures[TASKS];
	mproc_pool *pool = open_pool(WORKERS);

	for (uint64_t i = 0; i < TASKS; ++i)
		futures[i] = submit_with(pool, square, &i, sizeof i, sizeof i, NULL);
	for (uint64_t i = 0; i < TASKS; ++i) {
		const void *result;

		assert_ok(mproc_future_get(futures[i], MPROC_FOREVER, &result, NULL));
		ck_assert_uint_eq(*(const uint64_t *)result, i * i);
		mproc_future_close(futures[i]);
	}
	mproc_pool_close(pool);
}
END_TEST

static int sum_bytes(const void *item, void *result, mproc_task *task)
{
	const unsigned char *bytes = item;
	uint64_t *sums = result;

	(void)task;
	for (size_t i = 0; i < 100000; ++i)
		sums[i % 5000] += bytes[i];
	return 0;
}

START_TEST(arguments_and_results_may_be_large)
{
	static unsigned char bytes[100000];
	const void *result;
	size_t size;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future;

	memset(bytes, 2, sizeof bytes);
	future = submit_with(pool, sum_bytes, bytes, sizeof bytes, 40000, NULL);
	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, &size));
	ck_assert_uint_eq(size, 40000);
	for (int i = 0; i < 5000; ++i)
		ck_assert_uint_eq(((const uint64_t *)result)[i], 40);
	mproc_future_close(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_argument_is_copied)
{
	uint64_t numbers[100];
	mproc_future *futures[100];
	mproc_pool *pool = open_pool(1);

	for (uint64_t i = 0; i < 100; ++i) {
		numbers[i] = i;
		futures[i] = submit_with(pool, square, &numbers[i], 8, 8, NULL);
		numbers[i] = 0xdead;
	}
	for (uint64_t i = 0; i < 100; ++i) {
		const void *result;

		assert_ok(mproc_future_get(futures[i], MPROC_FOREVER, &result, NULL));
		ck_assert_uint_eq(*(const uint64_t *)result, i * i);
		mproc_future_close(futures[i]);
	}
	mproc_pool_close(pool);
}
END_TEST

static int compare_argument(const void *item, void *result, mproc_task *task)
{
	(void)task;
	if (result != NULL || mproc_task_index(task) != 0)
		return -EINVAL;
	return item == (const void *)board ? 0 : -EFAULT;
}

static int expect_no_argument(const void *item, void *result, mproc_task *task)
{
	(void)task;
	return item == NULL && result == NULL ? 0 : -EINVAL;
}

START_TEST(an_argument_without_a_size_is_an_address)
{
	mproc_pool *pool = open_pool(1);

	assert_outcome(finish(submit_with(pool, compare_argument, board, 0, 0, NULL)), MPROC_ENDING_VALUE, 0);
	assert_outcome(finish(submit(pool, expect_no_argument)), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_without_a_result_gives_none)
{
	const void *result = board;
	size_t size = 9;
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, do_nothing);

	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, &size));
	ck_assert_ptr_null(result);
	ck_assert_uint_eq(size, 0);
	mproc_future_close(future);
	mproc_pool_close(pool);
}
END_TEST

static int return_text(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_return(task, "a result of its own size", 25);
}

START_TEST(a_task_returns_a_result_of_any_size)
{
	const void *result;
	size_t size;
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit_with(pool, return_text, NULL, 0, 8, NULL);

	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, &size));
	ck_assert_str_eq(result, "a result of its own size");
	ck_assert_uint_eq(size, 25);
	mproc_future_close(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_fails_has_no_value)
{
	const void *result = board;
	size_t size = 9;
	mproc_outcome outcome;
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit_with(pool, fail_always, NULL, 0, 8, NULL);

	assert_refused(mproc_future_get(future, MPROC_FOREVER, &result, &size), MPROC_ITEMS_FAILED,
		"the task has no value: it returned -5 (Input/output error)");
	ck_assert_ptr_eq(result, board);
	ck_assert_uint_eq(size, 9);
	outcome = mproc_future_outcome(future);
	assert_outcome(outcome, MPROC_ENDING_ERROR, -EIO);
	ck_assert_uint_eq(outcome.attempts, 1);
	ck_assert_uint_eq(outcome.worker, 1);
	mproc_future_close(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(tasks_of_several_functions_run_in_one_pool)
{
	mproc_task_function *const functions[] = {do_nothing, fail_always, count_call, give_index, square};
	const uint64_t number = 3;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *futures[50];

	for (int i = 0; i < 50; ++i)
		futures[i] = submit_with(pool, functions[i % 5], &number, sizeof number, 8, NULL);
	for (int i = 0; i < 50; ++i)
		ck_assert_int_eq(
			finish(futures[i]).ending, i % 5 == 1 ? MPROC_ENDING_ERROR : MPROC_ENDING_VALUE);
	ck_assert_int_eq(board->count, 10);
	mproc_pool_close(pool);
}
END_TEST

/* ---- how far it is ---- */

START_TEST(a_task_is_queued_then_running_then_done)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *first = submit(pool, wait_at_gate), *second = submit(pool, do_nothing);

	await_ready(1);
	ck_assert_int_eq(mproc_future_running(first), 1);
	ck_assert_int_eq(mproc_future_done(first), 0);
	ck_assert_int_eq(mproc_future_running(second), 0);
	ck_assert_int_eq(mproc_future_done(second), 0);
	ck_assert_int_eq(mproc_future_outcome(first).ending, MPROC_ENDING_NONE);
	ck_assert_int_eq(mproc_future_outcome(second).ending, MPROC_ENDING_NONE);
	let_through(1);
	assert_ok(mproc_future_wait(second, MPROC_FOREVER));
	ck_assert_int_eq(mproc_future_done(first), 1);
	ck_assert_int_eq(mproc_future_running(first), 0);
	mproc_future_close(first);
	mproc_future_close(second);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(who_waits_gives_up_at_the_deadline)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, wait_at_gate);
	const void *result = board;

	ck_assert_int_eq(mproc_future_wait(future, MPROC_NOW), -ETIMEDOUT);
	assert_text_has("has not ended");
	ck_assert_int_eq(mproc_future_wait(future, mproc_after(0.01)), -ETIMEDOUT);
	assert_text_has("has not ended");
	ck_assert_int_eq(mproc_future_get(future, MPROC_NOW, &result, NULL), -ETIMEDOUT);
	ck_assert_ptr_eq(result, board);
	let_through(1);
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

/* ---- cancelling ---- */

START_TEST(a_task_that_has_not_begun_is_cancelled_at_once)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *first = submit(pool, wait_at_gate), *second = submit(pool, count_call);

	await_ready(1);
	assert_ok(mproc_future_cancel(second, INFINITY));
	ck_assert_int_eq(mproc_future_done(second), 1);
	assert_outcome(mproc_future_outcome(second), MPROC_ENDING_CANCELLED, 0);
	ck_assert_uint_eq(mproc_future_outcome(second).attempts, 0);
	assert_refused(mproc_future_get(second, MPROC_NOW, NULL, NULL), MPROC_ITEMS_FAILED,
		"the task has no value: it was cancelled");
	let_through(1);
	finish(first);
	finish(second);
	ck_assert_int_eq(board->count, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(what_has_ended_cannot_be_cancelled)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, do_nothing);

	assert_ok(mproc_future_wait(future, MPROC_FOREVER));
	ck_assert_int_eq(mproc_future_cancel(future, 0), -EALREADY);
	assert_text_has("has ended");
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_grace_that_is_no_time_is_refused)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, do_nothing);

	assert_refused(mproc_future_cancel(future, -1), -EINVAL, "grace -1: 0 and more seconds are possible");
	assert_refused(
		mproc_future_cancel(future, NAN), -EINVAL, "grace nan: 0 and more seconds are possible");
	finish(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_runs_sees_that_it_was_cancelled)
{
	static const double graces[] = {INFINITY, 50};
	mproc_pool *pool = open_pool(1);

	for (int i = 0; i < 2; ++i) {
		mproc_future *future = submit(pool, wait_for_cancel);

		await_ready(1);
		assert_ok(mproc_future_cancel(future, graces[i]));
		/* What it returns counts. */
		assert_outcome(finish(future), MPROC_ENDING_ERROR, -ECANCELED);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_does_not_heed_it_is_killed_after_the_grace)
{
	static const double graces[] = {0, 0.05};
	mproc_pool *pool = open_pool(1);

	for (int i = 0; i < 2; ++i) {
		mproc_future *future = submit(pool, hang);
		mproc_outcome outcome;

		await_ready(1);
		assert_ok(mproc_future_cancel(future, graces[i]));
		assert_ok(mproc_future_wait(future, MPROC_FOREVER));
		outcome = mproc_future_outcome(future);
		assert_outcome(outcome, MPROC_ENDING_CANCELLED, 0);
		ck_assert_uint_eq(outcome.attempts, 1);
		assert_refused(mproc_future_get(future, MPROC_NOW, NULL, NULL), MPROC_ITEMS_FAILED,
			"the task has no value: it was cancelled while it ran");
		mproc_future_close(future);
	}
	assert_usable(pool);
	ck_assert_uint_eq(usage_of(pool).killed, 2);
	mproc_pool_close(pool);
}
END_TEST

/* Threads are never killed. */
START_TEST(a_task_in_a_thread_is_not_killed)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, wait_for_cancel);

	await_ready(1);
	assert_ok(mproc_future_cancel(future, 0));
	assert_outcome(finish(future), MPROC_ENDING_ERROR, -ECANCELED);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_cancelled_task_is_not_tried_again)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future =
		submit_with(pool, wait_for_cancel, NULL, 0, 0, &(mproc_task_options){.retries = 5});
	mproc_outcome outcome;

	await_ready(1);
	assert_ok(mproc_future_cancel(future, INFINITY));
	outcome = finish(future);
	assert_outcome(outcome, MPROC_ENDING_ERROR, -ECANCELED);
	ck_assert_uint_eq(outcome.attempts, 1);
	mproc_pool_close(pool);
}
END_TEST

/* ---- giving up ---- */

START_TEST(a_task_whose_future_is_closed_goes_on)
{
	mproc_pool *pool = open_pool(1);

	for (int i = 0; i < 200; ++i)
		ck_assert_ptr_null(mproc_future_close(submit(pool, count_call)));
	ck_assert_ptr_null(mproc_future_close(NULL));
	mproc_pool_close(pool);
	ck_assert_int_eq(board->count, 200);
}
END_TEST

START_TEST(a_future_that_is_given_up_leaves_little)
{
	static char large[10000];
	mproc_pool *pool = open_pool(WORKERS);
	int before;

	finish(submit(pool, do_nothing));
	before = count_blocks();
	for (int round = 0; round < 40; ++round) {
		for (int i = 0; i < 50; ++i)
			mproc_future_close(submit_with(pool, return_text, large, sizeof large, 1000, NULL));
		assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	}
	/* Each has two blocks; those that are submitted later take away what others left, many at a time. */
	ck_assert_int_le(count_blocks(), before + 400);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_future_outlives_its_pool)
{
	const uint64_t number = 5;
	const void *result;
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *good = submit_with(pool, square, &number, 8, 8, NULL), *bad = submit(pool, fail_always);

	ck_assert_ptr_null(mproc_pool_close(pool));
	assert_ok(mproc_future_get(good, MPROC_FOREVER, &result, NULL));
	ck_assert_uint_eq(*(const uint64_t *)result, 25);
	assert_outcome(finish(bad), MPROC_ENDING_ERROR, -EIO);
	ck_assert_int_eq(mproc_future_cancel(good, 0), -EALREADY);
	mproc_future_close(good);
}
END_TEST

/* ---- apply ---- */

START_TEST(apply_gives_the_result)
{
	uint64_t number = 9, result = 0;
	mproc_outcome outcome;
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_apply(pool, square, &number, sizeof number, &result, sizeof result,
		&(mproc_task_options){.outcome = &outcome}));
	ck_assert_uint_eq(result, 81);
	assert_outcome(outcome, MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(outcome.attempts, 1);
	assert_ok(mproc_pool_apply(pool, do_nothing, NULL, 0, NULL, 0, NULL));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(apply_tells_how_a_task_failed)
{
	uint64_t result = 7;
	mproc_outcome outcome;
	mproc_pool *pool = open_pool(WORKERS);

	assert_refused(mproc_pool_apply(pool, fail_always, NULL, 0, &result, sizeof result,
			       &(mproc_task_options){.outcome = &outcome, .retries = 1}),
		MPROC_ITEMS_FAILED,
		"the task has no value: it returned -5 (Input/output error), at attempt 2");
	assert_outcome(outcome, MPROC_ENDING_ERROR, -EIO);
	ck_assert_uint_eq(outcome.attempts, 2);
	ck_assert_uint_eq(result, 7);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(apply_leaves_nothing)
{
	mproc_pool *pool = open_pool(WORKERS);
	int before;

	assert_ok(mproc_pool_apply(pool, do_nothing, NULL, 0, NULL, 0, NULL));
	before = count_blocks();
	for (int i = 0; i < 300; ++i) {
		uint64_t room = 0;

		assert_ok(mproc_pool_apply(pool, return_text, NULL, 0, &room, sizeof room, NULL));
	}
	ck_assert_int_eq(count_blocks(), before);
	mproc_pool_close(pool);
}
END_TEST

void add_futures(void)
{
	const TTest *const tests[] = {
		a_task_gives_its_result,
		many_tasks_give_each_its_own_result,
		arguments_and_results_may_be_large,
		an_argument_is_copied,
		an_argument_without_a_size_is_an_address,
		a_task_without_a_result_gives_none,
		a_task_returns_a_result_of_any_size,
		a_task_that_fails_has_no_value,
		tasks_of_several_functions_run_in_one_pool,
		what_has_ended_cannot_be_cancelled,
		a_grace_that_is_no_time_is_refused,
		a_task_whose_future_is_closed_goes_on,
		a_future_that_is_given_up_leaves_little,
		a_future_outlives_its_pool,
		apply_gives_the_result,
		apply_tells_how_a_task_failed,
		apply_leaves_nothing,
		NULL,
	};
	const TTest *const concurrent[] = {
		a_task_is_queued_then_running_then_done,
		who_waits_gives_up_at_the_deadline,
		a_task_that_has_not_begun_is_cancelled_at_once,
		a_task_that_runs_sees_that_it_was_cancelled,
		a_cancelled_task_is_not_tried_again,
		NULL,
	};
	const TTest *const of_processes[] = {
		a_task_that_does_not_heed_it_is_killed_after_the_grace,
		NULL,
	};
	const TTest *const of_threads[] = {
		a_task_in_a_thread_is_not_killed,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
	if (backend == MPROC_BACKEND_THREADS)
		add_tests(of_threads);
}
