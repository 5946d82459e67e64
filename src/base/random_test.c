/* SPDX-License-Identifier: MIT */
/*
 * What mproc/random.h promises.  Whether the numbers are any good is the question of random_quality_test.c.
 */
#include "base/random.h"

#include "support.h"

#include <errno.h>
#include <math.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <string.h>

static mproc_random begin(uint64_t seed, uint64_t stream)
{
	mproc_random random;

	memset(&random, 0xa5, sizeof random);
	mproc_random_init(&random, seed, stream);
	return random;
}

static void expect_block(const uint64_t counter[4], const uint64_t key[2], const uint64_t expected[4])
{
	uint64_t block[MPROCI_RANDOM_BLOCK];

	mproci_random_block(counter, key, block);
	for (int i = 0; i < MPROCI_RANDOM_BLOCK; ++i)
		ck_assert_uint_eq(block[i], expected[i]);
}

/* The lines "philox4x64 10" of Random123's own file kat_vectors: zeros, ones, and digits of pi. */
START_TEST(blocks_are_those_that_random123_publishes)
{
	static const uint64_t zeros[4], ones[] = {-1, -1, -1, -1};
	static const uint64_t pi[] = {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0,
		0x082efa98ec4e6c89, 0x452821e638d01377, 0xbe5466cf34e90c6c};

	expect_block(zeros, zeros,
		(uint64_t[]){0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b});
	expect_block(ones, ones,
		(uint64_t[]){0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0});
	expect_block(pi, &pi[4],
		(uint64_t[]){0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6});
}
END_TEST

START_TEST(a_stream_is_the_blocks_of_its_seed_and_number_in_order)
{
	mproc_random random = begin(11, 22);

	for (uint64_t i = 0; i < 100; ++i) {
		uint64_t block[MPROCI_RANDOM_BLOCK];

		mproci_random_block((uint64_t[4]){i / 4}, (uint64_t[2]){11, 22}, block);
		ck_assert_uint_eq(mproc_random_bits(&random), block[i % 4]);
	}
}
END_TEST

START_TEST(all_zeros_is_stream_0_of_seed_0)
{
	mproc_random zeros = {0}, random = begin(0, 0);

	for (int i = 0; i < 10; ++i)
		ck_assert_uint_eq(mproc_random_bits(&zeros), mproc_random_bits(&random));
}
END_TEST

START_TEST(the_same_seed_and_stream_give_the_same_numbers_again)
{
	mproc_random first = begin(1, 2), second = begin(1, 2);

	for (int i = 0; i < 1000; ++i)
		ck_assert_uint_eq(mproc_random_bits(&first), mproc_random_bits(&second));
}
END_TEST

START_TEST(a_copy_goes_on_where_its_original_is)
{
	mproc_random original = begin(1, 2), copy;

	for (int i = 0; i < 6; ++i)
		mproc_random_bits(&original);
	copy = original;
	for (int i = 0; i < 10; ++i)
		ck_assert_uint_eq(mproc_random_bits(&original), mproc_random_bits(&copy));
}
END_TEST

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* With 64 bits, two of 160,000 numbers are the same by chance once in 10^9 tries. */
START_TEST(streams_and_seeds_share_no_numbers)
{
	enum {
		streams = 200,
		seeds = 4,
		length = 200,
		count = streams * seeds * length
	};
	static uint64_t drawn[count];
	uint64_t *next = drawn;

	for (int generator = 0; generator < streams * seeds; ++generator) {
		mproc_random random = begin((uint64_t)generator % seeds, (uint64_t)generator / seeds);

		for (int i = 0; i < length; ++i)
			*next++ = mproc_random_bits(&random);
	}
	qsort(drawn, count, sizeof *drawn, compare);
	for (int i = 1; i < count; ++i)
		ck_assert_uint_ne(drawn[i - 1], drawn[i]);
}
END_TEST

/* A generator that lies in shared memory, and whose user is killed between any two stores. */
START_TEST(a_block_that_was_not_finished_is_made_again)
{
	mproc_random random = begin(1, 2), same = begin(1, 2);

	for (int i = 0; i < 8; ++i)
		ck_assert_uint_eq(mproc_random_bits(&random), mproc_random_bits(&same));
	memset(&random.opaque[4], 0x5a, 20);
	for (int i = 0; i < 8; ++i)
		ck_assert_uint_eq(mproc_random_bits(&random), mproc_random_bits(&same));
}
END_TEST

/* Whole numbers. */

START_TEST(integer_reaches_both_ends_and_nothing_beyond)
{
	mproc_random random = begin(3, 0);
	int counts[7] = {0};

	for (int i = 0; i < 7000; ++i) {
		int64_t drawn = mproc_random_integer(&random, -3, 3);

		ck_assert_int_ge(drawn, -3);
		ck_assert_int_le(drawn, 3);
		++counts[drawn + 3];
	}
	for (int i = 0; i < 7; ++i)
		ck_assert_int_gt(counts[i], 850);
}
END_TEST

START_TEST(integer_of_one_number_is_that_number)
{
	mproc_random random = begin(3, 0);

	ck_assert_int_eq(mproc_random_integer(&random, 5, 5), 5);
	ck_assert_int_eq(mproc_random_integer(&random, INT64_MIN, INT64_MIN), INT64_MIN);
	ck_assert_int_eq(mproc_random_integer(&random, INT64_MAX, INT64_MAX), INT64_MAX);
}
END_TEST

START_TEST(integer_of_all_numbers_is_all_bits)
{
	mproc_random random = begin(3, 0), same = begin(3, 0);

	for (int i = 0; i < 100; ++i)
		ck_assert_int_eq(mproc_random_integer(&random, INT64_MIN, INT64_MAX),
			(int64_t)mproc_random_bits(&same));
}
END_TEST

START_TEST(integer_of_an_empty_range_is_its_low_end)
{
	mproc_random random = begin(3, 0);

	ck_assert_int_eq(mproc_random_integer(&random, 0, -1), 0);
	ck_assert_int_eq(mproc_random_integer(&random, INT64_MAX, INT64_MIN), INT64_MAX);
	ck_assert_int_eq(mproc_random_integer(&random, 7, -7), 7);
}
END_TEST

/*
 * 2^64 is 3 * 2^62 and a third of that.  If none were drawn again, every third of 3 * 2^62 numbers would come
 * twice as often as the others.
 */
START_TEST(integer_prefers_no_number_of_a_range_that_does_not_divide_2_to_the_64)
{
	enum {
		draws = 90000
	};
	mproc_random random = begin(4, 0);
	int counts[3] = {0};

	for (int i = 0; i < draws; ++i) {
		int64_t drawn = mproc_random_integer(&random, INT64_MIN, INT64_MAX / 2);

		++counts[((uint64_t)drawn - (uint64_t)INT64_MIN) % 3];
	}
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_gt(counts[i], draws / 3 - 600);
		ck_assert_int_lt(counts[i], draws / 3 + 600);
	}
}
END_TEST

/* Real numbers. */

START_TEST(double_is_the_upper_53_bits)
{
	mproc_random random = begin(5, 0), same = begin(5, 0);

	for (int i = 0; i < 10000; ++i) {
		double drawn = mproc_random_double(&random);

		ck_assert(drawn >= 0 && drawn < 1);
		ck_assert(drawn * 0x1p53 == (double)(mproc_random_bits(&same) >> 11));
	}
}
END_TEST

/* The generator is made to give one number after the other: a whole block of each. */
static mproc_random give(uint64_t bits)
{
	mproc_random random = begin(0, 0);

	mproc_random_bits(&random);
	for (int i = 4; i < 8; ++i)
		random.opaque[i] = bits;
	return random;
}

START_TEST(double_is_never_1)
{
	mproc_random lowest = give(0), highest = give(UINT64_MAX);

	ck_assert(mproc_random_double(&lowest) == 0);
	ck_assert(mproc_random_double(&highest) == 1 - 0x1p-53);
}
END_TEST

START_TEST(normal_is_finite_at_both_ends)
{
	mproc_random lowest = give(0), highest = give(UINT64_MAX);
	double least = mproc_random_normal(&lowest, 0, 1), most = mproc_random_normal(&highest, 0, 1);

	ck_assert(least < -8.2 && least > -8.3);
	ck_assert(most == -least);
}
END_TEST

START_TEST(normal_takes_one_number_of_the_stream)
{
	mproc_random random = begin(6, 0), same = begin(6, 0);

	for (int i = 0; i < 100; ++i) {
		double drawn = mproc_random_normal(&random, 0, 1);

		ck_assert((drawn < 0) == (mproc_random_bits(&same) < UINT64_C(1) << 63));
	}
	ck_assert_uint_eq(mproc_random_bits(&random), mproc_random_bits(&same));
}
END_TEST

START_TEST(normal_is_moved_by_its_mean_and_stretched_by_its_deviation)
{
	mproc_random random = begin(6, 0), same = begin(6, 0);

	for (int i = 0; i < 100; ++i) {
		double standard = mproc_random_normal(&random, 0, 1);

		ck_assert_double_eq_tol(mproc_random_normal(&same, 1000, 15), 1000 + 15 * standard, 1e-9);
	}
	ck_assert(mproc_random_normal(&random, 3, 0) == 3);
}
END_TEST

START_TEST(normal_without_a_distribution_is_not_a_number)
{
	mproc_random random = begin(6, 0);

	ck_assert(isnan(mproc_random_normal(&random, 0, -1)));
	ck_assert(isnan(mproc_random_normal(&random, 0, -INFINITY)));
	ck_assert(isnan(mproc_random_normal(&random, 0, NAN)));
	ck_assert(isnan(mproc_random_normal(&random, NAN, 1)));
}
END_TEST

/* The probability of being below @x, from the C library. */
static double distribution(double x)
{
	return 0.5 * erfc(-x / sqrt(2));
}

START_TEST(quantile_is_the_inverse_of_the_normal_distribution)
{
	for (double x = -8.2; x <= 0; x += 0.001) {
		double probability = distribution(x);
		double tolerance = 4e-15 * fmax(1, -x);

		ck_assert_double_eq_tol(mproci_normal_quantile(probability), x, tolerance);
		if (x > -1)
			ck_assert_double_eq_tol(mproci_normal_quantile(1 - probability), -x, tolerance);
	}
}
END_TEST

/* As statistics.NormalDist().inv_cdf of Python 3.11 has them, from another compiler. */
START_TEST(quantile_is_the_same_everywhere)
{
	ck_assert(mproci_normal_quantile(0.5) == 0);
	ck_assert(mproci_normal_quantile(0.3) == -0x1.0c7e39582c5fap-1);
	ck_assert(mproci_normal_quantile(0.97) == 0x1.e17bb09d8913ep+0);
	ck_assert(mproci_normal_quantile(0.001) == -0x1.8b8cbb7204470p+1);
	ck_assert(mproci_normal_quantile(1e-12) == -0x1.c234fba57a32ap+2);
}
END_TEST

/* Shuffling. */

START_TEST(shuffle_keeps_every_item)
{
	static const size_t sizes[] = {1, 3, 8, 63, 64, 65, 200};
	mproc_random random = begin(7, 0);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		enum {
			count = 100
		};
		char items[count * 200];
		bool is_there[count] = {false};

		for (int item = 0; item < count; ++item)
			memset(&items[(size_t)item * sizes[i]], item, sizes[i]);
		ck_assert_int_eq(mproc_random_shuffle(&random, items, sizes[i], count), 0);
		for (int item = 0; item < count; ++item) {
			const char *bytes = &items[(size_t)item * sizes[i]];

			for (size_t byte = 0; byte < sizes[i]; ++byte)
				ck_assert_int_eq(bytes[byte], bytes[0]);
			ck_assert(!is_there[(int)bytes[0]]);
			is_there[(int)bytes[0]] = true;
		}
	}
}
END_TEST

/* Each of the 24 orders of four items has a probability of 1/24: 1000 of 24,000, give or take 31. */
START_TEST(shuffle_prefers_no_order)
{
	mproc_random random = begin(8, 0);
	int counts[256] = {0}, orders = 0;

	for (int i = 0; i < 24000; ++i) {
		uint8_t items[] = {0, 1, 2, 3};

		ck_assert_int_eq(mproc_random_shuffle(&random, items, 1, 4), 0);
		++counts[items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3]];
	}
	for (int i = 0; i < 256; ++i) {
		if (counts[i] == 0)
			continue;
		++orders;
		ck_assert_msg(counts[i] > 850 && counts[i] < 1150, "order %x: %d", (unsigned)i, counts[i]);
	}
	ck_assert_int_eq(orders, 24);
}
END_TEST

START_TEST(shuffle_of_the_same_stream_is_the_same)
{
	mproc_random first = begin(9, 0), second = begin(9, 0);
	int a[50], b[50];

	for (int i = 0; i < 50; ++i)
		a[i] = b[i] = i;
	ck_assert_int_eq(mproc_random_shuffle(&first, a, sizeof *a, 50), 0);
	ck_assert_int_eq(mproc_random_shuffle(&second, b, sizeof *b, 50), 0);
	ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

START_TEST(shuffle_of_one_item_or_none_does_nothing)
{
	mproc_random random = begin(9, 0), same = begin(9, 0);
	int item = 5;

	ck_assert_int_eq(mproc_random_shuffle(&random, &item, sizeof item, 1), 0);
	ck_assert_int_eq(item, 5);
	ck_assert_int_eq(mproc_random_shuffle(&random, NULL, 0, 0), 0);
	ck_assert_uint_eq(mproc_random_bits(&random), mproc_random_bits(&same));
}
END_TEST

START_TEST(shuffle_refuses_what_is_no_array)
{
	mproc_random random = begin(9, 0);
	int items[2] = {1, 2};

	ck_assert_int_eq(mproc_random_shuffle(NULL, items, sizeof *items, 2), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "generator: NULL");
	ck_assert_int_eq(mproc_random_shuffle(&random, NULL, sizeof *items, 2), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "array of 2 items: NULL");
	ck_assert_int_eq(mproc_random_shuffle(&random, items, 0, 2), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "item size 0: at least 1 byte");
	ck_assert_int_eq(mproc_random_shuffle(&random, items, SIZE_MAX, 2), -EOVERFLOW);
	ck_assert_str_eq(mproc_error_text(),
		"2 items of 18446744073709551615 bytes: more than 18446744073709551615 bytes");
	ck_assert_int_eq(items[0], 1);
	ck_assert_int_eq(items[1], 2);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		blocks_are_those_that_random123_publishes,
		a_stream_is_the_blocks_of_its_seed_and_number_in_order,
		all_zeros_is_stream_0_of_seed_0,
		the_same_seed_and_stream_give_the_same_numbers_again,
		a_copy_goes_on_where_its_original_is,
		streams_and_seeds_share_no_numbers,
		a_block_that_was_not_finished_is_made_again,
		integer_reaches_both_ends_and_nothing_beyond,
		integer_of_one_number_is_that_number,
		integer_of_all_numbers_is_all_bits,
		integer_of_an_empty_range_is_its_low_end,
		integer_prefers_no_number_of_a_range_that_does_not_divide_2_to_the_64,
		double_is_the_upper_53_bits,
		double_is_never_1,
		normal_is_finite_at_both_ends,
		normal_takes_one_number_of_the_stream,
		normal_is_moved_by_its_mean_and_stretched_by_its_deviation,
		normal_without_a_distribution_is_not_a_number,
		quantile_is_the_inverse_of_the_normal_distribution,
		quantile_is_the_same_everywhere,
		shuffle_keeps_every_item,
		shuffle_prefers_no_order,
		shuffle_of_the_same_stream_is_the_same,
		shuffle_of_one_item_or_none_does_nothing,
		shuffle_refuses_what_is_no_array,
		NULL,
	};

	return support_run("random", tests);
}
