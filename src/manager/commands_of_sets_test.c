/* SPDX-License-Identifier: MIT */
#include "manager/call_fixture.h"

#include <stdio.h>

static const char WRONG_TYPE[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";
static const char SYNTAX_ERROR[] = "-ERR syntax error";

/* Out of 100 members of three digits each, none is drawn twice. */
static void check_drawn(const char *command, int64_t count)
{
	bool is_drawn[100] = {false};
	const char *word;
	char text[64];

	for (int i = 0; i < 100; ++i) {
		snprintf(text, sizeof text, "SADD s %d", 100 + i);
		ask(text);
	}
	word = ask(command);
	ck_assert_int_eq(strtol(word + 1, NULL, 10), count);
	for (int64_t i = 0; i < count; ++i) {
		long number;

		word = strstr(word, "$3 ") + 3;
		number = strtol(word, NULL, 10) - 100;
		ck_assert(number >= 0 && number < 100 && !is_drawn[number]);
		is_drawn[number] = true;
	}
}

START_TEST(members_are_added_once)
{
	check("SADD s a b a", ":2");
	check("SADD s b c", ":1");
	check("SCARD s", ":3");
	check("SISMEMBER s c", ":1");
	check("SISMEMBER s d", ":0");
	check("SMISMEMBER s a d", "*2 :1 :0");
	check("SMISMEMBER none a d", "*2 :0 :0");
}
END_TEST

START_TEST(removed_members_are_gone)
{
	ask("SADD s a b c");
	check("SREM s a x b", ":2");
	check("SMEMBERS s", "*1 $1 c");
	check("SREM s c", ":1");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("s")));
	check("SREM s c", ":0");
	check("SCARD s", ":0");
}
END_TEST

START_TEST(a_member_goes_from_set_to_set)
{
	ask("SADD from a b");
	check("SMOVE from to a", ":1");
	check("SMOVE from to x", ":0");
	check("SMOVE none to a", ":0");
	check("SMOVE from from b", ":1");
	check("SMOVE from from x", ":0");
	check("SMOVE from to b", ":1");
	check("SCARD to", ":2");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("from")));
}
END_TEST

START_TEST(what_is_in_all_sets_is_their_intersection)
{
	ask("SADD a 1 2 3");
	ask("SADD b 2 3");
	ask("SADD c 3 4");
	check("SINTER a b c", "*1 $1 3");
	check("SINTER a none", "*0");
	check("SINTERSTORE to a b c", ":1");
	check("SMEMBERS to", "*1 $1 3");
	check("SINTERSTORE to a none", ":0");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("to")));
}
END_TEST

START_TEST(what_is_in_any_set_is_their_union)
{
	ask("SADD a 1 2");
	ask("SADD b 2 3");
	check("SUNIONSTORE to a none b", ":3");
	check("SMISMEMBER to 1 2 3", "*3 :1 :1 :1");
	check("SUNION none", "*0");
	check("SUNIONSTORE a a b", ":3");
}
END_TEST

START_TEST(what_is_in_the_first_set_alone_is_their_difference)
{
	ask("SADD a 1 2 3");
	ask("SADD b 2");
	ask("SADD c 3");
	check("SDIFF a b none c", "*1 $1 1");
	check("SDIFF none a", "*0");
	check("SDIFFSTORE to a b", ":2");
	check("SDIFFSTORE to a a", ":0");
}
END_TEST

START_TEST(a_larger_set_is_taken_from_a_smaller_one)
{
	ask("SADD a 1 2 3");
	ask("SADD b 3 4 5 6 7 2");
	check("SDIFF a b", "*1 $1 1");
	check("SDIFF a b a", "*0");
}
END_TEST

START_TEST(a_set_that_is_named_often_counts_once)
{
	ask("SADD a 1");
	ask("SADD b 1 2");
	check("SINTER a b a b a", "*1 $1 1");
	check("SUNION a a none a none", "*1 $1 1");
	check("SDIFF b a a a", "*1 $1 2");
	check("SDIFF b none none b", "*0");
}
END_TEST

START_TEST(a_stored_set_replaces_whatever_there_was)
{
	ask("SADD a 1");
	put_text("to");
	check("SINTERSTORE to a", ":1");
	check("SCARD to", ":1");
}
END_TEST

START_TEST(members_are_popped_until_none_is_left)
{
	ask("SADD s a b c d");
	ck_assert_int_eq(carry_out("SPOP s"), MPROCI_DONE);
	check("SCARD s", ":3");
	ck_assert_int_eq(strncmp(ask("SPOP s 2"), "*2 $1", 5), 0);
	ck_assert_int_eq(strncmp(ask("SPOP s 2"), "*1 $1", 5), 0);
	check("SPOP s 2", "*0");
	check("SPOP s", "$-1");
	check("SPOP s -1", "-ERR value is out of range, must be positive");
	check("SPOP s 1 1", SYNTAX_ERROR);
}
END_TEST

START_TEST(drawn_members_stay)
{
	ask("SADD s a");
	check("SRANDMEMBER s", "$1 a");
	check("SRANDMEMBER s 5", "*1 $1 a");
	check("SRANDMEMBER s -3", "*3 $1 a $1 a $1 a");
	check("SRANDMEMBER s 0", "*0");
	check("SRANDMEMBER none", "$-1");
	check("SRANDMEMBER none 5", "*0");
	check("SRANDMEMBER s 1 1", SYNTAX_ERROR);
	check("SRANDMEMBER s -1048577", "-ERR value is out of range");
	check("SRANDMEMBER s x", "-ERR value is not an integer or out of range");
}
END_TEST

START_TEST(different_members_are_drawn)
{
	check_drawn("SRANDMEMBER s 90", 90);
	check_drawn("SRANDMEMBER s 5", 5);
}
END_TEST

START_TEST(a_scan_shows_all_members)
{
	ask("SADD s a");
	check("SSCAN s 0", "*2 $1 0 *1 $1 a");
	check("SSCAN s 0 MATCH b*", "*2 $1 0 *0");
	check("SSCAN s 0 MATCH a* COUNT 100", "*2 $1 0 *1 $1 a");
	check("SSCAN none 0", "*2 $1 0 *0");
	check("SSCAN s x", "-ERR invalid cursor");
	check("SSCAN s 0 COUNT 0", SYNTAX_ERROR);
}
END_TEST

START_TEST(sets_are_sets_in_the_third_protocol)
{
	ask("SADD s a");
	reply.protocol = 3;
	check("SMEMBERS s", "~1 $1 a");
	check("SUNION s s", "~1 $1 a");
	check("SPOP s 1", "~1 $1 a");
	check("SRANDMEMBER s 1", "*0");
}
END_TEST

START_TEST(what_is_no_set_stays_what_it_is)
{
	put_text("t");
	ask("SADD s a");
	check("SADD t a", WRONG_TYPE);
	check("SREM t a", WRONG_TYPE);
	check("SCARD t", WRONG_TYPE);
	check("SISMEMBER t a", WRONG_TYPE);
	check("SMISMEMBER t a", WRONG_TYPE);
	check("SMEMBERS t", WRONG_TYPE);
	check("SPOP t", WRONG_TYPE);
	check("SPOP t 1", WRONG_TYPE);
	check("SRANDMEMBER t", WRONG_TYPE);
	check("SRANDMEMBER t 1", WRONG_TYPE);
	check("SMOVE t s a", WRONG_TYPE);
	check("SMOVE s t a", WRONG_TYPE);
	check("SINTER s t", WRONG_TYPE);
	check("SUNIONSTORE x s t", WRONG_TYPE);
	check("SSCAN t 0", WRONG_TYPE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		members_are_added_once,
		removed_members_are_gone,
		a_member_goes_from_set_to_set,
		what_is_in_all_sets_is_their_intersection,
		what_is_in_any_set_is_their_union,
		what_is_in_the_first_set_alone_is_their_difference,
		a_larger_set_is_taken_from_a_smaller_one,
		a_set_that_is_named_often_counts_once,
		a_stored_set_replaces_whatever_there_was,
		members_are_popped_until_none_is_left,
		drawn_members_stay,
		different_members_are_drawn,
		a_scan_shows_all_members,
		sets_are_sets_in_the_third_protocol,
		what_is_no_set_stays_what_it_is,
		NULL,
	};
	const support_suite suite = {
		.name = "commands of sets", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_sets;
	return support_run_suite(&suite);
}
