/* SPDX-License-Identifier: MIT */
/*
 * collections/hash.h - the one place that knows which hash it is: XXH3, from the headers of xxHash.
 */
#ifndef COLLECTIONS_HASH_H
#define COLLECTIONS_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t mproci_hash(const void *bytes, size_t size, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, size, seed);
}

#endif
