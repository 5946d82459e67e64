/* SPDX-License-Identifier: MIT */
/*
 * pool/shuffle.h - an order as if shuffled, that needs no memory.
 */
#ifndef POOL_SHUFFLE_H
#define POOL_SHUFFLE_H

#include <stdint.h>

/*
 * Where @position of @count goes: one to one, and different for each @seed.
 * Cost: about 20 ns.
 * Source: a Feistel network over the next power of 4, walked until it comes out below @count (Black and Rogaway, Ciphers with
 * Arbitrary Finite Domains, 2002).
 */
uint64_t mproci_shuffle(uint64_t position, uint64_t count, uint64_t seed);

#endif
