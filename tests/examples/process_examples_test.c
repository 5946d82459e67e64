/* SPDX-License-Identifier: MIT */
/*
 * The examples about processes print what they should, by every start method.  Where processes run at the same
 * time the order of their lines is not defined, and not looked at.
 */
#include "refusal.h"

enum {
	most_lines = 32,
};

static const char *const METHODS[] = {"fork", "server", "spawn", NULL};

static const char *const PROGRAMS[] = {
	"simple", "joining", "join_order", "alive", "process_id", "naming_workers", "subclass", NULL};

static const char *const SLEEPING_PROGRAMS[] = {
	"joining", "join_order", "alive", "naming_workers", "subclass", NULL};

/* What "examples/@words --start @method" prints; it must end well. */
static char *output_of(const char *words, const char *method)
{
	struct program run;
	char command[128];

	snprintf(command, sizeof command, "examples/%s --start %s", words, method);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	free(run.error);
	return run.output;
}

static void expect_output(const char *words, const char *expected)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of(words, *method);

		ck_assert_msg(strcmp(output, expected) == 0, "%s by %s: %s", words, *method, output);
		free(output);
	}
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Cut @text into lines and sort them.  Returns how many. */
static size_t sort_lines(char *text, char *lines[most_lines])
{
	size_t count = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert_uint_lt(count, most_lines);
		lines[count++] = line;
	}
	qsort(lines, count, sizeof *lines, compare_lines);
	return count;
}

/* @output must have the lines of @expected, in any order. */
static void expect_lines(const char *output, const char *expected)
{
	char *found[most_lines], *wanted[most_lines], *copies[] = {strdup(output), strdup(expected)};
	size_t found_count = sort_lines(copies[0], found);
	size_t wanted_count = sort_lines(copies[1], wanted);

	ck_assert_msg(
		found_count == wanted_count, "%zu lines, not %zu: %s", found_count, wanted_count, output);
	for (size_t i = 0; i < wanted_count; ++i)
		ck_assert_msg(strcmp(found[i], wanted[i]) == 0, "no line \"%s\" in: %s", wanted[i], output);
	free(copies[0]);
	free(copies[1]);
}

/* One thing comes before the other. */
static void expect_order(const char *output, const char *first, const char *second)
{
	const char *where = strstr(output, first);

	ck_assert_msg(
		where && strstr(where, second), "not \"%s\" and then \"%s\": %s", first, second, output);
}

START_TEST(simple_greets_peter)
{
	expect_output("simple", "hello Peter\n");
}
END_TEST

START_TEST(joining_finishes_main_after_its_process)
{
	expect_output("joining --seconds 0", "starting main\n"
					     "starting fun\n"
					     "finishing fun\n"
					     "finishing main\n");
}
END_TEST

START_TEST(joining_without_join_still_lets_its_process_finish)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of("joining --no-join --seconds 0.01", *method);

		expect_lines(output, "starting main\nfinishing main\nstarting fun\nfinishing fun\n");
		expect_order(output, "starting main\n", "starting fun\n");
		expect_order(output, "starting main\n", "finishing main\n");
		expect_order(output, "starting fun\n", "finishing fun\n");
		free(output);
	}
}
END_TEST

/*
 * Run "examples/@words --start @method", whose processes sleep for long, until it has printed as much as is
 * @expected, in any order; then kill it, upon which its processes must end too.
 */
static void expect_early_output(const char *words, const char *method, const char *expected)
{
	char command[128], output[1024] = "";
	struct program program;
	FILE *reader;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	snprintf(command, sizeof command, "examples/%s --seconds 3600 --start %s", words, method);
	program = start_program_into(ends[1], command);
	close(ends[1]);
	reader = fdopen(ends[0], "re");
	ck_assert_ptr_nonnull(reader);

	while (strlen(output) < strlen(expected)) {
		size_t length = strlen(output);

		ck_assert_msg(fgets(output + length, (int)(sizeof output - length), reader) != NULL,
			"%s: ended after: %s", command, output);
	}
	expect_lines(output, expected);
	ck_assert_int_eq(kill(program.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(program.pid, NULL, 0), program.pid);
	ck_assert_msg(fgetc(reader) == EOF, "%s: printed more than: %s", command, output);
	fclose(reader);
	close(program.end);
	close(program.error_fd);
}

START_TEST(joining_without_join_finishes_main_before_its_process)
{
	for (const char *const *method = METHODS; *method; ++method)
		expect_early_output(
			"joining --no-join", *method, "starting main\nfinishing main\nstarting fun\n");
}
END_TEST

START_TEST(join_order_runs_three_processes_and_then_finishes)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of("join_order --seconds 0.01", *method);

		expect_lines(output, "starting fun with 0.03 s\nfinishing fun with 0.03 s\n"
				     "starting fun with 0.02 s\nfinishing fun with 0.02 s\n"
				     "starting fun with 0.01 s\nfinishing fun with 0.01 s\n"
				     "finished main\n");
		expect_order(output, "starting fun with 0.03", "finishing fun with 0.03");
		expect_order(output, "starting fun with 0.02", "finishing fun with 0.02");
		expect_order(output, "starting fun with 0.01", "finishing fun with 0.01");
		ck_assert_str_eq(strstr(output, "finished main"), "finished main\n");
		free(output);
	}
}
END_TEST

START_TEST(join_order_runs_its_processes_at_the_same_time)
{
	for (const char *const *method = METHODS; *method; ++method)
		expect_early_output("join_order", *method,
			"starting fun with 10800 s\nstarting fun with 7200 s\nstarting fun with 3600 s\n");
}
END_TEST

START_TEST(join_order_sequential_runs_one_after_the_other)
{
	expect_output("join_order --sequential --seconds 0.01", "starting fun with 0.03 s\n"
								"finishing fun with 0.03 s\n"
								"starting fun with 0.02 s\n"
								"finishing fun with 0.02 s\n"
								"starting fun with 0.01 s\n"
								"finishing fun with 0.01 s\n"
								"finished main\n");
}
END_TEST

START_TEST(alive_says_false_after_join)
{
	expect_output("alive --seconds 0", "main fun\n"
					   "calling fun\n"
					   "Process p is alive: False\n");
}
END_TEST

START_TEST(alive_without_join_says_true)
{
	for (const char *const *method = METHODS; *method; ++method)
		expect_early_output(
			"alive --no-join", *method, "main fun\ncalling fun\nProcess p is alive: True\n");
}
END_TEST

START_TEST(process_id_tells_who_is_whose_parent)
{
	static const char form[] = "main fun\n"
				   "process id: %d\n"
				   "--------------------------\n"
				   "calling fun\n"
				   "parent process id: %d\n"
				   "process id: %d\n"
				   "--------------------------\n"
				   "calling fun\n"
				   "parent process id: %d\n"
				   "process id: %d\n";

	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of("process_id", *method), expected[512];
		int first, parents[2], children[2];

		ck_assert_msg(
			sscanf(output, form, &first, &parents[0], &children[0], &parents[1], &children[1])
				== 5,
			"%s", output);
		snprintf(expected, sizeof expected, form, first, first, children[0], first, children[1]);
		ck_assert_str_eq(output, expected);
		ck_assert_int_ne(children[0], first);
		ck_assert_int_ne(children[1], first);
		ck_assert_int_ne(children[0], children[1]);
		free(output);
	}
}
END_TEST

START_TEST(naming_workers_gives_two_names_and_a_number)
{
	static const char *const names[] = {"Service 1", "Worker 1", "Process-3"};

	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of("naming_workers --seconds 0.01", *method), lines[2][32];

		expect_lines(output, "Service 1 Starting\nService 1 Exiting\n"
				     "Worker 1 Starting\nWorker 1 Exiting\n"
				     "Process-3 Starting\nProcess-3 Exiting\n");
		for (int i = 0; i < 3; ++i) {
			snprintf(lines[0], sizeof lines[0], "%s Starting\n", names[i]);
			snprintf(lines[1], sizeof lines[1], "%s Exiting\n", names[i]);
			expect_order(output, lines[0], lines[1]);
		}
		free(output);
	}
}
END_TEST

START_TEST(subclass_runs_two_workers)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char *output = output_of("subclass --seconds 0", *method);

		expect_lines(output, "In Worker-1\nIn Worker-2\n");
		free(output);
	}
}
END_TEST

START_TEST(subclass_runs_its_workers_at_the_same_time)
{
	for (const char *const *method = METHODS; *method; ++method)
		expect_early_output("subclass", *method, "In Worker-1\nIn Worker-2\n");
}
END_TEST

START_TEST(help_tells_the_options)
{
	for (const char *const *program = PROGRAMS; *program; ++program) {
		char command[64], usage[64];

		snprintf(command, sizeof command, "examples/%s --help", *program);
		snprintf(usage, sizeof usage, "usage: %s [OPTION]...\n", *program);
		expect_help(command, (const char *[]){usage, "--start", "fork, server or spawn", NULL});
	}
	for (const char *const *program = SLEEPING_PROGRAMS; *program; ++program) {
		char command[64];

		snprintf(command, sizeof command, "examples/%s --help", *program);
		expect_help(command, (const char *[]){"--seconds", NULL});
	}
	expect_help("examples/joining --help", (const char *[]){"--no-join", NULL});
	expect_help("examples/join_order --help", (const char *[]){"--sequential", NULL});
	expect_help("examples/alive --help", (const char *[]){"--no-join", NULL});
}
END_TEST

static void expect_refusal_by(const char *program, const char *words, const char *message)
{
	char command[128], complaint[128];

	snprintf(command, sizeof command, "examples/%s %s", program, words);
	snprintf(complaint, sizeof complaint, "%s: %s", program, message);
	expect_refusal(command, complaint);
}

START_TEST(wrong_options_are_refused)
{
	for (const char *const *program = PROGRAMS; *program; ++program) {
		expect_refusal_by(*program, "--speed", "unrecognized option '--speed'\n");
		expect_refusal_by(*program, "30", "30: not an option\n");
		expect_refusal_by(
			*program, "--start thread", "--start thread: must be fork, server or spawn\n");
	}
	for (const char *const *program = SLEEPING_PROGRAMS; *program; ++program) {
		expect_refusal_by(*program, "--seconds 1x",
			"--seconds 1x: must be a number of seconds from 0 to 3600\n");
		expect_refusal_by(*program, "--seconds -1",
			"--seconds -1: must be a number of seconds from 0 to 3600\n");
		expect_refusal_by(*program, "--seconds 3601",
			"--seconds 3601: must be a number of seconds from 0 to 3600\n");
	}
	expect_refusal_by("joining", "--no-join=1", "option '--no-join' doesn't allow an argument\n");
	expect_refusal_by("alive", "--sequential", "unrecognized option '--sequential'\n");
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		simple_greets_peter,
		joining_finishes_main_after_its_process,
		joining_without_join_still_lets_its_process_finish,
		joining_without_join_finishes_main_before_its_process,
		join_order_runs_three_processes_and_then_finishes,
		join_order_runs_its_processes_at_the_same_time,
		join_order_sequential_runs_one_after_the_other,
		alive_says_false_after_join,
		alive_without_join_says_true,
		process_id_tells_who_is_whose_parent,
		naming_workers_gives_two_names_and_a_number,
		subclass_runs_two_workers,
		subclass_runs_its_workers_at_the_same_time,
		help_tells_the_options,
		wrong_options_are_refused,
		NULL,
	};
	const support_suite suite = {
		.name = "process_examples",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
