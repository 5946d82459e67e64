/* SPDX-License-Identifier: MIT */
/*
 * What a pool refuses, and what it says then.  What it does is told by tests/pool/.
 */
#include "family/member.h"
#include "support.h"

#include <errno.h>
#include <math.h>
#include <mproc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_refused(call, code, text)                    \
	do {                                                \
		ck_assert_int_eq(call, code);               \
		ck_assert_str_eq(mproc_error_text(), text); \
	} while (0)

/* A serial pool refuses as every other one does, and starts nothing. */
static mproc_pool *pool;

static void open_pool(void)
{
	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.backend = MPROC_BACKEND_SERIAL}, &pool), 0);
}

static void close_pool(void)
{
	pool = mproc_pool_close(pool);
}

/* Options are refused whatever the backend, before anything is started, and ret_pool is left as it is. */
static int open_with(mproc_pool_options options)
{
	mproc_pool *const untouched = (mproc_pool *)&options;
	mproc_pool *opened = untouched;
	int rc = mproc_pool_open(&options, &opened);

	ck_assert_ptr_eq(opened, untouched);
	return rc;
}

START_TEST(open_refuses_too_many_workers)
{
	assert_refused(open_with((mproc_pool_options){.workers = 1025}), -EINVAL,
		"workers 1025: 1 to 1024 are possible");
	assert_refused(open_with((mproc_pool_options){.workers = UINT32_MAX}), -EINVAL,
		"workers 4294967295: 1 to 1024 are possible");
}
END_TEST

START_TEST(open_refuses_an_unknown_backend)
{
	assert_refused(open_with((mproc_pool_options){.backend = (mproc_backend)3}), -EINVAL,
		"backend 3: 0 (processes), 1 (threads) and 2 (serial) are possible");
	assert_refused(open_with((mproc_pool_options){.backend = (mproc_backend)-1}), -EINVAL,
		"backend -1: 0 (processes), 1 (threads) and 2 (serial) are possible");
}
END_TEST

START_TEST(open_refuses_an_unknown_start_method)
{
	assert_refused(open_with((mproc_pool_options){.start = (mproc_start)4}), -EINVAL,
		"start method 4: 0 (default), 1 (fork), 2 (server) and 3 (spawn) are possible");
	assert_refused(
		open_with((mproc_pool_options){.start = (mproc_start)-7, .backend = MPROC_BACKEND_SERIAL}),
		-EINVAL, "start method -7: 0 (default), 1 (fork), 2 (server) and 3 (spawn) are possible");
}
END_TEST

START_TEST(open_refuses_an_empty_name)
{
	assert_refused(open_with((mproc_pool_options){.name = ""}), -EINVAL,
		"name of 0 bytes: 1 to 15 are possible");
}
END_TEST

START_TEST(open_refuses_a_long_name)
{
	assert_refused(open_with((mproc_pool_options){.name = "sixteen letters!"}), -EINVAL,
		"name of 16 bytes: 1 to 15 are possible");
}
END_TEST

START_TEST(open_accepts_the_longest_name)
{
	mproc_pool *named;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.backend = MPROC_BACKEND_SERIAL,
						 .name = "fifteen letters"},
				 &named),
		0);
	ck_assert_ptr_null(mproc_pool_close(named));
}
END_TEST

START_TEST(open_refuses_every_reserved_word)
{
	for (size_t i = 0; i < 6; ++i) {
		mproc_pool_options options = {0};
		char text[64];

		options.reserved[i] = 5 + i;
		snprintf(text, sizeof text, "reserved[%zu] is %zu, not 0", i, 5 + i);
		assert_refused(open_with(options), -EINVAL, text);
	}
}
END_TEST

START_TEST(open_refuses_a_size_without_an_argument)
{
	assert_refused(
		open_with((mproc_pool_options){.argument_size = 9}), -EINVAL, "argument is NULL, its size 9");
}
END_TEST

START_TEST(open_refuses_a_close_timeout_that_is_no_time)
{
	assert_refused(open_with((mproc_pool_options){.close_timeout = -1}), -EINVAL,
		"close_timeout -1: 0 and more seconds are possible");
	assert_refused(open_with((mproc_pool_options){.close_timeout = NAN}), -EINVAL,
		"close_timeout nan: 0 and more seconds are possible");
}
END_TEST

START_TEST(open_refuses_what_only_processes_have)
{
	static const mproc_backend backends[] = {MPROC_BACKEND_THREADS, MPROC_BACKEND_SERIAL};

	for (int i = 0; i < 2; ++i) {
		mproc_backend backend = backends[i];

		assert_refused(open_with((mproc_pool_options){.backend = backend, .max_tasks_per_worker = 1}),
			-ENOTSUP, "max_tasks_per_worker: only workers that are processes have that");
		assert_refused(
			open_with((mproc_pool_options){.backend = backend, .max_memory_per_worker = 1}),
			-ENOTSUP, "max_memory_per_worker: only workers that are processes have that");
		assert_refused(open_with((mproc_pool_options){.backend = backend, .memory_limit = 1}),
			-ENOTSUP, "memory_limit: only workers that are processes have that");
		assert_refused(open_with((mproc_pool_options){.backend = backend, .process_limit = 1}),
			-ENOTSUP, "process_limit: only workers that are processes have that");
		assert_refused(open_with((mproc_pool_options){.backend = backend, .bind = true}), -ENOTSUP,
			"bind: only workers that are processes have that");
	}
}
END_TEST

START_TEST(open_refuses_nowhere_to_put_the_pool)
{
	assert_refused(mproc_pool_open(NULL, NULL), -EINVAL, "ret_pool is NULL");
}
END_TEST

START_TEST(close_accepts_null)
{
	ck_assert_ptr_null(mproc_pool_close(NULL));
}
END_TEST

START_TEST(workers_of_null_are_refused)
{
	assert_refused(mproc_pool_workers(NULL), -EINVAL, "pool is NULL");
}
END_TEST

START_TEST(a_serial_pool_has_one_worker)
{
	ck_assert_int_eq(mproc_pool_workers(pool), 1);
}
END_TEST

START_TEST(terminate_accepts_null)
{
	ck_assert_ptr_null(mproc_pool_terminate(NULL));
}
END_TEST

START_TEST(what_is_asked_of_null_is_refused)
{
	mproc_pool_usage usage;

	assert_refused(mproc_pool_drain(NULL, MPROC_NOW), -EINVAL, "pool is NULL");
	assert_refused(mproc_pool_resize(NULL, 1), -EINVAL, "pool is NULL");
	assert_refused(mproc_pool_stats(NULL, &usage), -EINVAL, "pool is NULL");
	assert_refused(mproc_pool_stats(pool, NULL), -EINVAL, "ret_usage is NULL");
	assert_refused(mproc_pool_fd(NULL), -EINVAL, "pool is NULL");
	assert_refused(mproc_pool_poll(NULL), -EINVAL, "pool is NULL");
}
END_TEST

START_TEST(resize_refuses_too_many_workers)
{
	assert_refused(mproc_pool_resize(pool, 1025), -EINVAL, "workers 1025: 1 to 1024 are possible");
}
END_TEST

START_TEST(resize_refuses_a_serial_pool)
{
	assert_refused(mproc_pool_resize(pool, 2), -ENOTSUP, "pool \"pool\": is serial, and has 1 worker");
	ck_assert_int_eq(mproc_pool_workers(pool), 1);
}
END_TEST

/* Must never be called. */
static int fail_test(const void *item, void *result, mproc_task *task)
{
	ck_abort_msg("called for %p, %p, %zu", item, result, mproc_task_index(task));
	return 0;
}

static uint64_t array[4];

START_TEST(map_refuses_null_as_pool)
{
	assert_refused(mproc_pool_map(NULL, fail_test, array, 8, 4, array, 8, NULL), -EINVAL, "pool is NULL");
}
END_TEST

START_TEST(map_refuses_null_as_function)
{
	assert_refused(mproc_pool_map(pool, NULL, array, 8, 4, array, 8, NULL), -EINVAL, "function is NULL");
}
END_TEST

START_TEST(map_refuses_items_without_a_size)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 0, 4, array, 8, NULL), -EINVAL,
		"items are given, their size is 0");
}
END_TEST

START_TEST(map_refuses_an_item_size_without_items)
{
	assert_refused(mproc_pool_map(pool, fail_test, NULL, 8, 4, array, 8, NULL), -EINVAL,
		"items are NULL, their size is 8");
}
END_TEST

START_TEST(map_refuses_results_without_a_size)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 8, 4, array, 0, NULL), -EINVAL,
		"results are given, their size is 0");
}
END_TEST

START_TEST(map_refuses_a_result_size_without_results)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 8, 4, NULL, 8, NULL), -EINVAL,
		"results are NULL, their size is 8");
}
END_TEST

START_TEST(map_refuses_bad_arrays_also_for_no_items)
{
	ck_assert_int_eq(mproc_pool_map(pool, fail_test, array, 0, 0, NULL, 0, NULL), -EINVAL);
	ck_assert_int_eq(mproc_pool_map(pool, NULL, NULL, 0, 0, NULL, 0, NULL), -EINVAL);
}
END_TEST

START_TEST(map_refuses_items_whose_bytes_overflow)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 8, SIZE_MAX / 8 + 1, NULL, 0, NULL), -EOVERFLOW,
		"items: 2305843009213693952 of 8 bytes do not fit into a size_t");
}
END_TEST

START_TEST(map_refuses_results_whose_bytes_overflow)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 1, SIZE_MAX / 3 + 1, array, 3, NULL),
		-EOVERFLOW, "results: 6148914691236517206 of 3 bytes do not fit into a size_t");
}
END_TEST

START_TEST(map_refuses_outcomes_whose_bytes_overflow)
{
	mproc_outcome outcome;

	ck_assert_int_eq(mproc_pool_map(pool, fail_test, NULL, 0, SIZE_MAX / sizeof outcome + 1, NULL, 0,
				 &(mproc_map_options){.outcomes = &outcome}),
		-EOVERFLOW);
}
END_TEST

START_TEST(map_refuses_a_chunk_too_large)
{
	assert_refused(mproc_pool_map(pool, fail_test, array, 8, 4, array, 8,
			       &(mproc_map_options){.chunk = 5000000000}),
		-EINVAL, "chunk 5000000000: 1 to 4294967295 are possible");
}
END_TEST

static int map_with(const mproc_map_options *options)
{
	return mproc_pool_map(pool, fail_test, array, 8, 4, array, 8, options);
}

START_TEST(map_refuses_a_time_that_is_none)
{
	assert_refused(map_with(&(mproc_map_options){.timeout = -0.5}), -EINVAL,
		"timeout -0.5: 0 and more seconds are possible");
	assert_refused(map_with(&(mproc_map_options){.soft_timeout = NAN}), -EINVAL,
		"soft_timeout nan: 0 and more seconds are possible");
}
END_TEST

START_TEST(map_refuses_a_timeout_when_nobody_can_be_killed)
{
	assert_refused(map_with(&(mproc_map_options){.timeout = 2}), -ENOTSUP,
		"timeout 2: only workers that are processes can be killed; soft_timeout is possible");
}
END_TEST

START_TEST(map_refuses_too_many_retries)
{
	assert_refused(
		map_with(&(mproc_map_options){.retries = 63}), -EINVAL, "retries 63: 0 to 62 are possible");
}
END_TEST

START_TEST(map_refuses_an_unknown_way_to_deal_with_failures)
{
	assert_refused(map_with(&(mproc_map_options){.on_failure = (mproc_on_failure)2}), -EINVAL,
		"on_failure 2: 0 (go on) and 1 (stop) are possible");
	assert_refused(map_with(&(mproc_map_options){.on_failure = (mproc_on_failure)-1}), -EINVAL,
		"on_failure -1: 0 (go on) and 1 (stop) are possible");
}
END_TEST

START_TEST(map_refuses_a_size_without_a_context)
{
	assert_refused(
		map_with(&(mproc_map_options){.context_size = 3}), -EINVAL, "context is NULL, its size 3");
}
END_TEST

START_TEST(map_refuses_every_reserved_word)
{
	mproc_map_options options;

	for (size_t i = 0; i < sizeof options.reserved / sizeof *options.reserved; ++i) {
		char text[64];

		memset(&options, 0, sizeof options);
		options.reserved[i] = UINT64_MAX;
		snprintf(text, sizeof text, "reserved[%zu] is 18446744073709551615, not 0", i);
		assert_refused(
			mproc_pool_map(pool, fail_test, array, 8, 4, array, 8, &options), -EINVAL, text);
	}
}
END_TEST

static void never_combine(void *total, const void *part, const void *context)
{
	ck_abort_msg("called for %p, %p, %p", total, part, context);
}

static int reduce_with(const mproc_map_options *options)
{
	return mproc_pool_reduce(pool, fail_test, never_combine, array, 8, 4, array, 8, options);
}

START_TEST(reduce_refuses_null)
{
	uint64_t total = 7;

	assert_refused(mproc_pool_reduce(NULL, fail_test, never_combine, array, 8, 4, &total, 8, NULL),
		-EINVAL, "pool is NULL");
	assert_refused(mproc_pool_reduce(pool, NULL, never_combine, array, 8, 4, &total, 8, NULL), -EINVAL,
		"function is NULL");
	assert_refused(mproc_pool_reduce(pool, fail_test, NULL, array, 8, 4, &total, 8, NULL), -EINVAL,
		"combine is NULL");
	assert_refused(mproc_pool_reduce(pool, fail_test, never_combine, array, 8, 4, NULL, 0, NULL), -EINVAL,
		"total is NULL");
	ck_assert_uint_eq(total, 7);
}
END_TEST

START_TEST(reduce_refuses_what_is_for_maps_alone)
{
	static const char *const text =
		"chunk, outcomes, returned, shuffle and cache are for mproc_pool_map alone";
	mproc_outcome outcomes[4];
	mproc_bytes returned[4];

	assert_refused(reduce_with(&(mproc_map_options){.chunk = 1}), -EINVAL, text);
	assert_refused(reduce_with(&(mproc_map_options){.outcomes = outcomes}), -EINVAL, text);
	assert_refused(reduce_with(&(mproc_map_options){.returned = returned}), -EINVAL, text);
	assert_refused(reduce_with(&(mproc_map_options){.shuffle = true}), -EINVAL, text);
	assert_refused(reduce_with(&(mproc_map_options){.cache = (mproc_cache *)array}), -EINVAL, text);
}
END_TEST

START_TEST(reduce_refuses_items_whose_bytes_overflow)
{
	uint64_t total;

	assert_refused(mproc_pool_reduce(
			       pool, fail_test, never_combine, array, 8, SIZE_MAX / 8 + 1, &total, 8, NULL),
		-EOVERFLOW, "items: 2305843009213693952 of 8 bytes do not fit into a size_t");
}
END_TEST

START_TEST(map_that_is_refused_leaves_outcomes_alone)
{
	mproc_outcome outcomes[4], untouched[4];

	memset(outcomes, 0x55, sizeof outcomes);
	memcpy(untouched, outcomes, sizeof outcomes);
	ck_assert_int_eq(mproc_pool_map(pool, fail_test, array, 0, 4, array, 8,
				 &(mproc_map_options){.outcomes = outcomes}),
		-EINVAL);
	ck_assert_int_eq(map_with(&(mproc_map_options){.outcomes = outcomes, .retries = 63}), -EINVAL);
	ck_assert_mem_eq(outcomes, untouched, sizeof outcomes);
}
END_TEST

START_TEST(map_without_memory_for_its_items_fails)
{
	mproc_outcome outcome = {.ending = MPROC_ENDING_EXIT};
	mproc_pool *processes;

	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = 1, .start = MPROC_START_FORK}, &processes),
		0);
	ck_assert_int_eq(mproc_pool_map(processes, fail_test, array, (size_t)1 << 50, 1, NULL, 0,
				 &(mproc_map_options){.outcomes = &outcome}),
		-ENOMEM);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "1125899906842624 bytes"));
	ck_assert_int_eq(outcome.ending, MPROC_ENDING_CANCELLED);
	mproc_pool_close(processes);
}
END_TEST

static int do_nothing(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}

static int use_foreign_pool(mproc_pool *foreign)
{
	if (mproc_pool_map(foreign, do_nothing, NULL, 0, 1, NULL, 0, NULL) != -ECHILD
		|| strstr(mproc_error_text(), "opened by another process than this one") == NULL)
		return 1;
	if (mproc_pool_workers(foreign) < 1)
		return 2;
	return mproc_pool_close(foreign) == NULL ? 0 : 3;
}

static void use_and_close_in_forked_child(const mproc_pool_options *options)
{
	mproc_pool *opened;
	int status;
	pid_t child;

	ck_assert_int_eq(mproc_pool_open(options, &opened), 0);
	child = fork();
	if (child == 0)
		_exit(use_foreign_pool(opened));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(mproc_pool_map(opened, do_nothing, NULL, 0, 100, NULL, 0, NULL), 0);
	ck_assert_ptr_null(mproc_pool_close(opened));
}

START_TEST(a_forked_child_may_only_close_a_pool_of_processes)
{
	use_and_close_in_forked_child(&(mproc_pool_options){.workers = 2});
}
END_TEST

START_TEST(a_forked_child_may_only_close_a_pool_of_threads)
{
	use_and_close_in_forked_child(&(mproc_pool_options){.workers = 2, .backend = MPROC_BACKEND_THREADS});
}
END_TEST

START_TEST(a_forked_child_may_only_close_a_serial_pool)
{
	use_and_close_in_forked_child(&(mproc_pool_options){.backend = MPROC_BACKEND_SERIAL});
}
END_TEST

START_TEST(a_forked_child_that_joined_the_family_is_still_another_process)
{
	mproc_pool *opened;
	int status;
	pid_t child;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 1}, &opened), 0);
	child = fork();
	if (child == 0) {
		mproc_free(mproc_alloc(8));
		_exit(use_foreign_pool(opened));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	mproc_pool_close(opened);
}
END_TEST

static int look_up_itself(const void *item, void *ret_is_there, mproc_task *task)
{
	(void)item;
	(void)task;
	*(bool *)ret_is_there =
		mproci_member_slot(mproci_member_self())->running == (uintptr_t)look_up_itself;
	return 0;
}

START_TEST(table_of_members_says_which_function_a_worker_maps)
{
	bool is_there[100] = {false};
	mproc_pool *own;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 2}, &own), 0);
	ck_assert_int_eq(
		mproc_pool_map(own, look_up_itself, NULL, 0, 100, is_there, sizeof *is_there, NULL), 0);
	for (int i = 0; i < 100; ++i)
		ck_assert(is_there[i]);
	mproc_pool_close(own);
}
END_TEST

START_TEST(open_by_default_makes_a_worker_for_each_usable_core)
{
	mproc_pool *opened;

	ck_assert_int_eq(mproc_pool_open(NULL, &opened), 0);
	ck_assert_int_eq(mproc_pool_workers(opened), mproc_cpu_count(MPROC_CPU_USABLE));
	mproc_pool_close(opened);
}
END_TEST

static _Atomic bool may_end;

static void *wait_for_leave(void *unused)
{
	while (!may_end)
		sched_yield();
	return unused;
}

START_TEST(open_refuses_to_fork_a_process_with_threads)
{
	pthread_t thread;
	mproc_pool *opened = NULL;

	pthread_create(&thread, NULL, wait_for_leave, NULL);
	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 1}, &opened), -EDEADLK);
	ck_assert_ptr_null(opened);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "this process has other threads"));
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "MPROC_START_FORK"));
	may_end = true;
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(open_forks_a_process_with_threads_when_insisted)
{
	pthread_t thread;
	mproc_pool *opened = NULL;

	pthread_create(&thread, NULL, wait_for_leave, NULL);
	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = 2, .start = MPROC_START_FORK}, &opened), 0);
	ck_assert_int_eq(mproc_pool_map(opened, do_nothing, NULL, 0, 100, NULL, 0, NULL), 0);
	mproc_pool_close(opened);
	may_end = true;
	pthread_join(thread, NULL);
}
END_TEST

static void *open_here(void *ret_pool)
{
	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = 2, .start = MPROC_START_FORK}, ret_pool), 0);
	return NULL;
}

START_TEST(a_pool_outlives_the_thread_that_opened_it)
{
	pthread_t thread;
	mproc_pool *opened = NULL;

	pthread_create(&thread, NULL, open_here, &opened);
	pthread_join(thread, NULL);
	ck_assert_int_eq(mproc_pool_map(opened, do_nothing, NULL, 0, 100, NULL, 0, NULL), 0);
	mproc_pool_close(opened);
}
END_TEST

START_TEST(open_of_threads_accepts_other_threads)
{
	pthread_t thread;
	mproc_pool *opened = NULL;

	pthread_create(&thread, NULL, wait_for_leave, NULL);
	ck_assert_int_eq(
		mproc_pool_open(
			&(mproc_pool_options){.workers = 2, .backend = MPROC_BACKEND_THREADS}, &opened),
		0);
	ck_assert_int_eq(mproc_pool_workers(opened), 2);
	mproc_pool_close(opened);
	may_end = true;
	pthread_join(thread, NULL);
}
END_TEST

static void warm_up(void)
{
	mproc_pool *opened;

	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
	if (support_threads_only())
		return;
	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = 1, .start = MPROC_START_FORK}, &opened), 0);
	mproc_pool_close(opened);
}

int main(void)
{
	const TTest *tests[] = {
		open_refuses_too_many_workers,
		open_refuses_an_unknown_backend,
		open_refuses_an_unknown_start_method,
		open_refuses_an_empty_name,
		open_refuses_a_long_name,
		open_accepts_the_longest_name,
		open_refuses_every_reserved_word,
		open_refuses_nowhere_to_put_the_pool,
		open_refuses_a_size_without_an_argument,
		open_refuses_a_close_timeout_that_is_no_time,
		open_refuses_what_only_processes_have,
		close_accepts_null,
		terminate_accepts_null,
		what_is_asked_of_null_is_refused,
		resize_refuses_too_many_workers,
		resize_refuses_a_serial_pool,
		workers_of_null_are_refused,
		a_serial_pool_has_one_worker,
		map_refuses_null_as_pool,
		map_refuses_null_as_function,
		map_refuses_items_without_a_size,
		map_refuses_an_item_size_without_items,
		map_refuses_results_without_a_size,
		map_refuses_a_result_size_without_results,
		map_refuses_bad_arrays_also_for_no_items,
		map_refuses_items_whose_bytes_overflow,
		map_refuses_results_whose_bytes_overflow,
		map_refuses_outcomes_whose_bytes_overflow,
		map_refuses_a_chunk_too_large,
		map_refuses_a_time_that_is_none,
		map_refuses_a_timeout_when_nobody_can_be_killed,
		map_refuses_too_many_retries,
		map_refuses_an_unknown_way_to_deal_with_failures,
		map_refuses_a_size_without_a_context,
		reduce_refuses_null,
		reduce_refuses_what_is_for_maps_alone,
		reduce_refuses_items_whose_bytes_overflow,
		map_refuses_every_reserved_word,
		map_that_is_refused_leaves_outcomes_alone,
		open_of_threads_accepts_other_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		map_without_memory_for_its_items_fails,
		a_forked_child_may_only_close_a_pool_of_processes,
		a_forked_child_may_only_close_a_pool_of_threads,
		a_forked_child_may_only_close_a_serial_pool,
		a_forked_child_that_joined_the_family_is_still_another_process,
		table_of_members_says_which_function_a_worker_maps,
		open_by_default_makes_a_worker_for_each_usable_core,
		open_refuses_to_fork_a_process_with_threads,
		open_forks_a_process_with_threads_when_insisted,
		a_pool_outlives_the_thread_that_opened_it,
		NULL,
	};
	const support_suite suite = {
		.name = "pool",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = warm_up,
		.setup = open_pool,
		.teardown = close_pool,
	};

	return support_run_suite(&suite);
}
