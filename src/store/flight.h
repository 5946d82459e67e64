/* SPDX-License-Identifier: MIT */
/*
 * store/flight.h - one at a time computes what a key leads to ("single flight").
 *
 * It is a lock on one byte of a file, another one for each key, which the kernel releases however its holder ends.
 */
#ifndef STORE_FLIGHT_H
#define STORE_FLIGHT_H

#include "store/cache.h"

#include <mproc/file_lock.h>

/* Those of a thread are a chain: a function may ask for what other functions compute. */
typedef struct mproci_flight mproci_flight;
struct mproci_flight {
	const mproc_cache *cache;
	/* NULL: there can be none. */
	mproc_file_lock *lock;
	mproci_digest digest;
	/* Who has it.  A child that is forked meanwhile has a copy of this, and no lock. */
	int process;
	mproci_flight *outer;
};

/*
 * Be who computes it; from now until its end, @ret_flight stays where it is.  Returns 0; -ETIMEDOUT or -EDEADLK (this thread is
 * computing it), without an error text; with one another negative errno: there can be no lock here.
 */
int mproci_flight_begin(
	mproc_cache *cache, const mproci_digest *digest, mproc_deadline deadline, mproci_flight *ret_flight);

/* The same where there can be no lock: others may compute it too, and what it asks for itself is found out all the same.  Returns 0 or -EDEADLK. */
int mproci_flight_begin_alone(mproc_cache *cache, const mproci_digest *digest, mproci_flight *ret_flight);

/* Whether this thread is in a flight with a lock. */
bool mproci_flight_is_nested(void);

/* Let the others go on; by the thread that began.  In a child that was forked meanwhile, forget it. */
void mproci_flight_end(mproci_flight *flight);

#endif
