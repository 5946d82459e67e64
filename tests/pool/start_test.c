/* SPDX-License-Identifier: MIT */
/*
 * A pool whose nursery is started by fork, server or spawn, also in a program that has threads.
 */
#include "pool_helpers.h"

#include <pthread.h>

static const mproc_start METHODS[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};

enum {
	METHOD_COUNT = 3,
	ITEMS = 200,
};

static mproc_pool *open_by(mproc_start method)
{
	mproc_pool *pool = NULL;

	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = 2, .start = method}, &pool));
	return pool;
}

static int greet(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_return(task, mproc_task_context(task), 6);
}

static void check_everything(mproc_pool *pool)
{
	char context[] = "hello";
	const uint64_t number = 11;
	uint64_t square_of = 0;
	mproc_stream *stream = NULL;
	mproc_entry entry;

	assert_usable(pool);
	assert_ok(mproc_pool_apply(pool, square, &number, sizeof number, &square_of, sizeof square_of, NULL));
	ck_assert_uint_eq(square_of, 121);
	assert_ok(mproc_pool_imap(pool, greet, NULL, 0, ITEMS, 0,
		&(mproc_imap_options){.context = context, .context_size = sizeof context}, &stream));
	for (int i = 0; i < ITEMS; ++i) {
		assert_ok(mproc_stream_next(stream, MPROC_FOREVER, &entry));
		ck_assert_str_eq(entry.result, "hello");
	}
	mproc_stream_close(stream);
}

START_TEST(a_pool_works_however_its_nursery_is_started)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		mproc_pool *pool = open_by(METHODS[i]);

		check_everything(pool);
		ck_assert_ptr_null(mproc_pool_close(pool));
	}
}
END_TEST

static int die_at_3(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_index(task) == 3)
		raise(SIGKILL);
	return 0;
}

START_TEST(a_worker_is_replaced_however_the_nursery_was_started)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		mproc_outcome outcomes[10];
		mproc_pool *pool = open_by(METHODS[i]);

		ck_assert_int_eq(mproc_pool_map(pool, die_at_3, NULL, 0, 10, NULL, 0,
					 &(mproc_map_options){.outcomes = outcomes}),
			MPROC_ITEMS_FAILED);
		for (int item = 0; item < 10; ++item)
			ck_assert_int_eq(
				outcomes[item].ending, item == 3 ? MPROC_ENDING_SIGNAL : MPROC_ENDING_VALUE);
		assert_usable(pool);
		mproc_pool_close(pool);
	}
}
END_TEST

static int hang_at_3(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	while (mproc_task_index(task) == 3)
		pause();
	return 0;
}

START_TEST(an_item_that_runs_too_long_is_killed_however_the_nursery_was_started)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		mproc_outcome outcomes[10];
		mproc_pool *pool = open_by(METHODS[i]);

		ck_assert_int_eq(mproc_pool_map(pool, hang_at_3, NULL, 0, 10, NULL, 0,
					 &(mproc_map_options){.timeout = 0.1, .outcomes = outcomes}),
			MPROC_ITEMS_FAILED);
		ck_assert_int_eq(outcomes[3].ending, MPROC_ENDING_TIMEOUT);
		assert_usable(pool);
		mproc_pool_close(pool);
	}
}
END_TEST

static _Atomic bool may_end;

static void *wait_for_leave(void *unused)
{
	while (!may_end)
		pause_shortly();
	return unused;
}

static void with_a_thread(void (*function)(void))
{
	pthread_t thread;

	may_end = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_leave, NULL), 0);
	function();
	may_end = true;
	pthread_join(thread, NULL);
}

static void open_each(void)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		mproc_pool *pool = open_by(METHODS[i]);

		check_everything(pool);
		mproc_pool_close(pool);
	}
}

START_TEST(a_program_with_threads_starts_its_nursery_by_any_method)
{
	with_a_thread(open_each);
}
END_TEST

static void open_by_default(void)
{
	mproc_pool *pool = open_by(MPROC_START_DEFAULT);

	check_everything(pool);
	mproc_pool_close(pool);
}

START_TEST(a_program_with_threads_starts_its_nursery_by_default)
{
	with_a_thread(open_by_default);
}
END_TEST

/* Two pools, one of them opened by a thread that has ended. */
static void *open_here(void *ret_pool)
{
	*(mproc_pool **)ret_pool = open_by(MPROC_START_SERVER);
	return NULL;
}

START_TEST(a_pool_outlives_the_thread_that_opened_it)
{
	mproc_pool *pool = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, open_here, &pool);
	pthread_join(thread, NULL);
	check_everything(pool);
	mproc_pool_close(pool);
}
END_TEST

static int set_up(void *argument)
{
	return strcmp(argument, "argument") == 0 ? 0 : -EINVAL;
}

START_TEST(an_initializer_gets_its_argument_however_the_nursery_was_started)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		char argument[] = "argument";
		mproc_pool *pool = NULL;

		assert_ok(mproc_pool_open(
			&(mproc_pool_options){
				.workers = 2,
				.start = METHODS[i],
				.initializer = set_up,
				.argument = argument,
				.argument_size = sizeof argument,
			},
			&pool));
		check_everything(pool);
		mproc_pool_close(pool);
	}
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		a_pool_works_however_its_nursery_is_started,
		a_worker_is_replaced_however_the_nursery_was_started,
		an_item_that_runs_too_long_is_killed_however_the_nursery_was_started,
		a_program_with_threads_starts_its_nursery_by_any_method,
		a_program_with_threads_starts_its_nursery_by_default,
		a_pool_outlives_the_thread_that_opened_it,
		an_initializer_gets_its_argument_however_the_nursery_was_started,
		NULL,
	};
	const TTest *no_tests[] = {NULL};
	const support_suite suite = {
		.name = "start of pools",
		.tests = no_tests,
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
	};

	/* Which has a thread of its own from the beginning. */
	if (!support_threads_only() && mproc_init(argc, argv) != 0) {
		fprintf(stderr, "mproc_init: %s\n", mproc_error_text());
		return EXIT_FAILURE;
	}
	return support_run_suite(&suite);
}
