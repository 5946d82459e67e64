/* SPDX-License-Identifier: MIT */
#include "manager/call_fixture.h"

static const char WRONG_TYPE[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";
static const char SYNTAX_ERROR[] = "-ERR syntax error";

START_TEST(members_have_the_score_they_got_last)
{
	check("ZADD z 1 a 2 b", ":2");
	check("ZADD z 3 a 4 c", ":1");
	check("ZSCORE z a", "$1 3");
	check("ZSCORE z x", "$-1");
	check("ZSCORE none x", "$-1");
	check("ZMSCORE z a x c", "*3 $1 3 $-1 $1 4");
	check("ZCARD z", ":3");
	check("ZRANGE z 0 -1 WITHSCORES", "*6 $1 b $1 2 $1 a $1 3 $1 c $1 4");
}
END_TEST

START_TEST(terms_say_what_may_change)
{
	check("ZADD z XX 1 a", ":0");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("z")));
	check("ZADD z NX 5 a", ":1");
	check("ZADD z NX CH 6 a", ":0");
	check("ZADD z GT CH 4 a", ":0");
	check("ZADD z GT CH 6 a 1 b", ":2");
	check("ZADD z LT CH 7 a 0 b", ":1");
	check("ZADD z XX CH 7 a 0 c", ":1");
	check("ZRANGE z 0 -1 WITHSCORES", "*4 $1 b $1 0 $1 a $1 7");
}
END_TEST

START_TEST(terms_that_contradict_each_other_are_refused)
{
	check("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible");
	check("ZADD z GT NX 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible");
	check("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible");
	check("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair");
	check("ZADD z NX 1", SYNTAX_ERROR);
	check("ZADD z 1 a x b", "-ERR value is not a valid float");
	check("ZADD z nan a", "-ERR value is not a valid float");
	check("ZCARD z", ":0");
}
END_TEST

START_TEST(scores_are_added_to)
{
	check("ZINCRBY z 1.5 a", "$3 1.5");
	check("ZINCRBY z 2 a", "$3 3.5");
	check("ZADD z INCR 1 a", "$3 4.5");
	check("ZADD z NX INCR 1 a", "$-1");
	check("ZADD z GT INCR -1 a", "$-1");
	check("ZINCRBY z inf a", "$3 inf");
	check("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)");
	check("ZINCRBY z x a", "-ERR value is not a valid float");
}
END_TEST

START_TEST(removed_members_are_gone)
{
	ask("ZADD z 1 a 2 b 3 c");
	check("ZREM z a x c", ":2");
	check("ZRANGE z 0 -1", "*1 $1 b");
	check("ZREM z b", ":1");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("z")));
	check("ZREM z b", ":0");
}
END_TEST

START_TEST(ranks_count_from_either_end)
{
	ask("ZADD z 1 a 2 b 3 c");
	check("ZRANK z a", ":0");
	check("ZRANK z c", ":2");
	check("ZREVRANK z a", ":2");
	check("ZRANK z x", "$-1");
	check("ZREVRANK none x", "$-1");
}
END_TEST

START_TEST(a_range_of_ranks_is_cut_to_what_there_is)
{
	ask("ZADD z 1 a 2 b 3 c");
	check("ZRANGE z 1 9", "*2 $1 b $1 c");
	check("ZRANGE z -2 -2", "*1 $1 b");
	check("ZRANGE z 2 1", "*0");
	check("ZRANGE z 0 0 REV", "*1 $1 c");
	check("ZREVRANGE z 0 1 WITHSCORES", "*4 $1 c $1 3 $1 b $1 2");
	check("ZRANGE none 0 -1", "*0");
	check("ZRANGE z 0 x", "-ERR value is not an integer or out of range");
}
END_TEST

START_TEST(a_range_of_scores_has_open_or_closed_ends)
{
	ask("ZADD z 1 a 2 b 2 c 3 d");
	check("ZRANGEBYSCORE z 2 3", "*3 $1 b $1 c $1 d");
	check("ZRANGEBYSCORE z (2 +inf", "*1 $1 d");
	check("ZRANGE z -inf (2 BYSCORE", "*1 $1 a");
	check("ZRANGE z (3 1 BYSCORE REV", "*3 $1 c $1 b $1 a");
	check("ZREVRANGEBYSCORE z 2 1 WITHSCORES", "*6 $1 c $1 2 $1 b $1 2 $1 a $1 1");
	check("ZCOUNT z 2 2", ":2");
	check("ZCOUNT z (2 (2", ":0");
	check("ZCOUNT z 3 1", ":0");
	check("ZCOUNT none 1 3", ":0");
	check("ZCOUNT z x 1", "-ERR min or max is not a float");
	check("ZRANGEBYSCORE z 1 ((2", "-ERR min or max is not a float");
}
END_TEST

START_TEST(a_limit_takes_a_part_of_the_range)
{
	ask("ZADD z 1 a 2 b 3 c 4 d");
	check("ZRANGEBYSCORE z 1 4 LIMIT 1 2", "*2 $1 b $1 c");
	check("ZREVRANGEBYSCORE z 4 1 LIMIT 1 2", "*2 $1 c $1 b");
	check("ZRANGEBYSCORE z 1 4 LIMIT 2 -1", "*2 $1 c $1 d");
	check("ZRANGEBYSCORE z 1 4 LIMIT 4 1", "*0");
	check("ZRANGEBYSCORE z 1 4 LIMIT -1 1", "*0");
	check("ZRANGEBYSCORE z 1 4 LIMIT 0 0", "*0");
}
END_TEST

START_TEST(a_range_of_names_is_in_the_order_of_bytes)
{
	ask("ZADD z 0 a 0 ab 0 b 0 c");
	check("ZRANGEBYLEX z - +", "*4 $1 a $2 ab $1 b $1 c");
	check("ZRANGEBYLEX z (a [b", "*2 $2 ab $1 b");
	check("ZRANGE z [b - BYLEX REV LIMIT 1 1", "*1 $2 ab");
	check("ZREVRANGEBYLEX z + (b", "*1 $1 c");
	check("ZLEXCOUNT z - (c", ":3");
	check("ZREMRANGEBYLEX z [a (b", ":2");
	check("ZLEXCOUNT z a b", "-ERR min or max not valid string range item");
}
END_TEST

START_TEST(options_that_do_not_fit_are_refused)
{
	check("ZRANGE z 0 1 LIMIT 0 1",
		"-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
	check("ZRANGE z - + BYLEX WITHSCORES",
		"-ERR syntax error, WITHSCORES not supported in combination with BYLEX");
	check("ZRANGE z 0 1 LIMIT 0", SYNTAX_ERROR);
	check("ZREVRANGE z 0 1 REV", SYNTAX_ERROR);
	check("ZRANGEBYSCORE z 0 1 BYLEX", SYNTAX_ERROR);
}
END_TEST

START_TEST(ranges_are_removed)
{
	ask("ZADD z 1 a 2 b 3 c 4 d 5 e");
	check("ZREMRANGEBYRANK z 0 0", ":1");
	check("ZREMRANGEBYRANK z 9 10", ":0");
	check("ZREMRANGEBYSCORE z (2 4", ":2");
	check("ZRANGE z 0 -1", "*2 $1 b $1 e");
	check("ZREMRANGEBYSCORE z -inf +inf", ":2");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("z")));
	check("ZREMRANGEBYRANK z 0 -1", ":0");
}
END_TEST

START_TEST(the_lowest_and_the_highest_are_popped)
{
	ask("ZADD z 1 a 2 b 3 c 4 d");
	check("ZPOPMIN z", "*2 $1 a $1 1");
	check("ZPOPMAX z 2", "*4 $1 d $1 4 $1 c $1 3");
	check("ZPOPMAX z 9", "*2 $1 b $1 2");
	check("ZPOPMIN z", "*0");
	check("ZPOPMIN z 9", "*0");
	check("ZPOPMIN z -1", "-ERR value is out of range, must be positive");
	check("ZPOPMIN z 1 1", SYNTAX_ERROR);
}
END_TEST

START_TEST(who_finds_nothing_to_pop_waits)
{
	ask("ZADD z 1 a 2 b");
	check("BZPOPMIN none z 0", "*3 $1 z $1 a $1 1");
	check("BZPOPMAX z 0", "*3 $1 z $1 b $1 2");
	ck_assert_int_eq(carry_out("BZPOPMIN y z 2"), MPROCI_PARKED);
	ck_assert_uint_eq(parked_names, 2);
	ck_assert_int_eq(parked_until, FIXTURE_NOW + 2000);
	is_late = true;
	check("BZPOPMAX y z 2", "*-1");
}
END_TEST

START_TEST(drawn_members_stay)
{
	ask("ZADD z 1 a");
	check("ZRANDMEMBER z", "$1 a");
	check("ZRANDMEMBER z 2 WITHSCORES", "*2 $1 a $1 1");
	check("ZRANDMEMBER z -2", "*2 $1 a $1 a");
	check("ZRANDMEMBER none", "$-1");
	check("ZRANDMEMBER none 2", "*0");
	check("ZRANDMEMBER z 1 x", SYNTAX_ERROR);
	check("ZRANDMEMBER z 1 WITHSCORES x", SYNTAX_ERROR);
	check("ZRANDMEMBER z 9223372036854775807 WITHSCORES", "-ERR value is out of range");
}
END_TEST

START_TEST(a_scan_shows_members_with_scores)
{
	ask("ZADD z 0.5 a");
	check("ZSCAN z 0", "*2 $1 0 *2 $1 a $3 0.5");
	check("ZSCAN none 0", "*2 $1 0 *0");
}
END_TEST

START_TEST(scores_are_numbers_in_the_third_protocol)
{
	ask("ZADD z 1 a 2 b");
	reply.protocol = 3;
	check("ZSCORE z a", ",1");
	check("ZRANGE z 0 0 WITHSCORES", "*1 *2 $1 a ,1");
	check("ZPOPMIN z", "*2 $1 a ,1");
	check("ZPOPMIN z 1", "*1 *2 $1 b ,2");
	check("ZSCORE z a", "_");
}
END_TEST

START_TEST(what_is_no_sorted_set_stays_what_it_is)
{
	put_text("s");
	check("ZADD s 1 a", WRONG_TYPE);
	check("ZADD s XX 1 a", WRONG_TYPE);
	check("ZINCRBY s 1 a", WRONG_TYPE);
	check("ZREM s a", WRONG_TYPE);
	check("ZCARD s", WRONG_TYPE);
	check("ZSCORE s a", WRONG_TYPE);
	check("ZMSCORE s a", WRONG_TYPE);
	check("ZRANK s a", WRONG_TYPE);
	check("ZRANGE s 0 1", WRONG_TYPE);
	check("ZCOUNT s 0 1", WRONG_TYPE);
	check("ZREMRANGEBYRANK s 0 1", WRONG_TYPE);
	check("ZPOPMIN s", WRONG_TYPE);
	check("BZPOPMIN s 0", WRONG_TYPE);
	check("ZRANDMEMBER s", WRONG_TYPE);
	check("ZRANDMEMBER s 1", WRONG_TYPE);
	check("ZSCAN s 0", WRONG_TYPE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		members_have_the_score_they_got_last,
		terms_say_what_may_change,
		terms_that_contradict_each_other_are_refused,
		scores_are_added_to,
		removed_members_are_gone,
		ranks_count_from_either_end,
		a_range_of_ranks_is_cut_to_what_there_is,
		a_range_of_scores_has_open_or_closed_ends,
		a_limit_takes_a_part_of_the_range,
		a_range_of_names_is_in_the_order_of_bytes,
		options_that_do_not_fit_are_refused,
		ranges_are_removed,
		the_lowest_and_the_highest_are_popped,
		who_finds_nothing_to_pop_waits,
		drawn_members_stay,
		a_scan_shows_members_with_scores,
		scores_are_numbers_in_the_third_protocol,
		what_is_no_sorted_set_stays_what_it_is,
		NULL,
	};
	const support_suite suite = {
		.name = "commands of sorted", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_sorted;
	return support_run_suite(&suite);
}
