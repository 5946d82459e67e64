/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/bounds_fixture.h"
#include "store/stored.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MOST_SHOWN = 64
};

static mproc_cache *cache;

/* What was shown. */
static mproc_cache_entry shown[MOST_SHOWN];
static char names[MOST_SHOWN][256];
static int count, ends_at, ends_with;

static void begin(void)
{
	tree_create();
	cache = open_cache(0, 0);
	count = ends_at = ends_with = 0;
}

static void end(void)
{
	cache = mproc_cache_close(cache);
	tree_remove();
}

static int note(const mproc_cache_entry *entry, void *argument)
{
	ck_assert_ptr_eq(argument, names);
	ck_assert_int_lt(count, MOST_SHOWN);
	shown[count] = *entry;
	strcpy(names[count], entry->function);
	return ++count == ends_at ? ends_with : 0;
}

static void show(int expected)
{
	int rc;

	count = 0;
	rc = mproc_cache_each(cache, note, names);
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_int_eq(count, expected);
}

START_TEST(of_an_empty_cache_nothing_is_shown)
{
	show(0);
}
END_TEST

START_TEST(each_result_is_shown_once)
{
	bool seen[41] = {false};

	for (uint64_t number = 1; number <= 40; ++number)
		put_sized(cache, number, 100 * number);
	show(40);
	for (int i = 0; i < count; ++i) {
		ck_assert_uint_eq(shown[i].size % 100, 0);
		ck_assert(!seen[shown[i].size / 100]);
		seen[shown[i].size / 100] = true;
	}
}
END_TEST

static int compute(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	(void)context;
	return mproc_cache_return(result, arguments, size);
}

START_TEST(what_is_shown_of_a_result_is_what_was_stored)
{
	mproc_cache_value value;
	char name[256];

	memset(name, 'x', 255);
	name[255] = '\0';
	ck_assert_int_eq(mproc_cache_call(cache, &(mproc_cache_key){name, 77, "abcde", 5}, compute, NULL,
				 MPROC_FOREVER, &value),
		0);
	mproc_cache_value_free(&value);
	ck_assert_int_eq(mproc_cache_get(cache, &(mproc_cache_key){name, 77, "abcde", 5}, &value), 0);
	show(1);
	ck_assert_str_eq(names[0], name);
	ck_assert_uint_eq(shown[0].version, 77);
	ck_assert_uint_eq(shown[0].arguments_size, 5);
	ck_assert_uint_eq(shown[0].size, 5);
	ck_assert_double_eq(shown[0].cost, value.cost);
	/* When it was handed over, some microseconds after it was stored. */
	ck_assert_double_eq_tol(shown[0].stored, value.stored, 60);
	mproc_cache_value_free(&value);
}
END_TEST

START_TEST(the_time_of_use_is_shown_where_there_is_a_bound)
{
	double now = (double)mproci_cache_now() / 1e9;

	put(cache, 1);
	set_times(cache, 1, 1000 * SECONDS, 2000 * SECONDS);
	show(1);
	ck_assert_double_lt(shown[0].used, now - 990);
	ck_assert_double_gt(shown[0].used, now - 1010);
	mproc_cache_close(cache);
	cache = open_cache(UINT64_MAX, 0);
	show(1);
	ck_assert_double_eq(shown[0].used, shown[0].stored);
}
END_TEST

START_TEST(to_be_shown_is_no_use)
{
	mproci_file_status before;

	put(cache, 1);
	set_times(cache, 1, 2000 * SECONDS, 1000 * SECONDS);
	before = status_of(cache, 1);
	show(1);
	ck_assert_int_eq(status_of(cache, 1).used, before.used);
	ck_assert_uint_eq(usage_of(cache).hits, 0);
}
END_TEST

START_TEST(the_visitor_ends_it)
{
	for (uint64_t number = 1; number <= 10; ++number)
		put(cache, number);
	ends_at = 3;
	ends_with = 42;
	ck_assert_int_eq(mproc_cache_each(cache, note, names), 42);
	ck_assert_int_eq(count, 3);
	ends_at = 5;
	ends_with = -ENOENT;
	ck_assert_int_eq(mproc_cache_each(cache, note, names), -ENOENT);
	ck_assert_int_eq(count, 5);
}
END_TEST

static int remove_it(const mproc_cache_entry *entry, void *argument)
{
	(void)argument;
	for (uint64_t number = 1; number <= 10; ++number) {
		mproc_cache_key key = key_of(&number);

		ck_assert_str_eq(entry->function, "number");
		ck_assert(mproc_cache_remove(cache, &key) <= 0);
	}
	++count;
	return 0;
}

START_TEST(the_visitor_may_remove_results)
{
	for (uint64_t number = 1; number <= 10; ++number)
		put(cache, number);
	ck_assert_int_eq(mproc_cache_each(cache, remove_it, NULL), 0);
	ck_assert_int_eq(count, 1);
	assert_entries(cache, 0);
}
END_TEST

/* Write what a file begins with to a name that another key has. */
static void write_file(uint64_t number, const void *bytes, size_t size)
{
	int file = openat(cache->directory, name_of(number), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, bytes, size), size);
	close(file);
}

static size_t read_file(uint64_t number, char bytes[static PAGE])
{
	int file = openat(cache->directory, name_of(number), O_RDONLY | O_CLOEXEC);
	ssize_t size = read(file, bytes, PAGE);

	ck_assert_int_gt(size, 0);
	close(file);
	return (size_t)size;
}

START_TEST(what_is_damaged_is_not_shown)
{
	char bytes[PAGE];
	size_t size;

	put(cache, 1);
	put(cache, 2);
	size = read_file(1, bytes);
	/* Another one's. */
	write_file(2, bytes, size);
	show(1);
	for (size_t cut = 0; cut < size; ++cut) {
		write_file(1, bytes, cut);
		show(0);
	}
	bytes[0] ^= 1;
	write_file(1, bytes, size);
	show(0);
}
END_TEST

START_TEST(any_byte_of_the_front_may_be_damaged)
{
	char bytes[PAGE];
	size_t size;

	put(cache, 1);
	size = read_file(1, bytes);
	for (size_t i = 0; i < size; ++i) {
		for (int bit = 0; bit < 8; ++bit) {
			bytes[i] ^= (char)(1 << bit);
			write_file(1, bytes, size);
			count = 0;
			ck_assert_int_eq(mproc_cache_each(cache, note, names), 0);
			bytes[i] ^= (char)(1 << bit);
		}
	}
}
END_TEST

START_TEST(what_is_no_file_is_not_shown)
{
	put(cache, 1);
	ck_assert_int_eq(unlinkat(cache->directory, name_of(1), 0), 0);
	ck_assert_int_eq(symlinkat("/dev/zero", cache->directory, name_of(1)), 0);
	show(0);
	ck_assert_int_eq(unlinkat(cache->directory, name_of(1), 0), 0);
	ck_assert_int_eq(mkfifoat(cache->directory, name_of(1), 0600), 0);
	show(0);
	ck_assert_int_eq(unlinkat(cache->directory, name_of(1), 0), 0);
	ck_assert_int_eq(mkdirat(cache->directory, name_of(1), 0700), 0);
	show(0);
}
END_TEST

START_TEST(showing_without_a_cache_or_a_visitor_is_a_mistake)
{
	ck_assert_int_eq(mproc_cache_each(NULL, note, names), -EINVAL);
	support_check_text("cache is NULL");
	ck_assert_int_eq(mproc_cache_each(cache, NULL, names), -EINVAL);
	support_check_text("visitor is NULL");
}
END_TEST

static int show_to_nobody(void *unused)
{
	(void)unused;
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresuid(65534, 65534, 65534) != 0))
		return 1;
	if (mproc_cache_each(cache, note, names) != -EACCES)
		return 2;
	support_check_text("cache \"");
	support_check_text("Permission denied");
	return 0;
}

START_TEST(who_may_not_read_a_result_is_told)
{
	put(cache, 1);
	ck_assert_int_eq(fchmodat(cache->directory, name_of(1), 0, 0), 0);
	ck_assert_int_eq(support_reap(support_fork(show_to_nobody, NULL)), 0);
	ck_assert_int_eq(fchmodat(cache->directory, name_of(1), 0644, 0), 0);
	ck_assert_int_eq(fchmodat(cache->directory, "results", 0, 0), 0);
	ck_assert_int_eq(support_reap(support_fork(show_to_nobody, NULL)), 0);
	ck_assert_int_eq(fchmodat(cache->directory, "results", 0755, 0), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		of_an_empty_cache_nothing_is_shown,
		each_result_is_shown_once,
		what_is_shown_of_a_result_is_what_was_stored,
		the_time_of_use_is_shown_where_there_is_a_bound,
		to_be_shown_is_no_use,
		the_visitor_ends_it,
		the_visitor_may_remove_results,
		what_is_damaged_is_not_shown,
		any_byte_of_the_front_may_be_damaged,
		what_is_no_file_is_not_shown,
		showing_without_a_cache_or_a_visitor_is_a_mistake,
		NULL,
	};
	const TTest *process_tests[] = {
		who_may_not_read_a_result_is_told,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "each",
		.tests = tests,
		.process_tests = process_tests,
		.setup = begin,
		.teardown = end,
	});
}
