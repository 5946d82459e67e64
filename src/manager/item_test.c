/* SPDX-License-Identifier: MIT */
#include "manager/item.h"
#include "support.h"

#include <math.h>
#include <stdint.h>

static void check_shown(mproc_shown_as as, const void *bytes, size_t size, const char *text)
{
	char room[MPROCI_ITEM_TEXT];
	mproci_view shown = mproci_item_show(as, (mproci_view){bytes, size}, room);

	ck_assert_msg(mproci_view_equal(shown, mproci_view_of(text)), "%.*s instead of %s", (int)shown.size,
		shown.bytes, text);
}

START_TEST(numbers_are_shown_in_digits)
{
	check_shown(MPROC_SHOWN_INT32, &(int32_t){INT32_MIN}, 4, "-2147483648");
	check_shown(MPROC_SHOWN_UINT32, &(uint32_t){UINT32_MAX}, 4, "4294967295");
	check_shown(MPROC_SHOWN_INT64, &(int64_t){INT64_MIN}, 8, "-9223372036854775808");
	check_shown(MPROC_SHOWN_UINT64, &(uint64_t){UINT64_MAX}, 8, "18446744073709551615");
	check_shown(MPROC_SHOWN_DOUBLE, &(double){0.1}, 8, "0.1");
	check_shown(MPROC_SHOWN_DOUBLE, &(double){0.1 + 0.2}, 8, "0.30000000000000004");
	check_shown(MPROC_SHOWN_DOUBLE, &(double){-INFINITY}, 8, "-inf");
	check_shown(MPROC_SHOWN_FLOAT, &(float){0.1F}, 4, "0.1");
	check_shown(MPROC_SHOWN_FLOAT, &(float){16777217.0F}, 4, "16777216");
	check_shown(MPROC_SHOWN_BOOL, "\1", 1, "1");
	check_shown(MPROC_SHOWN_BOOL, "\0", 1, "0");
}
END_TEST

START_TEST(what_is_no_number_of_the_kind_is_shown_as_bytes)
{
	check_shown(MPROC_SHOWN_BYTES, "\1\2", 2, "\1\2");
	check_shown(MPROC_SHOWN_INT64, "odd", 3, "odd");
	check_shown(MPROC_SHOWN_BOOL, "", 0, "");
}
END_TEST

START_TEST(digits_are_read_as_they_were_shown)
{
	static const struct {
		mproc_shown_as as;
		const char *text;
	} cases[] = {
		{MPROC_SHOWN_BYTES, "any thing"},
		{MPROC_SHOWN_INT32, "-2147483648"},
		{MPROC_SHOWN_UINT32, "4294967295"},
		{MPROC_SHOWN_INT64, "-9223372036854775808"},
		{MPROC_SHOWN_UINT64, "18446744073709551615"},
		{MPROC_SHOWN_DOUBLE, "2.2250738585072014e-308"},
		{MPROC_SHOWN_FLOAT, "3.4028235e+38"},
		{MPROC_SHOWN_BOOL, "1"},
	};
	char number[MPROCI_ITEM_NUMBER];
	mproci_view bytes;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
		ck_assert(mproci_item_read(cases[i].as, mproci_view_of(cases[i].text), number, &bytes));
		check_shown(cases[i].as, bytes.bytes, bytes.size, cases[i].text);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_not_read)
{
	static const struct {
		mproc_shown_as as;
		const char *text;
	} cases[] = {
		{MPROC_SHOWN_INT32, "2147483648"},
		{MPROC_SHOWN_INT32, ""},
		{MPROC_SHOWN_UINT32, "-1"},
		{MPROC_SHOWN_INT64, "9223372036854775808"},
		{MPROC_SHOWN_INT64, "1 "},
		{MPROC_SHOWN_INT64, "1.5"},
		{MPROC_SHOWN_UINT64, "18446744073709551616"},
		{MPROC_SHOWN_UINT64, "-1"},
		{MPROC_SHOWN_UINT64, "007"},
		{MPROC_SHOWN_DOUBLE, "nan"},
		{MPROC_SHOWN_FLOAT, "3.5e+38"},
		{MPROC_SHOWN_DOUBLE, "1x"},
		{MPROC_SHOWN_BOOL, "2"},
		{MPROC_SHOWN_BOOL, "true"},
	};
	char number[MPROCI_ITEM_NUMBER];
	mproci_view unused;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
		ck_assert_msg(!mproci_item_read(cases[i].as, mproci_view_of(cases[i].text), number, &unused),
			"%s", cases[i].text);
}
END_TEST

START_TEST(sum_that_does_not_fit_changes_nothing)
{
	uint32_t small = UINT32_MAX;
	int64_t large = INT64_MAX - 1;
	uint64_t natural = 1;
	float fraction = 3e38F;

	ck_assert(!mproci_item_add(MPROC_SHOWN_UINT32, &small, 1));
	ck_assert(mproci_item_add(MPROC_SHOWN_UINT32, &small, -1));
	ck_assert_uint_eq(small, UINT32_MAX - 1);
	ck_assert(mproci_item_add(MPROC_SHOWN_INT64, &large, 1));
	ck_assert(!mproci_item_add(MPROC_SHOWN_INT64, &large, 1));
	ck_assert_int_eq(large, INT64_MAX);
	ck_assert(!mproci_item_add(MPROC_SHOWN_UINT64, &natural, -2));
	ck_assert(mproci_item_add(MPROC_SHOWN_UINT64, &natural, -1));
	ck_assert_uint_eq(natural, 0);
	ck_assert(!mproci_item_add_fraction(MPROC_SHOWN_FLOAT, &fraction, 3e38));
	ck_assert(mproci_item_add_fraction(MPROC_SHOWN_FLOAT, &fraction, -3e38));
	ck_assert(!mproci_item_add_fraction(MPROC_SHOWN_DOUBLE, &(double){1}, INFINITY));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		numbers_are_shown_in_digits,
		what_is_no_number_of_the_kind_is_shown_as_bytes,
		digits_are_read_as_they_were_shown,
		what_does_not_fit_is_not_read,
		sum_that_does_not_fit_changes_nothing,
		NULL,
	};

	return support_run("items", tests);
}
