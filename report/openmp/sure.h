/* SPDX-License-Identifier: MIT */
/*
 * sure.h - whether a number is prime, found in another way than by dividing it: the test of Miller and Rabin, with bases that leave
 * no doubt below 2^64.
 */
#ifndef OPENMP_SURE_H
#define OPENMP_SURE_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 wide;

static inline uint64_t power_of(uint64_t base, uint64_t exponent, uint64_t modulus)
{
	uint64_t power = 1;

	for (base %= modulus; exponent > 0; exponent /= 2) {
		if (exponent % 2 == 1)
			power = (uint64_t)((wide)power * base % modulus);
		base = (uint64_t)((wide)base * base % modulus);
	}
	return power;
}

/* Whether @base does not show that @number, which is odd, is composite. */
static inline bool passes(uint64_t number, uint64_t base)
{
	uint64_t odd = number - 1, power;
	int twos = 0;

	for (; odd % 2 == 0; odd /= 2)
		++twos;
	power = power_of(base, odd, number);
	if (power == 1)
		return true;
	for (; twos > 0; --twos) {
		if (power == number - 1)
			return true;
		power = (uint64_t)((wide)power * power % number);
	}
	return false;
}

static inline bool is_surely_prime(uint64_t number)
{
	static const uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};

	if (number < 2)
		return false;
	for (int i = 0; i < 12; ++i) {
		if (number % bases[i] == 0)
			return number == bases[i];
	}
	for (int i = 0; i < 12; ++i) {
		if (!passes(number, bases[i]))
			return false;
	}
	return true;
}

#endif
