/* SPDX-License-Identifier: MIT */
#include "manager/expiry.h"

#include "support.h"

#include <stdlib.h>

enum {
	MANY = 2000,
};

static mproci_expiry expiry;
static mproci_expiring things[MANY];

static void teardown(void)
{
	mproci_expiry_free(&expiry);
}

/* Take all out from the top, and check that they come in their order.  Returns how many there were. */
static int drain(void)
{
	int64_t last = INT64_MIN;
	int count = 0;

	for (mproci_expiring *first; (first = mproci_expiry_first(&expiry)) != NULL; count++) {
		ck_assert_int_ge(first->at, last);
		last = first->at;
		mproci_expiry_remove(&expiry, first);
		ck_assert_uint_eq(first->place, 0);
	}
	return count;
}

START_TEST(what_expires_first_comes_first)
{
	unsigned number = 1;

	for (int i = 0; i < MANY; i++)
		ck_assert(mproci_expiry_set(
			&expiry, &things[i], (number = number * 1664525 + 1013904223) % 500));
	ck_assert_int_eq(drain(), MANY);
	ck_assert_ptr_null(mproci_expiry_first(&expiry));
}
END_TEST

START_TEST(times_change_and_things_go)
{
	unsigned number = 7;
	int left = 0;

	for (int i = 0; i < 20 * MANY; i++) {
		mproci_expiring *thing = &things[(number = number * 1664525 + 1013904223) / 64 % MANY];

		if (number % 3 == 0)
			mproci_expiry_remove(&expiry, thing);
		else
			ck_assert(mproci_expiry_set(&expiry, thing, number / 3 % 1000));
	}
	for (int i = 0; i < MANY; i++)
		left += things[i].place != 0;
	ck_assert_int_gt(left, 0);
	ck_assert_int_eq(drain(), left);
}
END_TEST

START_TEST(the_heap_gives_its_memory_back)
{
	for (int i = 0; i < MANY; i++)
		mproci_expiry_set(&expiry, &things[i], i);
	for (int i = 0; i < MANY; i++)
		mproci_expiry_remove(&expiry, &things[i]);
	ck_assert_uint_le(expiry.capacity, 16);
	mproci_expiry_remove(&expiry, &things[0]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_expires_first_comes_first,
		times_change_and_things_go,
		the_heap_gives_its_memory_back,
		NULL,
	};
	const support_suite suite = {.name = "expiry", .tests = tests, .teardown = teardown};

	return support_run_suite(&suite);
}
