/* SPDX-License-Identifier: MIT */
/*
 * big_argument: all ways find the same sum, no file is left, and who copies takes more memory.
 */
#include "refusal.h"
#include "scratch.h"

typedef struct row {
	double making, handing_over, working;
	unsigned long memory, sum;
} row;

static struct program add(const char *arguments)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/big_argument %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

static row read_row(const struct program *run, const char *way)
{
	const char *line = find_line(run->output, way) + strlen(way);
	row its;

	ck_assert_msg(sscanf(line, " %lf %lf %lf %lu %lx", &its.making, &its.handing_over, &its.working,
			      &its.memory, &its.sum)
			      == 5,
		"not as expected: %s", line);
	return its;
}

/* Of a MiB: 131072 numbers. */
static unsigned long sum_of_one_mebibyte(void)
{
	unsigned long sum = 0;

	for (unsigned long i = 1; i <= 131072; ++i) {
		unsigned long word = i * 0x9e3779b97f4a7c15;

		sum += word ^ word >> 32;
	}
	return sum;
}

START_TEST(the_sum_is_right)
{
	struct program run = add("--serial --size 1");

	ck_assert_uint_eq(read_row(&run, "serial").sum, sum_of_one_mebibyte());
	forget_program(&run);
}
END_TEST

START_TEST(all_ways_find_the_same_sum)
{
	static const char *const ways[] = {"serial", "copy", "arena", "fork", "file"};
	static const char *const workers[] = {"1", "2", "3", "7"};
	unsigned long sum = sum_of_one_mebibyte();
	char arguments[64];

	for (size_t i = 0; i < sizeof workers / sizeof *workers; ++i) {
		struct program run;

		snprintf(arguments, sizeof arguments, "--size 1 --workers %s", workers[i]);
		run = add(arguments);
		for (size_t way = 0; way < sizeof ways / sizeof *ways; ++way)
			ck_assert_uint_eq(read_row(&run, ways[way]).sum, sum);
		forget_program(&run);
	}
}
END_TEST

START_TEST(one_way_may_be_chosen)
{
	static const char *const ways[] = {"serial", "copy", "arena", "fork", "file"};
	char arguments[64];

	for (size_t way = 0; way < sizeof ways / sizeof *ways; ++way) {
		struct program run;

		snprintf(arguments, sizeof arguments, "--size 3 --by %s", ways[way]);
		run = add(arguments);
		read_row(&run, ways[way]);
		for (size_t other = 0; other < sizeof ways / sizeof *ways; ++other)
			ck_assert(other == way || !strstr(run.output, ways[other]));
		forget_program(&run);
	}
}
END_TEST

/* A program for each: AddressSanitizer keeps for a while what was freed. */
static void expect_memory(const char *way, unsigned long least)
{
	struct program run;
	char arguments[64];
	unsigned long memory;

	snprintf(arguments, sizeof arguments, "--size 64 --workers 2 --by %s", way);
	run = add(arguments);
	memory = read_row(&run, way).memory;
	ck_assert_msg(memory >= least && memory < least + 48, "not %lu: %s", least, run.output);
	forget_program(&run);
}

START_TEST(only_copies_take_more_memory)
{
	expect_memory("serial", 64);
	expect_memory("copy", 128);
	expect_memory("arena", 64);
	expect_memory("fork", 64);
	expect_memory("file", 64);
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_told)
{
	struct program run;

	setenv("TMPDIR", "/nowhere", 1);
	run = run_program("examples/big_argument --by file --size 1");
	ck_assert_int_eq(run.status, 1);
	ck_assert_ptr_nonnull(strstr(run.error, "big_argument: /nowhere/big_argument-"));
	ck_assert_ptr_nonnull(strstr(run.error, ": No such file or directory\n"));
	forget_program(&run);
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/big_argument --help",
		(const char *[]){"--by", "--size", "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/big_argument --by magic",
		"big_argument: --by magic: must be serial, copy, arena, fork, file or all\n");
	expect_refusal("examples/big_argument --by copy --serial",
		"big_argument: --by copy: cannot be combined with --serial\n");
	expect_refusal("examples/big_argument --size 0",
		"big_argument: --size 0: must be a whole number from 1 to 65536\n");
	expect_refusal("examples/big_argument --workers 65",
		"big_argument: --workers 65: must be a whole number from 1 to 64\n");
	expect_refusal("examples/big_argument 256", "big_argument: 256: not an option\n");
	expect_refusal("examples/big_argument --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_sum_is_right,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		all_ways_find_the_same_sum,
		one_way_may_be_chosen,
		only_copies_take_more_memory,
		a_file_that_cannot_be_made_is_told,
		NULL,
	};
	const support_suite suite = {
		.name = "big_argument",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
