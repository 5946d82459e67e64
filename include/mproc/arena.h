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
 * RLIMIT_FSIZE, or when mproc_arena_reserve or the environment variable MPROC_ARENA_SIZE say so), of which
 * only what is in use takes memory.  It has no name, is not in core dumps, and is gone with the
 * last member.  A program that locks its memory with mlockall(MCL_CURRENT) after that must add
 * MCL_ONFAULT, or the kernel fills all that is reserved.  MCL_FUTURE, before or after, does not lock the
 * arena.
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
#include <sys/types.h>

MPROC_BEGIN_DECLS

/*
 * Say how large the arena is to be, before anything else of mproc uses it.
 *
 * @size  bytes of addresses, 16 MiB to 256 GiB; 0: 256 GiB.  The environment variable MPROC_ARENA_SIZE, a
 *        number with K, M, G or nothing behind it, says the same for a program that does not call this.
 *
 * Returns  0; the arena is there, as large as was asked for, or as the limits of the process let it be.
 * Fails    -EINVAL    @size is out of range
 *          -EALREADY  there is an arena already, of another size
 *          -ENOMEM    the limits leave less than 16 MiB
 *          or as mproc_alloc, when this is the process's first call
 * Cost     some system calls.
 */
MPROC_API int mproc_arena_reserve(size_t size);

/*
 * Allocate shared memory.
 *
 * @size  bytes; 0 gives a block of its own that holds nothing.
 *
 * Returns  a block aligned to 16 bytes (to 4096 when @size is above 8192), contents undefined.
 * Fails    ENOMEM  the arena is full, or the system has no memory for it
 *          EINVAL  MPROC_ARENA_SIZE is no size, or out of range
 *          EAGAIN  this process was forked without mproc, and the family is full
 *          EMFILE, ENFILE, ENOENT  this is the process's first call, and there is no descriptor for the family's
 *                  memory, or no /proc by which others could know this process
 *          ENOEXEC  this process was started by spawn, and has not come to mproc_init
 * Cost     up to 8192 bytes: no system call and no lock in the common case; above: one lock and
 *          two system calls, of which one provides the pages, so that touching them can never fail.
 */
MPROC_API void *mproc_alloc(size_t size);

/*
 * Allocate shared memory for an array, filled with zeros.
 *
 * @count, @size  items, and bytes of each.
 *
 * Returns  a block of @count * @size bytes, aligned as by mproc_alloc.
 * Fails    EOVERFLOW  @count * @size does not fit into a size_t
 *          or as mproc_alloc
 * Cost     as mproc_alloc, plus the zeroing.
 */
MPROC_API void *mproc_calloc(size_t count, size_t size);

/*
 * Allocate shared memory with an alignment of its own.
 *
 * @alignment  a power of two, at most 1 GiB.
 * @size       bytes; 0 gives a block of its own that holds nothing.
 *
 * Returns  a block aligned to @alignment, and at least as mproc_alloc; contents undefined.
 * Fails    EINVAL  @alignment is no power of two, or above 1 GiB
 *          or as mproc_alloc
 * Cost     as mproc_alloc; above 64 KiB of @alignment, that many more addresses are searched for.
 */
MPROC_API void *mproc_aligned_alloc(size_t alignment, size_t size);

/*
 * Change the size of a block.
 *
 * @block  from any of these functions in any member of the family, which nobody else uses meanwhile; NULL:
 *         as mproc_alloc.
 * @size   bytes; 0 gives a block that holds nothing.
 *
 * Returns  the block, whose contents are kept as far as both sizes go; it may have moved, and then the old
 *          one is free, and the new one aligned as by mproc_alloc.  On failure the old block stays as it
 *          was.
 * Fails    EINVAL    @block is not the start of a block of the arena
 *          EALREADY  @block is free already
 *          or as mproc_alloc
 * Crash    killed before it returns: the old block is there, or the new one, or for a moment both.
 * Cost     as mproc_free and mproc_alloc, and copying; nothing when the block is large enough and not much
 *          too large.
 */
MPROC_API void *mproc_realloc(void *block, size_t size);

/*
 * Give a block back.
 *
 * @block  from any of these functions in any member of the family, or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL    @block is not the start of a block of the arena; nothing was done
 *          -EALREADY  @block is free already; nothing was done
 *          or as mproc_alloc, when this is the process's first call
 * Crash    killed before it returns: the block is freed, or still allocated.
 * Cost     as mproc_alloc.  The pages of blocks above 8192 bytes go back to the system at once, those of smaller ones
 *          when 64 KiB of them are free.  Blocks up to 8192 bytes that another thread frees than has allocated them
 *          are used again by that one, and their pages go back when it has ended and another one allocates.
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

/* What of the arena is in use, in bytes but for the number of blocks. */
typedef struct mproc_arena_usage {
	/* Addresses that can be allocated from. */
	size_t reserved;
	/* Memory that was provided, whether it is in use or not; but for that of large rings of queues. */
	size_t committed;
	/* What allocated blocks can hold (mproc_usable_size), and how many they are. */
	size_t used;
	size_t blocks;
} mproc_arena_usage;

/*
 * Tell how much of the arena is in use.
 *
 * @pid  0: by the whole family; otherwise by one member: blocks above 8192 bytes that it allocated, and
 *       smaller ones in the spans of 64 KiB that its threads own.  What a member leaves when it ends
 *       counts for whoever takes over its spans and, when it had large blocks, its place in the table of
 *       processes.
 *
 * Returns  0, and the usage in @ret_usage; members have nothing reserved.  While others allocate, each span
 *          is counted as it was at some moment.
 * Fails    -EINVAL  @ret_usage is NULL
 *          -ESRCH   no member has the process id @pid
 *          or as mproc_alloc, when this is the process's first call
 * Cost     one lock, and a look at every block of 8192 bytes or less: about 1 ms per million.
 */
MPROC_API int mproc_arena_stats(pid_t pid, mproc_arena_usage *ret_usage);

MPROC_END_DECLS

#endif
