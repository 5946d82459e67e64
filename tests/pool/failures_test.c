/* SPDX-License-Identifier: MIT */
/*
 * The program that the guide to failures quotes prints what the guide says.
 */
#include "../examples/program.h"

static const char EXPECTED[] =
	"5 of 6 items failed; the first, item 1: it returned -2 (No such file or directory), at attempt 2\n"
	"succeeds          value, attempt 1\n"
	"fails             error -2, attempt 2\n"
	"crashes           signal 11, attempt 2\n"
	"exits             exit 3, attempt 2\n"
	"hangs             timeout, attempt 2\n"
	"forks and aborts  signal 6, attempt 2\n"
	"nursery killed: open another pool\n";

START_TEST(the_program_of_the_guide_prints_what_the_guide_says)
{
	struct program run = run_program("tests/programs/failures");

	ck_assert_str_eq(run.error, "");
	ck_assert_str_eq(run.output, EXPECTED);
	ck_assert_int_eq(run.status, 0);
	forget_program(&run);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		the_program_of_the_guide_prints_what_the_guide_says,
		NULL,
	};
	const support_suite suite = {
		.name = "guide to failures",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
