/* SPDX-License-Identifier: MIT */
/*
 * The fixture must notice what a test leaves behind.  Each such test runs here in a Check runner of its own, inside
 * a test, and must fail there.
 */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *wait_for_end(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

START_TEST(leaves_nothing)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(leaves_descriptor)
{
	ck_assert_int_ge(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}
END_TEST

START_TEST(closes_foreign_descriptor)
{
	close(STDIN_FILENO);
}
END_TEST

START_TEST(leaves_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, NULL), 0);
}
END_TEST

START_TEST(joins_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, NULL), 0);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(leaves_child)
{
	if (fork() == 0)
		wait_for_end(NULL);
}
END_TEST

START_TEST(leaves_zombie)
{
	if (fork() == 0)
		_exit(0);
}
END_TEST

START_TEST(leaves_grandchild)
{
	pid_t child = fork();

	if (child == 0) {
		if (fork() == 0)
			wait_for_end(NULL);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}
END_TEST

static const char shm_path[] = "/dev/shm/mproc-support-test";

START_TEST(leaves_shm)
{
	int fd = open(shm_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

static int run_alone(const TTest *test)
{
	const TTest *tests[] = {test, NULL};

	setenv("CK_FORK", "yes", 1);
	setenv("CK_VERBOSITY", "silent", 1);
	return support_run("inner", tests);
}

START_TEST(fixture_accepts_test_that_leaves_nothing)
{
	ck_assert_int_eq(run_alone(leaves_nothing), EXIT_SUCCESS);
}
END_TEST

START_TEST(fixture_accepts_joined_thread)
{
	ck_assert_int_eq(run_alone(joins_thread), EXIT_SUCCESS);
}
END_TEST

START_TEST(fixture_finds_descriptor)
{
	ck_assert_int_eq(run_alone(leaves_descriptor), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_closed_foreign_descriptor)
{
	ck_assert_int_eq(run_alone(closes_foreign_descriptor), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_thread)
{
	ck_assert_int_eq(run_alone(leaves_thread), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_child)
{
	ck_assert_int_eq(run_alone(leaves_child), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_zombie)
{
	ck_assert_int_eq(run_alone(leaves_zombie), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_grandchild)
{
	ck_assert_int_eq(run_alone(leaves_grandchild), EXIT_FAILURE);
}
END_TEST

START_TEST(fixture_finds_shm_entry)
{
	int result = run_alone(leaves_shm);

	unlink(shm_path);
	ck_assert_int_eq(result, EXIT_FAILURE);
}
END_TEST

static int opened = -1;

static void open_once(void)
{
	if (opened < 0)
		opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

START_TEST(uses_what_warm_up_opened)
{
	open_once();
	ck_assert_int_ge(opened, 0);
}
END_TEST

START_TEST(fixture_accepts_what_warm_up_opened)
{
	const TTest *tests[] = {uses_what_warm_up_opened, NULL};
	const support_suite suite = {.name = "inner", .tests = tests, .warm_up = open_once};

	setenv("CK_VERBOSITY", "silent", 1);
	ck_assert_int_eq(support_run_suite(&suite), EXIT_SUCCESS);
}
END_TEST

START_TEST(program_of_this_build_is_found)
{
	const char *path = support_program("tests/support_support_test");

	ck_assert_ptr_nonnull(strstr(path, "/tests/support_support_test"));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		fixture_accepts_test_that_leaves_nothing,
		fixture_accepts_joined_thread,
		fixture_finds_descriptor,
		fixture_finds_closed_foreign_descriptor,
		fixture_finds_thread,
		fixture_finds_shm_entry,
		fixture_accepts_what_warm_up_opened,
		program_of_this_build_is_found,
		NULL,
	};
	const TTest *process_tests[] = {
		fixture_finds_child,
		fixture_finds_zombie,
		fixture_finds_grandchild,
		NULL,
	};
	const support_suite suite = {.name = "support", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
