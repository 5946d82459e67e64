/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/bounds_fixture.h"

#include <errno.h>
#include <grp.h>
#include <mproc/file_lock.h>
#include <unistd.h>

static mproc_cache *cache;

static void begin(void)
{
	tree_create();
	cache = open_cache(0, 0);
}

static void end(void)
{
	cache = mproc_cache_close(cache);
	tree_remove();
}

static void fill(void)
{
	for (uint64_t number = 1; number <= 20; ++number)
		put(cache, number);
}

static void clear(void)
{
	int rc = mproc_cache_clear(cache);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

START_TEST(clearing_removes_all_results)
{
	fill();
	clear();
	assert_entries(cache, 0);
	for (uint64_t number = 1; number <= 20; ++number)
		ck_assert_int_eq(get(cache, number), -ENOENT);
	ck_assert_uint_eq(usage_of(cache).evicted, 0);
}
END_TEST

START_TEST(clearing_removes_what_others_have_stored)
{
	mproc_cache *other = open_cache(0, 0);

	put(other, 1);
	clear();
	ck_assert_int_eq(get(other, 1), -ENOENT);
	assert_entries(other, 0);
	mproc_cache_close(other);
}
END_TEST

START_TEST(an_empty_cache_can_be_cleared)
{
	clear();
	clear();
	assert_entries(cache, 0);
}
END_TEST

START_TEST(a_cleared_cache_can_be_used)
{
	fill();
	clear();
	fill();
	assert_entries(cache, 20);
	ck_assert_int_eq(get(cache, 20), 0);
}
END_TEST

START_TEST(clearing_puts_the_tally_right)
{
	fill();
	atomic_store(&cache->tally->entries, INT64_MIN);
	atomic_store(&cache->tally->bytes, 17);
	clear();
	assert_entries(cache, 0);
}
END_TEST

START_TEST(clearing_leaves_other_files)
{
	fill();
	put_of_others("/cache/results/note");
	put_of_others("/cache/results/ab/note");
	clear();
	ck_assert_int_eq(access(in_tree("/cache/results/note"), F_OK), 0);
	ck_assert_int_eq(access(in_tree("/cache/results/ab/note"), F_OK), 0);
	assert_entries(cache, 0);
}
END_TEST

START_TEST(clearing_does_not_wait_long_for_a_sweep)
{
	mproc_file_lock *lock;

	fill();
	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	clear();
	assert_entries(cache, 0);
	/* That sweep may have counted what is gone. */
	ck_assert_uint_ne(atomic_load(&cache->tally->is_uncounted), 0);
	mproc_file_lock_close(lock);
}
END_TEST

START_TEST(no_cache_cannot_be_cleared)
{
	ck_assert_int_eq(mproc_cache_clear(NULL), -EINVAL);
	support_check_text("cache is NULL");
}
END_TEST

static int fill_for_ever(void *unused)
{
	(void)unused;
	for (uint64_t number = 0; number < UINT64_MAX; ++number)
		put(cache, number % 200);
	return 0;
}

START_TEST(clearing_while_others_store_ends)
{
	pid_t pid = support_fork(fill_for_ever, NULL);

	for (int i = 0; i < 20; ++i)
		clear();
	support_kill(pid);
	clear();
	assert_entries(cache, 0);
}
END_TEST

/* The directory of a result may be written to by its owner alone, root, or by nobody. */
static void set_mode(uint64_t number, mode_t mode)
{
	char name[MPROCI_RESULT_NAME_SIZE];

	strcpy(name, name_of(number));
	*strrchr(name, '/') = '\0';
	ck_assert_int_eq(fchmodat(cache->directory, name, mode, 0), 0);
}

static int clear_as_nobody(void *unused)
{
	(void)unused;
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresuid(65534, 65534, 65534) != 0))
		return 1;
	if (mproc_cache_clear(cache) != -EACCES)
		return 2;
	support_check_text("cache \"");
	support_check_text("cannot be removed: Permission denied");
	return 0;
}

START_TEST(what_cannot_be_removed_keeps_no_others)
{
	fill();
	for (uint64_t number = 1; number <= 20; ++number)
		set_mode(number, number == 5 ? 0555 : 0777);
	set_mode(5, 0555);
	ck_assert_int_eq(support_reap(support_fork(clear_as_nobody, NULL)), 0);
	ck_assert(has(cache, 5));
	ck_assert_uint_lt(usage_of(cache).entries, 20);
	set_mode(5, 0755);
	clear();
	assert_entries(cache, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		clearing_removes_all_results,
		clearing_removes_what_others_have_stored,
		an_empty_cache_can_be_cleared,
		a_cleared_cache_can_be_used,
		clearing_puts_the_tally_right,
		clearing_leaves_other_files,
		clearing_does_not_wait_long_for_a_sweep,
		no_cache_cannot_be_cleared,
		NULL,
	};
	const TTest *process_tests[] = {
		clearing_while_others_store_ends,
		what_cannot_be_removed_keeps_no_others,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "clear",
		.tests = tests,
		.process_tests = process_tests,
		.setup = begin,
		.teardown = end,
	});
}
