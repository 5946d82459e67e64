/* SPDX-License-Identifier: MIT */
/*
 * store/oldest.h - results by when they were used, of which those that were used longest ago are taken first: a heap.
 */
#ifndef STORE_OLDEST_H
#define STORE_OLDEST_H

#include "store/digest.h"

#include <stdbool.h>

typedef struct mproci_use {
	/* Nanoseconds since 1970. */
	int64_t used;
	/* Of its digest, what makes the name of its file. */
	uint8_t named[MPROCI_DIGEST_NAMED];
} mproci_use;

/* All zeros: empty. */
typedef struct mproci_oldest {
	mproci_use *uses;
	size_t count, room;
} mproci_oldest;

/* Add one; not after mproci_oldest_order.  Without memory it is left out. */
void mproci_oldest_add(mproci_oldest *oldest, int64_t used, const mproci_digest *digest);

/* To be called once, when all are there. */
void mproci_oldest_order(mproci_oldest *oldest);

/* The one that was used longest ago, or NULL: there is none. */
const mproci_use *mproci_oldest_first(const mproci_oldest *oldest);

/* Leave that one out; or it was used later than it was said to be. */
void mproci_oldest_drop(mproci_oldest *oldest);
void mproci_oldest_delay(mproci_oldest *oldest, int64_t used);

void mproci_oldest_free(mproci_oldest *oldest);

#endif
