/* SPDX-License-Identifier: MIT */
/*
 * crack: passwords of every length are found, the search ends when one is, and mistakes are refused.
 */
#include "refusal.h"

static const char HASH_OF_FOX[] = "776cb326ab0cd5f0a974c1b9606044d8485201f2db19cf8e3749bdee5f36e200";

/* The program must find @password.  Returns how many blocks it has tried, and in @ret_all how many there are. */
static unsigned long expect_found(const char *arguments, const char *password, unsigned long *ret_all)
{
	char command[256], found[64];
	unsigned long tried;
	struct program run;

	snprintf(command, sizeof command, "examples/crack %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_int_eq(sscanf(find_line(run.output, "password"), "password %63s", found), 1);
	ck_assert_str_eq(found, password);
	ck_assert_int_eq(sscanf(find_line(run.output, "tried"), "tried %lu of %lu", &tried, ret_all), 2);
	forget_program(&run);
	return tried;
}

/* Found by its hash and by itself. */
static void expect_all_found(const char *options, const char *const passwords[])
{
	char arguments[256];
	unsigned long all;

	for (; *passwords; ++passwords) {
		snprintf(arguments, sizeof arguments, "%s --of %s", options, *passwords);
		expect_found(arguments, *passwords, &all);
	}
}

static const char *const SHORT[] = {"a", "b", "z", "aa", "az", "ba", "zz", "aaa", "fox", "zzz", NULL};

START_TEST(a_password_is_found_by_its_hash)
{
	char arguments[128];
	unsigned long all;

	snprintf(arguments, sizeof arguments, "--serial --length 3 %s", HASH_OF_FOX);
	expect_found(arguments, "fox", &all);
	ck_assert_uint_eq(all, 1);
}
END_TEST

START_TEST(all_lengths_are_tried)
{
	expect_all_found("--serial --length 3", SHORT);
	expect_all_found("--serial --length 1 --letters x", (const char *[]){"x", NULL});
	expect_all_found("--serial --length 16 --letters x", (const char *[]){"x", "xxxxxxxxxxxxxxxx", NULL});
	expect_all_found(
		"--serial --length 16 --letters 10", (const char *[]){"1", "0", "0000000000000001", NULL});
}
END_TEST

START_TEST(workers_find_what_is_there)
{
	expect_all_found("--length 3", SHORT);
	expect_all_found("--length 4 --workers 3", (const char *[]){"a", "mole", "zzzz", NULL});
}
END_TEST

/* There are 4903 blocks of 65536 passwords, and the one that is looked for is in the first. */
START_TEST(the_search_ends_when_the_password_is_found)
{
	unsigned long all;

	ck_assert_uint_lt(expect_found("--length 6 --of fox", "fox", &all), 1000);
	ck_assert_uint_eq(all, 4903);
	ck_assert_uint_lt(expect_found("--length 6 --workers 7 --of ox", "ox", &all), 1000);
}
END_TEST

START_TEST(serially_the_block_is_known)
{
	unsigned long all;

	ck_assert_uint_eq(expect_found("--serial --length 6 --of fox", "fox", &all), 1);
	/* Its number is 26 + 26^2 + 26^3 + 26^3 = 35854. */
	ck_assert_uint_eq(expect_found("--serial --length 6 --of baaa", "baaa", &all), 1);
	/* 475254, in block 7, counted from 0. */
	ck_assert_uint_eq(expect_found("--serial --length 6 --of aaaaa", "aaaaa", &all), 8);
}
END_TEST

START_TEST(what_is_not_there_is_told)
{
	expect_complaint("examples/crack --serial --length 2 --of fox", 1,
		"crack: none of 702 passwords has this hash\n");
	expect_complaint("examples/crack --serial --length 2 --of FO", 1,
		"crack: none of 702 passwords has this hash\n");
}
END_TEST

START_TEST(workers_tell_what_is_not_there)
{
	expect_complaint(
		"examples/crack --length 4 --of mouse", 1, "crack: none of 475254 passwords has this hash\n");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/crack --help", (const char *[]){"HASH", "--of", "--letters", "--length",
						     "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	char command[256];

	expect_refusal("examples/crack", "crack: HASH: a hash is needed, or --of\n");
	expect_refusal("examples/crack 776cb", "crack: 776cb: must be 64 hexadecimal digits\n");
	snprintf(command, sizeof command, "examples/crack %.63sg", HASH_OF_FOX);
	expect_refusal(command, "must be 64 hexadecimal digits\n");
	snprintf(command, sizeof command, "examples/crack %s0", HASH_OF_FOX);
	expect_refusal(command, "must be 64 hexadecimal digits\n");
	snprintf(command, sizeof command, "examples/crack %s again", HASH_OF_FOX);
	expect_refusal(command, "crack: again: one hash is enough\n");
	snprintf(command, sizeof command, "examples/crack --of fox %s", HASH_OF_FOX);
	expect_refusal(command, "crack: --of fox: cannot be combined with a hash\n");
	expect_refusal("examples/crack --of fox --length 17",
		"crack: --length 17: must be a whole number from 1 to 16\n");
	expect_refusal("examples/crack --of fox --length 16",
		"crack: --length 16: makes too many passwords: 4611686018427387904 are possible\n");
	expect_refusal("examples/crack --of fox --letters abca",
		"crack: --letters abca: must have no letter twice\n");
	expect_refusal(
		"examples/crack --of fox --letters=", "crack: --letters : must have 1 to 255 letters\n");
	expect_refusal("examples/crack --of fox --workers 0",
		"crack: --workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/crack --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_password_is_found_by_its_hash,
		all_lengths_are_tried,
		serially_the_block_is_known,
		what_is_not_there_is_told,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		workers_find_what_is_there,
		the_search_ends_when_the_password_is_found,
		workers_tell_what_is_not_there,
		NULL,
	};
	const support_suite suite = {
		.name = "crack",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
