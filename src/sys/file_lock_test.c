/* SPDX-License-Identifier: MIT */
#include "sys/file_lock.h"

#include "support.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file_fixture.h"

#include <fcntl.h>
#include <unistd.h>

static int open_it(void)
{
	int descriptor = mproci_file_lock_open(MPROCI_WORKING_DIRECTORY, in_tree("/file"), false);

	ck_assert_int_gt(descriptor, STDERR_FILENO);
	return descriptor;
}

START_TEST(path_is_the_same_from_everywhere)
{
	char *absolute, *relative;
	int descriptor;

	ck_assert_int_eq(chdir(in_tree("/")), 0);
	absolute = mproci_file_lock_path("/a/b");
	relative = mproci_file_lock_path("file");
	ck_assert_str_eq(absolute, "/a/b");
	ck_assert_int_eq(chdir("/"), 0);
	descriptor = mproci_file_lock_open(MPROCI_WORKING_DIRECTORY, relative, false);
	ck_assert_int_eq(
		mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, in_tree("/file")), 1);
	close(descriptor);
	free(absolute);
	free(relative);
}
END_TEST

START_TEST(path_from_nowhere_stays_as_it_is)
{
	char *path;

	ck_assert_int_eq(mkdir(in_tree("/folder"), 0700), 0);
	ck_assert_int_eq(chdir(in_tree("/folder")), 0);
	ck_assert_int_eq(rmdir(in_tree("/folder")), 0);
	path = mproci_file_lock_path("a");
	ck_assert_str_eq(path, "a");
	ck_assert_int_eq(mproci_file_lock_open(MPROCI_WORKING_DIRECTORY, path, false), -ENOENT);
	free(path);
}
END_TEST

START_TEST(descriptor_is_closed_when_another_program_runs)
{
	int descriptor = open_it();

	ck_assert_int_eq(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
	close(descriptor);
}
END_TEST

START_TEST(open_changes_nothing_in_a_file_that_is_there)
{
	struct stat status;
	int descriptor;

	tree_write("/file", "something");
	ck_assert_int_eq(chmod(in_tree("/file"), 0400), 0);
	descriptor = open_it();
	ck_assert_int_eq(fstat(descriptor, &status), 0);
	ck_assert_int_eq(status.st_size, 9);
	ck_assert_int_eq(status.st_mode & 07777, 0400);
	close(descriptor);
}
END_TEST

START_TEST(open_files_exclude_each_other_unless_both_share)
{
	int one = open_it(), other = open_it();

	ck_assert_int_eq(mproci_file_lock_take(one, false, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_file_lock_take(other, false, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_file_lock_take(other, true, MPROC_NOW), -ETIMEDOUT);
	mproci_file_lock_release(one);
	ck_assert_int_eq(mproci_file_lock_take(other, true, MPROC_NOW), 0);
	ck_assert_int_eq(mproci_file_lock_take(one, false, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_file_lock_take(one, true, MPROC_NOW), 0);
	close(one);
	close(other);
}
END_TEST

START_TEST(wait_ends_at_the_deadline_and_not_before)
{
	int one = open_it(), other = open_it();
	mproc_deadline deadline;

	ck_assert_int_eq(mproci_file_lock_take(one, false, MPROC_FOREVER), 0);
	deadline = mproc_after(0.03);
	ck_assert_int_eq(mproci_file_lock_take(other, false, deadline), -ETIMEDOUT);
	ck_assert_int_ge(mproci_clock_now(), deadline);
	ck_assert_int_eq(mproci_file_lock_take(other, false, 1), -ETIMEDOUT);
	close(one);
	close(other);
}
END_TEST

static int open_to_write(void)
{
	int descriptor = mproci_file_lock_open(MPROCI_WORKING_DIRECTORY, in_tree("/file"), true);

	ck_assert_int_gt(descriptor, STDERR_FILENO);
	return descriptor;
}

START_TEST(each_byte_of_a_file_has_a_lock_of_its_own)
{
	const int64_t bytes[] = {0, 1, 4096, INT64_MAX - 1, INT64_MAX};
	int one = open_to_write(), other = open_to_write();

	ck_assert_int_eq(mproci_file_lock_take(one, false, MPROC_NOW), 0);
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; ++i) {
		ck_assert_int_eq(mproci_file_lock_take_byte(one, bytes[i], MPROC_FOREVER), 0);
		ck_assert_int_eq(mproci_file_lock_take_byte(other, bytes[i], MPROC_NOW), -ETIMEDOUT);
	}
	mproci_file_lock_release_byte(one, 4096);
	ck_assert_int_eq(mproci_file_lock_take_byte(other, 4096, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_file_lock_take_byte(one, 4096, mproc_after(0.02)), -ETIMEDOUT);
	ck_assert_int_eq(mproci_file_lock_take_byte(other, 1, MPROC_NOW), -ETIMEDOUT);
	close(one);
	ck_assert_int_eq(mproci_file_lock_take_byte(other, 1, MPROC_NOW), 0);
	close(other);
}
END_TEST

START_TEST(byte_of_a_file_that_is_open_for_reading_cannot_be_locked)
{
	int descriptor = open_it();

	ck_assert_int_eq(mproci_file_lock_take_byte(descriptor, 7, MPROC_NOW), -EBADF);
	ck_assert_int_eq(mproci_file_lock_take_byte(descriptor, 7, MPROC_FOREVER), -EBADF);
	close(descriptor);
}
END_TEST

START_TEST(file_that_was_removed_or_replaced_is_not_current)
{
	int descriptor = open_it(), later;

	ck_assert_int_eq(
		mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, in_tree("/file")), 1);
	ck_assert_int_eq(unlink(in_tree("/file")), 0);
	ck_assert_int_eq(
		mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, in_tree("/file")), 0);
	later = open_it();
	ck_assert_int_eq(
		mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, in_tree("/file")), 0);
	ck_assert_int_eq(mproci_file_lock_is_current(later, MPROCI_WORKING_DIRECTORY, in_tree("/file")), 1);
	ck_assert_int_eq(mproci_file_lock_is_current(later, MPROCI_WORKING_DIRECTORY, in_tree("/file/more")),
		-ENOTDIR);
	close(later);
	close(descriptor);
	ck_assert_int_eq(
		mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, in_tree("/file")), -EBADF);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		path_is_the_same_from_everywhere,
		path_from_nowhere_stays_as_it_is,
		descriptor_is_closed_when_another_program_runs,
		open_changes_nothing_in_a_file_that_is_there,
		open_files_exclude_each_other_unless_both_share,
		wait_ends_at_the_deadline_and_not_before,
		each_byte_of_a_file_has_a_lock_of_its_own,
		byte_of_a_file_that_is_open_for_reading_cannot_be_locked,
		file_that_was_removed_or_replaced_is_not_current,
		NULL,
	};
	const support_suite suite = {
		.name = "file_lock",
		.tests = tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
