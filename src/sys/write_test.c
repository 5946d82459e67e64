/* SPDX-License-Identifier: MIT */
#include "sys/write.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* More than a pipe holds. */
	MUCH = 1 << 20,
};

static int ends[2];

static void open_pipe(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void close_pipe(void)
{
	close(ends[0]);
	close(ends[1]);
}

START_TEST(write_writes_all)
{
	char text[8] = "";

	ck_assert_int_eq(mproci_write(ends[1], "hello", 5), 0);
	ck_assert_int_eq(read(ends[0], text, sizeof text), 5);
	ck_assert_str_eq(text, "hello");
}
END_TEST

START_TEST(what_is_open_for_writing_is_writable)
{
	int both = open("/dev/null", O_RDWR | O_CLOEXEC);
	int none = open("/dev/null", O_PATH | O_CLOEXEC);

	ck_assert(mproci_is_writable(ends[1]));
	ck_assert(mproci_is_writable(both));
	ck_assert(!mproci_is_writable(ends[0]));
	ck_assert(!mproci_is_writable(none));
	close(both);
	close(none);
	ck_assert(!mproci_is_writable(both));
	ck_assert(!mproci_is_writable(-1));
}
END_TEST

START_TEST(write_that_fails_tells_why)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(mproci_write(full, "hello", 5), -ENOSPC);
	support_check_text("cannot write 5 bytes to descriptor ");
	support_check_text(": No space left on device");
	close(full);
	ck_assert_int_eq(mproci_write(-1, "hello", 5), -EBADF);
	support_check_text("cannot write 5 bytes to descriptor -1: Bad file descriptor");
}
END_TEST

static char pattern(size_t index)
{
	return (char)(index * 7 + index / 256);
}

static int receive_pattern(void *unused)
{
	char buffer[4096];
	size_t size = 0;

	(void)unused;
	while (size < MUCH) {
		ssize_t got = read(ends[0], buffer, sizeof buffer);

		if (got <= 0)
			return -EIO;
		for (ssize_t i = 0; i < got; ++i)
			if (buffer[i] != pattern(size++))
				return -EBADMSG;
	}
	return 0;
}

/* They make the kernel take a part, and then nothing, before anybody reads. */
START_TEST(signals_do_not_end_a_write)
{
	char *data = malloc(MUCH);

	for (size_t i = 0; i < MUCH; ++i)
		data[i] = pattern(i);
	support_disturb(receive_pattern, NULL);
	ck_assert_int_eq(mproci_write(ends[1], data, MUCH), 0);
	support_calm();
	free(data);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		write_writes_all,
		what_is_open_for_writing_is_writable,
		write_that_fails_tells_why,
		NULL,
	};
	const TTest *process_tests[] = {
		signals_do_not_end_a_write,
		NULL,
	};
	const support_suite suite = {
		.name = "write",
		.tests = tests,
		.process_tests = process_tests,
		.setup = open_pipe,
		.teardown = close_pipe,
	};

	return support_run_suite(&suite);
}
