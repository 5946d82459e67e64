/* SPDX-License-Identifier: MIT */
/*
 * The cases are those of README.md, "No wake-up is lost".
 */
#include "sync/event_count.h"

#include "family/bell.h"
#include "family/member.h"
#include "family/thread.h"
#include "people.h"
#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two sides that wait for each other's number, in the family's memory. */
struct table {
	mproci_event_count to_pong, to_ping;
	_Atomic uint32_t ball, answer;
};

static struct table *table;

static void lay_table(void)
{
	char *start, *end;

	ck_assert_int_eq(mproci_family_join(), 0);
	mproci_family_rest(&start, &end);
	table = (struct table *)(void *)(end - 4096);
}

static bool is_noted(const mproci_event_count *events)
{
	return mproci_family_here->threads[(uint32_t)mproci_thread_self()].sleeps_on
	       == (uintptr_t)&events->word;
}

START_TEST(notification_with_nobody_waiting_changes_nothing)
{
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, 0);
}
END_TEST

START_TEST(wait_times_out_at_the_deadline_and_not_before)
{
	uint32_t key = mproci_event_count_prepare(&table->to_pong);
	mproc_deadline deadline = mproc_after(0.005);

	ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, deadline), -ETIMEDOUT);
	ck_assert_int_ge(mproci_clock_now(), deadline);
}
END_TEST

START_TEST(wait_now_times_out_at_once)
{
	uint32_t key = mproci_event_count_prepare(&table->to_pong);

	ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(notification_after_prepare_ends_the_wait)
{
	uint32_t key = mproci_event_count_prepare(&table->to_pong);

	mproci_event_count_notify(&table->to_pong);
	ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER), 0);
}
END_TEST

START_TEST(notification_before_prepare_is_not_remembered)
{
	uint32_t key;

	mproci_event_count_notify(&table->to_pong);
	key = mproci_event_count_prepare(&table->to_pong);
	ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(second_notification_costs_nothing_when_nobody_prepared_since)
{
	uint32_t after_first;

	mproci_event_count_prepare(&table->to_pong);
	mproci_event_count_notify(&table->to_pong);
	after_first = table->to_pong.word;
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, after_first);
	mproci_event_count_cancel(&table->to_pong);
}
END_TEST

START_TEST(word_is_noted_from_prepare_until_cancel)
{
	ck_assert(!is_noted(&table->to_pong));
	mproci_event_count_prepare(&table->to_pong);
	ck_assert(is_noted(&table->to_pong));
	mproci_event_count_cancel(&table->to_pong);
	ck_assert(!is_noted(&table->to_pong));
}
END_TEST

START_TEST(word_is_noted_from_prepare_until_the_wait_is_over)
{
	uint32_t key = mproci_event_count_prepare(&table->to_pong);

	mproci_event_count_wait(&table->to_pong, key, MPROC_NOW);
	ck_assert(!is_noted(&table->to_pong));
}
END_TEST

START_TEST(event_count_works_when_its_word_overflows)
{
	uint32_t key;

	table->to_pong.word = UINT32_MAX - 1;
	key = mproci_event_count_prepare(&table->to_pong);
	ck_assert_uint_eq(key, UINT32_MAX);
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, 0);
	ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER), 0);
}
END_TEST

START_TEST(event_count_outside_the_family_works_between_threads)
{
	static mproci_event_count here;
	uint32_t key = mproci_event_count_prepare(&here);

	mproci_event_count_notify(&here);
	ck_assert_int_eq(mproci_event_count_wait(&here, key, MPROC_FOREVER), 0);
}
END_TEST

static void await(mproci_event_count *events, const _Atomic uint32_t *value, uint32_t at_least)
{
	while (atomic_load_explicit(value, memory_order_acquire) < at_least) {
		uint32_t key = mproci_event_count_prepare(events);

		if (atomic_load_explicit(value, memory_order_acquire) >= at_least)
			mproci_event_count_cancel(events);
		else
			mproci_event_count_wait(events, key, MPROC_FOREVER);
	}
}

static void pong(uint32_t rounds)
{
	for (uint32_t i = 1; i <= rounds; ++i) {
		await(&table->to_pong, &table->ball, i);
		atomic_store_explicit(&table->answer, i, memory_order_release);
		mproci_event_count_notify(&table->to_ping);
	}
}

static void ping(uint32_t rounds)
{
	for (uint32_t i = 1; i <= rounds; ++i) {
		atomic_store_explicit(&table->ball, i, memory_order_release);
		mproci_event_count_notify(&table->to_pong);
		await(&table->to_ping, &table->answer, i);
	}
}

enum {
	THREAD_ROUNDS = 10000,
	PROCESS_ROUNDS = 100000,
};

static void *pong_in_thread(void *unused)
{
	pong(THREAD_ROUNDS);
	return unused;
}

START_TEST(no_wake_up_is_lost_between_two_threads)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, pong_in_thread, NULL), 0);
	ping(THREAD_ROUNDS);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(table->answer, THREAD_ROUNDS);
}
END_TEST

static void *await_ball(void *unused)
{
	await(&table->to_pong, &table->ball, 1);
	return unused;
}

START_TEST(notification_wakes_everybody)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, await_ball, NULL), 0);
	table->ball = 1;
	mproci_event_count_notify(&table->to_pong);
	for (int i = 0; i < 8; ++i)
		pthread_join(threads[i], NULL);
}
END_TEST

static void *sleep_without_a_slot(void *ret_result)
{
	uint32_t key = mproci_event_count_prepare(&table->to_pong);

	*(int *)ret_result =
		mproci_thread_self() != 0 ? -1 : mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER);
	return NULL;
}

START_TEST(thread_without_a_slot_looks_again_by_itself)
{
	int result = -1;
	pthread_t thread;

	mproci_thread_self();
	for (uint32_t i = 0; i < MPROCI_THREADS; ++i) {
		if ((uint32_t)mproci_family_here->threads[i].word == 0)
			mproci_family_here->threads[i].word |= 1;
	}
	mproci_family_here->thread_limit = MPROCI_THREADS;
	pthread_create(&thread, NULL, sleep_without_a_slot, &result);
	pthread_join(thread, NULL);
	ck_assert_int_eq(result, 0);
}
END_TEST

START_TEST(notification_of_some_with_nobody_waiting_changes_nothing)
{
	mproci_event_count_notify_some(&table->to_pong, 1);
	mproci_event_count_notify_some(&table->to_pong, UINT32_MAX);
	ck_assert_uint_eq(table->to_pong.word, 0);
}
END_TEST

START_TEST(notification_of_some_after_prepare_ends_the_wait)
{
	const uint32_t counts[] = {1, 2, INT32_MAX, UINT32_C(0x80000000), UINT32_MAX};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
		uint32_t key = mproci_event_count_prepare(&table->to_pong);

		mproci_event_count_notify_some(&table->to_pong, counts[i]);
		/* Nobody slept: the bit is gone, and the next notification costs nothing. */
		ck_assert_uint_eq(table->to_pong.word & 1, 0);
		ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER), 0);
	}
}
END_TEST

START_TEST(notification_of_some_works_when_the_word_overflows)
{
	for (uint32_t word = UINT32_MAX - 7; word != 6; word += 2) {
		uint32_t key;

		table->to_pong.word = word;
		key = mproci_event_count_prepare(&table->to_pong);
		ck_assert_uint_eq(key, word + 1);
		mproci_event_count_notify_some(&table->to_pong, 1);
		ck_assert_uint_ne(table->to_pong.word, key);
		ck_assert_int_eq(mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER), 0);
	}
}
END_TEST

START_TEST(wait_for_the_unburied_times_out_at_the_deadline_and_not_before)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, 1, mproc_after(0.005)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		uint32_t key = mproci_event_count_prepare(&table->to_pong);

		ck_assert_int_eq(
			mproci_event_count_wait_unburied(&table->to_pong, key, deadlines[i]), -ETIMEDOUT);
		ck_assert_int_ge(mproci_clock_now(), deadlines[i]);
		ck_assert(!is_noted(&table->to_pong));
	}
}
END_TEST

START_TEST(wait_for_the_unburied_looks_again_by_itself)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, mproc_after(1000)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		uint32_t key = mproci_event_count_prepare(&table->to_pong);

		ck_assert_int_eq(mproci_event_count_wait_unburied(&table->to_pong, key, deadlines[i]), 0);
		ck_assert(!is_noted(&table->to_pong));
		ck_assert_uint_eq(table->to_pong.word, key);
	}
}
END_TEST

/*
 * Permits, each told to one sleeper who sleeps until he is told: what is lost here is lost for ever, and the
 * test with it. The balls are the permits.
 */
static bool take_ball(void)
{
	uint32_t balls = atomic_load(&table->ball);

	while (balls > 0) {
		if (atomic_compare_exchange_weak(&table->ball, &balls, balls - 1))
			return true;
	}
	return false;
}

static void await_a_ball(void)
{
	while (!take_ball()) {
		uint32_t key = mproci_event_count_prepare(&table->to_pong);

		if (take_ball()) {
			mproci_event_count_cancel(&table->to_pong);
			return;
		}
		mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER);
	}
}

static void throw_balls(uint32_t count)
{
	atomic_fetch_add(&table->ball, count);
	mproci_event_count_notify_some(&table->to_pong, count);
}

enum {
	MANY = 32,
	CATCHES = 3000,
};

/* Catch and throw back, or catch only, as often as there are rounds. */
static int catch_and_throw(void *unused)
{
	(void)unused;
	for (int i = 0; i < CATCHES; ++i) {
		await_a_ball();
		throw_balls(1);
	}
	return 0;
}

static int catch_only(void *unused)
{
	(void)unused;
	for (int i = 0; i < CATCHES; ++i)
		await_a_ball();
	return 0;
}

START_TEST(no_wake_up_is_lost_between_many_threads_and_few_balls)
{
	for (uint32_t balls = 1; balls <= 3; ++balls) {
		support_thread threads[MANY];

		table->ball = balls;
		for (int i = 0; i < MANY; ++i)
			support_begin(&threads[i], catch_and_throw, NULL);
		for (int i = 0; i < MANY; ++i)
			ck_assert_int_eq(support_end(&threads[i]), 0);
		ck_assert_uint_eq(table->ball, balls);
	}
}
END_TEST

START_TEST(as_many_are_woken_as_balls_were_thrown)
{
	support_thread threads[MANY];
	uint32_t thrown = 0;

	for (int i = 0; i < MANY; ++i)
		support_begin(&threads[i], catch_only, NULL);
	for (uint32_t count = 1; thrown < MANY * CATCHES; count = count % 7 + 1) {
		if (count > MANY * CATCHES - thrown)
			count = MANY * CATCHES - thrown;
		throw_balls(count);
		thrown += count;
	}
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	ck_assert_uint_eq(table->ball, 0);
}
END_TEST

static _Atomic bool is_over;

/* Wake everybody over and over, as burials do: that takes no notification from anybody. */
static int disturb(void *unused)
{
	(void)unused;
	while (!is_over) {
		mproci_member_lock();
		mproci_thread_bury_all(0);
		mproci_member_unlock();
		mproci_event_count_notify(&table->to_pong);
	}
	return 0;
}

START_TEST(no_wake_up_is_lost_while_others_are_buried)
{
	support_thread threads[MANY], undertaker;

	table->ball = 2;
	support_begin(&undertaker, disturb, NULL);
	for (int i = 0; i < MANY; ++i)
		support_begin(&threads[i], catch_and_throw, NULL);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	is_over = true;
	support_end(&undertaker);
	ck_assert_uint_eq(table->ball, 2);
}
END_TEST

/* Whoever is told by a bell instead; without the 100 ms after which it would look by itself. */
static void await_answers(uint32_t rounds)
{
	mproci_bell bell;
	uint32_t watcher;

	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	ck_assert_int_eq(mproci_watcher_add(&bell, &table->to_ping.word, &watcher), 0);
	for (uint32_t i = 1; i <= rounds; ++i) {
		atomic_store_explicit(&table->ball, i, memory_order_release);
		mproci_event_count_notify(&table->to_pong);
		while (atomic_load_explicit(&table->answer, memory_order_acquire) < i) {
			mproci_bell_silence(&bell);
			mproci_watcher_rearm(watcher);
			mproci_event_count_arm(&table->to_ping);
			if (atomic_load_explicit(&table->answer, memory_order_acquire) < i)
				ck_assert_int_eq(mproci_poll_one(bell.place.descriptor, MPROC_FOREVER), 0);
		}
	}
	mproci_watcher_remove(watcher);
	mproci_bell_close(&bell);
}

START_TEST(no_ring_is_lost_between_two_threads)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, pong_in_thread, NULL), 0);
	await_answers(THREAD_ROUNDS);
	pthread_join(thread, NULL);
}
END_TEST

/* They step the word for somebody else. */
static int disturb_the_answers(void *unused)
{
	(void)unused;
	while (!is_over)
		mproci_event_count_notify(&table->to_ping);
	return 0;
}

START_TEST(no_ring_is_lost_beside_others_who_notify)
{
	support_thread others[2];
	pthread_t thread;

	for (int i = 0; i < 2; ++i)
		support_begin(&others[i], disturb_the_answers, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, pong_in_thread, NULL), 0);
	await_answers(THREAD_ROUNDS);
	pthread_join(thread, NULL);
	is_over = true;
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&others[i]), 0);
}
END_TEST

START_TEST(armed_word_costs_one_notification)
{
	mproci_event_count_arm(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, 1);
	ck_assert(!is_noted(&table->to_pong));
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, 2);
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word, 2);
}
END_TEST

static int reap(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(no_ring_is_lost_between_two_processes)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (mproci_family_join() != 0)
			_exit(1);
		pong(THREAD_ROUNDS);
		_exit(0);
	}
	await_answers(THREAD_ROUNDS);
	ck_assert_int_eq(reap(pid), 0);
}
END_TEST

START_TEST(no_wake_up_is_lost_between_two_processes)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (mproci_family_join() != 0)
			_exit(1);
		pong(PROCESS_ROUNDS);
		_exit(0);
	}
	ping(PROCESS_ROUNDS);
	ck_assert_int_eq(reap(pid), 0);
	ck_assert_uint_eq(table->answer, PROCESS_ROUNDS);
}
END_TEST

/* A child that prepares, tells so, and waits once for the ball; it exits with what the wait returned. */
static pid_t fork_sleeper(void)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		uint32_t key;

		if (mproci_family_join() != 0)
			_exit(100);
		key = mproci_event_count_prepare(&table->to_pong);
		(void)!write(ends[1], &byte, 1);
		_exit(mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER));
	}
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

START_TEST(burial_of_a_notifier_that_died_before_it_notified_wakes_the_sleepers)
{
	mproci_id dead;
	pid_t pids[4];

	ck_assert_int_eq(mproci_member_expect("", &dead), 0);
	for (int i = 0; i < 4; ++i)
		pids[i] = fork_sleeper();
	/* Step a of README.md, and dead. */
	table->ball = 1;
	mproci_member_bury(dead);
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(reap(pids[i]), 0);
}
END_TEST

START_TEST(killed_sleeper_costs_the_others_nothing)
{
	pid_t killed = fork_sleeper(), other = fork_sleeper();

	kill(killed, SIGKILL);
	ck_assert(WIFSIGNALED(reap(killed)));
	ck_assert_uint_eq(table->to_pong.word & 1, 1);
	mproci_event_count_notify(&table->to_pong);
	ck_assert_uint_eq(table->to_pong.word & 1, 0);
	ck_assert_int_eq(reap(other), 0);
}
END_TEST

/* As fork_sleeper, but asleep when it returns: it has become one of @count in the kernel's queue. */
static int sleep_until_woken(void *unused)
{
	uint32_t key;

	(void)unused;
	if (mproci_family_join() != 0)
		return 100;
	key = mproci_event_count_prepare(&table->to_pong);
	++table->answer;
	mproci_event_count_wait(&table->to_pong, key, MPROC_FOREVER);
	++table->ball;
	return 0;
}

START_TEST(notification_of_some_wakes_all_when_there_are_no_more)
{
	for (uint32_t more = 0; more < 2; ++more) {
		pid_t pids[3];

		table->answer = table->ball = 0;
		for (int i = 0; i < 3; ++i)
			pids[i] = support_fork(sleep_until_woken, NULL);
		support_await(&table->answer, 3);
		mproci_event_count_notify_some(&table->to_pong, 3 + more);
		for (int i = 0; i < 3; ++i)
			ck_assert_int_eq(support_reap(pids[i]), 0);
		ck_assert_uint_eq(table->ball, 3);
	}
}
END_TEST

/* Those that are left asleep are told by the next. */
START_TEST(notification_of_one_after_the_other_wakes_all)
{
	pid_t pids[4];

	for (int i = 0; i < 4; ++i)
		pids[i] = support_fork(sleep_until_woken, NULL);
	support_await(&table->answer, 4);
	for (uint32_t i = 1; i <= 4; ++i) {
		mproci_event_count_notify_some(&table->to_pong, 1);
		support_await(&table->ball, i);
	}
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
}
END_TEST

static int join_catch_and_throw(void *unused)
{
	return mproci_family_join() != 0 ? 100 : catch_and_throw(unused);
}

START_TEST(no_wake_up_is_lost_between_many_processes_and_few_balls)
{
	pid_t pids[8];

	table->ball = 2;
	for (int i = 0; i < 8; ++i)
		pids[i] = support_fork(join_catch_and_throw, NULL);
	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	ck_assert_uint_eq(table->ball, 2);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		notification_with_nobody_waiting_changes_nothing,
		wait_times_out_at_the_deadline_and_not_before,
		wait_now_times_out_at_once,
		notification_after_prepare_ends_the_wait,
		notification_before_prepare_is_not_remembered,
		second_notification_costs_nothing_when_nobody_prepared_since,
		word_is_noted_from_prepare_until_cancel,
		word_is_noted_from_prepare_until_the_wait_is_over,
		event_count_works_when_its_word_overflows,
		event_count_outside_the_family_works_between_threads,
		no_wake_up_is_lost_between_two_threads,
		notification_wakes_everybody,
		thread_without_a_slot_looks_again_by_itself,
		notification_of_some_with_nobody_waiting_changes_nothing,
		notification_of_some_after_prepare_ends_the_wait,
		notification_of_some_works_when_the_word_overflows,
		wait_for_the_unburied_times_out_at_the_deadline_and_not_before,
		wait_for_the_unburied_looks_again_by_itself,
		no_wake_up_is_lost_between_many_threads_and_few_balls,
		as_many_are_woken_as_balls_were_thrown,
		no_wake_up_is_lost_while_others_are_buried,
		no_ring_is_lost_between_two_threads,
		no_ring_is_lost_beside_others_who_notify,
		armed_word_costs_one_notification,
		NULL,
	};
	const TTest *process_tests[] = {
		no_ring_is_lost_between_two_processes,
		no_wake_up_is_lost_between_two_processes,
		burial_of_a_notifier_that_died_before_it_notified_wakes_the_sleepers,
		killed_sleeper_costs_the_others_nothing,
		notification_of_some_wakes_all_when_there_are_no_more,
		notification_of_one_after_the_other_wakes_all,
		no_wake_up_is_lost_between_many_processes_and_few_balls,
		NULL,
	};
	const support_suite suite = {
		.name = "event count",
		.tests = tests,
		.process_tests = process_tests,
		.setup = lay_table,
	};

	return support_run_suite(&suite);
}
