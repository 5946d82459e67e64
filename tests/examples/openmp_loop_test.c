/* SPDX-License-Identifier: MIT */
/*
 * openmp_loop finds the same primes by one loop, by OpenMP, and by a pool that is opened while OpenMP's threads are there.
 */
#include "refusal.h"

/* The numbers from @first on have @expected primes, whichever way they are looked for. */
static void expect_primes(const char *command, size_t expected)
{
	static const char *const WAYS[] = {"one loop", "OpenMP", "pool", NULL};
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	for (const char *const *way = WAYS; *way; ++way)
		ck_assert_uint_eq(strtoul(find_line(run.output, *way) + strlen(*way), NULL, 10), expected);
	forget_program(&run);
}

START_TEST(all_ways_find_the_same)
{
	expect_primes("examples/openmp_loop --first 100000000 --count 10000", 551);
	expect_primes("examples/openmp_loop --first 0 --count 10000 --workers 3", 1229);
	expect_primes("examples/openmp_loop --first 2 --count 1 --workers 1", 1);
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal(
		"examples/openmp_loop --count 0", "--count 0: must be a whole number from 1 to 10000000");
	expect_refusal(
		"examples/openmp_loop --workers 257", "--workers 257: must be a whole number from 0 to 256");
	expect_refusal("examples/openmp_loop --first -1",
		"--first -1: must be a whole number from 0 to 1000000000000");
}
END_TEST

START_TEST(help_tells_the_options)
{
	expect_help("examples/openmp_loop --help",
		(const char *const[]){"--first", "--count", "--workers", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		all_ways_find_the_same,
		mistakes_are_refused,
		help_tells_the_options,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {.name = "openmp_loop", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
