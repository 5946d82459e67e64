/* SPDX-License-Identifier: MIT */
/*
 * The small examples do what they say.
 */
#include "program.h"

START_TEST(hello_greets_from_another_process)
{
	struct program run = run_program("examples/hello");

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "hello bob\nProcess-1 ended with exit code 0\n");
	forget_program(&run);
}
END_TEST

START_TEST(quickstart_counts_steps)
{
	struct program run = run_program("examples/quickstart");

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "27: 111 steps\n97: 118 steps\n871: 178 steps\n6171: 261 steps\n"
				     "77031: 350 steps\n837799: 524 steps\n");
	forget_program(&run);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		hello_greets_from_another_process,
		quickstart_counts_steps,
		NULL,
	};
	const support_suite suite = {
		.name = "small_programs",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
