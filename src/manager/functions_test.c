/* SPDX-License-Identifier: MIT */
#include "manager/client_fixture.h"
#include "manager/natives.h"

#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

START_TEST(fcall_refuses_in_the_words_of_redis)
{
	ck_assert_str_eq(client_ask(one, "FCALL what 0"), "-ERR Function not found\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_po 0"), "-ERR Function not found\r\n");
	ck_assert_str_eq(
		client_ask(one, "FCALL mproc_dict_pop x a b"), "-ERR Bad number of keys provided\r\n");
	ck_assert_str_eq(
		client_ask(one, "FCALL mproc_dict_pop -1 a b"), "-ERR Number of keys can't be negative\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_pop 3 a b"),
		"-ERR Number of keys can't be greater than number of args\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_pop 2 a b"),
		"-ERR mproc_dict_pop takes 1 keys and 1 arguments\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL_RO mproc_dict_pop 1 a b"),
		"-ERR Can not execute a script with write flag using *_ro command.\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL_RO mproc_queue_counts 3 a b c"), "*3\r\n:0\r\n:0\r\n:0\r\n");
}
END_TEST

START_TEST(name_of_a_function_with_more_behind_a_zero_is_none)
{
	const char known[] = "mproc_dict_pop";
	size_t size = (size_t)64 << 20;
	char *name = calloc(1, size);

	ck_assert_ptr_nonnull(name);
	memcpy(name, known, sizeof known);
	ck_assert_str_eq(
		client_call(
			one, (mproci_view[]){mproci_view_of("FCALL"), {name, size}, mproci_view_of("0")}, 3),
		"-ERR Function not found\r\n");
	free(name);
}
END_TEST

START_TEST(nobody_brings_functions_of_his_own)
{
	ck_assert_str_eq(client_ask(one, "FUNCTION LOAD REPLACE code"),
		"-ERR a manager has its own functions, and runs no code of its clients\r\n");
	ck_assert_ptr_nonnull(strstr(client_ask(one, "FUNCTION LIST"), "mproc_queue_put"));
}
END_TEST

START_TEST(who_wants_a_script_is_told_what_there_is_instead)
{
	const char *const words[] = {"EVAL code 0",
		"EVALSHA c3f8721cbb97f72bc19e972846bd7aaf91901658 1 lock token", "EVAL_RO code 0",
		"EVALSHA_RO hash 0", "SCRIPT LOAD code"};

	for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
		ck_assert_ptr_nonnull(strstr(client_ask(one, "%s", words[i]),
			"-ERR a manager runs no scripts; FCALL mproc_compare_and_delete 1 name value"));
}
END_TEST

START_TEST(what_needs_no_memory_goes_on_in_a_full_server)
{
	mproci_view put[] = {mproci_view_of("FCALL"), mproci_view_of("mproc_queue_put")};
	mproci_view ack[] = {mproci_view_of("FCALL"), mproci_view_of("mproc_queue_ack")};

	ck_assert(mproci_native_grows(&(mproci_call){.arguments = put, .count = 2}));
	ck_assert(!mproci_native_grows(&(mproci_call){.arguments = ack, .count = 2}));
}
END_TEST

START_TEST(a_string_is_set_if_it_is_as_expected)
{
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_set 1 a x y")), -1);
	client_ask(one, "SET a x PX 100");
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_set 1 a z y")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_set 1 a x y")), 1);
	ck_assert_str_eq(client_ask(one, "GET a"), "$1\r\ny\r\n");
	ck_assert_str_eq(client_ask(one, "PTTL a"), ":-1\r\n");
	client_ask(one, "LPUSH list x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_compare_and_set 1 list x y"), WRONG_TYPE);
}
END_TEST

START_TEST(a_string_is_deleted_if_it_is_as_expected)
{
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_delete 1 a x")), -1);
	client_ask(one, "SET a x");
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_delete 1 a y")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_compare_and_delete 1 a x")), 1);
	ck_assert_str_eq(client_ask(one, "GET a"), "$-1\r\n");
}
END_TEST

START_TEST(a_fence_keeps_older_tokens_out)
{
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 5 x")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 4 y")), 5);
	ck_assert_str_eq(client_ask(one, "GET a"), "$1\r\nx\r\n");
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 5 z")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 6 z")), 0);
	ck_assert_str_eq(client_ask(one, "GET {a}:fence"), "$1\r\n6\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence x z"),
		"-ERR token: 'x' is not a number from 0 to 9223372036854775806\r\n");
	client_ask(one, "SET {a}:fence x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 7 z"),
		"-ERR token at the fence: 'x' is not a number from 0 to 9223372036854775806\r\n");
	client_ask(one, "DEL {a}:fence");
	client_ask(one, "LPUSH {a}:fence x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_set_fenced 2 a {a}:fence 7 z"), WRONG_TYPE);
}
END_TEST

START_TEST(a_flag_tells_who_listens)
{
	client_ask(other, "SUBSCRIBE mproc:flag:stop");
	client_pushed(other);

	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_flag_set 1 stop 1")), 0);
	ck_assert_str_eq(client_ask(one, "GET stop"), "$1\r\n1\r\n");
	ck_assert_str_eq(
		client_pushed(other), "*3\r\n$7\r\nmessage\r\n$15\r\nmproc:flag:stop\r\n$1\r\n1\r\n");

	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_flag_set 1 stop 0")), 0);
	ck_assert_str_eq(client_ask(one, "GET stop"), "$-1\r\n");
	ck_assert_str_eq(
		client_pushed(other), "*3\r\n$7\r\nmessage\r\n$15\r\nmproc:flag:stop\r\n$1\r\n0\r\n");
}
END_TEST

static mproci_outcome take_call(mproci_call *call)
{
	ck_assert(mproci_is_word(call->arguments[1], "mproc_flag_set"));
	mproci_reply_status(call->reply, "taken");
	return MPROCI_DONE;
}

START_TEST(what_belongs_to_the_family_carries_functions_out_itself)
{
	static const mproci_type shown = {.name = "shown", .is_shown = true, .carry_out = take_call};
	mproci_view name = mproci_view_of("stop");

	ck_assert_ptr_nonnull(mproci_keyspace_bind(fixture_server.keyspace, name, &shown, NULL));
	ck_assert_str_eq(client_ask(one, "FCALL mproc_flag_set 1 stop 1"), "+taken\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_flag_set 1 stop 1 more"),
		"-ERR mproc_flag_set takes 1 keys and 1 arguments\r\n");
}
END_TEST

START_TEST(what_belongs_to_the_family_is_not_replaced)
{
	static const mproci_type shown = {.name = "shown", .is_shown = true};
	mproci_view name = mproci_view_of("stop");

	ck_assert_ptr_nonnull(mproci_keyspace_bind(fixture_server.keyspace, name, &shown, NULL));
	ck_assert_ptr_nonnull(
		strstr(client_ask(one, "FCALL mproc_set_fenced 2 stop {stop}:fence 1 x"), "family"));
	ck_assert_str_eq(client_ask(one, "FCALL mproc_lock_acquire 3 l stop {l}:wake a 1000"), WRONG_TYPE);
	ck_assert_str_eq(
		client_ask(one, "FCALL mproc_lock_acquire 3 stop {stop}:fence w a 1000"), WRONG_TYPE);
}
END_TEST

START_TEST(a_field_is_set_if_it_is_as_expected)
{
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_dict_compare_and_set 1 d f x y")), -1);
	client_ask(one, "HSET d f x");
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_dict_compare_and_set 1 d g x y")), -1);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_dict_compare_and_set 1 d f z y")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_dict_compare_and_set 1 d f x y")), 1);
	ck_assert_str_eq(client_ask(one, "HGET d f"), "$1\r\ny\r\n");
	client_ask(one, "SET s x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_compare_and_set 1 s f x y"), WRONG_TYPE);
}
END_TEST

START_TEST(a_fence_keeps_older_tokens_out_of_a_dict)
{
	ck_assert_int_eq(
		client_number(client_ask(one, "FCALL mproc_dict_set_fenced 2 d {d}:fence 5 f x")), 0);
	ck_assert_int_eq(
		client_number(client_ask(one, "FCALL mproc_dict_set_fenced 2 d {d}:fence 4 f y")), 5);
	ck_assert_str_eq(client_ask(one, "HGET d f"), "$1\r\nx\r\n");
	client_ask(one, "SET s x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_set_fenced 2 s {s}:fence 5 f x"), WRONG_TYPE);
	ck_assert_str_eq(client_ask(one, "GET {s}:fence"), "$-1\r\n");
}
END_TEST

START_TEST(a_field_is_taken_out_with_its_value)
{
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_pop 1 d f"), "$-1\r\n");
	client_ask(one, "HSET d f x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_pop 1 d g"), "$-1\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_dict_pop 1 d f"), "$1\r\nx\r\n");
	ck_assert_str_eq(client_ask(one, "EXISTS d"), ":0\r\n");
}
END_TEST

START_TEST(items_are_put_and_taken_anywhere_in_a_list)
{
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l 0 b")), 1);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l 0 a")), 1);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l 2 d")), 1);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l -1 c")), 1);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l 5 x")), 0);
	ck_assert_int_eq(client_number(client_ask(one, "FCALL mproc_list_insert 1 l -5 x")), 0);
	ck_assert_str_eq(
		client_ask(one, "LRANGE l 0 -1"), "*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 l 1"), "$1\r\nb\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 l -1"), "$1\r\nd\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 l 2"), "$-1\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 none 0"), "$-1\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 l x"),
		"-ERR index: 'x' is not a number from -9223372036854775807 to 9223372036854775807\r\n");
	client_ask(one, "SET s x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_pop 1 s 0"), WRONG_TYPE);
	ck_assert_str_eq(client_ask(one, "FCALL mproc_list_insert 1 s 0 x"), WRONG_TYPE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		fcall_refuses_in_the_words_of_redis,
		name_of_a_function_with_more_behind_a_zero_is_none,
		nobody_brings_functions_of_his_own,
		who_wants_a_script_is_told_what_there_is_instead,
		what_needs_no_memory_goes_on_in_a_full_server,
		a_string_is_set_if_it_is_as_expected,
		a_string_is_deleted_if_it_is_as_expected,
		a_fence_keeps_older_tokens_out,
		a_flag_tells_who_listens,
		what_belongs_to_the_family_carries_functions_out_itself,
		what_belongs_to_the_family_is_not_replaced,
		a_field_is_set_if_it_is_as_expected,
		a_fence_keeps_older_tokens_out_of_a_dict,
		a_field_is_taken_out_with_its_value,
		items_are_put_and_taken_anywhere_in_a_list,
		NULL,
	};
	const support_suite suite = {
		.name = "functions", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
