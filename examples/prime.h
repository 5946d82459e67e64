/* SPDX-License-Identifier: MIT */
/*
 * prime.h - trial division by odd numbers: work that takes long, and a different time for each number.
 */
#ifndef EXAMPLES_PRIME_H
#define EXAMPLES_PRIME_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* The largest number whose square is at most @n.  The floating point root alone is one off for some @n above 2^52. */
static inline uint64_t integer_root(uint64_t n)
{
	uint64_t root = (uint64_t)sqrt((double)n);

	if (root > UINT32_MAX) /* its square would not fit */
		root = UINT32_MAX;
	while (root * root > n)
		--root;
	while (root < UINT32_MAX && (root + 1) * (root + 1) <= n)
		++root;
	return root;
}

static inline bool is_prime(uint64_t n)
{
	uint64_t root;

	if (n < 4)
		return n >= 2;
	if (n % 2 == 0)
		return false;
	root = integer_root(n);
	for (uint64_t divisor = 3; divisor <= root; divisor += 2) {
		if (n % divisor == 0)
			return false;
	}
	return true;
}

#endif
