/* SPDX-License-Identifier: MIT */
/*
 * Tasks that get out of hand: fork bombs, leaks, items that kill whoever takes them, tasks that never end.  Limits contain them:
 * what they left is gone, the program and the pool go on.
 *
 * Bombs are small ones, and go off in a cgroup that bounds them, where this user may make one.
 */
#include "descendants.h"

#include <limits.h>
#include <sys/stat.h>

enum {
	WORKERS = 2,
	/* Of a bomb; of all processes of the test, in the cgroup; for a worker and what it forks. */
	BOMB = 200,
	BOMB_OF_DAEMONS = 60,
	MOST_IN_CGROUP = 120,
	LIMIT = 20,
	ITEMS = 40,
	VICTIM = 11,
	MOST_RETRIES = 62,
	LEAK = 4 << 20,
	LEAKERS = 30,
	MOST_MEMORY = 16 << 20,
};

typedef struct common {
	_Atomic unsigned forked, refused, begun;
} common;

static common *shared;

static void begin_test(void)
{
	shared = share(sizeof *shared);
	expect_descendants();
}

static void check_goes_on(mproc_pool *pool)
{
	pid_t nursery = find_nursery();

	await_end_of_descendants();
	*shared = (common){0};
	assert_usable(pool);
	wait_until(count_children(nursery) == WORKERS);
}

static mproc_pool *open_with_process_limit(unsigned limit)
{
	mproc_pool *pool = NULL;

	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS, .process_limit = limit}, &pool));
	return pool;
}

/* ---- bombs ---- */

/* Each of the processes forks, as long as there may be more. */
static _Noreturn void explode(unsigned most)
{
	while (shared->forked < most && shared->refused < most) {
		pid_t child = fork();

		if (child < 0)
			++shared->refused;
		if (child != 0)
			continue;
		++shared->forked;
		be_descendant();
	}
	stay();
}

static int explode_at_victim(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == VICTIM)
		explode(BOMB);
	return square(item, result, task);
}

/* Each forks the next one, in a session of its own, and ends. */
static _Noreturn void run_away(unsigned most)
{
	for (;;) {
		pid_t child = fork();

		if (child < 0)
			stay();
		if (child > 0)
			_exit(0);
		setsid();
		be_descendant();
		if (++shared->forked >= most)
			stay();
	}
}

static int let_daemons_run(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) != VICTIM)
		return square(item, result, task);
	for (int i = 0; i < LIMIT; ++i) {
		if (fork() == 0)
			run_away(BOMB_OF_DAEMONS * LIMIT);
	}
	stay();
}

/* The item that it lies in ends so, and no other. */
static void set_off(mproc_pool *pool, mproc_task_function *bomb, double timeout, mproc_ending ending)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t items[ITEMS], results[ITEMS];

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	ck_assert_int_eq(mproc_pool_map(pool, bomb, items, 8, ITEMS, results, 8,
				 &(mproc_map_options){.timeout = timeout, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("1 of 40 items failed; the first, item 11: ");
	for (uint64_t i = 0; i < ITEMS; ++i) {
		ck_assert_int_eq(outcomes[i].ending, i == VICTIM ? ending : MPROC_ENDING_VALUE);
		ck_assert_int_eq(
			outcomes[i].code, i == VICTIM && ending == MPROC_ENDING_SIGNAL ? SIGKILL : 0);
		ck_assert(!outcomes[i].is_out_of_memory);
		if (i != VICTIM)
			ck_assert_uint_eq(results[i], i * i);
	}
	check_goes_on(pool);
}

static void set_off_bombs_with_limit(void)
{
	mproc_pool *pool = open_with_process_limit(LIMIT);
	mproc_pool_usage usage;

	set_off(pool, explode_at_victim, 0, MPROC_ENDING_SIGNAL);
	set_off(pool, let_daemons_run, 0, MPROC_ENDING_SIGNAL);
	assert_ok(mproc_pool_stats(pool, &usage));
	ck_assert_uint_ge(usage.killed, 2);
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_children(getpid()), 0);
}

static void set_off_bombs_with_timeout(void)
{
	mproc_pool *pool = open_processes(WORKERS);

	set_off(pool, explode_at_victim, 0.1, MPROC_ENDING_TIMEOUT);
	set_off(pool, let_daemons_run, 0.1, MPROC_ENDING_TIMEOUT);
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_children(getpid()), 0);
}

/* ---- the cgroup ---- */

static char cgroup[PATH_MAX];

static bool write_to_cgroup(const char *name, int number)
{
	char path[PATH_MAX + 32];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", cgroup, name);
	file = fopen(path, "r+e");
	if (file == NULL)
		return false;
	fprintf(file, "%d", number);
	return fclose(file) == 0;
}

static bool create_cgroup_below(const char *hierarchy)
{
	snprintf(cgroup, sizeof cgroup, "%s/mproc-test-%d", hierarchy, (int)getpid());
	if (mkdir(cgroup, 0755) != 0)
		return false;
	if (write_to_cgroup("pids.max", MOST_IN_CGROUP))
		return true;
	ck_assert_int_eq(rmdir(cgroup), 0);
	return false;
}

static bool create_cgroup(void)
{
	if (create_cgroup_below("/sys/fs/cgroup") || create_cgroup_below("/sys/fs/cgroup/pids"))
		return true;
	puts("left out: this user may make no cgroup that bounds processes");
	return false;
}

static void (*inside)(void);

static void be_in_cgroup(void)
{
	ck_assert(write_to_cgroup("cgroup.procs", (int)getpid()));
	inside();
}

/* Also what is a zombie of somebody else's has to go before the cgroup can. */
static void in_cgroup(void (*function)(void))
{
	if (!create_cgroup())
		return;
	inside = function;
	in_child(be_in_cgroup);
	wait_until(rmdir(cgroup) == 0 || errno != EBUSY);
	ck_assert_int_ne(access(cgroup, F_OK), 0);
}

START_TEST(a_fork_bomb_ends_at_the_process_limit)
{
	begin_test();
	set_off_bombs_with_limit();
}
END_TEST

START_TEST(a_fork_bomb_ends_at_its_timeout)
{
	begin_test();
	set_off_bombs_with_timeout();
}
END_TEST

START_TEST(a_fork_bomb_that_fills_its_cgroup_ends_at_the_process_limit)
{
	begin_test();
	in_cgroup(set_off_bombs_with_limit);
}
END_TEST

START_TEST(a_fork_bomb_that_fills_its_cgroup_ends_at_its_timeout)
{
	begin_test();
	in_cgroup(set_off_bombs_with_timeout);
}
END_TEST

static int fork_some(const void *item, void *result, mproc_task *task)
{
	pid_t children[LIMIT - 1];

	for (int i = 0; i < LIMIT - 1; ++i) {
		children[i] = fork();
		if (children[i] == 0)
			stay();
	}
	/* Longer than from one look to the next. */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	for (int i = 0; i < LIMIT - 1; ++i) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	return square(item, result, task);
}

START_TEST(exactly_as_many_processes_as_the_limit_are_allowed)
{
	uint64_t items[WORKERS] = {1, 2}, results[WORKERS];
	mproc_pool *pool = open_with_process_limit(LIMIT);

	assert_ok(mproc_pool_map(
		pool, fork_some, items, 8, WORKERS, results, 8, &(mproc_map_options){.chunk = 1}));
	mproc_pool_close(pool);
}
END_TEST

/* ---- leaks ---- */

/* Keeps it for ever.  Returns what a worker has kept by now. */
static int leak(const void *item, void *result, mproc_task *task)
{
	static size_t kept;
	char *memory = mmap(NULL, LEAK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)item;
	(void)task;
	if (memory == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < LEAK; i += 4096)
		memory[i] = 1;
	kept += LEAK;
	*(size_t *)result = kept;
	/* So that it is looked at between any two. */
	nanosleep(&(struct timespec){.tv_nsec = 11000000}, NULL);
	return 0;
}

START_TEST(workers_that_leak_are_replaced_before_it_matters)
{
	size_t kept[LEAKERS];
	mproc_pool_usage usage;
	mproc_pool *pool;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = WORKERS, .max_memory_per_worker = MOST_MEMORY}, &pool));
	assert_ok(mproc_pool_map(
		pool, leak, NULL, 0, LEAKERS, kept, sizeof *kept, &(mproc_map_options){.chunk = 1}));
	for (int i = 0; i < LEAKERS; ++i)
		ck_assert_uint_le(kept[i], MOST_MEMORY + LEAK);
	assert_ok(mproc_pool_stats(pool, &usage));
	ck_assert_uint_ge(usage.recycled, LEAKERS / (MOST_MEMORY / LEAK + 1) - WORKERS);
	ck_assert_uint_eq(usage.died, 0);
	mproc_pool_close(pool);
}
END_TEST

static int leak_fast(const void *item, void *result, mproc_task *task)
{
	void *memory;

	(void)item;
	(void)task;
	do
		memory = mmap(NULL, LEAK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while (memory != MAP_FAILED && ++*(size_t *)result < 1000);
	return memory == MAP_FAILED ? -errno : 0;
}

START_TEST(a_task_that_leaks_fast_is_refused_memory_and_its_worker_replaced)
{
	size_t got[ITEMS] = {0};
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool;

#ifdef __SANITIZE_ADDRESS__
	/* Which has more memory than any limit from the beginning. */
	return;
#endif
	assert_ok(mproc_pool_open(
		&(mproc_pool_options){
			.workers = WORKERS, .memory_limit = 16 * (size_t)LEAK, .max_tasks_per_worker = 1},
		&pool));
	ck_assert_int_eq(mproc_pool_map(pool, leak_fast, NULL, 0, ITEMS, got, sizeof *got,
				 &(mproc_map_options){.outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < ITEMS; ++i) {
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_ERROR);
		ck_assert_int_eq(outcomes[i].code, -ENOMEM);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- items that kill ---- */

static int kill_worker_at_victim(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) != VICTIM)
		return square(item, result, task);
	++shared->begun;
	return raise(SIGKILL);
}

START_TEST(an_item_that_kills_again_and_again_costs_its_retries)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t items[ITEMS], results[ITEMS];
	mproc_pool *pool;

	begin_test();
	pool = open_processes(1);
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	ck_assert_int_eq(mproc_pool_map(pool, kill_worker_at_victim, items, 8, ITEMS, results, 8,
				 &(mproc_map_options){.retries = MOST_RETRIES, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("1 of 40 items failed; the first, item 11: ");
	assert_text_has("was killed by signal 9 (Killed), at attempt 63");
	for (uint64_t i = 0; i < ITEMS; ++i) {
		ck_assert_int_eq(outcomes[i].attempts, i == VICTIM ? MOST_RETRIES + 1 : 1);
		ck_assert_uint_eq(results[i], i == VICTIM ? results[i] : i * i);
	}
	ck_assert_uint_eq(shared->begun, MOST_RETRIES + 1);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* ---- hard timeouts ---- */

static int stay_with_descendants(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	fork_descendants();
	++shared->begun;
	stay();
}

START_TEST(a_timeout_kills_all_descendants)
{
	mproc_outcome outcomes[WORKERS], outcome;
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	ck_assert_int_eq(mproc_pool_map(pool, stay_with_descendants, NULL, 0, WORKERS, NULL, 0,
				 &(mproc_map_options){.timeout = 0.1, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_TIMEOUT);
	check_goes_on(pool);
	ck_assert_int_eq(mproc_pool_apply(pool, stay_with_descendants, NULL, 0, NULL, 0,
				 &(mproc_task_options){.timeout = 0.1, .retries = 1, .outcome = &outcome}),
		MPROC_ITEMS_FAILED);
	ck_assert_int_eq(outcome.ending, MPROC_ENDING_TIMEOUT);
	ck_assert_int_eq(outcome.attempts, 2);
	check_goes_on(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_deadline_kills_all_descendants)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	ck_assert_int_eq(mproc_pool_map(pool, stay_with_descendants, NULL, 0, ITEMS, NULL, 0,
				 &(mproc_map_options){.deadline = mproc_after(0.1), .outcomes = outcomes}),
		-ETIMEDOUT);
	for (int i = 0; i < ITEMS; ++i)
		ck_assert(outcomes[i].ending == MPROC_ENDING_TIMEOUT
			  || (outcomes[i].ending == MPROC_ENDING_CANCELLED && outcomes[i].attempts == 0));
	check_goes_on(pool);
	mproc_pool_close(pool);
}
END_TEST

static void cancel_running(mproc_pool *pool, double grace)
{
	mproc_future *future;

	assert_ok(mproc_pool_submit(pool, stay_with_descendants, NULL, 0, 0, NULL, &future));
	wait_until(shared->begun == 1);
	assert_ok(mproc_future_cancel(future, grace));
	assert_ok(mproc_future_wait(future, MPROC_FOREVER));
	ck_assert_int_eq(mproc_future_outcome(future).ending, MPROC_ENDING_CANCELLED);
	ck_assert_int_eq(mproc_future_outcome(future).attempts, 1);
	mproc_future_close(future);
	check_goes_on(pool);
}

START_TEST(a_cancelled_task_is_killed_with_all_descendants)
{
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	cancel_running(pool, 0);
	cancel_running(pool, 0.02);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(terminate_kills_all_descendants)
{
	mproc_future *future;
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	assert_ok(mproc_pool_submit(pool, stay_with_descendants, NULL, 0, 0, NULL, &future));
	wait_until(shared->begun == 1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	ck_assert_int_eq(mproc_future_outcome(future).ending, MPROC_ENDING_CANCELLED);
	mproc_future_close(future);
	/* When it returns. */
	ck_assert(!is_any_descendant_left());
}
END_TEST

static int leave_descendants(const void *item, void *result, mproc_task *task)
{
	fork_descendants();
	return square(item, result, task);
}

START_TEST(close_leaves_nothing_of_what_tasks_have_forked)
{
	uint64_t items[ITEMS] = {0}, results[ITEMS];
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	assert_ok(mproc_pool_map(pool, leave_descendants, items, 8, ITEMS, results, 8, NULL));
	wait_until(left->count == DESCENDANTS * ITEMS);
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert(!is_any_descendant_left());
}
END_TEST

/* ---- stopped ---- */

static int stop_here(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == VICTIM)
		raise(SIGSTOP);
	return square(item, result, task);
}

START_TEST(a_stopped_worker_ends_at_its_timeout)
{
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	set_off(pool, stop_here, 0.1, MPROC_ENDING_TIMEOUT);
	mproc_pool_close(pool);
}
END_TEST

/* ---- a pool in a pool ---- */

static int work_in_inner_pool(const void *item, void *result, mproc_task *task)
{
	mproc_pool *inner;

	if (mproc_task_index(task) != VICTIM)
		return square(item, result, task);
	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS}, &inner));
	return mproc_pool_map(
		inner, stay_with_descendants, NULL, 0, WORKERS, NULL, 0, &(mproc_map_options){.chunk = 1});
}

START_TEST(a_pool_in_a_pool_ends_with_its_task)
{
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	set_off(pool, work_in_inner_pool, 0.3, MPROC_ENDING_TIMEOUT);
	mproc_pool_close(pool);
}
END_TEST

static int lose_inner_workers(const void *item, void *result, mproc_task *task)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t squares[ITEMS], items[ITEMS];
	mproc_pool *inner;
	int rc;

	(void)task;
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	rc = mproc_pool_open(&(mproc_pool_options){.workers = WORKERS}, &inner);
	if (rc < 0)
		return rc;
	rc = mproc_pool_map(inner, kill_worker_at_victim, items, 8, ITEMS, squares, 8,
		&(mproc_map_options){.outcomes = outcomes});
	mproc_pool_close(inner);
	if (rc != MPROC_ITEMS_FAILED || outcomes[VICTIM].code != SIGKILL || squares[ITEMS - 1] == 0)
		return -EBADMSG;
	return square(item, result, NULL);
}

START_TEST(a_death_in_the_inner_pool_is_its_own_affair)
{
	uint64_t items[WORKERS] = {3, 4}, results[WORKERS];
	mproc_pool *pool;

	begin_test();
	pool = open_processes(WORKERS);
	assert_ok(mproc_pool_map(pool, lose_inner_workers, items, 8, WORKERS, results, 8, NULL));
	ck_assert_uint_eq(results[0], 9);
	check_goes_on(pool);
	mproc_pool_close(pool);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_fork_bomb_ends_at_the_process_limit,
		a_fork_bomb_ends_at_its_timeout,
		a_fork_bomb_that_fills_its_cgroup_ends_at_the_process_limit,
		a_fork_bomb_that_fills_its_cgroup_ends_at_its_timeout,
		exactly_as_many_processes_as_the_limit_are_allowed,
		workers_that_leak_are_replaced_before_it_matters,
		a_task_that_leaks_fast_is_refused_memory_and_its_worker_replaced,
		an_item_that_kills_again_and_again_costs_its_retries,
		a_timeout_kills_all_descendants,
		a_deadline_kills_all_descendants,
		a_cancelled_task_is_killed_with_all_descendants,
		terminate_kills_all_descendants,
		close_leaves_nothing_of_what_tasks_have_forked,
		a_stopped_worker_ends_at_its_timeout,
		a_pool_in_a_pool_ends_with_its_task,
		a_death_in_the_inner_pool_is_its_own_affair,
		NULL,
	};
	const support_suite suite = {
		.name = "tasks out of hand",
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
		.timeout = 60,
	};

	return support_run_suite(&suite);
}
