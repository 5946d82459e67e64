/* SPDX-License-Identifier: MIT */
#include "remote/remote_fixture.h"

#include <stdint.h>

static void begin(void)
{
	open_both(NULL);
}

START_TEST(value_is_any_bytes)
{
	static const char bytes[] = "a\0b\r\n$5\r\n";
	char got[sizeof bytes];
	size_t size = 0;

	begin();
	check_ok(mproc_remote_value_set(remote, "name", bytes, sizeof bytes, soon()));
	check_ok(mproc_remote_value_get(remote, "name", got, sizeof got, soon(), &size));
	ck_assert_uint_eq(size, sizeof bytes);
	ck_assert_mem_eq(got, bytes, sizeof bytes);
	check_ok(mproc_remote_value_set(remote, "name", NULL, 0, soon()));
	check_value("name", "");
	close_both();
}
END_TEST

START_TEST(value_is_as_large_as_it_may_be)
{
	const size_t size = 20 << 20;
	char *value = malloc(size);
	size_t got_size = 0;
	void *got;

	begin();
	for (size_t i = 0; i < size; ++i)
		value[i] = (char)(i * 2654435761u >> 24);
	check_ok(mproc_remote_value_set(remote, "name", value, size, soon()));
	check_ok(mproc_remote_value_get_copy(remote, "name", soon(), &got, &got_size));
	ck_assert_uint_eq(got_size, size);
	ck_assert_int_eq(memcmp(got, value, size), 0);
	free(got);
	free(value);
	close_both();
}
END_TEST

START_TEST(value_that_is_not_there_is_told)
{
	char value[10];
	size_t size;
	void *copy;

	begin();
	check_failed(mproc_remote_value_get(remote, "name", value, 10, soon(), NULL), -ENOENT, "\"name\"");
	check_failed(mproc_remote_value_get_copy(remote, "name", soon(), &copy, &size), -ENOENT, "\"name\"");
	close_both();
}
END_TEST

START_TEST(value_is_not_copied_where_there_is_no_room)
{
	char value[10] = "before";
	size_t size = 77;

	begin();
	set("name", "value");
	check_failed(mproc_remote_value_get(remote, "name", value, 4, soon(), &size), -EMSGSIZE, "5 bytes");
	ck_assert_str_eq(value, "before");
	ck_assert_uint_eq(size, 77);
	close_both();
}
END_TEST

START_TEST(value_of_another_kind_is_told)
{
	char value[10];
	int64_t number;

	begin();
	check_ok(say("RPUSH name x", NULL));
	check_failed(mproc_remote_value_get(remote, "name", value, 10, soon(), NULL), -EINVAL,
		"GET of \"name\": WRONGTYPE");
	check_failed(mproc_remote_counter_get(remote, "name", soon(), &number), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_flag_get(remote, "name", soon()), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_value_compare_and_set(remote, "name", "a", 1, "b", 1, soon()), -EINVAL,
		"WRONGTYPE");
	close_both();
}
END_TEST

START_TEST(value_is_set_if_there_is_none)
{
	begin();
	check_ok(mproc_remote_value_set_if_absent(remote, "name", "a", 1, soon()));
	check_failed(mproc_remote_value_set_if_absent(remote, "name", "b", 1, soon()), -EEXIST, "\"name\"");
	check_value("name", "a");
	close_both();
}
END_TEST

START_TEST(value_is_replaced_if_it_is_what_is_expected)
{
	begin();
	check_failed(
		mproc_remote_value_compare_and_set(remote, "name", "a", 1, "b", 1, soon()), -ENOENT, "name");
	set("name", "a");
	check_ok(mproc_remote_value_compare_and_set(remote, "name", "a", 1, "b", 1, soon()));
	check_failed(
		mproc_remote_value_compare_and_set(remote, "name", "a", 1, "c", 1, soon()), -ESTALE, "name");
	check_value("name", "b");
	check_failed(mproc_remote_value_compare_and_delete(remote, "name", "a", 1, soon()), -ESTALE, "name");
	check_ok(mproc_remote_value_compare_and_delete(remote, "name", "b", 1, soon()));
	check_failed(mproc_remote_value_compare_and_delete(remote, "name", "b", 1, soon()), -ENOENT, "name");
	close_both();
}
END_TEST

START_TEST(value_is_exchanged)
{
	size_t size = 77;
	void *old;

	begin();
	check_ok(mproc_remote_value_exchange(remote, "name", "a", 1, soon(), &old, &size));
	ck_assert_ptr_null(old);
	ck_assert_uint_eq(size, 0);
	check_ok(mproc_remote_value_exchange(remote, "name", "b", 1, soon(), &old, &size));
	ck_assert_uint_eq(size, 1);
	ck_assert_mem_eq(old, "a", 1);
	free(old);
	check_value("name", "b");
	close_both();
}
END_TEST

START_TEST(value_of_a_newer_token_stays)
{
	begin();
	check_ok(mproc_remote_value_set_fenced(remote, "name", "a", 1, 5, soon()));
	check_ok(mproc_remote_value_set_fenced(remote, "name", "b", 1, 5, soon()));
	check_failed(mproc_remote_value_set_fenced(remote, "name", "c", 1, 4, soon()), -ESTALE,
		"token 4: somebody has written with the newer token 5");
	check_value("name", "b");
	check_ok(mproc_remote_value_set_fenced(remote, "name", "d", 1, 6, soon()));
	check_value("name", "d");
	check_failed(mproc_remote_value_set_fenced(remote, "name", "c", 1, 0, soon()), -EINVAL, "token 0");
	close_both();
}
END_TEST

/* As those that are nanoseconds. */
START_TEST(value_of_a_token_with_many_digits_is_told_from_the_next)
{
	const int64_t token = INT64_C(1700000000000000001);

	begin();
	check_ok(mproc_remote_value_set_fenced(remote, "name", "a", 1, 9, soon()));
	check_ok(mproc_remote_value_set_fenced(remote, "name", "b", 1, token, soon()));
	check_failed(
		mproc_remote_value_set_fenced(remote, "name", "c", 1, token - 1, soon()), -ESTALE, "newer");
	check_value("name", "b");
	close_both();
}
END_TEST

START_TEST(counter_counts)
{
	int64_t number = 77;

	begin();
	check_ok(mproc_remote_counter_get(remote, "count", soon(), &number));
	ck_assert_int_eq(number, 0);
	check_ok(mproc_remote_counter_add(remote, "count", 5, soon(), &number));
	ck_assert_int_eq(number, 5);
	check_ok(mproc_remote_counter_add(remote, "count", -7, soon(), NULL));
	check_ok(mproc_remote_counter_get(remote, "count", soon(), &number));
	ck_assert_int_eq(number, -2);
	check_ok(mproc_remote_counter_set(remote, "count", INT64_MIN, soon()));
	check_ok(mproc_remote_counter_get(remote, "count", soon(), &number));
	ck_assert_int_eq(number, INT64_MIN);
	close_both();
}
END_TEST

START_TEST(counter_does_not_overflow)
{
	int64_t number = 77;

	begin();
	check_ok(mproc_remote_counter_set(remote, "count", INT64_MAX, soon()));
	check_failed(mproc_remote_counter_add(remote, "count", 1, soon(), &number), -ERANGE, "overflow");
	ck_assert_int_eq(number, 77);
	check_ok(mproc_remote_counter_get(remote, "count", soon(), &number));
	ck_assert_int_eq(number, INT64_MAX);
	close_both();
}
END_TEST

START_TEST(counter_that_is_no_number_is_told)
{
	static const char *const wrong[] = {"", "-", "1x", " 1", "9223372036854775808", "1.5"};
	int64_t number;

	begin();
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
		set("count", wrong[i]);
		check_failed(
			mproc_remote_counter_get(remote, "count", soon(), &number), -EINVAL, "no number");
		check_failed(mproc_remote_counter_add(remote, "count", 1, soon(), NULL), -EINVAL,
			"not an integer");
	}
	close_both();
}
END_TEST

START_TEST(flag_is_set_and_cleared)
{
	begin();
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 0);
	check_ok(mproc_remote_flag_set(remote, "flag", soon()));
	check_ok(mproc_remote_flag_set(remote, "flag", soon()));
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 1);
	check_value("flag", "1");
	check_ok(mproc_remote_flag_clear(remote, "flag", soon()));
	check_ok(mproc_remote_flag_clear(remote, "flag", soon()));
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 0);
	ck_assert_int_eq(mproc_remote_exists(remote, "flag", soon()), 0);
	close_both();
}
END_TEST

START_TEST(flag_takes_no_name_of_something_else)
{
	begin();
	check_ok(say("RPUSH list x", NULL));
	check_failed(mproc_remote_flag_set(remote, "list", soon()), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_flag_clear(remote, "list", soon()), -EINVAL, "WRONGTYPE");
	ck_assert_int_eq(mproc_remote_exists(remote, "list", soon()), 1);
	close_both();
}
END_TEST

START_TEST(call_without_what_it_needs_is_refused)
{
	void *copy;

	begin();
	check_failed(mproc_remote_value_set(remote, "name", NULL, 1, soon()), -EINVAL, "value is NULL");
	check_failed(
		mproc_remote_value_get(remote, "name", NULL, 1, soon(), NULL), -EINVAL, "buffer is NULL");
	check_failed(mproc_remote_value_get_copy(remote, "name", soon(), NULL, NULL), -EINVAL, "ret_value");
	check_failed(
		mproc_remote_value_exchange(remote, "name", "a", 1, soon(), NULL, NULL), -EINVAL, "ret_old");
	check_failed(mproc_remote_value_exchange(remote, "", "a", 1, soon(), &copy, NULL), -EINVAL, "name");
	check_failed(mproc_remote_counter_get(remote, "name", soon(), NULL), -EINVAL, "ret_number");
	check_failed(mproc_remote_flag_set(NULL, "name", soon()), -EINVAL, "remote");
	close_both();
}
END_TEST

START_TEST(server_without_memory_says_so)
{
	static char value[100000];

	open_both(&(server_options){.memory = "1000000"});
	int rc = 0;
	/* A manager looks how much it has some times a second. */
	for (int i = 0; rc == 0; ++i) {
		char name[20];

		snprintf(name, sizeof name, "name%d", i % 200);
		rc = mproc_remote_value_set(remote, name, value, sizeof value, soon());
	}
	check_failed(rc, -ENOMEM, "OOM command not allowed");
	close_both();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		value_is_any_bytes,
		value_is_as_large_as_it_may_be,
		value_that_is_not_there_is_told,
		value_is_not_copied_where_there_is_no_room,
		value_of_another_kind_is_told,
		value_is_set_if_there_is_none,
		value_is_replaced_if_it_is_what_is_expected,
		value_is_exchanged,
		value_of_a_newer_token_stays,
		value_of_a_token_with_many_digits_is_told_from_the_next,
		counter_counts,
		counter_does_not_overflow,
		counter_that_is_no_number_is_told,
		flag_is_set_and_cleared,
		flag_takes_no_name_of_something_else,
		call_without_what_it_needs_is_refused,
		server_without_memory_says_so,
		NULL,
	};

	return support_run("value", tests);
}
