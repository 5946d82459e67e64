/* SPDX-License-Identifier: MIT */
#include "manager/hashes.h"

#include "manager/call_fixture.h"

#include <errno.h>
#include <stdio.h>

START_TEST(fields_are_set_and_read)
{
	check("HSET h a 1 b 2", ":2");
	check("HSET h a 3 c 4", ":1");
	check("HGET h a", "$1 3");
	check("HGET h none", "$-1");
	check("HGET none a", "$-1");
	check("HMGET h a none c", "*3 $1 3 $-1 $1 4");
	check("HMGET none a b", "*2 $-1 $-1");
	check("HLEN h", ":3");
	check("HEXISTS h a", ":1");
	check("HEXISTS h none", ":0");
	check("HSTRLEN h a", ":1");
	check("HMSET h d 5", "+OK");
	check("HSETNX h d 6", ":0");
	check("HSETNX h e ''", ":1");
	check("HGET h e", "$0 ");
}
END_TEST

START_TEST(pairs_must_be_whole)
{
	check("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command");
	check("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command");
	check("EXISTS h", ":0");
}
END_TEST

START_TEST(a_hash_goes_with_its_last_field)
{
	ask("HSET h a 1 b 2");
	check("HDEL h a a none", ":1");
	check("EXISTS h", ":1");
	check("HDEL h b b", ":1");
	check("EXISTS h", ":0");
	check("HDEL h b", ":0");
}
END_TEST

START_TEST(all_of_a_hash_is_read_at_once)
{
	ask("HSET h a 1");
	check("HGETALL h", "*2 $1 a $1 1");
	check("HKEYS h", "*1 $1 a");
	check("HVALS h", "*1 $1 1");
	check("HGETALL none", "*0");
	reply.protocol = 3;
	check("HGETALL h", "%1 $1 a $1 1");
	check("HGETALL none", "%0");
}
END_TEST

START_TEST(numbers_in_fields_are_counted)
{
	check("HINCRBY h n 5", ":5");
	check("HINCRBY h n -7", ":-2");
	check("HINCRBY h n x", "-ERR value is not an integer or out of range");
	check("HINCRBY h n -9223372036854775807", "-ERR increment or decrement would overflow");
	check("HINCRBYFLOAT h n 0.5", "$4 -1.5");
	check("HINCRBY h n 1", "-ERR hash value is not an integer");
	check("HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity");
	ask("HSET h n word");
	check("HINCRBYFLOAT h n 1", "-ERR hash value is not a float");
}
END_TEST

START_TEST(what_is_no_hash_is_refused)
{
	static const char *const lines[] = {"HGET s f", "HSET s f v", "HMSET s f v", "HSETNX s f v",
		"HMGET s f", "HDEL s f", "HLEN s", "HEXISTS s f", "HGETALL s", "HKEYS s", "HVALS s",
		"HINCRBY s f 1", "HINCRBYFLOAT s f 1", "HSTRLEN s f", "HSCAN s 0", "HRANDFIELD s",
		"HRANDFIELD s 1"};

	put_text("s");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		check(lines[i], "-WRONGTYPE Operation against a key holding the wrong kind of value");
}
END_TEST

START_TEST(a_scan_gives_fields_with_their_values)
{
	ask("HSET h a 1");
	check("HSCAN h 0", "*2 $1 0 *2 $1 a $1 1");
	check("HSCAN h 0 MATCH b*", "*2 $1 0 *0");
	check("HSCAN h 0 COUNT 0", "-ERR syntax error");
	check("HSCAN h x", "-ERR invalid cursor");
	check("HSCAN none 0", "*2 $1 0 *0");
}
END_TEST

START_TEST(random_fields_are_different_or_may_come_again)
{
	check("HRANDFIELD none", "$-1");
	check("HRANDFIELD none 5", "*0");
	ask("HSET h a 1");
	check("HRANDFIELD h", "$1 a");
	check("HRANDFIELD h 5", "*1 $1 a");
	check("HRANDFIELD h -3", "*3 $1 a $1 a $1 a");
	check("HRANDFIELD h -2 WITHVALUES", "*4 $1 a $1 1 $1 a $1 1");
	check("HRANDFIELD h 0", "*0");
	check("HRANDFIELD h 1 WORD", "-ERR syntax error");
	check("HRANDFIELD h -9223372036854775807", "-ERR value is out of range");
	reply.protocol = 3;
	check("HRANDFIELD h 5 WITHVALUES", "*1 *2 $1 a $1 1");
}
END_TEST

START_TEST(a_sample_has_no_field_twice)
{
	const char *answer, *found;
	char line[64], field[16];

	for (int i = 10; i < 60; i++) {
		snprintf(line, sizeof line, "HSET h f%d v", i);
		ask(line);
	}
	answer = ask("HRANDFIELD h 49");
	ck_assert_int_eq(strncmp(answer, "*49 ", 4), 0);
	for (int i = 10; i < 60; i++) {
		snprintf(field, sizeof field, "f%d", i);
		found = strstr(answer, field);
		ck_assert(found == NULL || strstr(found + 1, field) == NULL);
	}
}
END_TEST

START_TEST(other_modules_change_fields_too)
{
	mproci_view name = mproci_view_of("h"), field = mproci_view_of("f"), value;

	ck_assert_int_eq(mproci_hash_set(keyspace, name, field, mproci_view_of("long-enough")), 1);
	ck_assert(mproci_hash_get(mproci_keyspace_find(keyspace, name), field, &value));
	value.bytes += 5;
	value.size -= 5;
	ck_assert_int_eq(mproci_hash_set(keyspace, name, field, value), 0);
	check("HGET h f", "$6 enough");
	ask("SET s 1");
	ck_assert_int_eq(mproci_hash_set(keyspace, mproci_view_of("s"), field, field), -EINVAL);
	ck_assert(mproci_hash_remove(keyspace, name, mproci_keyspace_find(keyspace, name), field));
	ck_assert_ptr_null(mproci_keyspace_find(keyspace, name));
}
END_TEST

int main(void)
{
	static const mproci_command *const others[] = {
		mproci_commands_of_strings, mproci_commands_of_keys, NULL};
	const TTest *tests[] = {
		fields_are_set_and_read,
		pairs_must_be_whole,
		a_hash_goes_with_its_last_field,
		all_of_a_hash_is_read_at_once,
		numbers_in_fields_are_counted,
		what_is_no_hash_is_refused,
		a_scan_gives_fields_with_their_values,
		random_fields_are_different_or_may_come_again,
		a_sample_has_no_field_twice,
		other_modules_change_fields_too,
		NULL,
	};
	const support_suite suite = {.name = "hashes", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_hashes;
	fixture_others = others;
	return support_run_suite(&suite);
}
