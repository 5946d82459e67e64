/* SPDX-License-Identifier: MIT */
/*
 * what_remains finds what docs/guide/what_dies_when.md says, however the process dies.
 */
#include "refusal.h"

static const char EXPECTED[] =
	"a mutex that it holds             the next to lock it has it, and is told\n"
	"a value that it has locked        the next to lock it is told, and finds the half change\n"
	"a permit                          stays taken\n"
	"a permit that is owned            the next to wait gets it\n"
	"a barrier that it takes part in   is broken: nobody waits for the dead\n"
	"a once that it is at              the next one runs it\n"
	"an event that it has set          is set\n"
	"a message that it has put         is there\n"
	"a message that it has got         is gone with it\n"
	"... and not acknowledged          is delivered again\n"
	"shared memory                     is there until somebody frees it\n"
	"a change of a dict                is there\n"
	"an item popped from a list        is gone with it\n"
	"a file lock                       is free\n"
	"a pipe's end, and a child         the other end is told that it is gone; so is the child\n";

static void expect_remains(const char *command)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.output, EXPECTED);
	ck_assert_str_eq(run.error, "");
	forget_program(&run);
}

START_TEST(a_kill_leaves_what_the_guide_says)
{
	expect_remains("examples/what_remains");
	expect_remains("examples/what_remains --end kill");
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* which has its own way to end a program that crashes */
START_TEST(a_crash_leaves_the_same)
{
	expect_remains("examples/what_remains --end crash");
}
END_TEST
#endif

START_TEST(exit_leaves_the_same)
{
	expect_remains("examples/what_remains --end exit");
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/what_remains --end sleep", "--end sleep: must be kill, crash or exit");
	expect_refusal("examples/what_remains now", "now: not an option");
}
END_TEST

START_TEST(help_tells_the_options)
{
	expect_help("examples/what_remains --help", (const char *const[]){"--end", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_kill_leaves_what_the_guide_says,
#ifndef __SANITIZE_ADDRESS__
		a_crash_leaves_the_same,
#endif
		exit_leaves_the_same,
		mistakes_are_refused,
		help_tells_the_options,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {.name = "what_remains", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
