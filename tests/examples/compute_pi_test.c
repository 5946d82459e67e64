/* SPDX-License-Identifier: MIT */
/*
 * compute_pi, as a user sees it: every digit is right, the last one too, for many numbers of digits and of workers.
 */
#include "pi_digits.h"

enum {
	most_digits = 5000,
	portion = 25,
};

/* Returns what follows the line "@digits digits, … terms: 3.14…", whose digits must be those of @known. */
static const char *expect_digits(const char *line, unsigned digits, const char *known)
{
	size_t size = digits > 1 ? digits + 1 : 1;
	unsigned told = 0, terms = 0;
	int length = 0;

	sscanf(line, "%u digits, %u terms: %n", &told, &terms, &length);
	ck_assert_msg(length > 0, "unexpected: %.100s", line);
	ck_assert_uint_eq(told, digits);
	line += length;
	ck_assert_msg(strcspn(line, "\n") == size, "%u digits make %zu bytes", digits, strcspn(line, "\n"));
	ck_assert_msg(
		memcmp(line, known, size) == 0, "not the first %u digits: %.*s", digits, (int)size, line);
	return line + size + 1;
}

/* Returns what the program prints behind the two lines about time. */
static const char *skip_times(const char *output)
{
	for (int lines = 0; lines < 2; ++lines) {
		output = strchr(output, '\n');
		ck_assert_ptr_nonnull(output++);
	}
	return output;
}

static struct program run_well(const char *command)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

START_TEST(the_known_digits_are_those_of_pi)
{
	char *known = known_pi(1001);

	ck_assert_int_eq(strncmp(known, "3.14159265358979323846264338327950288419716939937510", 52), 0);
	ck_assert_str_eq(known + 1002 - 10, "2164201989");
	free(known);
}
END_TEST

START_TEST(without_arguments_1000_1500_and_2000_digits_are_right)
{
	struct program run = run_well("examples/compute_pi");
	char *known = known_pi(2000);
	const char *line = skip_times(run.output);

	ck_assert_ptr_nonnull(strstr(line, "1000 digits, 831 terms: "));
	ck_assert_ptr_nonnull(strstr(line, "1500 digits, 1246 terms: "));
	ck_assert_ptr_nonnull(strstr(line, "2000 digits, 1661 terms: "));
	line = expect_digits(line, 1000, known);
	line = expect_digits(line, 1500, known);
	line = expect_digits(line, 2000, known);
	ck_assert_str_eq(line, "");
	forget_program(&run);
	free(known);
}
END_TEST

START_TEST(any_number_of_workers_finds_the_same)
{
	static const char *const commands[] = {
		"examples/compute_pi --workers 1 5000 1 777",
		"examples/compute_pi --workers 2 5000 1 777",
		"examples/compute_pi --workers 3 5000 1 777",
		"examples/compute_pi --workers 7 5000 1 777",
	};
	char *known = known_pi(most_digits);

	for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
		struct program run = run_well(commands[i]);
		const char *line = skip_times(run.output);

		line = expect_digits(line, 5000, known);
		line = expect_digits(line, 1, known);
		line = expect_digits(line, 777, known);
		ck_assert_str_eq(line, "");
		forget_program(&run);
	}
	free(known);
}
END_TEST

/* Six nines begin at digit 763, where one digit too few in the calculation shows. */
START_TEST(the_last_of_up_to_1000_digits_is_right)
{
	char *known = known_pi(1000);

	for (unsigned first = 1; first <= 1000; first += portion) {
		char command[512] = "examples/compute_pi --workers 2";
		struct program run;
		const char *line;

		for (unsigned digits = first; digits < first + portion; ++digits)
			sprintf(command + strlen(command), " %u", digits);
		run = run_well(command);
		line = skip_times(run.output);
		for (unsigned digits = first; digits < first + portion; ++digits)
			line = expect_digits(line, digits, known);
		forget_program(&run);
	}
	free(known);
}
END_TEST

START_TEST(help_tells_the_arguments)
{
	expect_help("examples/compute_pi --help",
		(const char *[]){"usage: compute_pi", "DIGITS", "--workers", "--help", NULL});
}
END_TEST

START_TEST(arguments_out_of_range_are_refused)
{
	expect_refusal(
		"examples/compute_pi 1000 0", "compute_pi: 0: must be a whole number from 1 to 100000\n");
	expect_refusal("examples/compute_pi 100001",
		"compute_pi: 100001: must be a whole number from 1 to 100000\n");
	expect_refusal("examples/compute_pi 99999999999999999999", "must be a whole number from 1 to 100000");
	expect_refusal("examples/compute_pi 10x", "compute_pi: 10x: must be a whole number");
	expect_refusal("examples/compute_pi -- -10", "compute_pi: -10: must be a whole number");
	expect_refusal("examples/compute_pi --workers 0",
		"compute_pi: --workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/compute_pi --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_known_digits_are_those_of_pi,
		help_tells_the_arguments,
		arguments_out_of_range_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		without_arguments_1000_1500_and_2000_digits_are_right,
		any_number_of_workers_finds_the_same,
		the_last_of_up_to_1000_digits_is_right,
		NULL,
	};
	const support_suite suite = {
		.name = "compute_pi",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
