/* SPDX-License-Identifier: MIT */
/*
 * integrate: areas that are known, the same to the last bit for any number of workers, and every mistake on
 * the command line.
 */
#include "refusal.h"

#include <math.h>

static struct program integrate(const char *arguments)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/integrate %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

static double read_number(const struct program *run, const char *word)
{
	return strtod(find_line(run->output, word) + strlen(word), NULL);
}

static void expect_area(const char *arguments, double area)
{
	struct program run = integrate(arguments);

	ck_assert_double_eq_tol(read_number(&run, "area"), area, 1e-8);
	ck_assert_double_eq_tol(read_number(&run, "exact"), area, 1e-14 * fmax(1, fabs(area)));
	ck_assert_double_eq(read_number(&run, "difference") != 0,
		read_number(&run, "area") != read_number(&run, "exact"));
	forget_program(&run);
}

/* All lines but those of workers and seconds. */
static void expect_same(const char *arguments, const char *other_arguments)
{
	struct program run = integrate(arguments), other = integrate(other_arguments);

	*strstr(run.output, "\nworkers ") = '\0';
	*strstr(other.output, "\nworkers ") = '\0';
	ck_assert_str_eq(run.output, other.output);
	forget_program(&run);
	forget_program(&other);
}

START_TEST(areas_that_are_known_come_out)
{
	expect_area("--serial --steps 100000", 2);
	expect_area("--serial --steps 100000 --curve sine", 2);
	expect_area("--serial --steps 100000 --curve exponential", exp(1) - 1);
	expect_area("--serial --steps 100000 --curve reciprocal", log(10));
	expect_area("--serial --steps 1000000 --curve circle", acos(-1) / 2);
	expect_area("--serial --steps 100000 --curve bell", sqrt(acos(-1)) * erf(5));
}
END_TEST

START_TEST(a_range_may_be_chosen)
{
	expect_area("--serial --steps 10000 --curve sine --from -1 --to 1", 0);
	expect_area("--serial --steps 10000 --curve exponential --from -3 --to -2", exp(-2) - exp(-3));
	expect_area("--serial --steps 100000 --curve circle --from 0", acos(-1) / 4);
	expect_area("--serial --steps 10000 --curve reciprocal --to 2", log(2));
}
END_TEST

/* Simpson's rule with one step is 1/6 (f(0) + 4 f(1/2) + f(1)). */
START_TEST(one_step_is_enough_to_begin_with)
{
	struct program run = integrate("--serial --curve exponential --steps 1");

	ck_assert_double_eq_tol(read_number(&run, "area"), (1 + 4 * exp(0.5) + exp(1)) / 6, 1e-15);
	ck_assert_double_eq(read_number(&run, "workers"), 1);
	forget_program(&run);
}
END_TEST

/* 10007 steps make pieces that end anywhere; 4097 one that has a single step. */
START_TEST(the_area_is_the_same_for_any_number_of_workers)
{
	static const char *const workers[] = {"1", "2", "3", "7"};
	static const char *const steps[] = {"1", "4096", "4097", "10007", "1000000"};
	char serial[128], parallel[128];

	for (size_t i = 0; i < sizeof steps / sizeof *steps; ++i) {
		snprintf(serial, sizeof serial, "--serial --steps %s", steps[i]);
		for (size_t j = 0; j < sizeof workers / sizeof *workers; ++j) {
			snprintf(parallel, sizeof parallel, "--steps %s --workers %s", steps[i], workers[j]);
			expect_same(serial, parallel);
		}
	}
}
END_TEST

START_TEST(all_workers_find_every_curve)
{
	expect_area("--steps 100000 --curve exponential", exp(1) - 1);
	expect_area("--steps 1000000 --workers 3 --curve circle", acos(-1) / 2);
	expect_area("--steps 100000 --curve bell", sqrt(acos(-1)) * erf(5));
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/integrate --help", (const char *[]){"--curve", "--from", "--to", "--steps",
							 "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/integrate --curve cosine",
		"integrate: --curve cosine: must be sine, exponential, reciprocal, circle or bell\n");
	expect_refusal("examples/integrate --steps 0",
		"integrate: --steps 0: must be a whole number from 1 to 10000000000\n");
	expect_refusal("examples/integrate --workers 1025",
		"integrate: --workers 1025: must be a whole number from 1 to 1024\n");
	expect_refusal(
		"examples/integrate --from one", "--from one: must be a number from -1e+06 to 1e+06\n");
	expect_refusal("examples/integrate --to nan", "--to nan: must be a number from -1e+06 to 1e+06\n");
	expect_refusal(
		"examples/integrate --curve circle --to 1.5", "--to 1.5: must be a number from -1 to 1\n");
	expect_refusal("examples/integrate --curve reciprocal --from 0",
		"--from 0: must be a number from 1e-06 to 1e+06\n");
	expect_refusal(
		"examples/integrate --from 4", "--from 4: must leave a range: --from must be below --to\n");
	expect_refusal("examples/integrate --from 1 --to 1", "--to 1: must leave a range");
	expect_refusal("examples/integrate sine", "integrate: sine: not an option\n");
	expect_refusal("examples/integrate --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		areas_that_are_known_come_out,
		a_range_may_be_chosen,
		one_step_is_enough_to_begin_with,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		the_area_is_the_same_for_any_number_of_workers,
		all_workers_find_every_curve,
		NULL,
	};
	const support_suite suite = {
		.name = "integrate",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
