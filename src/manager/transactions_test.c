/* SPDX-License-Identifier: MIT */
#include "manager/client_fixture.h"

START_TEST(exec_carries_out_what_was_asked_for_since_multi)
{
	ck_assert_str_eq(client_ask(one, "MULTI"), "+OK\r\n");
	ck_assert_str_eq(client_ask(one, "SET a 1"), "+QUEUED\r\n");
	ck_assert_str_eq(client_ask(one, "INCR a"), "+QUEUED\r\n");
	ck_assert_str_eq(client_ask(one, "LPUSH a x"), "+QUEUED\r\n");
	ck_assert_str_eq(client_ask(other, "GET a"), "$-1\r\n");

	ck_assert_str_eq(client_ask(one, "EXEC"),
		"*3\r\n+OK\r\n:2\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");

	ck_assert_str_eq(client_ask(other, "GET a"), "$1\r\n2\r\n");
	ck_assert(!mproci_transaction_is_open(one));
	ck_assert_str_eq(client_ask(one, "EXEC"), "-ERR EXEC without MULTI\r\n");
}
END_TEST

START_TEST(discard_forgets_what_was_asked_for)
{
	client_ask(one, "MULTI");
	client_ask(one, "SET a 1");
	ck_assert_str_eq(client_ask(one, "DISCARD"), "+OK\r\n");
	ck_assert_str_eq(client_ask(one, "GET a"), "$-1\r\n");
	ck_assert_str_eq(client_ask(one, "DISCARD"), "-ERR DISCARD without MULTI\r\n");
}
END_TEST

START_TEST(multi_does_not_nest)
{
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_ask(one, "MULTI"), "-ERR MULTI calls can not be nested\r\n");
	ck_assert_str_eq(client_ask(one, "WATCH a"), "-ERR WATCH inside MULTI is not allowed\r\n");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*0\r\n");
}
END_TEST

START_TEST(exec_refuses_all_when_one_was_refused)
{
	client_ask(one, "MULTI");
	client_ask(one, "SET a 1");
	mproci_transaction_spoil(one);
	ck_assert_str_eq(
		client_ask(one, "EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
	ck_assert_str_eq(client_ask(one, "GET a"), "$-1\r\n");
	mproci_transaction_spoil(one);
	ck_assert_str_eq(client_ask(one, "MULTI"), "+OK\r\n");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*0\r\n");
}
END_TEST

START_TEST(exec_does_nothing_when_what_is_watched_has_changed)
{
	client_ask(one, "WATCH a b");
	client_ask(other, "SET b 1");
	client_ask(one, "MULTI");
	client_ask(one, "SET a 1");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*-1\r\n");
	ck_assert_str_eq(client_ask(one, "GET a"), "$-1\r\n");
}
END_TEST

START_TEST(exec_goes_on_when_nothing_that_is_watched_has_changed)
{
	client_ask(other, "SET b 1");
	client_ask(one, "WATCH a b");
	client_ask(other, "SET c 1");
	client_ask(one, "MULTI");
	client_ask(one, "GET b");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*1\r\n$1\r\n1\r\n");
}
END_TEST

START_TEST(a_key_that_expires_has_changed)
{
	client_ask(one, "SET a 1 PX 10");
	client_ask(one, "WATCH a");
	fixture_advance(11);
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*-1\r\n");
}
END_TEST

START_TEST(nothing_is_watched_after_unwatch_and_exec)
{
	client_ask(one, "WATCH a");
	client_ask(one, "UNWATCH");
	client_ask(other, "SET a 1");
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*0\r\n");

	client_ask(one, "WATCH a");
	client_ask(one, "MULTI");
	client_ask(one, "EXEC");
	client_ask(other, "SET a 2");
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*0\r\n");
}
END_TEST

START_TEST(unwatch_inside_of_a_transaction_comes_too_late)
{
	client_ask(one, "WATCH a");
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_ask(one, "UNWATCH"), "+QUEUED\r\n");
	client_ask(other, "SET a 1");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*-1\r\n");
}
END_TEST

START_TEST(blocking_commands_do_not_wait_inside_of_a_transaction)
{
	client_ask(one, "MULTI");
	client_ask(one, "BLPOP a 0");
	ck_assert_str_eq(client_ask(one, "EXEC"), "*1\r\n*-1\r\n");
}
END_TEST

START_TEST(a_transaction_is_bounded)
{
	client_ask(one, "MULTI");
	for (int i = 0; i < MPROCI_TRANSACTION_MOST_COMMANDS; ++i)
		ck_assert_str_eq(client_ask(one, "SET a 1"), "+QUEUED\r\n");
	ck_assert_str_eq(client_ask(one, "SET a 1"),
		"-ERR a transaction has at most 100000 commands of 67108864 bytes in all\r\n");
	ck_assert_str_eq(
		client_ask(one, "EXEC"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
}
END_TEST

START_TEST(a_transaction_has_bounded_memory)
{
	size_t size = MPROCI_TRANSACTION_MOST_BYTES / 2;
	char *value = calloc(1, size);
	mproci_view arguments[] = {mproci_view_of("SET"), mproci_view_of("a"), {value, size}};

	ck_assert_ptr_nonnull(value);
	client_ask(one, "MULTI");
	ck_assert_str_eq(client_call(one, arguments, 3), "+QUEUED\r\n");
	ck_assert_str_eq(client_call(one, arguments, 3),
		"-ERR a transaction has at most 100000 commands of 67108864 bytes in all\r\n");
	client_ask(one, "DISCARD");
	free(value);
}
END_TEST

START_TEST(what_is_watched_is_bounded)
{
	for (int i = 0; i < MPROCI_TRANSACTION_MOST_WATCHED; ++i)
		ck_assert_str_eq(client_ask(one, "WATCH %d", i), "+OK\r\n");
	ck_assert_str_eq(client_ask(one, "WATCH more"),
		"-ERR a client watches at most 10000 keys of 67108864 bytes in all\r\n");
}
END_TEST

START_TEST(who_hangs_up_leaves_nothing)
{
	mproci_session *third = client_new();

	client_ask(third, "WATCH a");
	client_ask(third, "MULTI");
	client_ask(third, "SET a 1");
	client_end(third);
	ck_assert_str_eq(client_ask(one, "GET a"), "$-1\r\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		exec_carries_out_what_was_asked_for_since_multi,
		discard_forgets_what_was_asked_for,
		multi_does_not_nest,
		exec_refuses_all_when_one_was_refused,
		exec_does_nothing_when_what_is_watched_has_changed,
		exec_goes_on_when_nothing_that_is_watched_has_changed,
		a_key_that_expires_has_changed,
		nothing_is_watched_after_unwatch_and_exec,
		unwatch_inside_of_a_transaction_comes_too_late,
		blocking_commands_do_not_wait_inside_of_a_transaction,
		a_transaction_is_bounded,
		a_transaction_has_bounded_memory,
		what_is_watched_is_bounded,
		who_hangs_up_leaves_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "transactions", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
