/* SPDX-License-Identifier: MIT */
#include "sys/growing_file.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static char front[8];

static int open_file(void)
{
	return mproci_growing_file_open(in_tree("/file"), front, sizeof front);
}

/* The file with these contents, not open. */
static mproci_file_id make(const char *text)
{
	mproci_file_id id;
	int descriptor = open_file();

	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(mproci_growing_file_put(descriptor, 0, text, strlen(text)), 0);
	id = mproci_descriptor_id(descriptor);
	mproci_growing_file_close(descriptor);
	return id;
}

static int append(mproci_file_id id, uint64_t end, const char *text)
{
	return mproci_growing_file_append(in_tree("/file"), id, end, text, strlen(text));
}

static void check_file(const char *expected)
{
	char text[64];
	int descriptor = open(in_tree("/file"), O_RDONLY | O_CLOEXEC);
	ssize_t size = read(descriptor, text, sizeof text - 1);

	ck_assert_int_ge(size, 0);
	text[size] = '\0';
	ck_assert_str_eq(text, expected);
	close(descriptor);
}

START_TEST(file_is_made_where_there_is_none)
{
	make("abc");
	check_file("abc");
}
END_TEST

START_TEST(front_is_read)
{
	int descriptor;

	make("0123456789");
	descriptor = open_file();
	ck_assert_str_eq(front, "0123456");
	mproci_growing_file_close(descriptor);
}
END_TEST

START_TEST(what_lies_behind_the_end_is_cut_off)
{
	mproci_file_id id = make("abc, and what somebody did not finish");

	ck_assert_int_eq(append(id, 3, "de"), 0);
	check_file("abcde");
	ck_assert_int_eq(append(id, 5, "f"), 0);
	check_file("abcdef");
}
END_TEST

START_TEST(file_that_somebody_has_cut_is_left_alone)
{
	mproci_file_id id = make("abc");

	ck_assert_int_eq(append(id, 4, "e"), -ESTALE);
	support_check_text("somebody has cut the file from 4 to 3 bytes");
	check_file("abc");
}
END_TEST

START_TEST(file_that_has_taken_the_name_is_left_alone)
{
	mproci_file_id id = make("abc");
	const char *other = strdupa(in_tree("/other"));

	tree_write("/other", "other");
	ck_assert_int_eq(append(id, 3, "d"), 0);
	ck_assert_int_eq(rename(other, in_tree("/file")), 0);
	ck_assert_int_eq(append(id, 4, "e"), -ESTALE);
	support_check_text("is another file by now");
	check_file("other");
}
END_TEST

START_TEST(file_that_is_gone_is_not_made_anew)
{
	mproci_file_id id = make("abc");

	ck_assert_int_eq(unlink(in_tree("/file")), 0);
	ck_assert_int_eq(append(id, 3, "d"), -ENOENT);
	support_check_text("cannot be opened for writing: No such file or directory");
}
END_TEST

START_TEST(two_cannot_open_it_at_once)
{
	int descriptor = open_file();

	ck_assert_int_eq(open_file(), -EBUSY);
	support_check_text("is locked by another process");
	mproci_growing_file_close(descriptor);
	descriptor = open_file();
	ck_assert_int_ge(descriptor, 0);
	mproci_growing_file_close(descriptor);
}
END_TEST

START_TEST(child_that_was_forked_meanwhile_does_not_keep_it_locked)
{
	int descriptor = open_file();
	int copy = dup(descriptor);

	mproci_growing_file_close(descriptor);
	descriptor = open_file();
	ck_assert_int_ge(descriptor, 0);
	mproci_growing_file_close(descriptor);
	close(copy);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	char *path = strdupa(in_tree("/pipe"));

	ck_assert_int_eq(mproci_growing_file_open("/dev/null", front, sizeof front), -EINVAL);
	support_check_text("\"/dev/null\" is no file");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(mproci_growing_file_open(path, front, sizeof front), -EINVAL);
	ck_assert_int_eq(mproci_growing_file_open(tree(), front, sizeof front), -EISDIR);
	support_check_text("Is a directory");
	ck_assert_int_eq(mproci_growing_file_open(in_tree("/no/file"), front, sizeof front), -ENOENT);
	support_check_text("/no/file\" cannot be opened for writing: No such file or directory");
}
END_TEST

START_TEST(limit_of_the_size_is_told_of)
{
	mproci_file_id id = make("abc");
	rlim_t before;

	ck_assert_int_eq(truncate(in_tree("/file"), 1 << 20), 0);
	before = limit(RLIMIT_FSIZE, (1 << 20) + 1);
	ck_assert_int_eq(append(id, 1 << 20, "d"), 0);
	ck_assert_int_eq(append(id, (1 << 20) + 1, "e"), -EFBIG);
	support_check_text("1048578 bytes are above RLIMIT_FSIZE, 1048577");
	limit(RLIMIT_FSIZE, before);
}
END_TEST

START_TEST(full_disk_is_told_of)
{
	int descriptor = open("/dev/full", O_RDWR | O_CLOEXEC);

	ck_assert_int_eq(mproci_growing_file_put(descriptor, 0, "abc", 3), -ENOSPC);
	support_check_text("cannot write 3 bytes to a file: No space left on device");
	close(descriptor);
}
END_TEST

static void refuse_and_append(unsigned call, unsigned code)
{
	mproci_file_id id = make("abcd");

	refuse_call(call, code);
	ck_assert_int_eq(append(id, 3, "d"), -(int)code);
}

START_TEST(failing_cut_is_told_of)
{
	refuse_and_append(SYS_ftruncate, EPERM);
	support_check_text("a file cannot be cut to 3 bytes: Operation not permitted");
}
END_TEST

START_TEST(failing_read_is_told_of)
{
	make("abc");
	refuse_call(SYS_pread64, EIO);
	ck_assert_int_eq(open_file(), -EIO);
	support_check_text("cannot be read: Input/output error");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		file_is_made_where_there_is_none,
		front_is_read,
		what_lies_behind_the_end_is_cut_off,
		file_that_somebody_has_cut_is_left_alone,
		file_that_has_taken_the_name_is_left_alone,
		file_that_is_gone_is_not_made_anew,
		two_cannot_open_it_at_once,
		child_that_was_forked_meanwhile_does_not_keep_it_locked,
		what_is_no_file_is_refused,
		limit_of_the_size_is_told_of,
		full_disk_is_told_of,
		failing_cut_is_told_of,
		failing_read_is_told_of,
		NULL,
	};
	const support_suite suite = {
		.name = "growing file",
		.tests = tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
