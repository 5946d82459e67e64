/* SPDX-License-Identifier: MIT */
/*
 * The pipe itself; that a whole family ends with its root is in tests/orphans_test.c.
 */
#include "sys/lifeline.h"

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mproc/result.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	if (directory == NULL)
		return -1;
	while (readdir(directory) != NULL)
		++count;
	closedir(directory);
	return count;
}

/* Run @function in a forked child: how waitpid says it ended. */
static int in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(function());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* For the next child. */
static int end = -1;

static int make(void)
{
	if (end >= 0)
		close(end);
	end = mproci_lifeline_open();
	return end < 0 ? end : 0;
}

static void arm(void)
{
	mproci_lifeline_arm(end);
	end = -1;
}

static int make_twice(void)
{
	int before = count_descriptors(), after_first;

	if (make() != 0)
		return 1;
	after_first = count_descriptors();
	if (make() != 0)
		return 2;
	return after_first == before + 3 && count_descriptors() == after_first ? 0 : 3;
}

START_TEST(lifeline_is_made_once)
{
	ck_assert_int_eq(in_child(make_twice), 0);
}
END_TEST

static int all_closed_on_exec(void)
{
	make();
	for (int fd = 3; fd < 100; ++fd) {
		int flags = fcntl(fd, F_GETFD);
		char link[64], target[64] = "";

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (flags >= 0 && readlink(link, target, sizeof target - 1) > 0
			&& strncmp(target, "pipe:", 5) == 0 && flags != FD_CLOEXEC)
			return fd;
	}
	return 0;
}

START_TEST(lifeline_is_closed_on_exec)
{
	ck_assert_int_eq(in_child(all_closed_on_exec), 0);
}
END_TEST

static void limit_descriptors(int most)
{
	struct rlimit now;

	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_cur = (rlim_t)most;
	setrlimit(RLIMIT_NOFILE, &now);
}

static int first_free_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

/* Two descriptors are kept and a third is for the child: with fewer, nothing may be left open. */
static int make_with_few_descriptors(void)
{
	int before = count_descriptors();
	struct rlimit many;
	int first = first_free_descriptor();

	getrlimit(RLIMIT_NOFILE, &many);
	for (int left = 0; left < 3; ++left) {
		int rc;

		limit_descriptors(first + left);
		rc = make();
		limit_descriptors((int)many.rlim_cur);
		if (rc != -EMFILE)
			return 10 + left;
		if (strstr(mproc_error_text(), strerror(EMFILE)) == NULL)
			return 20 + left;
		if (count_descriptors() != before)
			return 30 + left;
	}
	limit_descriptors(first + 3);
	return make() == 0 ? 0 : 40;
}

START_TEST(lifeline_fails_without_descriptors_and_leaves_none)
{
	ck_assert_int_eq(in_child(make_with_few_descriptors), 0);
}
END_TEST

static int child_has_one_end(void)
{
	int before = count_descriptors();
	int status;

	make();
	if (fork() == 0) {
		arm();
		_exit(count_descriptors() == before + 1 ? 0 : 1);
	}
	wait(&status);
	return WEXITSTATUS(status);
}

START_TEST(child_keeps_one_descriptor)
{
	ck_assert_int_eq(in_child(child_has_one_end), 0);
}
END_TEST

static int grandchild_has_one_end(void)
{
	int before = count_descriptors();
	int status;

	make();
	if (fork() == 0) {
		arm();
		make();
		if (fork() == 0) {
			arm();
			_exit(count_descriptors() == before + 1 ? 0 : 1);
		}
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	wait(&status);
	return WEXITSTATUS(status);
}

START_TEST(grandchild_keeps_one_descriptor)
{
	ck_assert_int_eq(in_child(grandchild_has_one_end), 0);
}
END_TEST

/*
 * A parent makes its lifeline and forks a child; @prepare runs in the child first.  Both hold the write
 * end of a pipe of the test, whose end of file tells that all are gone.
 */
static int gone[2];

static void open_gone(void)
{
	ck_assert_int_eq(pipe2(gone, O_CLOEXEC), 0);
}

static void close_gone(void)
{
	close(gone[0]);
	close(gone[1]);
}

static void tell_and_wait(void)
{
	(void)!write(gone[1], "x", 1);
	for (;;)
		pause();
}

static pid_t fork_parent(void (*be_parent)(void))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(gone[0]);
		if (make() == 0)
			be_parent();
		_exit(1);
	}
	return pid;
}

static void await_one(void)
{
	char byte;

	ck_assert_int_eq(read(gone[0], &byte, 1), 1);
}

/* Nobody of the family is left: within a time that only a hang reaches. */
static void await_the_end_of_all(void)
{
	struct pollfd all = {.fd = gone[0], .events = POLLIN};
	char byte;

	close(gone[1]);
	gone[1] = -1;
	ck_assert_int_eq(poll(&all, 1, 10000), 1);
	ck_assert_int_eq(read(gone[0], &byte, 1), 0);
}

static void parent_of_waiting_child(void)
{
	if (fork() == 0) {
		arm();
		tell_and_wait();
	}
	for (;;)
		pause();
}

START_TEST(armed_child_ends_when_its_parent_is_killed)
{
	pid_t parent = fork_parent(parent_of_waiting_child);

	await_one();
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	await_the_end_of_all();
}
END_TEST

static void parent_that_exits_early(void)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		while (getppid() == parent)
			sched_yield();
		arm();
		tell_and_wait();
	}
	_exit(0);
}

START_TEST(child_that_is_armed_after_its_parent_ended_ends_too)
{
	pid_t parent = fork_parent(parent_that_exits_early);

	waitpid(parent, NULL, 0);
	/* And it told nothing. */
	await_the_end_of_all();
}
END_TEST

static void parent_with_bystander(void)
{
	pid_t bystander = fork();

	if (bystander == 0) {
		close(gone[1]);
		for (;;)
			pause();
	}
	if (fork() == 0) {
		arm();
		(void)!write(gone[1], &bystander, sizeof bystander);
		for (;;)
			pause();
	}
	for (;;)
		pause();
}

START_TEST(child_that_the_program_forked_itself_keeps_nobody_alive)
{
	pid_t parent = fork_parent(parent_with_bystander), bystander;

	ck_assert_int_eq(read(gone[0], &bystander, sizeof bystander), sizeof bystander);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	await_the_end_of_all();
	ck_assert_int_eq(kill(bystander, SIGKILL), 0);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		lifeline_is_made_once,
		lifeline_is_closed_on_exec,
		lifeline_fails_without_descriptors_and_leaves_none,
		child_keeps_one_descriptor,
		grandchild_keeps_one_descriptor,
		armed_child_ends_when_its_parent_is_killed,
		child_that_is_armed_after_its_parent_ended_ends_too,
		child_that_the_program_forked_itself_keeps_nobody_alive,
		NULL,
	};
	const support_suite suite = {
		.name = "lifeline",
		.process_tests = process_tests,
		.setup = open_gone,
		.teardown = close_gone,
	};

	return support_run_suite(&suite);
}
