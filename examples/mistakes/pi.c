/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in the calculation of pi, 10 to 12.
 */
#include "../command.h"
#include "mistakes.h"

#include <math.h>

enum {
	DARTS = 10000,
	BLOCKS = 12,
	/* Of how many estimates the error is taken. */
	POOR_ESTIMATES = 100,
	GOOD_ESTIMATES = 4,
	/* For an error of 0.0005: pi * (4 - pi) / 0.0005^2. */
	MANY_DARTS = 10787000,
	DIGITS = 30,
	GUARD_DIGITS = 4,
};

/* 10 */

static int truncate_each_block(double *ret_darts)
{
	const int darts_of_each = DARTS / BLOCKS;

	*ret_darts = darts_of_each * BLOCKS;
	return 0;
}

static int give_the_rest_to_the_first(double *ret_darts)
{
	int darts = 0;

	for (int block = 0; block < BLOCKS; ++block)
		darts += DARTS / BLOCKS + (block < DARTS % BLOCKS);
	*ret_darts = darts;
	return 0;
}

/* 11 */

static double estimate(uint64_t stream, uint64_t darts)
{
	mproc_random random;
	uint64_t hits = 0;

	mproc_random_init(&random, 1, stream);
	for (uint64_t i = 0; i < darts; ++i) {
		double x = mproc_random_double(&random), y = mproc_random_double(&random);

		hits += x * x + y * y < 1;
	}
	return 4 * (double)hits / (double)darts;
}

static double typical_error(uint64_t estimates, uint64_t darts)
{
	double squares = 0;

	for (uint64_t i = 0; i < estimates; ++i)
		squares += pow(estimate(i, darts) - M_PI, 2);
	return sqrt(squares / (double)estimates);
}

static int throw_few(double *ret_error)
{
	*ret_error = typical_error(POOR_ESTIMATES, DARTS);
	return 0;
}

static int throw_many(double *ret_error)
{
	*ret_error = typical_error(GOOD_ESTIMATES, MANY_DARTS);
	return 0;
}

/* 12: the series of Bailey, Borwein and Plouffe, in numbers of so many digits, as Python's Decimal calculates. */

__extension__ typedef unsigned __int128 big;

static big power_of_ten(int exponent)
{
	big power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Rounded to the nearest, as each operation there is. */
static big divide(big dividend, big divisor)
{
	return (dividend + divisor / 2) / divisor;
}

/* Pi times 10^@places.  With as many terms as there are digits, or as are needed. */
static big sum_series(int places, int terms)
{
	const big one = power_of_ten(places);
	big scale = one, sum = 0;

	for (big k = 0; k < (big)terms; ++k) {
		sum += divide(4 * scale, 8 * k + 1) - divide(2 * scale, 8 * k + 4) - divide(scale, 8 * k + 5)
		       - divide(scale, 8 * k + 6);
		scale = divide(scale, 16);
	}
	return sum;
}

/* How many of the first digits of @pi, which is times 10^(DIGITS - 1), are those of pi. */
static double count_right_digits(big pi)
{
	static const char known[] = "314159265358979323846264338327";
	double right = 0;
	big power = power_of_ten(DIGITS - 1);

	while (right < DIGITS && (unsigned)(pi / power % 10) == (unsigned)(known[(int)right] - '0')) {
		++right;
		power /= 10;
	}
	return right;
}

static int calculate_as_printed(double *ret_digits)
{
	*ret_digits = count_right_digits(sum_series(DIGITS - 1, DIGITS));
	return 0;
}

static int calculate_with_guard_digits(double *ret_digits)
{
	*ret_digits = count_right_digits(
		sum_series(DIGITS - 1 + GUARD_DIGITS, DIGITS) / power_of_ten(GUARD_DIGITS));
	return 0;
}

static int take_a_term_for_each_digit(double *ret_terms)
{
	*ret_terms = 0;
	for (int digits = 1000; digits <= 2000; digits += 500)
		*ret_terms += digits;
	return 0;
}

/* Each term is less than a sixteenth of the one before it. */
static int take_the_terms_that_count(double *ret_terms)
{
	*ret_terms = 0;
	for (int digits = 1000; digits <= 2000; digits += 500)
		*ret_terms += ceil(digits * log(10) / log(16));
	return 0;
}

const mistake PI_MISTAKES[] = {
	{"10", "How many of 10000 darts do 12 workers throw?", truncate_each_block,
		give_the_rest_to_the_first, "10000 / 12 is truncated, but divided is by 10000", "-"},
	{"11", "The error of pi with as many darts as three decimals are said to need", throw_few, throw_many,
		"10000 darts are not enough: three decimals are an error of 0.0005", "-"},
	{"12a", "How many of 30 digits of pi are right?", calculate_as_printed, calculate_with_guard_digits,
		"no guard digits: the rounding of the terms adds up in the last one", "-"},
	{"12b", "How many terms of the series for 1000, 1500 and 2000 digits?", take_a_term_for_each_digit,
		take_the_terms_that_count, "a term for each digit: the last sixth is 0", "-"},
	{0},
};
