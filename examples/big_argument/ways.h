/* SPDX-License-Identifier: MIT */
/*
 * big_argument/ways.h - ways to hand a large array to workers, a slice to each.
 */
#ifndef BIG_ARGUMENT_WAYS_H
#define BIG_ARGUMENT_WAYS_H

#include <stddef.h>
#include <stdint.h>

enum {
	MOST_SLICES = 64,
};

/* The array: a slice for each worker.  The last slices may end with zeros, so that all have the same size. */
typedef struct array {
	size_t count, slice;
	unsigned workers;
} array;

/* What came out, and what it took. */
typedef struct cost {
	uint64_t sum;
	/* Seconds to make the array; from then until a worker begins; and from there until all have ended. */
	double making, handing_over, working;
	/* Bytes of all processes together, what they share counted once; 0: the system does not tell. */
	size_t memory;
} cost;

/* Make the array, have the workers add it up, forget it.  Returns 0, or -1 after telling what failed. */
typedef int way_function(const array *self, cost *ret_cost);

way_function add_serially, add_copies, add_in_arena, add_forked, add_from_file;

#endif
