/* SPDX-License-Identifier: MIT */
#include "sys/descriptor.h"

#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/result.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int ends[2];

static void open_pipe(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void close_pipe(void)
{
	close(ends[0]);
	close(ends[1]);
}

START_TEST(poll_one_returns_when_readable)
{
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(mproci_poll_one(ends[0], MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_poll_one(ends[0], mproc_after(100)), 0);
	ck_assert_int_eq(mproci_poll_one(ends[0], MPROC_NOW), 0);
}
END_TEST

START_TEST(poll_one_times_out_at_the_deadline_and_not_before)
{
	mproc_deadline deadline = mproc_after(0.005);

	ck_assert_int_eq(mproci_poll_one(ends[0], deadline), -ETIMEDOUT);
	ck_assert_int_ge(mproci_clock_now(), deadline);
}
END_TEST

START_TEST(poll_one_times_out_when_the_deadline_has_passed)
{
	ck_assert_int_eq(mproci_poll_one(ends[0], MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_poll_one(ends[0], 1), -ETIMEDOUT);
}
END_TEST

START_TEST(poll_one_returns_at_the_end_of_file)
{
	close(ends[1]);
	ends[1] = -1;
	ck_assert_int_eq(mproci_poll_one(ends[0], MPROC_FOREVER), 0);
}
END_TEST

START_TEST(poll_tells_how_many_descriptors_are_ready)
{
	int doorbell = mproci_doorbell_open();
	struct pollfd both[] = {{.fd = ends[0], .events = POLLIN}, {.fd = doorbell, .events = POLLIN}};

	ck_assert_int_eq(mproci_poll(both, 2, MPROC_NOW), 0);
	mproci_doorbell_ring(doorbell);
	ck_assert_int_eq(mproci_poll(both, 2, MPROC_FOREVER), 1);
	ck_assert_int_eq(both[0].revents, 0);
	ck_assert_int_eq(both[1].revents, POLLIN);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(mproci_poll(both, 2, MPROC_FOREVER), 2);
	mproci_close(doorbell);
}
END_TEST

START_TEST(poll_of_more_descriptors_than_possible_fails)
{
	struct rlimit few = {.rlim_cur = 16, .rlim_max = 16};
	struct pollfd many[32];

	for (int i = 0; i < 32; ++i)
		many[i] = (struct pollfd){.fd = -1};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(mproci_poll(many, 32, MPROC_NOW), -EINVAL);
}
END_TEST

static _Atomic int caught;

static void catch_signal(int number)
{
	(void)number;
	++caught;
}

static _Atomic int poll_result = 1;

static void *poll_pipe(void *unused)
{
	poll_result = mproci_poll_one(ends[0], MPROC_FOREVER);
	return unused;
}

START_TEST(caught_signal_does_not_end_a_poll)
{
	struct sigaction catch = {.sa_handler = catch_signal};
	pthread_t thread;

	sigaction(SIGUSR1, &catch, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, poll_pipe, NULL), 0);
	for (int i = 1; i <= 100; ++i) {
		pthread_kill(thread, SIGUSR1);
		while (caught < i)
			sched_yield();
	}
	ck_assert_int_eq(poll_result, 1);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(poll_result, 0);
}
END_TEST

START_TEST(doorbell_stays_readable_once_it_rang)
{
	int doorbell = mproci_doorbell_open();

	ck_assert_int_ge(doorbell, 0);
	ck_assert_int_eq(mproci_poll_one(doorbell, MPROC_NOW), -ETIMEDOUT);
	mproci_doorbell_ring(doorbell);
	mproci_doorbell_ring(doorbell);
	ck_assert_int_eq(mproci_poll_one(doorbell, MPROC_NOW), 0);
	ck_assert_int_eq(mproci_poll_one(doorbell, MPROC_NOW), 0);
	mproci_close(doorbell);
}
END_TEST

START_TEST(doorbell_is_closed_on_exec)
{
	int doorbell = mproci_doorbell_open();

	ck_assert_int_eq(fcntl(doorbell, F_GETFD), FD_CLOEXEC);
	mproci_close(doorbell);
}
END_TEST

START_TEST(doorbell_fails_when_no_descriptors_are_left)
{
	struct rlimit none = {0}, before;
	int rc;

	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	rc = mproci_doorbell_open();
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(rc, -EMFILE);
	ck_assert_str_eq(
		mproc_error_text(), "cannot open a descriptor: Too many open files, RLIMIT_NOFILE is 0");
}
END_TEST

START_TEST(close_knows_that_minus_one_is_none)
{
	errno = 0;
	mproci_close(-1);
	ck_assert_int_eq(errno, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		poll_one_returns_when_readable,
		poll_one_times_out_at_the_deadline_and_not_before,
		poll_one_times_out_when_the_deadline_has_passed,
		poll_one_returns_at_the_end_of_file,
		poll_tells_how_many_descriptors_are_ready,
		poll_of_more_descriptors_than_possible_fails,
		caught_signal_does_not_end_a_poll,
		doorbell_stays_readable_once_it_rang,
		doorbell_is_closed_on_exec,
		doorbell_fails_when_no_descriptors_are_left,
		close_knows_that_minus_one_is_none,
		NULL,
	};
	const support_suite suite = {
		.name = "descriptor", .tests = tests, .setup = open_pipe, .teardown = close_pipe};

	return support_run_suite(&suite);
}
