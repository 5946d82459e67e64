/* SPDX-License-Identifier: MIT */
/*
 * What a file system may leave of files that were written and renamed, but not synced, when the power fails: the name, and of the
 * bytes any pages; the others are zeros, or missing at the end.
 */
#include "results.h"
#include "store/sweep.h"
#include "store/tally.h"

#include <fcntl.h>
#include <unistd.h>

enum {
	NUMBER = 1,
	OTHER = 2,
	PAGE = 4096,
	/* Five pages, which are copied; and more than are copied, which are mapped. */
	SMALL = 4 * PAGE + 1000,
	LARGE = 20 * PAGE,
	MOST = LARGE + PAGE,
};

static unsigned char whole[MOST], torn[MOST];
/* Of the file. */
static size_t whole_size;

static size_t read_file(const char *name, unsigned char *bytes)
{
	int file = open(in_tree(name), O_RDONLY | O_CLOEXEC);
	ssize_t size;

	ck_assert_msg(file >= 0, "%s: %s", name, strerror(errno));
	size = read(file, bytes, MOST);
	ck_assert_int_ge(size, 0);
	close(file);
	return (size_t)size;
}

static void write_file(const char *name, const unsigned char *bytes, size_t size)
{
	int file = open(in_tree(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(file >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(write(file, bytes, size), (ssize_t)size);
	close(file);
}

static void set_up(void)
{
	tree_create();
	open_cache();
}

static void tear_down(void)
{
	close_cache();
	tree_remove();
}

static void put_and_read(size_t size)
{
	ck_assert_int_eq(put_result(OTHER, 100), 0);
	ck_assert_int_eq(put_result(NUMBER, size), 0);
	whole_size = read_file(name_of(NUMBER), whole);
	ck_assert_uint_gt(whole_size, size);
}

/* The result has become this: it is found out, told, counted and computed again. */
static void check_found_out(const char *how, size_t torn_size, size_t size)
{
	uint64_t damaged = usage_of().damaged;
	int rc;

	write_file(name_of(NUMBER), torn, torn_size);
	rc = get_result(NUMBER, size);
	ck_assert_msg(rc == -EBADMSG, "%s, %zu bytes: %d", how, torn_size, rc);
	support_check_text("is damaged");
	ck_assert_uint_eq(usage_of().damaged, damaged + 1);
	ck_assert_int_eq(access(in_tree(name_of(NUMBER)), F_OK), -1);
	write_file(name_of(NUMBER), torn, torn_size);
	ck_assert_int_eq(call_for_result(NUMBER, size), MPROC_CACHE_COMPUTED);
	ck_assert_int_eq(get_result(NUMBER, size), 0);
	ck_assert_int_eq(get_result(OTHER, 100), 0);
}

static size_t count_pages(void)
{
	return (whole_size + PAGE - 1) / PAGE;
}

static void keep_first(size_t pages)
{
	memset(torn, 0, sizeof torn);
	memcpy(torn, whole, pages * PAGE);
}

static void check_each_prefix(size_t size)
{
	put_and_read(size);
	for (size_t pages = 0; pages < count_pages(); ++pages) {
		keep_first(pages);
		check_found_out("zeros behind the first pages", whole_size, size);
		check_found_out("the first pages alone", pages * PAGE, size);
		check_found_out("one page more, of zeros", pages * PAGE + PAGE, size);
	}
}

START_TEST(result_of_which_the_first_pages_are_there_is_computed_again)
{
	check_each_prefix(SMALL);
}
END_TEST

START_TEST(large_result_of_which_the_first_pages_are_there_is_computed_again)
{
	check_each_prefix(LARGE);
}
END_TEST

START_TEST(result_of_which_any_pages_are_missing_is_computed_again)
{
	put_and_read(SMALL);
	for (unsigned kept = 0; kept + 1 < 1U << count_pages(); ++kept) {
		memset(torn, 0, sizeof torn);
		for (size_t page = 0; page < count_pages(); ++page) {
			if ((kept >> page & 1) != 0)
				memcpy(torn + page * PAGE, whole + page * PAGE, PAGE);
		}
		check_found_out("some pages", whole_size, SMALL);
	}
}
END_TEST

START_TEST(short_result_of_which_any_bytes_are_missing_is_computed_again)
{
	put_and_read(100);
	for (size_t size = 0; size < whole_size; ++size) {
		memcpy(torn, whole, whole_size);
		check_found_out("cut short", size, 100);
		memset(torn + size, 0, whole_size - size);
		/* It may end with zeros of its own, but not the result. */
		if (memcmp(torn, whole, whole_size) != 0)
			check_found_out("zeros at the end", whole_size, 100);
	}
}
END_TEST

START_TEST(result_with_the_bytes_of_another_one_is_computed_again)
{
	put_and_read(100);
	read_file(name_of(OTHER), torn);
	check_found_out("another result", whole_size, 100);
}
END_TEST

/* Opened again, all is found, and counted as it is. */
static void check_all_is_there(void)
{
	open_cache();
	ck_assert_int_eq(get_result(NUMBER, SMALL), 0);
	ck_assert_int_eq(get_result(OTHER, 100), 0);
	ck_assert_int_eq(put_result(OTHER, 100), 0);
	ck_assert_int_eq(mproci_sweep(cache, MPROC_FOREVER), 0);
	ck_assert_uint_eq(usage_of().entries, 2);
	ck_assert_uint_eq(usage_of().bytes, 6 * PAGE);
}

static void check_tally(size_t size)
{
	close_cache();
	write_file("/small/tally", torn, size);
	check_all_is_there();
}

START_TEST(tally_of_any_size_and_of_zeros_is_made_anew)
{
	static const size_t sizes[] = {0, 1, 8, 100, PAGE - 1, PAGE, PAGE + 1};

	put_and_read(SMALL);
	memset(torn, 0, sizeof torn);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
		check_tally(sizes[i]);
}
END_TEST

START_TEST(tally_of_garbage_is_made_anew)
{
	put_and_read(SMALL);
	fill_result(torn, PAGE, 3);
	check_tally(PAGE);
	check_tally(50);
	/* Its mark is right, what it counts is not. */
	*(uint64_t *)torn = MPROCI_TALLY_MARK;
	check_tally(PAGE);
	check_tally(12);
}
END_TEST

START_TEST(torn_tag_is_that_of_a_cache)
{
	size_t size;

	put_and_read(SMALL);
	size = read_file("/small/CACHEDIR.TAG", whole);
	close_cache();
	tree_write("/small/CACHEDIR.TAG", "");
	check_all_is_there();
	for (size_t kept = 1; kept < size; ++kept) {
		close_cache();
		write_file("/small/CACHEDIR.TAG", whole, kept);
		check_all_is_there();
		close_cache();
		memset(torn, 0, size);
		memcpy(torn, whole, kept);
		write_file("/small/CACHEDIR.TAG", torn, size);
		check_all_is_there();
		/* But for the end of its last line, it is whole again. */
		ck_assert_uint_eq(read_file("/small/CACHEDIR.TAG", torn), size);
		ck_assert(memcmp(torn, whole, size - 1) == 0);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		result_of_which_the_first_pages_are_there_is_computed_again,
		large_result_of_which_the_first_pages_are_there_is_computed_again,
		result_of_which_any_pages_are_missing_is_computed_again,
		short_result_of_which_any_bytes_are_missing_is_computed_again,
		result_with_the_bytes_of_another_one_is_computed_again,
		tally_of_any_size_and_of_zeros_is_made_anew,
		tally_of_garbage_is_made_anew,
		torn_tag_is_that_of_a_cache,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "power cuts of a cache", .tests = tests, .setup = set_up, .teardown = tear_down});
}
