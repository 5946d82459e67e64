/* SPDX-License-Identifier: MIT */
#include "pool/terms.h"

#include "support.h"

#include <errno.h>
#include <math.h>
#include <mproc/result.h>

static mproci_terms checked(mproci_wishes wishes)
{
	mproci_terms terms;

	ck_assert_int_eq(mproci_terms_check(&wishes, true, &terms), 0);
	return terms;
}

static void assert_refused(mproci_wishes wishes, bool can_kill, int code, const char *text)
{
	mproci_terms terms = {.retries = 4711};

	ck_assert_int_eq(mproci_terms_check(&wishes, can_kill, &terms), code);
	ck_assert_str_eq(mproc_error_text(), text);
	ck_assert_uint_eq(terms.retries, 4711);
}

START_TEST(seconds_become_nanoseconds)
{
	ck_assert_int_eq(checked((mproci_wishes){.timeout = 1.5}).timeout, 1500000000);
	ck_assert_int_eq(checked((mproci_wishes){.soft_timeout = 0.25}).soft_timeout, 250000000);
	ck_assert_int_eq(checked((mproci_wishes){0}).timeout, 0);
	ck_assert_int_eq(checked((mproci_wishes){0}).soft_timeout, 0);
}
END_TEST

START_TEST(a_time_too_short_to_count_is_not_none)
{
	ck_assert_int_eq(checked((mproci_wishes){.timeout = 1e-12}).timeout, 1);
	ck_assert_int_eq(checked((mproci_wishes){.soft_timeout = 1e-300}).soft_timeout, 1);
}
END_TEST

START_TEST(a_time_too_long_to_come_is_none)
{
	ck_assert_int_eq(checked((mproci_wishes){.timeout = INFINITY}).timeout, 0);
	ck_assert_int_eq(checked((mproci_wishes){.timeout = 1e18}).timeout, 0);
}
END_TEST

START_TEST(the_rest_is_kept)
{
	char context[3];
	mproci_terms terms = checked((mproci_wishes){
		.deadline = 77, .retries = 62, .context = context, .context_size = 3, .seed = 9});

	ck_assert_int_eq(terms.deadline, 77);
	ck_assert_uint_eq(terms.retries, 62);
	ck_assert_ptr_eq(terms.context, context);
	ck_assert_uint_eq(terms.context_size, 3);
	ck_assert_uint_eq(terms.seed, 9);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
	assert_refused(
		(mproci_wishes){.timeout = -1}, true, -EINVAL, "timeout -1: 0 and more seconds are possible");
	assert_refused((mproci_wishes){.soft_timeout = NAN}, true, -EINVAL,
		"soft_timeout nan: 0 and more seconds are possible");
	assert_refused((mproci_wishes){.retries = 63}, true, -EINVAL, "retries 63: 0 to 62 are possible");
	assert_refused((mproci_wishes){.context_size = 8}, true, -EINVAL, "context is NULL, its size 8");
}
END_TEST

START_TEST(a_timeout_is_refused_for_workers_that_cannot_be_killed)
{
	assert_refused((mproci_wishes){.timeout = 2.5}, false, -ENOTSUP,
		"timeout 2.5: only workers that are processes can be killed; soft_timeout is possible");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		seconds_become_nanoseconds,
		a_time_too_short_to_count_is_not_none,
		a_time_too_long_to_come_is_none,
		the_rest_is_kept,
		what_is_out_of_range_is_refused,
		a_timeout_is_refused_for_workers_that_cannot_be_killed,
		NULL,
	};

	return support_run("terms", tests);
}
