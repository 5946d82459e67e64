/* SPDX-License-Identifier: MIT */
/*
 * Names, and who is whose child.
 */
#include "conformance.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names. */

static int tell_prctl_name(void *shared)
{
	noticeboard *here = shared;

	prctl(PR_GET_NAME, here->text);
	return await_gate(shared);
}

static void check_comm(mproc_process *process, const char *expected)
{
	char path[64], comm[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)mproc_process_pid(process));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(comm, sizeof comm, file));
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	ck_assert_str_eq(comm, expected);
	ck_assert_str_eq(board->text, expected);
}

START_TEST(the_name_is_shown_by_the_handle_and_its_first_15_bytes_by_the_system)
{
	const char *name = "a name of 31 bytes, the longest";
	mproc_process *process;

	ck_assert_uint_eq(strlen(name), 31);
	process = start_with((mproc_process_options){.name = name}, tell_prctl_name, board, 0);
	await_ready(1);
	ck_assert_str_eq(mproc_process_name(process), name);
	check_comm(process, "a name of 31 by");
	let_through(1);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_str_eq(mproc_process_name(process), name);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(a_process_without_a_name_shows_its_number_in_the_system)
{
	mproc_process *process = start_and_await(tell_prctl_name);

	ck_assert_int_eq(strncmp(mproc_process_name(process), "Process-", 8), 0);
	check_comm(process, mproc_process_name(process));
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

START_TEST(the_name_is_copied)
{
	char name[] = "before";
	mproc_process *process = start_with((mproc_process_options){.name = name}, await_gate, board, 0);

	strcpy(name, "after");
	ck_assert_str_eq(mproc_process_name(process), "before");
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

static int print_lineage(void *unused)
{
	(void)unused;
	printf("%s of %s\n", mproc_process_name(mproc_process_current()),
		mproc_process_name(mproc_process_parent()));
	return fflush(stdout);
}

static int print_lineage_and_have_children(void *unused)
{
	print_lineage(unused);
	if (run(print_lineage, NULL, 0) != 0)
		return 1;
	if (run_with((mproc_process_options){.name = "ann"}, print_lineage, NULL, 0) != 0)
		return 2;
	return run(print_lineage, NULL, 0);
}

static int have_a_family(void)
{
	print_lineage_and_have_children(NULL);
	printf("%s\n", mproc_process_parent() == NULL ? "no parent" : "a parent");
	if (run(print_lineage_and_have_children, NULL, 0) != 0)
		return 1;
	return run_with((mproc_process_options){.name = "bob"}, print_lineage_and_have_children, NULL, 0);
}

START_TEST(processes_are_numbered_by_their_parent_whether_they_have_names_or_not)
{
	outcome seen = play("have a family");

	ck_assert_str_eq(seen.text, "MainProcess of (null)\n"
				    "Process-1 of MainProcess\n"
				    "ann of MainProcess\n"
				    "Process-3 of MainProcess\n"
				    "no parent\n"
				    "Process-4 of MainProcess\n"
				    "Process-4:1 of Process-4\n"
				    "ann of Process-4\n"
				    "Process-4:3 of Process-4\n"
				    "bob of MainProcess\n"
				    "Process-5:1 of bob\n"
				    "ann of bob\n"
				    "Process-5:3 of bob\n");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

/* Each level starts the next until the name has no room for another number. */
static int go_deeper(void *argument)
{
	int depth = *(int *)argument;

	if (strlen(mproc_process_name(mproc_process_current())) > 31)
		return 99;
	if (depth == 0)
		return 42;
	--depth;
	return run(go_deeper, &depth, sizeof depth);
}

START_TEST(names_of_deep_descendants_have_room)
{
	ck_assert_int_eq(run(go_deeper, &(int){15}, sizeof(int)), 42);
}
END_TEST

/* This process, and its parent. */

static bool tells_no_end(mproc_process *process)
{
	mproc_process_end ending;
	int code;

	return mproc_process_exit_code(process, &code) == -ECHILD
	       && mproc_process_ending(process, &ending) == -ECHILD
	       && strstr(mproc_error_text(), "child") != NULL;
}

static bool cannot_be_signalled(mproc_process *process)
{
	return mproc_process_kill(process) == -ECHILD && mproc_process_terminate(process) == -ECHILD
	       && mproc_process_interrupt(process) == -ECHILD && strstr(mproc_error_text(), "child") != NULL;
}

/* It has a descriptor, and has not ended. */
static bool can_be_watched(mproc_process *process)
{
	struct pollfd end = {.fd = mproc_process_fd(process), .events = POLLIN};

	return end.fd >= 0 && mproc_process_fd(process) == end.fd && poll(&end, 1, 0) == 0
	       && mproc_process_is_alive(process) == 1;
}

static bool cannot_be_closed(mproc_process *process)
{
	return mproc_process_close(process) == process && mproc_process_pid(process) > 0;
}

static bool is_me(noticeboard *here)
{
	mproc_process *me = mproc_process_current();

	return expect(here, me != NULL && me == mproc_process_current(), "there is one current process")
	       && expect(here, mproc_process_pid(me) == getpid(), "its pid is this process's")
	       && expect(here, can_be_watched(me), "it is alive")
	       && expect(here, mproc_process_join(me, MPROC_FOREVER) == -EDEADLK, "it cannot join itself")
	       && expect(here, mproc_process_join(me, MPROC_NOW) == -EDEADLK, "not even now")
	       && expect(here, strstr(mproc_error_text(), "itself") != NULL, "the text says so")
	       && expect(here, tells_no_end(me), "its ending is not told")
	       && expect(here, cannot_be_signalled(me), "it cannot be signalled")
	       && expect(here, cannot_be_closed(me), "it cannot be closed");
}

static int look_at_relatives(void *shared)
{
	noticeboard *here = shared;
	mproc_process *parent = mproc_process_parent();

	if (!is_me(here))
		return 1;
	return expect(here, strcmp(mproc_process_name(mproc_process_current()), "the child") == 0,
		       "it has the name that it was given")
			       && expect(here, parent != NULL && parent == mproc_process_parent(),
				       "there is one parent")
			       && expect(here, mproc_process_pid(parent) == here->numbers[0],
				       "the parent is who started it")
			       && expect(here, can_be_watched(parent), "the parent is alive")
			       && expect(here, mproc_process_join(parent, MPROC_NOW) == -ETIMEDOUT,
				       "a join of the parent times out")
			       && expect(here, mproc_process_join(parent, mproc_after(0.01)) == -ETIMEDOUT,
				       "a longer one as well")
			       && expect(here, tells_no_end(parent), "the parent's ending is not told")
			       && expect(here, cannot_be_signalled(parent), "the parent cannot be signalled")
			       && expect(here, cannot_be_closed(parent), "the parent cannot be closed")
			       && expect(here, mproc_process_children(0, NULL) == 0, "it has no children")
		       ? 0
		       : 2;
}

START_TEST(a_child_knows_itself_and_its_parent)
{
	board->numbers[0] = getpid();
	check_child_with((mproc_process_options){.name = "the child"}, look_at_relatives);
}
END_TEST

static int look_at_oneself(void)
{
	bool is_right =
		is_me(board)
		&& expect(board, strcmp(mproc_process_name(mproc_process_current()), "MainProcess") == 0,
			"the first is the main process")
		&& expect(board, mproc_process_parent() == NULL, "it has no parent");

	fputs(board->text, stdout);
	return is_right ? 0 : 1;
}

START_TEST(the_first_process_knows_itself)
{
	outcome seen = play("look at oneself");

	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

START_TEST(a_plainly_forked_process_is_another_one_without_parent)
{
	pid_t before = mproc_process_pid(mproc_process_current()), pid = fork();
	int status;

	if (pid == 0)
		_exit(!is_me(board) || mproc_process_pid(mproc_process_current()) == before
			|| mproc_process_parent() != NULL
			|| run(return_argument, &(int){3}, sizeof(int)) != 3);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "status %d: %s", status, board->text);
	ck_assert_int_eq(mproc_process_pid(mproc_process_current()), getpid());
}
END_TEST

/* Children. */

START_TEST(children_are_those_alive_the_youngest_first)
{
	mproc_process *started[4], *found[8];
	struct pollfd end;

	ck_assert_int_eq(mproc_process_children(0, NULL), 0);
	ck_assert_int_eq(mproc_process_children(8, found), 0);
	for (int i = 0; i < 4; ++i)
		started[i] = start_and_await(stay);
	ck_assert_int_eq(mproc_process_children(8, found), 4);
	for (int i = 0; i < 4; ++i)
		ck_assert_ptr_eq(found[i], started[3 - i]);
	kill_and_finish(started[1]);
	/* Ended, but not joined. */
	ck_assert_int_eq(mproc_process_kill(started[3]), 0);
	end = (struct pollfd){.fd = mproc_process_fd(started[3]), .events = POLLIN};
	ck_assert_int_eq(poll(&end, 1, -1), 1);
	ck_assert_int_eq(mproc_process_children(8, found), 2);
	ck_assert_ptr_eq(found[0], started[2]);
	ck_assert_ptr_eq(found[1], started[0]);
	finish(started[3]);
	kill_and_finish(started[2]);
	kill_and_finish(started[0]);
	ck_assert_int_eq(mproc_process_children(8, found), 0);
}
END_TEST

START_TEST(children_are_counted_beyond_the_room_for_them)
{
	mproc_process *started[3], *found[3] = {NULL};

	for (int i = 0; i < 3; ++i)
		started[i] = start_and_await(stay);
	ck_assert_int_eq(mproc_process_children(0, NULL), 3);
	ck_assert_int_eq(mproc_process_children(2, found), 3);
	ck_assert_ptr_eq(found[0], started[2]);
	ck_assert_ptr_eq(found[1], started[1]);
	ck_assert_ptr_null(found[2]);
	for (int i = 0; i < 3; ++i)
		kill_and_finish(started[i]);
}
END_TEST

START_TEST(children_need_room)
{
	ck_assert_int_eq(mproc_process_children(1, NULL), -EINVAL);
	check_text("ret_processes is NULL");
}
END_TEST

static int have_a_child(void *shared)
{
	mproc_process *child = start(stay, shared, 0), *found[2];
	noticeboard *here = shared;
	bool is_right = expect(here, mproc_process_children(2, found) == 1 && found[0] == child,
		"the only child of a child is its own");

	kill_and_finish(child);
	return is_right
			       && expect(here, mproc_process_children(2, found) == 0,
				       "and when it was killed there is none")
		       ? 0
		       : 1;
}

START_TEST(children_of_a_child_are_its_own)
{
	mproc_process *other = start_and_await(stay), *found[2];

	check_child(have_a_child);
	ck_assert_int_eq(mproc_process_children(2, found), 1);
	ck_assert_ptr_eq(found[0], other);
	kill_and_finish(other);
}
END_TEST

void add_family(void)
{
	const TTest *const here[] = {
		the_name_is_shown_by_the_handle_and_its_first_15_bytes_by_the_system,
		a_process_without_a_name_shows_its_number_in_the_system,
		the_name_is_copied,
		processes_are_numbered_by_their_parent_whether_they_have_names_or_not,
		names_of_deep_descendants_have_room,
		a_child_knows_itself_and_its_parent,
		the_first_process_knows_itself,
		a_plainly_forked_process_is_another_one_without_parent,
		children_are_those_alive_the_youngest_first,
		children_are_counted_beyond_the_room_for_them,
		children_need_room,
		children_of_a_child_are_its_own,
		NULL,
	};

	add_tests(here);
	add_play("have a family", have_a_family, NULL);
	add_play("look at oneself", look_at_oneself, NULL);
}
