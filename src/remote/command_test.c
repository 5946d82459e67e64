/* SPDX-License-Identifier: MIT */
/*
 * Any command, and what can be done with any name.
 */
#include "remote/remote_fixture.h"

#include <math.h>

START_TEST(command_has_a_reply_of_each_kind)
{
	static const char script[] = "return {1, 'two', {3, {4, false}}, {}, redis.status_reply('fine')}";
	const char *const words[] = {"EVAL", script, "0"};
	mproc_remote_reply *reply;

	open_both(NULL);
	check_ok(mproc_remote_command(remote, 3, words, NULL, soon(), &reply));
	ck_assert_int_eq(reply->kind, MPROC_REMOTE_ARRAY);
	ck_assert_uint_eq(reply->count, 5);
	ck_assert_int_eq(reply->elements[0].kind, MPROC_REMOTE_INTEGER);
	ck_assert_int_eq(reply->elements[0].integer, 1);
	ck_assert_int_eq(reply->elements[1].kind, MPROC_REMOTE_BYTES);
	ck_assert_uint_eq(reply->elements[1].size, 3);
	ck_assert_str_eq(reply->elements[1].text, "two");
	ck_assert_int_eq(reply->elements[2].elements[0].integer, 3);
	ck_assert_int_eq(reply->elements[2].elements[1].elements[0].integer, 4);
	ck_assert_int_eq(reply->elements[2].elements[1].elements[1].kind, MPROC_REMOTE_NOTHING);
	ck_assert_int_eq(reply->elements[3].kind, MPROC_REMOTE_ARRAY);
	ck_assert_uint_eq(reply->elements[3].count, 0);
	ck_assert_int_eq(reply->elements[4].kind, MPROC_REMOTE_STATUS);
	ck_assert_str_eq(reply->elements[4].text, "fine");
	ck_assert_ptr_null(mproc_remote_reply_free(reply));
	ck_assert_ptr_null(mproc_remote_reply_free(NULL));
	close_both();
}
END_TEST

START_TEST(command_with_sizes_is_any_bytes)
{
	const char *const words[] = {"SET", "a\0b", "\0\0"};
	const size_t sizes[] = {3, 3, 2};
	mproc_remote_reply *reply;

	open_both(NULL);
	check_ok(mproc_remote_command(remote, 3, words, sizes, soon(), NULL));
	check_ok(
		mproc_remote_command(remote, 2, (const char *const[]){"GET", "a\0b"}, sizes, soon(), &reply));
	ck_assert_uint_eq(reply->size, 2);
	mproc_remote_reply_free(reply);
	close_both();
}
END_TEST

START_TEST(command_that_fails_says_why)
{
	open_both(NULL);
	check_failed(say("NOSUCH command", NULL), -EPROTO, "NOSUCH: ERR unknown command");
	check_failed(say("LSET name 0 x", NULL), -ENOENT, "no such key");
	check_ok(say("RPUSH name x", NULL));
	check_failed(say("LSET name 7 x", NULL), -ERANGE, "index out of range");
	check_failed(say("INCR name", NULL), -EINVAL, "WRONGTYPE");
	close_both();
}
END_TEST

START_TEST(command_that_would_change_the_connection_is_refused)
{
	static const char *const words[] = {"subscribe x", "MONITOR", "Select 1", "AUTH x", "HELLO 3", "quit",
		"RESET", "CLIENT REPLY OFF", "PSYNC ? -1"};

	open_both(NULL);
	for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
		check_failed(say(words[i], NULL), -EINVAL, "would change the connection");
	check_ok(say("CLIENT GETNAME", NULL));
	close_both();
}
END_TEST

START_TEST(command_that_begins_like_one_that_is_refused_is_none)
{
	/* What is behind its size may be anything, or nothing. */
	const size_t size = 3;
	char *bytes = malloc(size);
	const char *const words[] = {memcpy(bytes, "SEL", size)};

	open_both(NULL);
	check_failed(mproc_remote_command(remote, 1, words, &size, soon(), NULL), -EPROTO, "unknown command");
	close_both();
	free(bytes);
}
END_TEST

START_TEST(transaction_that_is_not_ended_is_refused)
{
	static const char *const multi[] = {"MULTI"}, *const exec[] = {"EXEC"};
	const mproc_remote_command_line lines[] = {{1, multi, NULL}, {1, exec, NULL}, {1, multi, NULL}};

	open_both(NULL);
	check_failed(say("multi", NULL), -EINVAL, "MULTI without EXEC");
	check_failed(mproc_remote_commands(remote, lines, 3, soon(), NULL), -EINVAL, "MULTI without EXEC");
	check_ok(mproc_remote_commands(remote, lines, 2, soon(), NULL));
	set("name", "x");
	check_value("name", "x");
	close_both();
}
END_TEST

START_TEST(command_that_is_none_is_refused)
{
	const char *const hole[] = {"GET", NULL};

	open_both(NULL);
	check_failed(mproc_remote_command(remote, 0, hole, NULL, soon(), NULL), -EINVAL, "0 arguments");
	check_failed(mproc_remote_command(remote, 1, NULL, NULL, soon(), NULL), -EINVAL, "arguments is NULL");
	check_failed(mproc_remote_command(remote, 2, hole, NULL, soon(), NULL), -EINVAL, "argument 1");
	check_failed(mproc_remote_commands(remote, NULL, 1, soon(), NULL), -EINVAL, "no commands");
	close_both();
}
END_TEST

START_TEST(commands_in_one_go_have_their_replies_in_order)
{
	enum {
		COUNT = 100000
	};
	static const char *const words[] = {"INCR", "count"};
	mproc_remote_command_line *lines = calloc(COUNT, sizeof *lines);
	mproc_remote_reply *replies;

	open_both(NULL);
	for (size_t i = 0; i < COUNT; ++i)
		lines[i] = (mproc_remote_command_line){.count = 2, .arguments = words};
	check_ok(mproc_remote_commands(remote, lines, COUNT, soon(), &replies));
	for (size_t i = 0; i < COUNT; ++i)
		ck_assert_int_eq(replies[i].integer, (int64_t)i + 1);
	mproc_remote_reply_free(replies);
	free(lines);
	close_both();
}
END_TEST

START_TEST(commands_in_one_go_may_fail_one_by_one)
{
	static const char *const set_it[] = {"SET", "name", "x"}, *const add[] = {"INCR", "name"},
				 *const get[] = {"GET", "name"};
	const mproc_remote_command_line lines[] = {{3, set_it, NULL}, {2, add, NULL}, {2, get, NULL}};
	mproc_remote_reply *replies;

	open_both(NULL);
	ck_assert_int_eq(mproc_remote_commands(remote, lines, 3, soon(), &replies), MPROC_ITEMS_FAILED);
	support_check_text("INCR: ERR");
	ck_assert_int_eq(replies[0].kind, MPROC_REMOTE_STATUS);
	ck_assert_int_eq(replies[1].kind, MPROC_REMOTE_ERROR);
	ck_assert_str_eq(replies[2].text, "x");
	mproc_remote_reply_free(replies);
	close_both();
}
END_TEST

START_TEST(commands_in_one_go_are_a_transaction_between_multi_and_exec)
{
	static const char *const multi[] = {"MULTI"}, *const add[] = {"INCR", "name"},
				 *const exec[] = {"EXEC"};
	const mproc_remote_command_line lines[] = {
		{1, multi, NULL}, {2, add, NULL}, {2, add, NULL}, {1, exec, NULL}};
	mproc_remote_reply *replies;

	open_both(NULL);
	check_ok(mproc_remote_commands(remote, lines, 4, soon(), &replies));
	ck_assert_uint_eq(replies[3].count, 2);
	ck_assert_int_eq(replies[3].elements[1].integer, 2);
	mproc_remote_reply_free(replies);
	close_both();
}
END_TEST

START_TEST(message_that_nobody_listens_to_is_told_to_nobody)
{
	unsigned count = 77;

	open_both(NULL);
	check_ok(mproc_remote_publish(remote, "channel", "message", 7, soon(), &count));
	ck_assert_uint_eq(count, 0);
	check_failed(
		mproc_remote_publish(remote, "channel", NULL, 7, soon(), NULL), -EINVAL, "message is NULL");
	close_both();
}
END_TEST

START_TEST(name_is_deleted)
{
	open_both(NULL);
	check_failed(mproc_remote_delete(remote, "name", soon()), -ENOENT, "\"name\"");
	set("name", "value");
	ck_assert_int_eq(mproc_remote_exists(remote, "name", soon()), 1);
	check_ok(mproc_remote_delete(remote, "name", soon()));
	ck_assert_int_eq(mproc_remote_exists(remote, "name", soon()), 0);
	close_both();
}
END_TEST

START_TEST(name_expires)
{
	double seconds = 0;

	open_both(NULL);
	check_failed(mproc_remote_expire(remote, "name", 5, soon()), -ENOENT, "\"name\"");
	check_failed(mproc_remote_expire(remote, "name", INFINITY, soon()), -ENOENT, "\"name\"");
	check_failed(mproc_remote_expires_in(remote, "name", soon(), &seconds), -ENOENT, "\"name\"");
	set("name", "value");
	check_ok(mproc_remote_expires_in(remote, "name", soon(), &seconds));
	ck_assert(isinf(seconds));
	check_ok(mproc_remote_expire(remote, "name", 1000, soon()));
	check_ok(mproc_remote_expires_in(remote, "name", soon(), &seconds));
	ck_assert(seconds > 0 && seconds <= 1000);
	check_ok(mproc_remote_expire(remote, "name", INFINITY, soon()));
	check_ok(mproc_remote_expire(remote, "name", INFINITY, soon()));
	check_ok(mproc_remote_expires_in(remote, "name", soon(), &seconds));
	ck_assert(isinf(seconds));
	check_ok(mproc_remote_expire(remote, "name", 0.001, soon()));
	while (mproc_remote_exists(remote, "name", soon()) == 1)
		;
	ck_assert_int_eq(mproc_remote_exists(remote, "name", soon()), 0);
	close_both();
}
END_TEST

START_TEST(name_expires_after_no_time_that_cannot_be)
{
	static const double wrong[] = {0, -1, 1e10, -INFINITY, NAN};

	open_both(NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
		check_failed(mproc_remote_expire(remote, "name", wrong[i], soon()), -EINVAL, "seconds");
	close_both();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		command_with_sizes_is_any_bytes,
		command_that_fails_says_why,
		command_that_would_change_the_connection_is_refused,
		command_that_begins_like_one_that_is_refused_is_none,
		transaction_that_is_not_ended_is_refused,
		command_that_is_none_is_refused,
		commands_in_one_go_have_their_replies_in_order,
		commands_in_one_go_may_fail_one_by_one,
		commands_in_one_go_are_a_transaction_between_multi_and_exec,
		message_that_nobody_listens_to_is_told_to_nobody,
		name_is_deleted,
		name_expires,
		name_expires_after_no_time_that_cannot_be,
		NULL,
	};
	const TTest *redis[] = {
		command_has_a_reply_of_each_kind,
		NULL,
	};

	return support_run("command", server_choose(tests, redis, NULL));
}
