/* SPDX-License-Identifier: MIT */
/*
 * What lists are for the rest of the manager; the commands: commands_of_lists_test.c.
 */
#include "manager/call_fixture.h"
#include "manager/lists.h"

#include <errno.h>

static const char LIST[] = "list";

static int push(const char *item)
{
	return mproci_list_push(keyspace, mproci_view_of(LIST), mproci_view_of(item));
}

static int insert(int64_t index, const char *item)
{
	return mproci_list_insert(keyspace, mproci_view_of(LIST), index, mproci_view_of(item));
}

static int pop(int64_t index)
{
	reply.first = reply.end = 0;
	return mproci_list_pop(keyspace, mproci_view_of(LIST), index, &reply);
}

START_TEST(the_first_push_makes_the_list)
{
	ck_assert_int_eq(push("a"), 0);
	ck_assert_int_eq(push("b"), 0);
	check("LRANGE list 0 -1", "*2 $1 a $1 b");
}
END_TEST

START_TEST(an_item_is_inserted_before_the_index)
{
	ck_assert_int_eq(insert(0, "a"), 1);
	ck_assert_int_eq(insert(1, "c"), 1);
	ck_assert_int_eq(insert(-1, "b"), 1);
	ck_assert_int_eq(insert(-3, "0"), 1);
	check("LRANGE list 0 -1", "*4 $1 0 $1 a $1 b $1 c");
}
END_TEST

START_TEST(nothing_is_inserted_where_there_is_no_index)
{
	ck_assert_int_eq(insert(1, "a"), 0);
	ck_assert_int_eq(insert(-1, "a"), 0);
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of(LIST)));
	ck_assert_int_eq(insert(0, "a"), 1);
	ck_assert_int_eq(insert(2, "a"), 0);
	ck_assert_int_eq(insert(-2, "a"), 0);
	ck_assert_int_eq(insert(INT64_MIN, "a"), 0);
	ck_assert_int_eq(insert(INT64_MAX, "a"), 0);
}
END_TEST

START_TEST(the_item_at_an_index_is_taken_out)
{
	check("RPUSH list a b c", ":3");
	ck_assert_int_eq(pop(1), 1);
	ck_assert_int_eq(memcmp(reply.bytes, "$1\r\nb", 5), 0);
	ck_assert_int_eq(pop(-1), 1);
	ck_assert_int_eq(memcmp(reply.bytes, "$1\r\nc", 5), 0);
	ck_assert_int_eq(pop(1), 0);
	ck_assert_int_eq(pop(-2), 0);
	ck_assert_uint_eq(reply.end, 0);
	ck_assert_int_eq(pop(0), 1);
	ck_assert_int_eq(pop(0), 0);
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, mproci_view_of(LIST)));
}
END_TEST

START_TEST(what_is_no_list_is_refused)
{
	put_text(LIST);
	ck_assert_int_eq(push("a"), -EPROTOTYPE);
	ck_assert_int_eq(insert(0, "a"), -EPROTOTYPE);
	ck_assert_int_eq(pop(0), -EPROTOTYPE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_first_push_makes_the_list,
		an_item_is_inserted_before_the_index,
		nothing_is_inserted_where_there_is_no_index,
		the_item_at_an_index_is_taken_out,
		what_is_no_list_is_refused,
		NULL,
	};
	const support_suite suite = {.name = "lists", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_lists;
	return support_run_suite(&suite);
}
