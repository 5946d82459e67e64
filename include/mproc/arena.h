/* SPDX-License-Identifier: MIT */
/*
 * mproc/arena.h - memory that every process of the family sees at the same address.
 *
 *     struct { mproc_mutex lock; long total; } *shared = mproc_calloc(1, sizeof *shared);
 *     if (shared == NULL)
 *             return fail("no shared memory");
 *     ...
 *     mproc_free(shared);
 *
 * A pointer from mproc_alloc is valid in every member of the family, also in those that were
 * started before the call: it can be stored in other shared memory, put into a message, handed to
 * a pool.  The memory belongs to the family until somebody frees it; it outlives its allocator.
 *
 * The arena is reserved when it is first used: 256 GiB of addresses (less under RLIMIT_AS or
 * RLIMIT_FSIZE), of which only what is in use takes memory.  It has no name, is not in core
 * dumps, and is gone with the last member.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.  Functions returning a pointer
 *            return NULL and set errno, as malloc does.  mproc_error_text() says more.
 *   Threads  any thread of any member of the family.
 *   Fork     pointers stay valid in the child, also when it was made by plain fork().
 *   Crash    a member killed anywhere inside stops nobody.  A block that was being allocated
 *            comes back; one that was returned stays until it is freed.
 *   Signals  not async-signal-safe.
 *   Memory   zeroed only where said.
 */
#ifndef MPROC_ARENA_H
#define MPROC_ARENA_H

#include <mproc/api.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

/*
 * Allocate shared memory.
 *
 * @size  bytes; 0 gives a block of its own that holds nothing.
 *
 * Returns  a block aligned to 16 bytes (to 4096 when @size is above 8192), contents undefined.
 * Fails    ENOMEM  the arena is full, or the system has no memory for it
 *          EAGAIN  this process was forked without mproc, and the family is full
 *          EMFILE, ENOENT  the same, and there is no descriptor or no /proc for it to join the family
 * Cost     up to 8192 bytes: no system call and no lock in the common case; above: one lock and
 *          one system call that provides the pages, so that touching them can never fail.
 */
MPROC_API void *mproc_alloc(size_t size);

/*
 * Allocate shared memory for an array, filled with zeros.
 *
 * @count, @size  items, and bytes of each.
 *
 * Returns  a block of @count * @size bytes, aligned as by mproc_alloc.
 * Fails    ENOMEM     as mproc_alloc
 *          EOVERFLOW  @count * @size does not fit into a size_t
 * Cost     as mproc_alloc, plus the zeroing.
 */
MPROC_API void *mproc_calloc(size_t count, size_t size);

/*
 * Give a block back.
 *
 * @block  from mproc_alloc or mproc_calloc in any member of the family, or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL    @block is not the start of a block of the arena; nothing was done
 *          -EALREADY  @block is free already; nothing was done
 *          or as mproc_alloc, when this is the process's first call
 * Crash    killed before it returns: the block is freed, or still allocated.
 * Cost     as mproc_alloc.  The pages of blocks above 8192 bytes go back to the system at once.
 */
MPROC_API int mproc_free(void *block);

/*
 * Tell how many bytes of a block may be used.
 *
 * @block  an allocated block, or NULL.
 *
 * Returns  at least the size asked for; 0 for NULL, and for what is not an allocated block of the
 *          arena.
 * Cost     no system call, no lock; but for a thread's first call.
 */
MPROC_API size_t mproc_usable_size(const void *block);

MPROC_END_DECLS

#endif
