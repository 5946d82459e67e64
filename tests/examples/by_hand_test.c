/* SPDX-License-Identifier: MIT */
/*
 * by_hand counts the same by fork and pipes as by a pool, and tells what is lost when a process dies.
 */
#include "refusal.h"

START_TEST(both_ways_count_the_same)
{
	static const char *const COMMANDS[] = {"examples/by_hand --below 10000 --parts 7",
		"examples/by_hand --below 10000 --parts 1", "examples/by_hand --below 10000 --parts 64",
		NULL};

	for (const char *const *command = COMMANDS; *command; ++command) {
		struct program run = run_program(*command);

		ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", *command, run.status, run.error);
		ck_assert_str_eq(run.output, "by hand  1229 primes\nby pool  1229 primes\n");
		ck_assert_str_eq(run.error, "");
		forget_program(&run);
	}
}
END_TEST

/* More parts than numbers: 2, 3, 5 and 7 are below 10. */
START_TEST(parts_may_be_empty)
{
	struct program run = run_program("examples/by_hand --below 10 --parts 64");

	ck_assert_str_eq(run.output, "by hand  4 primes\nby pool  4 primes\n");
	forget_program(&run);
}
END_TEST

/* 1229 primes are below 10000, 302 of them from 2500 to 4999. */
START_TEST(a_crash_loses_a_part_by_hand_and_nothing_by_pool)
{
	struct program run = run_program("examples/by_hand --below 10000 --crash 2");

	ck_assert_msg(run.status == 1, "exit code %d: %.999s", run.status, run.error);
	ck_assert_str_eq(run.output, "by hand  927 primes, and what was lost\nby pool  1229 primes\n");
	ck_assert_ptr_nonnull(strstr(run.error, "killed by signal 9"));
	forget_program(&run);
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal(
		"examples/by_hand --below 0", "--below 0: must be a whole number from 1 to 1000000000");
	expect_refusal("examples/by_hand --parts 65", "--parts 65: must be a whole number from 1 to 64");
	expect_refusal(
		"examples/by_hand --parts 3 --crash 4", "--crash 4: must be a whole number from 0 to 3");
	expect_refusal("examples/by_hand now", "now: not an option");
}
END_TEST

START_TEST(help_tells_the_options)
{
	expect_help("examples/by_hand --help", (const char *const[]){"--below", "--parts", "--crash", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		both_ways_count_the_same,
		parts_may_be_empty,
		a_crash_loses_a_part_by_hand_and_nothing_by_pool,
		mistakes_are_refused,
		help_tells_the_options,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {.name = "by_hand", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
