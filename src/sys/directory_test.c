/* SPDX-License-Identifier: MIT */
#include "sys/directory.h"

#include "base/error.h"
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int root = -1;

static void create(void)
{
	tree_create();
	root = open(tree(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void clean(void)
{
	close(root);
	tree_remove();
}

static int open_it(const char *name, bool makes)
{
	return mproci_directory_open_at(root, name, makes, "test");
}

static void check_refused(int rc, int code, const char *text)
{
	ck_assert_int_eq(rc, code);
	support_check_text(text);
}

START_TEST(directory_is_opened)
{
	struct stat status;
	int descriptor;

	tree_write("/some/file", "");
	descriptor = open_it("some", false);
	ck_assert_int_gt(descriptor, STDERR_FILENO);
	ck_assert_int_eq(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstatat(descriptor, "file", &status, 0), 0);
	close(descriptor);
}
END_TEST

START_TEST(directory_is_made_where_there_is_none)
{
	mode_t before = umask(027);
	struct stat status;
	int descriptor = open_it("new", true);

	umask(before);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(fstat(descriptor, &status), 0);
	ck_assert_int_eq(status.st_mode, S_IFDIR | 0750);
	close(descriptor);
	/* Which makes the same one no other. */
	descriptor = open_it("new", true);
	ck_assert_int_ge(descriptor, 0);
	close(descriptor);
}
END_TEST

START_TEST(path_is_one_of_the_working_directory)
{
	int before = open(".", O_PATH | O_CLOEXEC), descriptor;
	struct stat status;

	ck_assert_int_eq(chdir(tree()), 0);
	descriptor = mproci_directory_open_at(MPROCI_WORKING_DIRECTORY, "new", true, "test");
	ck_assert_int_eq(fchdir(before), 0);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(fstatat(root, "new", &status, 0), 0);
	close(descriptor);
	close(before);
}
END_TEST

START_TEST(what_cannot_be_opened_is_told_of)
{
	tree_write("/file", "");
	check_refused(open_it("new", false), -ENOENT, "test: No such file or directory");
	check_refused(open_it("no/new", true), -ENOENT, "test: No such file or directory");
	check_refused(open_it("file", true), -ENOTDIR, "test: Not a directory");
	ck_assert_int_eq(symlinkat("nowhere", root, "link"), 0);
	check_refused(open_it("link", true), -ENOENT, "test: No such file or directory");
}
END_TEST

START_TEST(too_many_open_descriptors_are_told_of_with_their_limit)
{
	rlim_t before = limit(RLIMIT_NOFILE, 3);

	check_refused(open_it(".", false), -EMFILE, "test: Too many open files, RLIMIT_NOFILE is 3");
	limit(RLIMIT_NOFILE, before);
}
END_TEST

/* Only root can be somebody else, who may read here. */
static bool be_somebody_else(void)
{
	ck_assert_int_eq(fchmod(root, 0755), 0);
	return geteuid() == 0 && seteuid(65534) == 0;
}

START_TEST(directory_of_others_can_be_read_only)
{
	ck_assert(mproci_directory_is_writable(root));
	if (!be_somebody_else())
		return;
	ck_assert(!mproci_directory_is_writable(root));
	check_refused(open_it("new", true), -EACCES, "test: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(file_system_may_be_read_only)
{
	int descriptor;

	if (!mount_in_tree("tmpfs", NULL))
		return;
	/* What was opened before belongs to those who do not see it. */
	descriptor = mproci_directory_open_at(MPROCI_WORKING_DIRECTORY, in_tree("/small"), false, "test");
	ck_assert(mproci_directory_is_writable(descriptor));
	ck_assert_int_eq(mount(NULL, in_tree("/small"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ck_assert(!mproci_directory_is_writable(descriptor));
	check_refused(mproci_directory_open_at(descriptor, "new", true, "test"), -EROFS,
		"test: Read-only file system");
	close(descriptor);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

static int note(int directory, const char *name, void *seen)
{
	struct stat status;

	ck_assert_int_eq(fstatat(directory, name, &status, 0), 0);
	ck_assert_int_eq(strlen(name), 1);
	((int *)seen)[(unsigned char)name[0]]++;
	return 0;
}

START_TEST(each_name_is_shown_once)
{
	int seen[256] = {0};

	tree_write("/all/a", "");
	tree_write("/all/b", "");
	tree_write("/all/c/d", "");
	ck_assert_int_eq(mproci_directory_each(root, "all", note, seen, "test"), 0);
	for (int i = 0; i < 256; ++i)
		ck_assert_int_eq(seen[i], i == 'a' || i == 'b' || i == 'c');
}
END_TEST

static int count_to_three(int directory, const char *name, void *count)
{
	(void)directory;
	(void)name;
	return ++*(int *)count == 3 ? -EXDEV : 0;
}

START_TEST(visitor_ends_the_walk)
{
	char name[] = "/all/a";
	int count = 0;

	for (; name[5] < 'j'; ++name[5])
		tree_write(name, "");
	ck_assert_int_eq(mproci_directory_each(root, "all", count_to_three, &count, "test"), -EXDEV);
	ck_assert_int_eq(count, 3);
}
END_TEST

static int count_and_remove(int directory, const char *name, void *count)
{
	++*(int *)count;
	return mproci_file_remove_at(directory, name);
}

START_TEST(visitor_can_remove_everything)
{
	char name[32];
	int count = 0;

	for (int i = 0; i < 1000; ++i) {
		snprintf(name, sizeof name, "/all/a longer name %d", i);
		tree_write(name, "");
	}
	ck_assert_int_eq(mproci_directory_each(root, "all", count_and_remove, &count, "test"), 0);
	ck_assert_int_eq(count, 1000);
	ck_assert_int_eq(unlinkat(root, "all", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(what_cannot_be_walked_is_told_of)
{
	int seen[256];

	tree_write("/file", "");
	check_refused(mproci_directory_each(root, "no", note, seen, "test"), -ENOENT,
		"test: No such file or directory");
	check_refused(
		mproci_directory_each(root, "file", note, seen, "test"), -ENOTDIR, "test: Not a directory");
}
END_TEST

static int walk_without_reading(void *unused)
{
	int seen[256];

	(void)unused;
	refuse_call(SYS_getdents64, EIO);
	check_refused(mproci_directory_each(root, ".", note, seen, "test"), -EIO, "test: Input/output error");
	return 0;
}

/* Here, those who look what a test has left could not read either. */
START_TEST(failing_walk_is_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(walk_without_reading, NULL)), 0);
}
END_TEST

START_TEST(walk_that_cannot_begin_leaves_no_descriptor)
{
	int seen[256];

	refuse_call(SYS_fcntl, EPERM);
	check_refused(mproci_directory_each(root, ".", note, seen, "test"), -EPERM,
		"test: Operation not permitted");
}
END_TEST

START_TEST(status_tells_when_a_file_was_used_and_changed)
{
	const struct timespec times[] = {{.tv_sec = 1234567890, .tv_nsec = 987654321}, {.tv_sec = 5}};
	mproci_file_status status;
	struct stat expected;

	tree_write("/file", "12345");
	ck_assert_int_eq(utimensat(root, "file", times, 0), 0);
	ck_assert_int_eq(fstatat(root, "file", &expected, 0), 0);
	ck_assert_int_eq(mproci_file_status_at(root, "file", &status), 0);
	ck_assert_uint_eq(status.size, 5);
	ck_assert_uint_eq(status.inode, expected.st_ino);
	ck_assert_int_eq(status.used, INT64_C(1234567890987654321));
	ck_assert_int_eq(status.changed, INT64_C(5000000000));
	ck_assert(!status.is_directory);
}
END_TEST

START_TEST(status_of_a_link_is_its_own)
{
	mproci_file_status status;

	ck_assert_int_eq(mproci_file_status_at(root, ".", &status), 0);
	ck_assert(status.is_directory);
	ck_assert_int_eq(symlinkat(".", root, "link"), 0);
	ck_assert_int_eq(mproci_file_status_at(root, "link", &status), 0);
	ck_assert(!status.is_directory);
}
END_TEST

START_TEST(what_is_not_there_sets_no_error_text)
{
	mproci_file_status status;

	mproci_fail(-EPERM, "as it was");
	ck_assert_int_eq(mproci_file_status_at(root, "no", &status), -ENOENT);
	ck_assert_int_eq(mproci_file_remove_at(root, "no"), -ENOENT);
	support_check_text("as it was");
}
END_TEST

START_TEST(files_and_links_are_removed_but_no_directories)
{
	mproci_file_status status;

	tree_write("/all/file", "");
	ck_assert_int_eq(symlinkat("all/file", root, "link"), 0);
	ck_assert_int_eq(mproci_file_remove_at(root, "link"), 0);
	ck_assert_int_eq(mproci_file_remove_at(root, "all"), -EISDIR);
	ck_assert_int_eq(mproci_file_remove_at(root, "all/file"), 0);
	ck_assert_int_eq(mproci_file_status_at(root, "all/file", &status), -ENOENT);
	ck_assert_int_eq(mproci_file_status_at(root, "all", &status), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		directory_is_opened,
		directory_is_made_where_there_is_none,
		path_is_one_of_the_working_directory,
		what_cannot_be_opened_is_told_of,
		too_many_open_descriptors_are_told_of_with_their_limit,
		directory_of_others_can_be_read_only,
		file_system_may_be_read_only,
		each_name_is_shown_once,
		visitor_ends_the_walk,
		visitor_can_remove_everything,
		what_cannot_be_walked_is_told_of,
		walk_that_cannot_begin_leaves_no_descriptor,
		status_tells_when_a_file_was_used_and_changed,
		status_of_a_link_is_its_own,
		what_is_not_there_sets_no_error_text,
		files_and_links_are_removed_but_no_directories,
		NULL,
	};
	const TTest *process_tests[] = {
		failing_walk_is_told_of,
		NULL,
	};
	const support_suite suite = {
		.name = "directory",
		.tests = tests,
		.process_tests = process_tests,
		.setup = create,
		.teardown = clean,
	};

	return support_run_suite(&suite);
}
