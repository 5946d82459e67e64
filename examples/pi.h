/* SPDX-License-Identifier: MIT */
/*
 * pi.h - the first digits of pi in MPFR: how precisely to calculate, the series of Bailey, Borwein and Plouffe, and the
 * digits as text.
 */
#ifndef EXAMPLES_PI_H
#define EXAMPLES_PI_H

#include <math.h>
#include <mpfr.h>
#include <stdio.h>

enum {
	MOST_DIGITS = 100000,
	/* More than the digits need: what rounding spoils in each step stays far behind the last of them. */
	GUARD_BITS = 64,
	/* What write_digits needs besides the digits. */
	TEXT_ROOM = 8,
};

static inline mpfr_prec_t bits_for(unsigned digits)
{
	return (mpfr_prec_t)ceil(digits * log2(10)) + GUARD_BITS;
}

/* Write @digits digits, "3.14…": cut off and not rounded, so that more digits begin with these. */
static inline void write_digits(const mpfr_t pi, unsigned digits, char *text)
{
	mpfr_exp_t exponent;

	mpfr_get_str(text + 1, &exponent, 10, digits, pi, MPFR_RNDZ);
	text[0] = text[1];
	text[1] = digits > 1 ? '.' : '\0';
}

/* Each term is less than a sixteenth of the one before it. */
static inline unsigned series_terms(unsigned digits)
{
	return (unsigned)ceil(digits * log(10) / log(16));
}

static inline void add_fraction(mpfr_t sum, mpfr_t scratch, long numerator, unsigned long denominator)
{
	mpfr_set_si(scratch, numerator, MPFR_RNDN);
	mpfr_div_ui(scratch, scratch, denominator, MPFR_RNDN);
	mpfr_add(sum, sum, scratch, MPFR_RNDN);
}

/* The sum of (4/(8k+1) - 2/(8k+4) - 1/(8k+5) - 1/(8k+6)) / 16^k, from the last k to 0. */
static inline void sum_series(mpfr_t pi, unsigned digits)
{
	mpfr_t scratch;

	mpfr_init2(scratch, mpfr_get_prec(pi));
	mpfr_set_zero(pi, 1);
	for (unsigned long k = series_terms(digits); k-- > 0;) {
		mpfr_div_2ui(pi, pi, 4, MPFR_RNDN);
		add_fraction(pi, scratch, 4, 8 * k + 1);
		add_fraction(pi, scratch, -2, 8 * k + 4);
		add_fraction(pi, scratch, -1, 8 * k + 5);
		add_fraction(pi, scratch, -1, 8 * k + 6);
	}
	mpfr_clear(scratch);
}

#endif
