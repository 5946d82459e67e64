/* SPDX-License-Identifier: MIT */
/*
 * sys/limits.h - what this process, and what it starts, may have at most.
 *
 * A limit holds for good, and is passed on to what this process forks.  Where the process has a lower one
 * already, that stays.  Returns 0, or a negative errno with an error text that names the value.
 */
#ifndef SYS_LIMITS_H
#define SYS_LIMITS_H

#include "base/private.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Let this process reserve @more bytes more of private memory (RLIMIT_DATA) than it has now: what it was
 * forked with does not count, nor does shared memory.  Beyond that malloc returns NULL.  Each process it
 * forks may have that again.
 * Fails  -ENOENT  /proc cannot be read
 */
int mproci_limit_data(uint64_t more);

/* Let this process have @count descriptors, if it may.  Returns how many it may have now. */
MPROCI_PRIVATE size_t mproci_limit_raise_descriptors(size_t count);

#endif
