/* SPDX-License-Identifier: MIT */
/*
 * pool/verdict.h - how an item or a task ended, in one word: the truth about it.
 *
 *     | ending: 4 bits | code: 12 bits | worker: 10 bits | attempts: 6 bits |
 *
 * As long as the ending is MPROC_ENDING_NONE it has not ended; the attempts then tell how often it was begun, and
 * the code is free for who keeps the word.
 */
#ifndef POOL_VERDICT_H
#define POOL_VERDICT_H

#include "sys/child.h"

#include <errno.h>
#include <mproc/task.h>

typedef uint32_t mproci_verdict;

enum {
	/* What fits. */
	MPROCI_VERDICT_CODE = (1 << 12) - 1,
	MPROCI_VERDICT_WORKERS = 1 << 10,
	MPROCI_VERDICT_ATTEMPTS = (1 << 6) - 1,
};

static inline mproci_verdict mproci_verdict_of(
	mproc_ending ending, unsigned code, uint32_t worker, unsigned attempts)
{
	return (mproci_verdict)ending << 28 | (mproci_verdict)code << 16 | worker << 6 | attempts;
}

static inline mproc_ending mproci_verdict_ending(mproci_verdict verdict)
{
	return (mproc_ending)(verdict >> 28);
}

static inline unsigned mproci_verdict_code(mproci_verdict verdict)
{
	return verdict >> 16 & MPROCI_VERDICT_CODE;
}

static inline uint32_t mproci_verdict_worker(mproci_verdict verdict)
{
	return verdict >> 6 & (MPROCI_VERDICT_WORKERS - 1);
}

static inline unsigned mproci_verdict_attempts(mproci_verdict verdict)
{
	return verdict & MPROCI_VERDICT_ATTEMPTS;
}

/* Of a function that returned @rc. */
static inline mproci_verdict mproci_verdict_of_return(int rc, uint32_t worker, unsigned attempts)
{
	if (rc == 0)
		return mproci_verdict_of(MPROC_ENDING_VALUE, 0, worker, attempts);
	if (rc > 0 || rc < -MPROCI_VERDICT_CODE)
		rc = -ERANGE;
	return mproci_verdict_of(MPROC_ENDING_ERROR, (unsigned)-rc, worker, attempts);
}

/* Of a worker that ended in the middle. */
mproci_verdict mproci_verdict_of_death(
	mproci_ending ending, bool is_out_of_memory, uint32_t worker, unsigned attempts);

mproc_outcome mproci_verdict_outcome(mproci_verdict verdict);

/* Say in words how something ended without a value, such as "its worker pool-2 was killed by signal 9 (Killed)". */
void mproci_outcome_tell(mproc_outcome outcome, const char *pool, char *ret_text, size_t size);

#endif
