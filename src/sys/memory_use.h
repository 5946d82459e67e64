/* SPDX-License-Identifier: MIT */
/*
 * sys/memory_use.h - how much memory processes have, and how much there is for more.
 *
 * A process's own memory is its resident anonymous memory: heap, stacks, and the pages of files that it
 * changed for itself.  Not counted is what it shares with others by intention (the family's memory, shared
 * mappings, programs and libraries), what lies in swap, and what it has reserved but never touched.  Pages
 * that a fork left to be shared until written count for both.  The kernel keeps the number to within some
 * hundred KiB.
 */
#ifndef SYS_MEMORY_USE_H
#define SYS_MEMORY_USE_H

#include "base/private.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * The bytes of this process's own memory: what each forked child would come to own if it wrote everywhere.
 * Returns 0, or -ENOENT when /proc cannot be read.  Cost: three system calls.
 */
MPROCI_PRIVATE int mproci_memory_private(size_t *ret_size);

/*
 * The same of another process; a forked one begins with what its parent has.  Returns 0, or -ESRCH when
 * there is no such process, or /proc cannot be read.  A process that has ended and was not reaped has
 * nothing.
 */
int mproci_memory_resident(pid_t pid, size_t *ret_size);

/*
 * The bytes that can be had before the machine has to swap or a cgroup of this process is at its limit,
 * file caches given back.  It can change at any moment, and others count on the same.
 *
 * @root  stands before every path that is opened: "" for the machine, a made-up tree in a test.
 *
 * Returns 0, or -ENOENT when nothing can be read.  Cost: about 0.1 ms.
 */
int mproci_memory_available(const char *root, size_t *ret_size);

#endif
