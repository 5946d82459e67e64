/* SPDX-License-Identifier: MIT */
#include "sys/thread.h"

#include "people.h"
#include "support.h"
#include "sys/child.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

static _Atomic uint32_t begun, goes_on, ended;
static sigset_t mask;

static void stay(void *argument)
{
	ck_assert_ptr_eq(argument, &begun);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	atomic_store(&begun, 1);
	support_await(&goes_on, 1);
	atomic_store(&ended, 1);
}

static void begin_to_stay(void)
{
	ck_assert_int_eq(mproci_thread_start_apart(stay, &begun), 0);
	support_await(&begun, 1);
}

static void end_it(void)
{
	atomic_store(&goes_on, 1);
	support_await(&ended, 1);
	while (mproci_threads_apart() > 0)
		sched_yield();
}

START_TEST(a_thread_apart_is_counted_while_it_is_there)
{
	ck_assert_uint_eq(mproci_threads_apart(), 0);
	begin_to_stay();
	ck_assert_uint_eq(mproci_threads_apart(), 1);
	end_it();
}
END_TEST

START_TEST(a_thread_apart_gets_no_signals)
{
	begin_to_stay();
	end_it();
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&mask, SIGCHLD), 1);
}
END_TEST

static int count_in_child(void *unused)
{
	(void)unused;
	return (int)mproci_threads_apart();
}

START_TEST(a_forked_child_has_no_thread_apart)
{
	begin_to_stay();
	ck_assert_int_eq(support_reap(support_fork(count_in_child, NULL)), 0);
	end_it();
}
END_TEST

static void *wait_for_end(void *unused)
{
	support_await(&ended, 1);
	return unused;
}

START_TEST(a_thread_apart_is_none_that_hinders_a_fork)
{
	pthread_t thread;

	begin_to_stay();
	ck_assert(!mproci_process_has_threads());
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, NULL), 0);
	ck_assert(mproci_process_has_threads());
	end_it();
	pthread_join(thread, NULL);
	ck_assert(!mproci_process_has_threads());
}
END_TEST

static int start_without_room(void *unused)
{
	const struct rlimit none = {0, 0};

	(void)unused;
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresuid(65534, 65534, 65534) != 0))
		return 1;
	if (setrlimit(RLIMIT_NPROC, &none) != 0 || mproci_thread_start_apart(stay, &begun) != -EAGAIN)
		return 2;
	support_check_text("RLIMIT_NPROC");
	return (int)mproci_threads_apart();
}

START_TEST(a_thread_that_cannot_be_made_is_refused)
{
	ck_assert_int_eq(support_reap(support_fork(start_without_room, NULL)), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_thread_apart_is_counted_while_it_is_there,
		a_thread_apart_gets_no_signals,
		NULL,
	};
	const TTest *process_tests[] = {
		a_forked_child_has_no_thread_apart,
		a_thread_apart_is_none_that_hinders_a_fork,
		a_thread_that_cannot_be_made_is_refused,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "thread", .tests = tests, .process_tests = process_tests});
}
