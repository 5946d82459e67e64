/* SPDX-License-Identifier: MIT */
/*
 * Programs that fork by themselves: while another thread starts processes, has locks, and has children.  The forked process
 * has no part in any of that: it starts children of its own by each method, and its end neither joins nor ends others'.
 */
#include "play.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
	FORKS = 30,
	THREADS = 3,
};

static const mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};

static void expect_by_each_method(const char *name)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method) {
		struct play play = play_begin(name, method);

		play_end(&play);
		ck_assert_msg(play.code == 0, "\"%s\" by method %d ended with %d, having said \"%s\"", name,
			(int)method, play.code, play.text);
	}
}

static int start_by_each_method(void)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
		const mproc_process_options options = {.start = methods[i]};

		if (play_finish(play_start_with(options, play_return_7, "something", 10)) != 7)
			play_give_up("another exit code in a forked process", (int)i);
	}
	return 3;
}

static _Atomic bool is_over;

static void *start_all_the_time(void *unused)
{
	while (!is_over) {
		if (play_finish(play_start_with((mproc_process_options){0}, play_return_7, "something", 10))
			!= 7)
			play_give_up("another exit code", 0);
	}
	return unused;
}

/* A fork by the program; what it does not come back from is an end by exit(). */
static pid_t fork_and_exit(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (mproc_process_children(0, NULL) != 0)
			play_give_up("the children of others", 0);
		exit(start_by_each_method());
	}
	return pid;
}

static void check_exit(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 3)
		play_give_up("the end of a forked process", status);
}

static int fork_while_others_start(void)
{
	mproc_process *stays = play_start(play_stay);
	mproc_process *daemon = play_start_with((mproc_process_options){.daemon = true}, play_stay, NULL, 0);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; ++i)
		pthread_create(&threads[i], NULL, start_all_the_time, NULL);
	for (int i = 0; i < FORKS; ++i)
		check_exit(fork_and_exit());
	is_over = true;
	for (int i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
	if (mproc_process_is_alive(stays) != 1 || mproc_process_is_alive(daemon) != 1)
		play_give_up("a forked process ended the children of its parent", 0);
	mproc_process_kill(stays);
	return play_finish(stays) == -SIGKILL ? 0 : 1;
}

START_TEST(process_forked_while_others_start_has_children_of_its_own_and_leaves_theirs)
{
	expect_by_each_method("fork while others start");
}
END_TEST

/* Of a child, which has the exit handlers of the library. */
static int fork_in_a_child(void *unused)
{
	mproc_process *stays = play_start(play_stay);

	(void)unused;
	for (int i = 0; i < 3; ++i)
		check_exit(fork_and_exit());
	if (mproc_process_is_alive(stays) != 1)
		return 1;
	mproc_process_kill(stays);
	return play_finish(stays) == -SIGKILL ? 7 : 2;
}

static int have_a_child_fork(void)
{
	return play_finish(play_start(fork_in_a_child)) != 7;
}

START_TEST(process_forked_by_a_child_leaves_the_childs_children)
{
	expect_by_each_method("have a child fork");
}
END_TEST

/* It does not end with what it was forked from, but is not told to be that either. */
static int fork_and_use_handles(void)
{
	mproc_process *stays = play_start(play_stay);
	pid_t pid = fork();

	if (pid == 0) {
		int code;

		if (mproc_process_join(stays, MPROC_NOW) != -ECHILD || mproc_process_kill(stays) != -ECHILD
			|| mproc_process_is_alive(stays) != -ECHILD
			|| mproc_process_exit_code(stays, &code) != -ECHILD)
			play_give_up("a handle that is not this process's", 0);
		mproc_process_close(stays);
		exit(3);
	}
	check_exit(pid);
	if (mproc_process_is_alive(stays) != 1)
		return 1;
	mproc_process_kill(stays);
	return play_finish(stays) == -SIGKILL ? 0 : 2;
}

START_TEST(handles_are_not_the_forked_processs)
{
	expect_by_each_method("fork and use handles");
}
END_TEST

/* Fork as programs do that want their children to be nobody's: twice, and the first ends at once. */
static int fork_twice(void)
{
	mproc_process *stays = play_start(play_stay);
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0) {
			setsid();
			start_by_each_method();
			play_start(play_stay);
			play_start_with((mproc_process_options){.daemon = true}, play_stay, NULL, 0);
			raise(SIGKILL);
		}
		exit(3);
	}
	check_exit(pid);
	mproc_process_kill(stays);
	return play_finish(stays) == -SIGKILL ? 0 : 2;
}

START_TEST(children_of_a_process_forked_twice_end_with_it)
{
	expect_by_each_method("fork twice");
}
END_TEST

/* As daemons do, after mproc_init: the server ended with the process that made it. */
static int become_a_daemon(void)
{
	pid_t first = getpid();

	if (play_finish(play_start(play_return_7)) != 7)
		return 1;
	if (fork() != 0)
		_exit(3);
	setsid();
	while (getppid() == first)
		sched_yield();
	for (int i = 0; i < 2; ++i)
		start_by_each_method();
	play_tell("daemon ");
	play_start_with((mproc_process_options){.daemon = true}, play_stay, NULL, 0);
	return 0;
}

START_TEST(daemon_that_was_forked_after_init_starts_children_of_its_own)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method) {
		struct play play = play_begin("become a daemon", method);

		play_await(&play, "daemon ", 1);
		play_end(&play);
		ck_assert_int_eq(play.code, 3);
	}
}
END_TEST

/* Another program in the place of a child. */

static int become_another(void *unused)
{
	(void)unused;
	execl("/bin/sh", "sh", "-c", "exit 5", NULL);
	return 1;
}

static int become_one_that_stays(void *unused)
{
	(void)unused;
	execl("/bin/sh", "sh", "-c", "echo 'ready '; exec sleep 1000", NULL);
	return 1;
}

static int have_children_become_others(void)
{
	mproc_process *stays;

	if (play_finish(play_start(become_another)) != 5)
		return 1;
	stays = play_start(become_one_that_stays);
	while (mproc_process_join(stays, mproc_after(0.01)) == -ETIMEDOUT)
		mproc_process_terminate(stays);
	return play_finish(stays) == -SIGTERM ? 0 : 2;
}

START_TEST(child_that_becomes_another_program_is_joined_with_that_ones_exit_code)
{
	expect_by_each_method("have children become others");
}
END_TEST

/* Its children end with it then. */
static int start_and_become_another(void *unused)
{
	play_start(play_stay);
	play_start(play_stay);
	return become_another(unused);
}

static int have_a_parent_become_another(void)
{
	return play_finish(play_start(start_and_become_another)) != 5;
}

START_TEST(children_end_with_a_child_that_becomes_another_program)
{
	expect_by_each_method("have a parent become another");
}
END_TEST

/* This program, run by a child: it is the root of another family. */
static int run_program(void *unused)
{
	char program[] = "play", name[] = "be another family", number[] = "1";
	char *const arguments[] = {program, name, number, NULL};
	int status;
	pid_t pid;

	(void)unused;
	if (getenv("MPROC_SPAWN") != NULL)
		return 1;
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0
		|| waitpid(pid, &status, 0) != pid)
		return 2;
	return status == 0 ? 7 : 3;
}

static int be_another_family(void)
{
	return mproc_process_parent() != NULL || start_by_each_method() != 3;
}

static int have_a_child_run_the_program(void)
{
	return play_finish(play_start(run_program)) != 7;
}

START_TEST(program_that_a_child_runs_is_another_family)
{
	expect_by_each_method("have a child run the program");
}
END_TEST

/* The same in a spawned program before it comes to mproc_init: that has all that the spawned one was given. */
static void run_program_before_init(void)
{
	char program[] = "play", name[] = "be a stranger", number[] = "1";
	char *const arguments[] = {program, name, number, NULL};
	pid_t pid;

	if (getenv("MPROC_SPAWN") == NULL
		|| posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
		return;
	waitpid(pid, NULL, 0);
}

static int tell_pid(void *ret_pid)
{
	**(_Atomic pid_t **)ret_pid = getpid();
	return 7;
}

static int be_a_stranger(void)
{
	return 0;
}

static int spawn_one_that_runs_the_program(void)
{
	_Atomic pid_t *pid = mproc_calloc(1, sizeof *pid);
	mproc_process *process = play_start_with((mproc_process_options){0}, tell_pid, &pid, sizeof pid);
	pid_t expected = mproc_process_pid(process);

	if (play_finish(process) != 7 || *pid != expected)
		play_give_up("another process than was started ran the function", (int)*pid);
	return 0;
}

START_TEST(program_that_a_spawned_one_runs_before_init_does_not_take_its_place)
{
	play_expect("spawn one that runs the program", MPROC_START_SPAWN, 0, "");
}
END_TEST

static const play_part plays[] = {
	{"fork while others start", fork_while_others_start, NULL},
	{"have a child fork", have_a_child_fork, NULL},
	{"fork and use handles", fork_and_use_handles, NULL},
	{"fork twice", fork_twice, NULL},
	{"become a daemon", become_a_daemon, NULL},
	{"have children become others", have_children_become_others, NULL},
	{"have a parent become another", have_a_parent_become_another, NULL},
	{"have a child run the program", have_a_child_run_the_program, NULL},
	{"be another family", be_another_family, NULL},
	{"spawn one that runs the program", spawn_one_that_runs_the_program, run_program_before_init},
	{"be a stranger", be_a_stranger, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		process_forked_while_others_start_has_children_of_its_own_and_leaves_theirs,
		process_forked_by_a_child_leaves_the_childs_children,
		handles_are_not_the_forked_processs,
		children_of_a_process_forked_twice_end_with_it,
		daemon_that_was_forked_after_init_starts_children_of_its_own,
		child_that_becomes_another_program_is_joined_with_that_ones_exit_code,
		children_end_with_a_child_that_becomes_another_program,
		program_that_a_child_runs_is_another_family,
		program_that_a_spawned_one_runs_before_init_does_not_take_its_place,
		NULL,
	};
	const support_suite suite = {.name = "forking",
		.process_tests = process_tests,
		.setup = play_forgive_leaks,
		.timeout = 300};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
