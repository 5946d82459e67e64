/* SPDX-License-Identifier: MIT */
#include "sys/futex.h"

#include "sys/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int mproci_futex_wait(_Atomic uint32_t *word, uint32_t expected, mproc_deadline deadline)
{
	struct timespec at = {0};
	long rc;

	if (deadline < 0)
		return atomic_load_explicit(word, memory_order_acquire) == expected ? -ETIMEDOUT : 0;
	if (deadline != MPROC_FOREVER) {
		at.tv_sec = deadline / 1000000000;
		at.tv_nsec = deadline % 1000000000;
	}
	rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, deadline == MPROC_FOREVER ? NULL : &at,
		NULL, FUTEX_BITSET_MATCH_ANY);
	return rc < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void mproci_futex_step(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_OP, MPROCI_WAKE_ALL, NULL, word,
		FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_LT, 0));
}

int mproci_futex_step_twice(_Atomic uint32_t *word, int count)
{
	long woken = syscall(SYS_futex, word, FUTEX_WAKE_OP, count, NULL, word,
		FUTEX_OP(FUTEX_OP_ADD, 2, FUTEX_OP_CMP_LT, 0));

	return woken < 0 ? 0 : (int)woken;
}

void mproci_futex_wake(_Atomic uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}
