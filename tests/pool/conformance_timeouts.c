/* SPDX-License-Identifier: MIT */
/*
 * conformance_timeouts.c - maps whose items take too long.
 */
#include "conformance.h"

enum {
	ITEMS = 12,
};

static const double SHORTLY = 0.05;

static int map_with(mproc_pool *pool, mproc_task_function *function, mproc_map_options options)
{
	return mproc_pool_map(pool, function, NULL, 0, ITEMS, NULL, 0, &options);
}

/* ---- what every backend has ---- */

static int give_up(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	while (!mproc_task_cancelled(task))
		;
	return -ETIME;
}

START_TEST(an_item_sees_that_its_soft_timeout_has_passed)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(
		map_with(pool, give_up, (mproc_map_options){.soft_timeout = 0.001, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < ITEMS; ++i)
		assert_outcome(outcomes[i], MPROC_ENDING_ERROR, -ETIME);
	mproc_pool_close(pool);
}
END_TEST

static int await_deadline(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	/* Much later than the deadline of the map. */
	nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
	return 0;
}

/* Not killed, since it ends by itself. */
START_TEST(items_are_not_begun_after_the_deadline)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(
		map_with(pool, await_deadline,
			(mproc_map_options){.deadline = mproc_after(0.01), .chunk = 1, .outcomes = outcomes}),
		-ETIMEDOUT);
	assert_text_has("the deadline has passed: ");
	assert_text_has("of 12 items ended in time");
	ck_assert_int_ne(outcomes[0].ending, MPROC_ENDING_NONE);
	for (int i = 1; i < ITEMS; ++i) {
		assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
		ck_assert_uint_eq(outcomes[i].attempts, 0);
	}
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_whose_deadline_has_passed_is_told_so)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(map_with(pool, await_deadline,
				 (mproc_map_options){.deadline = MPROC_NOW, .outcomes = outcomes}),
		-ETIMEDOUT);
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_int_ne(outcomes[i].ending, MPROC_ENDING_NONE);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_whose_last_item_gives_up_at_the_deadline_is_told_so)
{
	const mproc_on_failure choices[] = {MPROC_ON_FAILURE_GO_ON, MPROC_ON_FAILURE_STOP};
	mproc_pool *pool = open_pool(1);

	for (int i = 0; i < 20; ++i) {
		mproc_outcome outcome;
		mproc_map_options options = {
			.deadline = mproc_after(0.001), .outcomes = &outcome, .on_failure = choices[i % 2]};

		ck_assert_int_eq(mproc_pool_map(pool, give_up, NULL, 0, 1, NULL, 0, &options), -ETIMEDOUT);
		ck_assert_int_ne(outcome.ending, MPROC_ENDING_VALUE);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_map_that_ends_before_its_deadline_is_whole)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 50; ++i)
		assert_ok(map_with(pool, do_nothing, (mproc_map_options){.deadline = mproc_after(100)}));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_that_run_see_that_the_deadline_has_passed)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(map_with(pool, wait_for_cancel,
				 (mproc_map_options){
					 .deadline = mproc_after(SHORTLY), .chunk = 1, .outcomes = outcomes}),
		-ETIMEDOUT);
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_int_ne(outcomes[i].ending, MPROC_ENDING_VALUE);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_timeout_is_refused_where_nobody_can_be_killed)
{
	mproc_pool *pool = open_pool(WORKERS);

	if (backend != MPROC_BACKEND_PROCESSES)
		assert_refused(map_with(pool, do_nothing, (mproc_map_options){.timeout = 2}), -ENOTSUP,
			"timeout 2: only workers that are processes can be killed; soft_timeout is possible");
	mproc_pool_close(pool);
}
END_TEST

/* ---- processes ---- */

static int hang_at_5(const void *item, void *result, mproc_task *task)
{
	return mproc_task_index(task) == 5 ? hang(item, result, task) : 0;
}

START_TEST(an_item_that_runs_too_long_is_killed)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(
		map_with(pool, hang_at_5, (mproc_map_options){.timeout = SHORTLY, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	ck_assert_str_eq(
		mproc_error_text(), "1 of 12 items failed; the first, item 5: it was killed for its timeout");
	for (int i = 0; i < ITEMS; ++i)
		assert_outcome(outcomes[i], i == 5 ? MPROC_ENDING_TIMEOUT : MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(outcomes[5].attempts, 1);
	ck_assert_uint_ge(outcomes[5].worker, 1);
	assert_usable(pool);
	ck_assert_uint_eq(usage_of(pool).killed, 1);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_item_that_runs_too_long_is_tried_again)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(map_with(pool, hang_at_5,
				 (mproc_map_options){.timeout = SHORTLY, .retries = 2, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("it was killed for its timeout, at attempt 3");
	assert_outcome(outcomes[5], MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcomes[5].attempts, 3);
	mproc_pool_close(pool);
}
END_TEST

/* Each item takes longer than a timeout takes to be noticed, together they take much longer than it. */
static int take_10_ms(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
	return 0;
}

START_TEST(a_timeout_counts_from_the_beginning_of_each_item)
{
	mproc_pool *pool = open_pool(1);

	/* All items in one chunk; none of them takes anything like 5 s. */
	assert_ok(map_with(pool, take_10_ms, (mproc_map_options){.timeout = 5, .chunk = ITEMS}));
	ck_assert_uint_eq(usage_of(pool).killed, 0);
	mproc_pool_close(pool);
}
END_TEST

/* Its child notes itself, and would live for ever. */
static int fork_and_hang(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_index(task) != 0)
		return 0;
	if (fork() == 0) {
		board->numbers[0] = getpid();
		for (;;)
			pause();
	}
	for (;;)
		pause();
	return 0;
}

START_TEST(what_an_item_has_forked_is_killed_with_it)
{
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(
		map_with(pool, fork_and_hang, (mproc_map_options){.timeout = 0.2}), MPROC_ITEMS_FAILED);
	ck_assert_int_ne(board->numbers[0], 0);
	wait_until(has_ended(board->numbers[0]));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_that_run_at_the_deadline_are_killed)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(2);

	ck_assert_int_eq(map_with(pool, hang,
				 (mproc_map_options){
					 .deadline = mproc_after(SHORTLY), .chunk = 1, .outcomes = outcomes}),
		-ETIMEDOUT);
	ck_assert_str_eq(mproc_error_text(), "the deadline has passed: 0 of 12 items ended in time");
	for (int i = 0; i < ITEMS; ++i)
		assert_outcome(outcomes[i],
			outcomes[i].attempts != 0 ? MPROC_ENDING_TIMEOUT : MPROC_ENDING_CANCELLED, 0);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(results_from_before_the_deadline_are_there)
{
	size_t results[3] = {9, 9, 9};
	mproc_outcome outcomes[3];
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(mproc_pool_map(pool, give_index, NULL, 0, 3, results, sizeof *results,
				 &(mproc_map_options){.deadline = MPROC_NOW, .outcomes = outcomes}),
		-ETIMEDOUT);
	for (size_t i = 0; i < 3; ++i)
		ck_assert_uint_eq(results[i], outcomes[i].ending == MPROC_ENDING_VALUE ? i : 9);
	mproc_pool_close(pool);
}
END_TEST

void add_timeouts(void)
{
	const TTest *const tests[] = {
		an_item_sees_that_its_soft_timeout_has_passed,
		items_are_not_begun_after_the_deadline,
		a_map_whose_deadline_has_passed_is_told_so,
		a_map_whose_last_item_gives_up_at_the_deadline_is_told_so,
		a_map_that_ends_before_its_deadline_is_whole,
		a_timeout_is_refused_where_nobody_can_be_killed,
		NULL,
	};
	const TTest *const concurrent[] = {
		items_that_run_see_that_the_deadline_has_passed,
		NULL,
	};
	const TTest *const of_processes[] = {
		an_item_that_runs_too_long_is_killed,
		an_item_that_runs_too_long_is_tried_again,
		a_timeout_counts_from_the_beginning_of_each_item,
		what_an_item_has_forked_is_killed_with_it,
		items_that_run_at_the_deadline_are_killed,
		results_from_before_the_deadline_are_there,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
