/* SPDX-License-Identifier: MIT */
/*
 * conformance_task_options.c - what a caller can ask of a single task.
 */
#include "conformance.h"

#include <poll.h>

static mproc_outcome run_with(mproc_pool *pool, mproc_task_function *function, mproc_task_options options)
{
	return finish(submit_with(pool, function, NULL, 0, 0, &options));
}

START_TEST(a_task_that_fails_is_tried_again)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_outcome outcome = run_with(pool, succeed_at_attempt_3, (mproc_task_options){.retries = 2});

	assert_outcome(outcome, MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(outcome.attempts, 3);
	outcome = run_with(pool, succeed_at_attempt_3, (mproc_task_options){.retries = 1});
	assert_outcome(outcome, MPROC_ENDING_ERROR, -EIO);
	ck_assert_uint_eq(outcome.attempts, 2);
	outcome = run_with(pool, fail_always, (mproc_task_options){.retries = 62});
	ck_assert_uint_eq(outcome.attempts, 63);
	mproc_pool_close(pool);
}
END_TEST

static int await_soft_timeout(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	while (!mproc_task_cancelled(task))
		;
	return -ETIME;
}

START_TEST(a_task_sees_that_its_soft_timeout_has_passed)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_outcome(run_with(pool, await_soft_timeout, (mproc_task_options){.soft_timeout = 0.001}),
		MPROC_ENDING_ERROR, -ETIME);
	mproc_pool_close(pool);
}
END_TEST

static int compare_context(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return strcmp(mproc_task_context(task), "of one task") == 0 ? 0 : -EINVAL;
}

static int compare_address(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_context(task) == (void *)&board ? 0 : -EINVAL;
}

START_TEST(a_task_has_a_context)
{
	char context[500] = "of one task";
	mproc_pool *pool = open_pool(1);
	mproc_future *futures[20];

	for (int i = 0; i < 20; ++i) {
		/* One that fits beside the task, and one that does not. */
		size_t size = i % 2 == 0 ? 12 : sizeof context;

		strcpy(context, "of one task");
		futures[i] = submit_with(pool, compare_context, NULL, 0, 0,
			&(mproc_task_options){.context = context, .context_size = size});
		context[0] = 'X';
	}
	for (int i = 0; i < 20; ++i)
		assert_outcome(finish(futures[i]), MPROC_ENDING_VALUE, 0);
	assert_outcome(run_with(pool, compare_address, (mproc_task_options){.context = (void *)&board}),
		MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

static int draw(const void *item, void *result, mproc_task *task)
{
	(void)item;
	*(uint64_t *)result = mproc_random_bits(mproc_task_random(task));
	return 0;
}

static uint64_t draw_with(mproc_pool *pool, uint64_t seed)
{
	uint64_t number = 0;

	assert_ok(mproc_pool_apply(
		pool, draw, NULL, 0, &number, sizeof number, &(mproc_task_options){.seed = seed}));
	return number;
}

START_TEST(random_numbers_of_a_task_depend_on_its_seed)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (uint64_t seed = 0; seed < 10; ++seed) {
		ck_assert_uint_eq(draw_with(pool, seed), draw_with(pool, seed));
		ck_assert_uint_ne(draw_with(pool, seed), draw_with(pool, seed + 1));
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- deadlines ---- */

START_TEST(a_task_whose_deadline_has_passed_is_not_begun)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future =
		submit_with(pool, count_call, NULL, 0, 0, &(mproc_task_options){.deadline = MPROC_NOW});
	mproc_outcome outcome;

	ck_assert_int_eq(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), MPROC_ITEMS_FAILED);
	ck_assert_str_eq(
		mproc_error_text(), "the task has no value: its deadline passed before it was begun");
	outcome = finish(future);
	assert_outcome(outcome, MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcome.attempts, 0);
	ck_assert_uint_eq(outcome.worker, 0);
	ck_assert_int_eq(board->count, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_deadline_also_counts_while_a_task_waits_for_a_worker)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *first = submit(pool, wait_at_gate);
	mproc_future *late = submit_with(
		pool, count_call, NULL, 0, 0, &(mproc_task_options){.deadline = mproc_after(0.02)});
	mproc_outcome outcome;

	await_ready(1);
	/* Before the worker is free. */
	assert_ok(mproc_future_wait(late, MPROC_FOREVER));
	outcome = mproc_future_outcome(late);
	assert_outcome(outcome, MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcome.attempts, 0);
	mproc_future_close(late);
	let_through(1);
	finish(first);
	ck_assert_int_eq(board->count, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_ends_before_its_deadline_has_its_value)
{
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 50; ++i)
		assert_outcome(run_with(pool, do_nothing, (mproc_task_options){.deadline = mproc_after(100)}),
			MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_timeout_of_a_task_is_refused_where_nobody_can_be_killed)
{
	mproc_future *future = NULL;
	mproc_pool *pool = open_pool(1);

	if (backend != MPROC_BACKEND_PROCESSES)
		assert_refused(mproc_pool_submit(pool, do_nothing, NULL, 0, 0,
				       &(mproc_task_options){.timeout = 0.5}, &future),
			-ENOTSUP,
			"timeout 0.5: only workers that are processes can be killed; soft_timeout is "
			"possible");
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_runs_too_long_is_killed)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *future = submit_with(pool, hang, NULL, 0, 0, &(mproc_task_options){.timeout = 0.05});
	mproc_outcome outcome;

	assert_refused(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), MPROC_ITEMS_FAILED,
		"the task has no value: it was killed for its timeout");
	outcome = finish(future);
	assert_outcome(outcome, MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcome.attempts, 1);
	outcome = run_with(pool, hang, (mproc_task_options){.timeout = 0.03, .retries = 2});
	assert_outcome(outcome, MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcome.attempts, 3);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_runs_at_its_deadline_is_killed)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_outcome outcome = run_with(pool, hang, (mproc_task_options){.deadline = mproc_after(0.05)});

	assert_outcome(outcome, MPROC_ENDING_TIMEOUT, 0);
	ck_assert_uint_eq(outcome.attempts, 1);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int die_at_first(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_attempt(task) == 1)
		raise(SIGKILL);
	return 0;
}

START_TEST(a_task_whose_worker_dies_is_tried_again)
{
	mproc_pool *pool = open_pool(2);
	mproc_outcome outcome = run_with(pool, die_at_first, (mproc_task_options){.retries = 1});

	assert_outcome(outcome, MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(outcome.attempts, 2);
	outcome = run_with(pool, die_at_first, (mproc_task_options){0});
	assert_outcome(outcome, MPROC_ENDING_SIGNAL, SIGKILL);
	ck_assert_uint_eq(outcome.attempts, 1);
	ck_assert_uint_eq(usage_of(pool).died, 2);
	mproc_pool_close(pool);
}
END_TEST

/* ---- being told ---- */

static void note_done(mproc_future *future, void *argument)
{
	ck_assert_int_eq(mproc_future_done(future), 1);
	++*(int *)argument;
}

static void note_done_and_close(mproc_future *future, void *argument)
{
	note_done(future, argument);
	ck_assert_ptr_null(mproc_future_close(future));
}

static const mproc_task_options *telling(mproc_done_function *function, int *count)
{
	static mproc_task_options options;

	options = (mproc_task_options){.on_done = function, .on_done_argument = count};
	return &options;
}

START_TEST(who_waits_is_told_that_a_task_has_ended)
{
	int told = 0;
	mproc_pool *pool = open_pool(1);
	mproc_future *first = submit_with(pool, do_nothing, NULL, 0, 0, telling(note_done, &told));
	mproc_future *second = submit(pool, do_nothing);

	/* In another call, of another future of the pool. */
	assert_ok(mproc_future_wait(second, MPROC_FOREVER));
	assert_ok(mproc_future_wait(first, MPROC_FOREVER));
	ck_assert_int_eq(told, 1);
	assert_ok(mproc_future_wait(first, MPROC_FOREVER));
	ck_assert_int_eq(mproc_pool_poll(pool), 0);
	ck_assert_int_eq(told, 1);
	mproc_future_close(first);
	mproc_future_close(second);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(poll_tells_each_once)
{
	int told = 0;
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(mproc_pool_poll(pool), 0);
	for (int i = 0; i < 30; ++i)
		submit_with(pool, do_nothing, NULL, 0, 0, telling(note_done_and_close, &told));
	for (int called = 0; called < 30;) {
		int rc = mproc_pool_poll(pool);

		ck_assert_int_ge(rc, 0);
		called += rc;
		ck_assert_int_eq(called, told);
	}
	ck_assert_int_eq(mproc_pool_poll(pool), 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_that_has_not_ended_is_not_told_of)
{
	int told = 0;
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit_with(pool, wait_at_gate, NULL, 0, 0, telling(note_done, &told));

	await_ready(1);
	ck_assert_int_eq(mproc_pool_poll(pool), 0);
	ck_assert_int_eq(told, 0);
	let_through(1);
	finish(future);
	ck_assert_int_eq(told, 1);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(close_tells_of_what_has_ended)
{
	int told = 0;
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 30; ++i)
		submit_with(pool, do_nothing, NULL, 0, 0, telling(note_done_and_close, &told));
	mproc_pool_close(pool);
	ck_assert_int_eq(told, 30);
}
END_TEST

START_TEST(a_future_that_is_closed_is_not_told_of)
{
	int told = 0;
	mproc_pool *pool = open_pool(WORKERS);

	for (int i = 0; i < 30; ++i)
		mproc_future_close(submit_with(pool, do_nothing, NULL, 0, 0, telling(note_done, &told)));
	assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	mproc_pool_close(pool);
	ck_assert_int_eq(told, 0);
}
END_TEST

static bool is_readable(int fd, int milliseconds_to_wait)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLIN};
	int rc = poll(&descriptor, 1, milliseconds_to_wait);

	ck_assert_int_ge(rc, 0);
	return rc == 1;
}

START_TEST(the_descriptor_is_readable_when_a_task_has_ended)
{
	int told = 0, fd;
	mproc_pool *pool = open_pool(1);

	fd = mproc_pool_fd(pool);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(mproc_pool_fd(pool), fd);
	mproc_pool_poll(pool);
	ck_assert(!is_readable(fd, 0));
	for (int round = 1; round <= 20; ++round) {
		submit_with(pool, wait_at_gate, NULL, 0, 0, telling(note_done_and_close, &told));
		await_ready(1);
		let_through(1);
		while (told < round) {
			ck_assert(is_readable(fd, -1));
			ck_assert_int_ge(mproc_pool_poll(pool), 0);
		}
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(the_descriptor_is_readable_for_what_ended_before_it_was_asked_for)
{
	int told = 0;
	mproc_pool *pool = open_pool(1);

	submit_with(pool, do_nothing, NULL, 0, 0, telling(note_done_and_close, &told));
	while (usage_of(pool).done == 0)
		pause_shortly();
	ck_assert(is_readable(mproc_pool_fd(pool), -1));
	ck_assert_int_eq(mproc_pool_poll(pool), 1);
	mproc_pool_close(pool);
}
END_TEST

void add_task_options(void)
{
	const TTest *const tests[] = {
		a_task_that_fails_is_tried_again,
		a_task_sees_that_its_soft_timeout_has_passed,
		a_task_has_a_context,
		random_numbers_of_a_task_depend_on_its_seed,
		a_task_whose_deadline_has_passed_is_not_begun,
		a_task_that_ends_before_its_deadline_has_its_value,
		a_timeout_of_a_task_is_refused_where_nobody_can_be_killed,
		who_waits_is_told_that_a_task_has_ended,
		poll_tells_each_once,
		close_tells_of_what_has_ended,
		a_future_that_is_closed_is_not_told_of,
		the_descriptor_is_readable_for_what_ended_before_it_was_asked_for,
		NULL,
	};
	const TTest *const concurrent[] = {
		a_deadline_also_counts_while_a_task_waits_for_a_worker,
		a_task_that_has_not_ended_is_not_told_of,
		the_descriptor_is_readable_when_a_task_has_ended,
		NULL,
	};
	const TTest *const of_processes[] = {
		a_task_that_runs_too_long_is_killed,
		a_task_that_runs_at_its_deadline_is_killed,
		a_task_whose_worker_dies_is_tried_again,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
