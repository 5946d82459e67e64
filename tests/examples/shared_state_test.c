/* SPDX-License-Identifier: MIT */
/*
 * own_memory and counter print what they should, to the letter.
 */
#include "refusal.h"

START_TEST(own_memory_shows_what_is_shared_and_what_is_not)
{
	struct program run = run_program("examples/own_memory");

	ck_assert_msg(run.status == 0, "exit code %d: %.999s", run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_str_eq(run.output, "Own memory in the child: [1, 2, 3, 4, 5]\n"
				     "Shared memory in the child: [1, 2, 3, 4, 5]\n"
				     "Own memory in main: [1, 2]\n"
				     "Shared memory in main: [1, 2, 3, 4, 5]\n");
	forget_program(&run);
}
END_TEST

START_TEST(counter_counts_to_30_in_order)
{
	struct program run = run_program("examples/counter");
	char expected[1024];
	int length = 0;

	for (int count = 1; count <= 30; ++count)
		length += sprintf(expected + length, "Counter: %d\n", count);
	sprintf(expected + length, "30 processes counted to 30\n");
	ck_assert_msg(run.status == 0, "exit code %d: %.999s", run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_str_eq(run.output, expected);
	forget_program(&run);
}
END_TEST

START_TEST(help_tells_what_the_programs_do)
{
	expect_help("examples/own_memory --help", (const char *[]){"usage: own_memory\n", "shared", NULL});
	expect_help("examples/counter --help", (const char *[]){"usage: counter\n", "Thirty", NULL});
}
END_TEST

START_TEST(unknown_options_and_arguments_are_refused)
{
	expect_refusal("examples/own_memory --speed", "--speed");
	expect_refusal("examples/own_memory --speed", "own_memory --help tells the options\n");
	expect_refusal("examples/own_memory 100", "own_memory: 100: not an option\n");
	expect_refusal("examples/counter --speed", "--speed");
	expect_refusal("examples/counter 30", "counter: 30: not an option\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		help_tells_what_the_programs_do,
		unknown_options_and_arguments_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		own_memory_shows_what_is_shared_and_what_is_not,
		counter_counts_to_30_in_order,
		NULL,
	};
	const support_suite suite = {
		.name = "shared_state",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
