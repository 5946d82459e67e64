/* SPDX-License-Identifier: MIT */
#include "trace/json.h"

#include "support.h"

#include <string.h>

static char text[512];

static const char *string(const char *from, size_t limit)
{
	char *end = mproci_json_string(text, from, limit);

	ck_assert_uint_le((size_t)(end - text), 2 + limit * MPROCI_JSON_BYTE);
	*end = '\0';
	return text;
}

static const char *number(uint64_t from)
{
	*mproci_json_number(text, from) = '\0';
	return text;
}

static const char *microseconds(int64_t from)
{
	*mproci_json_microseconds(text, from) = '\0';
	return text;
}

START_TEST(string_has_quotes)
{
	ck_assert_str_eq(string("abc", 10), "\"abc\"");
	ck_assert_str_eq(string("", 10), "\"\"");
}
END_TEST

START_TEST(string_is_cut_at_the_limit)
{
	ck_assert_str_eq(string("abcdef", 3), "\"abc\"");
	ck_assert_str_eq(string("abcdef", 0), "\"\"");
}
END_TEST

START_TEST(quotes_backslashes_and_controls_are_escaped)
{
	ck_assert_str_eq(string("a\"b\\c\n\x1f\x7f", 10), "\"a\\\"b\\\\c\\u000a\\u001f\\u007f\"");
}
END_TEST

START_TEST(characters_of_utf8_stay)
{
	ck_assert_str_eq(string("é€😀퟿", 20), "\"é€😀퟿\"");
}
END_TEST

START_TEST(what_is_no_utf8_becomes_question_marks)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"\xff", "\"?\""},
		{"\x80z", "\"?z\""},
		{"\xc3", "\"?\""},
		{"\xc3z", "\"?z\""},
		{"\xc0\x80", "\"??\""},
		{"\xe0\x80\x80", "\"???\""},
		{"\xed\xa0\x80", "\"???\""},
		{"\xf0\x80\x80\x80", "\"????\""},
		{"\xf4\x90\x80\x80", "\"????\""},
		{"\xf5\x80\x80\x80", "\"????\""},
		{"\xe2\x82z", "\"??z\""},
		{"\xf0\x9f\x98z", "\"???z\""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
		ck_assert_str_eq(string(cases[i].from, 20), cases[i].to);
}
END_TEST

START_TEST(character_that_the_limit_cuts_becomes_question_marks)
{
	ck_assert_str_eq(string("é", 1), "\"?\"");
	ck_assert_str_eq(string("a€", 3), "\"a??\"");
	ck_assert_str_eq(string("a€", 4), "\"a€\"");
}
END_TEST

START_TEST(numbers_are_decimal)
{
	ck_assert_str_eq(number(0), "0");
	ck_assert_str_eq(number(10), "10");
	ck_assert_str_eq(number(UINT64_MAX), "18446744073709551615");
}
END_TEST

START_TEST(microseconds_have_three_digits_behind_the_point)
{
	ck_assert_str_eq(microseconds(0), "0.000");
	ck_assert_str_eq(microseconds(1), "0.001");
	ck_assert_str_eq(microseconds(1234567), "1234.567");
	ck_assert_str_eq(microseconds(1050), "1.050");
	ck_assert_str_eq(microseconds(-1), "0.000");
	ck_assert_str_eq(microseconds(INT64_MAX), "9223372036854775.807");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		string_has_quotes,
		string_is_cut_at_the_limit,
		quotes_backslashes_and_controls_are_escaped,
		characters_of_utf8_stay,
		what_is_no_utf8_becomes_question_marks,
		character_that_the_limit_cuts_becomes_question_marks,
		numbers_are_decimal,
		microseconds_have_three_digits_behind_the_point,
		NULL,
	};

	return support_run("json", tests);
}
