/* SPDX-License-Identifier: MIT */
#include "sys/number.h"

#include "support.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static void check_print(double number, const char *text)
{
	char printed[MPROCI_NUMBER_SIZE];

	mproci_number_print(number, printed);
	ck_assert_str_eq(printed, text);
}

static void check_back(double number)
{
	char printed[MPROCI_NUMBER_SIZE];
	double back = 0;

	mproci_number_print(number, printed);
	ck_assert(mproci_number_read(printed, strlen(printed), &back));
	ck_assert(memcmp(&number, &back, sizeof number) == 0);
}

START_TEST(a_number_is_printed_with_the_digits_that_it_takes)
{
	check_print(1.5, "1.5");
	check_print(-3, "-3");
	check_print(0.1, "0.10000000000000001");
	check_print(HUGE_VAL, "inf");
	check_print(-HUGE_VAL, "-inf");
}
END_TEST

START_TEST(what_is_printed_is_read_back)
{
	const double numbers[] = {0, -0.0, 0.1, 1e300, -1e-300, 4e-324, 1.7976931348623157e308, 1.0 / 3};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
		check_back(numbers[i]);
	check_back(HUGE_VAL);
	check_back(-HUGE_VAL);
}
END_TEST

START_TEST(a_locale_with_a_comma_changes_nothing)
{
	/* Where no such locale is installed the test shows nothing. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	check_print(1.5, "1.5");
	check_back(2.25);
}
END_TEST

START_TEST(what_is_no_number_is_not_read)
{
	const char *const texts[] = {"", " 1", "1 ", "1,5", "nan", "-nan", "1.5x", "x", "--1",
		"1000000000000000000000000000000000000000000000000000000000000000"};
	double number = 7;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
		ck_assert_msg(!mproci_number_read(texts[i], strlen(texts[i]), &number), "%s", texts[i]);
	ck_assert(!mproci_number_read("1\0", 2, &number));
	ck_assert(!mproci_number_read("\0", 1, &number));
	ck_assert_double_eq(number, 7);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_number_is_printed_with_the_digits_that_it_takes,
		what_is_printed_is_read_back,
		a_locale_with_a_comma_changes_nothing,
		what_is_no_number_is_not_read,
		NULL,
	};

	return support_run("sys/number", tests);
}
