/* SPDX-License-Identifier: MIT */
#include "manager/call_fixture.h"

static const char WRONG_TYPE[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";

START_TEST(what_is_there_is_taken_without_waiting)
{
	ask("RPUSH l a b c d");
	check("BLPOP none l 0", "*2 $1 l $1 a");
	check("BRPOP l none 0", "*2 $1 l $1 d");
	check("BLMOVE l to LEFT RIGHT 0", "$1 b");
	check("BRPOPLPUSH l to 0", "$1 c");
}
END_TEST

START_TEST(the_first_list_with_an_item_is_taken_from)
{
	ask("RPUSH b 1");
	ask("RPUSH c 2");
	check("BLPOP a b c 0", "*2 $1 b $1 1");
	check("BLPOP a b c 0", "*2 $1 c $1 2");
}
END_TEST

START_TEST(who_finds_nothing_waits_for_all_names)
{
	ck_assert_int_eq(carry_out("BLPOP a b 0"), MPROCI_PARKED);
	ck_assert_uint_eq(parked_names, 2);
	ck_assert_int_eq(parked_until, 0);
	ck_assert_uint_eq(reply.end, 0);
}
END_TEST

START_TEST(a_timeout_is_a_time_of_the_clock)
{
	ck_assert_int_eq(carry_out("BRPOP a 1.0005"), MPROCI_PARKED);
	ck_assert_uint_eq(parked_names, 1);
	ck_assert_int_eq(parked_until, FIXTURE_NOW + 1001);
}
END_TEST

START_TEST(a_move_waits_for_the_list_it_takes_from)
{
	ck_assert_int_eq(carry_out("BLMOVE a b LEFT LEFT 2"), MPROCI_PARKED);
	ck_assert_uint_eq(parked_names, 1);
	ck_assert_int_eq(parked_until, FIXTURE_NOW + 2000);
	ck_assert_int_eq(carry_out("BRPOPLPUSH a b 0"), MPROCI_PARKED);
}
END_TEST

START_TEST(who_has_waited_long_enough_gets_nothing)
{
	is_late = true;
	check("BLPOP a 1", "*-1");
	check("BLMOVE a b LEFT LEFT 1", "*-1");
	check("BRPOPLPUSH a b 1", "*-1");
}
END_TEST

START_TEST(who_may_not_wait_gets_nothing_at_once)
{
	is_hasty = true;
	check("BLPOP a 0", "*-1");
	check("BLMOVE a b LEFT LEFT 0", "$-1");
}
END_TEST

START_TEST(what_is_no_timeout_is_refused)
{
	check("BLPOP a x", "-ERR timeout is not a float or out of range");
	check("BLPOP a -1", "-ERR timeout is negative");
	check("BLPOP a 1e16", "-ERR timeout is out of range");
	check("BLMOVE a b LEFT LEFT x", "-ERR timeout is not a float or out of range");
	check("BLMOVE a b UP LEFT x", "-ERR syntax error");
}
END_TEST

START_TEST(what_is_no_list_is_not_waited_for)
{
	put_text("s");
	check("BLPOP a s 0", WRONG_TYPE);
	check("BLMOVE s a LEFT LEFT 0", WRONG_TYPE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_is_there_is_taken_without_waiting,
		the_first_list_with_an_item_is_taken_from,
		who_finds_nothing_waits_for_all_names,
		a_timeout_is_a_time_of_the_clock,
		a_move_waits_for_the_list_it_takes_from,
		who_has_waited_long_enough_gets_nothing,
		who_may_not_wait_gets_nothing_at_once,
		what_is_no_timeout_is_refused,
		what_is_no_list_is_not_waited_for,
		NULL,
	};
	const support_suite suite = {
		.name = "commands of lists blocking", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_lists;
	return support_run_suite(&suite);
}
