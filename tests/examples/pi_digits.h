/* SPDX-License-Identifier: MIT */
/*
 * pi_digits.h - digits of pi from MPFR's own function, which the programs about pi are checked against.
 */
#ifndef EXAMPLES_PI_DIGITS_H
#define EXAMPLES_PI_DIGITS_H

#include "refusal.h"

#include <mpfr.h>

/* Returns "3.14…" with @digits digits, cut off; the caller frees it. */
static inline char *known_pi(unsigned digits)
{
	mpfr_exp_t exponent;
	mpfr_t pi;
	char *text = malloc(digits + 8);

	ck_assert_ptr_nonnull(text);
	mpfr_init2(pi, 4 * (mpfr_prec_t)digits + 200);
	mpfr_const_pi(pi, MPFR_RNDZ);
	mpfr_get_str(text + 1, &exponent, 10, digits, pi, MPFR_RNDZ);
	mpfr_clear(pi);
	mpfr_free_cache();
	text[0] = '3';
	text[1] = digits > 1 ? '.' : '\0';
	return text;
}

#endif
