/* SPDX-License-Identifier: MIT */
/*
 * verify_prime/search.h - the search for a factor of one number, by a pool.
 */
#ifndef VERIFY_PRIME_SEARCH_H
#define VERIFY_PRIME_SEARCH_H

#include "flag.h"

#include <mproc.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	MOST_WORKERS = 1024,
};

typedef enum verdict {
	/* A worker died before its divisors were tried, and no other found a factor. */
	UNDECIDED = 0,
	/* 0 and 1 */
	NEITHER,
	PRIME,
	COMPOSITE,
} verdict;

typedef struct finding {
	verdict verdict;
	/* Of a composite number: above 1 and below the number. */
	uint64_t factor;
} finding;

typedef struct search {
	mproc_pool *pool;
	/* Try small divisors first, before the pool is asked. */
	bool is_small_first;
	/* What tells the workers to stop; kind NULL: each tries all its divisors. */
	const flag_kind *kind;
	void *flag;
	/* Divisors that a worker tries between two looks at the flag. */
	uint64_t every;
} search;

/*
 * Find out whether a number is prime.
 *
 * Returns  0.  MPROC_ITEMS_FAILED after telling which divisors were not tried, and why; a composite number is
 *          one all the same when a factor was found.  Or a negative errno.
 */
int verify(const search *self, uint64_t number, finding *ret_finding);

#endif
