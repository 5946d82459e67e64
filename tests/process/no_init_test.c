/* SPDX-License-Identifier: MIT */
/*
 * Programs that do not call mproc_init, or do too much before: what they start by server or spawn fails with a
 * text that says so, and no program starts itself for ever.
 */
#include "../examples/program.h"
#include "people.h"

#include <mproc.h>

static int return_7(void *unused)
{
	(void)unused;
	return 7;
}

static void expect_mproc_init_is_missing(mproc_start method)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process = NULL;

	ck_assert_int_eq(mproc_process_start(&options, return_7, NULL, 0, &process), -ENOSYS);
	ck_assert_msg(strstr(mproc_error_text(), "mproc_init"), "%s", mproc_error_text());
	ck_assert_ptr_null(process);
}

START_TEST(spawn_without_init_is_refused)
{
	expect_mproc_init_is_missing(MPROC_START_SPAWN);
}
END_TEST

START_TEST(server_without_init_is_refused)
{
	expect_mproc_init_is_missing(MPROC_START_SERVER);
}
END_TEST

/* Cut the next line off @text, which must begin with @beginning and have @part in it. */
static void expect_line(char **text, const char *beginning, const char *part)
{
	char *line = strsep(text, "\n");

	ck_assert_msg(line && strncmp(line, beginning, strlen(beginning)) == 0,
		"not \"%s\" but \"%s\", then: %s", beginning, line, *text);
	ck_assert_msg(strstr(line, part), "no \"%s\" in \"%s\"", part, line);
}

static void expect_end(const char *text)
{
	ck_assert_msg(text && *text == '\0', "more than expected: %s", text);
}

static struct program run_well(const char *command)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

START_TEST(program_without_init_does_not_start_itself)
{
	struct program run = run_well("tests/programs/no_init");
	char *text = run.output;

	expect_line(&text, "main begins", "");
	expect_line(&text, "start: -38 ", "mproc_init");
	expect_line(&text, "start: -38 ", "mproc_init");
	expect_end(text);
	forget_program(&run);
}
END_TEST

/* The first main, before it starts itself. */
static void expect_first_main(char **text)
{
	expect_line(text, "main begins", "");
	expect_line(text, "alloc: 0 ", "");
	expect_line(text, "fork: 0 ", "");
	expect_line(text, "init: 0 ", "");
}

/* In the process that it started by spawn: not a family of its own. */
static void expect_second_main(char **text)
{
	expect_line(text, "main begins", "");
	expect_line(text, "alloc: -8 ", "mproc_init");
	expect_line(text, "fork: -8 ", "mproc_init");
}

START_TEST(spawned_process_can_do_nothing_before_init)
{
	struct program run = run_well("tests/programs/late_init");
	char *text = run.output;

	expect_first_main(&text);
	expect_second_main(&text);
	expect_line(&text, "function runs", "");
	expect_line(&text, "spawn: 7 ", "");
	expect_end(text);
	forget_program(&run);
}
END_TEST

START_TEST(spawned_process_that_ends_before_init_was_not_started)
{
	struct program run = run_well("tests/programs/late_init give-up");
	char *text = run.output;

	expect_first_main(&text);
	expect_second_main(&text);
	expect_line(&text, "spawn: -8 ", "ended before");
	expect_end(text);
	forget_program(&run);
}
END_TEST

static int init_without_arguments(void *unused)
{
	char *none[] = {NULL};

	(void)unused;
	return mproc_init(1, NULL) == -EINVAL && mproc_init(0, none) == -EINVAL ? 0 : 1;
}

static int init_beside(void *name)
{
	char *arguments[] = {name, NULL};

	return mproc_init(1, arguments);
}

static int init_beside_a_thread(void *unused)
{
	char name[] = "program";

	(void)unused;
	/* The other thread is the first one, which waits for it. */
	return support_in_thread(init_beside, name).result == -EDEADLK ? 0 : 1;
}

START_TEST(init_is_refused_without_arguments_and_beside_threads)
{
	ck_assert_int_eq(support_reap(support_fork(init_without_arguments, NULL)), 0);
	ck_assert_int_eq(support_reap(support_fork(init_beside_a_thread, NULL)), 0);
}
END_TEST

/* The family, which stays. */
static void warm_up(void)
{
	mproc_free(mproc_alloc(1));
}

int main(void)
{
	const TTest *tests[] = {
		spawn_without_init_is_refused,
		server_without_init_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		program_without_init_does_not_start_itself,
		spawned_process_can_do_nothing_before_init,
		spawned_process_that_ends_before_init_was_not_started,
		init_is_refused_without_arguments_and_beside_threads,
		NULL,
	};
	const support_suite suite = {
		.name = "no_init",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = warm_up,
	};

	return support_run_suite(&suite);
}
