/* SPDX-License-Identifier: MIT */
#include "remote/lease_fixture.h"

#include <mproc/remote_semaphore.h>

static const mproc_remote_semaphore_options two = {.permits = 2};

static mproc_remote_semaphore *open_semaphore(const mproc_remote_semaphore_options *options)
{
	mproc_remote_semaphore *one = NULL;

	check_done(mproc_remote_semaphore_open(remote, "semaphore", options, &one));
	return one;
}

static int acquire(void *argument)
{
	mproc_remote_semaphore *one;
	int rc;

	(void)argument;
	rc = mproc_remote_semaphore_open(remote, "semaphore", &two, &one);
	return rc < 0 ? rc : mproc_remote_semaphore_acquire(one, soon());
}

static int use_copy(void *semaphore)
{
	if (mproc_remote_semaphore_release(semaphore, MPROC_NOW) != -ECHILD
		|| mproc_remote_semaphore_acquire(semaphore, MPROC_NOW) != -ECHILD
		|| mproc_remote_semaphore_extend(semaphore, MPROC_NOW) != -ECHILD
		|| mproc_remote_semaphore_remaining(semaphore) != 0)
		return -1;
	mproc_remote_semaphore_close(semaphore);
	return 0;
}

START_TEST(semaphore_has_as_many_permits_as_it_says)
{
	mproc_remote_semaphore *handles[3];

	for (int i = 0; i < 3; ++i)
		handles[i] = open_semaphore(&two);
	check_done(mproc_remote_semaphore_acquire(handles[0], MPROC_NOW));
	check_done(mproc_remote_semaphore_acquire(handles[1], MPROC_NOW));
	check_failed(mproc_remote_semaphore_acquire(handles[2], MPROC_NOW), -ETIMEDOUT,
		"remote semaphore \"semaphore\": still no permit at the deadline");
	check_done(mproc_remote_semaphore_release(handles[0], soon()));
	check_done(mproc_remote_semaphore_acquire(handles[2], MPROC_NOW));
	for (int i = 0; i < 3; ++i)
		handles[i] = mproc_remote_semaphore_close(handles[i]);
	ck_assert_int_eq(ask_number("EXISTS", "semaphore"), 0);
}
END_TEST

START_TEST(handle_holds_one_permit)
{
	mproc_remote_semaphore *semaphore = open_semaphore(&two);

	check_failed(mproc_remote_semaphore_release(semaphore, soon()), -EPERM, "not held by this handle");
	check_failed(mproc_remote_semaphore_extend(semaphore, soon()), -EPERM, "not held by this handle");
	ck_assert(mproc_remote_semaphore_remaining(semaphore) == 0);
	check_done(mproc_remote_semaphore_acquire(semaphore, soon()));
	ck_assert(mproc_remote_semaphore_remaining(semaphore) > 0);
	check_failed(
		mproc_remote_semaphore_acquire(semaphore, soon()), -EDEADLK, "held by this handle already");
	check_done(mproc_remote_semaphore_extend(semaphore, soon()));
	check_done(mproc_remote_semaphore_release(semaphore, soon()));
	semaphore = mproc_remote_semaphore_close(semaphore);
}
END_TEST

START_TEST(two_releases_wake_two)
{
	mproc_remote_semaphore *handles[2] = {open_semaphore(&two), open_semaphore(&two)};
	pid_t others[2];

	for (int i = 0; i < 2; ++i)
		check_done(mproc_remote_semaphore_acquire(handles[i], soon()));
	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(acquire, NULL);
	await_waiting(2);
	for (int i = 0; i < 2; ++i)
		handles[i] = mproc_remote_semaphore_close(handles[i]);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
}
END_TEST

START_TEST(lease_gives_the_permit_of_a_dead_holder_on)
{
	mproc_remote_semaphore *shortly = open_semaphore(&(mproc_remote_semaphore_options){.lease = 0.05});
	mproc_remote_semaphore *semaphore = open_semaphore(NULL);

	check_done(mproc_remote_semaphore_acquire(shortly, soon()));
	check_done(mproc_remote_semaphore_acquire(semaphore, soon()));
	ck_assert(mproc_remote_semaphore_remaining(shortly) == 0);
	check_failed(mproc_remote_semaphore_extend(shortly, soon()), -ESTALE, "not held any more");
	shortly = mproc_remote_semaphore_close(shortly);
	check_done(mproc_remote_semaphore_release(semaphore, soon()));
	semaphore = mproc_remote_semaphore_close(semaphore);
}
END_TEST

START_TEST(releasing_a_lapsed_permit_fails)
{
	mproc_remote_semaphore *shortly = open_semaphore(&(mproc_remote_semaphore_options){.lease = 0.02});

	check_done(mproc_remote_semaphore_acquire(shortly, soon()));
	while (ask_number("EXISTS", "semaphore") > 0)
		poll(NULL, 0, 1);
	check_failed(mproc_remote_semaphore_release(shortly, soon()), -ESTALE, "not held any more");
	shortly = mproc_remote_semaphore_close(shortly);
}
END_TEST

START_TEST(copy_of_a_forked_child_holds_nothing)
{
	mproc_remote_semaphore *semaphore = open_semaphore(NULL);

	check_done(mproc_remote_semaphore_acquire(semaphore, soon()));
	ck_assert_int_eq(support_reap(support_fork(use_copy, semaphore)), 0);
	check_done(mproc_remote_semaphore_release(semaphore, soon()));
	semaphore = mproc_remote_semaphore_close(semaphore);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	mproc_remote_semaphore *one = NULL;

	check_failed(mproc_remote_semaphore_open(NULL, "semaphore", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_semaphore_open(remote, "", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_semaphore_open(remote, "semaphore", NULL, NULL), -EINVAL,
		"ret_semaphore is NULL");
	check_failed(mproc_remote_semaphore_open(
			     remote, "semaphore", &(mproc_remote_semaphore_options){.lease = 1e9}, &one),
		-EINVAL, "lease is 1e+09 seconds");
	check_failed(mproc_remote_semaphore_open(
			     remote, "semaphore", &(mproc_remote_semaphore_options){.reserved = {1}}, &one),
		-EINVAL, "reserved[0] is 1");
	check_failed(mproc_remote_semaphore_acquire(NULL, soon()), -EINVAL, "is NULL");
	check_failed(mproc_remote_semaphore_release(NULL, soon()), -EINVAL, "is NULL");
	check_failed(mproc_remote_semaphore_extend(NULL, soon()), -EINVAL, "is NULL");
	ck_assert(mproc_remote_semaphore_remaining(NULL) == 0);
	ck_assert_ptr_null(mproc_remote_semaphore_close(NULL));
	ck_assert_ptr_null(one);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		semaphore_has_as_many_permits_as_it_says,
		handle_holds_one_permit,
		two_releases_wake_two,
		lease_gives_the_permit_of_a_dead_holder_on,
		releasing_a_lapsed_permit_fails,
		copy_of_a_forked_child_holds_nothing,
		wrong_arguments_are_refused,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "semaphore",
		.process_tests = tests,
		.setup = start_server,
		.teardown = stop_server,
	});
}
