/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_dict.h>

static void set_text(const char *key, const char *value)
{
	check_done(mproc_remote_dict_set(remote, "d", key, strlen(key), value, strlen(value), soon()));
}

static void check_value(const char *key, const char *value)
{
	void *copy = NULL;
	size_t size = 0;

	check_done(mproc_remote_dict_get_copy(remote, "d", key, strlen(key), soon(), &copy, &size));
	check_copy(copy, size, value);
}

START_TEST(get_gives_what_was_set)
{
	char buffer[16] = "";
	size_t size = 0;

	begin();
	set_text("one", "1");
	set_text("one", "another");
	check_done(mproc_remote_dict_get(remote, "d", "one", 3, buffer, sizeof buffer, soon(), &size));
	check_bytes(buffer, size, "another");
	check_done(mproc_remote_dict_get(remote, "d", "one", 3, buffer, sizeof buffer, soon(), NULL));
	check_value("one", "another");
	ck_assert_int_eq(mproc_remote_dict_has(remote, "d", "one", 3, soon()), 1);
	ck_assert_int_eq(mproc_remote_dict_has(remote, "d", "two", 3, soon()), 0);
	finish();
}
END_TEST

START_TEST(keys_and_values_are_bytes_also_none)
{
	const char bytes[] = "\0\r\n\xff$*";
	void *copy = NULL;
	size_t size = 1;

	begin();
	check_done(mproc_remote_dict_set(remote, "d", NULL, 0, bytes, sizeof bytes, soon()));
	check_done(mproc_remote_dict_set(remote, "d", bytes, sizeof bytes, NULL, 0, soon()));
	check_done(mproc_remote_dict_get_copy(remote, "d", NULL, 0, soon(), &copy, &size));
	ck_assert_uint_eq(size, sizeof bytes);
	ck_assert_mem_eq(copy, bytes, sizeof bytes);
	free(copy);
	check_done(mproc_remote_dict_get_copy(remote, "d", bytes, sizeof bytes, soon(), &copy, &size));
	check_copy(copy, size, "");
	ck_assert_int_eq(mproc_remote_dict_count(remote, "d", soon()), 2);
	finish();
}
END_TEST

START_TEST(get_says_when_there_is_no_value_or_no_room)
{
	char buffer[4] = "abc";
	size_t size = 7;
	void *copy = NULL;

	begin();
	check_failed(mproc_remote_dict_get(remote, "d", "k", 1, NULL, 1, soon(), &size), -EINVAL,
		"buffer is NULL");
	check_failed(mproc_remote_dict_get(remote, "d", "k", 1, buffer, sizeof buffer, soon(), &size),
		-ENOENT, "the key has no value");
	check_failed(mproc_remote_dict_get_copy(remote, "d", "k", 1, soon(), &copy, &size), -ENOENT,
		"the key has no value");
	set_text("k", "12345");
	check_failed(mproc_remote_dict_get(remote, "d", "k", 1, buffer, sizeof buffer, soon(), &size),
		-EMSGSIZE, "5");
	ck_assert_str_eq(buffer, "abc");
	ck_assert_uint_eq(size, 7);
	ck_assert_ptr_null(copy);
	finish();
}
END_TEST

START_TEST(set_if_absent_and_compare_and_set_change_nothing_else)
{
	begin();
	check_done(mproc_remote_dict_set_if_absent(remote, "d", "k", 1, "1", 1, soon()));
	check_failed(mproc_remote_dict_set_if_absent(remote, "d", "k", 1, "2", 1, soon()), -EEXIST,
		"the key has a value already");
	check_failed(mproc_remote_dict_compare_and_set(remote, "d", "k", 1, "2", 1, "3", 1, soon()), -ESTALE,
		"another value");
	check_failed(mproc_remote_dict_compare_and_set(remote, "d", "none", 4, "1", 1, "3", 1, soon()),
		-ENOENT, "no value");
	check_value("k", "1");
	check_done(mproc_remote_dict_compare_and_set(remote, "d", "k", 1, "1", 1, "3", 1, soon()));
	check_value("k", "3");
	finish();
}
END_TEST

START_TEST(an_older_token_is_refused_for_all_keys)
{
	begin();
	check_done(mproc_remote_dict_set_fenced(remote, "d", "k", 1, "1", 1, 5, soon()));
	check_done(mproc_remote_dict_set_fenced(remote, "d", "k", 1, "2", 1, 5, soon()));
	check_done(mproc_remote_dict_set_fenced(remote, "d", "k", 1, "3", 1, 7, soon()));
	check_failed(mproc_remote_dict_set_fenced(remote, "d", "other", 5, "4", 1, 6, soon()), -ESTALE,
		"token 6: somebody has written with the newer token 7");
	check_done(mproc_remote_dict_clear(remote, "d", soon()));
	check_failed(mproc_remote_dict_set_fenced(remote, "d", "k", 1, "4", 1, 6, soon()), -ESTALE,
		"newer token 7");
	check_failed(
		mproc_remote_dict_set_fenced(remote, "d", "k", 1, "4", 1, 0, soon()), -EINVAL, "token 0");
	finish();
}
END_TEST

START_TEST(add_counts_and_refuses_what_is_no_number_or_too_large)
{
	int64_t sum = 7;

	begin();
	check_done(mproc_remote_dict_add(remote, "d", "k", 1, 5, soon(), NULL));
	check_done(mproc_remote_dict_add(remote, "d", "k", 1, -8, soon(), &sum));
	ck_assert_int_eq(sum, -3);
	check_value("k", "-3");
	set_text("most", "9223372036854775807");
	ck_assert_int_eq(mproc_remote_dict_add(remote, "d", "most", 4, 1, soon(), &sum), -ERANGE);
	set_text("word", "word");
	ck_assert_int_eq(mproc_remote_dict_add(remote, "d", "word", 4, 1, soon(), &sum), -EINVAL);
	ck_assert_int_eq(sum, -3);
	finish();
}
END_TEST

START_TEST(pop_and_delete_take_out_once)
{
	void *copy = NULL;
	size_t size = 0;

	begin();
	set_text("k", "v");
	set_text("l", "w");
	check_done(mproc_remote_dict_pop(remote, "d", "k", 1, soon(), &copy, &size));
	check_copy(copy, size, "v");
	copy = NULL;
	check_failed(mproc_remote_dict_pop(remote, "d", "k", 1, soon(), &copy, &size), -ENOENT, "no value");
	ck_assert_ptr_null(copy);
	check_done(mproc_remote_dict_delete(remote, "d", "l", 1, soon()));
	check_failed(mproc_remote_dict_delete(remote, "d", "l", 1, soon()), -ENOENT, "no value");
	ck_assert_int_eq(mproc_remote_dict_count(remote, "d", soon()), 0);
	finish();
}
END_TEST

START_TEST(snapshot_has_all_that_is_there)
{
	mproc_snapshot *all = NULL;

	begin();
	check_done(mproc_remote_dict_snapshot(remote, "d", soon(), &all));
	ck_assert_uint_eq(all->count, 0);
	mproc_snapshot_close(all);
	set_text("b", "2");
	set_text("a", "1");
	set_text("", "");
	check_done(mproc_remote_dict_snapshot(remote, "d", soon(), &all));
	ck_assert_uint_eq(all->count, 3);
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_key);
	check_bytes(all->entries[0].key, all->entries[0].key_size, "");
	check_bytes(all->entries[1].key, all->entries[1].key_size, "a");
	check_bytes(all->entries[2].value, all->entries[2].value_size, "2");
	mproc_snapshot_close(all);
	check_done(mproc_remote_dict_clear(remote, "d", soon()));
	check_done(mproc_remote_dict_clear(remote, "d", soon()));
	ck_assert_int_eq(mproc_remote_dict_count(remote, "d", soon()), 0);
	finish();
}
END_TEST

START_TEST(a_large_dict_is_copied_whole)
{
	enum {
		COUNT = 3000
	};
	mproc_snapshot *all = NULL;

	begin();
	for (uint32_t key = 0; key < COUNT; ++key)
		check_done(mproc_remote_dict_set(remote, "d", &key, sizeof key, &key, sizeof key, soon()));
	check_done(mproc_remote_dict_snapshot(remote, "d", soon(), &all));
	ck_assert_uint_eq(all->count, COUNT);
	for (size_t i = 0; i < COUNT; ++i)
		ck_assert_mem_eq(all->entries[i].key, all->entries[i].value, sizeof(uint32_t));
	mproc_snapshot_close(all);
	finish();
}
END_TEST

START_TEST(a_dict_that_is_larger_than_the_largest_reply_is_not_copied)
{
	enum {
		COUNT = 100,
		VALUE = 1000,
	};
	char value[VALUE] = "";
	mproc_snapshot *all = NULL;

	server_start(&server, NULL);
	check_done(mproc_remote_connect(
		server.url, &(mproc_remote_options){.largest_reply = 65536}, soon(), &remote));
	for (uint32_t key = 0; key < COUNT; ++key)
		check_done(mproc_remote_dict_set(remote, "d", &key, sizeof key, value, sizeof value, soon()));
	check_failed(mproc_remote_dict_snapshot(remote, "d", soon(), &all), -EMSGSIZE, "65536");
	ck_assert_ptr_null(all);
	ck_assert_int_eq(mproc_remote_dict_count(remote, "d", soon()), COUNT);
	finish();
}
END_TEST

START_TEST(what_is_no_dict_is_refused)
{
	mproc_snapshot *all = NULL;
	void *copy = NULL;

	begin();
	tell("RPUSH", "d", "item");
	check_failed(mproc_remote_dict_set(remote, "d", "k", 1, "v", 1, soon()), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_dict_count(remote, "d", soon()), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_dict_pop(remote, "d", "k", 1, soon(), &copy, NULL), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_dict_snapshot(remote, "d", soon(), &all), -EINVAL, "WRONGTYPE");
	ck_assert_ptr_null(all);
	finish();
}
END_TEST

START_TEST(what_is_null_is_refused)
{
	begin();
	check_failed(mproc_remote_dict_set(NULL, "d", "k", 1, "v", 1, soon()), -EINVAL, "");
	check_failed(mproc_remote_dict_set(remote, NULL, "k", 1, "v", 1, soon()), -EINVAL, "");
	check_failed(mproc_remote_dict_set(remote, "", "k", 1, "v", 1, soon()), -EINVAL, "");
	check_failed(mproc_remote_dict_set(remote, "d", NULL, 1, "v", 1, soon()), -EINVAL,
		"key is NULL, but its size is 1");
	check_failed(mproc_remote_dict_set(remote, "d", "k", 1, NULL, 2, soon()), -EINVAL, "value is NULL");
	check_failed(mproc_remote_dict_compare_and_set(remote, "d", "k", 1, NULL, 2, "v", 1, soon()), -EINVAL,
		"expected is NULL");
	check_failed(mproc_remote_dict_set(remote, "d", "k", 1, "v", (size_t)1 << 40, soon()), -EMSGSIZE,
		"at most 536870912");
	check_failed(mproc_remote_dict_pop(remote, "d", "k", 1, soon(), NULL, NULL), -EINVAL, "NULL");
	check_failed(mproc_remote_dict_snapshot(remote, "d", soon(), NULL), -EINVAL, "NULL");
	finish();
}
END_TEST

START_TEST(a_server_that_is_gone_is_no_dict_without_a_value)
{
	void *copy = NULL;

	begin();
	set_text("k", "v");
	server_end(&server, SIGKILL);
	ck_assert_int_ne(
		mproc_remote_dict_get_copy(remote, "d", "k", 1, mproc_after(0.05), &copy, NULL), -ENOENT);
	ck_assert_ptr_null(copy);
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		get_gives_what_was_set,
		keys_and_values_are_bytes_also_none,
		get_says_when_there_is_no_value_or_no_room,
		set_if_absent_and_compare_and_set_change_nothing_else,
		an_older_token_is_refused_for_all_keys,
		add_counts_and_refuses_what_is_no_number_or_too_large,
		pop_and_delete_take_out_once,
		snapshot_has_all_that_is_there,
		a_large_dict_is_copied_whole,
		a_dict_that_is_larger_than_the_largest_reply_is_not_copied,
		what_is_no_dict_is_refused,
		what_is_null_is_refused,
		a_server_that_is_gone_is_no_dict_without_a_value,
		NULL,
	};

	return support_run("remote/dict", tests);
}
