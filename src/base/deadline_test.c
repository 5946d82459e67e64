/* SPDX-License-Identifier: MIT */
#include "base/deadline.h"

#include "support.h"

#include <math.h>
#include <time.h>

static const int64_t SECOND = 1000000000;
static const int64_t NOW = 1000 * INT64_C(1000000000);
static const double YEAR = 365.0 * 86400;

START_TEST(deadline_is_seconds_after_now)
{
	ck_assert_int_eq(mproci_deadline_add(NOW, 1.5), NOW + SECOND + SECOND / 2);
	ck_assert_int_eq(mproci_deadline_add(NOW, 1e-9), NOW + 1);
}
END_TEST

START_TEST(no_time_or_less_is_now)
{
	ck_assert_int_eq(mproci_deadline_add(NOW, 0), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_add(NOW, -0.0), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_add(NOW, -1), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_add(NOW, -INFINITY), MPROC_NOW);
}
END_TEST

START_TEST(what_is_not_a_number_is_now)
{
	ck_assert_int_eq(mproci_deadline_add(NOW, NAN), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_add(NOW, -NAN), MPROC_NOW);
}
END_TEST

START_TEST(more_than_146_years_is_forever)
{
	ck_assert_int_eq(mproci_deadline_add(NOW, INFINITY), MPROC_FOREVER);
	ck_assert_int_eq(mproci_deadline_add(NOW, 147 * YEAR), MPROC_FOREVER);
	ck_assert_int_eq(mproci_deadline_add(NOW, 1e300), MPROC_FOREVER);
}
END_TEST

START_TEST(the_longest_deadline_lies_in_the_future)
{
	ck_assert_int_gt(mproci_deadline_add((int64_t)(100 * YEAR) * SECOND, 146 * YEAR), NOW);
}
END_TEST

START_TEST(less_than_a_nanosecond_does_not_become_forever)
{
	ck_assert_int_eq(mproci_deadline_add(NOW, 1e-300), NOW);
}
END_TEST

START_TEST(now_is_the_earliest_deadline)
{
	ck_assert_int_eq(mproci_deadline_earlier(MPROC_NOW, NOW), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_earlier(NOW, MPROC_NOW), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_earlier(MPROC_NOW, MPROC_FOREVER), MPROC_NOW);
	ck_assert_int_eq(mproci_deadline_earlier(MPROC_FOREVER, MPROC_NOW), MPROC_NOW);
}
END_TEST

START_TEST(forever_is_the_latest_deadline)
{
	ck_assert_int_eq(mproci_deadline_earlier(MPROC_FOREVER, NOW), NOW);
	ck_assert_int_eq(mproci_deadline_earlier(NOW, MPROC_FOREVER), NOW);
	ck_assert_int_eq(mproci_deadline_earlier(MPROC_FOREVER, MPROC_FOREVER), MPROC_FOREVER);
}
END_TEST

START_TEST(the_earlier_of_two_deadlines_is_found)
{
	ck_assert_int_eq(mproci_deadline_earlier(NOW, NOW + 1), NOW);
	ck_assert_int_eq(mproci_deadline_earlier(NOW + 1, NOW), NOW);
}
END_TEST

START_TEST(deadline_has_passed_from_its_nanosecond_on)
{
	ck_assert(!mproci_deadline_passed(NOW, NOW - 1));
	ck_assert(mproci_deadline_passed(NOW, NOW));
	ck_assert(mproci_deadline_passed(NOW, NOW + 1));
}
END_TEST

START_TEST(now_has_always_passed_and_forever_never)
{
	ck_assert(mproci_deadline_passed(MPROC_NOW, 1));
	ck_assert(!mproci_deadline_passed(MPROC_FOREVER, INT64_MAX));
}
END_TEST

START_TEST(forever_is_what_an_option_left_out_means)
{
	ck_assert_int_eq(MPROC_FOREVER, 0);
}
END_TEST

static int64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

START_TEST(after_counts_from_the_monotonic_clock)
{
	int64_t before = monotonic_now();
	mproc_deadline deadline = mproc_after(100);

	ck_assert_int_ge(deadline, before + 100 * SECOND);
	ck_assert_int_le(deadline, monotonic_now() + 100 * SECOND);
}
END_TEST

START_TEST(after_knows_the_special_cases)
{
	ck_assert_int_eq(mproc_after(0), MPROC_NOW);
	ck_assert_int_eq(mproc_after(-3), MPROC_NOW);
	ck_assert_int_eq(mproc_after(NAN), MPROC_NOW);
	ck_assert_int_eq(mproc_after(INFINITY), MPROC_FOREVER);
	ck_assert_int_eq(mproc_after(200 * YEAR), MPROC_FOREVER);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		deadline_is_seconds_after_now,
		no_time_or_less_is_now,
		what_is_not_a_number_is_now,
		more_than_146_years_is_forever,
		the_longest_deadline_lies_in_the_future,
		less_than_a_nanosecond_does_not_become_forever,
		now_is_the_earliest_deadline,
		forever_is_the_latest_deadline,
		the_earlier_of_two_deadlines_is_found,
		deadline_has_passed_from_its_nanosecond_on,
		now_has_always_passed_and_forever_never,
		forever_is_what_an_option_left_out_means,
		after_counts_from_the_monotonic_clock,
		after_knows_the_special_cases,
		NULL,
	};

	return support_run("deadline", tests);
}
