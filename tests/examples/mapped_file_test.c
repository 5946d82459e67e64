/* SPDX-License-Identifier: MIT */
/*
 * mapped_file: both ways find the same, what they find is right, and no file is changed or left.
 */
#include "refusal.h"
#include "scratch.h"

#include <sys/resource.h>

static unsigned long read_found(const char *output, const char *task)
{
	const char *line = find_line(output, task) + strlen(task);
	unsigned long found = 0;

	ck_assert_msg(sscanf(line, " %*f %*f %*f %lu", &found) == 1, "no number: %s", line);
	return found;
}

static struct program compare(const char *arguments)
{
	char command[512];
	struct program run;

	snprintf(command, sizeof command, "examples/mapped_file %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_ptr_nonnull(strstr(run.output, " both found\n"));
	return run;
}

START_TEST(both_ways_find_the_same_in_a_file_of_its_own)
{
	struct program run = compare("--size 1");

	ck_assert_uint_gt(read_found(run.output, "search"), 100);
	ck_assert_uint_eq(read_found(run.output, "write"), read_found(run.output, "search"));
	ck_assert_uint_gt(read_found(run.output, "lines"), 60);
	forget_program(&run);
}
END_TEST

START_TEST(a_text_that_is_everywhere_is_replaced_everywhere)
{
	struct program run = compare("--size 1 --find t");

	ck_assert_uint_gt(read_found(run.output, "search"), 10000);
	ck_assert_uint_eq(read_found(run.output, "write"), read_found(run.output, "search"));
	forget_program(&run);
}
END_TEST

START_TEST(a_text_that_is_nowhere_is_found_nowhere)
{
	struct program run = compare("--size 1 --find nowhere");

	ck_assert_uint_eq(read_found(run.output, "search"), 0);
	ck_assert_uint_eq(read_found(run.output, "write"), 0);
	forget_program(&run);
}
END_TEST

/* Files of the user. */

static char path[64];

static void make_file(const void *data, size_t size)
{
	int fd;

	snprintf(path, sizeof path, "%s/file", scratch);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* Also checks that the file stays as it is. */
static void expect_found(
	const char *data, size_t size, const char *text, unsigned long count, unsigned long longest)
{
	char arguments[256];
	struct program run;
	char *after;
	int fd;

	make_file(data, size);
	snprintf(arguments, sizeof arguments, "%s --find %s", path, text);
	run = compare(arguments);
	ck_assert_uint_eq(read_found(run.output, "search"), count);
	ck_assert_uint_eq(read_found(run.output, "lines"), longest);
	ck_assert_ptr_null(strstr(run.output, "write"));
	forget_program(&run);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), (off_t)size);
	after = read_whole(fd);
	ck_assert_int_eq(memcmp(after, data, size), 0);
	free(after);
	close(fd);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(short_files_are_read_right)
{
	expect_found("", 0, "ERROR", 0, 0);
	expect_found("\n", 1, "ERROR", 0, 0);
	expect_found("ERROR", 5, "ERROR", 1, 5);
	expect_found("ERRO", 4, "ERROR", 0, 4);
	expect_found("one\nthree\n\ntwo", 14, "t", 2, 5);
	expect_found("one\ntwo\nthree", 13, "e", 3, 5);
	expect_found("a\0a\0\na", 6, "a", 3, 4);
}
END_TEST

/* The buffer of 65536 bytes ends inside the text, wherever that begins. */
START_TEST(a_text_across_the_end_of_the_buffer_is_found)
{
	enum {
		size = 140000
	};
	static char data[size];

	for (int start = 65536 - 6; start <= 65536 + 1; ++start) {
		memset(data, 'x', size);
		memcpy(data + start, "ERROR", 5);
		memcpy(data + start + 65536, "ERROR", 5);
		expect_found(data, size, "ERROR", 2, size);
	}
}
END_TEST

/* What was found is not looked at again: a row of 200000 has 66666 times three. */
START_TEST(texts_do_not_overlap)
{
	static char data[200000];

	memset(data, 'a', sizeof data);
	expect_found(data, sizeof data, "aaa", 66666, 200000);
	expect_found(data, sizeof data, "aaaaaaa", 28571, 200000);
}
END_TEST

/* What goes wrong. */

START_TEST(a_file_that_cannot_be_read_is_told)
{
	struct program run;
	char command[256];

	run = run_program("examples/mapped_file /nowhere/file");
	ck_assert_int_eq(run.status, 1);
	ck_assert_msg(
		strstr(run.error, "mapped_file: /nowhere/file: No such file or directory\n") == run.error,
		"%s", run.error);
	forget_program(&run);
	snprintf(command, sizeof command, "examples/mapped_file %s", scratch);
	run = run_program(command);
	ck_assert_int_eq(run.status, 1);
	ck_assert_msg(strstr(run.error, scratch) != NULL, "%s", run.error);
	forget_program(&run);
}
END_TEST

/* That nothing is left of the file, remove_scratch checks. */
START_TEST(a_file_that_does_not_fit_is_removed)
{
	const struct rlimit limit = {100000, 100000};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_complaint("examples/mapped_file --size 1", 1,
		"mapped_file: cannot write a file of 1048576 bytes: File too large\n");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help(
		"examples/mapped_file --help", (const char *[]){"PATH", "--size", "--find", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/mapped_file --size 0",
		"mapped_file: --size 0: must be a whole number from 1 to 65536\n");
	expect_refusal("examples/mapped_file --size 65537", "--size 65537: must be");
	expect_refusal("examples/mapped_file --size 1.5", "--size 1.5: must be");
	expect_refusal("examples/mapped_file --find=", "mapped_file: --find : must have 1 to 1024 bytes\n");
	expect_refusal("examples/mapped_file --size 1 file",
		"mapped_file: --size 1: cannot be combined with a file of yours\n");
	expect_refusal("examples/mapped_file one two", "mapped_file: two: one file is enough\n");
	expect_refusal("examples/mapped_file --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_file_that_cannot_be_read_is_told,
		a_file_that_does_not_fit_is_removed,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	/* The program has one thread, and its memmem takes minutes under ThreadSanitizer. */
	const TTest *process_tests[] = {
		both_ways_find_the_same_in_a_file_of_its_own,
		a_text_that_is_everywhere_is_replaced_everywhere,
		a_text_that_is_nowhere_is_found_nowhere,
		short_files_are_read_right,
		a_text_across_the_end_of_the_buffer_is_found,
		texts_do_not_overlap,
		NULL,
	};
	const support_suite suite = {
		.name = "mapped_file",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
