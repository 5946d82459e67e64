/* SPDX-License-Identifier: MIT */
/*
 * logging says which process did what, and nothing below its level.
 */
#include "program.h"

enum {
	LINES = 4
};

/* The line of @log that ends with @text, its pid in @ret_pid; @front is what stands before the pid. */
static const char *find(const char *log, const char *front, const char *text, int *ret_pid)
{
	for (const char *line = log; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
		char *end;

		if (strncmp(line, front, strlen(front)) != 0)
			continue;
		*ret_pid = (int)strtol(line + strlen(front), &end, 10);
		if (strncmp(end, text, strlen(text)) == 0)
			return line;
	}
	ck_abort_msg("no line \"%s...%s\" in: %s", front, text, log);
	return NULL;
}

static int count_lines(const char *text)
{
	int count = 0;

	for (; (text = strchr(text, '\n')) != NULL; ++text)
		++count;
	return count;
}

/* As run_program, but standard error is open for appending, as a file that is a log should be. */
static struct program run_logging(void)
{
	char name[] = "logging", *words[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	struct program run = {
		.output_fd = memfd_create("output", MFD_CLOEXEC),
		.error_fd = memfd_create("error", MFD_CLOEXEC),
	};

	ck_assert_int_eq(fcntl(run.error_fd, F_SETFL, O_APPEND), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, run.output_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, run.error_fd, STDERR_FILENO);
	ck_assert_int_eq(
		posix_spawn(&run.pid, support_program("examples/logging"), &actions, NULL, words, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	run.end = pidfd_open(run.pid, 0);
	finish_program(&run);
	return run;
}

START_TEST(logging_tells_who_does_what)
{
	struct program run = run_logging();
	int first, second, warning, last_pid;
	const char *last;

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.output, "");
	find(run.error, "[INFO/Process-1 ", "] reading part 1\n", &first);
	find(run.error, "[INFO/Process-2 ", "] reading part 2\n", &second);
	find(run.error, "[WARNING/Process-2 ", "] part 2 is empty\n", &warning);
	last = find(run.error, "[INFO/MainProcess ", "] all parts are read\n", &last_pid);
	ck_assert_str_eq(strchr(last, '\n'), "\n");
	ck_assert_int_eq(count_lines(run.error), LINES);
	ck_assert_int_eq(last_pid, run.pid);
	ck_assert_int_eq(warning, second);
	ck_assert_int_ne(first, second);
	forget_program(&run);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		logging_tells_who_does_what,
		NULL,
	};
	const support_suite suite = {
		.name = "logging",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
