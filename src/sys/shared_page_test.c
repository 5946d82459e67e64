/* SPDX-License-Identifier: MIT */
#include "sys/shared_page.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/memory.h"

#include <fcntl.h>
#include <unistd.h>

static int directory;

static void make_directory(void)
{
	tree_create();
	directory = open(tree(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
}

static void remove_directory(void)
{
	close(directory);
	tree_remove();
}

static char *open_page(void)
{
	char *page = mproci_shared_page_open(directory, "page");

	ck_assert_ptr_nonnull(page);
	return page;
}

START_TEST(a_new_page_is_zeros_with_room_behind_it)
{
	struct stat status;
	char *page = open_page();

	for (size_t i = 0; i < MPROCI_PAGE; ++i)
		ck_assert_int_eq(page[i], 0);
	ck_assert_int_eq(stat(in_tree("/page"), &status), 0);
	ck_assert_int_eq(status.st_size, MPROCI_PAGE);
	ck_assert_int_ge(status.st_blocks * 512, MPROCI_PAGE);
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(who_maps_it_sees_what_others_write)
{
	char *page = open_page(), *same = open_page();

	page[1] = 'x';
	ck_assert_int_eq(same[1], 'x');
	mproci_shared_page_close(page);
	mproci_shared_page_close(same);
	page = open_page();
	ck_assert_int_eq(page[1], 'x');
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(a_file_that_is_shorter_gets_longer)
{
	char *page;

	tree_write("/page", "text");
	page = open_page();
	ck_assert_str_eq(page, "text");
	page[MPROCI_PAGE - 1] = 'x';
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(a_file_with_a_hole_gets_room)
{
	struct stat status;
	char *page;

	tree_write("/page", "");
	ck_assert_int_eq(truncate(in_tree("/page"), MPROCI_PAGE), 0);
	page = open_page();
	ck_assert_int_eq(stat(in_tree("/page"), &status), 0);
	ck_assert_int_ge(status.st_blocks * 512, MPROCI_PAGE);
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(what_is_no_file_is_no_page)
{
	ck_assert_int_eq(mkfifo(in_tree("/page"), 0600), 0);
	ck_assert_ptr_null(mproci_shared_page_open(directory, "page"));
	ck_assert_int_eq(unlink(in_tree("/page")), 0);
	ck_assert_int_eq(symlink("other", in_tree("/page")), 0);
	ck_assert_ptr_null(mproci_shared_page_open(directory, "page"));
	ck_assert_int_eq(unlink(in_tree("/page")), 0);
	ck_assert_int_eq(mkdir(in_tree("/page"), 0700), 0);
	ck_assert_ptr_null(mproci_shared_page_open(directory, "page"));
	ck_assert_ptr_null(mproci_shared_page_open(directory, "none/page"));
}
END_TEST

START_TEST(a_copy_has_what_the_file_has_and_changes_nothing_there)
{
	char *page = open_page(), *copy;

	page[7] = 'x';
	copy = mproci_shared_page_copy(directory, "page");
	ck_assert_int_eq(copy[7], 'x');
	copy[7] = 'y';
	ck_assert_int_eq(page[7], 'x');
	page[8] = 'z';
	ck_assert_int_eq(copy[8], 0);
	mproci_shared_page_close(copy);
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(a_copy_of_what_is_no_file_is_zeros)
{
	char *page;

	ck_assert_int_eq(mkdir(in_tree("/page"), 0700), 0);
	page = mproci_shared_page_copy(directory, "page");
	ck_assert_int_eq(page[0], 0);
	mproci_shared_page_close(page);
}
END_TEST

START_TEST(a_page_without_a_file_is_zeros)
{
	char *page = mproci_shared_page_copy(directory, "none");

	for (size_t i = 0; i < MPROCI_PAGE; ++i)
		ck_assert_int_eq(page[i], 0);
	page[0] = 'x';
	mproci_shared_page_close(page);
	mproci_shared_page_close(NULL);
}
END_TEST

static int open_beyond_limit(void *unused)
{
	(void)unused;
	limit(RLIMIT_FSIZE, MPROCI_PAGE - 1);
	return mproci_shared_page_open(directory, "page") == NULL ? 0 : 1;
}

START_TEST(without_room_there_is_no_page)
{
	ck_assert_int_eq(support_reap(support_fork(open_beyond_limit, NULL)), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_new_page_is_zeros_with_room_behind_it,
		who_maps_it_sees_what_others_write,
		a_file_that_is_shorter_gets_longer,
		a_file_with_a_hole_gets_room,
		what_is_no_file_is_no_page,
		a_copy_has_what_the_file_has_and_changes_nothing_there,
		a_copy_of_what_is_no_file_is_zeros,
		a_page_without_a_file_is_zeros,
		NULL,
	};
	const TTest *process_tests[] = {
		without_room_there_is_no_page,
		NULL,
	};
	const support_suite suite = {.name = "shared_page",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_directory,
		.teardown = remove_directory};

	return support_run_suite(&suite);
}
