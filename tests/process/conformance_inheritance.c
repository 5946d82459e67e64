/* SPDX-License-Identifier: MIT */
/*
 * What a child finds when no option says anything: the table in mproc/process.h.
 */
#include "conformance.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int tell_directory(void *shared)
{
	noticeboard *here = shared;

	return getcwd(here->text, sizeof here->text) != NULL ? 0 : 1;
}

START_TEST(the_working_directory_is_this_processs)
{
	char before[4096];

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	ck_assert_int_eq(chdir("/usr/bin"), 0);
	ck_assert_int_eq(run(tell_directory, board, 0), 0);
	ck_assert_str_eq(board->text, "/usr/bin");
	ck_assert_int_eq(chdir(before), 0);
}
END_TEST

static int tell_mask(void *shared)
{
	noticeboard *here = shared;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < SIGRTMAX; ++i)
		here->text[i] = sigismember(&mask, i) == 1 ? 'b' : '-';
	return 0;
}

START_TEST(the_signal_mask_is_this_processs)
{
	sigset_t some, before;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGRTMIN + 3);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &some, &before), 0);
	ck_assert_int_eq(run(tell_mask, board, 0), 0);
	for (int i = 1; i < SIGRTMAX; ++i) {
		/* Two are the C library's own. */
		if (i < 32 || i >= SIGRTMIN)
			ck_assert_msg(board->text[i] == (sigismember(&some, i) ? 'b' : '-'), "signal %d", i);
	}
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}
END_TEST

START_TEST(the_mask_of_the_starting_process_is_left_alone)
{
	sigset_t before, after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < SIGRTMAX; ++i)
		ck_assert_int_eq(sigismember(&before, i), sigismember(&after, i));
}
END_TEST

static void do_nothing(int number)
{
	(void)number;
}

static char tell_action(int number)
{
	struct sigaction action;

	sigaction(number, NULL, &action);
	if (action.sa_handler == SIG_IGN)
		return 'i';
	return action.sa_handler == SIG_DFL ? 'd' : 'h';
}

static int tell_actions(void *shared)
{
	noticeboard *here = shared;

	snprintf(here->text, sizeof here->text, "%c%c", tell_action(SIGUSR1), tell_action(SIGUSR2));
	return 0;
}

START_TEST(signal_handlers_are_those_of_a_copy_and_what_is_ignored_outlives_exec)
{
	signal(SIGUSR1, do_nothing);
	signal(SIGUSR2, SIG_IGN);
	ck_assert_int_eq(run(tell_actions, board, 0), 0);
	if (method == MPROC_START_FORK)
		ck_assert_str_eq(board->text, "hi");
	else
		ck_assert_str_eq(board->text, method == MPROC_START_SERVER ? "dd" : "di");
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}
END_TEST

static int hash_environment(noticeboard *here)
{
	uint32_t hash = 2166136261U;

	here->count = 0;
	for (; environ[here->count] != NULL; ++here->count) {
		for (const char *byte = environ[here->count]; *byte != '\0'; ++byte)
			hash = (hash ^ (unsigned char)*byte) * 16777619U;
	}
	here->numbers[0] = (int)hash;
	here->numbers[1] = getenv("MPROC_TEST_NEW") != NULL;
	return 0;
}

static int tell_environment(void *shared)
{
	return hash_environment(shared);
}

START_TEST(the_environment_is_this_processs_as_now_or_as_it_was_when_the_server_came)
{
	noticeboard own;

	ck_assert_int_eq(setenv("MPROC_TEST_NEW", "a new one", 1), 0);
	hash_environment(&own);
	ck_assert_int_eq(run(tell_environment, board, 0), 0);
	if (method == MPROC_START_SERVER) {
		ck_assert_int_eq(board->numbers[1], 0);
	} else {
		ck_assert_int_eq(board->count, own.count);
		ck_assert_int_eq(board->numbers[0], own.numbers[0]);
		ck_assert_int_eq(board->numbers[1], 1);
	}
	unsetenv("MPROC_TEST_NEW");
}
END_TEST

static int tell_rest(void *shared)
{
	noticeboard *here = shared;

	here->numbers[0] = (int)umask(0);
	here->numbers[1] = getpriority(PRIO_PROCESS, 0);
	return 0;
}

START_TEST(all_else_is_this_processs_as_now_or_as_it_was_when_the_server_came)
{
	mode_t before = umask(0123);

	ck_assert_int_eq(run(tell_rest, board, 0), 0);
	umask(before);
	ck_assert_int_eq(board->numbers[0], method == MPROC_START_SERVER ? (int)before : 0123);
	ck_assert_int_eq(board->numbers[1], getpriority(PRIO_PROCESS, 0));
}
END_TEST

static int look_at_streams(void *shared)
{
	noticeboard *here = shared;

	for (int i = 0; i < 3; ++i) {
		struct stat status;

		if (fstat(i, &status) != 0 || status.st_ino != (ino_t)here->numbers[i])
			return 1 + i;
	}
	return 0;
}

START_TEST(the_standard_streams_are_this_processs)
{
	for (int i = 0; i < 3; ++i) {
		struct stat status;

		ck_assert_int_eq(fstat(i, &status), 0);
		board->numbers[i] = (int)status.st_ino;
	}
	check_child(look_at_streams);
}
END_TEST

void add_inheritance(void)
{
	const TTest *const here[] = {
		the_working_directory_is_this_processs,
		the_signal_mask_is_this_processs,
		the_mask_of_the_starting_process_is_left_alone,
		signal_handlers_are_those_of_a_copy_and_what_is_ignored_outlives_exec,
		the_environment_is_this_processs_as_now_or_as_it_was_when_the_server_came,
		all_else_is_this_processs_as_now_or_as_it_was_when_the_server_came,
		the_standard_streams_are_this_processs,
		NULL,
	};

	add_tests(here);
}
