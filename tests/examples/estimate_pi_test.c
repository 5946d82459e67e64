/* SPDX-License-Identifier: MIT */
/*
 * estimate_pi: the estimate is the same whoever throws the points, none of which is lost; and copied
 * generators are shown for what they are.
 */
#include "refusal.h"

#include <inttypes.h>
#include <math.h>

static struct program estimate(const char *arguments)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/estimate_pi %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

/* The number behind @word at the front of a line. */
static double number_behind(const char *output, const char *word)
{
	const char *line = find_line(output, word) + strlen(word);
	double number;

	ck_assert_msg(sscanf(line, " %lf", &number) == 1, "no number behind \"%s\": %s", word, line);
	return number;
}

static uint64_t count_hits(const char *arguments)
{
	struct program run = estimate(arguments);
	double points = number_behind(run.output, "points"), hits = number_behind(run.output, "hits");

	ck_assert_double_eq_tol(number_behind(run.output, "estimate"), 4 * hits / points, 1e-9);
	ck_assert_double_eq_tol(number_behind(run.output, "error"), 4 * hits / points - M_PI, 1e-9);
	ck_assert_double_eq_tol(
		number_behind(run.output, "standard error"), sqrt(M_PI * (4 - M_PI) / points), 1e-9);
	forget_program(&run);
	return (uint64_t)hits;
}

/* The same @points give the same @hits, by @backend with each number of workers. */
static void expect_hits(const char *backend, const char *points, uint64_t hits)
{
	static const int workers[] = {1, 2, 3, 7, 64};

	for (size_t i = 0; i < sizeof workers / sizeof *workers; ++i) {
		char arguments[200];

		snprintf(arguments, sizeof arguments, "--with %s --workers %d %s", backend, workers[i],
			points);
		ck_assert_msg(count_hits(arguments) == hits, "%s: not %" PRIu64, arguments, hits);
	}
}

/* What does not divide evenly, by blocks, by workers or at all, is thrown nevertheless. */
static const struct {
	const char *arguments;
	uint64_t hits;
} SAME[] = {
	{"--points 10000", 7820},
	{"--points 10007 --block 16", 7873},
	{"--points 10007 --block 10006 --seed 18446744073709551615", 7917},
	{"--points 1 --seed 0", 1},
	{"--points 10000 --random shared", 7882},
	{"--points 10007 --block 16 --random shared --seed 2", 7855},
};

static void expect_same_hits(const char *backend)
{
	for (size_t i = 0; i < sizeof SAME / sizeof *SAME; ++i)
		expect_hits(backend, SAME[i].arguments, SAME[i].hits);
}

START_TEST(one_loop_counts_as_ever)
{
	expect_same_hits("serial");
}
END_TEST

START_TEST(threads_count_the_same_for_any_number_of_workers)
{
	expect_same_hits("threads");
}
END_TEST

START_TEST(processes_count_the_same_for_any_number_of_workers)
{
	expect_same_hits("pool");
}
END_TEST

START_TEST(a_million_points_come_as_near_to_pi_as_they_should)
{
	static const char *const arguments[] = {
		"--with threads --points 1000000 --seed 1",
		"--with threads --points 1000000 --seed 2",
		"--with threads --points 1000000 --seed 3 --block 7",
		"--with serial --points 1000000 --random shared",
	};

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; ++i) {
		struct program run = estimate(arguments[i]);

		ck_assert_double_eq_tol(number_behind(run.output, "standard error"), 0.001642183, 1e-9);
		ck_assert_double_lt(fabs(number_behind(run.output, "error")), 4 * 0.00165);
		forget_program(&run);
	}
}
END_TEST

START_TEST(another_seed_throws_other_points)
{
	ck_assert_uint_ne(count_hits("--with serial --seed 1"), count_hits("--with serial --seed 2"));
}
END_TEST

/* 10,000 points by 12 workers: four throw 834, eight throw 833. */
START_TEST(copied_generators_throw_the_same_points_in_each_worker)
{
	struct program run = estimate("--random copied --workers 12");
	const char *line = find_line(run.output, "of each worker") + strlen("of each worker");
	uint64_t hits[12], sum = 0;
	int length;

	for (int i = 0; i < 12; ++i, line += length) {
		ck_assert_msg(sscanf(line, " %" SCNu64 "%n", &hits[i], &length) == 1, "%s", run.output);
		ck_assert_uint_eq(hits[i], hits[i < 4 ? 0 : 4]);
		sum += hits[i];
	}
	ck_assert_uint_le(hits[0] - hits[4], 1);
	ck_assert_uint_eq(sum, (uint64_t)number_behind(run.output, "hits"));
	ck_assert_ptr_nonnull(
		strstr(run.output, "\nOnly 834 of the points are different: the standard error is 0.0568"));
	forget_program(&run);
}
END_TEST

START_TEST(more_workers_than_points_do_no_harm)
{
	ck_assert_uint_le(count_hits("--points 3 --workers 7"), 3);
	ck_assert_uint_le(count_hits("--points 3 --workers 7 --random copied"), 3);
}
END_TEST

START_TEST(help_names_all_options_and_ways)
{
	expect_help("examples/estimate_pi --help",
		(const char *[]){"--points", "--block", "--seed", "--workers", "--with", "--random", "--help",
			"serial", "threads", "pool", "own", "shared", "copied", NULL});
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	expect_refusal("examples/estimate_pi --points 0",
		"estimate_pi: --points 0: must be a whole number from 1 to 1000000000000\n");
	expect_refusal("examples/estimate_pi --points 1000000000001", "--points 1000000000001: must be");
	expect_refusal("examples/estimate_pi --points 1e6", "--points 1e6: must be");
	expect_refusal("examples/estimate_pi --block 0",
		"estimate_pi: --block 0: must be a whole number from 1 to 1000000000000\n");
	expect_refusal("examples/estimate_pi --points 16777217 --block 1",
		"estimate_pi: --block 1: makes 16777217 blocks, the most is 16777216\n");
	expect_refusal("examples/estimate_pi --seed 18446744073709551616",
		"estimate_pi: --seed 18446744073709551616: must be a whole number from 0 to "
		"18446744073709551615\n");
	expect_refusal("examples/estimate_pi --workers 0",
		"estimate_pi: --workers 0: must be a whole number from 1 to 240\n");
	expect_refusal("examples/estimate_pi --workers 241", "--workers 241: must be");
}
END_TEST

START_TEST(ways_that_there_are_not_are_refused)
{
	expect_refusal("examples/estimate_pi --with magic",
		"estimate_pi: --with magic: must be one of: serial threads pool all\n");
	expect_refusal("examples/estimate_pi --random magic",
		"estimate_pi: --random magic: must be own, shared or copied\n");
	expect_refusal("examples/estimate_pi --random copied --with threads",
		"estimate_pi: --random copied: needs --with pool, since only processes have copies, not "
		"--with threads\n");
	expect_refusal("examples/estimate_pi --speed 9", "--speed");
	expect_refusal("examples/estimate_pi 100", "estimate_pi: 100: not an option\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		one_loop_counts_as_ever,
		threads_count_the_same_for_any_number_of_workers,
		a_million_points_come_as_near_to_pi_as_they_should,
		another_seed_throws_other_points,
		help_names_all_options_and_ways,
		numbers_out_of_range_are_refused,
		ways_that_there_are_not_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_count_the_same_for_any_number_of_workers,
		copied_generators_throw_the_same_points_in_each_worker,
		more_workers_than_points_do_no_harm,
		NULL,
	};
	const support_suite suite = {
		.name = "estimate_pi",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
