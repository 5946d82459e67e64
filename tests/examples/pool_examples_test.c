/* SPDX-License-Identifier: MIT */
/*
 * The examples of pools do what they say.
 */
#include "program.h"
#include "refusal.h"

static void expect_lines(const char *command, const char *const lines[])
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %s", command, run.status, run.error);
	for (int i = 0; lines[i] != NULL; ++i)
		ck_assert_msg(strstr(run.output, lines[i]) != NULL, "%s: not \"%s\": %s", command, lines[i],
			run.output);
	forget_program(&run);
}

START_TEST(worker_pool_squares_five_numbers_with_four_workers)
{
	expect_lines("examples/worker_pool --workers 4 2 4 6 8 10",
		(const char *const[]){"with 4 workers\n", "4 16 36 64 100\n", "elapsed time: ", NULL});
}
END_TEST

START_TEST(worker_pool_refuses_what_is_no_number_of_workers)
{
	expect_refusal("examples/worker_pool --workers 1025",
		"--workers 1025: must be a whole number from 0 to 1024");
	expect_refusal("examples/worker_pool 2 x", "--NUMBER x: must be a whole number from 0 to 1000000000");
}
END_TEST

START_TEST(multi_args_raises_numbers_to_powers)
{
	expect_lines("examples/multi_args",
		(const char *const[]){"2 to the power of 2 is 4\n", "4 to the power of 3 is 64\n",
			"5 to the power of 5 is 3125\n", NULL});
}
END_TEST

START_TEST(multiple_functions_prints_what_each_returned)
{
	struct program run = run_program("examples/multiple_functions");

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "5\n1\n7\n");
	forget_program(&run);
}
END_TEST

START_TEST(apply_async_tells_who_slept_who_failed_and_who_took_too_long)
{
	expect_lines("examples/apply_async",
		(const char *const[]){"slept for 0.1 s\n", "slept for 0.2 s\n", "slept for 0.3 s\n",
			"no answer: the task has no value: it returned -22 (Invalid argument)\n",
			"no answer: the task has no value: it was killed for its timeout\n", NULL});
}
END_TEST

START_TEST(pool_in_event_loop_hears_of_all_tasks)
{
	expect_lines("examples/pool_in_event_loop",
		(const char *const[]){"9592 primes\n", "8392 primes\n", "8013 primes\n", "7863 primes\n",
			"7678 primes\n", "7560 primes\n", "7445 primes\n", "7408 primes\n", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		worker_pool_squares_five_numbers_with_four_workers,
		worker_pool_refuses_what_is_no_number_of_workers,
		multi_args_raises_numbers_to_powers,
		multiple_functions_prints_what_each_returned,
		apply_async_tells_who_slept_who_failed_and_who_took_too_long,
		pool_in_event_loop_hears_of_all_tasks,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {
		.name = "pool_examples",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
