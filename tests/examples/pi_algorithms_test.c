/* SPDX-License-Identifier: MIT */
/*
 * pi_algorithms, as a user sees it: all algorithms find the digits that are known.
 */
#include "pi_digits.h"

static const char *const ALGORITHMS[] = {
	"Machin", "Gauss-Legendre", "Chudnovsky", "Bailey-Borwein-Plouffe", "as built into MPFR"};
enum {
	algorithm_count = sizeof ALGORITHMS / sizeof *ALGORITHMS
};

/* All algorithms must be printed with what the known digits end in: ten bytes, or less when there are less. */
static void expect_agreement(unsigned digits, const char *options)
{
	char command[128], agreement[64], *known = known_pi(digits);
	const char *last = known + (strlen(known) > 10 ? strlen(known) - 10 : 0);
	struct program run;

	snprintf(command, sizeof command, "examples/pi_algorithms --digits %u %s", digits, options);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	for (int i = 0; i < algorithm_count; ++i) {
		const char *line = find_line(run.output, ALGORITHMS[i]) + strlen(ALGORITHMS[i]);
		char told[32] = "";

		ck_assert_int_eq(sscanf(line, " %*f %31s", told), 1);
		ck_assert_msg(
			strcmp(told, last) == 0, "%u digits by %s end in %s", digits, ALGORITHMS[i], told);
	}
	snprintf(agreement, sizeof agreement, "\nAll agree on the digits: %u\n", digits);
	ck_assert_ptr_nonnull(strstr(run.output, agreement));
	forget_program(&run);
	free(known);
}

START_TEST(all_algorithms_find_the_same_digits)
{
	for (unsigned digits = 1; digits <= 12; ++digits)
		expect_agreement(digits, "--serial");
	expect_agreement(100, "--serial");
	expect_agreement(763, "--serial"); /* the first of six nines */
	expect_agreement(1000, "--serial");
}
END_TEST

START_TEST(any_number_of_workers_finds_them)
{
	expect_agreement(1000, "--workers 1");
	expect_agreement(1000, "--workers 2");
	expect_agreement(2000, "--workers 3");
	expect_agreement(3000, "--workers 7");
	expect_agreement(2, "");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/pi_algorithms --help", (const char *[]){"usage: pi_algorithms", "--digits",
							     "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
	expect_refusal("examples/pi_algorithms --digits 0",
		"pi_algorithms: --digits 0: must be a whole number from 1 to 100000\n");
	expect_refusal("examples/pi_algorithms --digits 100001",
		"pi_algorithms: --digits 100001: must be a whole number from 1 to 100000\n");
	expect_refusal("examples/pi_algorithms --workers 1025",
		"pi_algorithms: --workers 1025: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/pi_algorithms 1000", "pi_algorithms: 1000: not an option\n");
	expect_refusal("examples/pi_algorithms --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		all_algorithms_find_the_same_digits,
		help_names_all_options,
		options_out_of_range_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		any_number_of_workers_finds_them,
		NULL,
	};
	const support_suite suite = {
		.name = "pi_algorithms",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
