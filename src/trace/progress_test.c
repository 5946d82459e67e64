/* SPDX-License-Identifier: MIT */
#include "trace/progress.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
static const int64_t MILLISECOND = 1000000;
static const int64_t BEGINNING = 5000000000;

static char line[MPROCI_PROGRESS_LINE];

static const char *format(mproci_progress_view view)
{
	size_t length;

	memset(line, '~', sizeof line);
	length = mproci_progress_format(&view, line);
	ck_assert_uint_lt(length, sizeof line);
	ck_assert_uint_eq(strlen(line), length);
	return line;
}

static const char *plain(uint64_t done, uint64_t total, int64_t elapsed)
{
	return format((mproci_progress_view){.done = done, .total = total, .elapsed = elapsed});
}

START_TEST(line_tells_how_far_how_fast_and_how_long)
{
	ck_assert_str_eq(plain(450, 1000, 3 * SECOND), " 45% 450/1000, 150/s, 0:03 elapsed, 0:03 left");
}
END_TEST

START_TEST(failures_are_told_when_there_are_any)
{
	ck_assert_str_eq(
		format((mproci_progress_view){.done = 1, .failed = 1, .total = 2, .elapsed = SECOND}),
		" 50% 1/2, 1.00/s, 0:01 elapsed, 0:01 left, 1 failed");
}
END_TEST

START_TEST(terminal_has_a_bar)
{
	ck_assert_str_eq(format((mproci_progress_view){.done = 450,
				 .failed = 2,
				 .total = 1000,
				 .elapsed = 3 * SECOND,
				 .is_terminal = true,
				 .width = 80}),
		" 45% [#########           ] 450/1000, 150/s, 0:03 elapsed, 0:03 left, 2 failed");
}
END_TEST

START_TEST(nothing_done_has_no_rate_and_no_estimate)
{
	ck_assert_str_eq(plain(0, 1000, 3 * SECOND), "  0% 0/1000, 0:03 elapsed");
	ck_assert_str_eq(plain(0, 0, 0), "0 done, 0:00 elapsed");
}
END_TEST

START_TEST(no_time_has_no_rate_and_no_estimate)
{
	ck_assert_str_eq(plain(10, 1000, 0), "  1% 10/1000, 0:00 elapsed");
	ck_assert_str_eq(plain(10, 1000, -5), "  1% 10/1000, 0:00 elapsed");
	ck_assert_str_eq(plain(10, 1000, INT64_MIN), "  1% 10/1000, 0:00 elapsed");
}
END_TEST

START_TEST(unknown_total_has_no_percentage_no_bar_and_no_estimate)
{
	ck_assert_str_eq(
		format((mproci_progress_view){
			.done = 30, .failed = 3, .elapsed = 60 * SECOND, .is_terminal = true, .width = 80}),
		"30 done, 30.0/min, 1:00 elapsed, 3 failed");
}
END_TEST

START_TEST(more_than_the_total_is_the_whole)
{
	ck_assert_str_eq(plain(1200, 1000, SECOND), "100% 1200/1000, 1.20k/s, 0:01 elapsed");
	ck_assert_str_eq(plain(1000, 1000, SECOND), "100% 1000/1000, 1.00k/s, 0:01 elapsed");
}
END_TEST

START_TEST(hundred_percent_means_all)
{
	ck_assert_str_eq(
		plain(999999, 1000000, SECOND), " 99% 999999/1000000, 1.00M/s, 0:01 elapsed, 0:00 left");
	ck_assert_ptr_nonnull(strstr(plain(UINT64_MAX - 1, UINT64_MAX, SECOND), " 99% "));
}
END_TEST

START_TEST(rates_have_three_digits_and_a_unit)
{
	static const struct {
		uint64_t done;
		int64_t elapsed;
		const char *rate;
	} cases[] = {
		{1, INT64_C(10) * 3600 * 1000000000, " 0.10/h,"},
		{1, INT64_C(3600) * 1000000000, " 1.00/h,"},
		{59, INT64_C(3600) * 1000000000, " 59.0/h,"},
		{60, INT64_C(3600) * 1000000000, " 1.00/min,"},
		{1, 1000000001, " 60.0/min,"},
		{1, 1000000000, " 1.00/s,"},
		{999, INT64_C(100) * 1000000000, " 9.99/s,"},
		{9996, INT64_C(1000) * 1000000000, " 10.0/s,"},
		{9996, INT64_C(100) * 1000000000, " 100/s,"},
		{999, 1000000000, " 999/s,"},
		{9996, INT64_C(10) * 1000000000, " 1.00k/s,"},
		{123456, 1000000000, " 123k/s,"},
		{UINT64_MAX, 1000000000, " 18.4E/s,"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
		ck_assert_msg(strstr(plain(cases[i].done, 0, cases[i].elapsed), cases[i].rate) != NULL,
			"%zu: %s", i, line);
	ck_assert_str_eq(plain(1, 0, INT64_C(1000) * 3600 * SECOND), "1 done, 41d 16:00:00 elapsed");
}
END_TEST

START_TEST(impossible_rates_and_estimates_are_left_out)
{
	ck_assert_str_eq(plain(UINT64_MAX, 0, 1), "18446744073709551615 done, 0:00 elapsed");
	ck_assert_str_eq(plain(1, UINT64_MAX, SECOND), "  0% 1/18446744073709551615, 1.00/s, 0:01 elapsed");
	ck_assert_str_eq(plain(1, 2, INT64_MAX), " 50% 1/2, 106751d 23:47:16 elapsed");
}
END_TEST

START_TEST(long_times_have_hours_and_days)
{
	ck_assert_ptr_nonnull(strstr(plain(1, 2, 59 * SECOND), " 0:59 elapsed, 0:59 left"));
	ck_assert_ptr_nonnull(strstr(plain(1, 2, 3599 * SECOND), " 59:59 elapsed, 59:59 left"));
	ck_assert_ptr_nonnull(strstr(plain(1, 2, 3600 * SECOND), " 1:00:00 elapsed, 1:00:00 left"));
	ck_assert_ptr_nonnull(strstr(plain(1, 2, 90061 * SECOND), " 1d 1:01:01 elapsed, 1d 1:01:01 left"));
	ck_assert_ptr_nonnull(strstr(plain(1, 1001, 86400 * SECOND), " 1d 0:00:00 elapsed"));
	ck_assert_ptr_null(strstr(line, "left"));
}
END_TEST

static mproci_progress_view middle(unsigned width)
{
	return (mproci_progress_view){
		.done = 450,
		.failed = 2,
		.total = 1000,
		.elapsed = 3 * SECOND,
		.is_terminal = true,
		.width = width,
	};
}

START_TEST(narrow_terminals_show_what_matters_most)
{
	static const struct {
		unsigned width;
		const char *line;
	} cases[] = {
		{66, " 45% [##   ] 450/1000, 150/s, 0:03 elapsed, 0:03 left, 2 failed"},
		{62, " 45% 450/1000, 150/s, 0:03 elapsed, 0:03 left, 2 failed"},
		{56, " 45% 450/1000, 150/s, 0:03 elapsed, 0:03 left, 2 failed"},
		{55, " 45% [####      ] 450/1000, 150/s, 0:03 left, 2 failed"},
		{42, " 45% 450/1000, 150/s, 0:03 left, 2 failed"},
		{41, " 45% 450/1000, 0:03 left, 2 failed"},
		{24, " 45% 450/1000, 2 failed"},
		{14, " 45% 2 failed"},
		{13, " 45%"},
		{5, " 45%"},
		{4, " 45"},
		{2, " "},
		{1, ""},
		{0, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
		ck_assert_str_eq(format(middle(cases[i].width)), cases[i].line);
	ck_assert_ptr_nonnull(strstr(format(middle(300)), "[##################                      ] 450/"));
}
END_TEST

/* Whatever the numbers are. */
START_TEST(line_never_fills_the_last_column)
{
	static const uint64_t numbers[] = {0, 1, 7, 99, 1000, 123456789, UINT64_MAX / 2, UINT64_MAX};
	static const int64_t times[] = {INT64_MIN, -1, 0, 1, 1000000000, INT64_C(1) << 50, INT64_MAX};
	const size_t most = sizeof numbers / sizeof *numbers;

	for (size_t i = 0; i < most * most * sizeof times / sizeof *times; ++i) {
		mproci_progress_view view = {
			.done = numbers[i % most],
			.failed = numbers[i % most],
			.total = numbers[i / most % most],
			.elapsed = times[i / most / most],
			.is_terminal = true,
		};

		for (view.width = 1; view.width < 400; ++view.width)
			ck_assert_uint_lt(strlen(format(view)), view.width);
		view.is_terminal = false;
		ck_assert_uint_gt(strlen(format(view)), 0);
	}
}
END_TEST

/* Where it is shown: the end to write to, and the one to read from. */
static int shown_on, seen_on;

static void open_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	seen_on = ends[0];
	shown_on = ends[1];
}

static void close_ends(void)
{
	close(seen_on);
	close(shown_on);
}

static void open_terminal(unsigned short width)
{
	struct winsize size = {.ws_row = 24, .ws_col = width};

	close_ends();
	ck_assert_int_eq(openpty(&seen_on, &shown_on, NULL, NULL, &size), 0);
	ck_assert_int_eq(fcntl(seen_on, F_SETFL, O_NONBLOCK), 0);
}

/* What was shown since the last time. */
static const char *seen(void)
{
	static char text[4096];
	ssize_t size = read(seen_on, text, sizeof text - 1);

	if (size < 0)
		ck_assert_int_eq(errno, EAGAIN);
	text[size < 0 ? 0 : size] = '\0';
	return text;
}

START_TEST(log_has_a_line_for_each_tenth)
{
	mproci_progress progress;
	unsigned lines = 0;

	mproci_progress_begin(&progress, shown_on, 1000, BEGINNING);
	for (uint64_t done = 1; done <= 1000; ++done) {
		mproci_progress_update(&progress, done, 0, BEGINNING + (int64_t)done * MILLISECOND);
		lines += *seen() != '\0';
	}
	ck_assert_uint_eq(lines, 9);
	mproci_progress_end(&progress, 1000, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), "100% 1000/1000, 1.00k/s, 0:01 elapsed\n");
}
END_TEST

START_TEST(log_has_a_line_every_ten_seconds)
{
	mproci_progress progress;

	mproci_progress_begin(&progress, shown_on, 1000, BEGINNING);
	ck_assert_int_eq(mproci_progress_due(&progress), BEGINNING + 10 * SECOND);
	mproci_progress_update(&progress, 1, 0, BEGINNING + 10 * SECOND - 1);
	ck_assert_str_eq(seen(), "");
	mproci_progress_update(&progress, 1, 0, BEGINNING + 10 * SECOND);
	ck_assert_str_eq(seen(), "  0% 1/1000, 6.00/min, 0:10 elapsed, 2:46:30 left\n");
	ck_assert_int_eq(mproci_progress_due(&progress), BEGINNING + 20 * SECOND);
	mproci_progress_update(&progress, 2, 0, BEGINNING + 15 * SECOND);
	ck_assert_str_eq(seen(), "");
}
END_TEST

START_TEST(terminal_is_written_ten_times_a_second)
{
	mproci_progress progress;

	open_terminal(40);
	mproci_progress_begin(&progress, shown_on, 10, BEGINNING);
	mproci_progress_update(&progress, 1, 1, BEGINNING + 100 * MILLISECOND - 1);
	ck_assert_str_eq(seen(), "");
	mproci_progress_update(&progress, 1, 1, BEGINNING + 100 * MILLISECOND);
	ck_assert_str_eq(seen(), "\r 10% 1/10, 10.0/s, 0:00 left, 1 failed");
	ck_assert_int_eq(mproci_progress_due(&progress), BEGINNING + 200 * MILLISECOND);
}
END_TEST

START_TEST(shorter_line_paints_over_the_longer_one)
{
	mproci_progress progress;

	open_terminal(40);
	mproci_progress_begin(&progress, shown_on, 0, BEGINNING);
	mproci_progress_update(&progress, 999, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), "\r999 done, 999/s, 0:01 elapsed");
	mproci_progress_end(&progress, 999, 0, BEGINNING + 10 * SECOND);
	ck_assert_str_eq(seen(), "\r999 done, 99.9/s, 0:10 elapsed\r\n");
	mproci_progress_begin(&progress, shown_on, 0, BEGINNING);
	mproci_progress_update(&progress, 1000, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), "\r1000 done, 1.00k/s, 0:01 elapsed");
	mproci_progress_end(&progress, 1000, 0, BEGINNING + 1000 * SECOND);
	ck_assert_str_eq(seen(), "\r1000 done, 1.00/s, 16:40 elapsed\r\n");
	mproci_progress_begin(&progress, shown_on, 0, BEGINNING);
	mproci_progress_update(&progress, 1000, 0, BEGINNING + 1000 * SECOND);
	seen();
	mproci_progress_end(&progress, 1, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), "\r1 done, 1.00/s, 0:01 elapsed    \r\n");
}
END_TEST

START_TEST(line_follows_the_width_of_the_terminal)
{
	struct winsize size = {.ws_row = 24, .ws_col = 20};
	mproci_progress progress;

	open_terminal(60);
	mproci_progress_begin(&progress, shown_on, 10, BEGINNING);
	mproci_progress_update(&progress, 1, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), "\r 10% [#         ] 1/10, 1.00/s, 0:01 elapsed, 0:09 left");
	ck_assert_int_eq(ioctl(shown_on, TIOCSWINSZ, &size), 0);
	mproci_progress_end(&progress, 10, 0, BEGINNING + 2 * SECOND);
	ck_assert_ptr_nonnull(strstr(seen(), "\r100% 10/10, 5.00/s "));
}
END_TEST

START_TEST(nothing_is_shown_on_no_descriptor)
{
	mproci_progress progress;

	mproci_progress_begin(&progress, -1, 10, BEGINNING);
	ck_assert_int_eq(mproci_progress_due(&progress), MPROC_FOREVER);
	mproci_progress_update(&progress, 5, 0, BEGINNING + 100 * SECOND);
	mproci_progress_end(&progress, 5, 0, BEGINNING + 100 * SECOND);
}
END_TEST

START_TEST(what_cannot_be_shown_is_given_up)
{
	mproci_progress progress;

	signal(SIGPIPE, SIG_IGN);
	mproci_progress_begin(&progress, shown_on, 10, BEGINNING);
	close(seen_on);
	mproci_progress_update(&progress, 5, 0, BEGINNING + SECOND);
	ck_assert_int_eq(mproci_progress_due(&progress), MPROC_FOREVER);
	mproci_progress_end(&progress, 10, 0, BEGINNING + SECOND);
	seen_on = dup(shown_on);
}
END_TEST

START_TEST(end_is_shown_once)
{
	mproci_progress progress;

	mproci_progress_begin(&progress, shown_on, 10, BEGINNING);
	mproci_progress_end(&progress, 5, 0, BEGINNING + SECOND);
	ck_assert_str_eq(seen(), " 50% 5/10, 5.00/s, 0:01 elapsed, 0:01 left\n");
	mproci_progress_update(&progress, 9, 0, BEGINNING + 100 * SECOND);
	mproci_progress_end(&progress, 10, 0, BEGINNING + 100 * SECOND);
	ck_assert_str_eq(seen(), "");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		line_tells_how_far_how_fast_and_how_long,
		failures_are_told_when_there_are_any,
		terminal_has_a_bar,
		nothing_done_has_no_rate_and_no_estimate,
		no_time_has_no_rate_and_no_estimate,
		unknown_total_has_no_percentage_no_bar_and_no_estimate,
		more_than_the_total_is_the_whole,
		hundred_percent_means_all,
		rates_have_three_digits_and_a_unit,
		impossible_rates_and_estimates_are_left_out,
		long_times_have_hours_and_days,
		narrow_terminals_show_what_matters_most,
		line_never_fills_the_last_column,
		log_has_a_line_for_each_tenth,
		log_has_a_line_every_ten_seconds,
		terminal_is_written_ten_times_a_second,
		shorter_line_paints_over_the_longer_one,
		line_follows_the_width_of_the_terminal,
		nothing_is_shown_on_no_descriptor,
		what_cannot_be_shown_is_given_up,
		end_is_shown_once,
		NULL,
	};
	const support_suite suite = {
		.name = "progress",
		.tests = tests,
		.setup = open_pipe,
		.teardown = close_ends,
	};

	return support_run_suite(&suite);
}
