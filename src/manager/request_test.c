/* SPDX-License-Identifier: MIT */
#include "manager/request.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const mproci_parser_limits OPEN = {MPROCI_REQUEST_ARGUMENTS, 512 << 20, false};
static const mproci_parser_limits CLOSED = {10, 16 << 10, true};

static mproci_parser parser;
static char buffer[128 << 10];

static void setup(void)
{
	mproci_parser_init(&parser);
}

static void teardown(void)
{
	mproci_parser_free(&parser);
}

static ssize_t read_text(const char *text, const mproci_parser_limits *limits)
{
	size_t size = strlen(text);

	ck_assert_uint_le(size, sizeof buffer);
	memcpy(buffer, text, size);
	return mproci_parser_read(&parser, limits, buffer, size);
}

static void check_argument(size_t index, const char *text)
{
	ck_assert_uint_lt(index, parser.count);
	ck_assert(mproci_view_equal(parser.arguments[index], mproci_view_of(text)));
}

static void check_refused(const char *text, const mproci_parser_limits *limits, const char *error)
{
	mproci_parser_free(&parser);
	ck_assert_int_eq(read_text(text, limits), -EBADMSG);
	ck_assert_str_eq(parser.error, error);
}

START_TEST(array_is_read_where_it_lies)
{
	ck_assert_int_eq(read_text("*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1", &OPEN), 19);
	ck_assert_uint_eq(parser.count, 2);
	check_argument(0, "GET");
	check_argument(1, "");
	ck_assert_ptr_eq(parser.arguments[0].bytes, buffer + 8);
}
END_TEST

START_TEST(request_is_read_byte_by_byte_wherever_it_is_moved)
{
	static const char text[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n";
	const size_t size = sizeof text - 1;

	for (size_t got = 1; got <= size; ++got) {
		char *place = buffer + got % 7 * 100;

		memset(buffer, 'x', 1000);
		memcpy(place, text, got);
		ck_assert_int_eq(
			mproci_parser_read(&parser, &OPEN, place, got), got == size ? (ssize_t)size : 0);
	}
	ck_assert_uint_eq(parser.count, 3);
	check_argument(0, "SET");
	check_argument(2, "a\r\nbc");
}
END_TEST

START_TEST(requests_follow_each_other)
{
	static const char text[] = "*1\r\n$4\r\nPING\r\nECHO x\r\n\r\n*0\r\n*-1\r\n*1\r\n$4\r\nQUIT\r\n";
	const size_t counts[] = {1, 2, 0, 0, 0, 1};
	size_t used = 0;

	memcpy(buffer, text, sizeof text);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
		ssize_t size = mproci_parser_read(&parser, &OPEN, buffer + used, sizeof text - 1 - used);

		ck_assert_int_gt(size, 0);
		ck_assert_uint_eq(parser.count, counts[i]);
		used += (size_t)size;
	}
	check_argument(0, "QUIT");
	ck_assert_uint_eq(used, sizeof text - 1);
}
END_TEST

START_TEST(line_is_split_as_a_shell_does)
{
	ck_assert_int_gt(read_text(" set\tk  \"a b\\x41\\n\\\"\" 'it\\'s' x\"y\" \r\n", &OPEN), 0);
	ck_assert_uint_eq(parser.count, 5);
	check_argument(0, "set");
	check_argument(1, "k");
	check_argument(2, "a bA\n\"");
	check_argument(3, "it's");
	check_argument(4, "xy");
	ck_assert_int_gt(read_text("\"\" ''\n", &OPEN), 0);
	ck_assert_uint_eq(parser.count, 2);
	check_argument(1, "");
}
END_TEST

START_TEST(what_is_no_request_is_refused_in_the_words_of_redis)
{
	check_refused("*x\r\n", &OPEN, "ERR Protocol error: invalid multibulk length");
	check_refused("*\r\n", &OPEN, "ERR Protocol error: invalid multibulk length");
	check_refused("*01\r\n", &OPEN, "ERR Protocol error: invalid multibulk length");
	check_refused("*1048577\r\n", &OPEN, "ERR Protocol error: invalid multibulk length");
	check_refused("*99999999999999999999", &OPEN, "ERR Protocol error: invalid multibulk length");
	check_refused("*1\r\n:1\r\n", &OPEN, "ERR Protocol error: expected '$', got ':'");
	check_refused("*1\r\n$536870913\r\n", &OPEN, "ERR Protocol error: invalid bulk length");
	check_refused("*1\r\n$-1\r\n", &OPEN, "ERR Protocol error: invalid bulk length");
	check_refused("*1\r\n$1\rx", &OPEN, "ERR Protocol error: invalid bulk length");
	check_refused("get \"x\r\n", &OPEN, "ERR Protocol error: unbalanced quotes in request");
	check_refused("get \"x\"y\r\n", &OPEN, "ERR Protocol error: unbalanced quotes in request");
	check_refused("*1\r\n$1\r\nab\r\n", &OPEN, "ERR Protocol error: expected a line end behind a bulk");
}
END_TEST

START_TEST(little_is_taken_of_who_has_not_said_who_it_is)
{
	check_refused("*11\r\n", &CLOSED, "ERR Protocol error: unauthenticated multibulk length");
	check_refused("*1\r\n$16385\r\n", &CLOSED, "ERR Protocol error: unauthenticated bulk length");
	check_refused(
		"a a a a a a a a a a a\r\n", &CLOSED, "ERR Protocol error: too many arguments in a line");
}
END_TEST

START_TEST(line_without_an_end_is_refused)
{
	memset(buffer, 'a', sizeof buffer);
	ck_assert_int_eq(mproci_parser_read(&parser, &OPEN, buffer, MPROCI_REQUEST_LINE), 0);
	ck_assert_int_eq(mproci_parser_read(&parser, &OPEN, buffer, MPROCI_REQUEST_LINE + 1), -EBADMSG);
	ck_assert_str_eq(parser.error, "ERR Protocol error: too big inline request");
}
END_TEST

START_TEST(memory_grows_with_what_comes_and_not_with_what_is_announced)
{
	ck_assert_int_eq(read_text("*1000000\r\n$536870912\r\nabc", &OPEN), 0);
	ck_assert_uint_eq(parser.capacity, MPROCI_PARSER_FEW);
	ck_assert_uint_ge(mproci_parser_needs(&parser), 536870912);
}
END_TEST

START_TEST(many_arguments_are_read_and_their_memory_goes)
{
	enum {
		COUNT = 10000,
	};
	size_t size = (size_t)snprintf(buffer, sizeof buffer, "*%d\r\n", COUNT);

	for (size_t i = 0; i < COUNT; ++i, size += 7)
		memcpy(buffer + size, "$1\r\nx\r\n", 7);
	ck_assert_int_eq(mproci_parser_read(&parser, &OPEN, buffer, size), (ssize_t)size);
	ck_assert_uint_eq(parser.count, COUNT);
	check_argument(COUNT - 1, "x");
	ck_assert_int_gt(read_text("PING\r\n", &OPEN), 0);
	ck_assert_uint_eq(parser.capacity, MPROCI_PARSER_FEW);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		array_is_read_where_it_lies,
		request_is_read_byte_by_byte_wherever_it_is_moved,
		requests_follow_each_other,
		line_is_split_as_a_shell_does,
		what_is_no_request_is_refused_in_the_words_of_redis,
		little_is_taken_of_who_has_not_said_who_it_is,
		line_without_an_end_is_refused,
		memory_grows_with_what_comes_and_not_with_what_is_announced,
		many_arguments_are_read_and_their_memory_goes,
		NULL,
	};
	const support_suite suite = {.name = "request", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
