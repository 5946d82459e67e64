/* SPDX-License-Identifier: MIT */
/*
 * conformance_workers.c - how many workers there are, what they may use, and when they are replaced.
 */
#include "conformance.h"

#include <sched.h>
#include <sys/prctl.h>

enum {
	TASKS = 23,
};

/* ---- how many ---- */

START_TEST(a_pool_tells_how_many_workers_it_is_to_have)
{
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(mproc_pool_workers(pool), backend == MPROC_BACKEND_SERIAL ? 1 : WORKERS);
	mproc_pool_close(pool);
	if (backend == MPROC_BACKEND_SERIAL)
		return;
	pool = open_pool(0);
	ck_assert_int_eq(mproc_pool_workers(pool), mproc_cpu_count(MPROC_CPU_USABLE));
	mproc_pool_close(pool);
}
END_TEST

static void occupy(mproc_pool *pool, int count)
{
	mproc_future *futures[64];

	ck_assert_int_le(count, 64);
	for (int i = 0; i < count; ++i)
		futures[i] = submit(pool, wait_at_gate);
	/* Each of them is at work at the same time. */
	await_ready(count);
	let_through(count);
	for (int i = 0; i < count; ++i)
		finish(futures[i]);
}

START_TEST(a_pool_grows_and_shrinks)
{
	static const int sizes[] = {5, 1, 20, 3, 2, 40, 1};
	mproc_pool *pool = open_pool(2);

	for (int i = 0; i < 7; ++i) {
		assert_ok(mproc_pool_resize(pool, (unsigned)sizes[i]));
		ck_assert_int_eq(mproc_pool_workers(pool), sizes[i]);
		ck_assert_uint_eq(usage_of(pool).target, (unsigned)sizes[i]);
		occupy(pool, sizes[i]);
		assert_usable(pool);
		wait_until(usage_of(pool).workers == (unsigned)sizes[i]);
	}
	ck_assert_uint_eq(usage_of(pool).recycled, 0);
	ck_assert_uint_eq(usage_of(pool).died, 0);
	assert_ok(mproc_pool_resize(pool, 0));
	ck_assert_int_eq(mproc_pool_workers(pool), mproc_cpu_count(MPROC_CPU_USABLE));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_grows_while_a_map_runs)
{
	mproc_pool *pool = open_pool(1);
	mproc_future *map = NULL;

	assert_ok(mproc_pool_map_async(
		pool, wait_at_gate, NULL, 0, 4, NULL, 0, &(mproc_map_options){.chunk = 1}, NULL, NULL, &map));
	await_ready(1);
	assert_ok(mproc_pool_resize(pool, 4));
	await_ready(3);
	let_through(4);
	assert_outcome(finish(map), MPROC_ENDING_VALUE, 0);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(who_is_too_many_ends_after_what_it_is_at)
{
	mproc_outcome outcomes[100];
	mproc_pool *pool = open_pool(4);
	mproc_future *map = NULL;

	assert_ok(mproc_pool_map_async(pool, wait_at_gate, NULL, 0, 100, NULL, 0,
		&(mproc_map_options){.chunk = 1, .outcomes = outcomes}, NULL, NULL, &map));
	await_ready(4);
	assert_ok(mproc_pool_resize(pool, 1));
	let_through(100);
	assert_outcome(finish(map), MPROC_ENDING_VALUE, 0);
	for (int i = 0; i < 100; ++i)
		ck_assert_uint_eq(outcomes[i].attempts, 1);
	wait_until(usage_of(pool).workers == 1);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_is_resized_all_the_time)
{
	mproc_pool *pool = open_pool(2);

	for (unsigned round = 0; round < 60; ++round) {
		unsigned workers = round % 7 + 1;

		assert_ok(mproc_pool_resize(pool, workers));
		assert_usable(pool);
		assert_outcome(finish(submit(pool, do_nothing)), MPROC_ENDING_VALUE, 0);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- what it tells ---- */

START_TEST(a_pool_tells_what_it_has_done)
{
	mproc_pool_usage usage;
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, do_nothing, NULL, 0, 100, NULL, 0, NULL));
	ck_assert_int_eq(mproc_pool_map(pool, fail_always, NULL, 0, 7, NULL, 0, NULL), MPROC_ITEMS_FAILED);
	finish(submit(pool, do_nothing));
	finish(submit(pool, fail_always));
	/* A worker counts what it has done after it has told so. */
	wait_until((usage = usage_of(pool)).done == 109 && usage.working == 0);
	ck_assert_uint_eq(usage.failed, 8);
	ck_assert_uint_eq(usage.queued, 0);
	ck_assert_uint_eq(usage.died, 0);
	ck_assert_uint_eq(usage.killed, 0);
	ck_assert_uint_eq(usage.recycled, 0);
	ck_assert_uint_eq(usage.target, backend == MPROC_BACKEND_SERIAL ? 1 : WORKERS);
	ck_assert_uint_eq(usage.workers, usage.target);
	ck_assert_uint_eq(usage.started, usage.target);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_tells_what_it_is_doing)
{
	mproc_pool_usage usage;
	mproc_future *futures[5];
	mproc_pool *pool = open_pool(2);

	for (int i = 0; i < 5; ++i)
		futures[i] = submit(pool, wait_at_gate);
	await_ready(2);
	usage = usage_of(pool);
	ck_assert_uint_eq(usage.working, 2);
	ck_assert_uint_eq(usage.queued, 3);
	ck_assert_uint_eq(usage.done, 0);
	let_through(5);
	for (int i = 0; i < 5; ++i)
		finish(futures[i]);
	mproc_pool_close(pool);
}
END_TEST

/* ---- replacing ---- */

/* The process or thread that runs this. */
static int give_pid(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)task;
	*(int *)result = (int)getpid();
	return 0;
}

/* How many of @count were @pid's. */
static int count_of(int pid, const int *pids, int count)
{
	int same = 0;

	for (int i = 0; i < count; ++i)
		same += pids[i] == pid;
	return same;
}

START_TEST(a_worker_is_replaced_after_exactly_so_many_tasks)
{
	int pids[TASKS];
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .max_tasks_per_worker = 5});

	for (int i = 0; i < TASKS; ++i)
		assert_ok(mproc_pool_apply(pool, give_pid, NULL, 0, &pids[i], sizeof pids[i], NULL));
	for (int i = 0; i < TASKS; ++i)
		ck_assert_int_eq(count_of(pids[i], pids, TASKS), i < 20 ? 5 : 3);
	wait_until(usage_of(pool).recycled == 4);
	ck_assert_uint_eq(usage_of(pool).died, 0);
	ck_assert_uint_eq(usage_of(pool).started, 5);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_worker_is_replaced_after_exactly_so_many_items)
{
	static const size_t chunks[] = {0, 1, 2, 5, 7, 100};

	for (int c = 0; c < 6; ++c) {
		int pids[TASKS];
		mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .max_tasks_per_worker = 5});

		assert_ok(mproc_pool_map(pool, give_pid, NULL, 0, TASKS, pids, sizeof *pids,
			&(mproc_map_options){.chunk = chunks[c]}));
		for (int i = 0; i < TASKS; ++i)
			ck_assert_int_le(count_of(pids[i], pids, TASKS), 5);
		mproc_pool_close(pool);
	}
}
END_TEST

START_TEST(workers_may_be_replaced_after_each_task)
{
	static int pids[200];
	mproc_pool *pool = open_with((mproc_pool_options){.workers = WORKERS, .max_tasks_per_worker = 1});

	assert_ok(mproc_pool_map(pool, give_pid, NULL, 0, 200, pids, sizeof *pids, NULL));
	for (int i = 1; i < 200; ++i)
		ck_assert_int_ne(pids[i], pids[i - 1]);
	mproc_pool_close(pool);
}
END_TEST

static int leak(const void *item, void *result, mproc_task *task)
{
	enum {
		SIZE = 40 << 20
	};
	char *memory = malloc(SIZE);

	if (memory == NULL)
		return -ENOMEM;
	/* So that no compiler leaves it out. */
	for (size_t i = 0; i < SIZE; i += 4096)
		((volatile char *)memory)[i] = 1;
	/* The worker looks at its memory now and then. */
	nanosleep(&(struct timespec){.tv_nsec = 15 * 1000 * 1000}, NULL);
	return give_pid(item, result, task);
}

START_TEST(a_worker_that_has_too_much_memory_is_replaced)
{
	int pids[4];
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .max_memory_per_worker = 20 << 20});

	for (int i = 0; i < 4; ++i) {
		assert_ok(mproc_pool_apply(pool, leak, NULL, 0, &pids[i], sizeof pids[i], NULL));
		ck_assert(i == 0 || pids[i] != pids[i - 1]);
	}
	ck_assert_uint_ge(usage_of(pool).recycled, 3);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_worker_that_keeps_to_its_memory_stays)
{
	int pids[TASKS];
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .max_memory_per_worker = 1 << 30});

	assert_ok(mproc_pool_map(pool, give_pid, NULL, 0, TASKS, pids, sizeof *pids, NULL));
	for (int i = 1; i < TASKS; ++i)
		ck_assert_int_eq(pids[i], pids[0]);
	mproc_pool_close(pool);
}
END_TEST

/* ---- limits ---- */

static int allocate_much(const void *item, void *result, mproc_task *task)
{
	void *memory = malloc((size_t)512 << 20);

	(void)item;
	(void)task;
	*(bool *)result = memory == NULL;
	free(memory);
	return 0;
}

START_TEST(malloc_fails_beyond_the_memory_limit)
{
	bool has_failed = false;
	mproc_pool *pool;

	/* Its malloc ends the process instead. */
	if (IS_SANITIZED)
		return;
	pool = open_with((mproc_pool_options){.workers = 1, .memory_limit = (size_t)256 << 20});
	assert_ok(mproc_pool_apply(pool, allocate_much, NULL, 0, &has_failed, sizeof has_failed, NULL));
	ck_assert(has_failed);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* Each of those that come from it notes itself, and stays. */
static int fork_many(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	for (int i = 0; i < 20; ++i) {
		if (fork() == 0) {
			board->numbers[i] = getpid();
			for (;;)
				pause();
		}
	}
	for (;;)
		pause();
	return 0;
}

START_TEST(a_worker_with_too_many_processes_is_killed_with_all_of_them)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .process_limit = 10});
	mproc_outcome outcome = finish(submit(pool, fork_many));

	ck_assert_int_eq(outcome.ending, MPROC_ENDING_SIGNAL);
	ck_assert_int_eq(outcome.code, SIGKILL);
	for (int i = 0; i < 20; ++i)
		wait_until(board->numbers[i] == 0 || has_ended(board->numbers[i]));
	ck_assert_uint_ge(usage_of(pool).killed, 1);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int fork_one(const void *item, void *result, mproc_task *task)
{
	int status;
	pid_t pid = fork();

	(void)item;
	(void)result;
	(void)task;
	if (pid == 0)
		_exit(7);
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return WEXITSTATUS(status) == 7 ? 0 : -EINVAL;
}

START_TEST(a_worker_may_have_as_many_processes_as_its_limit)
{
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 2, .process_limit = 2});

	assert_ok(mproc_pool_map(pool, fork_one, NULL, 0, 100, NULL, 0, NULL));
	ck_assert_uint_eq(usage_of(pool).killed, 0);
	mproc_pool_close(pool);
}
END_TEST

/* ---- what they are ---- */

static int count_processors(const void *item, void *result, mproc_task *task)
{
	cpu_set_t set;

	(void)item;
	(void)task;
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return -errno;
	*(int *)result = CPU_COUNT(&set);
	return 0;
}

/* There are more of them than cores, so each has one processor. */
START_TEST(workers_are_bound_when_that_is_asked_for)
{
	int counts[100];
	cpu_set_t own;
	mproc_pool *pool;

	ck_assert_int_eq(sched_getaffinity(0, sizeof own, &own), 0);
	if (CPU_COUNT(&own) > 16)
		return;
	pool = open_with((mproc_pool_options){.workers = 2 * (unsigned)CPU_COUNT(&own), .bind = true});
	assert_ok(mproc_pool_map(pool, count_processors, NULL, 0, 100, counts, sizeof *counts, NULL));
	for (int i = 0; i < 100; ++i)
		ck_assert_int_eq(counts[i], 1);
	mproc_pool_close(pool);
	pool = open_pool(1);
	assert_ok(mproc_pool_map(pool, count_processors, NULL, 0, 1, counts, sizeof *counts, NULL));
	ck_assert_int_eq(counts[0], CPU_COUNT(&own));
	mproc_pool_close(pool);
}
END_TEST

static int give_name(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)task;
	return prctl(PR_GET_NAME, result) == 0 ? 0 : -errno;
}

START_TEST(workers_are_named_after_their_pool)
{
	char name[17] = "";
	mproc_pool *pool = open_with((mproc_pool_options){.workers = 1, .name = "squares"});

	assert_ok(mproc_pool_apply(pool, give_name, NULL, 0, name, 16, NULL));
	ck_assert_str_eq(name, "squares-1");
	mproc_pool_close(pool);
}
END_TEST

void add_workers(void)
{
	const TTest *const tests[] = {
		a_pool_tells_how_many_workers_it_is_to_have,
		a_pool_tells_what_it_has_done,
		NULL,
	};
	const TTest *const concurrent[] = {
		a_pool_grows_and_shrinks,
		a_pool_grows_while_a_map_runs,
		who_is_too_many_ends_after_what_it_is_at,
		a_pool_is_resized_all_the_time,
		a_pool_tells_what_it_is_doing,
		NULL,
	};
	const TTest *const of_processes[] = {
		a_worker_is_replaced_after_exactly_so_many_tasks,
		a_worker_is_replaced_after_exactly_so_many_items,
		workers_may_be_replaced_after_each_task,
		a_worker_that_has_too_much_memory_is_replaced,
		a_worker_that_keeps_to_its_memory_stays,
		malloc_fails_beyond_the_memory_limit,
		a_worker_with_too_many_processes_is_killed_with_all_of_them,
		a_worker_may_have_as_many_processes_as_its_limit,
		workers_are_bound_when_that_is_asked_for,
		workers_are_named_after_their_pool,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
