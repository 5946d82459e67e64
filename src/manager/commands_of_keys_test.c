/* SPDX-License-Identifier: MIT */
#include "manager/call_fixture.h"
#include "manager/strings.h"

#include <errno.h>

START_TEST(keys_are_counted_and_deleted)
{
	ask("MSET a 1 b 2");
	check("EXISTS a b a none", ":3");
	check("TOUCH a none", ":1");
	check("DEL a a none", ":1");
	check("UNLINK b", ":1");
	check("EXISTS a b", ":0");
}
END_TEST

START_TEST(type_says_what_a_key_is)
{
	put_text("s");
	ask("HSET h f v");
	check("TYPE s", "+string");
	check("TYPE h", "+hash");
	check("TYPE none", "+none");
}
END_TEST

START_TEST(times_are_set_and_told_in_all_units)
{
	ask("SET a 1");
	check("EXPIRE a 100", ":1");
	check("TTL a", ":100");
	check("PTTL a", ":100000");
	check("PEXPIRE a 1499", ":1");
	check("TTL a", ":1");
	check("PEXPIRE a 1500", ":1");
	check("TTL a", ":2");
	check("EXPIREAT a 2000000000", ":1");
	check("EXPIRETIME a", ":2000000000");
	check("PEXPIREAT a 2000000000500", ":1");
	check("PEXPIRETIME a", ":2000000000500");
	check("EXPIRETIME a", ":2000000001");
	check("PERSIST a", ":1");
	check("PERSIST a", ":0");
	check("TTL a", ":-1");
	check("TTL none", ":-2");
	check("EXPIRE none 10", ":0");
}
END_TEST

START_TEST(keys_go_when_their_time_has_come)
{
	ask("SET a 1 PX 50");
	mproci_keyspace_set_time(keyspace, FIXTURE_NOW + 49, FIXTURE_NOW + 49);
	check("EXISTS a", ":1");
	mproci_keyspace_set_time(keyspace, FIXTURE_NOW + 50, FIXTURE_NOW + 50);
	check("EXISTS a", ":0");
	ask("SET a 1");
	check("EXPIRE a 0", ":1");
	check("EXISTS a", ":0");
	ask("SET a 1");
	check("EXPIREAT a -5", ":1");
	check("EXISTS a", ":0");
}
END_TEST

START_TEST(times_obey_their_conditions)
{
	ask("SET a 1");
	check("EXPIRE a 100 XX", ":0");
	check("EXPIRE a 100 GT", ":0");
	check("EXPIRE a 100 NX", ":1");
	check("EXPIRE a 50 NX", ":0");
	check("EXPIRE a 50 GT", ":0");
	check("EXPIRE a 150 gt", ":1");
	check("EXPIRE a 200 LT", ":0");
	check("EXPIRE a 50 XX LT", ":1");
	check("TTL a", ":50");
	check("EXPIRE a 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible");
	check("EXPIRE a 1 GT LT", "-ERR GT and LT options at the same time are not compatible");
	check("EXPIRE a 1 WORD", "-ERR Unsupported option WORD");
}
END_TEST

START_TEST(times_that_are_none_are_refused)
{
	ask("SET a 1");
	check("EXPIRE a x", "-ERR value is not an integer or out of range");
	check("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command");
	check("EXPIRE a -9223372036854775808", "-ERR invalid expire time in 'expire' command");
	check("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command");
	check("PEXPIREAT a 9223372036854775807", ":1");
	check("PEXPIRETIME a", ":9223372036854775807");
	check("PEXPIRE a -9223372036854775808", ":1");
	check("EXISTS a", ":0");
}
END_TEST

START_TEST(renaming_moves_the_value)
{
	ask("SET a 1 EX 100");
	check("RENAME a b", "+OK");
	check("TTL b", ":100");
	check("RENAME a b", "-ERR no such key");
	check("RENAME b b", "+OK");
	check("RENAMENX b b", ":0");
	ask("HSET h f v");
	check("RENAMENX h b", ":0");
	check("RENAME h b", "+OK");
	check("TYPE b", "+hash");
	check("TTL b", ":-1");
	check("RENAMENX b c", ":1");
	check("RENAMENX none c", "-ERR no such key");
}
END_TEST

START_TEST(keys_are_listed)
{
	check("KEYS *", "*0");
	check("RANDOMKEY", "$-1");
	ask("SET one 1");
	ask("HSET two f v");
	check("KEYS o*", "*1 $3 one");
	check("SCAN 0 MATCH t*", "*2 $1 0 *1 $3 two");
	check("SCAN 0 TYPE string COUNT 100", "*2 $1 0 *1 $3 one");
	check("SCAN 0 COUNT 100 TYPE hash MATCH o*", "*2 $1 0 *0");
	check("SCAN x", "-ERR invalid cursor");
	check("SCAN 0 COUNT 0", "-ERR syntax error");
	check("SCAN 0 TYPE", "-ERR syntax error");
	ask("DEL two");
	check("RANDOMKEY", "$3 one");
}
END_TEST

START_TEST(object_says_what_fits)
{
	ask("SET n 12");
	ask("SET s word");
	check("OBJECT ENCODING n", "$3 int");
	check("OBJECT ENCODING s", "$6 embstr");
	check("OBJECT REFCOUNT s", ":1");
	check("OBJECT IDLETIME s", ":0");
	check("OBJECT ENCODING none", "$-1");
	check("OBJECT WORD", "-ERR unknown subcommand 'WORD'. Try OBJECT HELP.");
	check("OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command");
}
END_TEST

START_TEST(what_belongs_to_the_family_is_not_touched)
{
	static const mproci_type shown = {.name = "string", .is_shown = true};
	static const char *const lines[] = {"DEL a theirs", "UNLINK theirs", "RENAME theirs b",
		"RENAME a theirs", "RENAMENX theirs b", "EXPIRE theirs 10", "PEXPIREAT theirs 1",
		"SET theirs 1", "SETEX theirs 1 1", "MSET a 2 theirs 1", "MSETNX b 1 theirs 1"};

	ask("SET a 1");
	ck_assert_ptr_nonnull(mproci_keyspace_bind(keyspace, mproci_view_of("theirs"), &shown, NULL));
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		check(lines[i], "-ERR this name belongs to the family");
	ck_assert_int_eq(mproci_string_set(keyspace, mproci_view_of("theirs"), mproci_view_of("1")), -EPERM);
	check("EXISTS theirs", ":1");
	check("MGET a theirs b", "*3 $1 1 $-1 $-1");
	check("PERSIST theirs", ":0");
}
END_TEST

int main(void)
{
	static const mproci_command *const others[] = {
		mproci_commands_of_strings, mproci_commands_of_hashes, NULL};
	const TTest *tests[] = {
		keys_are_counted_and_deleted,
		type_says_what_a_key_is,
		times_are_set_and_told_in_all_units,
		keys_go_when_their_time_has_come,
		times_obey_their_conditions,
		times_that_are_none_are_refused,
		renaming_moves_the_value,
		keys_are_listed,
		object_says_what_fits,
		what_belongs_to_the_family_is_not_touched,
		NULL,
	};
	const support_suite suite = {.name = "keys", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_keys;
	fixture_others = others;
	return support_run_suite(&suite);
}
