/* SPDX-License-Identifier: MIT */
/*
 * What options ask for is done.  What they ask for in vain: conformance_refusals.c.
 */
#include "conformance.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void write_scratch(int descriptor, const char *text)
{
	ck_assert_int_eq(pwrite(descriptor, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* Directory and environment. */

static int tell_directory(void *shared)
{
	noticeboard *here = shared;

	return getcwd(here->text, sizeof here->text) != NULL ? 0 : 1;
}

START_TEST(directory_is_the_childs_alone)
{
	char before[4096], after[4096];

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	ck_assert_int_eq(
		run_with((mproc_process_options){.directory = "/usr/bin/../lib"}, tell_directory, board, 0),
		0);
	ck_assert_ptr_nonnull(getcwd(after, sizeof after));
	ck_assert_str_eq(board->text, realpath("/usr/lib", (char[4096]){0}));
	ck_assert_str_eq(after, before);
}
END_TEST

START_TEST(directory_may_be_relative)
{
	char before[4096];

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	ck_assert_int_eq(chdir("/usr"), 0);
	ck_assert_int_eq(run_with((mproc_process_options){.directory = ".."}, tell_directory, board, 0), 0);
	ck_assert_str_eq(board->text, "/");
	ck_assert_int_eq(chdir(before), 0);
}
END_TEST

static int tell_environment(void *shared)
{
	noticeboard *here = shared;

	for (size_t i = 0, at = 0; environ != NULL && environ[i] != NULL; ++i)
		at += (size_t)snprintf(here->text + at, sizeof here->text - at, "%s\n", environ[i]);
	return 0;
}

START_TEST(environment_is_all_that_the_child_has)
{
	const char *const environment[] = {"MPROC_TEST=two words", "EMPTY=", "HOME=/nowhere", NULL};

	ck_assert_int_eq(
		run_with((mproc_process_options){.environment = environment}, tell_environment, board, 0), 0);
	ck_assert_str_eq(board->text, "MPROC_TEST=two words\nEMPTY=\nHOME=/nowhere\n");
	ck_assert_ptr_null(getenv("MPROC_TEST"));
}
END_TEST

START_TEST(environment_may_be_empty)
{
	const char *const environment[] = {NULL};

	ck_assert_int_eq(
		run_with((mproc_process_options){.environment = environment}, tell_environment, board, 0), 0);
	ck_assert_str_eq(board->text, "");
}
END_TEST

static int change_environment(void *shared)
{
	noticeboard *here = shared;

	if (setenv("NEW", "1", 1) != 0 || unsetenv("OLD") != 0)
		return 1;
	return expect(here, getenv("NEW") != NULL && getenv("OLD") == NULL && getenv("KEPT") != NULL,
		       "setenv and unsetenv do their work")
		       ? 0
		       : 2;
}

START_TEST(environment_can_be_changed_by_the_child)
{
	const char *const environment[] = {"OLD=1", "KEPT=1", NULL};

	check_child_with((mproc_process_options){.environment = environment}, change_environment);
}
END_TEST

/* A child of a child that was given an environment has the same, also when it begins anew. */
static int tell_environment_of_a_child(void *shared)
{
	return run_with((mproc_process_options){.start = MPROC_START_SPAWN}, tell_environment, shared, 0);
}

START_TEST(environment_is_inherited_by_spawned_children_of_the_child)
{
	const char *const environment[] = {"MPROC_TEST=1", NULL};

	ck_assert_int_eq(run_with((mproc_process_options){.environment = environment},
				 tell_environment_of_a_child, board, 0),
		0);
	ck_assert_str_eq(board->text, "MPROC_TEST=1\n");
}
END_TEST

/* Standard streams. */

/* Echoes the first line of its input. */
static int use_streams(void *unused)
{
	char line[256] = "nothing";

	(void)unused;
	if (fgets(line, sizeof line, stdin) == NULL)
		strcpy(line, "end of file");
	printf("out: %s;", line);
	fprintf(stderr, "err: %s;", line);
	return 0;
}

START_TEST(streams_are_what_was_given)
{
	int input = open_scratch(), output = open_scratch(), error = open_scratch();

	write_scratch(input, "one\ntwo\n");
	ck_assert_int_eq(run_with((mproc_process_options){.input = input, .output = output, .error = error},
				 use_streams, NULL, 0),
		0);
	ck_assert_str_eq(read_scratch(output), "out: one\n;");
	ck_assert_str_eq(read_scratch(error), "err: one\n;");
	close(input);
	close(output);
	close(error);
}
END_TEST

START_TEST(one_descriptor_may_be_several_streams)
{
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC), both = open_scratch();

	ck_assert_int_eq(run_with((mproc_process_options){.input = input, .output = both, .error = both},
				 use_streams, NULL, 0),
		0);
	/* Standard error is not buffered. */
	ck_assert_str_eq(read_scratch(both), "err: end of file;out: end of file;");
	close(input);
	close(both);
}
END_TEST

static bool is_dev_null(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

static int look_at_null_streams(void *shared)
{
	noticeboard *here = shared;
	char byte;

	return expect(here, is_dev_null(0) && is_dev_null(1) && is_dev_null(2), "all streams are /dev/null")
			       && expect(here, read(0, &byte, 1) == 0, "nothing comes in")
			       && expect(here, write(1, "x", 1) == 1 && write(2, "x", 1) == 1,
				       "what goes out is thrown away")
		       ? 0
		       : 1;
}

START_TEST(streams_may_be_nothing)
{
	check_child_with(
		(mproc_process_options){
			.input = MPROC_STREAM_NULL, .output = MPROC_STREAM_NULL, .error = MPROC_STREAM_NULL},
		look_at_null_streams);
}
END_TEST

/* This process's own streams, kept aside while others take their places. */
static int aside[3];

static void put_in_place(const int streams[3])
{
	for (int i = 0; i < 3; ++i) {
		aside[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
		ck_assert_int_eq(dup2(streams[i], i), i);
	}
}

static void put_back(void)
{
	for (int i = 0; i < 3; ++i) {
		dup2(aside[i], i);
		close(aside[i]);
	}
}

static void with_scratch_streams(mproc_process_options options, int scratch[3])
{
	int code;

	for (int i = 0; i < 3; ++i)
		scratch[i] = open_scratch();
	write_scratch(scratch[0], "zero\n");
	write_scratch(scratch[1], "one\n");
	write_scratch(scratch[2], "two\n");
	lseek(scratch[2], 4, SEEK_SET);
	put_in_place(scratch);
	code = run_with(options, use_streams, NULL, 0);
	put_back();
	ck_assert_int_eq(code, 0);
}

static void close_scratch(const int scratch[3])
{
	for (int i = 0; i < 3; ++i)
		close(scratch[i]);
}

START_TEST(streams_are_this_processs_own_unless_told_otherwise)
{
	int scratch[3];

	with_scratch_streams((mproc_process_options){0}, scratch);
	ck_assert_str_eq(read_scratch(scratch[1]), "out: zero\n;");
	ck_assert_str_eq(read_scratch(scratch[2]), "two\nerr: zero\n;");
	close_scratch(scratch);
}
END_TEST

START_TEST(output_and_error_may_be_swapped)
{
	int scratch[3];

	with_scratch_streams((mproc_process_options){.output = 2, .error = 1}, scratch);
	ck_assert_str_eq(read_scratch(scratch[1]), "err: zero\n;");
	ck_assert_str_eq(read_scratch(scratch[2]), "two\nout: zero\n;");
	close_scratch(scratch);
}
END_TEST

START_TEST(streams_may_rotate)
{
	int scratch[3];

	/* Input is read to the end of the buffer, which is where standard error goes on. */
	with_scratch_streams((mproc_process_options){.input = 1, .output = 2, .error = 1}, scratch);
	ck_assert_str_eq(read_scratch(scratch[1]), "one\nerr: one\n;");
	ck_assert_str_eq(read_scratch(scratch[2]), "two\nout: one\n;");
	close_scratch(scratch);
}
END_TEST

START_TEST(one_stream_may_be_nothing_and_another_its_old_place)
{
	int scratch[3];

	with_scratch_streams((mproc_process_options){.output = MPROC_STREAM_NULL, .error = 1}, scratch);
	ck_assert_str_eq(read_scratch(scratch[1]), "err: zero\n;");
	ck_assert_str_eq(read_scratch(scratch[2]), "two\n");
	close_scratch(scratch);
}
END_TEST

static int look_at_closed_input(void *shared)
{
	noticeboard *here = shared;

	return expect(here, fcntl(0, F_GETFD) == -1 || is_dev_null(0), "there is no input")
			       && expect(here, fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0,
				       "there are the other streams")
		       ? 0
		       : 1;
}

START_TEST(a_closed_stream_is_no_harm)
{
	int input = fcntl(0, F_DUPFD_CLOEXEC, 100), scratch;
	mproc_process *process;

	close(0);
	check_child(look_at_closed_input);
	scratch = open_scratch();
	ck_assert_int_eq(scratch, 0);
	process = start_with((mproc_process_options){.output = MPROC_STREAM_NULL, .error = MPROC_STREAM_NULL},
		use_streams, NULL, 0);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_int_eq(dup2(input, 0), 0);
	close(input);
}
END_TEST

/* Other descriptors. */

/* What a scratch file has that is open as descriptor @number in the test. */
static int open_numbered_scratch(int number)
{
	char text[32];
	int scratch = open_scratch();

	snprintf(text, sizeof text, "scratch %d", number);
	write_scratch(scratch, text);
	if (scratch != number) {
		ck_assert_int_eq(fcntl(number, F_GETFD), -1);
		ck_assert_int_eq(fcntl(scratch, F_DUPFD_CLOEXEC, number), number);
		close(scratch);
	}
	return number;
}

static bool is_scratch_of(int descriptor, int number)
{
	char expected[32], text[32] = "";

	snprintf(expected, sizeof expected, "scratch %d", number);
	return pread(descriptor, text, sizeof text - 1, 0) >= 0 && strcmp(text, expected) == 0;
}

static bool is_numbered_scratch(int descriptor)
{
	return is_scratch_of(descriptor, descriptor);
}

/* How many scratch files there are in this process; the number of one that is another's, negated. */
static int count_numbered_scratches(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	while (count >= 0 && (entry = readdir(directory)) != NULL) {
		char target[64] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) <= 0
			|| strstr(target, "memfd:scratch") == NULL)
			continue;
		count = is_numbered_scratch(atoi(entry->d_name)) ? count + 1 : -atoi(entry->d_name);
	}
	closedir(directory);
	return count;
}

static int look_at_descriptors(void *shared)
{
	noticeboard *here = shared;
	int count = count_numbered_scratches();

	for (int i = 0; i < here->count; ++i) {
		if (!is_numbered_scratch(here->numbers[i])) {
			snprintf(here->text, sizeof here->text, "%d is not what it was", here->numbers[i]);
			return 1;
		}
	}
	snprintf(here->text, sizeof here->text, "%d scratch files instead of %d", count, (int)here->count);
	return count == here->count ? 0 : 2;
}

/* Some are kept, as the board says, in the middle of others. */
static void open_three_and_keep(bool first, bool second, bool third)
{
	const bool kept[] = {first, second, third};

	for (int i = 0; i < 3; ++i) {
		int descriptor = fcntl(0, F_DUPFD_CLOEXEC, 20 + 7 * i);

		close(descriptor);
		open_numbered_scratch(descriptor);
		board->numbers[10 + i] = descriptor;
		if (kept[i])
			board->numbers[board->count++] = descriptor;
	}
}

static void close_three(void)
{
	for (int i = 0; i < 3; ++i)
		close(board->numbers[10 + i]);
}

START_TEST(descriptors_are_kept_by_copies_of_this_process_only)
{
	bool is_kept = method == MPROC_START_FORK;

	open_three_and_keep(is_kept, is_kept, is_kept);
	check_child(look_at_descriptors);
	close_three();
}
END_TEST

START_TEST(named_descriptors_are_kept_under_their_numbers_and_all_others_closed)
{
	open_three_and_keep(true, false, true);
	check_child_with((mproc_process_options){.descriptors = board->numbers, .descriptor_count = 2},
		look_at_descriptors);
	close_three();
}
END_TEST

START_TEST(an_empty_list_of_descriptors_closes_all)
{
	open_three_and_keep(false, false, false);
	check_child_with((mproc_process_options){.descriptors = board->numbers}, look_at_descriptors);
	close_three();
}
END_TEST

START_TEST(descriptors_may_be_named_twice_in_any_order_and_with_the_streams)
{
	int named[6];

	open_three_and_keep(true, true, false);
	named[0] = board->numbers[1];
	named[1] = 2;
	named[2] = board->numbers[0];
	named[3] = 0;
	named[4] = board->numbers[1];
	named[5] = 1;
	check_child_with(
		(mproc_process_options){.descriptors = named, .descriptor_count = 6}, look_at_descriptors);
	close_three();
}
END_TEST

static int look_at_kept_input(void *shared)
{
	noticeboard *here = shared;

	return expect(here, is_scratch_of(0, here->numbers[0]), "it is the input")
			       && expect(here, is_numbered_scratch(here->numbers[0]), "it is kept as well")
		       ? 0
		       : 1;
}

START_TEST(a_descriptor_may_be_kept_and_be_a_stream)
{
	open_three_and_keep(true, false, false);
	check_child_with((mproc_process_options){.descriptors = board->numbers,
				 .descriptor_count = 1,
				 .input = board->numbers[0],
				 .output = MPROC_STREAM_NULL},
		look_at_kept_input);
	close_three();
}
END_TEST

/* All numbers that are free, so that each that the library wants for itself is among them. */
static int look_at_all_free_numbers(void *shared)
{
	noticeboard *here = shared;

	for (int i = 3; i < 60; ++i) {
		if (here->text[i] == 'k' && !is_numbered_scratch(i)) {
			snprintf(here->text, sizeof here->text, "%d is not what it was", i);
			return 1;
		}
	}
	return run(return_0, NULL, 0);
}

START_TEST(descriptors_are_kept_whatever_their_numbers)
{
	int named[60], count = 0;

	for (int i = 3; i < 60; ++i) {
		if (fcntl(i, F_GETFD) < 0)
			named[count++] = i;
	}
	for (int i = 0; i < count; ++i)
		board->text[open_numbered_scratch(named[i])] = 'k';
	check_child_with((mproc_process_options){.descriptors = named, .descriptor_count = (size_t)count},
		look_at_all_free_numbers);
	for (int i = 0; i < count; ++i)
		close(named[i]);
}
END_TEST

START_TEST(as_many_descriptors_are_kept_as_there_can_be)
{
	static int named[MPROC_DESCRIPTORS];
	int scratch = open_scratch();

	for (int i = 0; i < MPROC_DESCRIPTORS; ++i)
		named[i] = fcntl(scratch, F_DUPFD_CLOEXEC, 100);
	ck_assert_int_eq(
		run_with((mproc_process_options){.descriptors = named, .descriptor_count = MPROC_DESCRIPTORS},
			return_0, NULL, 0),
		0);
	for (int i = 0; i < MPROC_DESCRIPTORS; ++i)
		close(named[i]);
	close(scratch);
}
END_TEST

static int use_pipe(void *ends)
{
	char byte;

	/* The end to write to was not kept: else this would wait for ever. */
	return read(((int *)ends)[0], &byte, 1) == 1 && read(((int *)ends)[0], &byte, 1) == 0 ? 0 : 1;
}

START_TEST(an_end_of_a_pipe_is_kept_without_the_other)
{
	int ends[2];
	mproc_process *process;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	process = start_with((mproc_process_options){.descriptors = ends, .descriptor_count = 1}, use_pipe,
		ends, sizeof ends);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	close(ends[1]);
	ck_assert_int_eq(finish(process), 0);
	close(ends[0]);
}
END_TEST

/* Turns on the CPU, and limits. */

static int tell_niceness(void *shared)
{
	noticeboard *here = shared;

	here->numbers[0] = getpriority(PRIO_PROCESS, 0);
	return 0;
}

static void check_niceness(int added, int expected)
{
	ck_assert_int_eq(run_with((mproc_process_options){.niceness = added}, tell_niceness, board, 0), 0);
	ck_assert_int_eq(board->numbers[0], expected);
}

START_TEST(niceness_is_added)
{
	int own = getpriority(PRIO_PROCESS, 0);

	check_niceness(0, own);
	check_niceness(3, own + 3 < 19 ? own + 3 : 19);
	check_niceness(40, 19);
	if (is_privileged()) {
		check_niceness(-2, own - 2 > -20 ? own - 2 : -20);
		check_niceness(-40, -20);
	}
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), own);
}
END_TEST

static int look_at_cpus(void *shared)
{
	noticeboard *here = shared;
	cpu_set_t set;

	return expect(here, sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == here->count,
		       "there are as many CPUs as given")
			       && expect(here, CPU_ISSET(here->numbers[0], &set), "it is the one given")
		       ? 0
		       : 1;
}

START_TEST(cpus_are_those_given)
{
	unsigned cpus[CPU_SETSIZE];
	size_t count = 0;
	cpu_set_t own, after;

	ck_assert_int_eq(sched_getaffinity(0, sizeof own, &own), 0);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
		if (!CPU_ISSET(cpu, &own))
			continue;
		cpus[count++] = cpu;
		board->numbers[0] = (int)cpu;
		board->count = 1;
		check_child_with((mproc_process_options){.cpus = &cpu, .cpu_count = 1}, look_at_cpus);
	}
	board->count = (int)count;
	check_child_with((mproc_process_options){.cpus = cpus, .cpu_count = count}, look_at_cpus);
	ck_assert_int_eq(sched_getaffinity(0, sizeof after, &after), 0);
	ck_assert(CPU_EQUAL(&own, &after));
}
END_TEST

static bool has_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) == 0 && limit.rlim_cur == soft && limit.rlim_max == hard;
}

static int look_at_limits(void *shared)
{
	noticeboard *here = shared;

	return expect(here, has_limit(RLIMIT_NOFILE, 100, 200), "the limit of descriptors is as given")
			       && expect(here, has_limit(RLIMIT_CPU, 1000, 1001), "that of time as well")
			       && expect(here, has_limit(RLIMIT_CORE, 0, 0), "that of core dumps as well")
		       ? 0
		       : 1;
}

START_TEST(limits_are_those_given)
{
	const mproc_process_limit limits[] = {
		{.resource = RLIMIT_NOFILE, .soft = 100, .hard = 200},
		{.resource = RLIMIT_CPU, .soft = 1000, .hard = 1001},
		{.resource = RLIMIT_CORE},
	};
	struct rlimit before, after;

	getrlimit(RLIMIT_NOFILE, &before);
	check_child_with((mproc_process_options){.limits = limits, .limit_count = 3}, look_at_limits);
	getrlimit(RLIMIT_NOFILE, &after);
	ck_assert_uint_eq(before.rlim_cur, after.rlim_cur);
	ck_assert_uint_eq(before.rlim_max, after.rlim_max);
}
END_TEST

static int look_for_infinity(void *shared)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_STACK, &limit) == 0
			       && expect(shared, limit.rlim_cur == limit.rlim_max, "soft is as hard")
		       ? 0
		       : 1;
}

START_TEST(a_limit_may_be_none)
{
	struct rlimit own;
	mproc_process_limit limit = {.resource = RLIMIT_STACK};

	getrlimit(RLIMIT_STACK, &own);
	limit.soft = own.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : own.rlim_max;
	limit.hard = limit.soft;
	check_child_with((mproc_process_options){.limits = &limit, .limit_count = 1}, look_for_infinity);
}
END_TEST

static int open_nothing(void *shared)
{
	return expect(shared, open("/dev/null", O_RDONLY | O_CLOEXEC) == -1, "nothing can be opened") ? 0 : 1;
}

START_TEST(limits_bind_the_function_and_not_the_library)
{
	const mproc_process_limit none = {.resource = RLIMIT_NOFILE};

	open_three_and_keep(true, true, true);
	check_child_with((mproc_process_options){.limits = &none,
				 .limit_count = 1,
				 .descriptors = board->numbers,
				 .descriptor_count = 3},
		open_nothing);
	close_three();
}
END_TEST

static int use_much_time(void *unused)
{
	(void)unused;
	for (volatile unsigned i = 0;; ++i)
		;
	return 0;
}

START_TEST(a_limit_ends_the_process)
{
	const mproc_process_limit second = {.resource = RLIMIT_CPU, .soft = 1, .hard = 1};
	int code = run_with(
		(mproc_process_options){.limits = &second, .limit_count = 1}, use_much_time, NULL, 0);

	ck_assert(code == -SIGXCPU || code == -SIGKILL);
}
END_TEST

/* Group. */

static int tell_group(void *shared)
{
	noticeboard *here = shared;

	here->numbers[0] = getpgrp();
	here->numbers[1] = getpid();
	return await_gate(shared);
}

START_TEST(a_process_leads_a_group_of_its_own_when_told_to)
{
	mproc_process *process = start_with((mproc_process_options){.own_group = true}, tell_group, board, 0);

	await_ready(1);
	ck_assert_int_eq(board->numbers[0], mproc_process_pid(process));
	ck_assert_int_eq(board->numbers[1], mproc_process_pid(process));
	ck_assert_int_eq(kill(-mproc_process_pid(process), SIGKILL), 0);
	ck_assert_int_eq(finish(process), -SIGKILL);
}
END_TEST

START_TEST(a_process_is_in_no_group_of_its_own_otherwise)
{
	mproc_process *process = start_and_await(tell_group);

	ck_assert_int_ne(board->numbers[0], mproc_process_pid(process));
	if (method != MPROC_START_SERVER)
		ck_assert_int_eq(board->numbers[0], getpgrp());
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

/* All together. */

static int look_at_everything(void *shared)
{
	noticeboard *here = shared;
	char directory[4096];

	return expect(here, getcwd(directory, sizeof directory) != NULL && strcmp(directory, "/") == 0,
		       "the directory is the root")
			       && expect(here, is_dev_null(0) && is_dev_null(2), "streams are /dev/null")
			       && expect(here, write(1, "all", 3) == 3, "the output can be written to")
			       && expect(here, is_numbered_scratch(here->numbers[1]), "a descriptor is kept")
			       && expect(here, count_numbered_scratches() == here->count, "and no other one")
			       && expect(here, getpgrp() == getpid(), "it leads a group")
			       && expect(here, getpriority(PRIO_PROCESS, 0) == here->numbers[5],
				       "it has its niceness")
			       && expect(here, has_limit(RLIMIT_CORE, 0, 0), "the limit is as given")
			       && expect(here,
				       strcmp(mproc_process_name(mproc_process_current()), "all") == 0,
				       "it has its name")
			       && expect(here,
				       environ[0] != NULL && strcmp(environ[0], "A=B") == 0
					       && environ[1] == NULL,
				       "the environment is as given")
		       ? 0
		       : 1;
}

START_TEST(options_may_be_combined)
{
	const char *const environment[] = {"A=B", NULL};
	const mproc_process_limit limit = {.resource = RLIMIT_CORE};
	int output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), own = getpriority(PRIO_PROCESS, 0);
	char text[8] = "";

	ck_assert_int_ge(output, 0);
	open_three_and_keep(false, true, false);
	board->numbers[1] = board->numbers[0];
	board->numbers[5] = own + 1 < 19 ? own + 1 : 19;
	check_child_with((mproc_process_options){.name = "all",
				 .daemon = true,
				 .own_group = true,
				 .niceness = 1,
				 .directory = "/",
				 .environment = environment,
				 .input = MPROC_STREAM_NULL,
				 .output = output,
				 .error = MPROC_STREAM_NULL,
				 .descriptors = board->numbers,
				 .descriptor_count = 1,
				 .limits = &limit,
				 .limit_count = 1},
		look_at_everything);
	ck_assert_int_eq(pread(output, text, sizeof text, 0), 3);
	ck_assert_str_eq(text, "all");
	close_three();
	close(output);
}
END_TEST

void add_options(void)
{
	const TTest *const here[] = {
		directory_is_the_childs_alone,
		directory_may_be_relative,
		environment_is_all_that_the_child_has,
		environment_may_be_empty,
		environment_can_be_changed_by_the_child,
		environment_is_inherited_by_spawned_children_of_the_child,
		streams_are_what_was_given,
		one_descriptor_may_be_several_streams,
		streams_may_be_nothing,
		streams_are_this_processs_own_unless_told_otherwise,
		output_and_error_may_be_swapped,
		streams_may_rotate,
		one_stream_may_be_nothing_and_another_its_old_place,
		a_closed_stream_is_no_harm,
		descriptors_are_kept_by_copies_of_this_process_only,
		named_descriptors_are_kept_under_their_numbers_and_all_others_closed,
		an_empty_list_of_descriptors_closes_all,
		descriptors_may_be_named_twice_in_any_order_and_with_the_streams,
		a_descriptor_may_be_kept_and_be_a_stream,
		descriptors_are_kept_whatever_their_numbers,
		as_many_descriptors_are_kept_as_there_can_be,
		an_end_of_a_pipe_is_kept_without_the_other,
		niceness_is_added,
		cpus_are_those_given,
		limits_are_those_given,
		a_limit_may_be_none,
		limits_bind_the_function_and_not_the_library,
		a_limit_ends_the_process,
		a_process_leads_a_group_of_its_own_when_told_to,
		a_process_is_in_no_group_of_its_own_otherwise,
		options_may_be_combined,
		NULL,
	};

	add_tests(here);
}
