/* SPDX-License-Identifier: MIT */
#include "sys/terminal.h"

#include "support.h"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

static int master, terminal;

static void open_terminal(unsigned short width)
{
	struct winsize size = {.ws_row = 24, .ws_col = width};

	ck_assert_int_eq(openpty(&master, &terminal, NULL, NULL, &size), 0);
}

static void close_terminal(void)
{
	close(master);
	close(terminal);
}

START_TEST(terminal_is_told_from_other_files)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	open_terminal(80);
	ck_assert(mproci_is_terminal(terminal));
	ck_assert(!mproci_is_terminal(null));
	ck_assert(!mproci_is_terminal(-1));
	close_terminal();
	close(null);
}
END_TEST

START_TEST(width_is_that_of_the_window)
{
	open_terminal(123);
	ck_assert_uint_eq(mproci_terminal_width(terminal), 123);
	close_terminal();
}
END_TEST

START_TEST(width_is_80_where_nobody_says)
{
	open_terminal(0);
	ck_assert_uint_eq(mproci_terminal_width(terminal), 80);
	close_terminal();
	ck_assert_uint_eq(mproci_terminal_width(-1), 80);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		terminal_is_told_from_other_files,
		width_is_that_of_the_window,
		width_is_80_where_nobody_says,
		NULL,
	};

	return support_run("terminal", tests);
}
