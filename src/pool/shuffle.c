/* SPDX-License-Identifier: MIT */
#include "pool/shuffle.h"

enum {
	ROUNDS = 4,
};

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t word)
{
	word += UINT64_C(0x9e3779b97f4a7c15);
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

/* Half the bits that a number below @count needs, rounded up; at least 1. */
static unsigned half_bits(uint64_t count)
{
	unsigned half = 1;

	while (half < 32 && (count - 1) >> (2 * half) != 0)
		++half;
	return half;
}

static uint64_t permute(uint64_t word, unsigned half, uint64_t seed)
{
	uint64_t mask = (UINT64_C(1) << half) - 1;
	uint64_t left = word >> half, right = word & mask;

	for (uint64_t round = 0; round < ROUNDS; ++round) {
		uint64_t next = left ^ (mix(seed + round * UINT64_C(0xd1b54a32d192ed03) + right) & mask);

		left = right;
		right = next;
	}
	return left << half | right;
}

uint64_t mproci_shuffle(uint64_t position, uint64_t count, uint64_t seed)
{
	unsigned half = half_bits(count);

	do
		position = permute(position, half, mix(seed));
	while (position >= count);
	return position;
}
