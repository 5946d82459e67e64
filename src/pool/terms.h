/* SPDX-License-Identifier: MIT */
/*
 * pool/terms.h - on what terms a task runs, for maps, single tasks and streams alike; checked, and in nanoseconds.
 */
#ifndef POOL_TERMS_H
#define POOL_TERMS_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_terms {
	/* From the beginning of each attempt; 0: none. */
	int64_t soft_timeout, timeout;
	/* Of the whole call. */
	mproc_deadline deadline;
	uint32_t retries;
	/* Where all workers see it. */
	const void *context;
	size_t context_size;
	uint64_t seed;
} mproci_terms;

/* What callers say, as in mproc/map.h and mproc/future.h. */
typedef struct mproci_wishes {
	mproc_deadline deadline;
	double soft_timeout, timeout;
	unsigned retries;
	const void *context;
	size_t context_size;
	uint64_t seed;
} mproci_wishes;

/*
 * Check them, for workers that can be killed or not.  Returns 0, -EINVAL or -ENOTSUP with an error text.  The context is the
 * caller's still.
 */
int mproci_terms_check(const mproci_wishes *wishes, bool can_kill, mproci_terms *ret_terms);

#endif
