/* SPDX-License-Identifier: MIT */
/*
 * The small examples do what they say, and README.md shows quickstart as it is.
 */
#include "program.h"

#include <limits.h>

START_TEST(hello_greets_from_another_process)
{
	struct program run = run_program("examples/hello");

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "hello bob\nProcess-1 ended with exit code 0\n");
	forget_program(&run);
}
END_TEST

START_TEST(quickstart_counts_steps)
{
	struct program run = run_program("examples/quickstart");

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "27: 111 steps\n97: 118 steps\n871: 178 steps\n6171: 261 steps\n"
				     "77031: 350 steps\n837799: 524 steps\n");
	forget_program(&run);
}
END_TEST

/* This file is tests/examples/small_programs_test.c; CMake names it by its full path. */
static char *read_source(const char *path_in_repository)
{
	char path[PATH_MAX] = __FILE__;
	char *text;
	int fd;

	for (int levels = 0; levels < 3; ++levels)
		*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", path_in_repository);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	text = read_whole(fd);
	close(fd);
	return text;
}

START_TEST(readme_quotes_quickstart)
{
	char *readme = read_source("README.md");
	char *program = read_source("examples/quickstart.c");
	char *code = strstr(program, "#include");
	char *quote = strstr(readme, "```c\n");
	char *end;

	ck_assert_ptr_nonnull(code);
	ck_assert_msg(quote != NULL, "README.md quotes no program");
	quote += strlen("```c\n");
	end = strstr(quote, "```\n");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(quote, code);
	free(readme);
	free(program);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		readme_quotes_quickstart,
		NULL,
	};
	const TTest *process_tests[] = {
		hello_greets_from_another_process,
		quickstart_counts_steps,
		NULL,
	};
	const support_suite suite = {
		.name = "small_programs",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
