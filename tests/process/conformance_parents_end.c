/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the children when their parent ends.  A play is over when nobody holds its standard
 * output any more.
 */
#include "conformance.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write, so that it comes whole, and unbuffered, so that it comes when it was said. */
static void say(const char *word)
{
	(void)!write(STDOUT_FILENO, word, strlen(word));
}

static void say_it(void *word)
{
	say(word);
}

static int say_child_when_let_through(void *shared)
{
	int code = await_gate(shared);

	say("child ");
	return code;
}

static void let_all_through(void *unused)
{
	(void)unused;
	say("handler ");
	mproc_semaphore_release(&board->gate, 100);
}

static int leave(mproc_process_function *function, bool daemon)
{
	const mproc_process_options options = {.start = method, .daemon = daemon};
	mproc_process *process;

	if (mproc_process_start(&options, function, board, 0, &process) != 0) {
		say(mproc_error_text());
		return 1;
	}
	/* Which it also fails to say when it cannot start its own. */
	return mproc_semaphore_acquire(&board->ready, mproc_after(30));
}

static void check_play(const char *name, int code, const char *expected)
{
	outcome seen = play(name);

	ck_assert_str_eq(seen.text, expected);
	ck_assert_int_eq(seen.code, code);
}

/* The children come to an end only after the handlers of the parent. */
static int leave_children(void)
{
	if (mproc_at_exit(let_all_through, NULL) != 0)
		return 1;
	for (int i = 0; i < 3; ++i) {
		if (leave(say_child_when_let_through, false) != 0)
			return 1;
	}
	say("main ");
	return 5;
}

static int leave_children_and_exit(void)
{
	exit(leave_children() + 1);
}

START_TEST(children_are_joined_when_the_parent_returns_from_main_after_its_handlers)
{
	check_play("leave children", 5, "main handler child child child ");
}
END_TEST

START_TEST(children_are_joined_when_the_parent_exits_after_its_handlers)
{
	check_play("leave children and exit", 6, "main handler child child child ");
}
END_TEST

static int have_left_children(void *shared)
{
	board = shared;
	return leave_children();
}

START_TEST(children_of_a_child_are_joined_when_its_function_returns)
{
	mproc_process *process;

	/* So that nothing is written to the output of this test. */
	process = start_with(
		(mproc_process_options){.output = MPROC_STREAM_NULL}, have_left_children, board, 0);
	ck_assert_int_eq(finish(process), 5);
	ck_assert_int_eq(mproc_semaphore_value(&board->gate), 97);
}
END_TEST

/* Daemons. */

static void say_terminated(int number)
{
	(void)number;
	say("terminated ");
	_exit(0);
}

static int say_when_terminated(void *shared)
{
	const struct sigaction action = {.sa_handler = say_terminated};

	sigaction(SIGTERM, &action, NULL);
	return stay(shared);
}

static int leave_daemons(void)
{
	if (leave(say_when_terminated, true) != 0 || leave(say_when_terminated, true) != 0)
		return 1;
	say("main ");
	return 7;
}

static int leave_daemons_and_exit(void)
{
	exit(leave_daemons() + 1);
}

START_TEST(daemons_are_terminated_when_the_parent_returns_from_main)
{
	check_play("leave daemons", 7, "main terminated terminated ");
}
END_TEST

START_TEST(daemons_are_terminated_when_the_parent_exits)
{
	check_play("leave daemons and exit", 8, "main terminated terminated ");
}
END_TEST

static int ignore_sigterm(void *shared)
{
	signal(SIGTERM, SIG_IGN);
	return stay(shared);
}

static int block_everything(void *shared)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return stay(shared);
}

static int stop_yourself(void *shared)
{
	tell_ready(shared);
	raise(SIGSTOP);
	return stay(shared);
}

static int leave_stubborn_daemons(void)
{
	if (leave(ignore_sigterm, true) != 0 || leave(block_everything, true) != 0
		|| leave(stop_yourself, true) != 0)
		return 1;
	return 9;
}

START_TEST(daemons_that_do_not_end_on_sigterm_are_killed)
{
	check_play("leave stubborn daemons", 9, "");
}
END_TEST

static int be_a_daemon_with_children(void *shared)
{
	board = shared;
	if (leave(ignore_sigterm, false) != 0 || leave(stay, true) != 0
		|| leave(block_everything, false) != 0)
		return 1;
	return stay(shared);
}

static int leave_a_daemon_with_children(void)
{
	return leave(be_a_daemon_with_children, true) == 0 ? 10 : 1;
}

START_TEST(children_of_daemons_end_with_them)
{
	check_play("leave a daemon with children", 10, "");
}
END_TEST

static int leave_both(void)
{
	if (mproc_at_exit(let_all_through, NULL) != 0 || leave(say_child_when_let_through, false) != 0
		|| leave(ignore_sigterm, true) != 0 || leave(say_child_when_let_through, false) != 0)
		return 1;
	say("main ");
	return 11;
}

START_TEST(children_are_joined_and_daemons_ended)
{
	check_play("leave both", 11, "main handler child child ");
}
END_TEST

static int have_left_a_daemon(void *shared)
{
	board = shared;
	return leave(stay, true) == 0 ? 12 : 1;
}

static int have_left_a_daemon_and_exit(void *shared)
{
	exit(have_left_a_daemon(shared));
}

START_TEST(daemons_of_a_child_end_with_it)
{
	ck_assert_int_eq(run(have_left_a_daemon, board, 0), 12);
	ck_assert_int_eq(run(have_left_a_daemon_and_exit, board, 0), 12);
}
END_TEST

START_TEST(a_daemon_is_joined_as_any_other)
{
	const mproc_process_options options = {.daemon = true};

	ck_assert_int_eq(run_with(options, return_argument, &(int){4}, sizeof(int)), 4);
}
END_TEST

/* Without an exit. */

static int leave_all_kinds(void)
{
	return leave(stay, false) != 0 || leave(ignore_sigterm, true) != 0
	       || leave(block_everything, false) != 0 || leave(be_a_daemon_with_children, false) != 0;
}

static int leave_all_and__exit(void)
{
	if (leave_all_kinds() == 0)
		_exit(13);
	return 1;
}

START_TEST(nobody_outlives_a_parent_that_ends_by__exit)
{
	check_play("leave all and _exit", 13, "");
}
END_TEST

static int leave_all_and_die(void)
{
	if (leave_all_kinds() == 0)
		raise(SIGKILL);
	return 1;
}

START_TEST(nobody_outlives_a_parent_that_is_killed)
{
	check_play("leave all and die", -SIGKILL, "");
}
END_TEST

static int leave_all_and_become_another(void)
{
	if (leave_all_kinds() == 0)
		execl("/bin/sh", "sh", "-c", "exit 14", NULL);
	return 1;
}

START_TEST(nobody_outlives_a_parent_that_becomes_another_program)
{
	check_play("leave all and become another", 14, "");
}
END_TEST

static int leave_all_and_abort(void)
{
	if (leave_all_kinds() == 0) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	return 1;
}

START_TEST(nobody_outlives_a_parent_that_aborts)
{
	check_play("leave all and abort", -SIGABRT, "");
}
END_TEST

/* Handlers of the first process. */

static void say_atexit(void)
{
	say("atexit ");
}

static int exit_2(void *unused)
{
	(void)unused;
	exit(2);
}

static int end_by_signal(void *unused)
{
	(void)unused;
	raise(SIGKILL);
	return 0;
}

static int have_handlers(void)
{
	static char first[] = "first ", second[] = "second ";

	if (mproc_at_exit(say_it, first) != 0 || atexit(say_atexit) != 0
		|| mproc_at_exit(say_it, second) != 0)
		return 1;
	if (run(return_0, NULL, 0) != 0 || run(exit_2, NULL, 0) != 2
		|| run(end_by_signal, NULL, 0) != -SIGKILL)
		return 1;
	say("main ");
	return 15;
}

START_TEST(handlers_run_once_in_their_own_process_and_the_last_one_first)
{
	check_play("have handlers", 15, "main second atexit first ");
}
END_TEST

void add_parents_end(void)
{
	const TTest *const here[] = {
		children_are_joined_when_the_parent_returns_from_main_after_its_handlers,
		children_are_joined_when_the_parent_exits_after_its_handlers,
		children_of_a_child_are_joined_when_its_function_returns,
		daemons_are_terminated_when_the_parent_returns_from_main,
		daemons_are_terminated_when_the_parent_exits,
		daemons_that_do_not_end_on_sigterm_are_killed,
		children_of_daemons_end_with_them,
		children_are_joined_and_daemons_ended,
		daemons_of_a_child_end_with_it,
		a_daemon_is_joined_as_any_other,
		nobody_outlives_a_parent_that_ends_by__exit,
		nobody_outlives_a_parent_that_is_killed,
		nobody_outlives_a_parent_that_becomes_another_program,
		nobody_outlives_a_parent_that_aborts,
		handlers_run_once_in_their_own_process_and_the_last_one_first,
		NULL,
	};

	add_tests(here);
	add_play("leave children", leave_children, NULL);
	add_play("leave children and exit", leave_children_and_exit, NULL);
	add_play("leave daemons", leave_daemons, NULL);
	add_play("leave daemons and exit", leave_daemons_and_exit, NULL);
	add_play("leave stubborn daemons", leave_stubborn_daemons, NULL);
	add_play("leave a daemon with children", leave_a_daemon_with_children, NULL);
	add_play("leave both", leave_both, NULL);
	add_play("leave all and _exit", leave_all_and__exit, NULL);
	add_play("leave all and die", leave_all_and_die, NULL);
	add_play("leave all and become another", leave_all_and_become_another, NULL);
	add_play("leave all and abort", leave_all_and_abort, NULL);
	add_play("have handlers", have_handlers, NULL);
}
