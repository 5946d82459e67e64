/* SPDX-License-Identifier: MIT */
#include <mproc/once.h>

#include "people.h"
#include "support.h"
#include "sys/lock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	MANY = 16,
	/* What a function that fails returns. */
	FAILURE = -7,
};

/* In the arena. */
static struct shared {
	mproc_once once;
	/* How often the function was begun, and how often it succeeded. */
	_Atomic uint32_t begun, finished;
	/* Set when a function that waits may go on. */
	_Atomic uint32_t may_go_on;
	/* Written by the function, in no particular way. */
	long message;
} * shared;

static void make_shared(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_once_init(&shared->once), 0);
}

static void free_shared(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static int run(mproc_once_function *function, mproc_deadline deadline)
{
	return mproc_once_run(&shared->once, function, shared, deadline);
}

static int finish(void *argument)
{
	struct shared *all = argument;

	++all->begun;
	all->message = 42;
	++all->finished;
	return 0;
}

static int end_in_failure(void *unused)
{
	(void)unused;
	++shared->begun;
	return FAILURE;
}

static int fail_twice(void *argument)
{
	return shared->begun < 2 ? end_in_failure(argument) : finish(argument);
}

static int finish_with_news(void *argument)
{
	return finish(argument) + 1;
}

/* Until it may go on. */
static int linger(void *argument)
{
	++shared->begun;
	support_await(&shared->may_go_on, 1);
	--shared->begun;
	return finish(argument);
}

/* For ever. */
static int hang(void *unused)
{
	(void)unused;
	++shared->begun;
	for (int rc = 0; rc == 0;)
		rc = pause();
	return -EINTR;
}

static int run_finish(void *unused)
{
	(void)unused;
	return run(finish, MPROC_FOREVER);
}

static int run_finish_now(void *unused)
{
	(void)unused;
	return run(finish, MPROC_NOW);
}

static int run_finish_soon(void *unused)
{
	(void)unused;
	return run(finish, mproc_after(0.005));
}

static int run_linger(void *unused)
{
	(void)unused;
	return run(linger, MPROC_FOREVER);
}

static int run_hang(void *unused)
{
	(void)unused;
	return run(hang, MPROC_FOREVER);
}

static int destroy(void *unused)
{
	(void)unused;
	return mproc_once_destroy(&shared->once);
}

static void check_counts(uint32_t begun, uint32_t finished)
{
	ck_assert_uint_eq(shared->begun, begun);
	ck_assert_uint_eq(shared->finished, finished);
}

START_TEST(init_refuses_no_once)
{
	ck_assert_int_eq(mproc_once_init(NULL), -EINVAL);
	support_check_text("once is NULL");
}
END_TEST

START_TEST(function_runs_once_whatever_the_deadlines)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, 1, MPROC_FOREVER, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(mproc_once_init(&shared->once), 0);
		for (int j = 0; j < 3; ++j)
			ck_assert_int_eq(run(finish, deadlines[i]), 0);
		check_counts((uint32_t)i + 1, (uint32_t)i + 1);
	}
}
END_TEST

START_TEST(another_function_does_not_run_when_one_has)
{
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	ck_assert_int_eq(run(end_in_failure, MPROC_FOREVER), 0);
	check_counts(1, 1);
}
END_TEST

START_TEST(function_that_fails_is_run_again)
{
	for (uint32_t i = 1; i <= 2; ++i) {
		ck_assert_int_eq(run(fail_twice, MPROC_FOREVER), FAILURE);
		support_check_text("its function returned -7");
		check_counts(i, 0);
	}
	ck_assert_int_eq(run(fail_twice, MPROC_FOREVER), 0);
	ck_assert_int_eq(run(fail_twice, MPROC_FOREVER), 0);
	check_counts(3, 1);
}
END_TEST

START_TEST(function_with_news_has_not_failed)
{
	ck_assert_int_eq(run(finish_with_news, MPROC_FOREVER), 0);
	ck_assert_int_eq(run(finish_with_news, MPROC_FOREVER), 0);
	check_counts(1, 1);
}
END_TEST

static int inner_result;

static int run_itself(void *argument)
{
	inner_result = run(run_itself, MPROC_FOREVER);
	support_check_text("this thread is at it already");
	if (inner_result == -EDEADLK)
		inner_result = run(finish, MPROC_NOW);
	return finish(argument);
}

START_TEST(function_that_needs_itself_is_refused)
{
	ck_assert_int_eq(run(run_itself, MPROC_FOREVER), 0);
	ck_assert_int_eq(inner_result, -EDEADLK);
	check_counts(1, 1);
}
END_TEST

static mproc_once other;

static int run_other(void *argument)
{
	return mproc_once_run(&other, finish, argument, MPROC_FOREVER);
}

START_TEST(function_may_need_something_else_that_is_done_once)
{
	ck_assert_int_eq(mproc_once_init(&other), 0);
	ck_assert_int_eq(run(run_other, MPROC_FOREVER), 0);
	ck_assert_int_eq(run(run_other, MPROC_FOREVER), 0);
	ck_assert_int_eq(run_other(shared), 0);
	check_counts(1, 1);
}
END_TEST

START_TEST(every_call_refuses_what_is_no_once)
{
	mproc_once nothing = {{0}};

	ck_assert_int_eq(mproc_once_run(NULL, finish, shared, MPROC_NOW), -EINVAL);
	support_check_text("once is NULL");
	ck_assert_int_eq(mproc_once_run(&nothing, finish, shared, MPROC_NOW), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_once_destroy(&nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_once_destroy(NULL), 0);
	check_counts(0, 0);
}
END_TEST

START_TEST(run_refuses_no_function)
{
	ck_assert_int_eq(run(NULL, MPROC_NOW), -EINVAL);
	support_check_text("function is NULL");
	run(finish, MPROC_NOW);
	ck_assert_int_eq(run(NULL, MPROC_NOW), -EINVAL);
}
END_TEST

START_TEST(destroyed_once_is_refused_until_it_is_made_again)
{
	run(finish, MPROC_NOW);
	ck_assert_int_eq(mproc_once_destroy(&shared->once), 0);
	ck_assert_int_eq(run(finish, MPROC_NOW), -EINVAL);
	ck_assert_int_eq(mproc_once_destroy(&shared->once), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_once_init(&shared->once), 0);
	ck_assert_int_eq(run(finish, MPROC_NOW), 0);
	check_counts(2, 2);
}
END_TEST

START_TEST(once_that_was_never_run_can_be_destroyed)
{
	ck_assert_int_eq(mproc_once_destroy(&shared->once), 0);
}
END_TEST

START_TEST(who_comes_while_another_thread_is_at_it_waits_or_gives_up)
{
	support_thread runner, waiter;

	support_begin(&runner, run_linger, NULL);
	support_await(&shared->begun, 1);
	ck_assert_int_eq(run(finish, MPROC_NOW), -EAGAIN);
	support_check_text("somebody else was still at it");
	ck_assert_int_eq(run(finish, 1), -ETIMEDOUT);
	support_check_text("somebody else was still at it at the deadline");
	ck_assert_int_eq(run(finish, mproc_after(0.005)), -ETIMEDOUT);
	support_check_text("somebody else was still at it at the deadline");
	support_begin(&waiter, run_finish, NULL);
	shared->may_go_on = 1;
	ck_assert_int_eq(support_end(&waiter), 0);
	ck_assert_int_eq(support_end(&runner), 0);
	check_counts(1, 1);
}
END_TEST

START_TEST(once_that_is_run_is_not_destroyed)
{
	support_thread runner, destroyer;

	support_begin(&runner, run_linger, NULL);
	support_await(&shared->begun, 1);
	destroyer = support_in_thread(destroy, NULL);
	ck_assert_int_eq(destroyer.result, -EBUSY);
	ck_assert_msg(strstr(destroyer.text, "somebody is at it") != NULL, "%s", destroyer.text);
	shared->may_go_on = 1;
	ck_assert_int_eq(support_end(&runner), 0);
	ck_assert_int_eq(run(finish, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_once_destroy(&shared->once), 0);
}
END_TEST

static int destroy_from_inside(void *argument)
{
	inner_result = destroy(NULL);
	return finish(argument);
}

START_TEST(function_cannot_destroy_what_runs_it)
{
	ck_assert_int_eq(run(destroy_from_inside, MPROC_FOREVER), 0);
	ck_assert_int_eq(inner_result, -EBUSY);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	check_counts(1, 1);
}
END_TEST

static int run_and_read(void *unused)
{
	int rc = run_finish(unused);

	return rc < 0 ? rc : shared->message != 42;
}

START_TEST(one_of_many_threads_runs_it_and_all_see_what_it_wrote)
{
	for (uint32_t round = 1; round <= 200; ++round) {
		support_thread threads[MANY];

		shared->message = 0;
		mproc_once_init(&shared->once);
		for (int i = 0; i < MANY; ++i)
			support_begin(&threads[i], run_and_read, NULL);
		for (int i = 0; i < MANY; ++i)
			ck_assert_int_eq(support_end(&threads[i]), 0);
		check_counts(round, round);
	}
}
END_TEST

static int run_fail_twice(void *unused)
{
	(void)unused;
	return run(fail_twice, MPROC_FOREVER);
}

START_TEST(each_failure_is_told_to_one_of_many_threads)
{
	support_thread threads[MANY];
	int failures = 0;

	for (int i = 0; i < MANY; ++i)
		support_begin(&threads[i], run_fail_twice, NULL);
	for (int i = 0; i < MANY; ++i) {
		int rc = support_end(&threads[i]);

		ck_assert(rc == 0 || rc == FAILURE);
		failures += rc != 0;
	}
	ck_assert_int_eq(failures, 2);
	check_counts(3, 1);
}
END_TEST

static int end_thread(void *unused)
{
	++shared->begun;
	pthread_exit(unused);
}

static void *run_end_thread(void *unused)
{
	run(end_thread, MPROC_FOREVER);
	return unused;
}

START_TEST(thread_that_ends_in_the_function_leaves_it_to_the_next)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run_end_thread, NULL), 0);
	pthread_join(thread, NULL);
	check_counts(1, 0);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	check_counts(2, 1);
}
END_TEST

static int run_other_for_shared(void *unused)
{
	(void)unused;
	return run_other(shared);
}

START_TEST(once_in_ordinary_memory_works_between_threads)
{
	for (uint32_t round = 1; round <= 50; ++round) {
		support_thread threads[MANY];

		ck_assert_int_eq(mproc_once_init(&other), 0);
		for (int i = 0; i < MANY; ++i)
			support_begin(&threads[i], run_other_for_shared, NULL);
		for (int i = 0; i < MANY; ++i)
			ck_assert_int_eq(support_end(&threads[i]), 0);
		check_counts(round, round);
		ck_assert_int_eq(mproc_once_destroy(&other), 0);
	}
}
END_TEST

/* From here on: between processes. */

START_TEST(one_of_many_processes_runs_it_and_all_see_what_it_wrote)
{
	for (uint32_t round = 1; round <= 20; ++round) {
		pid_t pids[MANY];

		shared->message = 0;
		mproc_once_init(&shared->once);
		for (int i = 0; i < MANY; ++i)
			pids[i] = support_fork(run_and_read, NULL);
		for (int i = 0; i < MANY; ++i)
			ck_assert_int_eq(support_reap(pids[i]), 0);
		check_counts(round, round);
	}
}
END_TEST

START_TEST(function_of_a_killed_process_is_run_by_the_next)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, 1, MPROC_FOREVER, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		pid_t runner;

		shared->begun = shared->finished = 0;
		mproc_once_init(&shared->once);
		runner = support_fork(run_hang, NULL);
		support_await(&shared->begun, 1);
		support_kill(runner);
		ck_assert_int_eq(run(finish, deadlines[i]), 0);
		ck_assert_int_eq(run(finish, deadlines[i]), 0);
		check_counts(2, 1);
	}
}
END_TEST

START_TEST(function_of_a_killed_process_is_run_by_one_of_those_who_wait)
{
	pid_t runner = support_fork(run_hang, NULL), waiters[MANY];

	support_await(&shared->begun, 1);
	for (int i = 0; i < MANY; ++i)
		waiters[i] = support_fork(run_and_read, NULL);
	support_kill_and_leave(runner);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
	ck_assert_int_eq(support_reap(runner), -SIGKILL);
	check_counts(2, 1);
}
END_TEST

START_TEST(function_is_run_although_one_after_the_other_is_killed_in_it)
{
	for (uint32_t i = 1; i <= 5; ++i) {
		pid_t runner = support_fork(run_hang, NULL);

		support_await(&shared->begun, i);
		support_kill(runner);
	}
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	check_counts(6, 1);
}
END_TEST

START_TEST(killed_waiter_changes_nothing)
{
	pid_t runner = support_fork(run_linger, NULL), waiter;

	support_await(&shared->begun, 1);
	waiter = support_fork(run_finish, NULL);
	support_kill(waiter);
	shared->may_go_on = 1;
	ck_assert_int_eq(support_reap(runner), 0);
	ck_assert_int_eq(run(finish, MPROC_NOW), 0);
	check_counts(1, 1);
}
END_TEST

START_TEST(stopped_runner_is_still_at_it)
{
	pid_t runner = support_fork(run_linger, NULL);

	support_await(&shared->begun, 1);
	support_stop(runner);
	ck_assert_int_eq(support_reap(support_fork(run_finish_now, NULL)), EAGAIN);
	ck_assert_int_eq(support_reap(support_fork(run_finish_soon, NULL)), ETIMEDOUT);
	ck_assert_int_eq(destroy(NULL), -EBUSY);
	shared->may_go_on = 1;
	support_go_on(runner);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_reap(runner), 0);
	check_counts(1, 1);
}
END_TEST

START_TEST(once_whose_runner_was_killed_can_be_destroyed)
{
	pid_t runner = support_fork(run_hang, NULL);

	support_await(&shared->begun, 1);
	ck_assert_int_eq(destroy(NULL), -EBUSY);
	support_kill(runner);
	ck_assert_int_eq(destroy(NULL), 0);
}
END_TEST

/* The child that the function forks is not at it. */
static int fork_inside(void *argument)
{
	inner_result = support_reap(support_fork(run_finish_now, NULL));
	return finish(argument);
}

/*
 * Its lock is destroyed, and it is not: the lock lies behind the mark and the word that says that it is done.
 */
START_TEST(once_half_destroyed_by_somebody_killed_is_destroyed_again)
{
	mproci_lock *lock = (mproci_lock *)(void *)&shared->once.opaque[2];

	ck_assert_int_eq(mproci_lock_destroy(lock), 0);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), -EINVAL);
	support_check_text("half destroyed by somebody who died");
	check_counts(0, 0);
	ck_assert_int_eq(destroy(NULL), 0);
	ck_assert_int_eq(destroy(NULL), -EINVAL);
}
END_TEST

START_TEST(child_forked_by_the_function_waits_for_it)
{
	ck_assert_int_eq(run(fork_inside, MPROC_FOREVER), 0);
	ck_assert_int_eq(inner_result, EAGAIN);
	check_counts(1, 1);
}
END_TEST

static int go_on(void *unused)
{
	(void)unused;
	shared->may_go_on = 1;
	return 0;
}

START_TEST(caught_signal_does_not_end_a_wait)
{
	pid_t runner = support_fork(run_linger, NULL);

	support_await(&shared->begun, 1);
	support_disturb(go_on, NULL);
	ck_assert_int_eq(run(finish, MPROC_FOREVER), 0);
	support_calm();
	ck_assert_int_eq(support_reap(runner), 0);
	check_counts(1, 1);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_once,
		function_runs_once_whatever_the_deadlines,
		another_function_does_not_run_when_one_has,
		function_that_fails_is_run_again,
		function_with_news_has_not_failed,
		function_that_needs_itself_is_refused,
		function_may_need_something_else_that_is_done_once,
		every_call_refuses_what_is_no_once,
		run_refuses_no_function,
		destroyed_once_is_refused_until_it_is_made_again,
		once_that_was_never_run_can_be_destroyed,
		who_comes_while_another_thread_is_at_it_waits_or_gives_up,
		once_that_is_run_is_not_destroyed,
		function_cannot_destroy_what_runs_it,
		one_of_many_threads_runs_it_and_all_see_what_it_wrote,
		each_failure_is_told_to_one_of_many_threads,
		thread_that_ends_in_the_function_leaves_it_to_the_next,
		once_in_ordinary_memory_works_between_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		one_of_many_processes_runs_it_and_all_see_what_it_wrote,
		function_of_a_killed_process_is_run_by_the_next,
		function_of_a_killed_process_is_run_by_one_of_those_who_wait,
		function_is_run_although_one_after_the_other_is_killed_in_it,
		killed_waiter_changes_nothing,
		stopped_runner_is_still_at_it,
		once_whose_runner_was_killed_can_be_destroyed,
		once_half_destroyed_by_somebody_killed_is_destroyed_again,
		child_forked_by_the_function_waits_for_it,
		caught_signal_does_not_end_a_wait,
		NULL,
	};
	const support_suite suite = {
		.name = "once",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_shared,
		.teardown = free_shared,
	};

	return support_run_suite(&suite);
}
