/* SPDX-License-Identifier: MIT */
/*
 * collections/hash.h - the one place that knows which hash it is: XXH3, from the headers of xxHash; but of a word, the most frequent key by far,
 * both halves of one product, in a quarter of the instructions (as wyhash by Wang Yi does, and O. Peters' foldhash with integers).
 */
#ifndef COLLECTIONS_HASH_H
#define COLLECTIONS_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Every bit of the word changes some of the low bits, by the one half, and some of the high ones, by the other. */
static inline uint64_t mproci_hash_word(uint64_t word, uint64_t seed)
{
	__uint128_t product = (__uint128_t)(word ^ seed) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t mproci_hash(const void *bytes, size_t size, uint64_t seed)
{
	uint64_t word;

	if (size != sizeof word)
		return XXH3_64bits_withSeed(bytes, size, seed);
	__builtin_memcpy(&word, bytes, sizeof word);
	return mproci_hash_word(word, seed);
}

#endif
