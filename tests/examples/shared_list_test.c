/* SPDX-License-Identifier: MIT */
/*
 * shared_list finds each prime once, whoever takes which range.
 */
#include "../../examples/prime.h"
#include "refusal.h"

static void expect_found(const char *arguments, const char *ranges, const char *found)
{
	char command[128];
	struct program run;

	snprintf(command, sizeof command, "examples/shared_list %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_msg(strncmp(run.output, ranges, strlen(ranges)) == 0, "%s", run.output);
	ck_assert_ptr_nonnull(strstr(run.output, found));
	ck_assert_str_eq(strstr(run.output, found), found);
	forget_program(&run);
}

START_TEST(all_primes_are_found_once)
{
	expect_found("", "ranges   100\n", "found    9592\nlargest  99991 99989 99971 99961 99929\n");
	expect_found("--below 1000000 --workers 16", "ranges   1000\n",
		"found    78498\nlargest  999983 999979 999961 999959 999953\n");
	expect_found(
		"--below 1001 --workers 1", "ranges   2\n", "found    168\nlargest  997 991 983 977 971\n");
}
END_TEST

START_TEST(the_last_one_found_is_a_prime)
{
	struct program run = run_program("examples/shared_list --below 20000");
	unsigned long last = 0;

	ck_assert_int_eq(run.status, 0);
	ck_assert_int_eq(sscanf(find_line(run.output, "last"), "last %lu", &last), 1);
	ck_assert(last < 20000 && is_prime(last));
	forget_program(&run);
}
END_TEST

START_TEST(few_or_no_primes_are_no_mistake)
{
	expect_found("--below 1", "ranges   1\nfound", "found    0\nlargest \n");
	expect_found("--below 2", "ranges   1\nfound", "found    0\nlargest \n");
	expect_found("--below 3", "ranges   1\nlast     2\n", "found    1\nlargest  2\n");
}
END_TEST

START_TEST(mistakes_on_the_command_line_are_refused)
{
	expect_refusal(
		"examples/shared_list --below 0", "--below 0: must be a whole number from 1 to 1000000000\n");
	expect_refusal(
		"examples/shared_list --workers 17", "--workers 17: must be a whole number from 1 to 16\n");
	expect_refusal("examples/shared_list 100", "shared_list: 100: not an option\n");
	expect_help("examples/shared_list --help",
		(const char *[]){"usage: shared_list [OPTION]...\n", "--below", "--workers", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		all_primes_are_found_once,
		the_last_one_found_is_a_prime,
		few_or_no_primes_are_no_mistake,
		mistakes_on_the_command_line_are_refused,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {
		.name = "shared_list",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
