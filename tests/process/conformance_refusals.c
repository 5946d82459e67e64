/* SPDX-License-Identifier: MIT */
/*
 * What cannot be done is refused, with a code and a text, and leaves nothing.
 */
#include "conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(bad_arguments_are_refused)
{
	const mproc_process_options options = {.start = method};
	mproc_process *const nothing = (mproc_process *)(void *)board;
	mproc_process *untouched = nothing;

	ck_assert_int_eq(mproc_process_start(&options, NULL, NULL, 0, &untouched), -EINVAL);
	check_text("function is NULL");
	ck_assert_int_eq(mproc_process_start(&options, return_0, NULL, 0, NULL), -EINVAL);
	check_text("ret_process is NULL");
	ck_assert_int_eq(mproc_process_start(&options, return_0, NULL, 8, &untouched), -EINVAL);
	check_text("argument is NULL");
	check_text("8");
	ck_assert_int_eq(mproc_process_start(&options, return_0, "", SIZE_MAX / 2, &untouched), -ENOMEM);
	check_text("9223372036854775807");
	ck_assert_ptr_eq(untouched, nothing);
}
END_TEST

START_TEST(a_start_method_that_is_none_is_refused)
{
	check_refused((mproc_process_options){.start = (mproc_start)4}, return_0, -EINVAL, "start method 4");
	check_refused(
		(mproc_process_options){.start = (mproc_start)-1}, return_0, -EINVAL, "start method -1");
}
END_TEST

START_TEST(a_bad_name_is_refused)
{
	check_refused((mproc_process_options){.name = ""}, return_0, -EINVAL, "name of 0 bytes: 1 to 31");
	check_refused((mproc_process_options){.name = "a name of 32 bytes, one too many"}, return_0, -EINVAL,
		"name of 32 bytes: 1 to 31");
}
END_TEST

START_TEST(a_bad_niceness_is_refused)
{
	check_refused((mproc_process_options){.niceness = 41}, return_0, -EINVAL, "niceness +41: -40 to 40");
	check_refused((mproc_process_options){.niceness = -41}, return_0, -EINVAL, "niceness -41: -40 to 40");
}
END_TEST

START_TEST(a_directory_that_is_none_is_refused)
{
	check_refused((mproc_process_options){.directory = "/nowhere"}, return_0, -ENOENT, "\"/nowhere\"");
	check_refused((mproc_process_options){.directory = "/dev/null"}, return_0, -ENOTDIR, "\"/dev/null\"");
	check_refused((mproc_process_options){.directory = ""}, return_0, -EINVAL, "directory is empty");
}
END_TEST

START_TEST(a_bad_environment_is_refused)
{
	const char *const no_value[] = {"A=B", "NAME", NULL}, *const no_name[] = {"=value", NULL};

	check_refused((mproc_process_options){.environment = no_value}, return_0, -EINVAL, "\"NAME\"");
	check_refused((mproc_process_options){.environment = no_name}, return_0, -EINVAL, "\"=value\"");
}
END_TEST

static int closed_descriptor(void)
{
	int descriptor = fcntl(0, F_DUPFD_CLOEXEC, 50);

	close(descriptor);
	return descriptor;
}

START_TEST(streams_that_are_not_open_are_refused)
{
	int closed = closed_descriptor();
	char text[64];

	snprintf(text, sizeof text, "input %d", closed);
	check_refused((mproc_process_options){.input = closed}, return_0, -EBADF, text);
	snprintf(text, sizeof text, "output %d", closed);
	check_refused((mproc_process_options){.output = closed}, return_0, -EBADF, text);
	snprintf(text, sizeof text, "error %d", closed);
	check_refused((mproc_process_options){.error = closed}, return_0, -EBADF, text);
	check_refused((mproc_process_options){.input = -2}, return_0, -EINVAL, "input is -2");
	check_refused((mproc_process_options){.output = -2}, return_0, -EINVAL, "output is -2");
	check_refused((mproc_process_options){.error = -2}, return_0, -EINVAL, "error is -2");
}
END_TEST

START_TEST(descriptors_that_are_not_open_are_refused)
{
	static int many[MPROC_DESCRIPTORS + 1];
	int named[] = {1, closed_descriptor()}, negative = -1;
	char text[64];

	snprintf(text, sizeof text, "descriptor %d", named[1]);
	check_refused(
		(mproc_process_options){.descriptors = named, .descriptor_count = 2}, return_0, -EBADF, text);
	check_refused((mproc_process_options){.descriptors = &negative, .descriptor_count = 1}, return_0,
		-EBADF, "descriptor -1");
	check_refused((mproc_process_options){.descriptor_count = 3}, return_0, -EINVAL,
		"descriptors is NULL, its count 3");
	check_refused((mproc_process_options){.descriptors = many, .descriptor_count = MPROC_DESCRIPTORS + 1},
		return_0, -EINVAL, "241 descriptors: at most 240");
}
END_TEST

START_TEST(bad_cpus_are_refused)
{
	const unsigned beyond_all = 100000, not_here[] = {0, 1023}, nowhere = 1023;

	check_refused((mproc_process_options){.cpus = &beyond_all, .cpu_count = 1}, return_0, -EINVAL,
		"CPU 100000");
	check_refused((mproc_process_options){.cpus = &nowhere, .cpu_count = 1}, return_0, -EINVAL, "1023");
	check_refused((mproc_process_options){.cpus = not_here, .cpu_count = 2}, return_0, -EINVAL, "1023");
	check_refused(
		(mproc_process_options){.cpu_count = 2}, return_0, -EINVAL, "cpus is NULL, its count 2");
	check_refused((mproc_process_options){.cpus = &nowhere}, return_0, -EINVAL, "no CPUs");
}
END_TEST

START_TEST(bad_limits_are_refused)
{
	const mproc_process_limit unknown = {.resource = 99}, negative = {.resource = -1};
	const mproc_process_limit upside_down[] = {
		{.resource = RLIMIT_CORE}, {.resource = RLIMIT_CPU, .soft = 5, .hard = 4}};

	check_refused((mproc_process_options){.limits = &unknown, .limit_count = 1}, return_0, -EINVAL,
		"resource 99");
	check_refused((mproc_process_options){.limits = &negative, .limit_count = 1}, return_0, -EINVAL,
		"resource -1");
	check_refused((mproc_process_options){.limits = upside_down, .limit_count = 2}, return_0, -EINVAL,
		"soft 5 is above hard 4");
	check_refused(
		(mproc_process_options){.limit_count = 2}, return_0, -EINVAL, "limits is NULL, its count 2");
}
END_TEST

START_TEST(reserved_words_must_be_0)
{
	for (int i = 0; i < 4; ++i) {
		mproc_process_options options = {0};

		options.reserved[i] = 7;
		check_refused(options, return_0, -EINVAL, "reserved");
	}
}
END_TEST

/* What the child finds out is told by start as well, and the function did not run. */

static int write_run(void *unused)
{
	(void)unused;
	(void)!write(STDOUT_FILENO, "ran", 3);
	return 0;
}

START_TEST(the_function_does_not_run_when_an_option_fails)
{
	int output = open_scratch();

	for (int i = 0; i < 20; ++i)
		check_refused((mproc_process_options){.output = output, .directory = "/nowhere"}, write_run,
			-ENOENT, "/nowhere");
	ck_assert_str_eq(read_scratch(output), "");
	close(output);
}
END_TEST

START_TEST(a_start_that_failed_does_not_hinder_the_next)
{
	for (int i = 0; i < 20; ++i) {
		check_refused(
			(mproc_process_options){.directory = "/nowhere"}, return_0, -ENOENT, "/nowhere");
		ck_assert_int_eq(run(return_argument, &i, sizeof i), i);
	}
}
END_TEST

static void limit_descriptors(rlim_t most)
{
	struct rlimit now;

	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

START_TEST(no_descriptors_left_is_told)
{
	int first = fcntl(0, F_DUPFD_CLOEXEC, 3), failed = 0;
	struct rlimit before;
	mproc_process *process = NULL;
	int rc = -EMFILE;

	close(first);
	getrlimit(RLIMIT_NOFILE, &before);
	for (int left = 0; left < 50 && rc == -EMFILE; ++left) {
		limit_descriptors((rlim_t)(first + left));
		rc = mproc_process_start(
			&(mproc_process_options){.start = method}, return_0, "an argument", 12, &process);
		failed += rc == -EMFILE;
		if (rc == -EMFILE)
			check_text(strerror(EMFILE));
	}
	limit_descriptors(before.rlim_cur);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

/* Without privileges: before mproc_init, so that the server has none either. */

static void give_up_privileges(void)
{
	if (is_privileged() && setresuid(54321, 54321, 54321) != 0)
		_exit(90);
}

/* Tells, for a play, whether the start was refused as it should be. */
static bool is_refused(mproc_process_options options, int code, const char *text)
{
	mproc_process *process;
	int rc;

	options.start = method;
	rc = mproc_process_start(&options, return_0, NULL, 0, &process);
	if (rc == code && strstr(mproc_error_text(), text) != NULL)
		return true;
	printf("%d instead of %d for %s: %s\n", rc, code, text, mproc_error_text());
	return false;
}

static bool is_refused_a_higher_limit(void)
{
	const mproc_process_limit higher = {.resource = RLIMIT_CORE, .soft = 10, .hard = 11};

	return is_refused((mproc_process_options){.limits = &higher, .limit_count = 1}, -EPERM, "hard 11");
}

static int ask_for_what_takes_privileges(void)
{
	return is_refused((mproc_process_options){.niceness = -5}, -EPERM, "niceness -5")
			       && is_refused_a_higher_limit() && run(return_0, NULL, 0) == 0
		       ? 0
		       : 1;
}

static void lower_limit_and_give_up_privileges(void)
{
	const struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
	const struct rlimit no_nice = {0};

	setrlimit(RLIMIT_CORE, &limit);
	setrlimit(RLIMIT_NICE, &no_nice);
	give_up_privileges();
}

START_TEST(what_takes_privileges_is_refused_without_them)
{
	outcome seen = play("ask for what takes privileges");

	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

/* This process starts in a directory that others cannot enter. */
static int ask_for_a_closed_directory(void)
{
	return is_refused((mproc_process_options){.directory = getenv("MPROC_TEST_DIRECTORY")}, -EACCES,
		       "Permission denied")
		       ? 0
		       : 1;
}

START_TEST(a_directory_that_is_closed_to_the_user_is_refused)
{
	char directory[] = "/tmp/mproc-test-XXXXXX";
	outcome seen;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0), 0);
	ck_assert_int_eq(setenv("MPROC_TEST_DIRECTORY", directory, 1), 0);
	seen = play("ask for a closed directory");
	ck_assert_int_eq(rmdir(directory), 0);
	unsetenv("MPROC_TEST_DIRECTORY");
	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

static bool limit_processes(rlim_t most, rlim_t *ret_before)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit) != 0)
		return false;
	*ret_before = limit.rlim_cur;
	limit.rlim_cur = most;
	return setrlimit(RLIMIT_NPROC, &limit) == 0;
}

/* The server has limits of its own, from before. */
static int ask_for_one_too_many(void)
{
	rlim_t before;
	bool is_right;

	if (!limit_processes(1, &before))
		return 2;
	is_right = method == MPROC_START_SERVER
			   ? run(return_0, NULL, 0) == 0
			   : is_refused((mproc_process_options){0}, -EAGAIN, "RLIMIT_NPROC");
	/* Sanitizers start a process at the end. */
	return limit_processes(before, &before) && is_right ? 0 : 1;
}

START_TEST(no_processes_left_is_told)
{
	outcome seen = play("ask for one too many");

	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

START_TEST(a_second_mproc_init_does_nothing)
{
	char program[] = "program", *arguments[] = {program, NULL};

	ck_assert_int_eq(mproc_init(1, arguments), 0);
	ck_assert_int_eq(run(return_0, NULL, 0), 0);
}
END_TEST

void add_refusals(void)
{
	const TTest *const here[] = {
		bad_arguments_are_refused,
		a_start_method_that_is_none_is_refused,
		a_bad_name_is_refused,
		a_bad_niceness_is_refused,
		a_directory_that_is_none_is_refused,
		a_bad_environment_is_refused,
		streams_that_are_not_open_are_refused,
		descriptors_that_are_not_open_are_refused,
		bad_cpus_are_refused,
		bad_limits_are_refused,
		reserved_words_must_be_0,
		the_function_does_not_run_when_an_option_fails,
		a_start_that_failed_does_not_hinder_the_next,
		no_descriptors_left_is_told,
		what_takes_privileges_is_refused_without_them,
		a_directory_that_is_closed_to_the_user_is_refused,
		no_processes_left_is_told,
		a_second_mproc_init_does_nothing,
		NULL,
	};

	add_tests(here);
	add_play("ask for what takes privileges", ask_for_what_takes_privileges,
		lower_limit_and_give_up_privileges);
	add_play("ask for one too many", ask_for_one_too_many, give_up_privileges);
	add_play("ask for a closed directory", ask_for_a_closed_directory, give_up_privileges);
}
