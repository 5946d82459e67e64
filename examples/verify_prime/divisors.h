/* SPDX-License-Identifier: MIT */
/*
 * verify_prime/divisors.h - the odd numbers to divide by, in one piece or in several that leave nothing out.
 */
#ifndef VERIFY_PRIME_DIVISORS_H
#define VERIFY_PRIME_DIVISORS_H

#include "../prime.h"

#include <stdint.h>

/* Odd numbers: .first, .first + 2, …  They are counted, for a piece with a first and a last number is soon one off. */
typedef struct divisors {
	uint64_t first;
	uint64_t count;
} divisors;

/* 3, 5, … up to the root of @number. */
static inline divisors all_divisors(uint64_t number)
{
	uint64_t root = integer_root(number);

	return (divisors){.first = 3, .count = root < 3 ? 0 : (root - 1) / 2};
}

/* Take the first @count off @left, or all when there are less. */
static inline divisors take_divisors(divisors *left, uint64_t count)
{
	divisors taken = {left->first, count < left->count ? count : left->count};

	left->first += 2 * taken.count;
	left->count -= taken.count;
	return taken;
}

/* Piece @index of @pieces.  What does not divide evenly goes to the first ones, one divisor each. */
static inline divisors cut_divisors(divisors whole, unsigned pieces, unsigned index)
{
	uint64_t share = whole.count / pieces;
	uint64_t remainder = whole.count % pieces;
	uint64_t skipped = index * share + (index < remainder ? index : remainder);

	return (divisors){
		.first = whole.first + 2 * skipped,
		.count = share + (index < remainder ? 1 : 0),
	};
}

#endif
