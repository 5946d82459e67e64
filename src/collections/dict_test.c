/* SPDX-License-Identifier: MIT */
#include "collections/dict_fixture.h"

#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* On both sides of each change in how a value is kept. */
static const size_t sizes[] = {0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097, 8152, 8160, 8191,
	8192, 8193, 100000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1};

static const size_t SIZES = sizeof sizes / sizeof *sizes;
/* All but the last few. */
static const size_t SMALL_SIZES = sizeof sizes / sizeof *sizes - 4;

static const uint32_t stripes[] = {1, 2, 64};

static const size_t STRIPES = sizeof stripes / sizeof *stripes;

/* Making and ending it. */

START_TEST(create_refuses_no_place_for_the_dict)
{
	check_failed(mproc_dict_create(NULL, NULL), -EINVAL, "dict: where to return it is NULL");
}
END_TEST

START_TEST(create_refuses_each_reserved_word)
{
	for (int i = 0; i < 4; ++i) {
		mproc_dict_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		check_failed(mproc_dict_create(&options, &dict), -EINVAL, expected);
		ck_assert_ptr_null(dict);
	}
}
END_TEST

START_TEST(create_refuses_stripes_that_are_no_power_of_two_to_64)
{
	const uint32_t impossible[] = {3, 5, 6, 7, 48, 63, 65, 96, 128, 1U << 31, UINT32_MAX};

	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i) {
		mproc_dict_options options = {.stripes = impossible[i]};
		char expected[64];

		snprintf(expected, sizeof expected, "%u stripes", impossible[i]);
		check_failed(mproc_dict_create(&options, &dict), -EINVAL, expected);
		support_check_text("1, 2, 4, 8, 16, 32 or 64 are possible");
		ck_assert_ptr_null(dict);
	}
}
END_TEST

START_TEST(create_refuses_patience_that_is_no_time)
{
	const double impossible[] = {
		-1, -1e-300, 1.1e9, 1e300, (double)INFINITY, -(double)INFINITY, (double)NAN};

	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i) {
		mproc_dict_options options = {.patience = impossible[i]};
		char expected[64];

		snprintf(expected, sizeof expected, "patience %g: 0 to 1e+09 seconds", impossible[i]);
		check_failed(mproc_dict_create(&options, &dict), -EINVAL, expected);
		ck_assert_ptr_null(dict);
	}
}
END_TEST

START_TEST(create_takes_all_that_is_in_range)
{
	const double patience[] = {0, 1e-300, 0.5, 1e9};

	for (uint32_t count = 1; count <= 64; count *= 2) {
		for (size_t i = 0; i < sizeof patience / sizeof *patience; ++i) {
			create_with((mproc_dict_options){.stripes = count, .patience = patience[i]});
			ck_assert_int_eq(set_text("key", "value"), 0);
			expect_text("key", "value");
			destroy();
		}
	}
}
END_TEST

START_TEST(new_dict_takes_as_much_memory_as_its_header_says)
{
	for (size_t i = 0; i < STRIPES; ++i) {
		size_t before = used_bytes();

		create_with((mproc_dict_options){.stripes = stripes[i]});
		ck_assert_uint_le(used_bytes(), before + 1024 * stripes[i]);
		destroy();
	}
}
END_TEST

START_TEST(destroy_of_no_dict_does_nothing)
{
	ck_assert_ptr_null(mproc_dict_destroy(NULL));
}
END_TEST

START_TEST(destroy_frees_all_that_is_in_it)
{
	for (size_t i = 0; i < STRIPES; ++i) {
		create_with((mproc_dict_options){.stripes = stripes[i]});
		for (uint32_t key = 0; key < 3000; ++key)
			set_filled(&key, sizeof key, sizes[key % SMALL_SIZES], key);
		destroy();
		ck_assert_uint_eq(count_blocks(), blocks_before);
	}
}
END_TEST

/* Each public function, of something that is no dict; what they would write to stays as it was. */
static void check_refused(mproc_dict *none, const char *text)
{
	char bytes[8] = "before";
	void *copy = bytes;
	size_t size = 77;
	int64_t sum = 77;
	mproc_snapshot *all = NULL;

	check_failed(mproc_dict_set(none, "k", 1, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_set_if_absent(none, "k", 1, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_compare_and_set(none, "k", 1, bytes, 8, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_add(none, "k", 1, 1, &sum), -EINVAL, text);
	check_failed(mproc_dict_get(none, "k", 1, bytes, 8, &size), -EINVAL, text);
	check_failed(mproc_dict_get_copy(none, "k", 1, &copy, &size), -EINVAL, text);
	check_failed(mproc_dict_has(none, "k", 1), -EINVAL, text);
	check_failed(mproc_dict_pop(none, "k", 1, bytes, 8, &size), -EINVAL, text);
	check_failed(mproc_dict_delete(none, "k", 1), -EINVAL, text);
	check_failed(mproc_dict_count(none), -EINVAL, text);
	check_failed(mproc_dict_clear(none), -EINVAL, text);
	check_failed(mproc_dict_snapshot(none, &all), -EINVAL, text);
	ck_assert_str_eq(bytes, "before");
	ck_assert_ptr_eq(copy, bytes);
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(sum, 77);
	ck_assert_ptr_null(all);
}

START_TEST(every_function_refuses_what_is_no_dict)
{
	char *zeros = mproc_calloc(1, 100000);

	check_refused(NULL, "dict, set or namespace is NULL");
	check_refused((mproc_dict *)(void *)zeros, "not initialised, or destroyed");
	ck_assert_ptr_null(mproc_dict_destroy((mproc_dict *)(void *)zeros));
	mproc_free(zeros);
}
END_TEST

/* With a NULL that has bytes, each of them. */
static void check_missing_key(void)
{
	const char *text = "key is NULL";
	char bytes[8] = "before";
	void *copy = bytes;

	check_failed(mproc_dict_set(dict, NULL, 1, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_set_if_absent(dict, NULL, 1, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_compare_and_set(dict, NULL, 1, bytes, 8, bytes, 8), -EINVAL, text);
	check_failed(mproc_dict_add(dict, NULL, 1, 1, NULL), -EINVAL, text);
	check_failed(mproc_dict_get(dict, NULL, 1, bytes, 8, NULL), -EINVAL, text);
	check_failed(mproc_dict_get_copy(dict, NULL, 1, &copy, NULL), -EINVAL, text);
	check_failed(mproc_dict_has(dict, NULL, 1), -EINVAL, text);
	check_failed(mproc_dict_pop(dict, NULL, 1, bytes, 8, NULL), -EINVAL, text);
	check_failed(mproc_dict_delete(dict, NULL, 1), -EINVAL, text);
	ck_assert_str_eq(bytes, "before");
}

START_TEST(every_function_refuses_an_address_that_is_missing)
{
	create();
	ck_assert_int_eq(set_text("k", "v"), 0);
	check_missing_key();
	check_failed(mproc_dict_set(dict, "k", 1, NULL, 1), -EINVAL, "value is NULL");
	check_failed(mproc_dict_set_if_absent(dict, "x", 1, NULL, 1), -EINVAL, "value is NULL");
	check_failed(mproc_dict_compare_and_set(dict, "k", 1, "v", 1, NULL, 1), -EINVAL, "value is NULL");
	check_failed(mproc_dict_compare_and_set(dict, "k", 1, NULL, 1, "v", 1), -EINVAL, "value is NULL");
	check_failed(mproc_dict_get(dict, "k", 1, NULL, 1, NULL), -EINVAL, "buffer is NULL");
	check_failed(mproc_dict_pop(dict, "k", 1, NULL, 1, NULL), -EINVAL, "buffer is NULL");
	check_failed(
		mproc_dict_get_copy(dict, "k", 1, NULL, NULL), -EINVAL, "where to return the value is NULL");
	check_failed(mproc_dict_snapshot(dict, NULL), -EINVAL, "where to return the snapshot is NULL");
	expect_text("k", "v");
	ck_assert_int_eq(mproc_dict_count(dict), 1);
}
END_TEST

/* Setting and getting. */

START_TEST(value_that_was_set_is_got)
{
	create();
	expect_none("hedgehog");
	ck_assert_int_eq(set_text("hedgehog", "spiny"), 0);
	expect_text("hedgehog", "spiny");
	ck_assert_int_eq(mproc_dict_has(dict, "hedgehog", 8), 1);
	ck_assert_int_eq(mproc_dict_count(dict), 1);
	expect_none("hedge");
	expect_none("hedgehogs");
	expect_none("");
}
END_TEST

START_TEST(value_takes_the_place_of_the_one_before)
{
	create();
	ck_assert_int_eq(set_text("key", "one"), 0);
	ck_assert_int_eq(set_text("key", "two"), 0);
	expect_text("key", "two");
	ck_assert_int_eq(set_text("key", "something longer"), 0);
	expect_text("key", "something longer");
	ck_assert_int_eq(set_text("key", ""), 0);
	expect_text("key", "");
	ck_assert_int_eq(mproc_dict_count(dict), 1);
}
END_TEST

static void replace_and_check(size_t size, size_t next)
{
	set_filled("key", 3, size, 1);
	expect_filled("key", 3, size, 1);
	set_filled("key", 3, next, 2);
	expect_filled("key", 3, next, 2);
}

START_TEST(value_of_each_size_takes_the_place_of_each_other)
{
	size_t first;

	create_with((mproc_dict_options){.stripes = 1});
	set_filled("key", 3, 0, 0);
	first = used_bytes();
	for (size_t i = 0; i < SMALL_SIZES; ++i) {
		for (size_t j = 0; j < SMALL_SIZES; ++j)
			replace_and_check(sizes[i], sizes[j]);
	}
	for (size_t i = 0; i < SIZES; ++i)
		replace_and_check(sizes[i], sizes[(i + 7) % SIZES]);
	set_filled("key", 3, 0, 0);
	ck_assert_uint_eq(used_bytes(), first);
}
END_TEST

START_TEST(keys_of_each_size_are_told_apart)
{
	for (size_t i = 0; i < SIZES; ++i) {
		size_t size = sizes[i];
		char *key = malloc(size + 2);

		create_with((mproc_dict_options){.stripes = stripes[i % STRIPES]});
		fill(key, size + 1, 3);
		set_filled(key, size, 20, 1);
		set_filled(key, size + 1, 30, 2);
		++key[size];
		set_filled(key, size + 1, 40, 3);
		++key[0];
		set_filled(key, size + 1, 50, 4);
		--key[0];
		expect_filled(key, size, 20, 1);
		expect_filled(key, size + 1, 40, 3);
		--key[size];
		expect_filled(key, size + 1, 30, 2);
		ck_assert_int_eq(mproc_dict_count(dict), 4);
		free(key);
		destroy();
	}
}
END_TEST

START_TEST(keys_of_zeros_are_told_apart)
{
	static const char zeros[256];

	create();
	for (size_t size = 0; size < sizeof zeros; ++size)
		set_filled(zeros, size, size, (unsigned)size);
	ck_assert_int_eq(mproc_dict_count(dict), sizeof zeros);
	for (size_t size = 0; size < sizeof zeros; ++size)
		expect_filled(zeros, size, size, (unsigned)size);
}
END_TEST

START_TEST(keys_that_differ_in_one_byte_are_told_apart)
{
	unsigned char key[24] = {0};

	create();
	for (unsigned place = 0; place < sizeof key; ++place) {
		for (unsigned byte = 1; byte < 256; ++byte) {
			key[place] = (unsigned char)byte;
			set_filled(key, sizeof key, 9, place * 256 + byte);
		}
		key[place] = 0;
	}
	ck_assert_int_eq(mproc_dict_count(dict), 255 * sizeof key);
	for (unsigned place = 0; place < sizeof key; ++place) {
		for (unsigned byte = 1; byte < 256; ++byte) {
			key[place] = (unsigned char)byte;
			expect_filled(key, sizeof key, 9, place * 256 + byte);
		}
		key[place] = 0;
	}
	ck_assert_int_eq(mproc_dict_has(dict, key, sizeof key), 0);
}
END_TEST

START_TEST(key_and_value_of_no_bytes_need_no_address)
{
	void *copy = NULL;
	size_t size = 77;

	create();
	ck_assert_int_eq(mproc_dict_has(dict, NULL, 0), 0);
	ck_assert_int_eq(mproc_dict_set_if_absent(dict, NULL, 0, NULL, 0), 0);
	ck_assert_int_eq(mproc_dict_set(dict, NULL, 0, NULL, 0), 0);
	ck_assert_int_eq(mproc_dict_compare_and_set(dict, NULL, 0, NULL, 0, NULL, 0), 0);
	ck_assert_int_eq(mproc_dict_has(dict, "", 0), 1);
	ck_assert_int_eq(mproc_dict_get(dict, NULL, 0, NULL, 0, &size), 0);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(mproc_dict_get_copy(dict, NULL, 0, &copy, NULL), 0);
	ck_assert_int_eq(*(char *)copy, 0);
	free(copy);
	ck_assert_int_eq(mproc_dict_pop(dict, NULL, 0, NULL, 0, NULL), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
	ck_assert_int_eq(mproc_dict_delete(dict, NULL, 0), -ENOENT);
}
END_TEST

START_TEST(keys_and_values_may_lie_anywhere)
{
	char bytes[64], buffer[64];

	create();
	for (size_t offset = 0; offset < 16; ++offset) {
		size_t size;

		fill(bytes + offset, 40, 5);
		ck_assert_int_eq(mproc_dict_set(dict, bytes + offset, 19, bytes + offset, 21), 0);
		ck_assert_int_eq(mproc_dict_get(dict, bytes + offset, 19, buffer + offset, 21, &size), 0);
		ck_assert_uint_eq(size, 21);
		ck_assert(is_filled(buffer + offset, 21, 5));
		ck_assert_int_eq(mproc_dict_add(dict, bytes + offset, 7, 3, NULL), 0);
		ck_assert_int_eq(mproc_dict_get(dict, bytes + offset, 7, buffer + offset, 8, NULL), 0);
	}
	ck_assert_int_eq(mproc_dict_count(dict), 2);
}
END_TEST

START_TEST(get_leaves_what_is_behind_the_value_alone)
{
	char buffer[4] = "xyz";

	create();
	ck_assert_int_eq(set_text("key", "a"), 0);
	ck_assert_int_eq(mproc_dict_get(dict, "key", 3, buffer, sizeof buffer, NULL), 0);
	ck_assert_str_eq(buffer, "ayz");
	ck_assert_int_eq(mproc_dict_pop(dict, "key", 3, buffer + 1, 1, NULL), 0);
	ck_assert_str_eq(buffer, "aaz");
}
END_TEST

START_TEST(get_and_pop_refuse_a_value_larger_than_the_buffer)
{
	char buffer[32];
	size_t size = 77;

	create();
	for (size_t i = 1; i < 20; ++i) {
		char expected[64];

		set_filled("key", 3, i, 1);
		fill(buffer, sizeof buffer, 9);
		snprintf(expected, sizeof expected, "%zu bytes", i);
		check_failed(mproc_dict_get(dict, "key", 3, buffer, i - 1, &size), -EMSGSIZE, expected);
		check_failed(mproc_dict_pop(dict, "key", 3, buffer, i - 1, &size), -EMSGSIZE, expected);
		ck_assert(is_filled(buffer, sizeof buffer, 9));
		ck_assert_uint_eq(size, 77);
		expect_filled("key", 3, i, 1);
	}
	check_failed(mproc_dict_get(dict, "key", 3, NULL, 0, NULL), -EMSGSIZE, "19 bytes");
	support_check_text("0");
}
END_TEST

START_TEST(copy_is_aligned_and_ends_in_a_zero_that_does_not_count)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		void *copy = NULL;

		set_filled("key", 3, sizes[i], 8);
		ck_assert_int_eq(mproc_dict_get_copy(dict, "key", 3, &copy, NULL), 0);
		ck_assert_uint_eq((uintptr_t)copy % 16, 0);
		ck_assert(is_filled(copy, sizes[i], 8));
		ck_assert_int_eq(((char *)copy)[sizes[i]], 0);
		free(copy);
	}
}
END_TEST

START_TEST(key_without_a_value_is_told_of)
{
	char bytes[8] = "before";
	void *copy = bytes;
	size_t size = 77;

	create();
	ck_assert_int_eq(set_text("here", "x"), 0);
	check_failed(mproc_dict_get(dict, "key", 3, bytes, 8, &size), -ENOENT, "no value");
	check_failed(mproc_dict_get_copy(dict, "key", 3, &copy, &size), -ENOENT, "no value");
	check_failed(mproc_dict_pop(dict, "key", 3, bytes, 8, &size), -ENOENT, "no value");
	check_failed(mproc_dict_delete(dict, "key", 3), -ENOENT, "no value");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "x", 1, "y", 1), -ENOENT, "no value");
	ck_assert_str_eq(bytes, "before");
	ck_assert_ptr_eq(copy, bytes);
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(mproc_dict_count(dict), 1);
}
END_TEST

START_TEST(pointers_are_values)
{
	mproc_dict *inner, *found = NULL;

	create();
	ck_assert_int_eq(mproc_dict_create(&(mproc_dict_options){.stripes = 1}, &inner), 0);
	ck_assert_int_eq(mproc_dict_set(dict, "inner", 5, &inner, sizeof inner), 0);
	ck_assert_int_eq(mproc_dict_get(dict, "inner", 5, &found, sizeof found, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(found, "n", 1, 5, NULL), 0);
	ck_assert_int_eq(mproc_dict_count(inner), 1);
	ck_assert_ptr_null(mproc_dict_destroy(found));
}
END_TEST

/* Changing on a condition. */

START_TEST(set_if_absent_sets_only_what_is_absent)
{
	create();
	ck_assert_int_eq(mproc_dict_set_if_absent(dict, "key", 3, "one", 3), 0);
	check_failed(mproc_dict_set_if_absent(dict, "key", 3, "two", 3), -EEXIST, "has a value");
	check_failed(mproc_dict_set_if_absent(dict, "key", 3, "longer", 6), -EEXIST, "has a value");
	expect_text("key", "one");
	ck_assert_int_eq(mproc_dict_delete(dict, "key", 3), 0);
	ck_assert_int_eq(mproc_dict_set_if_absent(dict, "key", 3, "two", 3), 0);
	expect_text("key", "two");
}
END_TEST

START_TEST(compare_and_set_sets_only_what_is_expected)
{
	create();
	ck_assert_int_eq(set_text("key", "one"), 0);
	ck_assert_int_eq(mproc_dict_compare_and_set(dict, "key", 3, "one", 3, "something longer", 16), 0);
	expect_text("key", "something longer");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "one", 3, "two", 3), -ESTALE, "another");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "", 0, "two", 3), -ESTALE, "another");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "something longes", 16, "two", 3), -ESTALE,
		"another");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "something longer!", 17, "two", 3), -ESTALE,
		"another");
	expect_text("key", "something longer");
	ck_assert_int_eq(mproc_dict_compare_and_set(dict, "key", 3, "something longer", 16, NULL, 0), 0);
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "\0", 1, "two", 3), -ESTALE, "another");
	ck_assert_int_eq(mproc_dict_compare_and_set(dict, "key", 3, NULL, 0, "two", 3), 0);
	expect_text("key", "two");
}
END_TEST

START_TEST(compare_and_set_compares_each_byte)
{
	char expected[40];

	create();
	for (size_t size = 1; size < sizeof expected; ++size) {
		set_filled("key", 3, size, 1);
		fill(expected, size, 1);
		for (size_t i = 0; i < size; ++i) {
			expected[i] ^= 0x40;
			ck_assert_int_eq(
				mproc_dict_compare_and_set(dict, "key", 3, expected, size, "x", 1), -ESTALE);
			expected[i] ^= 0x40;
		}
		expect_filled("key", 3, size, 1);
		ck_assert_int_eq(mproc_dict_compare_and_set(dict, "key", 3, expected, size, "x", 1), 0);
		expect_text("key", "x");
	}
}
END_TEST

/* Counting. */

START_TEST(add_begins_at_the_number_and_goes_on_from_there)
{
	int64_t sum = 77;

	create();
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 5, &sum), 0);
	ck_assert_int_eq(sum, 5);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, -7, &sum), 0);
	ck_assert_int_eq(sum, -2);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 0, NULL), 0);
	sum = 77;
	ck_assert_int_eq(mproc_dict_get(dict, "n", 1, &sum, sizeof sum, NULL), 0);
	ck_assert_int_eq(sum, -2);
	ck_assert_int_eq(mproc_dict_add(dict, "zero", 4, 0, &sum), 0);
	ck_assert_int_eq(sum, 0);
	ck_assert_int_eq(mproc_dict_count(dict), 2);
}
END_TEST

START_TEST(add_goes_on_from_a_number_that_was_set)
{
	int64_t number = INT64_MIN, sum = 0;

	create();
	ck_assert_int_eq(mproc_dict_set(dict, "n", 1, &number, sizeof number), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, INT64_MAX, &sum), 0);
	ck_assert_int_eq(sum, -1);
	ck_assert_int_eq(mproc_dict_add(dict, "m", 1, INT64_MIN, &sum), 0);
	ck_assert_int_eq(sum, INT64_MIN);
}
END_TEST

START_TEST(add_refuses_what_has_not_8_bytes)
{
	int64_t sum = 77;

	create();
	for (size_t i = 0; i < SIZES; ++i) {
		char expected[64];

		if (sizes[i] == 8)
			continue;
		set_filled("key", 3, sizes[i], 1);
		snprintf(expected, sizeof expected, "%zu bytes", sizes[i]);
		check_failed(mproc_dict_add(dict, "key", 3, 1, &sum), -EMSGSIZE, expected);
		support_check_text("8");
		ck_assert_int_eq(sum, 77);
		expect_filled("key", 3, sizes[i], 1);
	}
}
END_TEST

START_TEST(add_refuses_a_sum_that_does_not_fit)
{
	int64_t sum = 77;

	create();
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, INT64_MAX - 1, NULL), 0);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 1, NULL), 0);
	check_failed(mproc_dict_add(dict, "n", 1, 1, &sum), -ERANGE, "9223372036854775807");
	check_failed(mproc_dict_add(dict, "n", 1, INT64_MAX, &sum), -ERANGE, "9223372036854775807");
	ck_assert_int_eq(sum, 77);
	ck_assert_int_eq(mproc_dict_add(dict, "n", 1, 0, &sum), 0);
	ck_assert_int_eq(sum, INT64_MAX);
	ck_assert_int_eq(mproc_dict_add(dict, "m", 1, INT64_MIN, NULL), 0);
	check_failed(mproc_dict_add(dict, "m", 1, -1, &sum), -ERANGE, "-9223372036854775808");
	ck_assert_int_eq(sum, INT64_MAX);
}
END_TEST

/* Taking out. */

START_TEST(deleted_key_is_gone)
{
	create();
	ck_assert_int_eq(set_text("one", "1"), 0);
	ck_assert_int_eq(set_text("two", "2"), 0);
	ck_assert_int_eq(mproc_dict_delete(dict, "one", 3), 0);
	expect_none("one");
	expect_text("two", "2");
	ck_assert_int_eq(mproc_dict_count(dict), 1);
	ck_assert_int_eq(mproc_dict_delete(dict, "one", 3), -ENOENT);
	ck_assert_int_eq(mproc_dict_delete(dict, "two", 3), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
}
END_TEST

START_TEST(pop_gives_the_value_and_takes_it_out)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		char *buffer = malloc(sizes[i] + 1);
		size_t size = SIZE_MAX;

		set_filled("key", 3, sizes[i], 6);
		ck_assert_int_eq(mproc_dict_pop(dict, "key", 3, buffer, sizes[i] + 1, &size), 0);
		ck_assert_uint_eq(size, sizes[i]);
		ck_assert(is_filled(buffer, size, 6));
		expect_none("key");
		free(buffer);
	}
	ck_assert_int_eq(mproc_dict_count(dict), 0);
}
END_TEST

START_TEST(clear_takes_out_everything)
{
	size_t empty;

	for (size_t i = 0; i < STRIPES; ++i) {
		create_with((mproc_dict_options){.stripes = stripes[i]});
		empty = used_bytes();
		ck_assert_int_eq(mproc_dict_clear(dict), 0);
		for (int round = 0; round < 3; ++round) {
			for (uint64_t key = 0; key < 5000; ++key)
				set_filled(&key, sizeof key, sizes[key % 8], 3);
			ck_assert_int_eq(mproc_dict_clear(dict), 0);
			ck_assert_int_eq(mproc_dict_count(dict), 0);
			for (uint64_t key = 0; key < 5000; ++key)
				ck_assert_int_eq(mproc_dict_has(dict, &key, sizeof key), 0);
		}
		ck_assert_uint_le(used_bytes(), empty + 512 * stripes[i]);
		destroy();
	}
}
END_TEST

/* Many. */

enum {
	MANY = 100000
};

static void check_many(uint64_t first, uint64_t end)
{
	ck_assert_int_eq(mproc_dict_count(dict), end - first);
	for (uint64_t key = 0; key < MANY; ++key) {
		uint64_t number = 77;
		int rc = get_number(key, &number);

		require(key < first || key >= end ? rc == -ENOENT : rc == 0 && number == ~key, "a number");
	}
}

static void grow_and_shrink(uint32_t count)
{
	size_t empty, full;

	create_with((mproc_dict_options){.stripes = count});
	empty = used_bytes();
	for (uint64_t key = 0; key < MANY; ++key)
		require(set_number(key, ~key) == 0, "setting");
	full = used_bytes();
	/* What the header of an entry and its place in the table may take. */
	ck_assert_uint_le(full - empty, (size_t)MANY * 100 + 512 * count);
	check_many(0, MANY);
	for (uint64_t key = 0; key < MANY / 2; ++key)
		require(delete_number(key) == 0, "deleting");
	check_many(MANY / 2, MANY);
	ck_assert_uint_lt(used_bytes(), full);
	for (uint64_t key = MANY - 1; key >= MANY / 2; --key)
		require(delete_number(key) == 0, "deleting");
	check_many(0, 0);
	ck_assert_uint_le(used_bytes(), empty + 512 * count);
	destroy();
}

START_TEST(dict_grows_and_shrinks_with_what_is_in_it)
{
	for (size_t i = 0; i < STRIPES; ++i)
		grow_and_shrink(stripes[i]);
}
END_TEST

/* As somebody may choose them who wants all of them in one chain: multiples of powers of two. */
START_TEST(keys_in_steps_are_all_kept)
{
	for (unsigned shift = 0; shift < 56; shift += 8) {
		create();
		for (uint64_t key = 0; key < 256; ++key)
			ck_assert_int_eq(set_number(key << shift, key), 0);
		ck_assert_int_eq(mproc_dict_count(dict), 256);
		for (uint64_t key = 0; key < 256; ++key) {
			uint64_t number = 77;

			ck_assert_int_eq(get_number(key << shift, &number), 0);
			ck_assert_uint_eq(number, key);
		}
		destroy();
	}
}
END_TEST

/* What is too large. */

START_TEST(sizes_beyond_any_memory_are_refused)
{
	static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2 + 1};
	const int64_t one = 1;
	int64_t value;
	void *copy;

	create();
	ck_assert_int_eq(mproc_dict_set(dict, "k", 1, &one, sizeof one), 0);
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i) {
		size_t size = impossible[i];
		char expected[64];

		snprintf(expected, sizeof expected, "%zu", size);
		check_failed(mproc_dict_set(dict, "k", 1, "v", size), -EOVERFLOW, expected);
		check_failed(mproc_dict_set(dict, "k", size, "v", 1), -EOVERFLOW, expected);
		check_failed(mproc_dict_set(dict, "k", size, "v", size), -EOVERFLOW, expected);
		support_check_text("at most 4611686018427387903 bytes each");
		check_failed(mproc_dict_set_if_absent(dict, "k", 1, "v", size), -EOVERFLOW, expected);
		check_failed(
			mproc_dict_compare_and_set(dict, "k", 1, &one, 8, "v", size), -EOVERFLOW, expected);
		check_failed(mproc_dict_add(dict, "k", size, 1, NULL), -EOVERFLOW, expected);
		check_failed(
			mproc_dict_get(dict, "k", size, &value, sizeof value, NULL), -EOVERFLOW, expected);
		support_check_text("at most 4611686018427387903 bytes");
		check_failed(mproc_dict_get_copy(dict, "k", size, &copy, NULL), -EOVERFLOW, expected);
		check_failed(mproc_dict_has(dict, "k", size), -EOVERFLOW, expected);
		check_failed(
			mproc_dict_pop(dict, "k", size, &value, sizeof value, NULL), -EOVERFLOW, expected);
		check_failed(mproc_dict_delete(dict, "k", size), -EOVERFLOW, expected);
	}
	ck_assert_int_eq(mproc_dict_add(dict, "k", 1, 0, NULL), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 1);
}
END_TEST

START_TEST(value_larger_than_the_arena_is_refused)
{
	const size_t size = (size_t)1 << 50;
	size_t before;

	create();
	ck_assert_int_eq(set_text("key", "value"), 0);
	before = used_bytes();
	check_failed(mproc_dict_set(dict, "key", 3, "v", size), -ENOMEM, "");
	check_failed(mproc_dict_set(dict, "another", 7, "v", size), -ENOMEM, "");
	check_failed(mproc_dict_set_if_absent(dict, "another", 7, "v", size), -ENOMEM, "");
	check_failed(mproc_dict_compare_and_set(dict, "key", 3, "value", 5, "v", size), -ENOMEM, "");
	expect_text("key", "value");
	expect_none("another");
	ck_assert_int_eq(mproc_dict_count(dict), 1);
	ck_assert_uint_eq(used_bytes(), before);
}
END_TEST

static bool has_memory(size_t size)
{
	return (size_t)sysconf(_SC_AVPHYS_PAGES) >= size / (size_t)sysconf(_SC_PAGESIZE);
}

/* Pages that are only read take no memory. */
static char *map_gigabyte(size_t size)
{
	char *bytes =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(bytes, MAP_FAILED);
	bytes[0] = 'a';
	bytes[size - 1] = 'z';
	return bytes;
}

START_TEST(gigabyte_is_a_value)
{
	const size_t size = (size_t)1 << 30;
	char *bytes, *copy = NULL;
	size_t got = 0;

	if (!has_memory(4 * size))
		return;
	bytes = map_gigabyte(size);
	create();
	ck_assert_int_eq(mproc_dict_set(dict, "key", 3, bytes, size), 0);
	ck_assert_int_eq(mproc_dict_get_copy(dict, "key", 3, (void **)&copy, &got), 0);
	ck_assert_uint_eq(got, size);
	ck_assert_int_eq(memcmp(copy, bytes, size), 0);
	free(copy);
	ck_assert_int_eq(mproc_dict_delete(dict, "key", 3), 0);
	ck_assert_int_eq(munmap(bytes, size), 0);
}
END_TEST

START_TEST(gigabyte_is_a_key)
{
	const size_t size = (size_t)1 << 30;
	char *bytes;

	if (!has_memory(4 * size))
		return;
	bytes = map_gigabyte(size);
	create();
	ck_assert_int_eq(mproc_dict_set(dict, bytes, size, "v", 1), 0);
	ck_assert_int_eq(mproc_dict_has(dict, bytes, size), 1);
	++bytes[size - 1];
	ck_assert_int_eq(mproc_dict_has(dict, bytes, size), 0);
	ck_assert_int_eq(munmap(bytes, size), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		create_refuses_no_place_for_the_dict,
		create_refuses_each_reserved_word,
		create_refuses_stripes_that_are_no_power_of_two_to_64,
		create_refuses_patience_that_is_no_time,
		create_takes_all_that_is_in_range,
		new_dict_takes_as_much_memory_as_its_header_says,
		destroy_of_no_dict_does_nothing,
		destroy_frees_all_that_is_in_it,
		every_function_refuses_what_is_no_dict,
		every_function_refuses_an_address_that_is_missing,
		value_that_was_set_is_got,
		value_takes_the_place_of_the_one_before,
		value_of_each_size_takes_the_place_of_each_other,
		keys_of_each_size_are_told_apart,
		keys_of_zeros_are_told_apart,
		keys_that_differ_in_one_byte_are_told_apart,
		key_and_value_of_no_bytes_need_no_address,
		keys_and_values_may_lie_anywhere,
		get_leaves_what_is_behind_the_value_alone,
		get_and_pop_refuse_a_value_larger_than_the_buffer,
		copy_is_aligned_and_ends_in_a_zero_that_does_not_count,
		key_without_a_value_is_told_of,
		pointers_are_values,
		set_if_absent_sets_only_what_is_absent,
		compare_and_set_sets_only_what_is_expected,
		compare_and_set_compares_each_byte,
		add_begins_at_the_number_and_goes_on_from_there,
		add_goes_on_from_a_number_that_was_set,
		add_refuses_what_has_not_8_bytes,
		add_refuses_a_sum_that_does_not_fit,
		deleted_key_is_gone,
		pop_gives_the_value_and_takes_it_out,
		clear_takes_out_everything,
		dict_grows_and_shrinks_with_what_is_in_it,
		keys_in_steps_are_all_kept,
		sizes_beyond_any_memory_are_refused,
		value_larger_than_the_arena_is_refused,
		gigabyte_is_a_value,
		gigabyte_is_a_key,
		NULL,
	};
	const support_suite suite = {
		.name = "dict",
		.tests = tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
