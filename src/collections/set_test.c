/* SPDX-License-Identifier: MIT */
#include <mproc/set.h>

#include "collections/dict_fixture.h"

enum {
	SIDES = 4,
	MEMBERS = 20000,
};

static mproc_set *set;
/* How many each of the sides has added, and how many of these they have removed. */
static _Atomic uint32_t *added, *removed, *sides;

static void make_set(void)
{
	note_blocks();
	ck_assert_int_eq(mproc_set_create(NULL, &set), 0);
	added = mproc_calloc(3, sizeof *added);
	removed = added + 1;
	sides = added + 2;
}

static void free_set(void)
{
	set = mproc_set_destroy(set);
	ck_assert_ptr_null(set);
	ck_assert_int_eq(mproc_free((void *)(uintptr_t)added), 0);
	check_blocks();
}

static int add_text(const char *text)
{
	return mproc_set_add(set, text, strlen(text));
}

static int has_text(const char *text)
{
	return mproc_set_has(set, text, strlen(text));
}

START_TEST(create_refuses_what_a_dict_refuses)
{
	mproc_set *another = NULL;

	check_failed(mproc_set_create(NULL, NULL), -EINVAL, "set: where to return it is NULL");
	check_failed(
		mproc_set_create(&(mproc_dict_options){.stripes = 3}, &another), -EINVAL, "set: 3 stripes");
	check_failed(mproc_set_create(&(mproc_dict_options){.patience = -1}, &another), -EINVAL,
		"set: patience -1");
	check_failed(mproc_set_create(&(mproc_dict_options){.reserved = {0, 7}}, &another), -EINVAL,
		"reserved[1] is 7, not 0");
	ck_assert_ptr_null(another);
}
END_TEST

static void check_refused(mproc_set *none, const char *text)
{
	mproc_snapshot *all = NULL;

	check_failed(mproc_set_add(none, "x", 1), -EINVAL, text);
	check_failed(mproc_set_has(none, "x", 1), -EINVAL, text);
	check_failed(mproc_set_remove(none, "x", 1), -EINVAL, text);
	check_failed(mproc_set_count(none), -EINVAL, text);
	check_failed(mproc_set_clear(none), -EINVAL, text);
	check_failed(mproc_set_snapshot(none, &all), -EINVAL, text);
	ck_assert_ptr_null(mproc_set_destroy(none));
	ck_assert_ptr_null(all);
}

START_TEST(every_function_refuses_what_is_no_set)
{
	char *zeros = mproc_calloc(1, 1000);

	check_refused(NULL, "NULL");
	check_refused((mproc_set *)(void *)zeros, "not initialised, or destroyed");
	mproc_free(zeros);
}
END_TEST

START_TEST(every_function_refuses_an_address_that_is_missing)
{
	check_failed(mproc_set_add(set, NULL, 1), -EINVAL, "key is NULL");
	check_failed(mproc_set_has(set, NULL, 1), -EINVAL, "key is NULL");
	check_failed(mproc_set_remove(set, NULL, 1), -EINVAL, "key is NULL");
	check_failed(mproc_set_snapshot(set, NULL), -EINVAL, "where to return the snapshot is NULL");
	check_failed(mproc_set_add(set, "x", SIZE_MAX), -EOVERFLOW, "18446744073709551615");
	ck_assert_int_eq(mproc_set_count(set), 0);
}
END_TEST

START_TEST(what_was_added_is_in_the_set)
{
	ck_assert_int_eq(has_text("one"), 0);
	ck_assert_int_eq(add_text("one"), 0);
	ck_assert_int_eq(add_text("two"), 0);
	ck_assert_int_eq(has_text("one"), 1);
	ck_assert_int_eq(has_text("two"), 1);
	ck_assert_int_eq(has_text("tw"), 0);
	ck_assert_int_eq(mproc_set_count(set), 2);
}
END_TEST

START_TEST(what_is_in_the_set_is_not_added_again)
{
	ck_assert_int_eq(add_text("one"), 0);
	check_failed(add_text("one"), -EEXIST, "already");
	ck_assert_int_eq(mproc_set_count(set), 1);
}
END_TEST

START_TEST(what_was_removed_is_not_in_the_set)
{
	ck_assert_int_eq(add_text("one"), 0);
	ck_assert_int_eq(mproc_set_remove(set, "one", 3), 0);
	ck_assert_int_eq(has_text("one"), 0);
	check_failed(mproc_set_remove(set, "one", 3), -ENOENT, "");
	ck_assert_int_eq(mproc_set_count(set), 0);
	ck_assert_int_eq(add_text("one"), 0);
}
END_TEST

START_TEST(nothing_is_a_member_too)
{
	ck_assert_int_eq(mproc_set_has(set, NULL, 0), 0);
	ck_assert_int_eq(mproc_set_add(set, NULL, 0), 0);
	ck_assert_int_eq(mproc_set_has(set, "", 0), 1);
	ck_assert_int_eq(mproc_set_add(set, "", 0), -EEXIST);
	ck_assert_int_eq(mproc_set_remove(set, NULL, 0), 0);
}
END_TEST

START_TEST(cleared_set_is_empty)
{
	for (uint64_t i = 0; i < MEMBERS; ++i)
		ck_assert_int_eq(mproc_set_add(set, &i, sizeof i), 0);
	ck_assert_int_eq(mproc_set_count(set), MEMBERS);
	ck_assert_int_eq(mproc_set_clear(set), 0);
	ck_assert_int_eq(mproc_set_count(set), 0);
	for (uint64_t i = 0; i < MEMBERS; ++i)
		ck_assert_int_eq(mproc_set_has(set, &i, sizeof i), 0);
}
END_TEST

START_TEST(snapshot_has_each_member_as_a_key_without_a_value)
{
	mproc_snapshot *all = NULL;
	bool is_seen[100] = {false};

	for (uint64_t i = 0; i < 100; ++i)
		ck_assert_int_eq(mproc_set_add(set, &i, sizeof i), 0);
	ck_assert_int_eq(mproc_set_snapshot(set, &all), 0);
	ck_assert_uint_eq(all->count, 100);
	for (size_t i = 0; i < all->count; ++i) {
		uint64_t member;

		ck_assert_uint_eq(all->entries[i].key_size, sizeof member);
		ck_assert_uint_eq(all->entries[i].value_size, 0);
		memcpy(&member, all->entries[i].key, sizeof member);
		ck_assert_uint_lt(member, 100);
		ck_assert(!is_seen[member]);
		is_seen[member] = true;
	}
	mproc_snapshot_close(all);
}
END_TEST

/* Each side adds all, from a place of its own on, and then removes all. */
static int add_and_remove_all(void *unused)
{
	uint64_t side = atomic_fetch_add(sides, 1);
	int rc = 0;

	(void)unused;
	support_await(sides, SIDES);
	for (uint64_t i = 0; i < MEMBERS && (rc == 0 || rc == -EEXIST); ++i) {
		uint64_t member = (i + side * MEMBERS / 8) % MEMBERS;

		rc = mproc_set_add(set, &member, sizeof member);
		atomic_fetch_add(added, rc == 0);
	}
	for (uint64_t i = 0; i < MEMBERS && (rc == 0 || rc == -EEXIST || rc == -ENOENT); ++i) {
		uint64_t member = (i + side * MEMBERS / 8) % MEMBERS;

		rc = mproc_set_remove(set, &member, sizeof member);
		atomic_fetch_add(removed, rc == 0);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* What was added was removed, or is still there. */
static void check_rest(void)
{
	ck_assert_uint_ge(*added, MEMBERS);
	ck_assert_int_eq(mproc_set_count(set), *added - *removed);
}

START_TEST(one_of_several_threads_is_told_that_it_added_or_removed)
{
	support_thread threads[SIDES];

	for (int i = 0; i < SIDES; ++i)
		support_begin(&threads[i], add_and_remove_all, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	check_rest();
}
END_TEST

START_TEST(one_of_several_processes_is_told_that_it_added_or_removed)
{
	pid_t pids[SIDES];

	for (int i = 0; i < SIDES; ++i)
		pids[i] = support_fork(add_and_remove_all, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	check_rest();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		create_refuses_what_a_dict_refuses,
		every_function_refuses_what_is_no_set,
		every_function_refuses_an_address_that_is_missing,
		what_was_added_is_in_the_set,
		what_is_in_the_set_is_not_added_again,
		what_was_removed_is_not_in_the_set,
		nothing_is_a_member_too,
		cleared_set_is_empty,
		snapshot_has_each_member_as_a_key_without_a_value,
		one_of_several_threads_is_told_that_it_added_or_removed,
		NULL,
	};
	const TTest *process_tests[] = {
		one_of_several_processes_is_told_that_it_added_or_removed,
		NULL,
	};
	const support_suite suite = {
		.name = "set",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_set,
		.teardown = free_set,
	};

	return support_run_suite(&suite);
}
