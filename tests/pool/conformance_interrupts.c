/* SPDX-License-Identifier: MIT */
/*
 * conformance_interrupts.c - a signal handler of the program ends a wait.
 */
#include "conformance.h"

enum {
	ITEMS = 50,
};

static void interrupt(int unused)
{
	(void)unused;
	mproc_interrupt();
}

/* From a worker that is a thread too, it comes to the thread of the test: workers block all signals. */
static int signal_test_and_wait(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (++board->count == 1)
		kill(board->test, SIGUSR1);
	while (backend != MPROC_BACKEND_SERIAL && !mproc_task_cancelled(task))
		pause_shortly();
	return 0;
}

static mproc_pool *open_and_handle(unsigned workers)
{
	signal(SIGUSR1, interrupt);
	return open_pool(workers);
}

START_TEST(a_map_that_is_interrupted_is_cancelled)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_and_handle(2);

	ck_assert_int_eq(mproc_pool_map(pool, signal_test_and_wait, NULL, 0, ITEMS, NULL, 0,
				 &(mproc_map_options){.chunk = 1, .outcomes = outcomes}),
		-EINTR);
	assert_text_has("interrupted: ");
	assert_text_has(" of 50 items had ended with a value");
	for (int i = 0; i < ITEMS; ++i)
		ck_assert(outcomes[i].ending == MPROC_ENDING_VALUE
			  || outcomes[i].ending == MPROC_ENDING_CANCELLED);
	assert_outcome(outcomes[ITEMS - 1], MPROC_ENDING_CANCELLED, 0);
	/* Ready for more. */
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static void keep_first(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
}

START_TEST(a_reduction_that_is_interrupted_is_cancelled)
{
	char total = 5;
	mproc_pool *pool = open_and_handle(2);

	ck_assert_int_eq(
		mproc_pool_reduce(pool, signal_test_and_wait, keep_first, NULL, 0, ITEMS, &total, 1, NULL),
		-EINTR);
	ck_assert_int_eq(total, 5);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_interruption_without_a_call_is_the_next_ones)
{
	mproc_pool *pool = open_and_handle(2);

	mproc_interrupt();
	ck_assert_int_eq(mproc_pool_map(pool, signal_test_and_wait, NULL, 0, ITEMS, NULL, 0, NULL), -EINTR);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* A signal that is caught, and says nothing, ends no wait. */
static void do_not_interrupt(int unused)
{
	(void)unused;
}

static int signal_test(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	kill(board->test, SIGUSR1);
	return 0;
}

START_TEST(a_caught_signal_ends_no_wait)
{
	mproc_pool *pool;

	signal(SIGUSR1, do_not_interrupt);
	pool = open_pool(2);
	for (int i = 0; i < 20; ++i) {
		assert_ok(mproc_pool_map(pool, signal_test, NULL, 0, 5, NULL, 0, NULL));
		assert_outcome(finish(submit(pool, signal_test)), MPROC_ENDING_VALUE, 0);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- what is on the way ---- */

/* Signals the test at ready, and ends when it is let through. */
static int signal_test_and_wait_at_gate(const void *item, void *result, mproc_task *task)
{
	kill(board->test, SIGUSR1);
	return wait_at_gate(item, result, task);
}

START_TEST(the_wait_for_a_future_ends_and_may_be_called_again)
{
	mproc_pool *pool = open_and_handle(1);
	mproc_future *future = submit(pool, signal_test_and_wait_at_gate);

	ck_assert_int_eq(mproc_future_wait(future, MPROC_FOREVER), -EINTR);
	assert_text_has("interrupted while waiting for future");
	ck_assert_int_eq(mproc_future_wait(future, mproc_after(0.01)), -ETIMEDOUT);
	mproc_interrupt();
	ck_assert_int_eq(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), -EINTR);
	mproc_interrupt();
	ck_assert_int_eq(mproc_future_wait_all(&future, 1, MPROC_FOREVER), -EINTR);
	mproc_interrupt();
	ck_assert_int_eq(mproc_future_wait_any(&future, 1, MPROC_FOREVER, &(size_t){0}), -EINTR);
	assert_text_has("interrupted while waiting for 1 futures");
	mproc_interrupt();
	ck_assert_int_eq(mproc_future_as_completed(&future, 1, 0, MPROC_FOREVER), -EINTR);
	let_through(1);
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(drain_ends_and_may_be_called_again)
{
	mproc_pool *pool = open_and_handle(1);
	mproc_future *future = submit(pool, signal_test_and_wait_at_gate);

	assert_refused(
		mproc_pool_drain(pool, MPROC_FOREVER), -EINTR, "interrupted while pool \"pool\" was at work");
	let_through(1);
	assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	finish(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(the_wait_for_a_stream_ends_and_may_be_called_again)
{
	mproc_entry entry;
	mproc_stream *stream = NULL;
	mproc_pool *pool = open_and_handle(1);

	assert_ok(mproc_pool_imap(pool, signal_test_and_wait_at_gate, NULL, 0, 1, 0, NULL, &stream));
	assert_refused(mproc_stream_next(stream, MPROC_FOREVER, &entry), -EINTR,
		"interrupted while waiting for the stream's next item");
	let_through(1);
	assert_ok(mproc_stream_next(stream, MPROC_FOREVER, &entry));
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_apply_that_is_interrupted_is_cancelled)
{
	mproc_outcome outcome;
	mproc_pool *pool = open_and_handle(1);

	ck_assert_int_eq(mproc_pool_apply(pool, signal_test_and_wait, NULL, 0, NULL, 0,
				 &(mproc_task_options){.outcome = &outcome}),
		-EINTR);
	assert_text_has("interrupted");
	/* Killed, or it has seen that it is cancelled. */
	ck_assert(outcome.ending == MPROC_ENDING_CANCELLED || outcome.ending == MPROC_ENDING_VALUE);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(submit_with_a_full_line_is_interrupted)
{
	enum {
		LINE = 16384
	};
	static mproc_future *futures[LINE];
	mproc_pool *pool = open_and_handle(1);
	mproc_future *first = submit(pool, wait_at_gate), *one_more = NULL;

	await_ready(1);
	for (int i = 0; i < LINE; ++i)
		futures[i] = submit(pool, do_nothing);
	mproc_interrupt();
	assert_refused(mproc_pool_submit(pool, do_nothing, NULL, 0, 0, NULL, &one_more), -EINTR,
		"interrupted while 16384 tasks were in line");
	ck_assert_ptr_null(one_more);
	let_through(1);
	finish(first);
	for (int i = 0; i < LINE; ++i)
		assert_outcome(finish(futures[i]), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

/* ---- SIGINT ---- */

static int raise_interrupt(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return raise(SIGINT) == 0 ? 0 : -errno;
}

START_TEST(workers_ignore_sigint)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, raise_interrupt, NULL, 0, 100, NULL, 0, NULL));
	ck_assert_uint_eq(usage_of(pool).died, 0);
	mproc_pool_close(pool);
}
END_TEST

void add_interrupts(void)
{
	const TTest *const tests[] = {
		a_map_that_is_interrupted_is_cancelled,
		a_reduction_that_is_interrupted_is_cancelled,
		an_interruption_without_a_call_is_the_next_ones,
		a_caught_signal_ends_no_wait,
		NULL,
	};
	const TTest *const concurrent[] = {
		the_wait_for_a_future_ends_and_may_be_called_again,
		drain_ends_and_may_be_called_again,
		the_wait_for_a_stream_ends_and_may_be_called_again,
		an_apply_that_is_interrupted_is_cancelled,
		submit_with_a_full_line_is_interrupted,
		NULL,
	};
	const TTest *const of_processes[] = {
		workers_ignore_sigint,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
