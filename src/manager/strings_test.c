/* SPDX-License-Identifier: MIT */
#include "manager/strings.h"

#include "manager/call_fixture.h"

static const char wrong_type[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";

START_TEST(set_gives_what_get_takes)
{
	check("GET a", "$-1");
	check("SET a one", "+OK");
	check("GET a", "$3 one");
	check("SET a ''", "+OK");
	check("GET a", "$0 ");
	check("SET a longer-than-before", "+OK");
	check("GET a", "$18 longer-than-before");
	check("STRLEN a", ":18");
}
END_TEST

START_TEST(set_obeys_its_conditions)
{
	check("SET a 1 XX", "$-1");
	check("SET a 1 nx", "+OK");
	check("SET a 2 NX", "$-1");
	check("SET a 2 XX GET", "$1 1");
	check("SET a 3 NX GET", "$1 2");
	check("SET b 3 NX GET", "$-1");
	check("MGET a b none", "*3 $1 2 $1 3 $-1");
	check("SET a 1 NX XX", "-ERR syntax error");
	check("SETNX a 1", ":0");
	check("SETNX c 1", ":1");
}
END_TEST

START_TEST(set_knows_all_four_kinds_of_time)
{
	check("SET a 1 EX 10", "+OK");
	check("PTTL a", ":10000");
	check("SET a 1 KEEPTTL", "+OK");
	check("PTTL a", ":10000");
	check("SET a 1 PX 15", "+OK");
	check("PTTL a", ":15");
	check("SET a 1 EXAT 2000000000", "+OK");
	check("PEXPIRETIME a", ":2000000000000");
	check("SET a 1 PXAT 2000000000001", "+OK");
	check("PEXPIRETIME a", ":2000000000001");
	check("SET a 1", "+OK");
	check("TTL a", ":-1");
	check("SET a 1 EXAT 1", "+OK");
	check("EXISTS a", ":0");
}
END_TEST

START_TEST(set_refuses_times_that_are_none)
{
	static const char invalid[] = "-ERR invalid expire time in 'set' command";

	check("SET a 1 EX 0", invalid);
	check("SET a 1 PX -1", invalid);
	check("SET a 1 EX 9223372036854775807", invalid);
	check("SET a 1 PX 9223372036854775807", invalid);
	check("SET a 1 EX x", "-ERR value is not an integer or out of range");
	check("SET a 1 EX", "-ERR syntax error");
	check("SET a 1 EX 1 PX 1", "-ERR syntax error");
	check("SET a 1 EX 1 KEEPTTL", "-ERR syntax error");
	check("SETEX a 0 1", "-ERR invalid expire time in 'setex' command");
	check("EXISTS a", ":0");
}
END_TEST

START_TEST(getex_changes_the_time_alone)
{
	ask("SET a 1");
	check("GETEX a EX 10", "$1 1");
	check("TTL a", ":10");
	check("GETEX a", "$1 1");
	check("TTL a", ":10");
	check("GETEX a PERSIST", "$1 1");
	check("TTL a", ":-1");
	check("GETEX a KEEPTTL", "-ERR syntax error");
	check("GETEX a PXAT 1", "$1 1");
	check("GETEX a", "$-1");
}
END_TEST

START_TEST(old_values_are_given_when_asked_for)
{
	put_text("a");
	check("GETSET a 2", "$4 text");
	check("GETDEL a", "$1 2");
	check("GETDEL a", "$-1");
}
END_TEST

START_TEST(many_are_set_all_or_none)
{
	check("MSET a 1 b 2 a 3", "+OK");
	check("MSETNX c 1 a 9", ":0");
	check("MGET a b c", "*3 $1 3 $1 2 $-1");
	check("MSETNX c 1 d 2", ":1");
	check("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command");
}
END_TEST

START_TEST(strings_grow_and_are_read_in_parts)
{
	check("APPEND a hello", ":5");
	check("APPEND a -you", ":9");
	check("GETRANGE a 0 -1", "$9 hello-you");
	check("GETRANGE a -3 -1", "$3 you");
	check("GETRANGE a 0 -100", "$1 h");
	check("GETRANGE a -1 -2", "$0 ");
	check("SETRANGE a 6 YO", ":9");
	check("GET a", "$9 hello-YOu");
	check("SETRANGE none 9 ''", ":0");
	check("EXISTS none", ":0");
	check("SETRANGE a 536870911 xy", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
	check("SETRANGE a -1 x", "-ERR offset is out of range");
}
END_TEST

START_TEST(a_string_has_zeroes_where_nothing_was_written)
{
	mproci_view value;

	ask("SET a abc");
	check("SETRANGE a 10 x", ":11");
	check("SETRANGE a 1000000 y", ":1000001");
	value = mproci_string_view(mproci_keyspace_find(keyspace, mproci_view_of("a")));
	ck_assert_mem_eq(value.bytes, "abc\0\0\0\0\0\0\0x", 11);
	for (size_t i = 11; i < 1000000; i++)
		ck_assert_int_eq(value.bytes[i], 0);
	ck_assert_int_eq(value.bytes[1000000], 'y');
}
END_TEST

START_TEST(a_large_string_grows_by_large_parts)
{
	const size_t size = 100000;
	char *bytes = malloc(size);
	mproci_view name = mproci_view_of("a"), value;
	mproci_binding *found;
	char *to;

	memset(bytes, 'x', size);
	ck_assert_int_eq(mproci_string_set(keyspace, name, (mproci_view){bytes, size}), 0);
	found = mproci_keyspace_find(keyspace, name);
	for (size_t count = 2; count < 50; count++) {
		to = mproci_string_resize(found, count * size);
		ck_assert_ptr_nonnull(to);
		ck_assert_int_eq(to[count * size - 1], 0);
		memset(to + (count - 1) * size, 'x', size);
		value = mproci_string_view(found);
		ck_assert_uint_eq(value.size, count * size);
		ck_assert_mem_eq(value.bytes, bytes, size);
		ck_assert_mem_eq(value.bytes + (count - 1) * size, bytes, size);
	}
	free(bytes);
}
END_TEST

START_TEST(what_was_shortened_comes_back_as_zeroes)
{
	mproci_binding *found;

	ask("SET a 0123456789");
	ask("SET a 01");
	check("SETRANGE a 4 x", ":5");
	found = mproci_keyspace_find(keyspace, mproci_view_of("a"));
	ck_assert_mem_eq(mproci_string_view(found).bytes, "01\0\0x", 5);
}
END_TEST

START_TEST(numbers_are_counted)
{
	check("INCR n", ":1");
	check("INCRBY n 41", ":42");
	check("DECR n", ":41");
	check("DECRBY n -1", ":42");
	check("GET n", "$2 42");
	check("INCRBY n x", "-ERR value is not an integer or out of range");
	check("INCRBY n 9223372036854775807", "-ERR increment or decrement would overflow");
	check("DECRBY n -9223372036854775808", "-ERR decrement would overflow");
	ask("SET n 042");
	check("INCR n", "-ERR value is not an integer or out of range");
}
END_TEST

START_TEST(counting_keeps_the_time)
{
	ask("SET n 1 EX 100");
	ask("INCR n");
	ask("INCRBYFLOAT n 0.5");
	ask("APPEND n 1");
	check("TTL n", ":100");
	ask("MSET n 1");
	check("TTL n", ":-1");
}
END_TEST

START_TEST(fractions_are_added)
{
	check("INCRBYFLOAT n 10.50", "$4 10.5");
	check("INCRBYFLOAT n 0.1", "$4 10.6");
	check("INCRBYFLOAT n -5e0", "$3 5.6");
	check("INCRBYFLOAT n -5.6", "$1 0");
	check("INCRBYFLOAT n x", "-ERR value is not a valid float");
	check("INCRBYFLOAT n nan", "-ERR value is not a valid float");
	check("INCRBYFLOAT n 1e5000", "-ERR value is not a valid float");
	check("INCRBYFLOAT n inf", "-ERR increment would produce NaN or Infinity");
	check("GET n", "$1 0");
}
END_TEST

START_TEST(what_is_no_string_is_refused)
{
	static const char *const lines[] = {"GET h", "GETSET h 1", "GETDEL h", "GETEX h", "SET h 1 GET",
		"APPEND h 1", "STRLEN h", "GETRANGE h 0 1", "SETRANGE h 0 1", "INCR h", "INCRBYFLOAT h 1"};

	ask("HSET h f v");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		check(lines[i], wrong_type);
	check("MGET h", "*1 $-1");
	check("SET h 1", "+OK");
	check("TYPE h", "+string");
}
END_TEST

START_TEST(a_string_may_be_set_from_a_part_of_itself)
{
	mproci_view name = mproci_view_of("a"), value;

	ask("SET a 0123456789");
	value = mproci_string_view(mproci_keyspace_find(keyspace, name));
	ck_assert_int_eq(mproci_string_set(keyspace, name, (mproci_view){value.bytes + 3, 5}), 0);
	check("GET a", "$5 34567");
}
END_TEST

int main(void)
{
	static const mproci_command *const others[] = {
		mproci_commands_of_keys, mproci_commands_of_hashes, NULL};
	const TTest *tests[] = {
		set_gives_what_get_takes,
		set_obeys_its_conditions,
		set_knows_all_four_kinds_of_time,
		set_refuses_times_that_are_none,
		getex_changes_the_time_alone,
		old_values_are_given_when_asked_for,
		many_are_set_all_or_none,
		strings_grow_and_are_read_in_parts,
		a_string_has_zeroes_where_nothing_was_written,
		a_large_string_grows_by_large_parts,
		what_was_shortened_comes_back_as_zeroes,
		numbers_are_counted,
		counting_keeps_the_time,
		fractions_are_added,
		what_is_no_string_is_refused,
		a_string_may_be_set_from_a_part_of_itself,
		NULL,
	};
	const support_suite suite = {.name = "strings", .tests = tests, .setup = setup, .teardown = teardown};

	fixture_commands = mproci_commands_of_strings;
	fixture_others = others;
	return support_run_suite(&suite);
}
