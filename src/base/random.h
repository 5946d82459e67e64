/* SPDX-License-Identifier: MIT */
/*
 * base/random.h - the two functions behind mproc/random.h.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <mproc/random.h>

enum {
	MPROCI_RANDOM_BLOCK = 4
};

/* Philox4x64-10: four numbers for each counter and key. */
void mproci_random_block(
	const uint64_t counter[MPROCI_RANDOM_BLOCK], const uint64_t key[2], uint64_t *ret_block);

/* The number below which a standard normal variable is with @probability, which is above 0 and below 1. */
double mproci_normal_quantile(double probability);

#endif
