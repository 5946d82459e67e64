/* SPDX-License-Identifier: MIT */
#include "pool/functions.h"

#include "support.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <string.h>

static mproci_functions *functions;
static mproci_found found;

static void make_list(void)
{
	functions = calloc(1, sizeof *functions);
	memset(&found, 0, sizeof found);
}

static void free_list(void)
{
	free(functions);
}

static void one(void)
{
}

static void other(void)
{
}

START_TEST(a_function_has_one_place)
{
	int first = mproci_functions_add(functions, one), second = mproci_functions_add(functions, other);

	ck_assert_int_ge(first, 0);
	ck_assert_int_ge(second, 0);
	ck_assert_int_ne(first, second);
	ck_assert_int_eq(mproci_functions_add(functions, one), first);
	ck_assert_int_eq(mproci_functions_add(functions, other), second);
	ck_assert_uint_eq(functions->count, 2);
}
END_TEST

START_TEST(a_function_is_found_by_its_name)
{
	int place = mproci_functions_add(functions, other);

	/* In another process it may lie elsewhere. */
	functions->of[place].address = NULL;
	for (int i = 0; i < 2; ++i)
		ck_assert(mproci_functions_find(functions, &found, (mproci_function)place) == other);
	ck_assert(found.address[place] == other);
}
END_TEST

/* An address in no file, as that of code made at run time. */
static mproci_any_function *nameless(void)
{
	return (mproci_any_function *)(uintptr_t)functions;
}

START_TEST(a_function_without_a_name_is_found_at_its_address_by_copies_alone)
{
	int place = mproci_functions_add(functions, nameless());

	ck_assert_int_ge(place, 0);
	ck_assert(functions->of[place].is_nameless);
	ck_assert(mproci_functions_find(functions, &found, (mproci_function)place) == NULL);
	functions->is_copied = true;
	ck_assert(mproci_functions_find(functions, &found, (mproci_function)place) == nameless());
}
END_TEST

START_TEST(a_full_list_refuses_one_more)
{
	for (uintptr_t i = 0; i < MPROCI_FUNCTIONS; ++i)
		ck_assert_int_eq(
			mproci_functions_add(functions, (mproci_any_function *)((uintptr_t)functions + i)),
			(int)i);
	ck_assert_int_eq(mproci_functions_add(functions, one), -ENOSPC);
	ck_assert_str_eq(
		mproc_error_text(), "256 functions were given to this pool already: no more are possible");
	ck_assert_int_eq(mproci_functions_add(functions, nameless()), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_function_has_one_place,
		a_function_is_found_by_its_name,
		a_function_without_a_name_is_found_at_its_address_by_copies_alone,
		a_full_list_refuses_one_more,
		NULL,
	};
	const support_suite suite = {
		.name = "functions",
		.tests = tests,
		.setup = make_list,
		.teardown = free_list,
	};

	return support_run_suite(&suite);
}
