/* SPDX-License-Identifier: MIT */
#include "remote/lease_fixture.h"

#include <mproc/remote_lock.h>
#include <mproc/remote_value.h>
#include <sys/mman.h>

static const mproc_remote_lock_options briefly = {.lease = 0.05};

/* What most tests use. */
static mproc_remote_lock *lock;

static mproc_remote_lock *open_lock(const mproc_remote_lock_options *options)
{
	mproc_remote_lock *one = NULL;

	check_done(mproc_remote_lock_open(remote, "lock", options, &one));
	return one;
}

static void set_up(void)
{
	start_server();
	lock = open_lock(NULL);
}

static void tear_down(void)
{
	ck_assert_ptr_null(mproc_remote_lock_close(lock));
	stop_server();
}

/* Acquire it by another handle, which is left open: as another program would. */
static int acquire(void *argument)
{
	mproc_remote_lock *one;
	int rc;

	(void)argument;
	rc = mproc_remote_lock_open(remote, "lock", NULL, &one);
	return rc < 0 ? rc : mproc_remote_lock_acquire(one, soon());
}

static int use_copy(void *argument)
{
	(void)argument;
	if (mproc_remote_lock_acquire(lock, MPROC_NOW) != -ECHILD
		|| mproc_remote_lock_release(lock, MPROC_NOW) != -ECHILD
		|| mproc_remote_lock_extend(lock, MPROC_NOW) != -ECHILD
		|| mproc_remote_lock_token(lock) != -ECHILD || mproc_remote_lock_remaining(lock) != 0)
		return -1;
	lock = mproc_remote_lock_close(lock);
	return 0;
}

START_TEST(lock_is_held_by_one_at_a_time)
{
	mproc_remote_lock *other = open_lock(NULL);

	check_done(mproc_remote_lock_acquire(lock, soon()));
	check_failed(mproc_remote_lock_acquire(other, MPROC_NOW), -ETIMEDOUT,
		"remote lock \"lock\": still held by somebody else at the deadline");
	check_done(mproc_remote_lock_release(lock, soon()));
	check_done(mproc_remote_lock_acquire(other, MPROC_NOW));
	other = mproc_remote_lock_close(other);
}
END_TEST

START_TEST(lock_is_waited_for_until_the_deadline)
{
	mproc_remote_lock *other = open_lock(NULL);

	check_done(mproc_remote_lock_acquire(lock, soon()));
	check_timed_out(mproc_remote_lock_acquire(other, mproc_after(0.02)));
	other = mproc_remote_lock_close(other);
}
END_TEST

START_TEST(lock_that_is_held_is_not_acquired_again)
{
	check_done(mproc_remote_lock_acquire(lock, soon()));
	check_failed(mproc_remote_lock_acquire(lock, soon()), -EDEADLK, "held by this handle already");
}
END_TEST

START_TEST(lock_that_is_not_held_is_not_released_nor_extended)
{
	check_failed(mproc_remote_lock_release(lock, soon()), -EPERM, "not held by this handle");
	check_failed(mproc_remote_lock_extend(lock, soon()), -EPERM, "not held by this handle");
	check_failed((int)mproc_remote_lock_token(lock), -EPERM, "not held by this handle");
	ck_assert(mproc_remote_lock_remaining(lock) == 0);
}
END_TEST

START_TEST(release_wakes_who_waits)
{
	pid_t other;

	check_done(mproc_remote_lock_acquire(lock, soon()));
	other = support_fork(acquire, NULL);
	await_waiting(1);
	check_done(mproc_remote_lock_release(lock, soon()));
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(who_waits_looks_again_when_nobody_wakes_it)
{
	pid_t other;

	check_done(mproc_remote_lock_acquire(lock, soon()));
	other = support_fork(acquire, NULL);
	await_waiting(1);
	ck_assert_int_eq(ask_number("DEL", "lock"), 1);
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(lease_gives_the_lock_of_a_dead_holder_on)
{
	mproc_remote_lock *shortly = open_lock(&briefly);
	int64_t token;
	pid_t other;

	check_done(mproc_remote_lock_acquire(shortly, soon()));
	token = mproc_remote_lock_token(shortly);
	other = support_fork(acquire, NULL);
	ck_assert_int_eq(support_reap(other), 0);
	ck_assert(mproc_remote_lock_remaining(shortly) == 0);
	/* It does not know. */
	ck_assert_int_eq(mproc_remote_lock_token(shortly), token);
	check_failed(mproc_remote_lock_release(shortly, soon()), -ESTALE,
		"not held any more when it was released");
	shortly = mproc_remote_lock_close(shortly);
}
END_TEST

START_TEST(killed_holder_leaves_the_lock_to_the_next)
{
	mproc_remote_lock *shortly = open_lock(NULL);
	pid_t holder = support_fork_and_keep(acquire, NULL);

	support_kill(holder);
	check_failed(mproc_remote_lock_acquire(shortly, MPROC_NOW), -ETIMEDOUT, "still held");
	/* As its lease would have done. */
	ck_assert_int_eq(ask_number("DEL", "lock"), 1);
	check_done(mproc_remote_lock_acquire(shortly, MPROC_NOW));
	shortly = mproc_remote_lock_close(shortly);
}
END_TEST

START_TEST(extending_a_lock_that_another_has_fails)
{
	mproc_remote_lock *shortly = open_lock(&briefly);

	check_done(mproc_remote_lock_acquire(shortly, soon()));
	check_done(mproc_remote_lock_acquire(lock, soon()));
	check_failed(
		mproc_remote_lock_extend(shortly, soon()), -ESTALE, "not held any more when it was extended");
	check_failed(mproc_remote_lock_release(shortly, soon()), -EPERM, "not held by this handle");
	check_done(mproc_remote_lock_extend(lock, soon()));
	shortly = mproc_remote_lock_close(shortly);
}
END_TEST

START_TEST(lease_lasts_no_longer_here_than_in_the_server)
{
	double here, there;

	check_done(mproc_remote_lock_acquire(lock, soon()));
	here = mproc_remote_lock_remaining(lock);
	ck_assert(here > 0 && here <= 15);
	there = (double)ask_number("PTTL", "lock");
	ck_assert(mproc_remote_lock_remaining(lock) * 1000 <= there + 1);
	check_done(mproc_remote_lock_extend(lock, soon()));
	ck_assert(mproc_remote_lock_remaining(lock) <= 15);
}
END_TEST

START_TEST(each_acquisition_has_a_larger_token)
{
	int64_t last = 0;

	for (int i = 0; i < 5; ++i) {
		check_done(mproc_remote_lock_acquire(lock, soon()));
		ck_assert_int_gt(mproc_remote_lock_token(lock), last);
		last = mproc_remote_lock_token(lock);
		check_done(mproc_remote_lock_release(lock, soon()));
	}
	/* Also when the server has lost its data. */
	ck_assert_int_eq(ask_number("DEL", "{lock}:fence"), 1);
	check_done(mproc_remote_lock_acquire(lock, soon()));
	ck_assert_int_gt(mproc_remote_lock_token(lock), last);
}
END_TEST

/* Take the lock for a moment, and write when that is over: what a process does that is stopped in between. */
static int write_late(void *argument)
{
	_Atomic uint32_t *steps = argument;
	mproc_remote_lock *mine;
	int rc;

	rc = mproc_remote_lock_open(remote, "lock", &briefly, &mine);
	if (rc == 0)
		rc = mproc_remote_lock_acquire(mine, soon());
	if (rc < 0)
		return rc;
	atomic_store(steps, 1);
	support_await(steps, 2);
	rc = mproc_remote_value_set_fenced(remote, "text", "late", 4, mproc_remote_lock_token(mine), soon());
	mproc_remote_lock_close(mine);
	return rc;
}

START_TEST(late_holder_writes_nothing_where_the_token_is_checked)
{
	_Atomic uint32_t *steps =
		mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char text[8] = "";
	pid_t late = support_fork(write_late, steps);

	support_await(steps, 1);
	support_stop(late);
	check_done(mproc_remote_lock_acquire(lock, soon()));
	check_done(mproc_remote_value_set_fenced(
		remote, "text", "new", 3, mproc_remote_lock_token(lock), soon()));
	check_done(mproc_remote_lock_release(lock, soon()));
	atomic_store(steps, 2);
	support_go_on(late);
	ck_assert_int_eq(support_reap(late), ESTALE);
	check_done(mproc_remote_value_get(remote, "text", text, sizeof text, soon(), NULL));
	ck_assert_str_eq(text, "new");
	munmap((void *)(uintptr_t)steps, sizeof *steps);
}
END_TEST

START_TEST(lapsed_lock_is_acquired_anew_by_the_same_handle)
{
	mproc_remote_lock *shortly = open_lock(&briefly);
	int64_t token;

	check_done(mproc_remote_lock_acquire(shortly, soon()));
	token = mproc_remote_lock_token(shortly);
	while (mproc_remote_lock_remaining(shortly) > 0)
		poll(NULL, 0, 1);
	check_done(mproc_remote_lock_acquire(shortly, soon()));
	ck_assert_int_gt(mproc_remote_lock_token(shortly), token);
	shortly = mproc_remote_lock_close(shortly);
}
END_TEST

START_TEST(copy_of_a_forked_child_holds_nothing)
{
	check_done(mproc_remote_lock_acquire(lock, soon()));
	ck_assert_int_eq(support_reap(support_fork(use_copy, NULL)), 0);
	ck_assert_int_eq(ask_number("EXISTS", "lock"), 1);
	check_done(mproc_remote_lock_release(lock, soon()));
}
END_TEST

START_TEST(closing_releases)
{
	check_done(mproc_remote_lock_acquire(lock, soon()));
	lock = mproc_remote_lock_close(lock);
	ck_assert_int_eq(ask_number("EXISTS", "lock"), 0);
}
END_TEST

START_TEST(acquisition_without_an_answer_is_settled_before_the_next)
{
	int64_t token;

	/* The server carries it out, late. */
	support_stop(server.pid);
	check_timed_out(mproc_remote_lock_acquire(lock, mproc_after(0.02)));
	support_go_on(server.pid);
	check_done(mproc_remote_lock_acquire(lock, soon()));
	token = mproc_remote_lock_token(lock);
	support_stop(server.pid);
	check_timed_out(mproc_remote_lock_release(lock, mproc_after(0.02)));
	support_go_on(server.pid);
	check_failed((int)mproc_remote_lock_token(lock), -EPERM, "not held by this handle");
	check_done(mproc_remote_lock_acquire(lock, soon()));
	ck_assert_int_gt(mproc_remote_lock_token(lock), token);
}
END_TEST

START_TEST(name_of_something_else_is_refused)
{
	ck_assert_int_eq(mproc_remote_lock_remaining(lock) == 0, 1);
	tell("LPUSH", "lock", "item");
	check_failed(mproc_remote_lock_acquire(lock, soon()), -EINVAL, "WRONGTYPE");
}
END_TEST

START_TEST(value_that_never_expires_is_no_lock)
{
	check_done(mproc_remote_value_set_fenced(remote, "lock", "what it protects", 16, 1, soon()));
	check_failed(mproc_remote_lock_acquire(lock, soon()), -EINVAL, "\"lock\": WRONGTYPE");
	check_done(mproc_remote_delete(remote, "lock", soon()));
	check_done(mproc_remote_lock_acquire(lock, soon()));
}
END_TEST

START_TEST(lock_of_another_program_is_waited_for)
{
	tell("SET", "lock", "somebody");
	check_done(mproc_remote_expire(remote, "lock", 100, soon()));
	check_timed_out(mproc_remote_lock_acquire(lock, mproc_after(0.02)));
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	mproc_remote_lock *one = NULL;

	check_failed(mproc_remote_lock_open(NULL, "lock", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_lock_open(remote, "", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_lock_open(remote, NULL, NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_lock_open(remote, "lock", NULL, NULL), -EINVAL, "ret_lock is NULL");
	check_failed(mproc_remote_lock_open(remote, "lock", &(mproc_remote_lock_options){.lease = -1}, &one),
		-EINVAL, "lease is -1 seconds, not 0.001 to 31536000");
	check_failed(mproc_remote_lock_open(
			     remote, "lock", &(mproc_remote_lock_options){.reserved = {0, 0, 3}}, &one),
		-EINVAL, "reserved[2] is 3");
	check_failed(mproc_remote_lock_acquire(NULL, soon()), -EINVAL, "is NULL");
	check_failed(mproc_remote_lock_release(NULL, soon()), -EINVAL, "is NULL");
	check_failed(mproc_remote_lock_extend(NULL, soon()), -EINVAL, "is NULL");
	check_failed((int)mproc_remote_lock_token(NULL), -EINVAL, "is NULL");
	ck_assert(mproc_remote_lock_remaining(NULL) == 0);
	ck_assert_ptr_null(mproc_remote_lock_close(NULL));
	ck_assert_ptr_null(one);
}
END_TEST

/* What several processes change with the lock held, and must never find half changed. */
struct shared {
	_Atomic int inside, most, rounds;
};

static int take_turns(void *argument)
{
	struct shared *shared = argument;
	mproc_remote_lock *mine;

	if (mproc_remote_lock_open(remote, "lock", NULL, &mine) < 0)
		return 1;
	for (int i = 0; i < 50; ++i) {
		if (mproc_remote_lock_acquire(mine, soon()) < 0)
			return 2;
		if (atomic_fetch_add(&shared->inside, 1) != 0)
			atomic_fetch_add(&shared->most, 1);
		atomic_fetch_add(&shared->rounds, 1);
		atomic_fetch_sub(&shared->inside, 1);
		if (mproc_remote_lock_release(mine, soon()) < 0)
			return 3;
	}
	mproc_remote_lock_close(mine);
	return 0;
}

START_TEST(processes_exclude_each_other)
{
	struct shared *shared =
		mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t others[3];

	for (int i = 0; i < 3; ++i)
		others[i] = support_fork(take_turns, shared);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	ck_assert_int_eq(shared->most, 0);
	ck_assert_int_eq(shared->rounds, 150);
	munmap(shared, sizeof *shared);
}
END_TEST

START_TEST(killed_holder_gives_the_lock_on_at_once)
{
	pid_t holder = support_fork_and_keep(acquire, NULL);
	mproc_remote_lock *other = open_lock(NULL);

	check_failed(mproc_remote_lock_acquire(other, MPROC_NOW), -ETIMEDOUT, "still held");
	support_kill(holder);
	/* Long before its lease ends. */
	check_done(mproc_remote_lock_acquire(other, mproc_after(5)));
	other = mproc_remote_lock_close(other);
}
END_TEST

/* Have the server close the connection of a client. */
static void cut(mproc_remote *client)
{
	mproci_request request;
	int64_t id, count;

	mproci_request_begin(&request, "CLIENT", true);
	mproci_request_add_text(&request, "ID");
	check_done(mproci_remote_ask_integer(client, &request, soon(), &id));
	mproci_request_begin(&request, "CLIENT", true);
	mproci_request_add_text(&request, "KILL");
	mproci_request_add_text(&request, "ID");
	mproci_request_add_integer(&request, id);
	check_done(mproci_remote_ask_integer(remote, &request, soon(), &count));
	ck_assert_int_eq(count, 1);
}

START_TEST(lock_goes_with_its_connection)
{
	mproc_remote *another;
	mproc_remote_lock *other;

	check_done(mproc_remote_connect(server.url, NULL, soon(), &another));
	check_done(mproc_remote_lock_open(another, "lock", NULL, &other));
	check_done(mproc_remote_lock_acquire(other, soon()));
	check_failed(mproc_remote_lock_acquire(lock, MPROC_NOW), -ETIMEDOUT, "still held");
	cut(another);
	check_done(mproc_remote_lock_acquire(lock, mproc_after(5)));
	check_failed(mproc_remote_lock_extend(other, soon()), -ESTALE, "not held any more");
	other = mproc_remote_lock_close(other);
	another = mproc_remote_close(another);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		lock_is_held_by_one_at_a_time,
		lock_is_waited_for_until_the_deadline,
		lock_that_is_held_is_not_acquired_again,
		lock_that_is_not_held_is_not_released_nor_extended,
		release_wakes_who_waits,
		who_waits_looks_again_when_nobody_wakes_it,
		lease_gives_the_lock_of_a_dead_holder_on,
		extending_a_lock_that_another_has_fails,
		lease_lasts_no_longer_here_than_in_the_server,
		each_acquisition_has_a_larger_token,
		late_holder_writes_nothing_where_the_token_is_checked,
		lapsed_lock_is_acquired_anew_by_the_same_handle,
		copy_of_a_forked_child_holds_nothing,
		closing_releases,
		acquisition_without_an_answer_is_settled_before_the_next,
		name_of_something_else_is_refused,
		value_that_never_expires_is_no_lock,
		lock_of_another_program_is_waited_for,
		wrong_arguments_are_refused,
		processes_exclude_each_other,
		NULL,
	};
	/* They look at how Redis keeps things. */
	const TTest *redis[] = {
		killed_holder_leaves_the_lock_to_the_next,
		NULL,
	};
	/* It knows its clients. */
	const TTest *managers[] = {
		killed_holder_gives_the_lock_on_at_once,
		lock_goes_with_its_connection,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "lock",
		.process_tests = server_choose(tests, redis, managers),
		.setup = set_up,
		.teardown = tear_down,
	});
}
