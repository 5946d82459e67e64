/* SPDX-License-Identifier: MIT */
/*
 * Whether the numbers are random, as far as a few seconds can tell: `make random` tells more.
 *
 * A test here is a statistic of a million numbers from some source, and a limit that random numbers stay
 * below.  The sources that matter are one stream, and many streams that take turns; they are fixed by their
 * seeds, so that a test passes always or never.  Each statistic must find fault with a source that is known
 * to be broken.
 */
#include "support.h"

#include <math.h>
#include <mproc/random.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	COUNT = 1 << 20,
	STREAMS = 1 << 10,
};

/* Fill in COUNT numbers. */
typedef void source(uint64_t *numbers);

static void one_stream(uint64_t *numbers)
{
	mproc_random random;

	mproc_random_init(&random, 2026, 0);
	for (int i = 0; i < COUNT; ++i)
		numbers[i] = mproc_random_bits(&random);
}

/* A number of each stream in turn, as items of a map that draw one number each see them. */
static void turns_of(uint64_t *numbers, int streams, bool is_by_seed)
{
	static mproc_random generators[COUNT];

	for (int i = 0; i < streams; ++i)
		mproc_random_init(&generators[i], is_by_seed ? (uint64_t)i : 7, is_by_seed ? 7 : (uint64_t)i);
	for (int i = 0; i < COUNT; ++i)
		numbers[i] = mproc_random_bits(&generators[i % streams]);
}

static void streams_in_turn(uint64_t *numbers)
{
	turns_of(numbers, STREAMS, false);
}

static void first_numbers_of_streams(uint64_t *numbers)
{
	turns_of(numbers, COUNT, false);
}

static void first_numbers_of_seeds(uint64_t *numbers)
{
	turns_of(numbers, COUNT, true);
}

static source *const SOUND[] = {
	one_stream,
	streams_in_turn,
	first_numbers_of_streams,
	first_numbers_of_seeds,
};

/* What is broken. */

static void ascending(uint64_t *numbers)
{
	for (int i = 0; i < COUNT; ++i)
		numbers[i] = (uint64_t)i << 44;
}

/* Two workers with a copy of the same generator. */
static void copied_streams(uint64_t *numbers)
{
	mproc_random generators[2];

	mproc_random_init(&generators[0], 2026, 0);
	generators[1] = generators[0];
	for (int i = 0; i < COUNT; ++i)
		numbers[i] = mproc_random_bits(&generators[i % 2]);
}

/* Of every hundred numbers, one has its highest bit set. */
static void loaded(uint64_t *numbers)
{
	one_stream(numbers);
	for (int i = 0; i < COUNT; i += 100)
		numbers[i] |= UINT64_C(1) << 63;
}

/* rand() of old systems, its numbers side by side. */
static void congruential(uint64_t *numbers)
{
	uint32_t state = 1;

	for (int i = 0; i < COUNT; ++i) {
		numbers[i] = 0;
		for (int part = 0; part < 4; ++part) {
			state = state * 1103515245 + 12345;
			numbers[i] = numbers[i] << 16 | (state & 0xffff);
		}
	}
}

/*
 * The statistics.  When the numbers are random, each is the largest of some numbers, at most a hundred, that
 * are about normally distributed with deviation 1: then one is above the limit less than once in 10^5 tries.
 */

static const double LIMIT = 5.5;

/* A sum of squares that @freedom bins have, made nearly normal: Wilson and Hilferty. */
static double normal_of_chi_square(double sum, double freedom)
{
	double variance = 2 / (9 * freedom);

	return (cbrt(sum / freedom) - (1 - variance)) / sqrt(variance);
}

/* How evenly the values of @bits bits at place @shift are met; too evenly is no better. */
static double unevenness(const uint64_t *numbers, int shift, int bits)
{
	static int counts[1 << 16];
	const int bins = 1 << bits;
	const double expected = (double)COUNT / bins;
	double sum = 0;

	memset(counts, 0, sizeof counts);
	for (int i = 0; i < COUNT; ++i)
		++counts[numbers[i] >> shift & (unsigned)(bins - 1)];
	for (int i = 0; i < bins; ++i)
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
	return fabs(normal_of_chi_square(sum, bins - 1));
}

/* The largest of all places, of 1, 8 and 16 bits. */
static double worst_unevenness(const uint64_t *numbers)
{
	double worst = 0;

	for (int shift = 0; shift < 64; ++shift)
		worst = fmax(worst, unevenness(numbers, shift, 1));
	for (int shift = 0; shift <= 56; shift += 8)
		worst = fmax(worst, unevenness(numbers, shift, 8));
	for (int shift = 0; shift <= 48; shift += 16)
		worst = fmax(worst, unevenness(numbers, shift, 16));
	return worst;
}

/* Pairs of four bits of a number and four of the next, at all places. */
static double dependence_of_neighbours(const uint64_t *numbers)
{
	static uint64_t pairs[COUNT];
	double worst = 0;

	for (int place = 0; place < 64; place += 4) {
		for (int i = 0; i < COUNT; ++i)
			pairs[i] = (numbers[i] >> place & 15) << 4 | (numbers[(i + 1) % COUNT] >> place & 15);
		worst = fmax(worst, unevenness(pairs, 0, 8));
	}
	return worst;
}

/* How many bits differ from those @lag numbers before: 32 of 64, give or take 4. */
static double correlation_at(const uint64_t *numbers, int lag)
{
	double sum = 0;

	for (int i = lag; i < COUNT; ++i)
		sum += __builtin_popcountll(numbers[i] ^ numbers[i - lag]) - 32;
	return fabs(sum / (4 * sqrt(COUNT - lag)));
}

static double worst_correlation(const uint64_t *numbers)
{
	double worst = 0;

	for (int lag = 1; lag <= 16; ++lag)
		worst = fmax(worst, correlation_at(numbers, lag));
	return fmax(worst, correlation_at(numbers, STREAMS));
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Kolmogorov and Smirnov: the largest distance from a straight line; 2.97 is as likely as the limit. */
static double distance_from_uniform(const uint64_t *numbers)
{
	static uint64_t sorted[COUNT];
	double largest = 0;

	memcpy(sorted, numbers, sizeof sorted);
	qsort(sorted, COUNT, sizeof *sorted, compare);
	for (int i = 0; i < COUNT; ++i) {
		double here = (double)(sorted[i] >> 11) * 0x1p-53;
		double beside = fmax(here - (double)i / COUNT, (double)(i + 1) / COUNT - here);

		/* Not fmax: gcc 12 for arm64 breaks off at a maximum of maxima in a loop. */
		if (beside > largest)
			largest = beside;
	}
	return sqrt(COUNT) * largest / 2.97 * LIMIT;
}

typedef double statistic(const uint64_t *numbers);

static double worst_of(source *fill, statistic *of)
{
	static uint64_t numbers[COUNT];

	fill(numbers);
	return of(numbers);
}

static void expect_sound(statistic *of)
{
	for (size_t i = 0; i < sizeof SOUND / sizeof *SOUND; ++i)
		ck_assert_double_lt(worst_of(SOUND[i], of), LIMIT);
}

START_TEST(all_bits_and_bytes_are_met_evenly)
{
	expect_sound(worst_unevenness);
	ck_assert_double_gt(worst_of(loaded, worst_unevenness), LIMIT);
	ck_assert_double_gt(worst_of(ascending, worst_unevenness), LIMIT);
	ck_assert_double_gt(worst_of(congruential, worst_unevenness), LIMIT);
}
END_TEST

START_TEST(neighbours_know_nothing_of_each_other)
{
	expect_sound(dependence_of_neighbours);
	ck_assert_double_gt(worst_of(copied_streams, dependence_of_neighbours), LIMIT);
	ck_assert_double_gt(worst_of(congruential, dependence_of_neighbours), LIMIT);
}
END_TEST

START_TEST(as_many_bits_differ_as_by_chance)
{
	expect_sound(worst_correlation);
	ck_assert_double_gt(worst_of(copied_streams, worst_correlation), LIMIT);
	ck_assert_double_gt(worst_of(ascending, worst_correlation), LIMIT);
}
END_TEST

START_TEST(numbers_are_spread_evenly_between_0_and_1)
{
	expect_sound(distance_from_uniform);
	ck_assert_double_gt(worst_of(loaded, distance_from_uniform), LIMIT);
}
END_TEST

/* The moments of a million, each in units of what chance makes of it. */
START_TEST(normal_has_the_moments_of_its_distribution)
{
	double mean = 0, variance = 0, skewness = 0, fourth = 0;
	mproc_random random;

	mproc_random_init(&random, 2026, 1);
	for (int i = 0; i < COUNT; ++i) {
		double x = mproc_random_normal(&random, 0, 1);

		mean += x;
		variance += x * x - 1;
		skewness += x * x * x;
		fourth += x * x * x * x - 3;
	}
	ck_assert_double_lt(fabs(mean), 5 * sqrt(COUNT));
	ck_assert_double_lt(fabs(variance), 5 * sqrt(2.0 * COUNT));
	ck_assert_double_lt(fabs(skewness), 5 * sqrt(15.0 * COUNT));
	ck_assert_double_lt(fabs(fourth), 5 * sqrt(96.0 * COUNT));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		all_bits_and_bytes_are_met_evenly,
		neighbours_know_nothing_of_each_other,
		as_many_bits_differ_as_by_chance,
		numbers_are_spread_evenly_between_0_and_1,
		normal_has_the_moments_of_its_distribution,
		NULL,
	};

	return support_run("random_quality", tests);
}
