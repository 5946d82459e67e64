/* SPDX-License-Identifier: MIT */
#include <mproc/mutex.h>

#include "support.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the arena. */
static struct shared {
	mproc_mutex mutex;
	/* Changed under the mutex only, in two steps. */
	long total, copy;
	_Atomic int ready;
} * shared;

static void make_mutex(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, NULL), 0);
}

static void free_mutex(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static void check_text(const char *expected)
{
	ck_assert_msg(strstr(mproc_error_text(), expected) != NULL, "\"%s\" is not in \"%s\"", expected,
		mproc_error_text());
}

static int lock(mproc_deadline deadline)
{
	return mproc_mutex_lock(&shared->mutex, deadline);
}

static int unlock(void)
{
	return mproc_mutex_unlock(&shared->mutex);
}

/* What a call returned in another thread, and its error text there. */
struct answer {
	int result;
	char text[256];
};

static void keep(struct answer *answer, int result)
{
	answer->result = result;
	strncpy(answer->text, mproc_error_text(), sizeof answer->text - 1);
}

static void *lock_now(void *answer)
{
	keep(answer, lock(MPROC_NOW));
	return NULL;
}

static void *lock_soon(void *answer)
{
	keep(answer, lock(mproc_after(0.005)));
	return NULL;
}

static void *unlock_it(void *answer)
{
	keep(answer, unlock());
	return NULL;
}

static void *destroy_it(void *answer)
{
	keep(answer, mproc_mutex_destroy(&shared->mutex));
	return NULL;
}

static struct answer in_thread(void *(*function)(void *))
{
	struct answer answer = {.result = INT_MIN};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, function, &answer), 0);
	pthread_join(thread, NULL);
	return answer;
}

START_TEST(init_refuses_no_mutex)
{
	ck_assert_int_eq(mproc_mutex_init(NULL, NULL), -EINVAL);
	check_text("mutex is NULL");
}
END_TEST

START_TEST(init_refuses_each_reserved_word)
{
	for (int i = 0; i < 3; ++i) {
		mproc_mutex_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &options), -EINVAL);
		check_text(expected);
	}
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(mutex_can_be_locked_again_after_unlock)
{
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(lock(MPROC_FOREVER), 0);
		ck_assert_int_eq(unlock(), 0);
	}
}
END_TEST

START_TEST(free_mutex_is_locked_whatever_the_deadline)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, 1, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(lock(deadlines[i]), 0);
		ck_assert_int_eq(unlock(), 0);
	}
}
END_TEST

START_TEST(lock_fails_at_the_deadline)
{
	struct answer answer;

	lock(MPROC_FOREVER);
	answer = in_thread(lock_soon);
	ck_assert_int_eq(answer.result, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(answer.text, "still held by somebody else at the deadline"));
	unlock();
}
END_TEST

START_TEST(lock_now_fails_while_another_thread_holds_it)
{
	struct answer answer;

	lock(MPROC_FOREVER);
	answer = in_thread(lock_now);
	ck_assert_int_eq(answer.result, -EAGAIN);
	ck_assert_ptr_nonnull(strstr(answer.text, "held by somebody else"));
	unlock();
}
END_TEST

START_TEST(recursive_mutex_is_free_after_as_many_unlocks)
{
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(in_thread(lock_now).result, -EAGAIN);
		ck_assert_int_eq(unlock(), 0);
	}
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(mutex_of_a_thread_that_ended_is_given_on)
{
	ck_assert_int_eq(in_thread(lock_now).result, 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "its last holder died holding it"));
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(lock_and_unlock_refuse_what_is_no_mutex)
{
	mproc_mutex nothing = {{0}};

	ck_assert_int_eq(mproc_mutex_lock(NULL, MPROC_NOW), -EINVAL);
	check_text("mutex is NULL");
	ck_assert_int_eq(mproc_mutex_unlock(NULL), -EINVAL);
	check_text("mutex is NULL");
	ck_assert_int_eq(mproc_mutex_lock(&nothing, MPROC_NOW), -EINVAL);
	check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_mutex_unlock(&nothing), -EINVAL);
	check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_mutex_destroy(&nothing), -EINVAL);
	check_text("not initialised, or destroyed");
}
END_TEST

START_TEST(destroy_accepts_no_mutex)
{
	ck_assert_int_eq(mproc_mutex_destroy(NULL), 0);
}
END_TEST

START_TEST(destroyed_mutex_is_refused_until_it_is_made_again)
{
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), -EINVAL);
	ck_assert_int_eq(unlock(), -EINVAL);
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), -EINVAL);
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, NULL), 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	unlock();
}
END_TEST

START_TEST(mutex_in_ordinary_memory_works_between_threads)
{
	mproc_mutex local;

	ck_assert_int_eq(mproc_mutex_init(&local, NULL), 0);
	ck_assert_int_eq(mproc_mutex_lock(&local, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_mutex_unlock(&local), 0);
	ck_assert_int_eq(mproc_mutex_destroy(&local), 0);
}
END_TEST

enum {
	SIDES = 4,
	ROUNDS = 20000,
};

/* Returns 0, or what went wrong. */
static int count_up(void)
{
	for (int i = 0; i < ROUNDS; ++i) {
		if (lock(MPROC_FOREVER) != 0)
			return 1;
		if (shared->total != shared->copy)
			return 2;
		++shared->total;
		++shared->copy;
		if (unlock() != 0)
			return 3;
	}
	return 0;
}

static void *count_in_thread(void *ret_result)
{
	*(int *)ret_result = count_up();
	return NULL;
}

START_TEST(threads_exclude_each_other)
{
	pthread_t threads[SIDES];
	int results[SIDES];

	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_thread, &results[i]), 0);
	for (int i = 0; i < SIDES; ++i) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(results[i], 0);
	}
	ck_assert_int_eq(shared->total, (long)SIDES * ROUNDS);
}
END_TEST

/* From here on: between processes, or what ThreadSanitizer takes for a mistake of the program. */

static int reap(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(processes_exclude_each_other)
{
	pid_t pids[SIDES];

	for (int i = 0; i < SIDES; ++i) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(count_up());
	}
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(reap(pids[i]), 0);
	ck_assert_int_eq(shared->total, (long)SIDES * ROUNDS);
}
END_TEST

/* Everybody counts until the test kills one after the other: the survivors' counts stay right. */
static void count_until_killed(void)
{
	for (;;) {
		int rc = lock(MPROC_FOREVER);

		if (rc < 0 || (rc == 0 && shared->total != shared->copy))
			_exit(1);
		if (rc == MPROC_OWNER_DIED)
			shared->copy = shared->total;
		++shared->total;
		++shared->copy;
		if (unlock() != 0)
			_exit(2);
	}
}

static void wait_until_counted(long more)
{
	long goal;

	ck_assert_int_ge(lock(MPROC_FOREVER), 0);
	goal = shared->total + more;
	shared->copy = shared->total;
	ck_assert_int_eq(unlock(), 0);
	for (long now = 0; now < goal;) {
		int rc = lock(MPROC_FOREVER);

		ck_assert_int_ge(rc, 0);
		if (rc == MPROC_OWNER_DIED)
			shared->copy = shared->total;
		now = shared->total;
		ck_assert_int_eq(unlock(), 0);
	}
}

START_TEST(killed_processes_stop_nobody)
{
	pid_t pids[SIDES];

	for (int i = 0; i < SIDES; ++i) {
		pids[i] = fork();
		if (pids[i] == 0)
			count_until_killed();
	}
	for (int i = 0; i < SIDES; ++i) {
		wait_until_counted(1000);
		kill(pids[i], SIGKILL);
		ck_assert_int_eq(reap(pids[i]), -SIGKILL);
	}
	ck_assert_int_ge(lock(mproc_after(30)), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(lock_by_the_holder_is_refused)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, mproc_after(100)};

	lock(MPROC_FOREVER);
	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(lock(deadlines[i]), -EDEADLK);
		check_text("this thread holds it already");
	}
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(unlock_of_a_free_mutex_is_refused)
{
	ck_assert_int_eq(unlock(), -EPERM);
	check_text("not held by this thread");
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	unlock();
}
END_TEST

START_TEST(unlock_by_another_thread_is_refused)
{
	struct answer answer;

	lock(MPROC_FOREVER);
	answer = in_thread(unlock_it);
	ck_assert_int_eq(answer.result, -EPERM);
	ck_assert_ptr_nonnull(strstr(answer.text, "not held by this thread"));
	ck_assert_int_eq(in_thread(lock_now).result, -EAGAIN);
	unlock();
}
END_TEST

START_TEST(child_does_not_hold_what_its_parent_holds)
{
	pid_t pid;

	lock(MPROC_FOREVER);
	pid = fork();
	if (pid == 0)
		_exit(unlock() == -EPERM && lock(MPROC_NOW) == -EAGAIN ? 0 : 1);
	ck_assert_int_eq(reap(pid), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(mutex_locked_too_often_is_refused_and_says_so)
{
	uint32_t *depth = (uint32_t *)(void *)&shared->mutex + 3;

	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	lock(MPROC_FOREVER);
	lock(MPROC_FOREVER);
	/* As if it had been locked four billion times: the depth lies behind the mark. */
	ck_assert_uint_eq(*depth, 1);
	*depth = UINT32_MAX;
	ck_assert_int_eq(lock(MPROC_FOREVER), -EAGAIN);
	ck_assert_msg(strstr(mproc_error_text(), "4294967295 times") != NULL, "%s", mproc_error_text());
	*depth = 1;
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(destroy_of_a_mutex_that_this_thread_holds_is_refused)
{
	lock(MPROC_FOREVER);
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), -EBUSY);
	check_text("holds it");
	ck_assert_int_eq(in_thread(lock_now).result, -EAGAIN);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), 0);
}
END_TEST

START_TEST(destroy_of_a_recursive_mutex_that_this_thread_holds_is_refused)
{
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	lock(MPROC_FOREVER);
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), -EBUSY);
	ck_assert_int_eq(in_thread(lock_now).result, -EAGAIN);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(in_thread(lock_now).result, 0);
}
END_TEST

START_TEST(destroy_of_a_mutex_that_somebody_else_holds_is_refused)
{
	struct answer answer;

	lock(MPROC_FOREVER);
	answer = in_thread(destroy_it);
	ck_assert_int_eq(answer.result, -EBUSY);
	ck_assert_ptr_nonnull(strstr(answer.text, "somebody holds it"));
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(mutex_of_a_dead_holder_can_be_destroyed)
{
	ck_assert_int_eq(in_thread(lock_now).result, 0);
	ck_assert_int_eq(mproc_mutex_destroy(&shared->mutex), 0);
}
END_TEST

/* Fork a child that locks and waits to be killed; returns when it holds the mutex. */
static pid_t fork_holder(void)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		byte = (char)lock(MPROC_FOREVER);
		(void)!write(ends[1], &byte, 1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 0);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

START_TEST(mutex_of_a_killed_holder_is_given_on_and_stays_usable)
{
	pid_t holder = fork_holder();

	kill(holder, SIGKILL);
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(reap(holder), -SIGKILL);
}
END_TEST

START_TEST(mutex_of_a_killed_holder_is_given_on_whatever_the_deadline)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, 1, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		pid_t holder = fork_holder();

		kill(holder, SIGKILL);
		reap(holder);
		ck_assert_int_eq(lock(deadlines[i]), MPROC_OWNER_DIED);
		ck_assert_int_eq(unlock(), 0);
	}
}
END_TEST

START_TEST(news_of_a_death_is_told_again_when_the_next_holder_dies_too)
{
	for (int i = 0; i < 2; ++i) {
		pid_t holder = fork();

		if (holder == 0)
			_exit(lock(MPROC_FOREVER));
		ck_assert_int_eq(reap(holder), i == 0 ? 0 : MPROC_OWNER_DIED);
	}
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	unlock();
}
END_TEST

START_TEST(recursive_mutex_of_a_killed_holder_is_held_once)
{
	pid_t holder;

	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	holder = fork();
	if (holder == 0) {
		for (int i = 0; i < 5; ++i)
			lock(MPROC_FOREVER);
		_exit(0);
	}
	reap(holder);
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(unlock(), -EPERM);
}
END_TEST

START_TEST(wrong_unlock_of_a_recursive_mutex_does_nothing)
{
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	lock(MPROC_FOREVER);
	lock(MPROC_FOREVER);
	ck_assert_int_eq(in_thread(unlock_it).result, -EPERM);
	ck_assert_int_eq(in_thread(lock_now).result, -EAGAIN);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(unlock(), -EPERM);
}
END_TEST

START_TEST(wrong_unlock_of_a_recursive_mutex_does_not_hide_the_death_of_its_holder)
{
	pid_t holder;

	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
	holder = fork();
	if (holder == 0) {
		lock(MPROC_FOREVER);
		_exit(lock(MPROC_FOREVER));
	}
	ck_assert_int_eq(reap(holder), 0);
	ck_assert_int_eq(unlock(), -EPERM);
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(stopped_holder_keeps_the_mutex)
{
	pid_t holder = fork_holder();

	kill(holder, SIGSTOP);
	ck_assert_int_eq(waitpid(holder, NULL, WUNTRACED), holder);
	ck_assert_int_eq(lock(MPROC_NOW), -EAGAIN);
	check_text("held by somebody else");
	ck_assert_int_eq(lock(mproc_after(0.005)), -ETIMEDOUT);
	check_text("at the deadline");
	kill(holder, SIGKILL);
	reap(holder);
}
END_TEST

START_TEST(waiting_process_gets_the_mutex_when_the_holder_is_killed)
{
	pid_t holder = fork_holder(), waiter = fork();

	if (waiter == 0)
		_exit(lock(MPROC_FOREVER));
	kill(holder, SIGKILL);
	reap(holder);
	ck_assert_int_eq(reap(waiter), MPROC_OWNER_DIED);
}
END_TEST

static volatile sig_atomic_t caught;
static int gate[2];

/* Lets the holder go on when the waiter was disturbed often enough. */
static void disturb(int number)
{
	(void)number;
	if (++caught == 10)
		(void)!write(gate[1], "x", 1);
}

START_TEST(caught_signal_does_not_end_a_wait)
{
	struct sigaction catch = {.sa_handler = disturb};
	struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, never = {0};
	pid_t holder;
	char byte;

	ck_assert_int_eq(pipe(gate), 0);
	holder = fork();
	if (holder == 0) {
		lock(MPROC_FOREVER);
		shared->ready = 1;
		(void)!read(gate[0], &byte, 1);
		_exit(unlock());
	}
	while (!shared->ready)
		sched_yield();
	sigaction(SIGALRM, &catch, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_ge(caught, 10);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(reap(holder), 0);
	close(gate[0]);
	close(gate[1]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_mutex,
		init_refuses_each_reserved_word,
		mutex_can_be_locked_again_after_unlock,
		free_mutex_is_locked_whatever_the_deadline,
		lock_fails_at_the_deadline,
		lock_now_fails_while_another_thread_holds_it,
		recursive_mutex_is_free_after_as_many_unlocks,
		mutex_of_a_thread_that_ended_is_given_on,
		lock_and_unlock_refuse_what_is_no_mutex,
		destroy_accepts_no_mutex,
		destroyed_mutex_is_refused_until_it_is_made_again,
		mutex_in_ordinary_memory_works_between_threads,
		threads_exclude_each_other,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_exclude_each_other,
		killed_processes_stop_nobody,
		lock_by_the_holder_is_refused,
		unlock_of_a_free_mutex_is_refused,
		unlock_by_another_thread_is_refused,
		child_does_not_hold_what_its_parent_holds,
		mutex_locked_too_often_is_refused_and_says_so,
		destroy_of_a_mutex_that_this_thread_holds_is_refused,
		destroy_of_a_recursive_mutex_that_this_thread_holds_is_refused,
		destroy_of_a_mutex_that_somebody_else_holds_is_refused,
		mutex_of_a_dead_holder_can_be_destroyed,
		mutex_of_a_killed_holder_is_given_on_and_stays_usable,
		mutex_of_a_killed_holder_is_given_on_whatever_the_deadline,
		news_of_a_death_is_told_again_when_the_next_holder_dies_too,
		recursive_mutex_of_a_killed_holder_is_held_once,
		wrong_unlock_of_a_recursive_mutex_does_nothing,
		wrong_unlock_of_a_recursive_mutex_does_not_hide_the_death_of_its_holder,
		stopped_holder_keeps_the_mutex,
		waiting_process_gets_the_mutex_when_the_holder_is_killed,
		caught_signal_does_not_end_a_wait,
		NULL,
	};
	const support_suite suite = {
		.name = "mutex",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_mutex,
		.teardown = free_mutex,
	};

	return support_run_suite(&suite);
}
