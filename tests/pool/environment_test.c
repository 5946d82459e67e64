/* SPDX-License-Identifier: MIT */
/*
 * Programs with signal handlers, children and habits of their own; and what is left after many pools.
 */
#include "pool_helpers.h"

#include "family/member.h"

#include <pthread.h>

enum {
	WORKERS = 3,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	CYCLES = 30,
#else
	CYCLES = 200,
#endif
};

/* --- signals --- */

static int die_at_3(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_index(task) == 3 ? raise(SIGKILL) : 0;
}

/* Everything that makes children end. */
static void use_pool_with_deaths(void)
{
	mproc_pool *pool = open_processes(WORKERS);

	for (int i = 0; i < 10; ++i) {
		ck_assert_int_eq(
			mproc_pool_map(pool, die_at_3, NULL, 0, 20, NULL, 0, NULL), MPROC_ITEMS_FAILED);
		assert_text_has("1 of 20 items failed; the first, item 3: its worker");
		assert_usable(pool);
	}
	ck_assert_ptr_null(mproc_pool_close(pool));
}

/* Slots in the table of processes that are taken. */
static int count_members(void)
{
	int count = 0;

	for (uint32_t i = 0; i < mproci_family_here->member_limit; ++i)
		count += (uint32_t)mproci_family_here->members[i].word != MPROCI_MEMBER_FREE;
	return count;
}

static void lose_nursery(void)
{
	int members = count_members();
	mproc_pool *pool = open_processes(WORKERS);

	kill(find_nursery(), SIGKILL);
	wait_until(count_children(getpid()) == 0);
	ck_assert_int_eq(mproc_pool_map(pool, die_at_3, NULL, 0, 20, NULL, 0, NULL), -ENOTRECOVERABLE);
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_members(), members);
}

static volatile sig_atomic_t reaped;

static void reap_any_child(int number)
{
	int before = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		++reaped;
	errno = before;
}

START_TEST(the_application_may_reap_any_child)
{
	struct sigaction action = {.sa_handler = reap_any_child, .sa_flags = SA_RESTART};

	sigaction(SIGCHLD, &action, NULL);
	use_pool_with_deaths();
	lose_nursery();
	ck_assert_int_gt(reaped, 0);
}
END_TEST

START_TEST(the_application_may_ignore_sigchld)
{
	signal(SIGCHLD, SIG_IGN);
	use_pool_with_deaths();
	lose_nursery();
}
END_TEST

static volatile sig_atomic_t caught;

static void count_signal(int number)
{
	(void)number;
	++caught;
}

static _Atomic bool is_enough;

static void *signal_main(void *thread)
{
	while (!is_enough) {
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
		pause_shortly();
	}
	return NULL;
}

START_TEST(caught_signals_do_not_end_a_map)
{
	struct sigaction action = {.sa_handler = count_signal};
	mproc_pool *pool = open_processes(WORKERS);
	pthread_t self = pthread_self(), thread;

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, signal_main, &self);
	while (caught < 100)
		assert_usable(pool);
	is_enough = true;
	pthread_join(thread, NULL);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(handlers_of_the_application_do_not_run_in_workers)
{
	struct sigaction action = {.sa_handler = count_signal};
	pid_t workers[MOST_PROCESSES], nursery;
	mproc_pool *pool;

	sigaction(SIGUSR1, &action, NULL);
	pool = open_processes(1);
	nursery = find_nursery();
	find_children(nursery, workers);
	/* By default this kills. */
	kill(workers[0], SIGUSR1);
	wait_until(has_ended(workers[0]));
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(all_signals_may_be_blocked)
{
	sigset_t all, now;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	use_pool_with_deaths();
	lose_nursery();
	sigprocmask(SIG_SETMASK, NULL, &now);
	ck_assert_int_eq(sigismember(&now, SIGTERM), 1);
}
END_TEST

START_TEST(open_leaves_mask_and_handlers_as_they_are)
{
	struct sigaction before[NSIG], now;
	sigset_t mask, mask_now;
	mproc_pool *pool;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int i = 1; i < NSIG; ++i)
		sigaction(i, NULL, &before[i]);
	pool = open_processes(1);
	assert_usable(pool);
	for (int i = 1; i < NSIG; ++i) {
		if (sigaction(i, NULL, &now) == 0)
			ck_assert_msg(now.sa_handler == before[i].sa_handler, "signal %d", i);
	}
	sigprocmask(SIG_SETMASK, NULL, &mask_now);
	for (int i = 1; i < SIGRTMIN; ++i)
		ck_assert_int_eq(sigismember(&mask_now, i), sigismember(&mask, i));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_interrupt_of_the_group_leaves_the_workers_alone)
{
	pid_t before[MOST_PROCESSES], after[MOST_PROCESSES];
	mproc_pool *pool = open_processes(WORKERS);
	pid_t nursery = find_nursery();

	if (getpgrp() == getpid()) { /* CK_FORK=no: the group may hold others */
		find_children(nursery, before);
		signal(SIGINT, SIG_IGN);
		kill(0, SIGINT);
		for (int i = 0; i < 20; ++i)
			assert_usable(pool);
		ck_assert_int_eq(find_children(nursery, after), WORKERS);
		ck_assert_mem_eq(before, after, WORKERS * sizeof *before);
	}
	mproc_pool_close(pool);
}
END_TEST

/* --- children of the application --- */

START_TEST(a_lost_nursery_leaves_no_members_behind)
{
	for (int i = 0; i < 10; ++i)
		lose_nursery();
}
END_TEST

START_TEST(children_of_the_application_are_not_reaped)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(7);
	use_pool_with_deaths();
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

/* A child of the application that lives on does not keep the workers of a killed program alive. */
START_TEST(a_child_of_the_application_does_not_hold_the_workers)
{
	struct {
		_Atomic pid_t child;
		_Atomic bool may_end;
	} *met = share(sizeof *met);
	pid_t program = fork(), worker[MOST_PROCESSES];

	if (program == 0) {
		open_processes(1);
		if (fork() == 0) {
			met->child = getpid();
			wait_until(met->may_end);
			_exit(0);
		}
		wait_until(false);
	}
	wait_until(met->child != 0);
	ck_assert_int_eq(find_children(find_nursery_of(program), worker), 1);
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	wait_until(has_ended(worker[0]));
	ck_assert(!has_ended(met->child));
	met->may_end = true;
	wait_until(has_ended(met->child));
}
END_TEST

static void *read_line(void *ends)
{
	FILE *file = fdopen(((int *)ends)[0], "r");
	char line[10];

	ck_assert_ptr_null(fgets(line, sizeof line, file));
	fclose(file);
	return NULL;
}

/* Such a thread holds the lock of its stream as long as nothing comes. */
START_TEST(a_thread_that_reads_from_a_stream_does_not_hold_up_open)
{
	mproc_pool *pool;
	pthread_t thread;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	pthread_create(&thread, NULL, read_line, ends);
	for (int i = 0; i < 50; ++i)
		pause_shortly();
	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = 1, .start = MPROC_START_FORK}, &pool));
	mproc_pool_close(pool);
	close(ends[1]);
	pthread_join(thread, NULL);
}
END_TEST

static int print_item(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	printf("item %zu\n", mproc_task_index(task));
	return 0;
}

START_TEST(what_is_printed_appears_once)
{
	FILE *output = tmpfile();
	char line[64];
	int before = 0, items = 0, stdout_copy = dup(1);
	mproc_pool *pool;

	fflush(stdout);
	dup2(fileno(output), 1);
	setvbuf(stdout, NULL, _IOFBF, 4096);
	printf("before\n");
	pool = open_processes(WORKERS);
	assert_ok(mproc_pool_map(pool, print_item, NULL, 0, 30, NULL, 0, NULL));
	mproc_pool_close(pool);
	fflush(stdout);
	dup2(stdout_copy, 1);
	close(stdout_copy);
	rewind(output);
	while (fgets(line, sizeof line, output) != NULL) {
		before += strcmp(line, "before\n") == 0;
		items += strncmp(line, "item ", 5) == 0;
	}
	fclose(output);
	ck_assert_int_eq(before, 1);
	ck_assert_int_eq(items, 30);
}
END_TEST

/* --- what is left --- */

static void cycle(mproc_backend backend)
{
	mproc_pool *pool;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = 2, .backend = backend, .start = MPROC_START_FORK}, &pool));
	assert_usable(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
}

static void assert_cycles_leave_nothing(mproc_backend backend)
{
	int descriptors, threads, blocks;
	mproci_arena_census before, after;

	/* The first ones may leave something for the next ones. */
	for (int i = 0; i < 3; ++i)
		cycle(backend);
	descriptors = count_descriptors();
	threads = count_entries("/proc/self/task");
	blocks = count_blocks();
	before = take_census();
	for (int i = 0; i < CYCLES; ++i)
		cycle(backend);
	after = take_census();
	ck_assert_int_eq(count_blocks(), blocks);
	ck_assert_uint_eq(after.held_units, before.held_units);
	ck_assert_uint_le(after.units, before.units + 4);
	ck_assert_int_eq(count_descriptors(), descriptors);
	wait_until(count_entries("/proc/self/task") == threads);
	ck_assert_int_eq(count_children(getpid()), 0);
}

START_TEST(many_pools_of_processes_leave_nothing)
{
	assert_cycles_leave_nothing(MPROC_BACKEND_PROCESSES);
}
END_TEST

START_TEST(many_pools_of_threads_leave_nothing)
{
	assert_cycles_leave_nothing(MPROC_BACKEND_THREADS);
}
END_TEST

START_TEST(many_serial_pools_leave_nothing)
{
	assert_cycles_leave_nothing(MPROC_BACKEND_SERIAL);
}
END_TEST

START_TEST(deaths_leave_no_members_behind)
{
	mproc_pool *pool = open_processes(WORKERS);
	pid_t nursery = find_nursery();
	int in_nursery, blocks = count_blocks();
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/fd", (int)nursery);
	in_nursery = count_entries(path);
	/* More than there is room for, were none given back. */
	for (int i = 0; i < 5; ++i) {
		for (int k = 0; k < 20; ++k)
			ck_assert_int_eq(mproc_pool_map(pool, die_at_3, NULL, 0, 20, NULL, 0, NULL),
				MPROC_ITEMS_FAILED);
	}
	wait_until(count_children(nursery) == WORKERS);
	ck_assert_int_le(mproci_family_here->member_limit, 20);
	/* It looks for orphans in /proc for a moment. */
	wait_until(count_entries(path) == in_nursery);
	ck_assert_int_eq(count_blocks(), blocks);
	mproc_pool_close(pool);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		many_pools_of_threads_leave_nothing,
		many_serial_pools_leave_nothing,
		NULL,
	};
	const TTest *process_tests[] = {
		the_application_may_reap_any_child,
		the_application_may_ignore_sigchld,
		caught_signals_do_not_end_a_map,
		handlers_of_the_application_do_not_run_in_workers,
		all_signals_may_be_blocked,
		open_leaves_mask_and_handlers_as_they_are,
		an_interrupt_of_the_group_leaves_the_workers_alone,
		a_lost_nursery_leaves_no_members_behind,
		children_of_the_application_are_not_reaped,
		a_child_of_the_application_does_not_hold_the_workers,
		a_thread_that_reads_from_a_stream_does_not_hold_up_open,
		what_is_printed_appears_once,
		many_pools_of_processes_leave_nothing,
		deaths_leave_no_members_behind,
		NULL,
	};
	const support_suite suite = {
		.name = "environment",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
		.timeout = 10,
	};

	return support_run_suite(&suite);
}
