/* SPDX-License-Identifier: MIT */
#include "base/parse_size.h"

#include "support.h"

#include <errno.h>
#include <stdint.h>

static void check_size(const char *text, size_t expected)
{
	size_t size = 1;

	ck_assert_msg(mproci_parse_size(text, &size) == 0, "\"%s\" is refused", text);
	ck_assert_uint_eq(size, expected);
}

static void check_refused(const char *text, int expected)
{
	size_t size = 1;

	ck_assert_msg(mproci_parse_size(text, &size) == expected, "\"%s\" is not refused so", text);
	ck_assert_uint_eq(size, 1);
}

START_TEST(digits_are_bytes)
{
	check_size("0", 0);
	check_size("1", 1);
	check_size("16777216", 16777216);
	check_size("007", 7);
	check_size("18446744073709551615", SIZE_MAX);
}
END_TEST

START_TEST(letters_are_powers_of_1024)
{
	check_size("1K", 1024);
	check_size("64M", (size_t)64 << 20);
	check_size("1G", (size_t)1 << 30);
	check_size("3T", (size_t)3 << 40);
	check_size("0T", 0);
	check_size("16777215T", (size_t)16777215 << 40);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	static const char *const texts[] = {"", " ", "abc", "M", "12X", "12k", "12MB", "12 M", " 12", "12 ",
		"-1", "+1", "0x10", "1.5G", "1e9", "12\n"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
		check_refused(texts[i], -EINVAL);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	check_refused("18446744073709551616", -ERANGE);
	check_refused("100000000000000000000000000", -ERANGE);
	check_refused("16777216T", -ERANGE);
	check_refused("18014398509481984K", -ERANGE);
	/* Too large, and no number either. */
	check_refused("18446744073709551616X", -EINVAL);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		digits_are_bytes,
		letters_are_powers_of_1024,
		what_is_no_number_is_refused,
		what_does_not_fit_is_refused,
		NULL,
	};

	return support_run("parse_size", tests);
}
