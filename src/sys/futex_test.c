/* SPDX-License-Identifier: MIT */
#include "sys/futex.h"

#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The words that a test sleeps on, shared with the processes it forks. */
struct words {
	_Atomic uint32_t asleep, elsewhere, done;
};

static struct words *words;

static void map_words(void)
{
	words = mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(words, MAP_FAILED);
}

static void unmap_words(void)
{
	munmap(words, sizeof *words);
}

START_TEST(wait_returns_at_once_when_the_word_differs)
{
	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 1, mproc_after(100)), 0);
}
END_TEST

START_TEST(wait_times_out_at_the_deadline_and_not_before)
{
	mproc_deadline deadline = mproc_after(0.005);

	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 0, deadline), -ETIMEDOUT);
	ck_assert_int_ge(mproci_clock_now(), deadline);
}
END_TEST

START_TEST(wait_times_out_when_the_deadline_has_passed)
{
	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 0, 1), -ETIMEDOUT);
}
END_TEST

START_TEST(wait_now_only_looks)
{
	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 0, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_futex_wait(&words->asleep, 1, MPROC_NOW), 0);
}
END_TEST

START_TEST(wake_with_nobody_asleep_does_nothing)
{
	mproci_futex_wake(&words->asleep, MPROCI_WAKE_ALL);
	ck_assert_uint_eq(words->asleep, 0);
}
END_TEST

START_TEST(wake_of_an_address_that_nobody_mapped_is_no_error)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(hole, MAP_FAILED);
	munmap(hole, 4096);
	mproci_futex_wake(hole, MPROCI_WAKE_ALL);
}
END_TEST

static void *wait_for_change(void *unused)
{
	while (words->asleep == 0)
		ck_assert_int_eq(mproci_futex_wait(&words->asleep, 0, MPROC_FOREVER), 0);
	return unused;
}

START_TEST(wake_reaches_a_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_change, NULL), 0);
	words->asleep = 1;
	mproci_futex_wake(&words->asleep, MPROCI_WAKE_ALL);
	pthread_join(thread, NULL);
}
END_TEST

static void ignore(int number)
{
	(void)number;
}

static void *wait_once(void *ret_result)
{
	*(int *)ret_result = mproci_futex_wait(&words->asleep, 0, MPROC_FOREVER);
	words->done = 1;
	return NULL;
}

START_TEST(caught_signal_makes_the_caller_look_again)
{
	struct sigaction catch = {.sa_handler = ignore}, before;
	int result = -1;
	pthread_t thread;

	sigaction(SIGUSR1, &catch, &before);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_once, &result), 0);
	while (words->done == 0) {
		pthread_kill(thread, SIGUSR1);
		sched_yield();
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(result, 0);
	sigaction(SIGUSR1, &before, NULL);
}
END_TEST

static pid_t fork_sleeper(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(mproci_futex_wait(&words->asleep, 0, MPROC_FOREVER));
	return pid;
}

/* Move all who sleep on one word to another without waking them; returns how many were moved. */
static int move_sleepers(void)
{
	return (int)syscall(SYS_futex, &words->asleep, FUTEX_CMP_REQUEUE, 0, INT_MAX, &words->elsewhere, 0);
}

static void await_sleepers(int count)
{
	while (count > 0) {
		int moved = move_sleepers();

		ck_assert_int_ge(moved, 0);
		count -= moved;
	}
}

START_TEST(wake_reaches_another_process)
{
	pid_t pid = fork_sleeper();
	int status;

	await_sleepers(1);
	mproci_futex_wake(&words->elsewhere, 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(wake_wakes_no_more_than_it_was_asked_to)
{
	pid_t pids[3];
	long left;

	for (int i = 0; i < 3; ++i)
		pids[i] = fork_sleeper();
	await_sleepers(3);
	mproci_futex_wake(&words->elsewhere, 2);
	left = syscall(SYS_futex, &words->elsewhere, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	for (int i = 0; i < 3; ++i)
		waitpid(pids[i], NULL, 0);
	ck_assert_int_eq(left, 1);
}
END_TEST

/* Returns how many of three sleepers are left when @count were to be woken; @ret_woken: what it says. */
static long sleepers_left(int count, uint32_t word, int *ret_woken)
{
	pid_t pids[3];
	long left;

	words->asleep = 0;
	for (int i = 0; i < 3; ++i)
		pids[i] = fork_sleeper();
	await_sleepers(3);
	words->elsewhere = word;
	*ret_woken = mproci_futex_step_twice(&words->elsewhere, count);
	left = syscall(SYS_futex, &words->elsewhere, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	for (int i = 0; i < 3; ++i)
		waitpid(pids[i], NULL, 0);
	ck_assert_uint_eq(words->elsewhere, word + 2);
	return left;
}

START_TEST(step_twice_wakes_as_many_as_it_was_asked_to_and_says_so)
{
	const struct {
		int count;
		uint32_t word;
		int woken;
	} cases[] = {
		{1, 1, 1},
		{2, 1, 2},
		{3, 1, 3},
		{4, 1, 3},
		{INT_MAX, 1, 3},
		{2, INT32_MAX, 2},
		/* The kernel takes the word for negative, and wakes one more. */
		{1, UINT32_C(0x80000001), 2},
		{3, UINT32_MAX, 3},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
		int woken;
		long left = sleepers_left(cases[i].count, cases[i].word, &woken);

		ck_assert_int_eq(woken, cases[i].woken);
		ck_assert_int_eq(left, 3 - cases[i].woken);
	}
}
END_TEST

START_TEST(step_twice_adds_two_and_says_that_nobody_slept)
{
	const uint32_t words_before[] = {0, 1, 7, INT32_MAX, UINT32_MAX - 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof words_before / sizeof words_before[0]; ++i) {
		words->asleep = words_before[i];
		ck_assert_int_eq(mproci_futex_step_twice(&words->asleep, 1), 0);
		ck_assert_uint_eq(words->asleep, words_before[i] + 2);
	}
}
END_TEST

START_TEST(step_twice_of_an_address_that_nobody_mapped_is_no_error)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(hole, MAP_FAILED);
	munmap(hole, 4096);
	ck_assert_int_eq(mproci_futex_step_twice(hole, 1), 0);
}
END_TEST

/* The last word that was slept on. */
static uint32_t word_slept_on;

static void *sleep_on_word(void *unused)
{
	while (words->asleep == word_slept_on)
		mproci_futex_wait(&words->asleep, word_slept_on, MPROC_FOREVER);
	return unused;
}

START_TEST(step_twice_makes_who_is_just_about_to_sleep_look_again)
{
	for (int i = 0; i < 200; ++i) {
		pthread_t thread;

		word_slept_on = words->asleep;
		ck_assert_int_eq(pthread_create(&thread, NULL, sleep_on_word, NULL), 0);
		mproci_futex_step_twice(&words->asleep, 1);
		pthread_join(thread, NULL);
	}
	ck_assert_uint_eq(words->asleep, 400);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		wait_returns_at_once_when_the_word_differs,
		wait_times_out_at_the_deadline_and_not_before,
		wait_times_out_when_the_deadline_has_passed,
		wait_now_only_looks,
		wake_with_nobody_asleep_does_nothing,
		wake_of_an_address_that_nobody_mapped_is_no_error,
		wake_reaches_a_thread,
		caught_signal_makes_the_caller_look_again,
		step_twice_adds_two_and_says_that_nobody_slept,
		step_twice_of_an_address_that_nobody_mapped_is_no_error,
		step_twice_makes_who_is_just_about_to_sleep_look_again,
		NULL,
	};
	const TTest *process_tests[] = {
		wake_reaches_another_process,
		wake_wakes_no_more_than_it_was_asked_to,
		step_twice_wakes_as_many_as_it_was_asked_to_and_says_so,
		NULL,
	};
	const support_suite suite = {
		.name = "futex",
		.tests = tests,
		.process_tests = process_tests,
		.setup = map_words,
		.teardown = unmap_words,
	};

	return support_run_suite(&suite);
}
