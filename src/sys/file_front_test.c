/* SPDX-License-Identifier: MIT */
#include "sys/file_front.h"

#include "support.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_front(const char *path, char *ret_front, size_t size)
{
	return mproci_file_front_read(AT_FDCWD, in_tree(path), ret_front, size);
}

START_TEST(of_a_file_its_front_is_read)
{
	char front[4] = "....";

	tree_write("/file", "abcdef");
	ck_assert_int_eq(read_front("/file", front, sizeof front), 4);
	ck_assert_mem_eq(front, "abcd", 4);
}
END_TEST

START_TEST(of_a_short_file_all_is_read)
{
	char front[8] = ".......";

	tree_write("/file", "ab");
	ck_assert_int_eq(read_front("/file", front, sizeof front), 2);
	ck_assert_str_eq(front, "ab.....");
	tree_write("/empty", "");
	ck_assert_int_eq(read_front("/empty", front, sizeof front), 0);
}
END_TEST

START_TEST(reading_the_front_is_no_use)
{
	const struct timespec times[] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	struct stat status;
	char front[8];

	tree_write("/file", "ab");
	ck_assert_int_eq(utimensat(AT_FDCWD, in_tree("/file"), times, 0), 0);
	ck_assert_int_eq(read_front("/file", front, sizeof front), 2);
	ck_assert_int_eq(stat(in_tree("/file"), &status), 0);
	ck_assert_int_eq(status.st_atim.tv_sec, 1000);
}
END_TEST

START_TEST(what_is_no_file_has_no_front)
{
	char front[8];

	ck_assert_int_eq(read_front("/file", front, sizeof front), -ENOENT);
	ck_assert_int_eq(read_front("/", front, sizeof front), -EISDIR);
	ck_assert_int_eq(symlink("other", in_tree("/file")), 0);
	ck_assert_int_eq(read_front("/file", front, sizeof front), -ELOOP);
	ck_assert_int_eq(mkfifo(in_tree("/pipe"), 0600), 0);
	ck_assert_int_lt(read_front("/pipe", front, sizeof front), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		of_a_file_its_front_is_read,
		of_a_short_file_all_is_read,
		reading_the_front_is_no_use,
		what_is_no_file_has_no_front,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "file_front", .tests = tests, .setup = tree_create, .teardown = tree_remove});
}
