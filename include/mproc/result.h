/* SPDX-License-Identifier: MIT */
/*
 * mproc/result.h - what calls return, and the text that explains a failure.
 *
 *     int rc = mproc_pool_open(NULL, &pool);
 *     if (rc < 0)
 *             fprintf(stderr, "no pool: %s\n", mproc_error_text());
 *
 * Calls that return an int return 0 or more on success, and a negative errno when they failed;
 * calls that return a pointer or a count say how they fail.  Two positive codes mean that what was
 * asked is done, and that there is news.
 */
#ifndef MPROC_RESULT_H
#define MPROC_RESULT_H

#include <mproc/api.h>

MPROC_BEGIN_DECLS

enum {
	/* The lock is held now; its last holder died with it, so look at what it protects. */
	MPROC_OWNER_DIED = 1,
	/* The call is complete; some items failed, and each says why. */
	MPROC_ITEMS_FAILED = 2,
};

/*
 * Tell what the last call of this thread complained about that failed, or had news.
 *
 * Returns  a text with the value and the limit it hit, such as "chunk 5000000000: 1 to 4294967295
 *          are possible"; empty when nothing has failed yet.  It stays valid until the next call of
 *          mproc that fails in this thread.
 * Threads  each has a text of its own.
 * Fork     the child starts with a copy.
 * Crash    nothing shared is touched.
 * Cost     none: the address of a thread-local buffer.
 */
MPROC_API const char *mproc_error_text(void);

MPROC_END_DECLS

#endif
