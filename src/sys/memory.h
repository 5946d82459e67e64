/* SPDX-License-Identifier: MIT */
/*
 * sys/memory.h - the kinds of memory a family is built on.
 */
#ifndef SYS_MEMORY_H
#define SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum {
	MPROCI_PAGE = 4096
};

/*
 * Reserve memory shared with all processes forked later: sparse, zeroed, not in core dumps, without a
 * name, at one address that is far from everything.  @size is what is wished for; less is reserved where a
 * limit (RLIMIT_AS, RLIMIT_FSIZE) demands it, but not less than @least.  Not locked, also where the
 * program locks whatever it maps: that would fill it.
 *
 * Returns 0 and address, size, and the descriptor of the memory file; -ENOMEM: the limits leave less than
 * @least; another negative errno.
 */
int mproci_memory_reserve(size_t size, size_t least, void **ret_base, size_t *ret_size, int *ret_file);

/*
 * In a process that was not forked but has that descriptor: have the memory at the same address.  Returns
 * 0; -EEXIST: something else lies there; another negative errno.
 */
int mproci_memory_map(int fd, void *base, size_t size);

/* Whether a descriptor may be such a memory file of @size bytes at all: then none of it can vanish. */
bool mproci_memory_is_file(int fd, size_t size);

/* Undo mproci_memory_reserve, for this process. */
void mproci_memory_unreserve(void *base, size_t size);

/* Whether @size bytes can never be there, because memory and swap are smaller. */
bool mproci_memory_is_beyond_machine(size_t size);

/*
 * Provide the pages of a part of reserved memory, so that touching them cannot fail any more.
 * What is not on page boundaries is widened.  Returns 0, or -ENOMEM.
 */
int mproci_memory_commit(void *start, size_t size);

/* Give whole pages of reserved memory back to the system; they read as zero from then on. */
int mproci_memory_decommit(void *start, size_t size);

/* One page of this process alone that a forked child finds zeroed.  Returns NULL when there is no memory. */
void *mproci_memory_wiped_on_fork(void);

#endif
