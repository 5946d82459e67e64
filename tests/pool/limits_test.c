/* SPDX-License-Identifier: MIT */
/*
 * The system refuses what a pool needs: processes, threads, descriptors, memory.
 */
#include "pool_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	WORKERS = 3,
	/* Somebody who owns no other process. */
	NOBODY = 54321,
};

static void set_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(resource, &limit), 0);
	limit.rlim_cur = value;
	ck_assert_int_eq(setrlimit(resource, &limit), 0);
}

/* Processes and threads are not counted for root.  Returns whether they are now. */
static bool drop_privileges(void)
{
	return getuid() != 0
	       || (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

/* Tasks, which is what RLIMIT_NPROC counts, of this user. */
static rlim_t count_tasks_of_user(void)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	rlim_t count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL) {
		char path[300];
		struct stat info;

		snprintf(path, sizeof path, "/proc/%s/task", entry->d_name);
		if (atoi(entry->d_name) > 0 && stat(path, &info) == 0 && info.st_uid == getuid())
			count += info.st_nlink - 2;
	}
	closedir(directory);
	return count;
}

static bool become_limited(rlim_t further_tasks)
{
	if (!drop_privileges())
		return false;
	/* Or else /proc lists this process as root's still. */
	prctl(PR_SET_DUMPABLE, 1);
	open_lasting_things();
	set_limit(RLIMIT_NPROC, count_tasks_of_user() + further_tasks);
	return true;
}

static void assert_open_fails(mproc_backend backend, int code, const char *text)
{
	mproc_pool *const untouched = (mproc_pool *)&code;
	mproc_pool *pool = untouched;
	int descriptors = count_descriptors(), blocks = count_blocks(),
	    threads = count_entries("/proc/self/task");

	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = WORKERS, .backend = backend}, &pool), code);
	assert_text_has(text);
	ck_assert_ptr_eq(pool, untouched);
	ck_assert_int_eq(count_children(getpid()), 0);
	wait_until(count_entries("/proc/self/task") == threads);
	ck_assert_int_eq(count_descriptors(), descriptors);
	ck_assert_int_eq(count_blocks(), blocks);
}

/* --- no processes left --- */

static void open_without_any_process(void)
{
	if (become_limited(0))
		assert_open_fails(
			MPROC_BACKEND_PROCESSES, -EAGAIN, "no more processes may be started: RLIMIT_NPROC");
}

START_TEST(open_without_processes_left_fails)
{
	in_child(open_without_any_process);
}
END_TEST

static void open_with_some_processes(void)
{
	/* Nursery and all workers but one. */
	if (become_limited(WORKERS))
		assert_open_fails(
			MPROC_BACKEND_PROCESSES, -EAGAIN, "no more processes may be started: RLIMIT_NPROC");
}

START_TEST(open_with_too_few_processes_left_fails_and_leaves_none)
{
	in_child(open_with_some_processes);
}
END_TEST

static void open_and_lift_limit(void)
{
	mproc_pool *pool;

	if (!become_limited(WORKERS))
		return;
	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS}, &pool), -EAGAIN);
	set_limit(RLIMIT_NPROC, count_tasks_of_user() + WORKERS + 1);
	pool = open_processes(WORKERS);
	assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(open_succeeds_with_exactly_enough_processes)
{
	in_child(open_and_lift_limit);
}
END_TEST

static void open_threads_with_some_tasks(void)
{
	if (become_limited(WORKERS - 1))
		assert_open_fails(MPROC_BACKEND_THREADS, -EAGAIN, "no more threads may be started");
}

START_TEST(open_with_too_few_threads_left_fails_and_leaves_none)
{
	in_child(open_threads_with_some_tasks);
}
END_TEST

/* Let the nursery start nobody from now on. */
static void limit_nursery(pid_t nursery)
{
	const struct rlimit none = {0, 0};

	ck_assert_int_eq(prlimit(nursery, RLIMIT_NPROC, &none, NULL), 0);
}

static int die_at_first(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_index(task) == 0)
		raise(SIGKILL);
	return 0;
}

static void map_while_nobody_can_be_replaced(void)
{
	mproc_outcome outcomes[50];
	mproc_pool *pool;

	if (!become_limited(1000))
		return;
	pool = open_processes(2);
	limit_nursery(find_nursery());
	ck_assert_int_eq(mproc_pool_map(pool, die_at_first, NULL, 0, 50, NULL, 0,
				 &(mproc_map_options){.chunk = 5, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("1 of 50 items failed");
	for (int i = 1; i < 50; ++i)
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_VALUE);
	/* One is left, and does everything. */
	for (int i = 0; i < 20; ++i)
		assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(the_others_go_on_when_a_worker_cannot_be_replaced)
{
	in_child(map_while_nobody_can_be_replaced);
}
END_TEST

static int die(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return raise(SIGKILL);
}

static void map_until_nobody_is_left(void)
{
	mproc_outcome outcomes[50];
	mproc_pool *pool;
	int killed = 0, untouched = 0;

	if (!become_limited(1000))
		return;
	pool = open_processes(WORKERS);
	limit_nursery(find_nursery());
	ck_assert_int_eq(mproc_pool_map(pool, die, NULL, 0, 50, NULL, 0,
				 &(mproc_map_options){.chunk = 1, .outcomes = outcomes}),
		-EAGAIN);
	assert_text_has("no more processes may be started: RLIMIT_NPROC");
	for (int i = 0; i < 50; ++i) {
		killed += outcomes[i].ending == MPROC_ENDING_SIGNAL;
		untouched += outcomes[i].ending == MPROC_ENDING_CANCELLED;
	}
	ck_assert_int_eq(killed, WORKERS);
	ck_assert_int_eq(untouched, 50 - WORKERS);
	assert_has_failed(pool, -EAGAIN);
	assert_text_has("no more processes may be started: RLIMIT_NPROC");
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_children(getpid()), 0);
}

START_TEST(a_map_fails_when_no_worker_is_left)
{
	in_child(map_until_nobody_is_left);
}
END_TEST

static void replace_once_it_is_possible(void)
{
	const struct rlimit enough = {10000, 10000};
	struct rlimit none = {0, 10000};
	mproc_pool *pool;
	pid_t nursery;

	if (!become_limited(1000))
		return;
	set_limit(RLIMIT_NPROC, 10000);
	pool = open_processes(WORKERS);
	nursery = find_nursery();
	getrlimit(RLIMIT_NPROC, &none);
	none.rlim_cur = 0;
	ck_assert_int_eq(prlimit(nursery, RLIMIT_NPROC, &none, NULL), 0);
	ck_assert_int_eq(mproc_pool_map(pool, die_at_first, NULL, 0, 50, NULL, 0, NULL), MPROC_ITEMS_FAILED);
	wait_until(count_children(nursery) == WORKERS - 1);
	ck_assert_int_eq(
		prlimit(nursery, RLIMIT_NPROC, &(struct rlimit){enough.rlim_cur, none.rlim_max}, NULL), 0);
	wait_until(count_children(nursery) == WORKERS);
	assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(a_worker_is_replaced_as_soon_as_that_is_possible)
{
	in_child(replace_once_it_is_possible);
}
END_TEST

static int end_thread(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	pthread_exit(NULL);
	return 0;
}

static void end_threads_that_cannot_be_replaced(void)
{
	mproc_outcome outcomes[50];
	mproc_pool *pool;
	int ended = 0, untouched = 0;

	if (!become_limited(WORKERS))
		return;
	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = WORKERS, .backend = MPROC_BACKEND_THREADS}, &pool));
	set_limit(RLIMIT_NPROC, 0);
	ck_assert_int_eq(mproc_pool_map(pool, end_thread, NULL, 0, 50, NULL, 0,
				 &(mproc_map_options){.chunk = 1, .outcomes = outcomes}),
		-EAGAIN);
	assert_text_has("no more threads may be started");
	for (int i = 0; i < 50; ++i) {
		ended += outcomes[i].ending == MPROC_ENDING_EXIT;
		untouched += outcomes[i].ending == MPROC_ENDING_CANCELLED;
	}
	ck_assert_int_eq(ended, WORKERS);
	ck_assert_int_eq(untouched, 50 - WORKERS);
	ck_assert_int_eq(mproc_pool_map(pool, end_thread, NULL, 0, 50, NULL, 0, NULL), -EAGAIN);
	ck_assert_ptr_null(mproc_pool_close(pool));
}

START_TEST(a_map_fails_when_no_worker_thread_is_left)
{
	in_child(end_threads_that_cannot_be_replaced);
}
END_TEST

static int end_first_thread(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == 0)
		pthread_exit(NULL);
	return item == result ? 0 : -EINVAL;
}

static void end_one_thread_that_cannot_be_replaced(void)
{
	mproc_pool *pool;

	if (!become_limited(WORKERS))
		return;
	for (int i = 0; i < 50; ++i) {
		set_limit(RLIMIT_NPROC, 10000);
		assert_ok(mproc_pool_open(
			&(mproc_pool_options){.workers = WORKERS, .backend = MPROC_BACKEND_THREADS}, &pool));
		set_limit(RLIMIT_NPROC, 0);
		ck_assert_int_eq(mproc_pool_map(pool, end_first_thread, NULL, 0, 50, NULL, 0, NULL),
			MPROC_ITEMS_FAILED);
		assert_usable(pool);
		ck_assert_ptr_null(mproc_pool_close(pool));
	}
}

START_TEST(the_others_go_on_when_a_worker_thread_cannot_be_replaced)
{
	in_child(end_one_thread_that_cannot_be_replaced);
}
END_TEST

/* --- other privileges --- */

static void open_before_and_after_dropping_privileges(void)
{
	mproc_pool *before = open_processes(1), *after;

	if (!drop_privileges())
		return;
	after = open_processes(2);
	assert_usable(after);
	assert_usable(before);
	mproc_pool_close(after);
	mproc_pool_close(before);
}

START_TEST(a_program_may_drop_privileges_between_two_pools)
{
	in_child(open_before_and_after_dropping_privileges);
}
END_TEST

static int drop_privileges_and_die(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	if (!drop_privileges())
		return 0;
	return raise(SIGKILL);
}

START_TEST(a_worker_that_dropped_privileges_is_replaced)
{
	mproc_pool *pool = open_processes(2);

	mproc_pool_map(pool, drop_privileges_and_die, NULL, 0, 10, NULL, 0, NULL);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

/* --- no descriptors left --- */

/* A descriptor number above all that are open. */
static int first_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

/* Open a pool with ever more descriptors, until there are enough. */
static void open_with_more_and_more_descriptors(void)
{
	int first = first_free_descriptor(), enough, rc = -1;
	/* The lifeline of this process, made on the way. */
	int lasting = 0;

	for (enough = 0; rc != 0; ++enough) {
		int descriptors = count_descriptors(), blocks = count_blocks();
		mproc_pool *pool;

		ck_assert_int_lt(enough, 40);
		set_limit(RLIMIT_NOFILE, (rlim_t)(first + enough));
		rc = mproc_pool_open(&(mproc_pool_options){.workers = WORKERS}, &pool);
		set_limit(RLIMIT_NOFILE, 1000);
		if (rc == 0) {
			assert_usable(pool);
			mproc_pool_close(pool);
		} else {
			ck_assert_msg(
				rc == -EMFILE, "with %d descriptors: %d, %s", enough, rc, mproc_error_text());
			assert_text_has("Too many open files");
		}
		ck_assert_int_eq(count_children(getpid()), 0);
		if (lasting == 0 && count_descriptors() == descriptors + 2)
			lasting = 2;
		else
			ck_assert_int_eq(count_descriptors(), descriptors);
		ck_assert_int_eq(count_blocks(), blocks);
	}
	ck_assert_int_gt(enough, 1);
}

START_TEST(open_without_descriptors_left_fails_and_leaves_nothing)
{
	in_child(open_with_more_and_more_descriptors);
}
END_TEST

static void open_more_workers_than_descriptors(void)
{
	mproc_pool *pool;

	set_limit(RLIMIT_NOFILE, (rlim_t)(first_free_descriptor() + 8));
	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 100}, &pool), -EMFILE);
	set_limit(RLIMIT_NOFILE, 1000);
	ck_assert_int_eq(count_children(getpid()), 0);
}

/* Also with a standard input that has hung up: seats without a worker wait for nothing. */
START_TEST(open_with_more_workers_than_descriptors_fails_and_does_not_hang)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	in_child(open_more_workers_than_descriptors);
}
END_TEST

static void map_without_descriptors(void)
{
	int first = first_free_descriptor();
	mproc_pool *pool = open_processes(WORKERS);

	set_limit(RLIMIT_NOFILE, (rlim_t)first);
	for (int i = 0; i < 10; ++i)
		assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(maps_and_close_need_no_descriptors)
{
	in_child(map_without_descriptors);
}
END_TEST

static pid_t *stuck;
static _Atomic int *stuck_count;

static int note_and_wait(const void *item, void *result, mproc_task *task)
{
	int place = (*stuck_count)++;

	(void)item;
	(void)result;
	(void)task;
	stuck[place] = getpid();
	for (;;)
		pause();
	return 0;
}

static void *kill_nursery_when_all_wait(void *nursery)
{
	wait_until(*stuck_count == WORKERS);
	kill(*(pid_t *)nursery, SIGKILL);
	return NULL;
}

static void lose_nursery_without_descriptors(void)
{
	mproc_outcome outcomes[WORKERS];
	mproc_pool *pool;
	pthread_t thread;
	pid_t nursery;

	stuck = share(WORKERS * sizeof *stuck);
	stuck_count = share(sizeof *stuck_count);
	pool = open_processes(WORKERS);
	nursery = find_nursery();
	pthread_create(&thread, NULL, kill_nursery_when_all_wait, &nursery);
	set_limit(RLIMIT_NOFILE, (rlim_t)first_free_descriptor());
	ck_assert_int_eq(mproc_pool_map(pool, note_and_wait, NULL, 0, WORKERS, NULL, 0,
				 &(mproc_map_options){.outcomes = outcomes}),
		-ENOTRECOVERABLE);
	set_limit(RLIMIT_NOFILE, 1000);
	for (int i = 0; i < WORKERS; ++i) {
		ck_assert_msg(has_ended(stuck[i]), "worker %d still runs", i);
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_SIGNAL);
	}
	pthread_join(thread, NULL);
	mproc_pool_close(pool);
}

START_TEST(the_nurserys_death_is_dealt_with_without_descriptors)
{
	in_child(lose_nursery_without_descriptors);
}
END_TEST

/* --- little memory --- */

/*
 * Files of at most 64 MiB, so that is what the arena of a new program has.  A child of this process has its arena
 * already: so these tests belong to a suite without warm-up, and run in a child that makes its own.
 */
static void use_small_arena(void)
{
	static char items[1 << 20], results[1 << 20];
	mproc_outcome outcomes[10];
	mproc_pool *pool;
	void *block;
	int blocks;

	set_limit(RLIMIT_FSIZE, 64 << 20);
	pool = open_processes(2);
	blocks = count_blocks();
	memset(outcomes, 0xff, sizeof outcomes);
	/* Items alone do not fit; items do, but not results as well; not even the verdicts do. */
	ck_assert_int_eq(mproc_pool_map(pool, die, items, (size_t)10 << 20, 10, NULL, 0,
				 &(mproc_map_options){.outcomes = outcomes}),
		-ENOMEM);
	assert_text_has("104857600 bytes");
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(outcomes[i].ending, MPROC_ENDING_CANCELLED);
	ck_assert_int_eq(mproc_pool_map(pool, die, items, 1, 1 << 20, results, 100, NULL), -ENOMEM);
	assert_text_has("104857600 bytes");
	ck_assert_int_eq(mproc_pool_map(pool, die, NULL, 0, 50 << 20, NULL, 0, NULL), -ENOMEM);
	ck_assert_int_eq(count_blocks(), blocks);
	assert_usable(pool);
	/* The arena is nearly full. */
	block = mproc_alloc(59 << 20);
	ck_assert_ptr_nonnull(block);
	ck_assert_int_eq(mproc_pool_map(pool, die, items, 1, 1 << 20, results, 4, NULL), -ENOMEM);
	assert_usable(pool);
	ck_assert_int_eq(mproc_free(block), 0);
	ck_assert_int_eq(mproc_pool_map(pool, square, items, 8, 1 << 17, results, 8, NULL), 0);
	mproc_pool_close(pool);
}

START_TEST(a_map_that_needs_more_than_the_arena_fails_and_leaves_the_pool_usable)
{
	in_child(use_small_arena);
}
END_TEST

static void open_in_full_arena(void)
{
	void *blocks[2000];
	int count = 0;
	mproc_pool *pool;

	set_limit(RLIMIT_FSIZE, 24 << 20);
	while (count < 2000 && (blocks[count] = mproc_alloc(60000)) != NULL)
		++count;
	while (count < 2000 && (blocks[count] = mproc_alloc(8000)) != NULL)
		++count;
	ck_assert_int_gt(count, 10);
	ck_assert_int_lt(count, 2000);
	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = 1000}, &pool), -ENOMEM);
	assert_text_has("no memory for 1000 workers");
	ck_assert_int_eq(
		mproc_pool_open(
			&(mproc_pool_options){.workers = 1000, .backend = MPROC_BACKEND_THREADS}, &pool),
		-ENOMEM);
	ck_assert_str_ne(mproc_error_text(), "");
	while (count > 0)
		ck_assert_int_eq(mproc_free(blocks[--count]), 0);
	pool = open_processes(2);
	assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(open_in_a_full_arena_fails)
{
	in_child(open_in_full_arena);
}
END_TEST

static void open_without_room_for_an_arena(void)
{
	mproc_pool *pool;

	set_limit(RLIMIT_FSIZE, 1 << 20);
	ck_assert_int_eq(mproc_pool_open(NULL, &pool), -ENOMEM);
	assert_text_has("RLIMIT_FSIZE allows 1 MiB");
}

START_TEST(open_without_room_for_an_arena_fails)
{
	in_child(open_without_room_for_an_arena);
}
END_TEST

static void open_with_little_address_space(void)
{
	mproc_pool *pool;

#ifdef __SANITIZE_ADDRESS__
	/* Which needs terabytes of addresses. */
	return;
#endif
	set_limit(RLIMIT_AS, (rlim_t)512 << 20);
	pool = open_processes(2);
	assert_usable(pool);
	mproc_pool_close(pool);
}

START_TEST(open_with_little_address_space_makes_a_small_arena)
{
	in_child(open_with_little_address_space);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		open_with_too_few_threads_left_fails_and_leaves_none,
		a_map_fails_when_no_worker_thread_is_left,
		the_others_go_on_when_a_worker_thread_cannot_be_replaced,
		NULL,
	};
	const TTest *process_tests[] = {
		open_without_processes_left_fails,
		open_with_too_few_processes_left_fails_and_leaves_none,
		open_succeeds_with_exactly_enough_processes,
		the_others_go_on_when_a_worker_cannot_be_replaced,
		a_map_fails_when_no_worker_is_left,
		a_worker_is_replaced_as_soon_as_that_is_possible,
		a_program_may_drop_privileges_between_two_pools,
		a_worker_that_dropped_privileges_is_replaced,
		open_without_descriptors_left_fails_and_leaves_nothing,
		open_with_more_workers_than_descriptors_fails_and_does_not_hang,
		maps_and_close_need_no_descriptors,
		the_nurserys_death_is_dealt_with_without_descriptors,
		NULL,
	};
	const TTest *memory_tests[] = {
		a_map_that_needs_more_than_the_arena_fails_and_leaves_the_pool_usable,
		open_in_a_full_arena_fails,
		open_without_room_for_an_arena_fails,
		open_with_little_address_space_makes_a_small_arena,
		NULL,
	};
	const support_suite suite = {
		.name = "limits",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
	};
	const support_suite memory_suite = {
		.name = "limits of memory",
		.process_tests = memory_tests,
	};

	return support_run_suite(&suite) | support_run_suite(&memory_suite);
}
