/* SPDX-License-Identifier: MIT */
/*
 * sys/futex.h - sleeping on a word of memory, and waking who sleeps on it, between processes.
 */
#ifndef SYS_FUTEX_H
#define SYS_FUTEX_H

#include <limits.h>
#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	MPROCI_WAKE_ALL = INT_MAX
};

/*
 * Sleep while *@word is @expected.  Returns 0 when the caller should look again (woken, the word
 * differs, a signal was caught: all may be spurious), -ETIMEDOUT at the deadline.
 */
int mproci_futex_wait(_Atomic uint32_t *word, uint32_t expected, mproc_deadline deadline);

/*
 * Add 1 to @word and wake all who sleep on it, in one step that nobody can be killed or stopped in the middle of.  An
 * address nobody mapped is no error.
 */
void mproci_futex_step(_Atomic uint32_t *word);

/*
 * The same with 2, and for about @count of those who sleep on it (one more when the word is above INT32_MAX).  Returns how
 * many that were.
 */
int mproci_futex_step_twice(_Atomic uint32_t *word, int count);

/* Wake at most @count of those who sleep on @word.  An address nobody mapped is no error. */
void mproci_futex_wake(_Atomic uint32_t *word, int count);

#endif
