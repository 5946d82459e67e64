/* SPDX-License-Identifier: MIT */
#include "manager/command.h"
#include "support.h"

#include <math.h>

static bool is_integer(const char *text, int64_t number)
{
	int64_t got = 12345;

	return mproci_read_integer(mproci_view_of(text), &got) && got == number;
}

START_TEST(integers_are_read_to_both_ends)
{
	ck_assert(is_integer("0", 0));
	ck_assert(is_integer("-1", -1));
	ck_assert(is_integer("9223372036854775807", INT64_MAX));
	ck_assert(is_integer("-9223372036854775808", INT64_MIN));
}
END_TEST

START_TEST(what_is_no_integer_is_refused)
{
	static const char *const texts[] = {"", "-", "+1", " 1", "1 ", "01", "-0", "1.0", "1e3", "0x1",
		"9223372036854775808", "-9223372036854775809", "99999999999999999999999"};
	int64_t number;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
		ck_assert_msg(!mproci_read_integer(mproci_view_of(texts[i]), &number), "%s", texts[i]);
}
END_TEST

static bool is_double(const char *text, double number)
{
	double got = 12345;

	return mproci_read_double(mproci_view_of(text), &got) && got == number;
}

START_TEST(doubles_are_read)
{
	ck_assert(is_double("0", 0));
	ck_assert(is_double("-0.0", 0));
	ck_assert(is_double("0e5", 0));
	ck_assert(is_double("1.5", 1.5));
	ck_assert(is_double("-1e3", -1000));
	ck_assert(is_double("inf", INFINITY));
	ck_assert(is_double("-Infinity", -INFINITY));
	ck_assert(is_double("1e-300", 1e-300));
}
END_TEST

START_TEST(what_is_no_double_is_refused)
{
	static const char *const texts[] = {"", " 1", "1 ", "nan", "1e400", "-1e400", "1e-400", "x", "1.5x"};
	double number;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
		ck_assert_msg(!mproci_read_double(mproci_view_of(texts[i]), &number), "%s", texts[i]);
	ck_assert(!mproci_read_double((mproci_view){"1\0", 2}, &number));
}
END_TEST

START_TEST(words_are_the_same_in_capitals_or_not)
{
	ck_assert(mproci_is_word(mproci_view_of("gEt"), "GET"));
	ck_assert(mproci_is_word(mproci_view_of("no-evict"), "NO-EVICT"));
	ck_assert(!mproci_is_word(mproci_view_of("GE"), "GET"));
	ck_assert(!mproci_is_word(mproci_view_of("GETS"), "GET"));
	ck_assert(!mproci_is_word((mproci_view){"GET\0", 4}, "GET"));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		integers_are_read_to_both_ends,
		what_is_no_integer_is_refused,
		doubles_are_read,
		what_is_no_double_is_refused,
		words_are_the_same_in_capitals_or_not,
		NULL,
	};

	return support_run("words", tests);
}
