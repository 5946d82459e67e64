/* SPDX-License-Identifier: MIT */
#include <mproc/condition.h>

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum {
	WAITERS = 8,
	/* Of the buffer between producers and consumers. */
	PLACES = 4,
	SIDES = 3,
	ITEMS = 6000,
};

/* In the arena. */
static struct shared {
	mproc_mutex mutex;
	mproc_condition changed, has_room;
	/* What is waited for, and the rest: under the mutex. */
	uint32_t count, waiting;
	uint32_t first, filled, places[PLACES], to_come;
	uint64_t sum, expected;
} * shared;

static void make_shared(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, NULL), 0);
	ck_assert_int_eq(mproc_condition_init(&shared->changed), 0);
	ck_assert_int_eq(mproc_condition_init(&shared->has_room), 0);
}

static void free_shared(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static void make_mutex_recursive(void)
{
	ck_assert_int_eq(mproc_mutex_init(&shared->mutex, &(mproc_mutex_options){.recursive = true}), 0);
}

static int lock(void)
{
	return mproc_mutex_lock(&shared->mutex, MPROC_FOREVER);
}

static int unlock(void)
{
	return mproc_mutex_unlock(&shared->mutex);
}

static int await(mproc_deadline deadline)
{
	return mproc_condition_wait(&shared->changed, &shared->mutex, deadline);
}

static int notify(void)
{
	return mproc_condition_notify(&shared->changed);
}

static int notify_all(void)
{
	return mproc_condition_notify_all(&shared->changed);
}

static int lock_now(void *unused)
{
	(void)unused;
	return mproc_mutex_lock(&shared->mutex, MPROC_NOW);
}

/* Lock and unlock, if nobody else holds the mutex. */
static int look(void *unused)
{
	int rc = lock_now(unused);

	return rc < 0 ? rc : unlock();
}

/* Take one of what is counted, as soon as there is one; as a member, whom one sees sleep. */
static int take_one(void *unused)
{
	int rc = mproci_family_join();

	(void)unused;
	if (rc == 0)
		rc = lock();
	++shared->waiting;
	while (rc >= 0 && shared->count == 0)
		rc = await(MPROC_FOREVER);
	--shared->waiting;
	if (rc >= 0)
		--shared->count;
	return rc < 0 ? rc : unlock();
}

static int take_one_as_a_stranger(void *unused)
{
	int rc = lock();

	(void)unused;
	while (rc >= 0 && shared->count == 0)
		rc = await(MPROC_FOREVER);
	if (rc >= 0)
		--shared->count;
	return mproci_member_self() != 0 ? 77 : unlock();
}

static void add(uint32_t more)
{
	ck_assert_int_eq(lock(), 0);
	shared->count += more;
	ck_assert_int_eq(unlock(), 0);
}

/* One after the other: each is told by a notification of its own. */
static int add_one(void *unused)
{
	int rc = lock();

	(void)unused;
	if (rc < 0)
		return rc;
	++shared->count;
	rc = notify();
	return unlock() < 0 ? -EPERM : rc;
}

static int wait_now(void *unused)
{
	(void)unused;
	return await(MPROC_NOW);
}

START_TEST(init_refuses_no_condition)
{
	ck_assert_int_eq(mproc_condition_init(NULL), -EINVAL);
	support_check_text("condition is NULL");
}
END_TEST

START_TEST(every_call_refuses_what_is_no_condition)
{
	mproc_condition nothing = {{0}};
	mproc_condition *const wrong[] = {NULL, &nothing};
	static const char *const texts[] = {"condition is NULL", "not initialised, or destroyed"};

	lock();
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproc_condition_wait(wrong[i], &shared->mutex, MPROC_FOREVER), -EINVAL);
		support_check_text(texts[i]);
		support_check_text("condition");
		ck_assert_int_eq(mproc_condition_notify(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_condition_notify_all(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
	}
	/* The mutex is still held. */
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(mproc_condition_destroy(&nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_condition_destroy(NULL), 0);
}
END_TEST

START_TEST(wait_refuses_what_is_no_mutex)
{
	mproc_mutex nothing = {{0}};

	ck_assert_int_eq(mproc_condition_wait(&shared->changed, NULL, MPROC_FOREVER), -EINVAL);
	support_check_text("mutex is NULL");
	ck_assert_int_eq(mproc_condition_wait(&shared->changed, &nothing, MPROC_FOREVER), -EINVAL);
	support_check_text("mutex");
	support_check_text("not initialised, or destroyed");
}
END_TEST

START_TEST(destroyed_condition_is_refused_until_it_is_made_again)
{
	ck_assert_int_eq(mproc_condition_destroy(&shared->changed), 0);
	lock();
	ck_assert_int_eq(await(MPROC_FOREVER), -EINVAL);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(notify(), -EINVAL);
	ck_assert_int_eq(notify_all(), -EINVAL);
	ck_assert_int_eq(mproc_condition_destroy(&shared->changed), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_condition_init(&shared->changed), 0);
	ck_assert_int_eq(notify(), 0);
}
END_TEST

START_TEST(wait_with_a_mutex_that_nobody_holds_is_refused)
{
	for (int recursive = 0; recursive < 2; ++recursive) {
		ck_assert_int_eq(await(MPROC_FOREVER), -EPERM);
		support_check_text("mutex");
		support_check_text("not held by this thread");
		ck_assert_int_eq(support_in_thread(look, NULL).result, 0);
		make_mutex_recursive();
	}
}
END_TEST

START_TEST(wait_with_a_mutex_that_another_thread_holds_is_refused)
{
	for (int recursive = 0; recursive < 2; ++recursive) {
		support_thread waiter;

		lock();
		waiter = support_in_thread(wait_now, NULL);
		ck_assert_int_eq(waiter.result, -EPERM);
		ck_assert_msg(strstr(waiter.text, "not held by this thread") != NULL, "%s", waiter.text);
		ck_assert_int_eq(support_in_thread(look, NULL).result, -EAGAIN);
		ck_assert_int_eq(unlock(), 0);
		make_mutex_recursive();
	}
}
END_TEST

START_TEST(refused_wait_does_not_hide_the_death_of_the_last_holder)
{
	for (int recursive = 0; recursive < 2; ++recursive) {
		ck_assert_int_eq(support_in_thread(lock_now, NULL).result, 0);
		ck_assert_int_eq(await(MPROC_FOREVER), -EPERM);
		ck_assert_int_eq(lock(), MPROC_OWNER_DIED);
		ck_assert_int_eq(unlock(), 0);
		ck_assert_int_eq(lock(), 0);
		ck_assert_int_eq(unlock(), 0);
		make_mutex_recursive();
	}
}
END_TEST

START_TEST(wait_ends_at_the_deadline_with_the_mutex_held)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, INT64_MIN, 1, mproc_after(0.005)};

	lock();
	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(await(deadlines[i]), -ETIMEDOUT);
		support_check_text("no notification until the deadline");
		ck_assert_int_eq(support_in_thread(look, NULL).result, -EAGAIN);
	}
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(support_in_thread(look, NULL).result, 0);
}
END_TEST

START_TEST(wait_in_a_loop_ends_at_a_later_deadline)
{
	mproc_deadline deadline = mproc_after(0.25);
	int rc = 0;

	lock();
	while (rc == 0)
		rc = await(deadline);
	ck_assert_int_eq(rc, -ETIMEDOUT);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(notification_with_nobody_waiting_is_not_remembered)
{
	lock();
	ck_assert_int_eq(notify(), 0);
	ck_assert_int_eq(notify_all(), 0);
	ck_assert_int_eq(await(MPROC_NOW), -ETIMEDOUT);
	unlock();
}
END_TEST

START_TEST(mutex_is_free_while_its_holder_waits)
{
	support_thread waiter;

	support_begin(&waiter, take_one, NULL);
	support_await_sleepers(1);
	ck_assert_int_eq(lock(), 0);
	ck_assert_uint_eq(shared->waiting, 1);
	++shared->count;
	ck_assert_int_eq(notify(), 0);
	/* It has been told, but goes on only with the mutex. */
	ck_assert_uint_eq(shared->waiting, 1);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(support_end(&waiter), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(notification_without_the_mutex_is_heard)
{
	support_thread waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		support_begin(&waiters[i], take_one, NULL);
	support_await_sleepers(WAITERS);
	add(WAITERS);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(notify(), 0);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_end(&waiters[i]), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(notify_all_wakes_every_waiting_thread)
{
	support_thread waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		support_begin(&waiters[i], take_one, NULL);
	support_await_sleepers(WAITERS);
	add(WAITERS);
	ck_assert_int_eq(notify_all(), 0);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_end(&waiters[i]), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

static int add_one_now(void *unused)
{
	int rc = lock_now(unused);

	if (rc < 0)
		return rc;
	shared->count = 1;
	notify();
	return unlock();
}

static int keep_adding(void *unused)
{
	int rc;

	do
		rc = add_one_now(unused);
	while (rc == -EAGAIN);
	return rc;
}

START_TEST(recursive_mutex_is_let_go_of_whole_and_taken_back_as_deep)
{
	support_thread adder;

	make_mutex_recursive();
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(lock(), 0);
	ck_assert_int_eq(await(MPROC_NOW), -ETIMEDOUT);
	support_begin(&adder, keep_adding, NULL);
	while (shared->count == 0)
		ck_assert_int_eq(await(MPROC_FOREVER), 0);
	ck_assert_int_eq(support_end(&adder), 0);
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(support_in_thread(look, NULL).result, -EAGAIN);
		ck_assert_int_eq(unlock(), 0);
	}
	ck_assert_int_eq(support_in_thread(look, NULL).result, 0);
}
END_TEST

/* Put numbers through the few places of the buffer. */
static int produce(void *numbers)
{
	int rc = 0;

	for (uint32_t i = 1; i <= *(uint32_t *)numbers; ++i) {
		rc = lock();
		while (rc >= 0 && shared->filled == PLACES)
			rc = mproc_condition_wait(&shared->has_room, &shared->mutex, MPROC_FOREVER);
		if (rc != 0)
			return rc < 0 ? rc : 1;
		shared->places[(shared->first + shared->filled++) % PLACES] = i;
		notify();
		if (unlock() < 0)
			return 2;
	}
	return 0;
}

static int consume(void *unused)
{
	bool is_over = false;

	(void)unused;
	while (!is_over) {
		int rc = lock();

		while (rc >= 0 && shared->filled == 0 && shared->to_come > 0)
			rc = await(MPROC_FOREVER);
		if (rc != 0)
			return rc < 0 ? rc : 1;
		is_over = shared->to_come == 0;
		if (!is_over) {
			shared->sum += shared->places[shared->first++ % PLACES];
			--shared->filled;
			--shared->to_come;
			mproc_condition_notify(&shared->has_room);
		}
		if (shared->to_come == 0)
			notify_all();
		if (unlock() < 0)
			return 2;
	}
	return 0;
}

static void expect_numbers(uint32_t numbers)
{
	shared->to_come = SIDES * numbers;
	shared->expected = SIDES * ((uint64_t)numbers * (numbers + 1) / 2);
}

static void check_numbers(void)
{
	ck_assert_uint_eq(shared->to_come, 0);
	ck_assert_uint_eq(shared->filled, 0);
	ck_assert_uint_eq(shared->sum, shared->expected);
}

START_TEST(threads_produce_and_consume)
{
	support_thread producers[SIDES], consumers[SIDES];
	uint32_t numbers = ITEMS;

	expect_numbers(numbers);
	for (int i = 0; i < SIDES; ++i) {
		support_begin(&consumers[i], consume, NULL);
		support_begin(&producers[i], produce, &numbers);
	}
	for (int i = 0; i < SIDES; ++i) {
		ck_assert_int_eq(support_end(&producers[i]), 0);
		ck_assert_int_eq(support_end(&consumers[i]), 0);
	}
	check_numbers();
}
END_TEST

static mproc_mutex ordinary_mutex;
static mproc_condition ordinary;
static bool is_told;

static int await_ordinary(void *unused)
{
	int rc = mproc_mutex_lock(&ordinary_mutex, MPROC_FOREVER);

	(void)unused;
	while (rc == 0 && !is_told)
		rc = mproc_condition_wait(&ordinary, &ordinary_mutex, MPROC_FOREVER);
	is_told = false;
	return mproc_mutex_unlock(&ordinary_mutex) < 0 ? -EPERM : rc;
}

START_TEST(condition_in_ordinary_memory_works_between_threads)
{
	ck_assert_int_eq(mproc_mutex_init(&ordinary_mutex, NULL), 0);
	ck_assert_int_eq(mproc_condition_init(&ordinary), 0);
	for (int i = 0; i < 1000; ++i) {
		support_thread waiter;

		support_begin(&waiter, await_ordinary, NULL);
		mproc_mutex_lock(&ordinary_mutex, MPROC_FOREVER);
		is_told = true;
		ck_assert_int_eq(mproc_condition_notify(&ordinary), 0);
		mproc_mutex_unlock(&ordinary_mutex);
		ck_assert_int_eq(support_end(&waiter), 0);
	}
	ck_assert_int_eq(mproc_condition_destroy(&ordinary), 0);
	ck_assert_int_eq(mproc_mutex_destroy(&ordinary_mutex), 0);
}
END_TEST

/*
 * From here on: between processes, or what ThreadSanitizer does not see: a lock that is given on by the
 * kernel.
 */

/* As a member, whom one sees sleep. */
static int wait_for_news(void *depth)
{
	int rc = mproci_family_join();

	for (int i = 0; i < *(int *)depth && rc == 0; ++i)
		rc = lock();
	while (rc == 0 && shared->count == 0)
		rc = await(MPROC_FOREVER);
	for (int i = 0; i < *(int *)depth; ++i) {
		if (unlock() != 0)
			return -77;
	}
	return rc;
}

/* Make a change and end, or be killed, with the mutex. */
static int keep_the_mutex(void *unused)
{
	int rc = lock();

	(void)unused;
	++shared->count;
	return rc < 0 ? rc : notify();
}

START_TEST(wait_tells_that_the_last_holder_ended_and_keeps_its_depth)
{
	for (int depth = 1; depth <= 3; ++depth) {
		support_thread waiter;

		make_mutex_recursive();
		shared->count = 0;
		support_begin(&waiter, wait_for_news, &depth);
		support_await_sleepers(1);
		ck_assert_int_eq(support_in_thread(keep_the_mutex, NULL).result, 0);
		ck_assert_int_eq(support_end(&waiter), MPROC_OWNER_DIED);
		ck_assert_int_eq(lock(), 0);
		ck_assert_int_eq(unlock(), 0);
	}
}
END_TEST

static int wait_until_told(void *unused)
{
	int rc = lock();

	(void)unused;
	while (rc == 0 || (rc == -ETIMEDOUT && shared->count == 0))
		rc = await(mproc_after(0.005));
	return unlock() < 0 ? -77 : rc;
}

static int keep_the_mutex_and_tell_nobody(void *unused)
{
	int rc = lock();

	(void)unused;
	++shared->count;
	return rc;
}

START_TEST(news_of_a_death_goes_before_the_end_of_time)
{
	support_thread waiter;

	support_begin(&waiter, wait_until_told, NULL);
	support_await_sleepers(1);
	ck_assert_int_eq(support_in_thread(keep_the_mutex_and_tell_nobody, NULL).result, 0);
	ck_assert_int_eq(support_end(&waiter), MPROC_OWNER_DIED);
}
END_TEST

START_TEST(notification_wakes_a_waiting_process)
{
	pid_t waiter = support_fork(take_one, NULL);

	support_await_sleepers(1);
	ck_assert_int_eq(add_one(NULL), 0);
	ck_assert_int_eq(support_reap(waiter), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(process_that_is_no_member_may_wait_and_notify)
{
	pid_t waiter = support_fork(take_one_as_a_stranger, NULL);

	ck_assert_int_eq(support_reap(support_fork(add_one, NULL)), 0);
	ck_assert_int_eq(support_reap(waiter), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(notify_all_wakes_every_waiting_process)
{
	pid_t waiters[WAITERS];

	for (int i = 0; i < WAITERS; ++i)
		waiters[i] = support_fork(take_one, NULL);
	support_await_sleepers(WAITERS);
	add(WAITERS);
	ck_assert_int_eq(notify_all(), 0);
	for (int i = 0; i < WAITERS; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(child_does_not_wait_with_the_mutex_of_its_parent)
{
	lock();
	ck_assert_int_eq(support_reap(support_fork(wait_now, NULL)), EPERM);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

/* Three processes produce; three consume, one of them this. */
START_TEST(processes_produce_and_consume)
{
	pid_t producers[SIDES], consumers[SIDES];
	uint32_t numbers = ITEMS;

	expect_numbers(numbers);
	for (int i = 0; i < SIDES; ++i) {
		consumers[i] = support_fork(consume, NULL);
		producers[i] = support_fork(produce, &numbers);
	}
	for (int i = 0; i < SIDES; ++i) {
		ck_assert_int_eq(support_reap(producers[i]), 0);
		ck_assert_int_eq(support_reap(consumers[i]), 0);
	}
	check_numbers();
}
END_TEST

START_TEST(killed_waiter_costs_the_others_nothing)
{
	pid_t killed = support_fork(take_one, NULL), other;

	support_await_sleepers(1);
	other = support_fork(take_one, NULL);
	support_await_sleepers(2);
	support_kill(killed);
	ck_assert_int_eq(add_one(NULL), 0);
	ck_assert_int_eq(support_reap(other), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(waiter_killed_when_it_is_notified_lets_the_other_go_on)
{
	for (int i = 0; i < 20; ++i) {
		pid_t killed = support_fork(take_one, NULL), other;

		support_await_sleepers(1);
		other = support_fork(take_one, NULL);
		ck_assert_int_ge(lock(), 0);
		++shared->count;
		notify();
		kill(killed, SIGKILL);
		unlock();
		support_reap(killed);
		/* It may have had the time to take what there was. */
		ck_assert_int_ge(lock(), 0);
		shared->count = 1;
		notify();
		unlock();
		ck_assert_int_eq(support_reap(other), 0);
		mproci_member_sweep();
		shared->count = shared->waiting = 0;
	}
}
END_TEST

static int change_and_tell_nobody(void *unused)
{
	int rc = mproci_family_join();

	(void)unused;
	if (rc == 0)
		rc = lock();
	++shared->count;
	return rc < 0 ? rc : unlock();
}

START_TEST(change_of_a_process_killed_before_it_told_anybody_is_seen)
{
	pid_t waiter = support_fork(take_one, NULL);

	support_await_sleepers(1);
	support_kill(support_fork_and_keep(change_and_tell_nobody, NULL));
	ck_assert_int_eq(support_reap(waiter), 0);
}
END_TEST

START_TEST(join_of_a_process_killed_before_it_told_anybody_ends_the_wait)
{
	pid_t waiter = support_fork(take_one, NULL);

	support_await_sleepers(1);
	support_kill_and_join(support_start_and_keep(change_and_tell_nobody, NULL));
	ck_assert_int_eq(support_reap(waiter), 0);
}
END_TEST

START_TEST(wait_tells_that_the_last_holder_was_killed)
{
	for (int depth = 1; depth <= 3; ++depth) {
		pid_t waiter;

		make_mutex_recursive();
		shared->count = 0;
		waiter = support_fork(wait_for_news, &depth);
		support_await_sleepers(1);
		support_kill(support_fork_and_keep(keep_the_mutex, NULL));
		ck_assert_int_eq(support_reap(waiter), MPROC_OWNER_DIED);
		ck_assert_int_eq(lock(), 0);
		ck_assert_int_eq(unlock(), 0);
	}
}
END_TEST

START_TEST(stopped_waiter_stops_nobody)
{
	pid_t stopped = support_fork(take_one, NULL), other;

	support_await_sleepers(1);
	support_stop(stopped);
	other = support_fork(take_one, NULL);
	support_await_sleepers(2);
	ck_assert_int_eq(add_one(NULL), 0);
	ck_assert_int_eq(support_reap(other), 0);
	support_go_on(stopped);
	ck_assert_int_eq(add_one(NULL), 0);
	ck_assert_int_eq(support_reap(stopped), 0);
	ck_assert_uint_eq(shared->count, 0);
}
END_TEST

START_TEST(caught_signal_does_not_make_true_what_is_waited_for)
{
	support_disturb(add_one, NULL);
	ck_assert_int_eq(take_one(NULL), 0);
	support_calm();
	ck_assert_uint_eq(shared->count, 0);
	ck_assert_uint_eq(shared->waiting, 0);
}
END_TEST

/* What a survivor does when the last holder died: only sums that belong together are believed. */
static int lock_and_repair(void)
{
	int rc = lock();

	if (rc == MPROC_OWNER_DIED)
		shared->expected = shared->sum;
	return rc < 0 ? rc : 0;
}

/* Everybody adds in turn, one to each of two sums, until killed. */
static int add_in_turn(void *turn)
{
	for (;;) {
		int rc = lock_and_repair();

		while (rc == 0 && shared->count % SIDES != *(uint32_t *)turn) {
			rc = await(MPROC_FOREVER);
			if (rc == MPROC_OWNER_DIED)
				shared->expected = shared->sum;
			rc = rc < 0 ? rc : 0;
		}
		if (rc < 0)
			return 1;
		if (shared->sum != shared->expected)
			return 2;
		++shared->sum;
		++shared->expected;
		++shared->count;
		notify_all();
		if (unlock() < 0)
			return 3;
	}
}

static uint64_t read_sum(void)
{
	uint64_t sum;

	ck_assert_int_eq(lock_and_repair(), 0);
	sum = shared->sum;
	ck_assert_int_eq(unlock(), 0);
	return sum;
}

START_TEST(killed_waiters_and_notifiers_stop_nobody)
{
	uint32_t turns[SIDES];
	pid_t pids[SIDES];

	for (uint32_t i = 0; i < SIDES; ++i) {
		turns[i] = i;
		pids[i] = support_fork(add_in_turn, &turns[i]);
	}
	for (int i = 0; i < 30; ++i) {
		int victim = i % SIDES;
		uint64_t goal = read_sum() + 20;

		while (read_sum() < goal)
			;
		support_kill(pids[victim]);
		pids[victim] = support_fork(add_in_turn, &turns[victim]);
	}
	for (int i = 0; i < SIDES; ++i)
		support_kill(pids[i]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_condition,
		every_call_refuses_what_is_no_condition,
		wait_refuses_what_is_no_mutex,
		destroyed_condition_is_refused_until_it_is_made_again,
		wait_with_a_mutex_that_nobody_holds_is_refused,
		wait_with_a_mutex_that_another_thread_holds_is_refused,
		refused_wait_does_not_hide_the_death_of_the_last_holder,
		wait_ends_at_the_deadline_with_the_mutex_held,
		wait_in_a_loop_ends_at_a_later_deadline,
		notification_with_nobody_waiting_is_not_remembered,
		mutex_is_free_while_its_holder_waits,
		notification_without_the_mutex_is_heard,
		notify_all_wakes_every_waiting_thread,
		recursive_mutex_is_let_go_of_whole_and_taken_back_as_deep,
		threads_produce_and_consume,
		condition_in_ordinary_memory_works_between_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		news_of_a_death_goes_before_the_end_of_time,
		wait_tells_that_the_last_holder_ended_and_keeps_its_depth,
		notification_wakes_a_waiting_process,
		process_that_is_no_member_may_wait_and_notify,
		notify_all_wakes_every_waiting_process,
		child_does_not_wait_with_the_mutex_of_its_parent,
		processes_produce_and_consume,
		killed_waiter_costs_the_others_nothing,
		waiter_killed_when_it_is_notified_lets_the_other_go_on,
		change_of_a_process_killed_before_it_told_anybody_is_seen,
		join_of_a_process_killed_before_it_told_anybody_ends_the_wait,
		wait_tells_that_the_last_holder_was_killed,
		stopped_waiter_stops_nobody,
		caught_signal_does_not_make_true_what_is_waited_for,
		killed_waiters_and_notifiers_stop_nobody,
		NULL,
	};
	const support_suite suite = {
		.name = "condition",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_shared,
		.teardown = free_shared,
	};

	return support_run_suite(&suite);
}
