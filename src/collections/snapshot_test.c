/* SPDX-License-Identifier: MIT */
#include <mproc/snapshot.h>

#include "collections/dict_fixture.h"

static mproc_snapshot *take(void)
{
	mproc_snapshot *all = NULL;

	ck_assert_int_eq(mproc_dict_snapshot(dict, &all), 0);
	ck_assert_ptr_nonnull(all);
	return all;
}

static void sort(mproc_snapshot *all, int (*compare)(const void *left, const void *right))
{
	qsort(all->entries, all->count, sizeof *all->entries, compare);
}

START_TEST(close_of_no_snapshot_does_nothing)
{
	ck_assert_ptr_null(mproc_snapshot_close(NULL));
}
END_TEST

START_TEST(snapshot_of_an_empty_dict_is_empty)
{
	mproc_snapshot *all;

	create();
	all = take();
	ck_assert_uint_eq(all->count, 0);
	ck_assert_ptr_null(mproc_snapshot_close(all));
}
END_TEST

START_TEST(snapshot_has_all_that_is_in_the_dict)
{
	const size_t count = 1000;
	mproc_snapshot *all;
	bool *is_seen = calloc(count, 1);

	create();
	for (uint32_t key = 0; key < count; ++key)
		set_filled(&key, sizeof key, key * 3, key);
	all = take();
	ck_assert_uint_eq(all->count, count);
	for (size_t i = 0; i < count; ++i) {
		uint32_t key;

		ck_assert_uint_eq(all->entries[i].key_size, sizeof key);
		memcpy(&key, all->entries[i].key, sizeof key);
		ck_assert_uint_lt(key, count);
		ck_assert(!is_seen[key]);
		is_seen[key] = true;
		ck_assert_uint_eq(all->entries[i].value_size, key * 3);
		ck_assert(is_filled(all->entries[i].value, key * 3, key));
	}
	mproc_snapshot_close(all);
	free(is_seen);
}
END_TEST

START_TEST(keys_and_values_are_aligned_and_end_in_a_zero_that_does_not_count)
{
	char bytes[100];
	mproc_snapshot *all;

	create();
	memset(bytes, 0xff, sizeof bytes);
	for (size_t size = 0; size < sizeof bytes; ++size)
		ck_assert_int_eq(mproc_dict_set(dict, bytes, size, bytes, sizeof bytes - size), 0);
	all = take();
	ck_assert_uint_eq(all->count, sizeof bytes);
	for (size_t i = 0; i < all->count; ++i) {
		const char *key = all->entries[i].key, *value = all->entries[i].value;

		ck_assert_uint_eq((uintptr_t)key % 16, 0);
		ck_assert_uint_eq((uintptr_t)value % 16, 0);
		ck_assert_int_eq(key[all->entries[i].key_size], 0);
		ck_assert_int_eq(value[all->entries[i].value_size], 0);
		ck_assert_uint_eq(all->entries[i].key_size + all->entries[i].value_size, sizeof bytes);
	}
	mproc_snapshot_close(all);
}
END_TEST

START_TEST(snapshot_has_values_of_megabytes)
{
	const size_t size = 5 << 20;
	mproc_snapshot *all;

	create();
	set_filled("large", 5, size, 1);
	set_filled("small", 5, 3, 2);
	all = take();
	sort(all, mproc_compare_by_key);
	ck_assert_uint_eq(all->entries[0].value_size, size);
	ck_assert(is_filled(all->entries[0].value, size, 1));
	ck_assert(is_filled(all->entries[1].value, 3, 2));
	mproc_snapshot_close(all);
}
END_TEST

START_TEST(what_is_done_to_the_dict_does_not_change_its_snapshot)
{
	mproc_snapshot *all;

	create();
	ck_assert_int_eq(set_text("one", "1"), 0);
	ck_assert_int_eq(set_text("two", "2"), 0);
	all = take();
	ck_assert_int_eq(set_text("one", "3"), 0);
	ck_assert_int_eq(mproc_dict_delete(dict, "two", 3), 0);
	ck_assert_int_eq(mproc_dict_clear(dict), 0);
	destroy();
	sort(all, mproc_compare_by_key);
	ck_assert_uint_eq(all->count, 2);
	ck_assert_str_eq(all->entries[0].value, "1");
	ck_assert_str_eq(all->entries[1].key, "two");
	ck_assert_str_eq(all->entries[1].value, "2");
	mproc_snapshot_close(all);
}
END_TEST

START_TEST(snapshot_is_no_memory_of_the_arena)
{
	mproc_snapshot *all;
	size_t blocks;

	create();
	set_filled("key", 3, 100000, 1);
	blocks = count_blocks();
	all = take();
	ck_assert_uint_eq(count_blocks(), blocks);
	ck_assert_uint_eq(mproc_usable_size(all->entries[0].value), 0);
	mproc_snapshot_close(all);
	expect_filled("key", 3, 100000, 1);
}
END_TEST

/* Keys in an order of their bytes, which have no sign. */
START_TEST(entries_are_sorted_by_the_bytes_of_their_keys)
{
	static const char *const sorted[] = {
		"", "a", "aa", "ab", "b", "ba", "\x7f", "\x80", "\xff", "\xff\x01"};
	const size_t count = sizeof sorted / sizeof *sorted;
	mproc_snapshot *all;

	create();
	for (size_t i = 0; i < count; ++i)
		ck_assert_int_eq(set_text(sorted[(i * 7 + 3) % count], "x"), 0);
	all = take();
	sort(all, mproc_compare_by_key);
	ck_assert_uint_eq(all->count, count);
	for (size_t i = 0; i < count; ++i) {
		ck_assert_str_eq(all->entries[i].key, sorted[i]);
		ck_assert_int_eq(mproc_compare_by_key(&all->entries[i], &all->entries[i]), 0);
	}
	mproc_snapshot_close(all);
}
END_TEST

START_TEST(entries_are_sorted_by_their_numbers)
{
	static const char *const sorted[] = {
		"largest", "ten", "five", "five too", "minus", "least", "a text", "text"};
	const size_t count = sizeof sorted / sizeof *sorted;
	mproc_snapshot *all;

	create();
	ck_assert_int_eq(mproc_dict_add(dict, "ten", 3, 10, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "five too", 8, 5, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "five", 4, 5, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "least", 5, INT64_MIN, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "minus", 5, -1, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "largest", 7, INT64_MAX, NULL), 0);
	ck_assert_int_eq(set_text("text", "longer than 8"), 0);
	ck_assert_int_eq(set_text("a text", "x"), 0);
	all = take();
	sort(all, mproc_compare_by_number);
	ck_assert_uint_eq(all->count, count);
	for (size_t i = 0; i < count; ++i)
		ck_assert_str_eq(all->entries[i].key, sorted[i]);
	mproc_snapshot_close(all);
}
END_TEST

START_TEST(entries_are_sorted_by_numbers_that_are_text)
{
	static const struct {
		const char *key, *value;
	} sorted[] = {
		{"largest", "9223372036854775807"},
		{"ten", "10"},
		{"nine", "9"},
		{"nine too", "9"},
		{"nothing", "0"},
		{"minus", "-1"},
		{"least", "-9223372036854775808"},
		{"empty", ""},
		{"sign", "-"},
		{"text", "9 lives"},
		{"too large", "9223372036854775808"},
		{"too small", "-9223372036854775809"},
	};
	const size_t count = sizeof sorted / sizeof *sorted;
	mproc_snapshot *all;

	create();
	for (size_t i = 0; i < count; ++i)
		ck_assert_int_eq(
			set_text(sorted[(i * 7 + 3) % count].key, sorted[(i * 7 + 3) % count].value), 0);
	all = take();
	sort(all, mproc_compare_by_decimal);
	ck_assert_uint_eq(all->count, count);
	for (size_t i = 0; i < count; ++i)
		ck_assert_str_eq(all->entries[i].key, sorted[i].key);
	mproc_snapshot_close(all);
}
END_TEST

/* Both compare any two entries, also the other way round, and one with itself. */
START_TEST(orders_agree_with_themselves)
{
	mproc_snapshot *all;

	create();
	for (int64_t key = 0; key < 40; ++key)
		ck_assert_int_eq(mproc_dict_set(dict, &key, (size_t)key % 9, &key, key % 2 == 0 ? 8 : 3), 0);
	all = take();
	for (size_t i = 0; i < all->count; ++i) {
		for (size_t j = 0; j < all->count; ++j) {
			int by_key = mproc_compare_by_key(&all->entries[i], &all->entries[j]);
			int by_number = mproc_compare_by_number(&all->entries[i], &all->entries[j]);
			int back_by_key = mproc_compare_by_key(&all->entries[j], &all->entries[i]);
			int back_by_number = mproc_compare_by_number(&all->entries[j], &all->entries[i]);

			ck_assert_int_eq(by_key > 0, back_by_key < 0);
			ck_assert_int_eq(by_number > 0, back_by_number < 0);
			ck_assert_int_eq(by_key == 0, i == j);
			ck_assert_int_eq(by_number == 0, i == j);
		}
	}
	mproc_snapshot_close(all);
}
END_TEST

static int close_copy(void *all)
{
	return mproc_snapshot_close(all) == NULL ? 0 : 1;
}

START_TEST(child_has_a_copy)
{
	mproc_snapshot *all;

	create();
	ck_assert_int_eq(set_text("key", "value"), 0);
	all = take();
	ck_assert_int_eq(support_reap(support_fork(close_copy, all)), 0);
	ck_assert_str_eq(all->entries[0].key, "key");
	mproc_snapshot_close(all);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		close_of_no_snapshot_does_nothing,
		snapshot_of_an_empty_dict_is_empty,
		snapshot_has_all_that_is_in_the_dict,
		keys_and_values_are_aligned_and_end_in_a_zero_that_does_not_count,
		snapshot_has_values_of_megabytes,
		what_is_done_to_the_dict_does_not_change_its_snapshot,
		snapshot_is_no_memory_of_the_arena,
		entries_are_sorted_by_the_bytes_of_their_keys,
		entries_are_sorted_by_their_numbers,
		entries_are_sorted_by_numbers_that_are_text,
		orders_agree_with_themselves,
		NULL,
	};
	const TTest *process_tests[] = {
		child_has_a_copy,
		NULL,
	};
	const support_suite suite = {
		.name = "snapshot",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
