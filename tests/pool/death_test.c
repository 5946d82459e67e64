/* SPDX-License-Identifier: MIT */
/*
 * Workers, the nursery and the program die in every way, and at any moment.
 */
#include "pool_helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>

enum {
	WORKERS = 3,
	ITEMS = 100,
	/* The item that kills its worker. */
	VICTIM = 41,
};

/* --- one worker dies, by itself --- */

static uint64_t deepest = UINT64_MAX;

static uint64_t recurse(uint64_t depth)
{
	volatile char frame[4096];

	frame[depth % sizeof frame] = (char)depth;
	if (depth == deepest)
		return 0;
	return recurse(depth + 1) + (uint64_t)frame[(depth + 1) % sizeof frame];
}

static void segfault(void)
{
	raise(SIGSEGV);
}

static void exit_with_0(void)
{
	_exit(0);
}

static void exit_with_3(void)
{
	exit(3);
}

static void kill_itself(void)
{
	kill(getpid(), SIGKILL);
}

static void terminate_itself(void)
{
	kill(getpid(), SIGTERM);
}

static void end_thread(void)
{
	pthread_exit(NULL);
}

static void *stay_behind(void *unused)
{
	pause();
	return unused;
}

static void end_thread_but_not_all(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, stay_behind, NULL);
	pthread_exit(NULL);
}

static void overflow(void)
{
	recurse(0);
}

static void close_all_and_abort(void)
{
	for (int fd = 0; fd < 100; ++fd)
		close(fd);
	abort();
}

static void fork_and_abort(void)
{
	if (fork() == 0)
		_exit(0);
	abort();
}

static void hold_an_mproc_lock_and_die(void)
{
	void *block = mproc_alloc(100);

	mproc_free(block);
	(void)mproc_alloc(1 << 20);
	kill(getpid(), SIGKILL);
}

static void (*way_to_die)(void);

static int die_at_victim(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == VICTIM)
		way_to_die();
	return square(item, result, task);
}

static void assert_full_strength(int workers)
{
	pid_t nursery = find_nursery();

	wait_until(count_children(nursery) == workers);
}

/* Only the victim is lost, for the given reason, and the pool is as before. */
static void assert_costs_one_item(void (*way)(void), mproc_ending ending, int code, const char *text)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t items[ITEMS], results[ITEMS];
	mproc_pool *pool;

	way_to_die = way;
	pool = open_processes(WORKERS);
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	for (size_t chunk = 1; chunk < 2 * ITEMS; chunk = chunk * 3 + 1) {
		memset(results, 0, sizeof results);
		ck_assert_int_eq(mproc_pool_map(pool, die_at_victim, items, 8, ITEMS, results, 8,
					 &(mproc_map_options){.chunk = chunk, .outcomes = outcomes}),
			MPROC_ITEMS_FAILED);
		assert_text_has("1 of 100 items failed; the first, item 41: ");
		assert_text_has(text);
		for (int i = 0; i < ITEMS; ++i) {
			ck_assert_int_eq(outcomes[i].ending, i == VICTIM ? ending : MPROC_ENDING_VALUE);
			ck_assert_int_eq(outcomes[i].code, i == VICTIM ? code : 0);
			if (i != VICTIM)
				ck_assert_uint_eq(results[i], (uint64_t)i * i);
		}
	}
	assert_usable(pool);
	assert_full_strength(WORKERS);
	ck_assert_ptr_null(mproc_pool_close(pool));
}

START_TEST(a_worker_that_crashes_costs_its_item)
{
	assert_costs_one_item(segfault, MPROC_ENDING_SIGNAL, SIGSEGV, "was killed by signal 11");
}
END_TEST

START_TEST(a_worker_that_aborts_costs_its_item)
{
	assert_costs_one_item(abort, MPROC_ENDING_SIGNAL, SIGABRT, "was killed by signal 6 (Aborted)");
}
END_TEST

START_TEST(a_worker_that_exits_with_0_costs_its_item)
{
	assert_costs_one_item(exit_with_0, MPROC_ENDING_EXIT, 0, "with exit code 0");
}
END_TEST

START_TEST(a_worker_that_exits_with_a_code_costs_its_item)
{
	assert_costs_one_item(exit_with_3, MPROC_ENDING_EXIT, 3, "with exit code 3");
}
END_TEST

START_TEST(a_worker_that_kills_itself_costs_its_item)
{
	assert_costs_one_item(kill_itself, MPROC_ENDING_SIGNAL, SIGKILL, "killed by signal 9 (Killed)");
}
END_TEST

START_TEST(a_worker_that_is_terminated_costs_its_item)
{
	assert_costs_one_item(
		terminate_itself, MPROC_ENDING_SIGNAL, SIGTERM, "killed by signal 15 (Terminated)");
}
END_TEST

START_TEST(a_worker_that_ends_its_thread_costs_its_item)
{
	assert_costs_one_item(end_thread, MPROC_ENDING_EXIT, 0, "with exit code 0");
}
END_TEST

START_TEST(a_worker_that_ends_its_thread_and_leaves_another_costs_its_item)
{
	assert_costs_one_item(end_thread_but_not_all, MPROC_ENDING_EXIT, 0, "with exit code 0");
}
END_TEST

START_TEST(a_worker_that_overflows_its_stack_costs_its_item)
{
	assert_costs_one_item(overflow, MPROC_ENDING_SIGNAL, SIGSEGV, "killed by signal 11");
}
END_TEST

START_TEST(a_worker_that_closes_all_descriptors_and_dies_costs_its_item)
{
	assert_costs_one_item(close_all_and_abort, MPROC_ENDING_SIGNAL, SIGABRT, "killed by signal 6");
}
END_TEST

START_TEST(a_worker_that_forks_and_dies_costs_its_item)
{
	assert_costs_one_item(fork_and_abort, MPROC_ENDING_SIGNAL, SIGABRT, "killed by signal 6");
}
END_TEST

START_TEST(a_worker_that_dies_after_allocating_costs_its_item)
{
	assert_costs_one_item(hold_an_mproc_lock_and_die, MPROC_ENDING_SIGNAL, SIGKILL, "killed by signal 9");
}
END_TEST

static int end_thread_at_victim(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == VICTIM)
		pthread_exit(NULL);
	return square(item, result, task);
}

START_TEST(a_worker_thread_that_ends_costs_its_item)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t items[ITEMS], results[ITEMS];
	mproc_pool *pool;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = WORKERS, .backend = MPROC_BACKEND_THREADS}, &pool));
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	for (size_t chunk = 1; chunk < 2 * ITEMS; chunk = chunk * 3 + 1) {
		ck_assert_int_eq(mproc_pool_map(pool, end_thread_at_victim, items, 8, ITEMS, results, 8,
					 &(mproc_map_options){.chunk = chunk, .outcomes = outcomes}),
			MPROC_ITEMS_FAILED);
		for (int i = 0; i < ITEMS; ++i)
			ck_assert_int_eq(
				outcomes[i].ending, i == VICTIM ? MPROC_ENDING_EXIT : MPROC_ENDING_VALUE);
	}
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int end_thread_always(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	pthread_exit(NULL);
	return 0;
}

START_TEST(every_item_may_end_its_worker_thread)
{
	mproc_outcome outcomes[200];
	mproc_pool *pool;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = WORKERS, .backend = MPROC_BACKEND_THREADS}, &pool));
	ck_assert_int_eq(mproc_pool_map(pool, end_thread_always, NULL, 0, 200, NULL, 0,
				 &(mproc_map_options){.chunk = 7, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < 200; ++i)
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_EXIT);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int crash(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return raise(SIGKILL);
}

START_TEST(every_item_may_kill_its_worker)
{
	for (size_t chunk = 1; chunk <= 31; chunk += 10) {
		mproc_outcome outcomes[60];
		mproc_pool *pool = open_processes(WORKERS);

		ck_assert_int_eq(mproc_pool_map(pool, crash, NULL, 0, 60, NULL, 0,
					 &(mproc_map_options){.chunk = chunk, .outcomes = outcomes}),
			MPROC_ITEMS_FAILED);
		assert_text_has("60 of 60 items failed; the first, item 0: its worker");
		for (int i = 0; i < 60; ++i) {
			ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_SIGNAL);
			ck_assert_int_eq(outcomes[i].code, SIGKILL);
		}
		assert_usable(pool);
		assert_full_strength(WORKERS);
		mproc_pool_close(pool);
	}
}
END_TEST

START_TEST(idle_workers_that_die_are_replaced)
{
	mproc_pool *pool = open_processes(WORKERS);
	pid_t nursery = find_nursery(), workers[MOST_PROCESSES], now[MOST_PROCESSES];

	ck_assert_int_eq(find_children(nursery, workers), WORKERS);
	for (int i = 0; i < WORKERS; ++i)
		signal_child(workers[i], nursery, SIGKILL);
	wait_until(has_ended(workers[0]) && has_ended(workers[1]) && has_ended(workers[2])
		   && find_children(nursery, now) == WORKERS);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* --- a worker is stopped --- */

typedef struct meeting {
	_Atomic int arrived, done;
	_Atomic bool may_go;
	_Atomic pid_t pids[64];
} meeting;

static meeting *met;

static int stop_at_item_0(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_index(task) == 0) {
		met->pids[0] = getpid();
		raise(SIGSTOP);
	}
	++met->done;
	return 0;
}

static void *continue_when_all_others_are_done(void *unused)
{
	wait_until(met->done == ITEMS - 1);
	wait_until(is_stopped(met->pids[0]));
	kill(met->pids[0], SIGCONT);
	return unused;
}

START_TEST(a_stopped_worker_holds_up_its_item_only)
{
	pthread_t thread;
	mproc_pool *pool;

	met = share(sizeof *met);
	pool = open_processes(WORKERS);
	pthread_create(&thread, NULL, continue_when_all_others_are_done, NULL);
	assert_ok(mproc_pool_map(
		pool, stop_at_item_0, NULL, 0, ITEMS, NULL, 0, &(mproc_map_options){.chunk = 1}));
	pthread_join(thread, NULL);
	ck_assert_int_eq(met->done, ITEMS);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(close_ends_although_a_worker_is_stopped)
{
	mproc_pool *pool = open_processes(WORKERS);
	pid_t nursery = find_nursery(), workers[MOST_PROCESSES];

	find_children(nursery, workers);
	kill(workers[1], SIGSTOP);
	wait_until(is_stopped(workers[1]));
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_children(getpid()), 0);
	ck_assert(has_ended(workers[1]));
}
END_TEST

/* --- a storm --- */

enum {
	STORM_ITEMS = 300,
	STORM_MAPS = 300,
};

static _Atomic bool storm_is_over;
static _Atomic unsigned kills;

/* Kill one worker after the other. */
static void *storm(void *argument)
{
	pid_t nursery = *(pid_t *)argument, workers[MOST_PROCESSES];
	unsigned seed = 1;

	while (!storm_is_over) {
		int count = find_children(nursery, workers);

		if (count > 0) {
			signal_child(workers[rand_r(&seed) % (unsigned)count], nursery, SIGKILL);
			++kills;
		}
		nanosleep(&(struct timespec){.tv_nsec = rand_r(&seed) % 1000000}, NULL);
	}
	return NULL;
}

typedef struct storm_item {
	uint64_t number;
	_Atomic uint32_t *calls;
} storm_item;

static int work_in_storm(const void *argument, void *result, mproc_task *task)
{
	const storm_item *item = argument;
	volatile uint64_t spin = 0;

	++item->calls[mproc_task_index(task)];
	while (spin < item->number % 2000)
		++spin;
	*(uint64_t *)result = item->number * item->number;
	return 0;
}

static void weather_storm(mproc_pool *pool, size_t chunk, storm_item *items, uint64_t *results)
{
	mproc_outcome outcomes[STORM_ITEMS];
	int failed = 0, rc;

	for (int i = 0; i < STORM_ITEMS; ++i)
		items[i].calls[i] = 0;
	memset(results, 0, STORM_ITEMS * sizeof *results);
	rc = mproc_pool_map(pool, work_in_storm, items, sizeof *items, STORM_ITEMS, results, sizeof *results,
		&(mproc_map_options){.chunk = chunk, .outcomes = outcomes});
	for (int i = 0; i < STORM_ITEMS; ++i) {
		ck_assert_msg(items[i].calls[i] <= 1, "item %d was called %u times", i, items[i].calls[i]);
		if (outcomes[i].ending == MPROC_ENDING_VALUE) {
			ck_assert_int_eq(outcomes[i].code, 0);
			ck_assert_uint_eq(items[i].calls[i], 1);
			ck_assert_uint_eq(results[i], items[i].number * items[i].number);
		} else {
			ck_assert_msg(
				outcomes[i].ending == MPROC_ENDING_SIGNAL && outcomes[i].code == SIGKILL,
				"item %d: ending %d, code %d; the map: %d (%s)", i, (int)outcomes[i].ending,
				(int)outcomes[i].code, rc, rc < 0 ? mproc_error_text() : "");
			++failed;
		}
	}
	ck_assert_int_eq(rc, failed == 0 ? 0 : MPROC_ITEMS_FAILED);
}

static void run_storm(bool is_in_arena)
{
	static storm_item private_items[STORM_ITEMS];
	static uint64_t private_results[STORM_ITEMS];
	_Atomic uint32_t *calls = mproc_calloc(STORM_ITEMS, sizeof *calls);
	storm_item *items = is_in_arena ? mproc_calloc(STORM_ITEMS, sizeof *items) : private_items;
	uint64_t *results = is_in_arena ? mproc_calloc(STORM_ITEMS, sizeof *results) : private_results;
	mproc_pool *pool = open_processes(WORKERS);
	int blocks = count_blocks();
	pid_t nursery = find_nursery();
	pthread_t thread;

	for (int i = 0; i < STORM_ITEMS; ++i)
		items[i] = (storm_item){.number = (uint64_t)i * 7919, .calls = calls};
	ck_assert_int_eq(pthread_create(&thread, NULL, storm, &nursery), 0);
	for (int i = 0; i < STORM_MAPS; ++i)
		weather_storm(pool, i % 2 == 0 ? 1 : 7, items, results);
	storm_is_over = true;
	pthread_join(thread, NULL);
	ck_assert_uint_ge(kills, 10);
	assert_full_strength(WORKERS);
	assert_usable(pool);
	ck_assert_int_eq(count_blocks(), blocks);
	mproc_pool_close(pool);
	if (is_in_arena) {
		mproc_free(items);
		mproc_free(results);
	}
	mproc_free((void *)(uintptr_t)calls);
}

START_TEST(a_storm_of_kills_costs_running_items_only)
{
	run_storm(true);
}
END_TEST

START_TEST(a_storm_of_kills_with_private_arrays_costs_running_items_only)
{
	run_storm(false);
}
END_TEST

/* --- the nursery dies --- */

/* The first WORKERS items arrive and stay. */
static int stay(const void *item, void *result, mproc_task *task)
{
	int place;

	(void)item;
	(void)result;
	if (mproc_task_index(task) % 10 != 5)
		return 0;
	place = met->arrived++;
	met->pids[place] = getpid();
	while (!met->may_go)
		pause();
	return 0;
}

static int64_t killed_at;

static void *kill_nursery_when_all_stay(void *nursery)
{
	wait_until(met->arrived == WORKERS);
	killed_at = milliseconds();
	kill(*(pid_t *)nursery, SIGKILL);
	return NULL;
}

/* Returns how many milliseconds the map took to notice. */
static int64_t kill_nursery_in_map(void)
{
	mproc_outcome outcomes[ITEMS];
	int endings[MPROC_ENDING_CANCELLED + 1] = {0};
	mproc_pool *pool = open_processes(WORKERS);
	pid_t nursery = find_nursery();
	uint64_t untouched = 77;
	pthread_t thread;
	int64_t noticed_at;

	met->arrived = 0;
	pthread_create(&thread, NULL, kill_nursery_when_all_stay, &nursery);
	ck_assert_int_eq(mproc_pool_map(pool, stay, NULL, 0, ITEMS, NULL, 0,
				 &(mproc_map_options){.chunk = 1, .outcomes = outcomes}),
		-ENOTRECOVERABLE);
	noticed_at = milliseconds();
	pthread_join(thread, NULL);
	assert_text_has("the nursery of pool \"pool\" (pid ");
	assert_text_has("has died (signal 9): open another pool");
	for (int i = 0; i < ITEMS; ++i) {
		if (outcomes[i].ending == MPROC_ENDING_SIGNAL)
			ck_assert(i % 10 == 5 && outcomes[i].code == SIGKILL);
		++endings[outcomes[i].ending];
	}
	ck_assert_int_eq(endings[MPROC_ENDING_SIGNAL], WORKERS);
	ck_assert_int_ge(endings[MPROC_ENDING_VALUE], WORKERS);
	ck_assert_int_eq(endings[MPROC_ENDING_ERROR] + endings[MPROC_ENDING_EXIT], 0);
	/* Nobody works on. */
	for (int i = 0; i < WORKERS; ++i)
		ck_assert(has_ended(met->pids[i]));
	ck_assert_int_eq(mproc_pool_map(pool, square, NULL, 0, 1, &untouched, sizeof untouched, NULL),
		-ENOTRECOVERABLE);
	assert_text_has("has died (signal 9): open another pool");
	ck_assert_uint_eq(untouched, 77);
	ck_assert_ptr_null(mproc_pool_close(pool));
	return noticed_at - killed_at;
}

START_TEST(a_map_ends_within_100_ms_when_the_nursery_is_killed)
{
	int64_t least = INT64_MAX;

	met = share(sizeof *met);
	/* The machine may be busy: one of a few. */
	for (int i = 0; i < 5 && least > 100; ++i) {
		int64_t taken = kill_nursery_in_map();

		least = taken < least ? taken : least;
	}
	ck_assert_int_le(least, 100);
}
END_TEST

START_TEST(a_pool_whose_nursery_was_killed_refuses_maps)
{
	mproc_outcome outcomes[10];
	mproc_pool *pool = open_processes(WORKERS);

	kill(find_nursery(), SIGKILL);
	wait_until(count_children(getpid()) == 0);
	ck_assert_int_eq(
		mproc_pool_map(pool, stay, NULL, 0, 10, NULL, 0, &(mproc_map_options){.outcomes = outcomes}),
		-ENOTRECOVERABLE);
	assert_text_has("has died (signal 9): open another pool");
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_CANCELLED);
	assert_has_failed(pool, -ENOTRECOVERABLE);
	ck_assert_ptr_null(mproc_pool_close(pool));
	pool = open_processes(WORKERS);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_pool_whose_nursery_was_killed_can_be_closed_at_once)
{
	mproc_pool *pool = open_processes(WORKERS);
	pid_t workers[MOST_PROCESSES], nursery = find_nursery();
	int count = find_children(nursery, workers);

	kill(nursery, SIGKILL);
	ck_assert_ptr_null(mproc_pool_close(pool));
	for (int i = 0; i < count; ++i)
		wait_until(has_ended(workers[i]));
}
END_TEST

static void *kill_nursery_soon(void *nursery)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)(((uintptr_t)nursery * 7919) % 3000) * 1000}, NULL);
	kill((pid_t)(uintptr_t)nursery, SIGKILL);
	return NULL;
}

START_TEST(a_nursery_killed_at_any_moment_leaves_a_true_account)
{
	static storm_item items[STORM_ITEMS];
	_Atomic uint32_t *calls = mproc_calloc(STORM_ITEMS, sizeof *calls);

	for (int round = 0; round < 60; ++round) {
		mproc_outcome outcomes[STORM_ITEMS];
		uint64_t results[STORM_ITEMS];
		mproc_pool *pool = open_processes(WORKERS);
		uintptr_t nursery = (uintptr_t)find_nursery();
		pthread_t thread;
		int rc = 0;

		pthread_create(&thread, NULL, kill_nursery_soon, (void *)nursery);
		while (rc != -ENOTRECOVERABLE) {
			for (int i = 0; i < STORM_ITEMS; ++i) {
				items[i] = (storm_item){.number = (uint64_t)i * 7919, .calls = calls};
				calls[i] = 0;
			}
			memset(results, 0, sizeof results);
			rc = mproc_pool_map(pool, work_in_storm, items, sizeof *items, STORM_ITEMS, results,
				sizeof *results,
				&(mproc_map_options){.chunk = round % 2 == 0 ? 1 : 7, .outcomes = outcomes});
			ck_assert_msg(rc == 0 || rc == -ENOTRECOVERABLE, "%d: %s", rc, mproc_error_text());
			for (int i = 0; i < STORM_ITEMS; ++i) {
				if (rc == 0 || outcomes[i].ending == MPROC_ENDING_VALUE) {
					ck_assert_uint_eq(calls[i], 1);
					ck_assert_uint_eq(results[i], items[i].number * items[i].number);
				} else if (outcomes[i].ending == MPROC_ENDING_NONE) {
					ck_assert_msg(calls[i] == 0, "item %d was called, says nothing", i);
				}
			}
		}
		pthread_join(thread, NULL);
		mproc_pool_close(pool);
	}
	mproc_free((void *)(uintptr_t)calls);
}
END_TEST

/* --- the program dies --- */

static void be_program(bool closes_descriptors);

static int stay_for_ever(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	met->pids[met->arrived] = getpid();
	++met->arrived;
	while (!met->may_go)
		pause();
	return 0;
}

static int stay_for_ever_without_descriptors(const void *item, void *result, mproc_task *task)
{
	for (int fd = 0; fd < 100; ++fd)
		close(fd);
	return stay_for_ever(item, result, task);
}

static void be_program(bool closes_descriptors)
{
	mproc_pool *pool = open_processes(WORKERS);

	mproc_pool_map(pool, closes_descriptors ? stay_for_ever_without_descriptors : stay_for_ever, NULL, 0,
		ITEMS, NULL, 0, NULL);
}

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Returns after how many milliseconds nursery and workers were gone. */
static int64_t kill_program(bool closes_descriptors)
{
	pid_t workers[MOST_PROCESSES], program, nursery;
	struct pollfd ends[1 + WORKERS];
	int64_t begun;

	met->arrived = 0;
	program = fork();
	if (program == 0)
		be_program(closes_descriptors);
	wait_until(met->arrived == WORKERS);
	nursery = find_nursery_of(program);
	ck_assert_int_eq(find_children(nursery, workers), WORKERS);
	ends[0] = (struct pollfd){.fd = open_pidfd(nursery), .events = POLLIN};
	for (int i = 0; i < WORKERS; ++i)
		ends[1 + i] = (struct pollfd){.fd = open_pidfd(workers[i]), .events = POLLIN};
	begun = milliseconds();
	kill(program, SIGKILL);
	for (int i = 0; i < 1 + WORKERS; ++i) {
		int rc = poll(&ends[i], 1, 2000);

		close(ends[i].fd);
		if (rc != 1 && i > 0)
			kill(workers[i - 1], SIGKILL);
		ck_assert_msg(rc == 1, "%s outlived the program", i == 0 ? "the nursery" : "a worker");
	}
	waitpid(program, NULL, 0);
	return milliseconds() - begun;
}

static void assert_ends_with_program(bool closes_descriptors)
{
	int64_t least = INT64_MAX;

	met = share(sizeof *met);
	for (int i = 0; i < 5 && least > 100; ++i) {
		int64_t taken = kill_program(closes_descriptors);

		least = taken < least ? taken : least;
	}
	ck_assert_int_le(least, 100);
}

START_TEST(nursery_and_workers_end_with_the_killed_program)
{
	assert_ends_with_program(false);
}
END_TEST

START_TEST(workers_that_closed_all_descriptors_end_with_the_killed_program)
{
	assert_ends_with_program(true);
}
END_TEST

static int exec_sleep(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	met->pids[met->arrived] = getpid();
	++met->arrived;
	execl("/bin/sleep", "sleep", "1000", NULL);
	return -errno;
}

START_TEST(a_worker_that_became_another_program_ends_with_the_killed_program)
{
	pid_t program, nursery, worker;
	struct pollfd end = {.events = POLLIN};
	char name[32] = "";
	int rc;

	met = share(sizeof *met);
	program = fork();
	if (program == 0)
		mproc_pool_map(open_processes(1), exec_sleep, NULL, 0, 1, NULL, 0, NULL);
	wait_until(met->arrived == 1);
	nursery = find_nursery_of(program);
	worker = met->pids[0];
	wait_until(is_child(worker, nursery, name) && strcmp(name, "sleep") == 0);
	end.fd = open_pidfd(worker);
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	rc = poll(&end, 1, 2000);
	close(end.fd);
	if (rc != 1)
		kill(worker, SIGKILL);
	ck_assert_msg(rc == 1, "the worker outlived the program");
}
END_TEST

static void exit_while_pool_is_open(void)
{
	/* Not forgotten, only not closed. */
	static mproc_pool *volatile pool;

	pool = open_processes(WORKERS);
	exit(mproc_pool_workers(pool) == WORKERS ? 0 : 1);
}

START_TEST(a_program_may_exit_without_closing_its_pool)
{
	in_child(exit_while_pool_is_open);
}
END_TEST

/* --- pools inside tasks --- */

static int use_inner_pool(const void *item, void *result, mproc_task *task)
{
	mproc_pool *inner;
	int rc;

	(void)item;
	(void)task;
	rc = mproc_pool_open(&(mproc_pool_options){.workers = 2}, &inner);
	if (rc < 0)
		return rc;
	assert_usable(inner);
	*(int *)result = mproc_pool_workers(inner);
	mproc_pool_close(inner);
	return 0;
}

START_TEST(a_task_may_open_a_pool_of_its_own)
{
	int results[6] = {0};
	mproc_pool *pool = open_processes(2);

	assert_ok(mproc_pool_map(pool, use_inner_pool, NULL, 0, 6, results, sizeof *results,
		&(mproc_map_options){.chunk = 1}));
	for (int i = 0; i < 6; ++i)
		ck_assert_int_eq(results[i], 2);
	mproc_pool_close(pool);
}
END_TEST

static int leave_inner_pool_open(const void *item, void *result, mproc_task *task)
{
	mproc_pool *inner;
	int rc;

	(void)item;
	(void)result;
	(void)task;
	rc = mproc_pool_open(&(mproc_pool_options){.workers = 2}, &inner);
	if (rc == 0)
		raise(SIGKILL);
	return rc;
}

START_TEST(a_pool_ends_with_the_task_that_opened_it)
{
	mproc_pool *pool = open_processes(2);

	ck_assert_int_eq(
		mproc_pool_map(pool, leave_inner_pool_open, NULL, 0, 4, NULL, 0, NULL), MPROC_ITEMS_FAILED);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_worker_thread_that_ends_costs_its_item,
		every_item_may_end_its_worker_thread,
		NULL,
	};
	const TTest *process_tests[] = {
		a_worker_that_crashes_costs_its_item,
		a_worker_that_aborts_costs_its_item,
		a_worker_that_exits_with_0_costs_its_item,
		a_worker_that_exits_with_a_code_costs_its_item,
		a_worker_that_kills_itself_costs_its_item,
		a_worker_that_is_terminated_costs_its_item,
		a_worker_that_ends_its_thread_costs_its_item,
		a_worker_that_ends_its_thread_and_leaves_another_costs_its_item,
		a_worker_that_overflows_its_stack_costs_its_item,
		a_worker_that_closes_all_descriptors_and_dies_costs_its_item,
		a_worker_that_forks_and_dies_costs_its_item,
		a_worker_that_dies_after_allocating_costs_its_item,
		every_item_may_kill_its_worker,
		idle_workers_that_die_are_replaced,
		a_stopped_worker_holds_up_its_item_only,
		close_ends_although_a_worker_is_stopped,
		a_storm_of_kills_costs_running_items_only,
		a_storm_of_kills_with_private_arrays_costs_running_items_only,
		a_map_ends_within_100_ms_when_the_nursery_is_killed,
		a_pool_whose_nursery_was_killed_refuses_maps,
		a_pool_whose_nursery_was_killed_can_be_closed_at_once,
		a_nursery_killed_at_any_moment_leaves_a_true_account,
		nursery_and_workers_end_with_the_killed_program,
		workers_that_closed_all_descriptors_end_with_the_killed_program,
		a_worker_that_became_another_program_ends_with_the_killed_program,
		a_program_may_exit_without_closing_its_pool,
		a_task_may_open_a_pool_of_its_own,
		a_pool_ends_with_the_task_that_opened_it,
		NULL,
	};
	const support_suite suite = {
		.name = "death",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
	};

	return support_run_suite(&suite);
}
