/* SPDX-License-Identifier: MIT */
/*
 * Applications that ignore SIGCHLD or reap every child themselves: what a child has said itself is not lost, and nothing else either.
 */
#include "support.h"

#include <errno.h>
#include <mproc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MANY = 500
};

static int return_7(void *unused)
{
	(void)unused;
	return 7;
}

static int start_and_end(const mproc_process_options *options)
{
	mproc_process *process;
	int code = 77, rc;

	rc = mproc_process_start(options, return_7, NULL, 0, &process);
	ck_assert_msg(rc == 0, "start: %d, %s", rc, mproc_error_text());
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	rc = mproc_process_exit_code(process, &code);
	ck_assert(rc == 0 ? code == 7 : rc == -ENODATA && code == 77);
	ck_assert_ptr_null(mproc_process_close(process));
	return rc;
}

static void start_first(void)
{
	start_and_end(NULL);
}

/* Both parties on one CPU, so that a child often ends before its parent goes on. */
static void stay_on_one_cpu(void)
{
	cpu_set_t now, one;

	ck_assert_int_eq(sched_getaffinity(0, sizeof now, &now), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
		if (CPU_ISSET(cpu, &now))
			CPU_SET(cpu, &one);
	}
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

START_TEST(ignored_sigchld_loses_nothing)
{
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(start_and_end(NULL), 0);
}
END_TEST

START_TEST(ignored_sigchld_loses_nothing_on_one_cpu_either)
{
	stay_on_one_cpu();
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(start_and_end(NULL), 0);
}
END_TEST

START_TEST(no_status_for_waiting_parents_loses_nothing)
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};

	sigaction(SIGCHLD, &action, NULL);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(start_and_end(NULL), 0);
}
END_TEST

static void reap_all(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void install_reaper(void)
{
	struct sigaction action = {.sa_handler = reap_all, .sa_flags = SA_RESTART};

	sigaction(SIGCHLD, &action, NULL);
}

START_TEST(handler_that_reaps_every_child_loses_nothing)
{
	install_reaper();
	for (int i = 0; i < MANY; ++i)
		start_and_end(NULL);
}
END_TEST

START_TEST(handler_that_reaps_every_child_loses_nothing_on_one_cpu_either)
{
	stay_on_one_cpu();
	install_reaper();
	for (int i = 0; i < MANY; ++i)
		start_and_end(NULL);
}
END_TEST

static _Atomic bool is_over;

static void *reap_until_over(void *unused)
{
	while (!is_over) {
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			sched_yield();
	}
	return unused;
}

START_TEST(thread_that_reaps_every_child_loses_nothing)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, reap_until_over, NULL), 0);
	for (int i = 0; i < MANY; ++i)
		start_and_end(&insist);
	is_over = true;
	pthread_join(thread, NULL);
}
END_TEST

static int wait_to_be_killed(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

START_TEST(kill_of_a_process_that_somebody_else_reaped_hits_nobody)
{
	mproc_process *process;
	int code;

	ck_assert_int_eq(mproc_process_start(NULL, wait_to_be_killed, NULL, 0, &process), 0);
	kill(mproc_process_pid(process), SIGKILL);
	ck_assert_int_eq(waitpid(-1, NULL, 0), mproc_process_pid(process));
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproc_process_is_alive(process), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), -ENODATA);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		ignored_sigchld_loses_nothing,
		ignored_sigchld_loses_nothing_on_one_cpu_either,
		no_status_for_waiting_parents_loses_nothing,
		handler_that_reaps_every_child_loses_nothing,
		handler_that_reaps_every_child_loses_nothing_on_one_cpu_either,
		thread_that_reaps_every_child_loses_nothing,
		kill_of_a_process_that_somebody_else_reaped_hits_nobody,
		NULL,
	};
	const support_suite suite = {
		.name = "reaping",
		.process_tests = process_tests,
		.warm_up = start_first,
	};

	return support_run_suite(&suite);
}
