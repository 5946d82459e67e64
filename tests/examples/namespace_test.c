/* SPDX-License-Identifier: MIT */
/*
 * namespace prints what it should, to the letter.
 */
#include "refusal.h"

START_TEST(what_the_child_changes_the_parent_sees)
{
	struct program run = run_program("examples/namespace");

	ck_assert_msg(run.status == 0, "exit code %d: %.999s", run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_str_eq(run.output,
		"x=10 rate=12.3 greeting='hello' prices={apple: 3} answer is not there\n"
		"x=11 rate=0.5 greeting='good morning' prices={apple: 2, pear: 5} answer is there\n");
	forget_program(&run);
}
END_TEST

START_TEST(mistakes_on_the_command_line_are_refused)
{
	expect_refusal("examples/namespace --speed", "namespace --help tells the options\n");
	expect_refusal("examples/namespace 10", "namespace: 10: not an option\n");
	expect_help("examples/namespace --help", (const char *[]){"usage: namespace\n", "parent", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		what_the_child_changes_the_parent_sees,
		mistakes_on_the_command_line_are_refused,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {
		.name = "namespace",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
