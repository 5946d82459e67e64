/* SPDX-License-Identifier: MIT */
/*
 * conformance_refusals.c - what a pool refuses: from its own tasks, from other processes, and what is no argument.
 */
#include "conformance.h"

static uint64_t room;

/* ---- own tasks ---- */

/* item: the addresses of the pool that the task belongs to, and of a future and a stream of it, which no other process sees. */
typedef struct own {
	mproc_pool *pool;
	mproc_future *future;
	mproc_stream *stream;
} own;

/* The line of the first call that is not refused as it must be, negative. */
#define refuse(call)                                                                                  \
	do {                                                                                          \
		if ((call) != -EDEADLK || strstr(mproc_error_text(), "one of its own tasks") == NULL) \
			return -__LINE__;                                                             \
	} while (0)

static void never_combine(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
	abort();
}

static int use_own_pool(const void *item, void *result, mproc_task *task)
{
	const own *mine = item;
	mproc_future *future = NULL;
	mproc_stream *stream = NULL;
	mproc_entry entry;
	size_t index;

	(void)result;
	(void)task;
	refuse(mproc_pool_map(mine->pool, fail_always, NULL, 0, 1, NULL, 0, NULL));
	refuse(mproc_pool_reduce(mine->pool, fail_always, never_combine, NULL, 0, 1, &room, 8, NULL));
	refuse(mproc_pool_apply(mine->pool, fail_always, NULL, 0, NULL, 0, NULL));
	refuse(mproc_pool_submit(mine->pool, fail_always, NULL, 0, 0, NULL, &future));
	refuse(mproc_pool_map_async(mine->pool, fail_always, NULL, 0, 1, NULL, 0, NULL, NULL, NULL, &future));
	refuse(mproc_pool_imap(mine->pool, fail_always, NULL, 0, 1, 0, NULL, &stream));
	refuse(mproc_pool_drain(mine->pool, MPROC_NOW));
	refuse(mproc_pool_resize(mine->pool, 2));
	refuse(mproc_pool_poll(mine->pool));
	if (mproc_pool_close(mine->pool) != mine->pool || mproc_pool_terminate(mine->pool) != mine->pool)
		return -__LINE__;
	if (mproc_pool_workers(mine->pool) < 1)
		return -__LINE__;
	if (backend == MPROC_BACKEND_PROCESSES)
		return 0;
	refuse(mproc_future_wait(mine->future, MPROC_NOW));
	refuse(mproc_future_get(mine->future, MPROC_NOW, NULL, NULL));
	refuse(mproc_future_wait_any(&mine->future, 1, MPROC_NOW, &index));
	refuse(mproc_future_wait_all(&mine->future, 1, MPROC_NOW));
	future = mine->future;
	refuse(mproc_future_as_completed(&future, 1, 0, MPROC_NOW));
	refuse(mproc_stream_next(mine->stream, MPROC_NOW, &entry));
	return 0;
}

START_TEST(a_task_that_uses_its_own_pool_is_refused)
{
	mproc_pool *pool = open_pool(2);
	own mine = {.pool = pool, .future = submit(pool, do_nothing)};
	mproc_outcome outcome;

	assert_ok(mproc_pool_imap(pool, do_nothing, NULL, 0, 5, 0, NULL, &mine.stream));
	outcome = finish(submit_with(pool, use_own_pool, &mine, sizeof mine, 0, NULL));
	ck_assert_msg(outcome.ending == MPROC_ENDING_VALUE, "line %d", -outcome.code);
	ck_assert_int_eq(mproc_pool_map(pool, use_own_pool, &mine, sizeof mine, 1, NULL, 0, NULL), 0);
	assert_usable(pool);
	mproc_stream_close(mine.stream);
	finish(mine.future);
	mproc_pool_close(pool);
}
END_TEST

/* ---- other processes ---- */

#define expect_foreign(call)                                                                    \
	do {                                                                                    \
		if ((call) != -ECHILD || strstr(mproc_error_text(), "another process") == NULL) \
			return __LINE__;                                                        \
	} while (0)

static int use_foreign(const own *theirs)
{
	mproc_future *future = NULL;
	mproc_stream *stream = NULL;
	mproc_pool_usage usage;
	mproc_entry entry;
	size_t index;

	expect_foreign(mproc_pool_map(theirs->pool, do_nothing, NULL, 0, 1, NULL, 0, NULL));
	expect_foreign(
		mproc_pool_reduce(theirs->pool, do_nothing, never_combine, NULL, 0, 1, &room, 8, NULL));
	expect_foreign(mproc_pool_apply(theirs->pool, do_nothing, NULL, 0, NULL, 0, NULL));
	expect_foreign(mproc_pool_submit(theirs->pool, do_nothing, NULL, 0, 0, NULL, &future));
	expect_foreign(mproc_pool_map_async(
		theirs->pool, do_nothing, NULL, 0, 1, NULL, 0, NULL, NULL, NULL, &future));
	expect_foreign(mproc_pool_imap(theirs->pool, do_nothing, NULL, 0, 1, 0, NULL, &stream));
	expect_foreign(mproc_pool_drain(theirs->pool, MPROC_NOW));
	expect_foreign(mproc_pool_resize(theirs->pool, 2));
	expect_foreign(mproc_pool_stats(theirs->pool, &usage));
	expect_foreign(mproc_pool_fd(theirs->pool));
	expect_foreign(mproc_pool_poll(theirs->pool));
	expect_foreign(mproc_future_wait(theirs->future, MPROC_NOW));
	expect_foreign(mproc_future_get(theirs->future, MPROC_NOW, NULL, NULL));
	expect_foreign(mproc_future_done(theirs->future));
	expect_foreign(mproc_future_running(theirs->future));
	expect_foreign(mproc_future_cancel(theirs->future, 0));
	expect_foreign(mproc_future_wait_any(&theirs->future, 1, MPROC_NOW, &index));
	expect_foreign(mproc_future_wait_all(&theirs->future, 1, MPROC_NOW));
	expect_foreign(mproc_future_as_completed(&(mproc_future *){theirs->future}, 1, 0, MPROC_NOW));
	expect_foreign(mproc_stream_next(theirs->stream, MPROC_NOW, &entry));
	if (mproc_future_outcome(theirs->future).ending != MPROC_ENDING_NONE)
		return __LINE__;
	if (mproc_pool_workers(theirs->pool) < 1)
		return __LINE__;
	return 0;
}

static int use_and_close_foreign(const own *theirs)
{
	int line = use_foreign(theirs), before = count_descriptors();

	if (line != 0)
		return line;
	if (mproc_stream_close(theirs->stream) != NULL || mproc_future_close(theirs->future) != NULL)
		return __LINE__;
	if (mproc_pool_close(theirs->pool) != NULL)
		return __LINE__;
	return count_descriptors() <= before ? 0 : __LINE__;
}

START_TEST(a_forked_child_may_only_close_its_copies)
{
	mproc_pool *pool = open_pool(2);
	own mine = {.pool = pool, .future = submit(pool, do_nothing)};
	pid_t child;
	int status;

	assert_ok(mproc_pool_imap(pool, do_nothing, NULL, 0, 5, 0, NULL, &mine.stream));
	ck_assert_int_ge(mproc_pool_fd(pool), 0);
	child = fork();
	if (child == 0)
		_exit(use_and_close_foreign(&mine) % 256);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "the line is %d, modulo 256; status %#x", WEXITSTATUS(status), status);
	/* Nothing has happened here. */
	assert_usable(pool);
	assert_outcome(finish(mine.future), MPROC_ENDING_VALUE, 0);
	assert_ok(mproc_stream_next(mine.stream, MPROC_FOREVER, &(mproc_entry){0}));
	mproc_stream_close(mine.stream);
	mproc_pool_close(pool);
}
END_TEST

/* ---- what is no argument ---- */

START_TEST(what_is_asked_of_a_future_that_is_null_is_refused)
{
	assert_refused(mproc_future_wait(NULL, MPROC_NOW), -EINVAL, "future is NULL");
	assert_refused(mproc_future_get(NULL, MPROC_NOW, NULL, NULL), -EINVAL, "future is NULL");
	assert_refused(mproc_future_done(NULL), -EINVAL, "future is NULL");
	assert_refused(mproc_future_running(NULL), -EINVAL, "future is NULL");
	assert_refused(mproc_future_cancel(NULL, 0), -EINVAL, "future is NULL");
	ck_assert_int_eq(mproc_future_outcome(NULL).ending, MPROC_ENDING_NONE);
	ck_assert_ptr_null(mproc_future_close(NULL));
}
END_TEST

static void assert_submit_refused(mproc_pool *pool, const mproc_task_options *options, const char *text)
{
	mproc_future *const untouched = (mproc_future *)(uintptr_t)options;
	mproc_future *future = untouched;

	assert_refused(mproc_pool_submit(pool, do_nothing, NULL, 0, 0, options, &future), -EINVAL, text);
	ck_assert_ptr_eq(future, untouched);
}

static void ignore_done(mproc_future *future, void *unused)
{
	(void)future;
	(void)unused;
}

START_TEST(submit_refuses_options_out_of_range)
{
	mproc_outcome outcome;
	mproc_task_options reserved = {0};
	mproc_pool *pool = open_pool(1);

	assert_submit_refused(pool, &(mproc_task_options){.retries = 63}, "retries 63: 0 to 62 are possible");
	assert_submit_refused(pool, &(mproc_task_options){.soft_timeout = -3},
		"soft_timeout -3: 0 and more seconds are possible");
	assert_submit_refused(
		pool, &(mproc_task_options){.timeout = -3}, "timeout -3: 0 and more seconds are possible");
	assert_submit_refused(pool, &(mproc_task_options){.context_size = 4}, "context is NULL, its size 4");
	assert_submit_refused(
		pool, &(mproc_task_options){.outcome = &outcome}, "outcome is for mproc_pool_apply alone");
	reserved.reserved[5] = 1;
	assert_submit_refused(pool, &reserved, "reserved[5] is 1, not 0");
	mproc_pool_close(pool);
}
END_TEST

START_TEST(submit_refuses_null)
{
	mproc_future *future = NULL;
	mproc_pool *pool = open_pool(1);

	assert_refused(
		mproc_pool_submit(NULL, do_nothing, NULL, 0, 0, NULL, &future), -EINVAL, "pool is NULL");
	assert_refused(mproc_pool_submit(pool, NULL, NULL, 0, 0, NULL, &future), -EINVAL, "function is NULL");
	assert_refused(mproc_pool_submit(pool, do_nothing, NULL, 3, 0, NULL, &future), -EINVAL,
		"argument is NULL, its size 3");
	assert_refused(
		mproc_pool_submit(pool, do_nothing, NULL, 0, 0, NULL, NULL), -EINVAL, "ret_future is NULL");
	assert_refused(mproc_pool_map_async(pool, do_nothing, NULL, 0, 4, NULL, 0, NULL, NULL, NULL, NULL),
		-EINVAL, "ret_future is NULL");
	assert_refused(mproc_pool_map_async(pool, do_nothing, NULL, 8, 4, NULL, 0, NULL, NULL, NULL, &future),
		-EINVAL, "items are NULL, their size is 8");
	ck_assert_ptr_null(future);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(apply_refuses_what_is_not_for_it)
{
	uint64_t result;
	mproc_pool *pool = open_pool(1);

	assert_refused(mproc_pool_apply(pool, do_nothing, NULL, 0, NULL, 8, NULL), -EINVAL,
		"result is NULL, its size is 8");
	assert_refused(mproc_pool_apply(pool, do_nothing, NULL, 0, &result, 0, NULL), -EINVAL,
		"result is given, its size is 0");
	assert_refused(mproc_pool_apply(pool, do_nothing, NULL, 0, NULL, 0,
			       &(mproc_task_options){.on_done = ignore_done}),
		-EINVAL, "on_done is for mproc_pool_submit alone");
	assert_refused(mproc_pool_apply(NULL, do_nothing, NULL, 0, NULL, 0, NULL), -EINVAL, "pool is NULL");
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_task_too_large_for_memory_is_refused)
{
	mproc_future *future = NULL;
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(
		mproc_pool_submit(pool, do_nothing, NULL, 0, (size_t)1 << 50, NULL, &future), -ENOMEM);
	assert_text_has("1125899906842624 bytes");
	ck_assert_ptr_null(future);
	assert_outcome(finish(submit(pool, do_nothing)), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

void add_refusals(void)
{
	const TTest *const tests[] = {
		a_task_that_uses_its_own_pool_is_refused,
		what_is_asked_of_a_future_that_is_null_is_refused,
		submit_refuses_options_out_of_range,
		submit_refuses_null,
		apply_refuses_what_is_not_for_it,
		a_task_too_large_for_memory_is_refused,
		NULL,
	};
	const TTest *const that_fork[] = {
		a_forked_child_may_only_close_its_copies,
		NULL,
	};

	add_tests(tests);
	add_forking_tests(that_fork);
}
