/* SPDX-License-Identifier: MIT */
#include "manager/reply.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>

static mproci_reply reply;

static void setup(void)
{
	reply = (mproci_reply){.protocol = 2};
}

static void teardown(void)
{
	mproci_reply_free(&reply);
}

/* What was written since the last time. */
static void check_written(const char *text)
{
	mproci_view written = {reply.bytes + reply.first, reply.end - reply.first};

	ck_assert_msg(
		mproci_view_equal(written, mproci_view_of(text)), "%.*s", (int)written.size, written.bytes);
	reply.first = reply.end = 0;
}

START_TEST(simple_replies_are_the_same_in_both_protocols)
{
	for (reply.protocol = 2; reply.protocol <= 3; ++reply.protocol) {
		mproci_reply_ok(&reply);
		check_written("+OK\r\n");
		mproci_reply_status(&reply, "PONG");
		check_written("+PONG\r\n");
		mproci_reply_bulk(&reply, (mproci_view){"a\0b", 3});
		ck_assert_int_eq(memcmp(reply.bytes, "$3\r\na\0b\r\n", 9), 0);
		reply.end = 0;
		mproci_reply_text(&reply, "");
		check_written("$0\r\n\r\n");
		mproci_reply_array(&reply, 12);
		check_written("*12\r\n");
	}
}
END_TEST

START_TEST(integers_are_written_to_both_ends)
{
	mproci_reply_integer(&reply, 0);
	mproci_reply_integer(&reply, INT64_MAX);
	mproci_reply_integer(&reply, INT64_MIN);
	check_written(":0\r\n:9223372036854775807\r\n:-9223372036854775808\r\n");
}
END_TEST

START_TEST(error_is_one_line)
{
	mproci_reply_error(&reply, "ERR %s", "a\r\nb");
	check_written("-ERR a  b\r\n");
	mproci_reply_wrong_type(&reply);
	check_written("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
	mproci_reply_syntax_error(&reply);
	check_written("-ERR syntax error\r\n");
}
END_TEST

START_TEST(what_resp2_lacks_is_written_as_what_it_has)
{
	mproci_reply_null(&reply);
	mproci_reply_null_array(&reply);
	mproci_reply_map(&reply, 2);
	mproci_reply_set(&reply, 2);
	mproci_reply_push(&reply, 2);
	mproci_reply_double(&reply, 1.5);
	check_written("$-1\r\n*-1\r\n*4\r\n*2\r\n*2\r\n$3\r\n1.5\r\n");
	reply.protocol = 3;
	mproci_reply_null(&reply);
	mproci_reply_null_array(&reply);
	mproci_reply_map(&reply, 2);
	mproci_reply_set(&reply, 2);
	mproci_reply_push(&reply, 2);
	mproci_reply_double(&reply, -INFINITY);
	check_written("_\r\n_\r\n%2\r\n~2\r\n>2\r\n,-inf\r\n");
}
END_TEST

START_TEST(bytes_are_kept_while_it_grows_and_goes)
{
	char piece[100];
	size_t taken = 0, given = 0;

	for (size_t round = 0; round < 20000; ++round) {
		memset(piece, (int)('a' + given++ % 26), sizeof piece);
		mproci_reply_bulk(&reply, (mproci_view){piece, sizeof piece});
		while (round % 3 == 0 && reply.end - reply.first > 300) {
			ck_assert_int_eq(reply.bytes[reply.first + 10], (int)('a' + taken++ % 26));
			reply.first += 108;
		}
	}
	ck_assert(!reply.has_failed);
	ck_assert_uint_lt(reply.capacity, 8192);
}
END_TEST

START_TEST(more_than_is_allowed_is_remembered)
{
	mproci_reply_bulk(&reply, (mproci_view){"", ((size_t)1 << 30) + 1});
	ck_assert(reply.has_failed);
	mproci_reply_ok(&reply);
	ck_assert_uint_eq(reply.end, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		simple_replies_are_the_same_in_both_protocols,
		integers_are_written_to_both_ends,
		error_is_one_line,
		what_resp2_lacks_is_written_as_what_it_has,
		bytes_are_kept_while_it_grows_and_goes,
		more_than_is_allowed_is_remembered,
		NULL,
	};
	const support_suite suite = {.name = "reply", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
