/* SPDX-License-Identifier: MIT */
/*
 * genetic: it finds the least value, and the same one for any number of workers.
 */
#include "refusal.h"

static struct program breed(const char *arguments)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/genetic %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

/* What the last generation has reached. */
static double read_best(const struct program *run)
{
	const char *best = NULL;

	for (const char *next = run->output; (next = strstr(next, "best ")); ++next)
		best = next;
	ck_assert_ptr_nonnull(best);
	return strtod(best + strlen("best "), NULL);
}

/* All lines but those of workers and seconds. */
static bool is_same(const char *arguments, const char *other_arguments)
{
	struct program run = breed(arguments), other = breed(other_arguments);
	bool same;

	*strstr(run.output, "\nworkers ") = '\0';
	*strstr(other.output, "\nworkers ") = '\0';
	same = strcmp(run.output, other.output) == 0;
	forget_program(&run);
	forget_program(&other);
	return same;
}

START_TEST(the_valley_is_found)
{
	struct program run = breed("--serial --genes 5 --creatures 500 --generations 150");

	ck_assert_double_ge(read_best(&run), 0);
	ck_assert_double_lt(read_best(&run), 1e-4);
	forget_program(&run);
}
END_TEST

START_TEST(a_generation_is_no_worse_than_the_one_before)
{
	struct program run = breed("--serial --creatures 10 --generations 300");
	double last = 1e9, best;
	int count = 0;

	for (const char *next = run.output; (next = strstr(next, "best ")); ++next, ++count) {
		best = strtod(next + strlen("best "), NULL);
		ck_assert_double_le(best, last);
		last = best;
	}
	ck_assert_int_eq(count, 10); /* 1, 2, 4 … 256, and 300 */
	forget_program(&run);
}
END_TEST

START_TEST(a_seed_can_be_repeated)
{
	ck_assert(is_same("--serial --generations 5", "--serial --generations 5 --seed 1"));
	ck_assert(is_same("--serial --generations 5 --seed 18446744073709551615",
		"--serial --generations 5 --seed 18446744073709551615"));
	ck_assert(!is_same("--serial --generations 5 --seed 1", "--serial --generations 5 --seed 2"));
}
END_TEST

START_TEST(the_smallest_numbers_will_do)
{
	struct program run = breed("--serial --genes 1 --creatures 2 --generations 1");

	ck_assert_double_ge(read_best(&run), 0);
	forget_program(&run);
}
END_TEST

START_TEST(the_result_is_the_same_for_any_number_of_workers)
{
	static const char serial[] = "--serial --generations 40 --creatures 501";

	ck_assert(is_same(serial, "--generations 40 --creatures 501"));
	ck_assert(is_same(serial, "--generations 40 --creatures 501 --workers 1"));
	ck_assert(is_same(serial, "--generations 40 --creatures 501 --workers 3"));
	ck_assert(is_same(serial, "--generations 40 --creatures 501 --workers 7"));
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/genetic --help", (const char *[]){"--genes", "--creatures", "--generations",
						       "--seed", "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/genetic --genes 101",
		"genetic: --genes 101: must be a whole number from 1 to 100\n");
	expect_refusal("examples/genetic --creatures 1",
		"genetic: --creatures 1: must be a whole number from 2 to 100000\n");
	expect_refusal("examples/genetic --generations 0",
		"--generations 0: must be a whole number from 1 to 100000\n");
	expect_refusal("examples/genetic --seed -1",
		"--seed -1: must be a whole number from 0 to 18446744073709551615\n");
	expect_refusal(
		"examples/genetic --workers 0", "--workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/genetic 100", "genetic: 100: not an option\n");
	expect_refusal("examples/genetic --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_valley_is_found,
		a_generation_is_no_worse_than_the_one_before,
		a_seed_can_be_repeated,
		the_smallest_numbers_will_do,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		the_result_is_the_same_for_any_number_of_workers,
		NULL,
	};
	const support_suite suite = {
		.name = "genetic",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
