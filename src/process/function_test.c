/* SPDX-License-Identifier: MIT */
#include "process/function.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	THREADS = 4,
	NAMES = 100,
};

static int one(void *unused)
{
	(void)unused;
	return 1;
}

static int two(void *unused)
{
	(void)unused;
	return 2;
}

static mproci_function_name describe(mproc_process_function *function)
{
	mproci_function_name name;

	ck_assert_msg(mproci_function_describe(function, &name) == 0, "%s", mproc_error_text());
	return name;
}

static mproci_function_name registered_as(const char *registered)
{
	mproci_function_name name = {.registered = ""};

	memcpy(name.registered, registered, strlen(registered) + 1);
	return name;
}

static void check_found(const mproci_function_name *name, mproc_process_function *expected)
{
	mproc_process_function *function = NULL;

	ck_assert_msg(mproci_function_find(name, &function) == 0, "%s", mproc_error_text());
	ck_assert(function == expected);
}

static void check_refused(const mproci_function_name *name, int code, const char *text)
{
	mproc_process_function *function = NULL;

	ck_assert_int_eq(mproci_function_find(name, &function), code);
	support_check_text(text);
	ck_assert(function == NULL);
}

START_TEST(function_without_name_is_found_by_its_place)
{
	mproci_function_name name = describe(one);

	ck_assert_str_eq(name.registered, "");
	check_found(&name, one);
}
END_TEST

START_TEST(registered_function_is_found_by_its_name)
{
	mproci_function_name name;

	ck_assert_int_eq(mproc_process_register("one", one), 0);
	ck_assert_int_eq(mproc_process_register("two", two), 0);
	name = describe(one);
	ck_assert_str_eq(name.registered, "one");
	ck_assert_uint_eq(name.place.offset, 0);
	check_found(&name, one);
	name = describe(two);
	ck_assert_str_eq(name.registered, "two");
	check_found(&name, two);
}
END_TEST

START_TEST(name_of_63_bytes_is_possible)
{
	static const char longest[] = "123456789012345678901234567890123456789012345678901234567890123";
	mproci_function_name name;

	ck_assert_int_eq(mproc_process_register(longest, one), 0);
	name = describe(one);
	ck_assert_str_eq(name.registered, longest);
	check_found(&name, one);
}
END_TEST

START_TEST(function_may_be_registered_twice_and_under_two_names)
{
	const mproci_function_name other = registered_as("other");
	mproci_function_name name;

	ck_assert_int_eq(mproc_process_register("one", one), 0);
	ck_assert_int_eq(mproc_process_register("one", one), 0);
	ck_assert_int_eq(mproc_process_register("other", one), 0);
	name = describe(one);
	check_found(&name, one);
	check_found(&other, one);
}
END_TEST

START_TEST(name_that_means_another_function_is_refused)
{
	const mproci_function_name name = registered_as("one");

	ck_assert_int_eq(mproc_process_register("one", one), 0);
	ck_assert_int_eq(mproc_process_register("one", two), -EEXIST);
	support_check_text("function \"one\": the name means another function");
	check_found(&name, one);
}
END_TEST

START_TEST(register_checks_its_arguments)
{
	char name[MPROCI_FUNCTION_NAME_SIZE + 1] = "";

	ck_assert_int_eq(mproc_process_register(NULL, one), -EINVAL);
	support_check_text("name is NULL");
	ck_assert_int_eq(mproc_process_register("one", NULL), -EINVAL);
	support_check_text("function is NULL");
	ck_assert_int_eq(mproc_process_register("", one), -EINVAL);
	support_check_text("name of a function of 0 bytes: 1 to 63 are possible");
	memset(name, 'x', MPROCI_FUNCTION_NAME_SIZE);
	ck_assert_int_eq(mproc_process_register(name, one), -EINVAL);
	support_check_text("name of a function of 64 bytes: 1 to 63 are possible");
}
END_TEST

START_TEST(name_that_is_unknown_here_is_refused)
{
	const mproci_function_name name = registered_as("three");

	check_refused(&name, -ENOENT, "function \"three\": main registers it nowhere before mproc_init");
}
END_TEST

START_TEST(name_that_has_no_end_is_refused)
{
	mproci_function_name name = {.registered = ""};

	memset(&name, 'x', sizeof name);
	check_refused(&name, -ENOEXEC, "name of a function: longer than 63 bytes");
}
END_TEST

START_TEST(place_that_has_no_function_is_refused)
{
	mproci_function_name name = describe(one);

	name.place.offset = UINT64_MAX;
	check_refused(&name, -ENOEXEC, "is nothing that can be executed");
}
END_TEST

START_TEST(what_is_no_function_is_not_described)
{
	mproci_function_name name = {.registered = "untouched"};
	int data;

	ck_assert_int_eq(
		mproci_function_describe((mproc_process_function *)(uintptr_t)&data, &name), -ENOENT);
	support_check_text("neither in the program nor in a library");
	ck_assert_str_eq(name.registered, "untouched");
}
END_TEST

static char names[NAMES][32];
/* How many threads a name took whose function was the first to have it. */
static _Atomic uint32_t winners[NAMES];

static int register_all(void *argument)
{
	mproc_process_function *function = *(int *)argument % 2 == 0 ? one : two;

	for (int i = 0; i < NAMES; ++i) {
		int rc = mproc_process_register(names[i], function);

		if (rc == 0)
			++winners[i];
		else if (rc != -EEXIST)
			return rc;
	}
	return 0;
}

/* Of the threads, half register one function and half the other. */
START_TEST(threads_that_register_at_once_agree)
{
	support_thread threads[THREADS];
	int numbers[THREADS];

	for (int i = 0; i < NAMES; ++i)
		snprintf(names[i], sizeof names[i], "name %d", i);
	for (int i = 0; i < THREADS; ++i) {
		numbers[i] = i;
		support_begin(&threads[i], register_all, &numbers[i]);
	}
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	for (int i = 0; i < NAMES; ++i) {
		const mproci_function_name name = registered_as(names[i]);
		mproc_process_function *function;

		ck_assert_uint_eq(winners[i], THREADS / 2);
		ck_assert_int_eq(mproci_function_find(&name, &function), 0);
		ck_assert_int_eq(mproc_process_register(names[i], function == one ? two : one), -EEXIST);
	}
}
END_TEST

static int find_and_register(void *unused)
{
	const mproci_function_name name = registered_as("one");
	mproc_process_function *function;
	int rc = mproci_function_find(&name, &function);

	if (rc == 0 && function != one)
		rc = -EBADMSG;
	return rc < 0 ? rc : mproc_process_register("two", two(unused) == 2 ? two : one);
}

START_TEST(forked_child_goes_on_with_the_names)
{
	const mproci_function_name later = registered_as("two");

	ck_assert_int_eq(mproc_process_register("one", one), 0);
	ck_assert_int_eq(support_reap(support_fork(find_and_register, NULL)), 0);
	check_refused(&later, -ENOENT, "function \"two\": main registers it nowhere");
}
END_TEST

/* Only there when AddressSanitizer is, whose malloc ends the process rather than fail. */
extern void __asan_init(void) __attribute__((weak));

static void exhaust_memory(void)
{
	static void *volatile latest;

	for (size_t size = (size_t)1 << 20; size >= 16; size /= 2) {
		do
			latest = malloc(size);
		while (latest != NULL);
	}
}

/* Nothing of Check, which takes memory too. */
static int register_without_memory(void *unused)
{
	struct rlimit before, none;
	int rc;

	(void)unused;
	if (getrlimit(RLIMIT_AS, &before) != 0)
		return -EPERM;
	none = (struct rlimit){.rlim_max = before.rlim_max};
	if (setrlimit(RLIMIT_AS, &none) != 0)
		return -EPERM;
	exhaust_memory();
	rc = mproc_process_register("one", one);
	setrlimit(RLIMIT_AS, &before);
	return strcmp(mproc_error_text(), "function \"one\": no memory for its name") == 0 ? rc : -EBADMSG;
}

START_TEST(register_without_memory_fails)
{
	if (__asan_init == NULL)
		ck_assert_int_eq(support_reap(support_fork(register_without_memory, NULL)), ENOMEM);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		function_without_name_is_found_by_its_place,
		registered_function_is_found_by_its_name,
		name_of_63_bytes_is_possible,
		function_may_be_registered_twice_and_under_two_names,
		name_that_means_another_function_is_refused,
		register_checks_its_arguments,
		name_that_is_unknown_here_is_refused,
		name_that_has_no_end_is_refused,
		place_that_has_no_function_is_refused,
		what_is_no_function_is_not_described,
		threads_that_register_at_once_agree,
		NULL,
	};
	const TTest *process_tests[] = {
		forked_child_goes_on_with_the_names,
		register_without_memory_fails,
		NULL,
	};
	const support_suite suite = {
		.name = "function",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
