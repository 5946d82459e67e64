/* SPDX-License-Identifier: MIT */
/*
 * shared_counter: the exact ways count right, the others say truly what they lost, and a dead worker is told.
 */
#include "refusal.h"
#include "scratch.h"

#include <poll.h>

static const char *const EXACT[] = {"file-lock", "value", "mutex", "atomic"};
static const char *const INEXACT[] = {"none", "file", "value-no-lock"};
enum {
	EXACT_COUNT = sizeof EXACT / sizeof *EXACT,
	INEXACT_COUNT = sizeof INEXACT / sizeof *INEXACT,
};

/* Returns the count in the line of @way, which must say "lost" if it is not what was expected, and only then. */
static long read_count(const char *output, const char *way, long expected)
{
	const char *line = find_line(output, way) + strlen(way);
	long said = -1, counted = -1;
	char lost[64] = "\n";
	int length = 0;

	sscanf(line, " %ld %ld %*f%n", &said, &counted, &length);
	ck_assert_msg(length > 0, "unexpected: %s", line);
	ck_assert_msg(said == expected, "expected is not %ld: %s", expected, line);
	if (counted != expected)
		snprintf(lost, sizeof lost, "  lost %ld\n", expected - counted);
	ck_assert_msg(strncmp(line + length, lost, strlen(lost)) == 0, "not \"%s\": %s", lost, line);
	return counted;
}

static struct program count(const char *way, int workers, int times)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/shared_counter --with %s --workers %d --count %d", way,
		workers, times);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

static void expect_all(const char *way, int workers, int times)
{
	struct program run = count(way, workers, times);

	ck_assert_int_eq(read_count(run.output, way, (long)workers * times), (long)workers * times);
	forget_program(&run);
}

static void expect_some(const char *way, int workers, int times)
{
	struct program run = count(way, workers, times);
	long counted = read_count(run.output, way, (long)workers * times);

	ck_assert_msg(counted >= 1 && counted <= (long)workers * times, "%s: %ld", way, counted);
	forget_program(&run);
}

START_TEST(exact_ways_lose_nothing)
{
	for (int i = 0; i < EXACT_COUNT; ++i) {
		expect_all(EXACT[i], 1, 1);
		expect_all(EXACT[i], 2, 5000);
		expect_all(EXACT[i], 4, 2500);
		expect_all(EXACT[i], 7, 1001);
	}
}
END_TEST

START_TEST(two_hundred_workers_lose_nothing)
{
	for (int i = 0; i < EXACT_COUNT; ++i)
		expect_all(EXACT[i], 200, 5);
}
END_TEST

START_TEST(inexact_ways_say_what_they_lost)
{
	for (int i = 0; i < INEXACT_COUNT; ++i) {
		expect_some(INEXACT[i], 2, 5000);
		expect_some(INEXACT[i], 4, 2500);
		expect_some(INEXACT[i], 9, 1000);
	}
}
END_TEST

/* Nobody is there to lose anything to. */
START_TEST(one_worker_loses_nothing_in_any_way)
{
	for (int i = 0; i < INEXACT_COUNT; ++i)
		expect_all(INEXACT[i], 1, 5000);
}
END_TEST

START_TEST(all_ways_are_compared)
{
	struct program run = count("all", 3, 1000);

	find_line(run.output, "way");
	for (int i = 0; i < EXACT_COUNT; ++i)
		ck_assert_int_eq(read_count(run.output, EXACT[i], 3000), 3000);
	for (int i = 0; i < INEXACT_COUNT; ++i)
		read_count(run.output, INEXACT[i], 3000);
	forget_program(&run);
}
END_TEST

static bool has_ended_within(const struct program *program, int milliseconds)
{
	struct pollfd end = {.fd = program->end, .events = POLLIN};

	return poll(&end, 1, milliseconds) == 1;
}

/* Wait until the program has two children, its workers. */
static void wait_for_two_workers(const struct program *program, pid_t workers[2])
{
	char path[64];
	int found = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", program->pid, program->pid);
	while (found < 2) {
		FILE *file;

		ck_assert_msg(!has_ended_within(program, 1), "the program ended too early");
		file = fopen(path, "re");
		ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
		found = fscanf(file, "%d %d", &workers[0], &workers[1]);
		fclose(file);
	}
}

static void expect_report_of_killed_workers(const char *way)
{
	char command[256], message[64];
	pid_t workers[2];
	struct program run;

	snprintf(command, sizeof command, "examples/shared_counter --with %s --workers 2 --count 1000000000",
		way);
	snprintf(message, sizeof message, "shared_counter: %s counted ", way);
	run = start_program(command);
	wait_for_two_workers(&run, workers);
	ck_assert_int_eq(kill(workers[0], SIGKILL), 0);
	ck_assert_int_eq(kill(workers[1], SIGKILL), 0);
	finish_program(&run);
	ck_assert_int_eq(run.status, 1);
	ck_assert_msg(
		strstr(run.error, "Process-1: killed by signal 9 (Killed)\n") != NULL, "%.999s", run.error);
	ck_assert_msg(
		strstr(run.error, "Process-2: killed by signal 9 (Killed)\n") != NULL, "%.999s", run.error);
	ck_assert_msg(strstr(run.error, message) != NULL, "%.999s", run.error);
	ck_assert_int_lt(read_count(run.output, way, 2000000000), 2000000000);
	forget_program(&run);
}

START_TEST(killed_workers_are_told)
{
	for (int i = 0; i < EXACT_COUNT; ++i)
		expect_report_of_killed_workers(EXACT[i]);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told)
{
	struct program run;

	ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
	run = run_program("examples/shared_counter --with file");
	ck_assert_int_eq(run.status, 1);
	ck_assert_msg(strstr(run.error, "shared_counter: /nowhere/shared_counter-") == run.error, "%.999s",
		run.error);
	ck_assert_ptr_nonnull(strstr(run.error, ": No such file or directory\n"));
	forget_program(&run);
}
END_TEST

START_TEST(help_names_all_options_and_ways)
{
	expect_help("examples/shared_counter --help",
		(const char *[]){"--with", "--workers", "--count", "--help", "none", "file", "file-lock",
			"value-no-lock", "value", "mutex", "atomic", "all", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/shared_counter --with magic",
		"shared_counter: --with magic: must be none, file, file-lock, value-no-lock, value, mutex, "
		"atomic or all\n");
	expect_refusal("examples/shared_counter --workers 0",
		"shared_counter: --workers 0: must be a whole number from 1 to 200\n");
	expect_refusal("examples/shared_counter --workers 201", "--workers 201: must be");
	expect_refusal("examples/shared_counter --workers -1", "--workers -1: must be");
	expect_refusal("examples/shared_counter --workers 2x", "--workers 2x: must be");
	expect_refusal("examples/shared_counter --workers=", "--workers : must be");
	expect_refusal("examples/shared_counter --workers", "--workers");
	expect_refusal("examples/shared_counter --count 0",
		"shared_counter: --count 0: must be a whole number from 1 to 1000000000\n");
	expect_refusal("examples/shared_counter --count 1000000001", "--count 1000000001: must be");
	expect_refusal("examples/shared_counter --count 99999999999999999999", "must be a whole number");
	expect_refusal("examples/shared_counter --speed 9", "--speed");
	expect_refusal("examples/shared_counter mutex", "shared_counter: mutex: not an option\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		help_names_all_options_and_ways,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		exact_ways_lose_nothing,
		two_hundred_workers_lose_nothing,
		inexact_ways_say_what_they_lost,
		one_worker_loses_nothing_in_any_way,
		all_ways_are_compared,
		killed_workers_are_told,
		a_folder_that_is_not_there_is_told,
		NULL,
	};
	const support_suite suite = {
		.name = "shared_counter",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
