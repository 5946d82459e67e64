/* SPDX-License-Identifier: MIT */
#include "store/oldest.h"

#include "people.h"
#include "support.h"

#include <stdlib.h>
#include <sys/resource.h>

static mproci_oldest oldest;

static void forget(void)
{
	mproci_oldest_free(&oldest);
}

static mproci_digest digest_with(int number)
{
	mproci_digest digest = {{0}};

	digest.bytes[0] = (uint8_t)number;
	digest.bytes[MPROCI_DIGEST_NAMED - 1] = (uint8_t)(number >> 8);
	return digest;
}

static void add(int used)
{
	mproci_digest digest = digest_with(used);

	mproci_oldest_add(&oldest, used, &digest);
}

static void assert_next(int used)
{
	mproci_digest digest = digest_with(used);
	const mproci_use *use = mproci_oldest_first(&oldest);

	ck_assert_ptr_nonnull(use);
	ck_assert_int_eq(use->used, used);
	ck_assert_mem_eq(use->named, digest.bytes, sizeof use->named);
	mproci_oldest_drop(&oldest);
}

static void assert_empty(void)
{
	ck_assert_ptr_null(mproci_oldest_first(&oldest));
}

START_TEST(of_none_there_is_no_oldest)
{
	assert_empty();
	mproci_oldest_order(&oldest);
	assert_empty();
}
END_TEST

START_TEST(any_order_of_a_few_comes_out_in_order)
{
	for (int way = 0; way < 5 * 5 * 5 * 5 * 5; ++way) {
		int counts[5] = {0};

		for (int i = 0, left = way; i < 5; ++i, left /= 5) {
			++counts[left % 5];
			add(left % 5);
		}
		mproci_oldest_order(&oldest);
		for (int used = 0; used < 5; ++used) {
			while (counts[used]-- > 0)
				assert_next(used);
		}
		assert_empty();
	}
}
END_TEST

START_TEST(many_come_out_in_order)
{
	enum {
		MANY = 5000
	};

	/* 4999 is prime: each number from 1 to 4998 once. */
	for (int i = 1; i < MANY - 1; ++i)
		add((int)((long)i * 3141 % (MANY - 1)));
	mproci_oldest_order(&oldest);
	for (int i = 1; i < MANY - 1; ++i)
		assert_next(i);
	assert_empty();
}
END_TEST

START_TEST(one_that_was_used_meanwhile_has_to_wait)
{
	for (int used = 1; used <= 9; ++used)
		add(used);
	mproci_oldest_order(&oldest);
	mproci_oldest_delay(&oldest, 6);
	for (int used = 2; used <= 5; ++used)
		assert_next(used);
	ck_assert_int_eq(mproci_oldest_first(&oldest)->used, 6);
	mproci_oldest_drop(&oldest);
	ck_assert_int_eq(mproci_oldest_first(&oldest)->used, 6);
	mproci_oldest_delay(&oldest, 100);
	for (int used = 7; used <= 9; ++used)
		assert_next(used);
	ck_assert_int_eq(mproci_oldest_first(&oldest)->used, 100);
}
END_TEST

static int add_without_memory(void *unused)
{
	const struct rlimit none = {0, 0};
	int count = 0;

	(void)unused;
	for (int i = 0; i < 1024; ++i)
		add(1024 - i);
	if (setrlimit(RLIMIT_AS, &none) != 0)
		return 1;
	for (int i = 0; i < 3000; ++i)
		add(0);
	mproci_oldest_order(&oldest);
	for (; mproci_oldest_first(&oldest) != NULL; mproci_oldest_drop(&oldest)) {
		if (mproci_oldest_first(&oldest)->used != ++count)
			return 2;
	}
	return count == 1024 ? 0 : 3;
}

START_TEST(what_there_is_no_memory_for_is_left_out)
{
	ck_assert_int_eq(support_reap(support_fork(add_without_memory, NULL)), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		of_none_there_is_no_oldest,
		any_order_of_a_few_comes_out_in_order,
		many_come_out_in_order,
		one_that_was_used_meanwhile_has_to_wait,
		NULL,
	};
	const TTest *process_tests[] = {
		what_there_is_no_memory_for_is_left_out,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "oldest",
		.tests = tests,
		.process_tests = process_tests,
		.teardown = forget,
	});
}
