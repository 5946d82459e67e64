/* SPDX-License-Identifier: MIT */
#include <mproc/namespace.h>

#include "collections/dict_fixture.h"

#include <unistd.h>

static mproc_namespace *space;

static void make_space(void)
{
	note_blocks();
	ck_assert_int_eq(mproc_namespace_create(NULL, &space), 0);
}

static void free_space(void)
{
	space = mproc_namespace_destroy(space);
	ck_assert_ptr_null(space);
	check_blocks();
}

static int set_int(const char *name, int value)
{
	return mproc_namespace_set(space, name, &value, sizeof value);
}

static void expect_int(const char *name, int expected)
{
	int value = ~expected;

	ck_assert_int_eq(mproc_namespace_get(space, name, &value, sizeof value), 0);
	ck_assert_int_eq(value, expected);
}

START_TEST(create_refuses_what_a_dict_refuses)
{
	mproc_namespace *another = NULL;

	check_failed(mproc_namespace_create(NULL, NULL), -EINVAL, "namespace: where to return it is NULL");
	check_failed(mproc_namespace_create(&(mproc_dict_options){.stripes = 65}, &another), -EINVAL,
		"namespace: 65 stripes");
	check_failed(mproc_namespace_create(&(mproc_dict_options){.patience = -1}, &another), -EINVAL,
		"namespace: patience -1");
	check_failed(mproc_namespace_create(&(mproc_dict_options){.reserved = {7}}, &another), -EINVAL,
		"reserved[0] is 7, not 0");
	ck_assert_ptr_null(another);
}
END_TEST

START_TEST(new_namespace_takes_as_much_memory_as_its_header_says)
{
	mproc_namespace *another;
	size_t before = used_bytes();

	ck_assert_int_eq(mproc_namespace_create(NULL, &another), 0);
	ck_assert_uint_le(used_bytes(), before + 1024);
	mproc_namespace_destroy(another);
}
END_TEST

START_TEST(namespace_may_have_more_stripes)
{
	mproc_namespace *another;
	int value = 5, got = 0;

	ck_assert_int_eq(mproc_namespace_create(&(mproc_dict_options){.stripes = 64}, &another), 0);
	ck_assert_int_eq(mproc_namespace_set(another, "five", &value, sizeof value), 0);
	ck_assert_int_eq(mproc_namespace_get(another, "five", &got, sizeof got), 0);
	ck_assert_int_eq(got, 5);
	ck_assert_ptr_null(mproc_namespace_destroy(another));
}
END_TEST

static void check_refused(mproc_namespace *none, const char *text)
{
	mproc_snapshot *all = NULL;
	void *copy = NULL;
	int value = 77;

	check_failed(mproc_namespace_set(none, "x", &value, sizeof value), -EINVAL, text);
	check_failed(mproc_namespace_get(none, "x", &value, sizeof value), -EINVAL, text);
	check_failed(mproc_namespace_get_copy(none, "x", &copy, NULL), -EINVAL, text);
	check_failed(mproc_namespace_has(none, "x"), -EINVAL, text);
	check_failed(mproc_namespace_delete(none, "x"), -EINVAL, text);
	check_failed(mproc_namespace_snapshot(none, &all), -EINVAL, text);
	ck_assert_ptr_null(mproc_namespace_destroy(none));
	ck_assert_int_eq(value, 77);
	ck_assert_ptr_null(copy);
	ck_assert_ptr_null(all);
}

START_TEST(every_function_refuses_what_is_no_namespace)
{
	char *zeros = mproc_calloc(1, 1000);

	check_refused(NULL, "NULL");
	check_refused((mproc_namespace *)(void *)zeros, "not initialised, or destroyed");
	mproc_free(zeros);
}
END_TEST

START_TEST(every_function_refuses_an_address_that_is_missing)
{
	void *copy = NULL;
	int value = 77;

	check_failed(mproc_namespace_set(space, NULL, &value, sizeof value), -EINVAL, "name is NULL");
	check_failed(mproc_namespace_get(space, NULL, &value, sizeof value), -EINVAL, "name is NULL");
	check_failed(mproc_namespace_get_copy(space, NULL, &copy, NULL), -EINVAL, "name is NULL");
	check_failed(mproc_namespace_has(space, NULL), -EINVAL, "name is NULL");
	check_failed(mproc_namespace_delete(space, NULL), -EINVAL, "name is NULL");
	check_failed(mproc_namespace_set(space, "x", NULL, 1), -EINVAL, "value is NULL");
	check_failed(mproc_namespace_get(space, "x", NULL, 1), -EINVAL, "NULL");
	check_failed(mproc_namespace_get_copy(space, "x", NULL, NULL), -EINVAL,
		"where to return the value is NULL");
	check_failed(mproc_namespace_snapshot(space, NULL), -EINVAL, "where to return the snapshot is NULL");
	check_failed(mproc_namespace_set(space, "x", &value, SIZE_MAX), -EOVERFLOW, "18446744073709551615");
	ck_assert_int_eq(mproc_namespace_has(space, "x"), 0);
}
END_TEST

START_TEST(values_of_each_type_have_names)
{
	const double rate = 0.25;
	struct {
		char a;
		long b;
	} pair = {'x', 5};
	double got_rate = 0;
	typeof(pair) got_pair;
	char text[] = "a string", got_text[sizeof text];

	memset((void *)&got_pair, 0, sizeof got_pair);
	ck_assert_int_eq(mproc_namespace_set(space, "rate", &rate, sizeof rate), 0);
	ck_assert_int_eq(mproc_namespace_set(space, "pair", &pair, sizeof pair), 0);
	ck_assert_int_eq(mproc_namespace_set(space, "text", text, sizeof text), 0);
	ck_assert_int_eq(mproc_namespace_get(space, "rate", &got_rate, sizeof got_rate), 0);
	ck_assert_int_eq(mproc_namespace_get(space, "pair", (void *)&got_pair, sizeof got_pair), 0);
	ck_assert_int_eq(mproc_namespace_get(space, "text", got_text, sizeof got_text), 0);
	ck_assert(got_rate == rate);
	ck_assert_int_eq(got_pair.b, 5);
	ck_assert_str_eq(got_text, text);
}
END_TEST

/* Not its address. */
START_TEST(name_is_its_characters)
{
	char one[] = "name", other[] = "name";

	ck_assert_int_eq(set_int(one, 1), 0);
	ck_assert_int_eq(set_int(other, 2), 0);
	memset(one, 'x', 4);
	expect_int("name", 2);
	ck_assert_int_eq(mproc_namespace_has(space, "nam"), 0);
	ck_assert_int_eq(mproc_namespace_has(space, "names"), 0);
	ck_assert_int_eq(mproc_namespace_has(space, "xxxx"), 0);
}
END_TEST

START_TEST(empty_string_is_a_name)
{
	ck_assert_int_eq(mproc_namespace_has(space, ""), 0);
	ck_assert_int_eq(set_int("", 5), 0);
	expect_int("", 5);
	ck_assert_int_eq(mproc_namespace_delete(space, ""), 0);
}
END_TEST

START_TEST(get_refuses_another_size_and_writes_no_more_than_that)
{
	char buffer[16];

	ck_assert_int_eq(mproc_namespace_set(space, "rate", "12345678", 8), 0);
	for (size_t size = 0; size < sizeof buffer; ++size) {
		if (size == 8)
			continue;
		fill(buffer, sizeof buffer, 3);
		check_failed(mproc_namespace_get(space, "rate", buffer, size), -EMSGSIZE, "8");
		for (size_t i = size; i < sizeof buffer; ++i)
			ck_assert_int_eq((unsigned char)buffer[i], pattern_at(i, 3));
	}
}
END_TEST

START_TEST(name_without_a_value_is_told_of)
{
	void *copy = NULL;
	int value = 77;

	check_failed(mproc_namespace_get(space, "x", &value, sizeof value), -ENOENT, "no value");
	check_failed(mproc_namespace_get_copy(space, "x", &copy, NULL), -ENOENT, "no value");
	check_failed(mproc_namespace_delete(space, "x"), -ENOENT, "no value");
	ck_assert_int_eq(mproc_namespace_has(space, "x"), 0);
	ck_assert_int_eq(value, 77);
	ck_assert_ptr_null(copy);
}
END_TEST

START_TEST(copy_is_a_string_of_any_length)
{
	char *copy = NULL;
	size_t size = 0;

	ck_assert_int_eq(mproc_namespace_set(space, "text", "hedgehog", 8), 0);
	ck_assert_int_eq(mproc_namespace_get_copy(space, "text", (void **)&copy, &size), 0);
	ck_assert_str_eq(copy, "hedgehog");
	ck_assert_uint_eq(size, 8);
	free(copy);
}
END_TEST

START_TEST(deleted_name_is_gone)
{
	ck_assert_int_eq(set_int("one", 1), 0);
	ck_assert_int_eq(set_int("two", 2), 0);
	ck_assert_int_eq(mproc_namespace_delete(space, "one"), 0);
	ck_assert_int_eq(mproc_namespace_has(space, "one"), 0);
	expect_int("two", 2);
}
END_TEST

START_TEST(snapshot_has_the_names_as_strings)
{
	mproc_snapshot *all = NULL;

	ck_assert_int_eq(set_int("two", 2), 0);
	ck_assert_int_eq(set_int("one", 1), 0);
	ck_assert_int_eq(mproc_namespace_snapshot(space, &all), 0);
	ck_assert_uint_eq(all->count, 2);
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_key);
	ck_assert_str_eq(all->entries[0].key, "one");
	ck_assert_str_eq(all->entries[1].key, "two");
	ck_assert_int_eq(*(const int *)all->entries[0].value, 1);
	ck_assert_int_eq(*(const int *)all->entries[1].value, 2);
	mproc_snapshot_close(all);
}
END_TEST

static int set_in_child(void *unused)
{
	(void)unused;
	return set_int("made by", getpid());
}

START_TEST(what_a_child_sets_its_parent_sees)
{
	pid_t pid = support_fork(set_in_child, NULL);

	ck_assert_int_eq(support_reap(pid), 0);
	expect_int("made by", pid);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		create_refuses_what_a_dict_refuses,
		new_namespace_takes_as_much_memory_as_its_header_says,
		namespace_may_have_more_stripes,
		every_function_refuses_what_is_no_namespace,
		every_function_refuses_an_address_that_is_missing,
		values_of_each_type_have_names,
		name_is_its_characters,
		empty_string_is_a_name,
		get_refuses_another_size_and_writes_no_more_than_that,
		name_without_a_value_is_told_of,
		copy_is_a_string_of_any_length,
		deleted_name_is_gone,
		snapshot_has_the_names_as_strings,
		NULL,
	};
	const TTest *process_tests[] = {
		what_a_child_sets_its_parent_sees,
		NULL,
	};
	const support_suite suite = {
		.name = "namespace",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_space,
		.teardown = free_space,
	};

	return support_run_suite(&suite);
}
