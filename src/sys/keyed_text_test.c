/* SPDX-License-Identifier: MIT */
#include "sys/keyed_text.h"

#include "support.h"
#include "sys/tree_fixture.h"

static int read_key(const char *key, uint64_t *ret_number)
{
	return mproci_keyed_text_read(key, ret_number, "%s/file", tree());
}

START_TEST(number_behind_its_key_is_found)
{
	uint64_t number = 0;

	tree_write("/file", "first 1\nMemAvailable:\t  24107716 kB\nthird 3\nlast 4");
	ck_assert_int_eq(read_key("first", &number), 0);
	ck_assert_uint_eq(number, 1);
	ck_assert_int_eq(read_key("MemAvailable:", &number), 0);
	ck_assert_uint_eq(number, 24107716);
	ck_assert_int_eq(read_key("last", &number), 0);
	ck_assert_uint_eq(number, 4);
}
END_TEST

START_TEST(key_is_a_whole_word)
{
	uint64_t number = 7;

	tree_write("/file", "oom_kill_disable 1\nunder_oom 2\noom_kill 3\n");
	ck_assert_int_eq(read_key("oom", &number), -ENOENT);
	ck_assert_uint_eq(number, 7);
	ck_assert_int_eq(read_key("oom_kill", &number), 0);
	ck_assert_uint_eq(number, 3);
}
END_TEST

START_TEST(what_is_no_number_is_not_found)
{
	static const char *const garbage[] = {"", "\n", "key", "key\n", "key \n", "key x\n", "key -1\n",
		"key 1x\n", "key 99999999999999999999\n"};
	uint64_t number = 7;

	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
		tree_write("/file", garbage[i]);
		ck_assert_msg(read_key("key", &number) == -ENOENT, "took \"%s\"", garbage[i]);
	}
	ck_assert_uint_eq(number, 7);
}
END_TEST

START_TEST(without_the_file_nothing_is_found)
{
	uint64_t number = 7;

	ck_assert_int_eq(read_key("key", &number), -ENOENT);
	ck_assert_int_eq(mproci_keyed_text_read("key", &number, "%*s", PATH_MAX, "x"), -ENOENT);
	ck_assert_uint_eq(number, 7);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "keyed_text",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests =
			(const TTest *[]){
				number_behind_its_key_is_found,
				key_is_a_whole_word,
				what_is_no_number_is_not_found,
				without_the_file_nothing_is_found,
				NULL,
			},
	});
}
