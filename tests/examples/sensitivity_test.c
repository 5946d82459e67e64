/* SPDX-License-Identifier: MIT */
/*
 * sensitivity: the model keeps the law of the final size; a bad file is told, and the rest is run.
 */
#include "folder.h"
#include "refusal.h"

#include <math.h>

typedef struct row {
	double population, infected, infection, recovery, peak, day, share;
} row;

/* The program must end with @status. */
static struct program run_folder(const char *options, int status)
{
	char command[512];
	struct program run;

	snprintf(command, sizeof command, "examples/sensitivity %s %s", options, path_of("files", ""));
	run = run_program(command);
	ck_assert_msg(run.status == status, "%s: exit code %d: %.999s", command, run.status, run.error);
	return run;
}

static row read_row(const struct program *run, const char *file)
{
	const char *line = find_line(run->output, file) + strlen(file);
	row its;

	ck_assert_int_eq(sscanf(line, " %lf %lf %lf %lf %lf %lf %lf", &its.population, &its.infected,
				 &its.infection, &its.recovery, &its.peak, &its.day, &its.share),
		7);
	return its;
}

/* share = 1 - exp(-infection / recovery * share), but for those who were ill at first. */
START_TEST(the_final_size_of_the_epidemic_is_right)
{
	struct program run;
	row its;

	make_folder("files");
	put_text("files", "a.txt", "infection = 0.2\nrecovery = 0.1\ninfected = 1\n");
	put_text("files", "b.txt", "infection = 0.3\nrecovery = 0.1\ninfected = 1\n");
	run = run_folder("--serial --days 1000", 0);
	ck_assert_str_eq(run.error, "");
	its = read_row(&run, "a.txt");
	ck_assert_double_eq_tol(its.share, 1 - exp(-2 * its.share), 1e-4);
	ck_assert_double_gt(its.share, 0.7);
	/* The most are ill when infection / recovery times those who are well is 1. */
	ck_assert_double_eq_tol(its.peak, 1e6 * (1 - 0.5 + 0.5 * log(0.5)), 10);
	its = read_row(&run, "b.txt");
	ck_assert_double_eq_tol(its.share, 1 - exp(-3 * its.share), 1e-4);
	forget_program(&run);
	remove_folder("files");
}
END_TEST

START_TEST(what_a_file_leaves_out_is_as_usual)
{
	struct program run;
	row its;

	make_folder("files");
	put_text("files", "empty.txt", "");
	put_text("files", "full.txt",
		"# all there is\n\n population=500\ninfected =5\r\n\tinfection= 0.25 # a day\nrecovery = "
		"0.5");
	run = run_folder("--serial", 0);
	its = read_row(&run, "empty.txt");
	ck_assert(its.population == 1e6 && its.infected == 10 && its.infection == 0.4 && its.recovery == 0.1);
	its = read_row(&run, "full.txt");
	ck_assert(its.population == 500 && its.infected == 5 && its.infection == 0.25 && its.recovery == 0.5);
	ck_assert_double_eq(its.peak, 5);
	ck_assert_double_eq(its.day, 0);
	forget_program(&run);
	remove_folder("files");
}
END_TEST

START_TEST(nobody_ill_stays_nobody_ill)
{
	struct program run;
	row its;

	make_folder("files");
	put_text("files", "none.txt", "infected = 0\n");
	run = run_folder("--serial", 0);
	its = read_row(&run, "none.txt");
	ck_assert(its.peak == 0 && its.day == 0 && its.share == 0);
	forget_program(&run);
	remove_folder("files");
}
END_TEST

START_TEST(files_are_made)
{
	struct program run = run_folder("--serial --make 12", 0);

	ck_assert_ptr_nonnull(strstr(run.output, "\nfiles    12 of 12\n"));
	ck_assert_double_eq(read_row(&run, "scenario-00012.txt").infection, 0.8);
	forget_program(&run);
	ck_assert_int_eq(remove_folder("files"), 12);
}
END_TEST

/* What goes wrong. */

static void expect_bad_files_told(const char *options)
{
	static const char *const told[] = {
		"sensitivity: key.txt: line 2: speed: must be population, infected, infection or recovery\n",
		"sensitivity: limit.txt: line 1: recovery = 1.5: must be a number from 0 to 1\n",
		"sensitivity: line.txt: line 3: must be a key, = and a number\n",
		"sensitivity: number.txt: line 1: infection = high: must be a number from 0 to 10\n",
		"sensitivity: nan.txt: line 1: infection = nan: must be a number from 0 to 10\n",
		"sensitivity: none.txt: line 1: infection = : must be a number from 0 to 10\n",
		"sensitivity: people.txt: more infected than population\n",
		"sensitivity: folder.txt: Is a directory\n",
	};
	struct program run;

	make_folder("files");
	put_text("files", "good.txt", "infection = 0.3\n");
	put_text("files", "key.txt", "infection = 0.3\nspeed = 9\n");
	put_text("files", "limit.txt", "recovery = 1.5\n");
	put_text("files", "line.txt", "# a comment\n\ninfection\n");
	put_text("files", "number.txt", "infection = high\n");
	put_text("files", "nan.txt", "infection = nan\n");
	put_text("files", "none.txt", "infection =\n");
	put_text("files", "people.txt", "population = 3\n");
	put_text("files", "other.csv", "speed = 9\n");
	make_folder("files/folder.txt");
	run = run_folder(options, 1);
	for (size_t i = 0; i < sizeof told / sizeof *told; ++i)
		ck_assert_msg(strstr(run.error, told[i]) != NULL, "no \"%s\": %s", told[i], run.error);
	ck_assert_double_eq(read_row(&run, "good.txt").infection, 0.3);
	ck_assert_ptr_nonnull(strstr(run.output, "\nfiles    1 of 9\n"));
	ck_assert_ptr_null(strstr(run.output, "other.csv"));
	forget_program(&run);
	remove_folder("files");
}

START_TEST(a_bad_file_is_told_and_the_rest_is_run)
{
	expect_bad_files_told("--serial");
}
END_TEST

START_TEST(workers_tell_bad_files_too)
{
	expect_bad_files_told("");
	expect_bad_files_told("--workers 7");
}
END_TEST

START_TEST(folders_that_make_no_sense_are_told)
{
	struct program run;

	run = run_folder("--serial", 1);
	ck_assert_ptr_nonnull(strstr(run.error, "/files: No such file or directory\n"));
	forget_program(&run);
	make_folder("files");
	run = run_folder("--serial", 1);
	ck_assert_ptr_nonnull(strstr(run.error, "/files: no files (*.txt)\n"));
	forget_program(&run);
	remove_folder("files");
	expect_complaint("examples/sensitivity --make 1 /nowhere/files", 1,
		"sensitivity: /nowhere/files: No such file or directory\n");
}
END_TEST

/* All lines but those of workers and seconds. */
START_TEST(the_results_are_the_same_for_any_number_of_workers)
{
	static const char *const options[] = {"", "--workers 1", "--workers 3", "--workers 7"};
	struct program serial = run_folder("--serial --make 50", 0), run;

	*strstr(serial.output, "\nworkers ") = '\0';
	for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
		run = run_folder(options[i], 0);
		*strstr(run.output, "\nworkers ") = '\0';
		ck_assert_str_eq(run.output, serial.output);
		forget_program(&run);
	}
	forget_program(&serial);
	remove_folder("files");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/sensitivity --help",
		(const char *[]){"FOLDER", "--make", "--days", "--steps", "--workers", "--serial", "--help",
			"population", "infected", "infection", "recovery", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/sensitivity", "sensitivity: FOLDER: a folder is needed\n");
	expect_refusal("examples/sensitivity one two", "sensitivity: two: one folder is enough\n");
	expect_refusal("examples/sensitivity --make 0 one",
		"sensitivity: --make 0: must be a whole number from 1 to 10000\n");
	expect_refusal(
		"examples/sensitivity --days 0 one", "--days 0: must be a whole number from 1 to 10000\n");
	expect_refusal("examples/sensitivity --steps 9 one",
		"--steps 9: must be a whole number from 10 to 100000\n");
	expect_refusal("examples/sensitivity --workers 0 one",
		"--workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/sensitivity --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_final_size_of_the_epidemic_is_right,
		what_a_file_leaves_out_is_as_usual,
		nobody_ill_stays_nobody_ill,
		files_are_made,
		a_bad_file_is_told_and_the_rest_is_run,
		folders_that_make_no_sense_are_told,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		workers_tell_bad_files_too,
		the_results_are_the_same_for_any_number_of_workers,
		NULL,
	};
	const support_suite suite = {
		.name = "sensitivity",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
