/* SPDX-License-Identifier: MIT */
#include "trace/log.h"

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum {
	LINE_SIZE = 4096,
	WRITERS = 4,
	LINES = 200,
};

static int ends[2];

static void open_pipe(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
}

static void close_pipe(void)
{
	mproci_log_set(-1, MPROC_LOG_OFF);
	close(ends[0]);
	close(ends[1]);
}

static void log_to_pipe(mproc_log_level level)
{
	ck_assert_int_eq(mproc_log_to(ends[1], level), 0);
}

/* What was written since the last time. */
static const char *written(void)
{
	static char text[2 * LINE_SIZE];
	ssize_t size = read(ends[0], text, sizeof text - 1);

	if (size < 0)
		ck_assert_int_eq(errno, EAGAIN);
	text[size < 0 ? 0 : size] = '\0';
	return text;
}

/* The line that this process writes, @name being its name, with @text. */
static const char *line_of(const char *level, const char *name, const char *text)
{
	static char line[LINE_SIZE];

	snprintf(line, sizeof line, "[%s/%s %d] %s\n", level, name, (int)getpid(), text);
	return line;
}

START_TEST(nothing_is_written_unless_asked_for)
{
	int descriptor = 7;
	mproc_log_level level = MPROC_LOG_DEBUG;

	ck_assert_int_eq(mproc_log(MPROC_LOG_ERROR, "lost"), 0);
	mproci_log_setting(&descriptor, &level);
	ck_assert_int_eq(descriptor, -1);
	ck_assert_int_eq(level, MPROC_LOG_OFF);
}
END_TEST

START_TEST(line_has_level_name_pid_and_text)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log(MPROC_LOG_WARNING, "%d files are missing", 7), 0);
	ck_assert_str_eq(written(), line_of("WARNING", "MainProcess", "7 files are missing"));
}
END_TEST

START_TEST(levels_above_the_setting_are_left_out)
{
	static const char *const names[] = {"", "ERROR", "WARNING", "INFO", "DEBUG"};

	for (int most = MPROC_LOG_OFF; most <= MPROC_LOG_DEBUG; ++most) {
		log_to_pipe((mproc_log_level)most);
		for (int level = MPROC_LOG_ERROR; level <= MPROC_LOG_DEBUG; ++level) {
			ck_assert_int_eq(mproc_log((mproc_log_level)level, "text"), 0);
			ck_assert_str_eq(
				written(), level > most ? "" : line_of(names[level], "MainProcess", "text"));
		}
	}
}
END_TEST

START_TEST(control_characters_become_spaces)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "one\ntwo\tthree\r\x1b[1m\x7f four: µ\n"), 0);
	ck_assert_str_eq(written(), line_of("INFO", "MainProcess", "one two three  [1m  four: µ "));
}
END_TEST

START_TEST(text_may_be_empty)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "%s", ""), 0);
	ck_assert_str_eq(written(), line_of("INFO", "MainProcess", ""));
}
END_TEST

START_TEST(line_is_cut_at_4096_bytes)
{
	char text[2 * LINE_SIZE];
	size_t front = strlen(line_of("INFO", "MainProcess", "")) - 1, room = LINE_SIZE - 1 - front;
	const char *line;

	log_to_pipe(MPROC_LOG_INFO);
	memset(text, 'x', sizeof text);
	for (size_t size = room - 1; size <= room + 2; ++size) {
		size_t expected = size < room ? size : room;

		ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "%.*s", (int)size, text), 0);
		line = written();
		ck_assert_uint_eq(strlen(line), front + expected + 1);
		ck_assert_uint_eq(strspn(line + front, "x"), expected);
		ck_assert_str_eq(line + front + expected, "\n");
	}
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "%*s", 2000000000, ""), 0);
	ck_assert_uint_eq(strlen(written()), LINE_SIZE);
}
END_TEST

START_TEST(log_to_checks_its_arguments)
{
	int descriptor;
	mproc_log_level level;

	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log_to(ends[1], (mproc_log_level)5), -EINVAL);
	support_check_text("log level 5: 0 (off) to 4 (debug) are possible");
	ck_assert_int_eq(mproc_log_to(ends[1], (mproc_log_level)-1), -EINVAL);
	support_check_text("log level -1: ");
	ck_assert_int_eq(mproc_log_to(-1, MPROC_LOG_ERROR), -EBADF);
	support_check_text("log: descriptor -1 is not open for writing");
	ck_assert_int_eq(mproc_log_to(ends[0], MPROC_LOG_ERROR), -EBADF);
	support_check_text("is not open for writing");
	mproci_log_setting(&descriptor, &level);
	ck_assert_int_eq(descriptor, ends[1]);
	ck_assert_int_eq(level, MPROC_LOG_INFO);
}
END_TEST

START_TEST(off_needs_no_descriptor)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log_to(-1, MPROC_LOG_OFF), 0);
	ck_assert_int_eq(mproc_log(MPROC_LOG_ERROR, "lost"), 0);
	ck_assert_str_eq(written(), "");
}
END_TEST

static void check_refusals(void)
{
	/* Of this the compiler does not know that it wants a format. */
	int (*log)(mproc_log_level level, const char *text, ...) = mproc_log;

	ck_assert_int_eq(mproc_log(MPROC_LOG_OFF, "text"), -EINVAL);
	support_check_text("log level 0: 1 (error) to 4 (debug) are possible");
	ck_assert_int_eq(mproc_log((mproc_log_level)5, "text"), -EINVAL);
	support_check_text("log level 5: ");
	ck_assert_int_eq(log(MPROC_LOG_ERROR, NULL), -EINVAL);
	support_check_text("format is NULL");
}

START_TEST(log_checks_its_arguments)
{
	check_refusals();
	log_to_pipe(MPROC_LOG_INFO);
	check_refusals();
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(what_cannot_be_printed_is_refused)
{
	const wchar_t no_character[] = {0x7fffffff, 0};

	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "wide: %ls", no_character), -EINVAL);
	support_check_text("log: the format \"wide: %ls\" cannot be printed");
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(full_disk_is_told_of)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(mproc_log_to(full, MPROC_LOG_INFO), 0);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "lost"), -ENOSPC);
	support_check_text(": No space left on device");
	close(full);
}
END_TEST

START_TEST(pipe_that_nobody_reads_is_told_of)
{
	signal(SIGPIPE, SIG_IGN);
	log_to_pipe(MPROC_LOG_INFO);
	close(ends[0]);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "lost"), -EPIPE);
	support_check_text(": Broken pipe");
	ends[0] = dup(ends[1]);
}
END_TEST

START_TEST(full_pipe_that_does_not_block_is_told_of)
{
	int rc = 0;

	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	log_to_pipe(MPROC_LOG_INFO);
	for (int i = 0; i < LINE_SIZE && rc == 0; ++i)
		rc = mproc_log(MPROC_LOG_INFO, "%1000d", i);
	ck_assert_int_eq(rc, -EAGAIN);
	support_check_text(": Resource temporarily unavailable");
}
END_TEST

START_TEST(logging_makes_no_member_of_the_family)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "text"), 0);
	ck_assert_ptr_null(mproci_family_here);
	ck_assert_uint_eq(mproci_member_self(), 0);
}
END_TEST

/* Some lines, of any length, each of one letter. */
static int write_lines(void *argument)
{
	int number = *(int *)argument, rc = 0;
	char text[LINE_SIZE];

	memset(text, 'a' + number, sizeof text);
	for (int i = 0; i < LINES && rc == 0; ++i)
		rc = mproc_log(MPROC_LOG_INFO, "%.*s", 1 + (i * 997 + number * 13) % (LINE_SIZE - 100), text);
	return rc;
}

static void check_lines(FILE *lines)
{
	static char line[2 * LINE_SIZE];
	int counts[WRITERS] = {0};

	for (int i = 0; i < WRITERS * LINES; ++i) {
		int number, pid, front, number_of_line;
		size_t size;

		ck_assert_ptr_nonnull(fgets(line, sizeof line, lines));
		ck_assert_int_eq(sscanf(line, "[INFO/MainProcess %d] %n", &pid, &front), 1);
		number = line[front] - 'a';
		ck_assert(number >= 0 && number < WRITERS);
		number_of_line = counts[number]++;
		size = strspn(line + front, (const char[]){line[front], '\0'});
		ck_assert_uint_eq(size, 1 + (number_of_line * 997 + number * 13) % (LINE_SIZE - 100));
		ck_assert_str_eq(line + front + size, "\n");
	}
}

static FILE *open_reader(void)
{
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0);
	return fdopen(dup(ends[0]), "r");
}

START_TEST(lines_of_threads_do_not_mix)
{
	support_thread threads[WRITERS];
	FILE *lines = open_reader();
	int numbers[WRITERS];

	log_to_pipe(MPROC_LOG_INFO);
	for (int i = 0; i < WRITERS; ++i) {
		numbers[i] = i;
		support_begin(&threads[i], write_lines, &numbers[i]);
	}
	check_lines(lines);
	for (int i = 0; i < WRITERS; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	fclose(lines);
}
END_TEST

START_TEST(lines_of_processes_do_not_mix)
{
	FILE *lines = open_reader();
	pid_t pids[WRITERS];

	log_to_pipe(MPROC_LOG_INFO);
	for (int i = 0; i < WRITERS; ++i)
		pids[i] = support_fork(write_lines, &i);
	check_lines(lines);
	for (int i = 0; i < WRITERS; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	fclose(lines);
}
END_TEST

static int write_line(void *unused)
{
	(void)unused;
	return mproc_log(MPROC_LOG_INFO, "text");
}

/*
 * Start a process, named @name or NULL, that writes a line; it is called @expected there, or as its handle
 * says.
 */
static void check_line_of(const char *name, const char *expected)
{
	const mproc_process_options options = {.name = name};
	mproc_process *process = NULL;
	char line[128];

	ck_assert_int_eq(mproc_process_start(&options, write_line, NULL, 0, &process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	snprintf(line, sizeof line, "[INFO/%s %d] text\n",
		expected == NULL ? mproc_process_name(process) : expected, (int)mproc_process_pid(process));
	ck_assert_str_eq(written(), line);
	ck_assert_ptr_null(mproc_process_close(process));
}

START_TEST(started_process_goes_on_with_the_setting_under_its_name)
{
	log_to_pipe(MPROC_LOG_INFO);
	check_line_of(NULL, NULL);
	check_line_of("reader", "reader");
	check_line_of("a\nb", "a b");
	check_line_of("1234567890123456789012345678901", "1234567890123456789012345678901");
}
END_TEST

START_TEST(first_process_of_the_family_is_the_main_one)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_uint_ne(mproci_member_self(), 0);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "text"), 0);
	ck_assert_str_eq(written(), line_of("INFO", "MainProcess", "text"));
}
END_TEST

static int write_line_as_no_member(void *unused)
{
	int rc = write_line(unused);

	return mproci_member_self() == 0 ? rc : -EISCONN;
}

START_TEST(child_that_is_no_member_is_a_main_one)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(support_reap(support_fork(write_line_as_no_member, NULL)), 0);
	ck_assert_ptr_nonnull(strstr(written(), "[INFO/MainProcess "));
}
END_TEST

static int turn_off(void *unused)
{
	(void)unused;
	return mproc_log_to(-1, MPROC_LOG_OFF);
}

START_TEST(setting_of_a_child_is_its_own)
{
	log_to_pipe(MPROC_LOG_INFO);
	ck_assert_int_eq(support_reap(support_fork(turn_off, NULL)), 0);
	ck_assert_int_eq(mproc_log(MPROC_LOG_INFO, "text"), 0);
	ck_assert_str_eq(written(), line_of("INFO", "MainProcess", "text"));
}
END_TEST

static int write_lines_until_killed(void *argument)
{
	int rc;

	do
		rc = write_lines(argument);
	while (rc == 0);
	return rc;
}

/* Each time it is somewhere else, mostly asleep in the midst of its write to a full pipe. */
START_TEST(killed_process_leaves_whole_lines)
{
	static char text[2 * LINE_SIZE];

	log_to_pipe(MPROC_LOG_INFO);
	for (int round = 0; round < 10; ++round) {
		int number = round % WRITERS;
		pid_t writer = support_fork(write_lines_until_killed, &number);
		size_t size = 0;
		ssize_t got;

		ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0);
		for (int i = 0; i < round * 10; ++i)
			ck_assert_int_gt(read(ends[0], text, LINE_SIZE), 0);
		support_kill(writer);
		ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
		while ((got = read(ends[0], text, sizeof text)) > 0)
			size = (size_t)got;
		ck_assert(size == 0 || text[size - 1] == '\n');
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		nothing_is_written_unless_asked_for,
		line_has_level_name_pid_and_text,
		levels_above_the_setting_are_left_out,
		control_characters_become_spaces,
		text_may_be_empty,
		line_is_cut_at_4096_bytes,
		log_to_checks_its_arguments,
		off_needs_no_descriptor,
		log_checks_its_arguments,
		what_cannot_be_printed_is_refused,
		full_disk_is_told_of,
		pipe_that_nobody_reads_is_told_of,
		full_pipe_that_does_not_block_is_told_of,
		logging_makes_no_member_of_the_family,
		lines_of_threads_do_not_mix,
		NULL,
	};
	const TTest *process_tests[] = {
		lines_of_processes_do_not_mix,
		setting_of_a_child_is_its_own,
		killed_process_leaves_whole_lines,
		NULL,
	};
	const TTest *family_tests[] = {
		started_process_goes_on_with_the_setting_under_its_name,
		first_process_of_the_family_is_the_main_one,
		child_that_is_no_member_is_a_main_one,
		NULL,
	};
	const support_suite alone = {
		.name = "log",
		.tests = tests,
		.process_tests = process_tests,
		.setup = open_pipe,
		.teardown = close_pipe,
	};
	const support_suite in_family = {
		.name = "log in a family",
		.process_tests = family_tests,
		.warm_up = support_warm_up,
		.setup = open_pipe,
		.teardown = close_pipe,
	};

	return support_run_suite(&alone) | support_run_suite(&in_family);
}
