/* SPDX-License-Identifier: MIT */
#include "sys/file_room.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

enum {
	PAGE = 4096
};

static int open_file(const char *name)
{
	int file = open(in_tree(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(file, 0);
	return file;
}

static struct stat status_of(int file)
{
	struct stat status;

	ck_assert_int_eq(fstat(file, &status), 0);
	return status;
}

START_TEST(reserving_makes_a_file_longer_and_takes_the_room)
{
	int file = open_file("/file");

	ck_assert_int_eq(mproci_file_room_reserve(file, 10 * PAGE, 5 * PAGE + 1, false, "test"), 0);
	ck_assert_int_eq(status_of(file).st_size, 15 * PAGE + 1);
	ck_assert_int_ge(status_of(file).st_blocks * 512, 5 * PAGE);
	close(file);
}
END_TEST

START_TEST(reserving_makes_no_file_shorter_and_changes_no_byte)
{
	char text[16] = "";
	int file;

	tree_write("/file", "something");
	file = open_file("/file");
	ck_assert_int_eq(ftruncate(file, 10 * PAGE), 0);
	ck_assert_int_eq(mproci_file_room_reserve(file, 1, 3 * PAGE, false, "test"), 0);
	ck_assert_int_eq(status_of(file).st_size, 10 * PAGE);
	ck_assert_int_ge(status_of(file).st_blocks * 512, 3 * PAGE);
	ck_assert_int_eq(pread(file, text, 9, 0), 9);
	ck_assert_str_eq(text, "something");
	close(file);
}
END_TEST

START_TEST(file_stays_as_long_as_it_is_when_asked)
{
	int file = open_file("/file");

	ck_assert_int_eq(mproci_file_room_reserve(file, 0, 5 * PAGE, true, "test"), 0);
	ck_assert_int_eq(status_of(file).st_size, 0);
	ck_assert_int_ge(status_of(file).st_blocks * 512, 5 * PAGE);
	close(file);
}
END_TEST

START_TEST(more_than_the_limit_of_file_sizes_is_an_error_and_no_signal)
{
	int file = open_file("/file");
	rlim_t before = limit(RLIMIT_FSIZE, 10 * PAGE);

	ck_assert_int_eq(mproci_file_room_reserve(file, 0, 10 * PAGE + 1, false, "test"), -EFBIG);
	support_check_text("test: 40961 bytes are above RLIMIT_FSIZE, 40960");
	ck_assert_int_eq(mproci_file_room_reserve(file, 0, 10 * PAGE, false, "test"), 0);
	limit(RLIMIT_FSIZE, before);
	close(file);
}
END_TEST

START_TEST(limit_of_file_sizes_is_not_for_what_a_file_has)
{
	int file = open_file("/file");
	rlim_t before;

	ck_assert_int_eq(ftruncate(file, 20 * PAGE), 0);
	before = limit(RLIMIT_FSIZE, 10 * PAGE);
	ck_assert_int_eq(mproci_file_room_reserve(file, 0, 20 * PAGE, false, "test"), 0);
	limit(RLIMIT_FSIZE, before);
	close(file);
}
END_TEST

static void ignore_it(int number)
{
	(void)number;
}

START_TEST(signals_do_not_keep_it_from_getting_done)
{
	struct sigaction catch = {.sa_handler = ignore_it}, before;
	struct itimerval often = {.it_interval.tv_usec = 200, .it_value.tv_usec = 200}, never = {0};
	int file = memfd_create("test", MFD_CLOEXEC), rc;

	sigaction(SIGALRM, &catch, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	rc = mproci_file_room_reserve(file, 0, 100 * MIB, false, "test");
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(status_of(file).st_size, 100 * MIB);
	ck_assert_int_ge(status_of(file).st_blocks * 512, 100 * MIB);
	close(file);
}
END_TEST

START_TEST(full_file_system_is_told_of)
{
	int file;

	if (!mount_in_tree("tmpfs", "size=64k"))
		return;
	file = open_file("/small/file");
	ck_assert_int_eq(mproci_file_room_reserve(file, 0, MIB, false, "test"), -ENOSPC);
	support_check_text("test: no room for 1048576 bytes: No space left on device");
	close(file);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

START_TEST(file_system_that_cannot_reserve_is_filled_behind_the_end)
{
	char text[16] = "";
	int file;

	if (!mount_in_tree("ramfs", NULL))
		return;
	tree_write("/small/file", "something");
	file = open_file("/small/file");
	ck_assert_int_eq(fallocate(file, 0, 0, PAGE), -1);
	ck_assert_int_eq(errno, EOPNOTSUPP);
	ck_assert_int_eq(mproci_file_room_reserve(file, 1, 5 * PAGE, true, "test"), 0);
	ck_assert_int_eq(status_of(file).st_size, 5 * PAGE + 1);
	ck_assert_int_eq(mproci_file_room_reserve(file, 1, 2 * PAGE, true, "test"), 0);
	ck_assert_int_eq(status_of(file).st_size, 5 * PAGE + 1);
	ck_assert_int_eq(pread(file, text, 9, 0), 9);
	ck_assert_str_eq(text, "something");
	close(file);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		reserving_makes_a_file_longer_and_takes_the_room,
		reserving_makes_no_file_shorter_and_changes_no_byte,
		file_stays_as_long_as_it_is_when_asked,
		more_than_the_limit_of_file_sizes_is_an_error_and_no_signal,
		limit_of_file_sizes_is_not_for_what_a_file_has,
		signals_do_not_keep_it_from_getting_done,
		full_file_system_is_told_of,
		file_system_that_cannot_reserve_is_filled_behind_the_end,
		NULL,
	};
	const support_suite suite = {
		.name = "file_room",
		.tests = tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
