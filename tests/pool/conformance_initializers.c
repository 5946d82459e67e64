/* SPDX-License-Identifier: MIT */
/*
 * conformance_initializers.c - what each worker runs when it begins, and when it ends.
 */
#include "conformance.h"

enum {
	INITIALIZED = 0,
	FINALIZED = 1,
};

static int workers_of(mproc_pool *pool)
{
	return mproc_pool_workers(pool);
}

static int note_initialized(void *unused)
{
	(void)unused;
	++board->numbers[INITIALIZED];
	return 0;
}

static int note_finalized(void *unused)
{
	(void)unused;
	++board->numbers[FINALIZED];
	return 0;
}

START_TEST(each_worker_is_initialized_before_the_pool_is_open_and_finalized_when_it_closes)
{
	mproc_pool *pool = open_with((mproc_pool_options){
		.workers = WORKERS, .initializer = note_initialized, .finalizer = note_finalized});
	int workers = workers_of(pool);

	ck_assert_int_eq(board->numbers[INITIALIZED], workers);
	assert_usable(pool);
	ck_assert_int_eq(board->numbers[FINALIZED], 0);
	mproc_pool_close(pool);
	ck_assert_int_eq(board->numbers[INITIALIZED], workers);
	ck_assert_int_eq(board->numbers[FINALIZED], workers);
}
END_TEST

static int compare_argument(void *argument)
{
	if (strcmp(argument, "for all workers") != 0)
		return -EINVAL;
	++board->count;
	return 0;
}

START_TEST(the_argument_of_both_is_copied)
{
	char argument[] = "for all workers";
	mproc_pool *pool = open_with((mproc_pool_options){
		.workers = WORKERS,
		.initializer = compare_argument,
		.finalizer = compare_argument,
		.argument = argument,
		.argument_size = sizeof argument,
	});
	int workers = workers_of(pool);

	argument[0] = 'X';
	mproc_pool_close(pool);
	ck_assert_int_eq(board->count, 2 * workers);
}
END_TEST

static int compare_address(void *argument)
{
	return argument == (void *)board ? 0 : -EFAULT;
}

START_TEST(an_argument_without_a_size_is_an_address)
{
	mproc_pool *pool = open_with(
		(mproc_pool_options){.workers = WORKERS, .initializer = compare_address, .argument = board});

	mproc_pool_close(pool);
}
END_TEST

static _Thread_local int of_this_worker;

static int set_up(void *unused)
{
	(void)unused;
	of_this_worker = 42;
	return 0;
}

static int look_at_setup(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return of_this_worker == 42 ? 0 : -EINVAL;
}

START_TEST(tasks_see_what_the_initializer_has_set_up)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = WORKERS, .initializer = set_up});

	assert_ok(mproc_pool_map(pool, look_at_setup, NULL, 0, 500, NULL, 0, NULL));
	mproc_pool_close(pool);
}
END_TEST

static void assert_not_opened(mproc_worker_function *initializer, const char *text)
{
	mproc_pool *pool = NULL;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 1,
						 .backend = backend,
						 .initializer = initializer,
						 .finalizer = note_finalized},
				 &pool),
		-ECANCELED);
	assert_text_has(text);
	ck_assert_ptr_null(pool);
	/* Who was not initialized is not finalized. */
	ck_assert_int_eq(board->numbers[FINALIZED], 0);
}

static int fail_to_initialize(void *unused)
{
	(void)unused;
	++board->numbers[INITIALIZED];
	return -EACCES;
}

START_TEST(an_initializer_that_fails_three_times_fails_the_pool)
{
	assert_not_opened(fail_to_initialize, "the initializer failed 3 times in a row");
	assert_text_has("Permission denied");
	ck_assert_int_eq(board->numbers[INITIALIZED], 3);
}
END_TEST

static int fail_twice(void *unused)
{
	(void)unused;
	return ++board->numbers[INITIALIZED] <= 2 ? -EAGAIN : 0;
}

START_TEST(an_initializer_may_fail_twice)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .initializer = fail_twice});

	ck_assert_int_eq(board->numbers[INITIALIZED], 3);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int return_5(void *unused)
{
	(void)unused;
	return 5;
}

START_TEST(an_initializer_that_returns_no_errno_has_failed)
{
	assert_not_opened(return_5, "the initializer failed 3 times in a row");
}
END_TEST

/* ---- processes ---- */

static int die_of_abort(void *unused)
{
	(void)unused;
	++board->numbers[INITIALIZED];
	raise(SIGKILL);
	return 0;
}

START_TEST(an_initializer_that_dies_three_times_fails_the_pool)
{
	assert_not_opened(die_of_abort, "the initializer failed 3 times in a row");
	assert_text_has("was killed by signal 9");
	ck_assert_int_eq(board->numbers[INITIALIZED], 3);
}
END_TEST

static int exit_with_3(void *unused)
{
	(void)unused;
	_exit(3);
	return 0;
}

START_TEST(an_initializer_that_exits_three_times_fails_the_pool)
{
	assert_not_opened(exit_with_3, "the initializer failed 3 times in a row");
	assert_text_has("it ended with exit code 3");
}
END_TEST

static int fail_from_the_second_on(void *unused)
{
	(void)unused;
	return ++board->numbers[INITIALIZED] == 1 ? 0 : -EACCES;
}

static int die(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	raise(SIGKILL);
	return 0;
}

START_TEST(a_pool_fails_whose_new_workers_cannot_be_initialized)
{
	mproc_outcome outcomes[5];
	mproc_pool *pool =
		open_with((mproc_pool_options){.workers = 1, .initializer = fail_from_the_second_on});

	ck_assert_int_eq(mproc_pool_map(pool, die, NULL, 0, 5, NULL, 0,
				 &(mproc_map_options){.outcomes = outcomes, .chunk = 1}),
		-ECANCELED);
	assert_text_has("the initializer failed 3 times in a row");
	assert_outcome(outcomes[0], MPROC_ENDING_SIGNAL, SIGKILL);
	for (int i = 1; i < 5; ++i)
		assert_outcome(outcomes[i], MPROC_ENDING_CANCELLED, 0);
	/* Everything says so from now on. */
	assert_has_failed(pool, -ECANCELED);
	assert_text_has("the initializer failed 3 times in a row");
	ck_assert_ptr_null(mproc_pool_close(pool));
}
END_TEST

START_TEST(a_replaced_worker_is_finalized_and_its_successor_initialized)
{
	mproc_pool *pool = open_with((mproc_pool_options){
		.workers = 1,
		.max_tasks_per_worker = 2,
		.initializer = note_initialized,
		.finalizer = note_finalized,
	});

	for (int i = 0; i < 7; ++i)
		finish(submit(pool, do_nothing));
	mproc_pool_close(pool);
	ck_assert_int_eq(board->numbers[INITIALIZED], 4);
	ck_assert_int_eq(board->numbers[FINALIZED], 4);
}
END_TEST

START_TEST(a_worker_that_is_killed_is_not_finalized)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .finalizer = note_finalized});
	mproc_future *future = submit(pool, hang);

	await_ready(1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	assert_outcome(finish(future), MPROC_ENDING_CANCELLED, 0);
	/* Its successor may have come, and is. */
	ck_assert_int_le(board->numbers[FINALIZED], 1);
}
END_TEST

static int hang_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

START_TEST(a_finalizer_that_does_not_end_is_killed)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 2, .finalizer = hang_for_ever});

	assert_usable(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
}
END_TEST

START_TEST(workers_that_are_too_many_are_finalized)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 3, .finalizer = note_finalized});

	assert_ok(mproc_pool_resize(pool, 1));
	wait_until(board->numbers[FINALIZED] == 2);
	mproc_pool_close(pool);
	ck_assert_int_eq(board->numbers[FINALIZED], 3);
}
END_TEST

void add_initializers(void)
{
	const TTest *const tests[] = {
		each_worker_is_initialized_before_the_pool_is_open_and_finalized_when_it_closes,
		the_argument_of_both_is_copied,
		an_argument_without_a_size_is_an_address,
		tasks_see_what_the_initializer_has_set_up,
		an_initializer_that_fails_three_times_fails_the_pool,
		an_initializer_may_fail_twice,
		an_initializer_that_returns_no_errno_has_failed,
		NULL,
	};
	const TTest *const concurrent[] = {
		workers_that_are_too_many_are_finalized,
		NULL,
	};
	const TTest *const of_processes[] = {
		an_initializer_that_dies_three_times_fails_the_pool,
		an_initializer_that_exits_three_times_fails_the_pool,
		a_pool_fails_whose_new_workers_cannot_be_initialized,
		a_replaced_worker_is_finalized_and_its_successor_initialized,
		a_worker_that_is_killed_is_not_finalized,
		a_finalizer_that_does_not_end_is_killed,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
