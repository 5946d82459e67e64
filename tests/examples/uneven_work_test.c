/* SPDX-License-Identifier: MIT */
/*
 * uneven_work: the sum is the same for any chunks, any order and any number of workers.
 */
#include "refusal.h"

static struct program do_work(const char *arguments)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/uneven_work --rounds 10 %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

static void expect_same_sum(const char *arguments, const char *other_arguments)
{
	struct program run = do_work(arguments), other = do_work(other_arguments);

	ck_assert_str_eq(find_line(run.output, "sum"), find_line(other.output, "sum"));
	forget_program(&run);
	forget_program(&other);
}

/* The row of the table for @chunk. */
static void expect_row(const struct program *run, const char *chunk)
{
	char start[16];

	snprintf(start, sizeof start, "\n%9s ", chunk);
	ck_assert_msg(strstr(run->output, start) != NULL, "no %s in: %s", chunk, run->output);
}

/* 1 to 4 items of 10, 20 … rounds of value = value * a + number, modulo 2^64. */
START_TEST(the_sum_is_right)
{
	struct program run = do_work("--serial --items 4");
	uint64_t sum = 0;
	char line[64];

	for (uint64_t number = 1; number <= 4; ++number) {
		uint64_t value = number;

		for (uint64_t round = 0; round < 10 * number; ++round)
			value = value * UINT64_C(6364136223846793005) + number;
		sum += value;
	}
	snprintf(line, sizeof line, "sum %016lx\n", sum);
	ck_assert_str_eq(find_line(run.output, "sum"), line);
	forget_program(&run);
}
END_TEST

START_TEST(one_worker_is_the_busiest)
{
	struct program run = do_work("--serial --items 100 --chunk 5");
	double seconds, busiest;

	ck_assert_int_eq(sscanf(strstr(run.output, "\n        5 "), " 5 %lf %lf", &seconds, &busiest), 2);
	ck_assert_double_eq(busiest, 1);
	ck_assert_ptr_nonnull(strstr(run.output, "100 items, workers: 1\n"));
	forget_program(&run);
}
END_TEST

START_TEST(chunks_are_compared)
{
	struct program run = do_work("--items 100 --workers 4 --shuffle");

	ck_assert_ptr_nonnull(strstr(run.output, "100 items in a shuffled order, workers: 4\n"));
	expect_row(&run, "25");
	expect_row(&run, "4");
	expect_row(&run, "1");
	expect_row(&run, "automatic");
	forget_program(&run);
}
END_TEST

START_TEST(the_sum_is_the_same_however_the_work_is_done)
{
	static const char *const ways[] = {"", "--shuffle", "--workers 1", "--workers 3",
		"--workers 7 --shuffle", "--workers 2 --chunk 1", "--workers 3 --chunk 1009 --shuffle",
		"--workers 5 --chunk 1000000", "--serial --shuffle"};
	char arguments[128];

	for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
		snprintf(arguments, sizeof arguments, "--items 1009 %s", ways[i]);
		expect_same_sum("--items 1009 --serial", arguments);
	}
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help(
		"examples/uneven_work --help", (const char *[]){"--items", "--rounds", "--chunk", "--shuffle",
						       "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/uneven_work --items 0",
		"uneven_work: --items 0: must be a whole number from 1 to 1000000\n");
	expect_refusal(
		"examples/uneven_work --rounds 0", "--rounds 0: must be a whole number from 1 to 1000000\n");
	expect_refusal("examples/uneven_work --chunk 0",
		"uneven_work: --chunk 0: must be a whole number from 1 to 1000000\n");
	expect_refusal("examples/uneven_work --workers 1025",
		"--workers 1025: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/uneven_work 100", "uneven_work: 100: not an option\n");
	expect_refusal("examples/uneven_work --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_sum_is_right,
		one_worker_is_the_busiest,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		chunks_are_compared,
		the_sum_is_the_same_however_the_work_is_done,
		NULL,
	};
	const support_suite suite = {
		.name = "uneven_work",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
