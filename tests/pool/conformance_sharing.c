/* SPDX-License-Identifier: MIT */
/*
 * conformance_sharing.c - a pool that several use at once: threads, its own tasks, tasks that have a pool of their own.
 */
#include "conformance.h"

#include <dlfcn.h>
#include <pthread.h>

enum {
	THREADS = 4,
	ROUNDS = 30,
};

static void run_threads(void *(*function)(void *), mproc_pool *pool)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, function, pool), 0);
	for (int i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
}

/* ---- threads ---- */

static void *use_maps(void *pool)
{
	for (int i = 0; i < ROUNDS; ++i)
		assert_usable(pool);
	return NULL;
}

START_TEST(threads_map_on_one_pool_at_once)
{
	mproc_pool *pool = open_pool(WORKERS);

	run_threads(use_maps, pool);
	mproc_pool_close(pool);
}
END_TEST

static void *use_everything(void *pool)
{
	for (int i = 0; i < ROUNDS; ++i) {
		mproc_future *task = submit(pool, count_call), *map = NULL;
		mproc_stream *stream = NULL;
		mproc_entry entry;
		size_t results[20];

		assert_ok(mproc_pool_map_async(
			pool, give_index, NULL, 0, 20, results, sizeof *results, NULL, NULL, NULL, &map));
		assert_ok(mproc_pool_imap(pool, give_index, NULL, 0, 20, sizeof(size_t), NULL, &stream));
		for (size_t item = 0; item < 20; ++item) {
			assert_ok(mproc_stream_next(stream, MPROC_FOREVER, &entry));
			ck_assert_uint_eq(*(const size_t *)entry.result, item);
		}
		mproc_stream_close(stream);
		assert_ok(mproc_pool_apply(pool, count_call, NULL, 0, NULL, 0, NULL));
		assert_outcome(finish(map), MPROC_ENDING_VALUE, 0);
		for (size_t item = 0; item < 20; ++item)
			ck_assert_uint_eq(results[item], item);
		assert_outcome(finish(task), MPROC_ENDING_VALUE, 0);
	}
	return NULL;
}

START_TEST(threads_use_all_of_one_pool_at_once)
{
	mproc_pool *pool = open_pool(WORKERS);

	run_threads(use_everything, pool);
	ck_assert_int_eq(board->count, 2 * THREADS * ROUNDS);
	mproc_pool_close(pool);
}
END_TEST

static _Atomic int told;

static void note_done(mproc_future *future, void *unused)
{
	(void)unused;
	ck_assert_int_eq(mproc_future_done(future), 1);
	++told;
	mproc_future_close(future);
}

static void *submit_and_be_told(void *pool)
{
	for (int i = 0; i < ROUNDS; ++i) {
		mproc_future *map = NULL;

		submit_with(pool, do_nothing, NULL, 0, 0, &(mproc_task_options){.on_done = note_done});
		assert_ok(mproc_pool_map_async(
			pool, count_call, NULL, 0, 20, NULL, 0, NULL, note_done, NULL, &map));
		ck_assert_int_ge(mproc_pool_poll(pool), 0);
		assert_usable(pool);
	}
	return NULL;
}

START_TEST(each_future_is_told_of_once_when_threads_wait)
{
	mproc_pool *pool = open_pool(WORKERS);

	told = 0;
	run_threads(submit_and_be_told, pool);
	assert_ok(mproc_pool_drain(pool, MPROC_FOREVER));
	mproc_pool_poll(pool);
	ck_assert_int_eq(told, 2 * THREADS * ROUNDS);
	ck_assert_int_eq(board->count, 20 * THREADS * ROUNDS);
	mproc_pool_close(pool);
}
END_TEST

static void *get_result(void *future)
{
	const void *result;

	assert_ok(mproc_future_get(future, MPROC_FOREVER, &result, NULL));
	ck_assert_uint_eq(*(const uint64_t *)result, 49);
	return NULL;
}

static void *wait_for_map(void *future)
{
	assert_ok(mproc_future_get(future, MPROC_FOREVER, NULL, NULL));
	return NULL;
}

START_TEST(one_future_is_waited_for_by_several_threads)
{
	const uint64_t number = 7;
	mproc_pool *pool = open_pool(WORKERS);

	for (int round = 0; round < ROUNDS; ++round) {
		mproc_future *task = submit_with(pool, square, &number, 8, 8, NULL), *map = NULL;
		pthread_t threads[THREADS];

		assert_ok(mproc_pool_map_async(
			pool, do_nothing, NULL, 0, 100, NULL, 0, NULL, NULL, NULL, &map));
		for (int i = 0; i < THREADS; ++i)
			pthread_create(&threads[i], NULL, i % 2 == 0 ? get_result : wait_for_map,
				i % 2 == 0 ? task : map);
		for (int i = 0; i < THREADS; ++i)
			pthread_join(threads[i], NULL);
		mproc_future_close(task);
		mproc_future_close(map);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- its own tasks ---- */

/* item: the address of the pool that the task belongs to. */
static int map_on_own_pool(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(int *)result = mproc_pool_map(*(mproc_pool *const *)item, fail_always, NULL, 0, 1, NULL, 0, NULL);
	return strstr(mproc_error_text(), "called from one of its own tasks") != NULL ? 0 : -ENOMSG;
}

START_TEST(a_task_that_maps_on_its_own_pool_is_refused)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_pool *items[10];
	int results[10];

	for (int i = 0; i < 10; ++i)
		items[i] = pool;
	assert_ok(mproc_pool_map(
		pool, map_on_own_pool, items, sizeof *items, 10, results, sizeof *results, NULL));
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(results[i], -EDEADLK);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* item: the address of the pool that the task belongs to. */
static int close_own_pool(const void *item, void *result, mproc_task *task)
{
	mproc_pool *pool = *(mproc_pool *const *)item;

	(void)task;
	*(bool *)result = mproc_pool_close(pool) == pool;
	return strstr(mproc_error_text(), "cannot be closed by one of its own tasks") != NULL ? 0 : -ENOMSG;
}

START_TEST(a_task_cannot_close_its_own_pool)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_pool *items[] = {pool, pool, pool};
	bool is_open[3] = {false};

	assert_ok(mproc_pool_map(
		pool, close_own_pool, items, sizeof *items, 3, is_open, sizeof *is_open, NULL));
	ck_assert(is_open[0] && is_open[1] && is_open[2]);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(two_pools_at_once_are_independent)
{
	mproc_pool *a = open_pool(2), *b;

	assert_usable(a);
	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = 2, .backend = backend, .start = MPROC_START_FORK}, &b));
	for (int i = 0; i < 20; ++i) {
		assert_usable(b);
		assert_usable(a);
	}
	mproc_pool_close(a);
	assert_usable(b);
	mproc_pool_close(b);
}
END_TEST

/* ---- pools in pools ---- */

static int use_another_pool(const void *item, void *result, mproc_task *task)
{
	uint64_t items[20], squares[20];
	mproc_pool *inner = NULL;
	int rc;

	(void)item;
	for (uint64_t i = 0; i < 20; ++i)
		items[i] = i;
	rc = mproc_pool_open(
		&(mproc_pool_options){.workers = 2, .backend = backend, .start = MPROC_START_FORK}, &inner);
	if (rc < 0)
		return rc;
	rc = mproc_pool_map(inner, square, items, 8, 20, squares, 8, NULL);
	*(uint64_t *)result = squares[mproc_task_index(task)];
	mproc_pool_close(inner);
	return rc;
}

START_TEST(a_task_has_a_pool_of_its_own)
{
	uint64_t results[5] = {0};
	mproc_pool *pool = open_pool(2);

	assert_ok(mproc_pool_map(pool, use_another_pool, NULL, 0, 5, results, sizeof *results,
		&(mproc_map_options){.chunk = 1}));
	for (uint64_t i = 0; i < 5; ++i)
		ck_assert_uint_eq(results[i], i * i);
	mproc_pool_close(pool);
}
END_TEST

/* ---- functions that come later ---- */

START_TEST(a_function_that_is_loaded_later_is_not_found_by_processes)
{
	mproc_pool *pool = open_pool(1);
	mproc_task_function *function;
	char path[4096];
	void *plugin;

	snprintf(path, sizeof path, "%s", support_program("tests/" POOL_PLUGIN));
	plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(plugin != NULL, "%s", dlerror());
	*(void **)&function = dlsym(plugin, "plugin_task");
	ck_assert(function != NULL);
	for (int i = 0; i < 2; ++i) {
		mproc_outcome outcome = finish(submit(pool, function));

		if (backend != MPROC_BACKEND_PROCESSES)
			assert_outcome(outcome, MPROC_ENDING_VALUE, 0);
		else
			assert_outcome(outcome, MPROC_ENDING_ERROR, -ENOENT);
	}
	ck_assert_int_eq(mproc_pool_map(pool, function, NULL, 0, 5, NULL, 0, NULL),
		backend != MPROC_BACKEND_PROCESSES ? 0 : MPROC_ITEMS_FAILED);
	assert_usable(pool);
	mproc_pool_close(pool);
	dlclose(plugin);
}
END_TEST

void add_sharing(void)
{
	const TTest *const tests[] = {
		threads_map_on_one_pool_at_once,
		threads_use_all_of_one_pool_at_once,
		each_future_is_told_of_once_when_threads_wait,
		one_future_is_waited_for_by_several_threads,
		a_task_that_maps_on_its_own_pool_is_refused,
		a_task_cannot_close_its_own_pool,
		two_pools_at_once_are_independent,
		a_task_has_a_pool_of_its_own,
		a_function_that_is_loaded_later_is_not_found_by_processes,
		NULL,
	};

	add_tests(tests);
}
