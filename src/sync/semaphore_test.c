/* SPDX-License-Identifier: MIT */
#include <mproc/semaphore.h>

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PERMITS = 3,
	/* Processes, and threads in each. */
	PROCESSES = 4,
	THREADS = 4,
};

/* In the arena. */
static struct shared {
	mproc_semaphore semaphore, answers;
	/* Who has a permit at this moment, and how often there were too many. */
	_Atomic uint32_t inside, crowded;
	_Atomic uint32_t done;
} * shared;

static void make_shared(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, PERMITS, NULL), 0);
}

static void free_shared(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static void init(uint32_t permits)
{
	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, permits, NULL), 0);
}

static void init_owned(uint32_t permits)
{
	const mproc_semaphore_options options = {.owned = true};

	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, permits, &options), 0);
}

static int acquire(mproc_deadline deadline)
{
	return mproc_semaphore_acquire(&shared->semaphore, deadline);
}

static int release(uint32_t permits)
{
	return mproc_semaphore_release(&shared->semaphore, permits);
}

static int value(void)
{
	return mproc_semaphore_value(&shared->semaphore);
}

/* As a member, whom one sees sleep. */
static int acquire_one(void *unused)
{
	int rc = mproci_family_join();

	(void)unused;
	return rc < 0 ? rc : acquire(MPROC_FOREVER);
}

static int acquire_now(void *unused)
{
	(void)unused;
	return acquire(MPROC_NOW);
}

/* As many as @count. */
static int acquire_many(void *count)
{
	int rc = 0;

	for (uint32_t i = 0; i < *(uint32_t *)count && rc == 0; ++i)
		rc = acquire(MPROC_FOREVER);
	return rc;
}

static int release_one(void *unused)
{
	(void)unused;
	return release(1);
}

static int acquire_and_release(void *unused)
{
	int rc = acquire_one(unused);

	return rc < 0 ? rc : release(1);
}

START_TEST(init_refuses_no_semaphore)
{
	ck_assert_int_eq(mproc_semaphore_init(NULL, 1, NULL), -EINVAL);
	support_check_text("semaphore is NULL");
}
END_TEST

START_TEST(init_refuses_each_reserved_word)
{
	for (int i = 0; i < 3; ++i) {
		mproc_semaphore_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, 1, &options), -EINVAL);
		support_check_text(expected);
	}
	ck_assert_int_eq(value(), PERMITS);
}
END_TEST

static void check_refused(uint32_t permits, uint32_t bound, bool owned, const char *expected)
{
	const mproc_semaphore_options options = {.bound = bound, .owned = owned};

	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, permits, &options), -EINVAL);
	support_check_text(expected);
	ck_assert_int_eq(value(), PERMITS);
}

START_TEST(init_refuses_a_bound_that_cannot_be)
{
	check_refused(1, 1U + MPROC_SEMAPHORE_MAX, false, "bound 2147483648: 1 to 2147483647 are possible");
	check_refused(1, UINT32_MAX, false, "bound 4294967295: 1 to 2147483647 are possible");
	check_refused(121, 121, true, "bound 121: 1 to 120 are possible");
}
END_TEST

START_TEST(init_refuses_more_permits_than_the_bound)
{
	check_refused(5, 4, false, "permits 5: 0 to 4 are possible");
	check_refused(1U + MPROC_SEMAPHORE_MAX, 0, false, "permits 2147483648: 0 to 2147483647 are possible");
	check_refused(121, 0, true, "permits 121: 1 to 120 are possible");
	check_refused(5, 4, true, "permits 5: 1 to 4 are possible");
}
END_TEST

START_TEST(init_refuses_owned_permits_that_are_not_there_at_first)
{
	check_refused(0, 0, true, "permits 0: 1 to 120 are possible");
	check_refused(3, 4, true, "bound 4: owned permits are all there at first, 3");
}
END_TEST

START_TEST(bound_of_owned_permits_may_be_said)
{
	const mproc_semaphore_options options = {.bound = 2, .owned = true};

	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, 2, &options), 0);
	ck_assert_int_eq(value(), 2);
}
END_TEST

static void check_permits(void)
{
	for (int left = PERMITS; left > 0; --left) {
		ck_assert_int_eq(value(), left);
		ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	}
	ck_assert_int_eq(value(), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	for (int there = 1; there <= PERMITS; ++there) {
		ck_assert_int_eq(release(1), 0);
		ck_assert_int_eq(value(), there);
	}
}

START_TEST(permits_are_taken_until_none_is_left_and_come_back)
{
	check_permits();
	init_owned(PERMITS);
	check_permits();
}
END_TEST

START_TEST(semaphore_begins_with_no_permit_when_told_so)
{
	init(0);
	ck_assert_int_eq(value(), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
}
END_TEST

static void check_deadlines(void)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, INT64_MIN, 1, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(acquire(deadlines[i]), 0);
		ck_assert_int_eq(release(1), 0);
	}
	for (int i = 0; i < PERMITS; ++i)
		ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	for (size_t i = 1; i < sizeof deadlines / sizeof deadlines[0] - 1; ++i) {
		ck_assert_int_eq(acquire(deadlines[i]), -ETIMEDOUT);
		support_check_text("no permit until the deadline");
	}
	ck_assert_int_eq(acquire(mproc_after(0.005)), -ETIMEDOUT);
	support_check_text("no permit until the deadline");
	/* Longer than a slice of the waiting. */
	ck_assert_int_eq(acquire(mproc_after(0.25)), -ETIMEDOUT);
	ck_assert_int_eq(value(), 0);
}

START_TEST(permit_that_is_there_is_taken_whatever_the_deadline_and_others_are_not)
{
	check_deadlines();
	init_owned(PERMITS);
	check_deadlines();
}
END_TEST

START_TEST(release_may_make_permits_up_to_the_greatest_number)
{
	ck_assert_int_eq(release(MPROC_SEMAPHORE_MAX - PERMITS), 0);
	ck_assert_int_eq(value(), MPROC_SEMAPHORE_MAX);
	ck_assert_int_eq(release(1), -EOVERFLOW);
	support_check_text("2147483647 permits are there, and 1 more are above 2147483647");
	ck_assert_int_eq(value(), MPROC_SEMAPHORE_MAX);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(release(1), 0);
	init(MPROC_SEMAPHORE_MAX);
	ck_assert_int_eq(release(1), -EOVERFLOW);
}
END_TEST

START_TEST(release_above_the_bound_does_nothing)
{
	const mproc_semaphore_options options = {.bound = 4};

	ck_assert_int_eq(mproc_semaphore_init(&shared->semaphore, 2, &options), 0);
	ck_assert_int_eq(release(3), -EOVERFLOW);
	support_check_text("2 permits are there, and 3 more are above 4");
	ck_assert_int_eq(release(UINT32_MAX), -EOVERFLOW);
	support_check_text("2 permits are there, and 4294967295 more are above 4");
	ck_assert_int_eq(value(), 2);
	ck_assert_int_eq(release(2), 0);
	ck_assert_int_eq(release(1), -EOVERFLOW);
	ck_assert_int_eq(value(), 4);
}
END_TEST

START_TEST(release_of_nothing_is_refused)
{
	ck_assert_int_eq(release(0), -EINVAL);
	support_check_text("release of 0 permits");
	init_owned(1);
	ck_assert_int_eq(release(0), -EINVAL);
	support_check_text("release of 0 permits");
}
END_TEST

START_TEST(every_call_refuses_what_is_no_semaphore)
{
	mproc_semaphore nothing = {{0}};
	mproc_semaphore *const wrong[] = {NULL, &nothing};
	static const char *const texts[] = {"semaphore is NULL", "not initialised, or destroyed"};

	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproc_semaphore_acquire(wrong[i], MPROC_NOW), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_semaphore_release(wrong[i], 1), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_semaphore_value(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
	}
	ck_assert_int_eq(mproc_semaphore_destroy(&nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_semaphore_destroy(NULL), 0);
}
END_TEST

START_TEST(destroyed_semaphore_is_refused_until_it_is_made_again)
{
	ck_assert_int_eq(mproc_semaphore_destroy(&shared->semaphore), 0);
	ck_assert_int_eq(acquire(MPROC_FOREVER), -EINVAL);
	ck_assert_int_eq(release(1), -EINVAL);
	ck_assert_int_eq(value(), -EINVAL);
	ck_assert_int_eq(mproc_semaphore_destroy(&shared->semaphore), -EINVAL);
	support_check_text("not initialised, or destroyed");
	init(1);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
}
END_TEST

START_TEST(plain_permit_is_released_by_who_did_not_acquire_it)
{
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(value(), PERMITS + 1);
	ck_assert_int_eq(support_in_thread(release_one, NULL).result, 0);
	ck_assert_int_eq(value(), PERMITS + 2);
}
END_TEST

START_TEST(owned_permit_is_released_by_any_thread_of_its_process)
{
	init_owned(1);
	ck_assert_int_eq(support_in_thread(acquire_one, NULL).result, 0);
	/* That the thread has ended changes nothing: it is the process's. */
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(support_in_thread(release_one, NULL).result, 0);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(release(1), 0);
}
END_TEST

START_TEST(release_of_more_owned_permits_than_there_are_does_nothing)
{
	init_owned(PERMITS);
	ck_assert_int_eq(release(1), -EPERM);
	support_check_text("this process owns 0 permits, not 1");
	acquire(MPROC_NOW);
	acquire(MPROC_NOW);
	ck_assert_int_eq(release(3), -EPERM);
	support_check_text("this process owns 2 permits, not 3");
	ck_assert_int_eq(release(UINT32_MAX), -EPERM);
	support_check_text("this process owns 2 permits, not 4294967295");
	ck_assert_int_eq(value(), 1);
	ck_assert_int_eq(release(2), 0);
	ck_assert_int_eq(value(), PERMITS);
	ck_assert_int_eq(release(1), -EPERM);
}
END_TEST

START_TEST(as_many_owned_permits_as_there_can_be_are_taken_and_given_back)
{
	init_owned(MPROC_SEMAPHORE_OWNED_MAX);
	for (int i = 0; i < MPROC_SEMAPHORE_OWNED_MAX; ++i)
		ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(value(), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(release(MPROC_SEMAPHORE_OWNED_MAX), 0);
	ck_assert_int_eq(value(), MPROC_SEMAPHORE_OWNED_MAX);
}
END_TEST

static void check_that_release_lets_on(uint32_t permits)
{
	support_thread waiters[8];

	for (int i = 0; i < 8; ++i)
		support_begin(&waiters[i], acquire_one, NULL);
	support_await_sleepers(8);
	for (uint32_t i = 0; i < 8; i += permits)
		ck_assert_int_eq(release(permits), 0);
	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(support_end(&waiters[i]), 0);
	ck_assert_int_eq(value(), 0);
}

START_TEST(each_permit_released_lets_a_waiting_thread_go_on)
{
	init(0);
	check_that_release_lets_on(1);
	check_that_release_lets_on(2);
	check_that_release_lets_on(8);
	init_owned(8);
	for (int i = 0; i < 8; ++i)
		acquire(MPROC_NOW);
	check_that_release_lets_on(1);
	check_that_release_lets_on(4);
	check_that_release_lets_on(8);
}
END_TEST

/* Be inside for a moment, as one of at most PERMITS.  Returns 0, or what went wrong. */
static int enter_and_leave(void)
{
	int rc = acquire(MPROC_FOREVER);

	if (rc < 0)
		return rc;
	if (atomic_fetch_add(&shared->inside, 1) >= PERMITS)
		atomic_fetch_add(&shared->crowded, 1);
	atomic_fetch_sub(&shared->inside, 1);
	return release(1);
}

/* *@rounds times. */
static int enter_often(void *rounds)
{
	int rc = 0;

	for (int i = 0; i < *(int *)rounds && rc == 0; ++i)
		rc = enter_and_leave();
	return rc;
}

/* In some threads at once; returns a failure, if there was one. */
static int in_threads(support_deed *deed, void *argument)
{
	support_thread threads[THREADS];
	int rc = 0;

	for (int i = 0; i < THREADS; ++i)
		support_begin(&threads[i], deed, argument);
	for (int i = 0; i < THREADS; ++i)
		rc = support_end(&threads[i]) < 0 ? threads[i].result : rc;
	return rc;
}

static int enter_in_threads(void *rounds)
{
	return in_threads(enter_often, rounds);
}

static void check_nobody_is_left_inside(void)
{
	ck_assert_uint_eq(shared->crowded, 0);
	ck_assert_uint_eq(shared->inside, 0);
	ck_assert_int_eq(value(), PERMITS);
}

START_TEST(threads_are_never_more_than_permits)
{
	int rounds = 10000;

	ck_assert_int_eq(enter_in_threads(&rounds), 0);
	check_nobody_is_left_inside();
	init_owned(PERMITS);
	ck_assert_int_eq(enter_in_threads(&rounds), 0);
	check_nobody_is_left_inside();
}
END_TEST

enum {
	MANY = 48
};

/* Take what is released here, and answer. */
static int answer_often(void *rounds)
{
	int rc = 0;

	for (int i = 0; i < *(int *)rounds && rc == 0; ++i) {
		rc = acquire(MPROC_FOREVER);
		if (rc == 0)
			rc = mproc_semaphore_release(&shared->answers, 1);
	}
	return rc;
}

START_TEST(as_many_waits_end_as_there_were_releases)
{
	static support_thread threads[MANY];
	int rounds = 200;

	init(0);
	ck_assert_int_eq(mproc_semaphore_init(&shared->answers, 0, NULL), 0);
	for (int i = 0; i < MANY; ++i)
		support_begin(&threads[i], answer_often, &rounds);
	for (int sent = 0; sent < MANY * rounds; sent += 6) {
		ck_assert_int_eq(release(1), 0);
		ck_assert_int_eq(release(2), 0);
		ck_assert_int_eq(release(3), 0);
		for (int i = 0; i < 6; ++i)
			ck_assert_int_eq(mproc_semaphore_acquire(&shared->answers, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_semaphore_value(&shared->answers), 0);
		ck_assert_int_eq(value(), 0);
	}
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST

static int acquire_soon(void *unused)
{
	(void)unused;
	return acquire(mproc_after(0.0001));
}

/* Deadlines that race with releases: each permit is either taken by who says so, or there. */
START_TEST(permit_released_at_the_deadline_is_taken_or_left)
{
	init(0);
	for (int i = 0; i < 500; ++i) {
		support_thread waiter;

		support_begin(&waiter, acquire_soon, NULL);
		ck_assert_int_eq(release(1), 0);
		if (support_end(&waiter) == 0) {
			ck_assert_int_eq(value(), 0);
			continue;
		}
		ck_assert_int_eq(waiter.result, -ETIMEDOUT);
		ck_assert_int_eq(value(), 1);
		ck_assert_int_eq(acquire(MPROC_NOW), 0);
	}
}
END_TEST

static mproc_semaphore ordinary;

static int acquire_ordinary(void *unused)
{
	(void)unused;
	return mproc_semaphore_acquire(&ordinary, MPROC_FOREVER);
}

static void check_ordinary(const mproc_semaphore_options *options)
{
	support_thread waiter;

	ck_assert_int_eq(mproc_semaphore_init(&ordinary, 1, options), 0);
	ck_assert_int_eq(mproc_semaphore_acquire(&ordinary, MPROC_NOW), 0);
	for (int i = 0; i < 1000; ++i) {
		support_begin(&waiter, acquire_ordinary, NULL);
		ck_assert_int_eq(mproc_semaphore_release(&ordinary, 1), 0);
		ck_assert_int_eq(support_end(&waiter), 0);
		ck_assert_int_eq(mproc_semaphore_value(&ordinary), 0);
	}
	ck_assert_int_eq(mproc_semaphore_destroy(&ordinary), 0);
}

START_TEST(semaphore_in_ordinary_memory_works_between_threads)
{
	const mproc_semaphore_options owned = {.owned = true};

	check_ordinary(NULL);
	check_ordinary(&owned);
}
END_TEST

/* From here on: between processes. */

START_TEST(permits_are_shared_with_a_child)
{
	uint32_t two = 2;

	ck_assert_int_eq(support_reap(support_fork(acquire_many, &two)), 0);
	ck_assert_int_eq(value(), PERMITS - 2);
	ck_assert_int_eq(support_reap(support_fork(release_one, NULL)), 0);
	ck_assert_int_eq(value(), PERMITS - 1);
}
END_TEST

START_TEST(release_lets_a_waiting_process_go_on)
{
	pid_t waiter;

	init(0);
	waiter = support_fork(acquire_one, NULL);
	support_await_sleepers(1);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(support_reap(waiter), 0);
	ck_assert_int_eq(value(), 0);
}
END_TEST

static int acquire_as_a_stranger(void *unused)
{
	(void)unused;
	return mproci_member_self() != 0 ? 77 : acquire(MPROC_FOREVER);
}

START_TEST(process_that_is_no_member_may_wait)
{
	pid_t waiter;

	init(0);
	waiter = support_fork(acquire_as_a_stranger, NULL);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(support_reap(waiter), 0);
}
END_TEST

START_TEST(process_that_releases_lets_this_one_go_on)
{
	pid_t releaser;

	init(0);
	releaser = support_fork(release_one, NULL);
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	ck_assert_int_eq(support_reap(releaser), 0);
}
END_TEST

START_TEST(plain_permit_of_a_killed_process_stays_taken)
{
	support_kill(support_fork_and_keep(acquire_one, NULL));
	support_kill_and_join(support_start_and_keep(acquire_one, NULL));
	mproci_member_sweep();
	ck_assert_int_eq(value(), PERMITS - 2);
}
END_TEST

/* Has a permit by its parent, but none of its own. */
static int use_permit_of_parent(void *unused)
{
	(void)unused;
	if (release(1) != -EPERM || value() != 1)
		return 1;
	if (acquire(MPROC_NOW) != 0 || value() != 0 || acquire(MPROC_NOW) != -ETIMEDOUT)
		return 2;
	return release(2) == -EPERM && release(1) == 0 ? 0 : 3;
}

START_TEST(child_owns_no_permit_of_its_parent)
{
	init_owned(2);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(support_reap(support_fork(use_permit_of_parent, NULL)), 0);
	/* Nor did its end give back what it did not own. */
	mproci_member_sweep();
	ck_assert_int_eq(value(), 1);
	ck_assert_int_eq(release(1), 0);
}
END_TEST

START_TEST(parent_owns_no_permit_of_its_child)
{
	pid_t child;

	init_owned(2);
	child = support_fork_and_keep(acquire_one, NULL);
	ck_assert_int_eq(release(1), -EPERM);
	support_check_text("this process owns 0 permits, not 1");
	ck_assert_int_eq(value(), 1);
	support_kill(child);
}
END_TEST

START_TEST(permits_of_a_process_killed_and_joined_are_there_at_once)
{
	uint32_t five = 5;

	init_owned(8);
	support_kill_and_join(support_start_and_keep(acquire_many, &five));
	ck_assert_int_eq(value(), 8);
	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(permits_of_a_process_that_ended_without_giving_them_back_are_there_at_once)
{
	uint32_t two = 2;
	mproc_process *process;

	init_owned(2);
	ck_assert_int_eq(mproc_process_start(NULL, acquire_many, &two, sizeof two, &process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
}
END_TEST

/* All eight: five of somebody killed, and three free ones. */
static void check_all_are_got(void)
{
	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(release(8), 0);
	ck_assert_int_eq(value(), 8);
}

START_TEST(permits_of_a_killed_process_that_nobody_buries_come_back)
{
	uint32_t five = 5;

	init_owned(8);
	support_kill(support_fork_and_keep(acquire_many, &five));
	check_all_are_got();
}
END_TEST

START_TEST(permits_of_a_zombie_come_back)
{
	uint32_t five = 5;
	pid_t zombie;

	init_owned(8);
	zombie = support_fork_and_keep(acquire_many, &five);
	support_kill_and_leave(zombie);
	check_all_are_got();
	ck_assert_int_eq(support_reap(zombie), -SIGKILL);
}
END_TEST

START_TEST(permit_of_a_killed_process_is_got_before_the_deadline)
{
	init_owned(1);
	support_kill(support_fork_and_keep(acquire_one, NULL));
	ck_assert_int_eq(acquire(mproc_after(30)), 0);
}
END_TEST

START_TEST(permits_of_a_killed_process_go_to_those_who_wait)
{
	uint32_t permits = PERMITS;
	pid_t holder, waiters[2 * PERMITS];

	init_owned(PERMITS);
	holder = support_fork_and_keep(acquire_many, &permits);
	for (int i = 0; i < 2 * PERMITS; ++i)
		waiters[i] = support_fork(acquire_and_release, NULL);
	support_await_sleepers(2 * PERMITS);
	support_kill_and_leave(holder);
	for (int i = 0; i < 2 * PERMITS; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
	support_reap(holder);
	ck_assert_int_eq(value(), PERMITS);
}
END_TEST

START_TEST(join_of_a_killed_owner_ends_the_waits)
{
	uint32_t permits = PERMITS;
	mproc_process *holder;
	pid_t waiters[PERMITS];

	init_owned(PERMITS);
	holder = support_start_and_keep(acquire_many, &permits);
	for (int i = 0; i < PERMITS; ++i)
		waiters[i] = support_fork(acquire_one, NULL);
	support_await_sleepers(PERMITS);
	support_kill_and_join(holder);
	for (int i = 0; i < PERMITS; ++i)
		ck_assert_int_eq(support_reap(waiters[i]), 0);
}
END_TEST

START_TEST(permit_goes_on_when_each_who_gets_it_is_killed)
{
	init_owned(1);
	for (int i = 0; i < 5; ++i)
		support_kill(support_fork_and_keep(acquire_one, NULL));
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	ck_assert_int_eq(release(1), 0);
}
END_TEST

START_TEST(killed_waiter_takes_nothing)
{
	pid_t killed, other;

	init(0);
	killed = support_fork(acquire_one, NULL);
	support_await_sleepers(1);
	other = support_fork(acquire_one, NULL);
	support_await_sleepers(2);
	support_kill(killed);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(support_reap(other), 0);
	ck_assert_int_eq(value(), 0);
}
END_TEST

/* The one that is woken is killed before it runs, or just after. */
START_TEST(waiter_killed_when_it_is_woken_lets_the_other_go_on)
{
	for (int i = 0; i < 20; ++i) {
		pid_t killed, other;
		int status;

		init(0);
		killed = support_fork(acquire_one, NULL);
		support_await_sleepers(1);
		other = support_fork(acquire_one, NULL);
		ck_assert_int_eq(release(1), 0);
		kill(killed, SIGKILL);
		status = support_reap(killed);
		/* It may have had the time to take the permit. */
		if (status == 0 || value() == 0)
			release(1);
		ck_assert_int_eq(support_reap(other), 0);
		mproci_member_sweep();
	}
}
END_TEST

START_TEST(stopped_owner_keeps_its_permit)
{
	pid_t holder;

	init_owned(1);
	holder = support_fork_and_keep(acquire_one, NULL);
	support_stop(holder);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(acquire(mproc_after(0.25)), -ETIMEDOUT);
	ck_assert_int_eq(value(), 0);
	support_kill(holder);
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
}
END_TEST

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* The first thread of a process ends, and another goes on. */
static int acquire_and_live_on(void *unused)
{
	pthread_t thread;
	int rc = acquire_one(unused);

	if (rc == 0 && pthread_create(&thread, NULL, stay, NULL) == 0)
		pthread_exit(NULL);
	return 1;
}

static bool is_zombie(pid_t pid)
{
	char path[32], state = '?';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
	fclose(file);
	return state == 'Z';
}

START_TEST(process_whose_first_thread_has_ended_keeps_its_permit)
{
	pid_t holder;

	init_owned(1);
	holder = support_fork(acquire_and_live_on, NULL);
	while (!is_zombie(holder))
		sched_yield();
	ck_assert_int_eq(acquire(mproc_after(0.25)), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
}
END_TEST

START_TEST(stopped_waiter_stops_nobody)
{
	pid_t stopped, other;

	init(0);
	stopped = support_fork(acquire_one, NULL);
	support_await_sleepers(1);
	support_stop(stopped);
	other = support_fork(acquire_one, NULL);
	support_await_sleepers(2);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(support_reap(other), 0);
	support_go_on(stopped);
	ck_assert_int_eq(release(1), 0);
	ck_assert_int_eq(support_reap(stopped), 0);
	ck_assert_int_eq(value(), 0);
}
END_TEST

/*
 * Somebody who buries is stopped in the middle of it: that must not hold up those who only look who has died.
 */
static int begin_burial(void *unused)
{
	(void)unused;
	if (mproci_family_join() != 0)
		return 1;
	mproci_member_lock();
	return 0;
}

START_TEST(deadline_holds_while_somebody_is_stopped_in_a_burial)
{
	pid_t stopped;

	init_owned(1);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	stopped = support_fork_and_keep(begin_burial, NULL);
	support_stop(stopped);
	ck_assert_int_eq(acquire(mproc_after(0.25)), -ETIMEDOUT);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	support_kill(stopped);
}
END_TEST

START_TEST(caught_signal_does_not_end_a_wait)
{
	init(0);
	support_disturb(release_one, NULL);
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	support_calm();
	ck_assert_int_eq(value(), 0);
}
END_TEST

static int kill_it(void *pid)
{
	return kill(*(pid_t *)pid, SIGKILL);
}

START_TEST(caught_signal_does_not_end_a_wait_for_an_owned_permit)
{
	pid_t holder;

	init_owned(1);
	holder = support_fork_and_keep(acquire_one, NULL);
	support_disturb(kill_it, &holder);
	ck_assert_int_eq(acquire(MPROC_FOREVER), 0);
	support_calm();
	support_reap(holder);
}
END_TEST

START_TEST(processes_are_never_more_than_permits)
{
	for (int owned = 0; owned < 2; ++owned) {
		pid_t pids[PROCESSES];
		int rounds = 5000;

		if (owned)
			init_owned(PERMITS);
		for (int i = 0; i < PROCESSES; ++i)
			pids[i] = support_fork(enter_in_threads, &rounds);
		for (int i = 0; i < PROCESSES; ++i)
			ck_assert_int_eq(support_reap(pids[i]), 0);
		check_nobody_is_left_inside();
	}
}
END_TEST

static int take_turns(void *rounds)
{
	int rc = 0;

	for (int i = 0; i < *(int *)rounds && rc == 0; ++i)
		rc = acquire_and_release(NULL);
	return rc;
}

static int take_turns_in_threads(void *rounds)
{
	return in_threads(take_turns, rounds);
}

/*
 * What one thread owns may change its place while others of its process take turns: the thread finds it all
 * the same.
 */
START_TEST(owned_permit_is_never_missed_by_its_owner)
{
	pid_t pids[2];
	int rounds = 100000;

	init_owned(THREADS);
	for (int i = 0; i < 2; ++i)
		pids[i] = support_fork(take_turns_in_threads, &rounds);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	ck_assert_int_eq(value(), THREADS);
}
END_TEST

/*
 * Enters, leaves, and now and then is killed with its permit; not counted inside, so that the count stays
 * right.
 */
static int enter_and_be_killed(void *seed)
{
	int rounds = 20 + *(int *)seed * 13;
	int rc = enter_often(&rounds);

	if (rc == 0)
		rc = acquire(MPROC_FOREVER);
	if (rc == 0)
		kill(getpid(), SIGKILL);
	return rc;
}

/* Takes and gives back as fast as it can, not counted at all, until it is killed wherever that finds it. */
static int haunt(void *unused)
{
	int rc = 0;

	while (rc == 0)
		rc = acquire_and_release(unused);
	return rc;
}

START_TEST(killed_processes_lose_no_permit)
{
	pid_t steady, ghosts[2];
	int rounds = 3000;

	init_owned(PERMITS);
	steady = support_fork(enter_in_threads, &rounds);
	for (int i = 0; i < 2; ++i)
		ghosts[i] = support_fork(haunt, NULL);
	for (int i = 0; i < 30; ++i) {
		pid_t victim = support_fork(enter_and_be_killed, &i);

		ck_assert_int_eq(support_reap(victim), -SIGKILL);
		support_kill(ghosts[i % 2]);
		ghosts[i % 2] = support_fork(haunt, NULL);
	}
	ck_assert_int_eq(support_reap(steady), 0);
	for (int i = 0; i < 2; ++i)
		support_kill(ghosts[i]);
	for (int i = 0; i < PERMITS; ++i)
		ck_assert_int_eq(acquire(mproc_after(30)), 0);
	ck_assert_int_eq(acquire(MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(release(PERMITS), 0);
	check_nobody_is_left_inside();
}
END_TEST

static int init_an_owned_one(void *unused)
{
	const mproc_semaphore_options options = {.owned = true};
	mproc_semaphore local;

	(void)unused;
	return mproc_semaphore_init(&local, 1, &options);
}

START_TEST(process_that_cannot_join_the_family_is_told_so)
{
	init_owned(1);
	support_check_refusals(acquire_now, NULL);
	ck_assert_int_eq(value(), 1);
}
END_TEST

START_TEST(process_that_cannot_join_the_family_makes_no_owned_permits)
{
	support_check_refusals(init_an_owned_one, NULL);
}
END_TEST

static int release_unjoined(void *unused)
{
	const struct rlimit none = {0};

	setrlimit(RLIMIT_NOFILE, &none);
	return release_one(unused);
}

START_TEST(process_that_cannot_join_the_family_owns_nothing)
{
	init_owned(1);
	ck_assert_int_eq(acquire(MPROC_NOW), 0);
	ck_assert_int_eq(support_reap(support_fork(release_unjoined, NULL)), EPERM);
	ck_assert_int_eq(release(1), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_semaphore,
		init_refuses_each_reserved_word,
		init_refuses_a_bound_that_cannot_be,
		init_refuses_more_permits_than_the_bound,
		init_refuses_owned_permits_that_are_not_there_at_first,
		bound_of_owned_permits_may_be_said,
		permits_are_taken_until_none_is_left_and_come_back,
		semaphore_begins_with_no_permit_when_told_so,
		permit_that_is_there_is_taken_whatever_the_deadline_and_others_are_not,
		release_may_make_permits_up_to_the_greatest_number,
		release_above_the_bound_does_nothing,
		release_of_nothing_is_refused,
		every_call_refuses_what_is_no_semaphore,
		destroyed_semaphore_is_refused_until_it_is_made_again,
		plain_permit_is_released_by_who_did_not_acquire_it,
		owned_permit_is_released_by_any_thread_of_its_process,
		release_of_more_owned_permits_than_there_are_does_nothing,
		as_many_owned_permits_as_there_can_be_are_taken_and_given_back,
		each_permit_released_lets_a_waiting_thread_go_on,
		threads_are_never_more_than_permits,
		as_many_waits_end_as_there_were_releases,
		permit_released_at_the_deadline_is_taken_or_left,
		semaphore_in_ordinary_memory_works_between_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		permits_are_shared_with_a_child,
		release_lets_a_waiting_process_go_on,
		process_that_is_no_member_may_wait,
		process_that_releases_lets_this_one_go_on,
		plain_permit_of_a_killed_process_stays_taken,
		child_owns_no_permit_of_its_parent,
		parent_owns_no_permit_of_its_child,
		permits_of_a_process_killed_and_joined_are_there_at_once,
		permits_of_a_process_that_ended_without_giving_them_back_are_there_at_once,
		permits_of_a_killed_process_that_nobody_buries_come_back,
		permits_of_a_zombie_come_back,
		permit_of_a_killed_process_is_got_before_the_deadline,
		permits_of_a_killed_process_go_to_those_who_wait,
		join_of_a_killed_owner_ends_the_waits,
		permit_goes_on_when_each_who_gets_it_is_killed,
		killed_waiter_takes_nothing,
		waiter_killed_when_it_is_woken_lets_the_other_go_on,
		stopped_owner_keeps_its_permit,
		process_whose_first_thread_has_ended_keeps_its_permit,
		stopped_waiter_stops_nobody,
		deadline_holds_while_somebody_is_stopped_in_a_burial,
		caught_signal_does_not_end_a_wait,
		caught_signal_does_not_end_a_wait_for_an_owned_permit,
		processes_are_never_more_than_permits,
		owned_permit_is_never_missed_by_its_owner,
		killed_processes_lose_no_permit,
		process_that_cannot_join_the_family_is_told_so,
		process_that_cannot_join_the_family_makes_no_owned_permits,
		process_that_cannot_join_the_family_owns_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "semaphore",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_shared,
		.teardown = free_shared,
	};

	return support_run_suite(&suite);
}
