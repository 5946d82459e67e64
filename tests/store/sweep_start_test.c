/* SPDX-License-Identifier: MIT */
/*
 * Processes that are started while a thread of this process sweeps a cache.
 */
#include "people.h"
#include "store/bounds_fixture.h"

#include <mproc/file_lock.h>
#include <mproc/map.h>
#include <mproc/pool.h>
#include <mproc/process.h>

enum {
	MOST = 64
};

static mproc_cache *cache;
static mproc_file_lock *lock;

/* A thread has begun to sweep, and waits for the lock. */
static void begin(void)
{
	tree_create();
	cache = open_cache(MOST * PAGE, 0);
	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	for (uint64_t number = 1; number <= MOST; ++number)
		put(cache, number);
}

static void begin_sweep(void)
{
	put(cache, MOST + 1);
}

static void end(void)
{
	lock = mproc_file_lock_close(lock);
	cache = mproc_cache_close(cache);
	tree_remove();
}

static int use_cache(void *unused)
{
	(void)unused;
	for (uint64_t number = 1; number <= 2 * MOST; ++number)
		put(cache, number);
	cache = mproc_cache_close(cache);
	return 0;
}

START_TEST(a_process_is_forked_during_a_sweep)
{
	const mproc_process_options options = {.name = "child"};
	mproc_process *child = NULL;
	int code = -1, rc;

	begin_sweep();
	rc = mproc_process_start(&options, use_cache, NULL, 0, &child);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	lock = mproc_file_lock_close(lock);
	ck_assert_int_eq(mproc_process_join(child, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(child, &code), 0);
	ck_assert_int_eq(code, 0);
	mproc_process_close(child);
	ck_assert(has(cache, 2 * MOST));
}
END_TEST

static int put_item(const void *item, void *result, mproc_task *task)
{
	(void)result;
	(void)task;
	put(cache, *(const uint64_t *)item);
	return 0;
}

START_TEST(a_pool_is_opened_during_a_sweep)
{
	uint64_t numbers[2 * MOST];
	mproc_pool *pool = NULL;
	int rc;

	for (uint64_t i = 0; i < 2 * MOST; ++i)
		numbers[i] = i;
	begin_sweep();
	rc = mproc_pool_open(&(mproc_pool_options){.workers = 2}, &pool);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	lock = mproc_file_lock_close(lock);
	rc = mproc_pool_map(pool, put_item, numbers, sizeof *numbers, 2 * MOST, NULL, 0, NULL);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(mproci_sweep(cache, MPROC_FOREVER), 0);
	ck_assert_uint_le(usage_of(cache).entries, MOST);
	ck_assert_uint_gt(usage_of(cache).evicted, MOST / 2);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_process_is_forked_during_a_sweep,
		a_pool_is_opened_during_a_sweep,
		NULL,
	};
	const TTest *tests[] = {NULL};

	return support_run_suite(&(support_suite){
		.name = "sweep_start",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = begin,
		.teardown = end,
	});
}
