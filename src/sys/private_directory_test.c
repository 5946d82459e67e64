/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/private_directory.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char path[PATH_MAX];

static int create(void)
{
	int keeper = mproci_private_directory_create("prefix-", "socket", path, sizeof path);

	ck_assert_msg(keeper >= 0, "%s", mproc_error_text());
	return keeper;
}

static void begin(void)
{
	tree_create();
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", tree(), 1), 0);
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.90s", name);
	ck_assert_int_eq(bind(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
	close(descriptor);
}

START_TEST(directory_is_this_users_alone_and_goes)
{
	struct stat status;
	int keeper = create();

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert(S_ISDIR(status.st_mode) && (status.st_mode & 07777) == 0700);
	ck_assert(strncmp(path, in_tree("/prefix-"), strlen(in_tree("/prefix-"))) == 0);
	mproci_private_directory_remove(path);
	ck_assert_int_eq(access(path, F_OK), -1);
	close(keeper);
}
END_TEST

START_TEST(directory_of_the_dead_is_removed_by_the_next)
{
	char left[PATH_MAX];
	int keeper = create();

	snprintf(left, sizeof left, "%.4000s/socket", path);
	make_socket(left);
	*strrchr(left, '/') = 0;
	close(keeper);
	keeper = create();
	ck_assert_int_eq(access(left, F_OK), -1);
	mproci_private_directory_remove(path);
	close(keeper);
}
END_TEST

START_TEST(directory_of_the_living_stays)
{
	char other[PATH_MAX];
	int first = create(), second;

	memcpy(other, path, sizeof other);
	second = create();
	ck_assert_int_eq(access(other, F_OK), 0);
	mproci_private_directory_remove(other);
	mproci_private_directory_remove(path);
	close(first);
	close(second);
}
END_TEST

START_TEST(directory_with_something_else_in_it_stays)
{
	char left[PATH_MAX];
	int keeper = create();

	close(keeper);
	snprintf(left, sizeof left, "%.4000s/notes", strrchr(path, '/'));
	tree_write(left, "mine");
	snprintf(left, sizeof left, "%s", path);
	keeper = create();
	ck_assert_int_eq(access(left, F_OK), 0);
	mproci_private_directory_remove(path);
	close(keeper);
}
END_TEST

START_TEST(path_that_does_not_fit_is_refused)
{
	char small[8];

	ck_assert_int_eq(
		mproci_private_directory_create("prefix-", "socket", small, sizeof small), -ENAMETOOLONG);
	support_check_text("more than 7");
}
END_TEST

START_TEST(tmp_is_there_for_who_has_no_place)
{
	int keeper;

	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
	keeper = create();
	ck_assert(strncmp(path, "/tmp/prefix-", 12) == 0);
	mproci_private_directory_remove(path);
	close(keeper);
}
END_TEST

START_TEST(first_line_of_a_private_file_is_read)
{
	char line[8];

	tree_write("/file", "secret\nmore");
	ck_assert_int_eq(chmod(in_tree("/file"), 0600), 0);
	ck_assert_int_eq(mproci_private_file_read_line(in_tree("/file"), line, sizeof line), 0);
	ck_assert_str_eq(line, "secret");
	ck_assert_int_eq(mproci_private_file_read_line(in_tree("/file"), line, 6), -EMSGSIZE);
	support_check_text("more than 5 bytes");
	ck_assert_int_eq(chmod(in_tree("/file"), 0604), 0);
	ck_assert_int_eq(mproci_private_file_read_line(in_tree("/file"), line, sizeof line), -EACCES);
	support_check_text("mode 604");
	ck_assert_int_eq(mproci_private_file_read_line(tree(), line, sizeof line), -EINVAL);
	support_check_text("no regular file");
	ck_assert_int_eq(mproci_private_file_read_line(in_tree("/none"), line, sizeof line), -ENOENT);
}
END_TEST

START_TEST(file_has_one_identity)
{
	tree_write("/file", "");
	ck_assert_uint_ne(mproci_file_id_at(in_tree("/file")).inode, 0);
	ck_assert_uint_eq(mproci_file_id_at(in_tree("/none")).inode, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		directory_is_this_users_alone_and_goes,
		directory_of_the_dead_is_removed_by_the_next,
		directory_of_the_living_stays,
		directory_with_something_else_in_it_stays,
		path_that_does_not_fit_is_refused,
		tmp_is_there_for_who_has_no_place,
		first_line_of_a_private_file_is_read,
		file_has_one_identity,
		NULL,
	};
	const support_suite suite = {
		.name = "private directories", .tests = tests, .setup = begin, .teardown = tree_remove};

	return support_run_suite(&suite);
}
