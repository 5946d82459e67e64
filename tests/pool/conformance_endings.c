/* SPDX-License-Identifier: MIT */
/*
 * conformance_endings.c - the end of a pool, and waiting until it has nothing to do.
 */
#include "conformance.h"

enum {
	TASKS = 100,
};

/* ---- draining ---- */

START_TEST(drain_waits_until_everything_is_done)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *map = NULL;

	assert_ok(mproc_pool_drain(pool, MPROC_NOW));
	for (int i = 0; i < TASKS; ++i)
		mproc_future_close(submit(pool, count_call));
	assert_ok(mproc_pool_map_async(pool, count_call, NULL, 0, TASKS, NULL, 0, NULL, NULL, NULL, &map));
	assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	ck_assert_int_eq(board->count, 2 * TASKS);
	ck_assert_int_eq(mproc_future_done(map), 1);
	mproc_future_close(map);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(drain_gives_up_at_the_deadline)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, wait_at_gate);

	await_ready(1);
	assert_refused(mproc_pool_drain(pool, MPROC_NOW), -ETIMEDOUT, "pool \"pool\" is still at work");
	assert_refused(
		mproc_pool_drain(pool, mproc_after(0.01)), -ETIMEDOUT, "pool \"pool\" is still at work");
	let_through(1);
	assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	finish(future);
	mproc_pool_close(pool);
}
END_TEST

/* ---- closing ---- */

START_TEST(close_finishes_everything_that_was_given)
{
	mproc_outcome outcomes[TASKS];
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *tasks[TASKS], *map = NULL;

	for (int i = 0; i < TASKS; ++i)
		tasks[i] = submit(pool, count_call);
	assert_ok(mproc_pool_map_async(pool, count_call, NULL, 0, TASKS, NULL, 0,
		&(mproc_map_options){.outcomes = outcomes}, NULL, NULL, &map));
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(board->count, 2 * TASKS);
	for (int i = 0; i < TASKS; ++i) {
		assert_outcome(finish(tasks[i]), MPROC_ENDING_VALUE, 0);
		assert_outcome(outcomes[i], MPROC_ENDING_VALUE, 0);
	}
	assert_outcome(finish(map), MPROC_ENDING_VALUE, 0);
}
END_TEST

START_TEST(close_waits_for_who_is_at_work)
{
	mproc_pool *pool = open_pool(2);
	mproc_future *first = submit(pool, wait_at_gate), *second = submit(pool, wait_at_gate);

	await_ready(2);
	let_through(2);
	ck_assert_ptr_null(mproc_pool_close(pool));
	assert_outcome(finish(first), MPROC_ENDING_VALUE, 0);
	assert_outcome(finish(second), MPROC_ENDING_VALUE, 0);
}
END_TEST

START_TEST(close_terminates_after_its_timeout)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .close_timeout = 0.05});
	mproc_future *running = submit(pool, wait_for_cancel), *waiting = submit(pool, count_call);
	mproc_outcome outcome;

	await_ready(1);
	ck_assert_ptr_null(mproc_pool_close(pool));
	outcome = finish(running);
	/* Killed, or it has seen that it is cancelled. */
	ck_assert(outcome.ending == MPROC_ENDING_CANCELLED || outcome.code == -ECANCELED);
	assert_outcome(finish(waiting), MPROC_ENDING_CANCELLED, 0);
	ck_assert_int_eq(board->count, 0);
}
END_TEST

START_TEST(close_within_its_timeout_finishes_everything)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = WORKERS, .close_timeout = 50});

	for (int i = 0; i < TASKS; ++i)
		mproc_future_close(submit(pool, count_call));
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(board->count, TASKS);
}
END_TEST

/* ---- terminating ---- */

START_TEST(terminate_ends_an_idle_pool)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_usable(pool);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
}
END_TEST

START_TEST(terminate_cancels_what_has_not_begun)
{
	mproc_outcome outcomes[TASKS];
	mproc_pool *pool = open_pool(1);
	mproc_future *running = submit(pool, wait_for_cancel), *tasks[TASKS], *map = NULL;

	for (int i = 0; i < TASKS; ++i)
		tasks[i] = submit(pool, count_call);
	assert_ok(mproc_pool_map_async(pool, count_call, NULL, 0, TASKS, NULL, 0,
		&(mproc_map_options){.outcomes = outcomes}, NULL, NULL, &map));
	await_ready(1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	ck_assert_int_ne(finish(running).ending, MPROC_ENDING_VALUE);
	for (int i = 0; i < TASKS; ++i) {
		assert_outcome(finish(tasks[i]), MPROC_ENDING_CANCELLED, 0);
		assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
	}
	assert_outcome(finish(map), MPROC_ENDING_CANCELLED, 0);
	ck_assert_int_eq(board->count, 0);
}
END_TEST

START_TEST(terminate_tells_who_wants_to_be_told)
{
	mproc_pool *pool = open_pool(1);
	mproc_stream *stream = NULL;
	mproc_entry entry;
	int rc;

	assert_ok(mproc_pool_imap(pool, wait_for_cancel, NULL, 0, TASKS, 0, NULL, &stream));
	await_ready(1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) >= 0)
		ck_assert_int_eq(rc, MPROC_ITEMS_FAILED);
	ck_assert_int_ne(rc, -ETIMEDOUT);
	mproc_stream_close(stream);
}
END_TEST

START_TEST(terminate_kills_what_runs_and_what_it_has_forked)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_future *futures[WORKERS];
	mproc_outcome outcome;

	for (int i = 0; i < WORKERS; ++i)
		futures[i] = submit(pool, hang);
	await_ready(WORKERS);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	for (int i = 0; i < WORKERS; ++i) {
		outcome = finish(futures[i]);
		assert_outcome(outcome, MPROC_ENDING_CANCELLED, 0);
		ck_assert_uint_eq(outcome.attempts, 1);
	}
}
END_TEST

/* The pool that ends is .argument. */
static void ask_for_more(mproc_future *future, void *argument)
{
	static const char text[] = "pool \"pool\": is being closed";
	mproc_outcome outcome;

	(void)future;
	assert_refused(mproc_pool_resize(argument, 2), -ECANCELED, text);
	assert_refused(mproc_pool_fd(argument), -ECANCELED, text);
	assert_refused(mproc_pool_apply(argument, count_call, NULL, 0, NULL, 0, NULL), -ECANCELED, text);
	assert_refused(mproc_pool_map(argument, count_call, NULL, 0, 1, NULL, 0,
			       &(mproc_map_options){.outcomes = &outcome}),
		-ECANCELED, text);
	assert_outcome(outcome, MPROC_ENDING_CANCELLED, 0);
	atomic_fetch_add(&board->count, 1);
}

START_TEST(what_is_asked_of_a_pool_by_who_is_told_of_its_end_is_refused)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit_with(pool, wait_for_cancel, NULL, 0, 0,
		&(mproc_task_options){.on_done = ask_for_more, .on_done_argument = pool});

	await_ready(1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	/* It was told, and none of its tasks has run. */
	ck_assert_int_eq(board->count, 1);
	mproc_future_close(future);
}
END_TEST

static int stop_itself(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	raise(SIGSTOP);
	return 0;
}

START_TEST(terminate_kills_who_is_stopped)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *future = submit(pool, stop_itself);

	wait_until(mproc_future_running(future) == 1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	assert_outcome(finish(future), MPROC_ENDING_CANCELLED, 0);
}
END_TEST

/* Nothing is lost that was accepted, whenever the end comes. */
START_TEST(every_future_has_ended_however_early_the_pool_is_terminated)
{
	for (int round = 0; round < 30; ++round) {
		mproc_pool *pool = open_pool(WORKERS);
		mproc_future *futures[TASKS];
		int ran = 0, before = board->count;

		for (int i = 0; i < TASKS; ++i)
			futures[i] = submit(pool, count_call);
		for (int i = 0; i < round * 3; ++i)
			assert_ok(mproc_future_wait(futures[i], MPROC_FOREVER));
		ck_assert_ptr_null(mproc_pool_terminate(pool));
		for (int i = 0; i < TASKS; ++i) {
			mproc_outcome outcome = finish(futures[i]);

			ck_assert(i >= round * 3 || outcome.ending == MPROC_ENDING_VALUE);
			ck_assert(outcome.ending == MPROC_ENDING_VALUE
				  || outcome.ending == MPROC_ENDING_CANCELLED);
			ran += outcome.ending == MPROC_ENDING_VALUE;
		}
		ck_assert_int_ge(board->count - before, ran);
	}
}
END_TEST

void add_endings(void)
{
	const TTest *const tests[] = {
		drain_waits_until_everything_is_done,
		close_finishes_everything_that_was_given,
		close_within_its_timeout_finishes_everything,
		terminate_ends_an_idle_pool,
		every_future_has_ended_however_early_the_pool_is_terminated,
		NULL,
	};
	const TTest *const concurrent[] = {
		drain_gives_up_at_the_deadline,
		close_waits_for_who_is_at_work,
		close_terminates_after_its_timeout,
		terminate_cancels_what_has_not_begun,
		terminate_tells_who_wants_to_be_told,
		what_is_asked_of_a_pool_by_who_is_told_of_its_end_is_refused,
		NULL,
	};
	const TTest *const of_processes[] = {
		terminate_kills_what_runs_and_what_it_has_forked,
		terminate_kills_who_is_stopped,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
