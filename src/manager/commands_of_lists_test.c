/* SPDX-License-Identifier: MIT */
/*
 * Lists without waiting; with it: commands_of_lists_blocking_test.c.
 */
#include "manager/call_fixture.h"

static const char WRONG_TYPE[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";
static const char NOT_AN_INTEGER[] = "-ERR value is not an integer or out of range";
static const char SYNTAX_ERROR[] = "-ERR syntax error";

START_TEST(items_are_put_at_either_end)
{
	check("RPUSH l b c", ":2");
	check("LPUSH l a 0", ":4");
	check("LRANGE l 0 -1", "*4 $1 0 $1 a $1 b $1 c");
}
END_TEST

START_TEST(a_push_with_x_makes_no_list)
{
	check("LPUSHX l a", ":0");
	check("RPUSHX l a", ":0");
	check("LLEN l", ":0");
	check("RPUSH l a", ":1");
	check("LPUSHX l 0", ":2");
	check("RPUSHX l b c", ":4");
}
END_TEST

START_TEST(items_are_taken_from_either_end)
{
	ask("RPUSH l a b c");
	check("LPOP l", "$1 a");
	check("RPOP l", "$1 c");
	check("RPOP l", "$1 b");
	check("RPOP l", "$-1");
}
END_TEST

START_TEST(several_are_taken_at_once)
{
	ask("RPUSH l a b c d e");
	check("LPOP l 2", "*2 $1 a $1 b");
	check("RPOP l 2", "*2 $1 e $1 d");
	check("LPOP l 0", "*0");
	check("LPOP l 9", "*1 $1 c");
	check("LPOP l 9", "*-1");
	check("LPOP l -1", "-ERR value is out of range, must be positive");
	check("LPOP l x", "-ERR value is out of range, must be positive");
	check("LPOP l 1 1", "-ERR wrong number of arguments for 'lpop' command");
}
END_TEST

START_TEST(an_empty_list_is_none)
{
	ask("RPUSH l a b");
	ask("LPOP l 2");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("l")));
	ask("RPUSH l a");
	check("LREM l 0 a", ":1");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("l")));
	ask("RPUSH l a");
	check("LTRIM l 1 0", "+OK");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("l")));
}
END_TEST

START_TEST(an_item_is_found_at_its_index)
{
	ask("RPUSH l a b c");
	check("LINDEX l 0", "$1 a");
	check("LINDEX l -1", "$1 c");
	check("LINDEX l 3", "$-1");
	check("LINDEX l -4", "$-1");
	check("LINDEX l x", NOT_AN_INTEGER);
	check("LINDEX none x", "$-1");
}
END_TEST

START_TEST(an_item_is_replaced_at_its_index)
{
	ask("RPUSH l a b c");
	check("LSET l 1 B", "+OK");
	check("LSET l -1 C", "+OK");
	check("LRANGE l 0 -1", "*3 $1 a $1 B $1 C");
	check("LSET l 3 x", "-ERR index out of range");
	check("LSET l x x", NOT_AN_INTEGER);
	check("LSET none 0 x", "-ERR no such key");
}
END_TEST

START_TEST(a_range_is_cut_to_what_there_is)
{
	ask("RPUSH l a b c");
	check("LRANGE l 1 1", "*1 $1 b");
	check("LRANGE l -2 -1", "*2 $1 b $1 c");
	check("LRANGE l -100 100", "*3 $1 a $1 b $1 c");
	check("LRANGE l 2 1", "*0");
	check("LRANGE l 3 9", "*0");
	check("LRANGE l -9223372036854775808 9223372036854775807", "*3 $1 a $1 b $1 c");
	check("LRANGE none 0 -1", "*0");
	check("LRANGE l 0 x", NOT_AN_INTEGER);
}
END_TEST

START_TEST(trimming_leaves_the_range)
{
	ask("RPUSH l a b c d e");
	check("LTRIM l 1 -2", "+OK");
	check("LRANGE l 0 -1", "*3 $1 b $1 c $1 d");
	check("LTRIM none 0 1", "+OK");
	check("LTRIM l 1 x", NOT_AN_INTEGER);
}
END_TEST

START_TEST(equal_items_are_removed_from_the_side_that_is_asked_for)
{
	ask("RPUSH l a b a c a");
	check("LREM l 1 a", ":1");
	check("LREM l -1 a", ":1");
	check("LRANGE l 0 -1", "*3 $1 b $1 a $1 c");
	check("LREM l 0 x", ":0");
	check("LREM none 0 x", ":0");
	check("LREM l x x", NOT_AN_INTEGER);
	check("LREM l -9223372036854775808 a", ":1");
}
END_TEST

START_TEST(an_item_is_put_beside_another)
{
	ask("RPUSH l a c");
	check("LINSERT l BEFORE c b", ":3");
	check("LINSERT l after c d", ":4");
	check("LRANGE l 0 -1", "*4 $1 a $1 b $1 c $1 d");
	check("LINSERT l BEFORE x y", ":-1");
	check("LINSERT none BEFORE x y", ":0");
	check("LINSERT l BESIDE x y", SYNTAX_ERROR);
}
END_TEST

START_TEST(positions_of_an_item_are_found)
{
	ask("RPUSH l a b c a b c a");
	check("LPOS l a", ":0");
	check("LPOS l a RANK 2", ":3");
	check("LPOS l a RANK -1", ":6");
	check("LPOS l a COUNT 0", "*3 :0 :3 :6");
	check("LPOS l a COUNT 2 RANK -1", "*2 :6 :3");
	check("LPOS l a COUNT 0 MAXLEN 4", "*2 :0 :3");
	check("LPOS l b RANK -1 MAXLEN 2", "$-1");
	check("LPOS l x", "$-1");
	check("LPOS l x COUNT 1", "*0");
	check("LPOS none x COUNT 1", "*0");
	check("LPOS none x", "$-1");
}
END_TEST

START_TEST(what_is_no_position_is_refused)
{
	ask("RPUSH l a");
	check("LPOS l a COUNT -1", "-ERR COUNT can't be negative");
	check("LPOS l a MAXLEN -1", "-ERR MAXLEN can't be negative");
	check("LPOS l a RANK x", NOT_AN_INTEGER);
	check("LPOS l a RANK", SYNTAX_ERROR);
	check("LPOS l a RANK 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the "
				 "second ... or use negative to start from the end of the list");
}
END_TEST

START_TEST(an_item_goes_from_list_to_list)
{
	ask("RPUSH from a b c");
	check("LMOVE from to LEFT RIGHT", "$1 a");
	check("LMOVE from to RIGHT LEFT", "$1 c");
	check("RPOPLPUSH from to", "$1 b");
	check("LRANGE to 0 -1", "*3 $1 b $1 c $1 a");
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of("from")));
	check("LMOVE from to LEFT LEFT", "$-1");
	check("LMOVE to to LEFT MIDDLE", SYNTAX_ERROR);
}
END_TEST

START_TEST(a_list_is_rotated_by_moving_to_itself)
{
	ask("RPUSH l a b c");
	check("RPOPLPUSH l l", "$1 c");
	check("LRANGE l 0 -1", "*3 $1 c $1 a $1 b");
	ask("LTRIM l 0 0");
	check("RPOPLPUSH l l", "$1 c");
	check("LLEN l", ":1");
}
END_TEST

START_TEST(what_is_no_list_stays_what_it_is)
{
	put_text("s");
	ask("RPUSH l a");
	check("LPUSH s a", WRONG_TYPE);
	check("LPUSHX s a", WRONG_TYPE);
	check("LPOP s", WRONG_TYPE);
	check("LPOP s 1", WRONG_TYPE);
	check("LLEN s", WRONG_TYPE);
	check("LINDEX s 0", WRONG_TYPE);
	check("LSET s 0 a", WRONG_TYPE);
	check("LRANGE s 0 1", WRONG_TYPE);
	check("LTRIM s 0 1", WRONG_TYPE);
	check("LREM s 0 a", WRONG_TYPE);
	check("LINSERT s BEFORE a b", WRONG_TYPE);
	check("LPOS s a", WRONG_TYPE);
	check("LMOVE s l LEFT LEFT", WRONG_TYPE);
	check("LMOVE l s LEFT LEFT", WRONG_TYPE);
	check("LLEN l", ":1");
}
END_TEST

START_TEST(each_change_is_a_new_version)
{
	mproci_view name = mproci_view_of("l");
	uint64_t version;

	ask("RPUSH l a b");
	version = mproci_keyspace_version(keyspace, name);
	ask("LRANGE l 0 -1");
	ask("LREM l 0 x");
	ck_assert_uint_eq(mproci_keyspace_version(keyspace, name), version);
	ask("LSET l 0 c");
	ck_assert_uint_ne(mproci_keyspace_version(keyspace, name), version);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		items_are_put_at_either_end,
		a_push_with_x_makes_no_list,
		items_are_taken_from_either_end,
		several_are_taken_at_once,
		an_empty_list_is_none,
		an_item_is_found_at_its_index,
		an_item_is_replaced_at_its_index,
		a_range_is_cut_to_what_there_is,
		trimming_leaves_the_range,
		equal_items_are_removed_from_the_side_that_is_asked_for,
		an_item_is_put_beside_another,
		positions_of_an_item_are_found,
		what_is_no_position_is_refused,
		an_item_goes_from_list_to_list,
		a_list_is_rotated_by_moving_to_itself,
		what_is_no_list_stays_what_it_is,
		each_change_is_a_new_version,
		NULL,
	};
	const support_suite suite = {
		.name = "commands of lists", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_lists;
	return support_run_suite(&suite);
}
