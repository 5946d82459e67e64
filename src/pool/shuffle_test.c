/* SPDX-License-Identifier: MIT */
#include "pool/shuffle.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

enum {
	MOST = 5000,
};

static void assert_one_to_one(uint64_t count, uint64_t seed)
{
	static bool is_there[MOST];

	memset(is_there, 0, sizeof is_there);
	for (uint64_t i = 0; i < count; ++i) {
		uint64_t to = mproci_shuffle(i, count, seed);

		ck_assert_uint_lt(to, count);
		ck_assert_msg(!is_there[to], "count %lu, seed %lu: %lu twice", (unsigned long)count,
			(unsigned long)seed, (unsigned long)to);
		is_there[to] = true;
	}
}

START_TEST(every_position_goes_to_one_place)
{
	static const uint64_t counts[] = {1023, 1024, 1025, 4095, 4096, 4097, MOST};

	for (uint64_t count = 1; count < 300; ++count)
		assert_one_to_one(count, count * 7);
	for (int i = 0; i < 7; ++i)
		assert_one_to_one(counts[i], UINT64_MAX - (uint64_t)i);
}
END_TEST

START_TEST(another_seed_gives_another_order)
{
	int same = 0;

	for (uint64_t i = 0; i < 1000; ++i)
		same += mproci_shuffle(i, 1000, 1) == mproci_shuffle(i, 1000, 2);
	/* About one by chance. */
	ck_assert_int_lt(same, 20);
}
END_TEST

START_TEST(the_order_is_not_that_of_the_positions)
{
	int rising = 0;

	for (uint64_t i = 1; i < 1000; ++i)
		rising += mproci_shuffle(i, 1000, 5) > mproci_shuffle(i - 1, 1000, 5);
	ck_assert_int_gt(rising, 400);
	ck_assert_int_lt(rising, 600);
}
END_TEST

START_TEST(large_counts_stay_in_range)
{
	static const uint64_t counts[] = {
		UINT32_MAX, (uint64_t)UINT32_MAX + 1, (uint64_t)1 << 62, UINT64_MAX};

	for (int c = 0; c < 4; ++c) {
		for (uint64_t i = 0; i < 100; ++i)
			ck_assert_uint_lt(mproci_shuffle(counts[c] - 1 - i, counts[c], i), counts[c]);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_position_goes_to_one_place,
		another_seed_gives_another_order,
		the_order_is_not_that_of_the_positions,
		large_counts_stay_in_range,
		NULL,
	};

	return support_run("shuffle", tests);
}
