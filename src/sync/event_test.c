/* SPDX-License-Identifier: MIT */
#include <mproc/event.h>

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

enum {
	WAITERS = 8,
	ROUNDS = 2000,
	RACES = 100000,
};

/* In the arena. */
static struct shared {
	mproc_event event, answer;
	/* Written before the event is set, in no particular way. */
	long message;
	_Atomic uint32_t seen;
} * shared;

static void make_shared(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_event_init(&shared->event), 0);
	ck_assert_int_eq(mproc_event_init(&shared->answer), 0);
}

static void free_shared(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static int set(void)
{
	return mproc_event_set(&shared->event);
}

static int clear(void)
{
	return mproc_event_clear(&shared->event);
}

static int is_set(void)
{
	return mproc_event_is_set(&shared->event);
}

static int await(mproc_deadline deadline)
{
	return mproc_event_wait(&shared->event, deadline);
}

/* As a member, whom one sees sleep. */
static int await_it(void *unused)
{
	int rc = mproci_family_join();

	(void)unused;
	return rc < 0 ? rc : await(MPROC_FOREVER);
}

static int await_as_a_stranger(void *unused)
{
	(void)unused;
	return mproci_member_self() != 0 ? 77 : await(MPROC_FOREVER);
}

static int set_it(void *unused)
{
	(void)unused;
	return set();
}

START_TEST(init_refuses_no_event)
{
	ck_assert_int_eq(mproc_event_init(NULL), -EINVAL);
	support_check_text("event is NULL");
}
END_TEST

START_TEST(event_is_not_set_at_first)
{
	ck_assert_int_eq(is_set(), 0);
	ck_assert_int_eq(await(MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(event_stays_set_until_it_is_cleared)
{
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(set(), 0);
		ck_assert_int_eq(is_set(), 1);
		ck_assert_int_eq(await(MPROC_FOREVER), 0);
		ck_assert_int_eq(await(MPROC_FOREVER), 0);
		ck_assert_int_eq(clear(), 0);
		ck_assert_int_eq(is_set(), 0);
		ck_assert_int_eq(await(MPROC_NOW), -ETIMEDOUT);
	}
}
END_TEST

START_TEST(set_and_clear_may_be_said_again)
{
	ck_assert_int_eq(clear(), 0);
	ck_assert_int_eq(set(), 0);
	ck_assert_int_eq(set(), 0);
	ck_assert_int_eq(is_set(), 1);
	ck_assert_int_eq(clear(), 0);
	ck_assert_int_eq(clear(), 0);
	ck_assert_int_eq(is_set(), 0);
}
END_TEST

START_TEST(set_event_is_seen_whatever_the_deadline_and_another_is_not)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, INT64_MIN, 1, mproc_after(0.005), mproc_after(0.25)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(await(deadlines[i]), -ETIMEDOUT);
		support_check_text("not set until the deadline");
		set();
		ck_assert_int_eq(await(deadlines[i]), 0);
		clear();
	}
}
END_TEST

START_TEST(every_call_refuses_what_is_no_event)
{
	mproc_event nothing = {{0}};
	mproc_event *const wrong[] = {NULL, &nothing};
	static const char *const texts[] = {"event is NULL", "not initialised, or destroyed"};

	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproc_event_set(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_event_clear(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_event_is_set(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_event_wait(wrong[i], MPROC_FOREVER), -EINVAL);
		support_check_text(texts[i]);
	}
	ck_assert_int_eq(mproc_event_destroy(&nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_event_destroy(NULL), 0);
}
END_TEST

START_TEST(destroyed_event_is_refused_until_it_is_made_again)
{
	set();
	ck_assert_int_eq(mproc_event_destroy(&shared->event), 0);
	ck_assert_int_eq(set(), -EINVAL);
	ck_assert_int_eq(clear(), -EINVAL);
	ck_assert_int_eq(is_set(), -EINVAL);
	ck_assert_int_eq(await(MPROC_FOREVER), -EINVAL);
	ck_assert_int_eq(mproc_event_destroy(&shared->event), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_event_init(&shared->event), 0);
	ck_assert_int_eq(is_set(), 0);
}
END_TEST

START_TEST(set_lets_every_waiting_thread_go_on)
{
	support_thread waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		support_begin(&waiters[i], await_it, NULL);
	support_await_sleepers(WAITERS);
	ck_assert_int_eq(set(), 0);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_end(&waiters[i]), 0);
}
END_TEST

static int check_message(void *expected)
{
	int rc = await(MPROC_FOREVER);

	return rc < 0 ? rc : shared->message != *(long *)expected;
}

static int poll_for_message(void *expected)
{
	while (is_set() == 0)
		;
	return shared->message != *(long *)expected;
}

START_TEST(what_was_written_before_the_event_was_set_is_seen_after_it)
{
	for (long i = 1; i <= ROUNDS; ++i) {
		support_thread waiter;

		support_begin(&waiter, i % 10 == 0 ? poll_for_message : check_message, &i);
		shared->message = i;
		set();
		ck_assert_int_eq(support_end(&waiter), 0);
		clear();
	}
}
END_TEST

/* Sets one event for each time that the other was set. */
static int answer_often(void *rounds)
{
	int rc = 0;

	for (int i = 0; i < *(int *)rounds && rc == 0; ++i) {
		rc = await(MPROC_FOREVER);
		clear();
		mproc_event_set(&shared->answer);
	}
	return rc;
}

static void ask_often(int rounds)
{
	for (int i = 0; i < rounds; ++i) {
		ck_assert_int_eq(set(), 0);
		ck_assert_int_eq(mproc_event_wait(&shared->answer, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_event_clear(&shared->answer), 0);
	}
}

START_TEST(threads_take_turns_with_two_events)
{
	support_thread other;
	int rounds = 20000;

	support_begin(&other, answer_often, &rounds);
	ask_often(rounds);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

static int await_soon(void *unused)
{
	(void)unused;
	return await(mproc_after(0.0001));
}

START_TEST(event_set_at_the_deadline_is_seen_or_not)
{
	for (int i = 0; i < 500; ++i) {
		support_thread waiter;

		support_begin(&waiter, await_soon, NULL);
		ck_assert_int_eq(set(), 0);
		ck_assert(support_end(&waiter) == 0 || waiter.result == -ETIMEDOUT);
		ck_assert_int_eq(await(MPROC_NOW), 0);
		clear();
	}
}
END_TEST

static mproc_event ordinary;

static int await_ordinary(void *unused)
{
	(void)unused;
	return mproc_event_wait(&ordinary, MPROC_FOREVER);
}

START_TEST(event_in_ordinary_memory_works_between_threads)
{
	ck_assert_int_eq(mproc_event_init(&ordinary), 0);
	for (int i = 0; i < ROUNDS; ++i) {
		support_thread waiter;

		support_begin(&waiter, await_ordinary, NULL);
		ck_assert_int_eq(mproc_event_set(&ordinary), 0);
		ck_assert_int_eq(support_end(&waiter), 0);
		ck_assert_int_eq(mproc_event_clear(&ordinary), 0);
	}
	ck_assert_int_eq(mproc_event_destroy(&ordinary), 0);
}
END_TEST

/* From here on: between processes. */

START_TEST(event_is_shared_with_a_child)
{
	ck_assert_int_eq(support_reap(support_fork(set_it, NULL)), 0);
	ck_assert_int_eq(is_set(), 1);
	clear();
	set();
	ck_assert_int_eq(support_reap(support_fork(await_it, NULL)), 0);
}
END_TEST

START_TEST(set_lets_every_waiting_process_go_on)
{
	pid_t waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		waiters[i] = support_fork(await_it, NULL);
	support_await_sleepers(WAITERS);
	ck_assert_int_eq(set(), 0);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
}
END_TEST

START_TEST(process_that_is_no_member_may_wait_and_set)
{
	pid_t waiter = support_fork(await_as_a_stranger, NULL);

	ck_assert_int_eq(support_reap(support_fork(set_it, NULL)), 0);
	ck_assert_int_eq(support_reap(waiter), 0);
}
END_TEST

START_TEST(processes_take_turns_with_two_events)
{
	int rounds = 20000;
	pid_t other = support_fork(answer_often, &rounds);

	ask_often(rounds);
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(killed_waiter_costs_the_others_nothing)
{
	pid_t killed = support_fork(await_it, NULL), other;

	support_await_sleepers(1);
	other = support_fork(await_it, NULL);
	support_await_sleepers(2);
	support_kill(killed);
	ck_assert_int_eq(set(), 0);
	ck_assert_int_eq(support_reap(other), 0);
	ck_assert_int_eq(is_set(), 1);
}
END_TEST

START_TEST(stopped_waiter_sees_later_what_was_set)
{
	pid_t stopped = support_fork(await_it, NULL), other = support_fork(await_it, NULL);

	support_await_sleepers(2);
	support_stop(stopped);
	ck_assert_int_eq(set(), 0);
	ck_assert_int_eq(support_reap(other), 0);
	support_go_on(stopped);
	ck_assert_int_eq(support_reap(stopped), 0);
}
END_TEST

/* Set and clear until killed. */
static int flicker(void *unused)
{
	int rc = mproci_family_join();

	(void)unused;
	while (rc == 0) {
		rc = set();
		if (rc == 0)
			rc = clear();
	}
	return rc;
}

START_TEST(killed_setter_stops_nobody)
{
	pid_t waiters[WAITERS];

	for (int i = 0; i < 20; ++i) {
		pid_t setter = support_fork(flicker, NULL);

		for (int j = 0; j < 2; ++j)
			waiters[j] = support_fork(await_it, NULL);
		support_kill(setter);
		ck_assert_int_ge(is_set(), 0);
		ck_assert_int_eq(set(), 0);
		for (int j = 0; j < 2; ++j)
			ck_assert_int_eq(support_reap(waiters[j]), 0);
		clear();
	}
}
END_TEST

/* Set it, and be killed before anybody is told: the event lies in front of the count of those who wait. */
static int set_and_tell_nobody(void *unused)
{
	_Atomic uint32_t *flag = (_Atomic uint32_t *)(void *)&shared->event.opaque[1];

	(void)unused;
	if (mproci_family_join() != 0 || *flag != 0)
		return 1;
	*flag = 1;
	return is_set() == 1 ? 0 : 2;
}

START_TEST(event_whose_setter_was_killed_before_it_told_anybody_is_seen)
{
	pid_t waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		waiters[i] = support_fork(await_it, NULL);
	support_await_sleepers(WAITERS);
	support_kill(support_fork_and_keep(set_and_tell_nobody, NULL));
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
}
END_TEST

START_TEST(join_of_a_setter_killed_before_it_told_anybody_ends_the_waits)
{
	pid_t waiter = support_fork(await_it, NULL);

	support_await_sleepers(1);
	support_kill_and_join(support_start_and_keep(set_and_tell_nobody, NULL));
	ck_assert_int_eq(support_reap(waiter), 0);
}
END_TEST

/* What one thread does at the same time as another that clears the event and looks for work. */
static struct race {
	_Alignas(128) _Atomic long round;
	_Alignas(128) _Atomic long finished;
	_Alignas(128) _Atomic bool has_work;
	_Alignas(128) mproc_event event;
} race;

static void *bring_work(void *unused)
{
	(void)unused;
	for (long round = 1; round <= RACES; ++round) {
		while (atomic_load(&race.round) < round)
			sched_yield();
		atomic_store_explicit(&race.has_work, true, memory_order_release);
		mproc_event_set(&race.event);
		atomic_store(&race.finished, round);
	}
	return NULL;
}

/* Returns whether the work was seen, or the event tells of it. */
static bool look_for_work(long round)
{
	bool is_seen;

	atomic_store(&race.has_work, false);
	atomic_store(&race.round, round);
	/* Each time at another moment. */
	for (atomic_int i = 0; i < round % 200; ++i)
		;
	mproc_event_clear(&race.event);
	is_seen = atomic_load_explicit(&race.has_work, memory_order_acquire);
	while (atomic_load(&race.finished) < round)
		sched_yield();
	return is_seen || mproc_event_is_set(&race.event) == 1;
}

START_TEST(who_clears_the_event_and_looks_for_work_misses_none)
{
	int missed = 0;
	pthread_t other;

	ck_assert_int_eq(mproc_event_init(&race.event), 0);
	ck_assert_int_eq(pthread_create(&other, NULL, bring_work, NULL), 0);
	for (long round = 1; round <= RACES; ++round)
		missed += !look_for_work(round);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
	ck_assert_int_eq(missed, 0);
}
END_TEST

START_TEST(caught_signal_does_not_end_a_wait)
{
	support_disturb(set_it, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER), 0);
	support_calm();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_event,
		event_is_not_set_at_first,
		event_stays_set_until_it_is_cleared,
		set_and_clear_may_be_said_again,
		set_event_is_seen_whatever_the_deadline_and_another_is_not,
		every_call_refuses_what_is_no_event,
		destroyed_event_is_refused_until_it_is_made_again,
		set_lets_every_waiting_thread_go_on,
		what_was_written_before_the_event_was_set_is_seen_after_it,
		threads_take_turns_with_two_events,
		event_set_at_the_deadline_is_seen_or_not,
		event_in_ordinary_memory_works_between_threads,
		who_clears_the_event_and_looks_for_work_misses_none,
		NULL,
	};
	const TTest *process_tests[] = {
		event_is_shared_with_a_child,
		set_lets_every_waiting_process_go_on,
		process_that_is_no_member_may_wait_and_set,
		processes_take_turns_with_two_events,
		killed_waiter_costs_the_others_nothing,
		stopped_waiter_sees_later_what_was_set,
		killed_setter_stops_nobody,
		event_whose_setter_was_killed_before_it_told_anybody_is_seen,
		join_of_a_setter_killed_before_it_told_anybody_ends_the_waits,
		caught_signal_does_not_end_a_wait,
		NULL,
	};
	const support_suite suite = {
		.name = "event",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_shared,
		.teardown = free_shared,
	};

	return support_run_suite(&suite);
}
