/* SPDX-License-Identifier: MIT */
/*
 * mproc/shared_memory.h - memory with a name, for programs that are not of one family.
 *
 *     mproc_shared_memory *block;
 *     int rc = mproc_shared_memory_create("sensor", 4096, &block);
 *     double *readings = mproc_shared_memory_address(block);
 *     ...
 *     block = mproc_shared_memory_close(block);
 *     mproc_shared_memory_unlink("sensor");
 *
 * The same block opens under the same name in Python:
 *
 *     SharedMemory("sensor", track=False)
 *
 * (Before Python 3.13 there is no track, and a Python program that ends unlinks what it opened.)
 *
 * A name stays, and the memory with it, until somebody unlinks it, also when every program has ended.
 * Members of one family need no names: mproc/arena.h.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a handle may be used by any thread of its process, but not be closed while another one uses
 *            it.
 *   Fork     the child has the memory too, at the same address, and a handle of its own; closing one does
 *            not close the other.
 *   Crash    a process killed anywhere inside leaves the block as it was, or complete; but for one that is
 *            killed while creating it: then the name may be left over with a size of 0, which open refuses
 *            and unlink removes.
 *   Signals  not async-signal-safe.
 *   Memory   belongs to whoever has the right to open it: treat its contents as input.
 */
#ifndef MPROC_SHARED_MEMORY_H
#define MPROC_SHARED_MEMORY_H

#include <mproc/api.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

typedef struct mproc_shared_memory mproc_shared_memory;

/*
 * Make a block of zeros that only this user may open (mode 0600).
 *
 * @name  1 to 250 bytes without a slash, but for one that it may start with; not "." or "..".  NULL: a new
 *        one is found, which mproc_shared_memory_name tells.
 * @size  bytes, at least 1.
 *
 * Returns  0, and the open block in @ret_block.
 * Fails    -EEXIST  there is one of that name
 *          -EINVAL  @name is none, @size is 0 or too large for a file, @ret_block is NULL
 *          -ENOMEM  no memory for @size bytes, as far as the system tells: touching them cannot fail later
 *          -ENOSPC  no room in /dev/shm
 *          -EFBIG   @size is above RLIMIT_FSIZE
 *          -EMFILE, -ENFILE  no descriptors left
 *          -EAGAIN  the program locks its memory (mlockall), and RLIMIT_MEMLOCK has no room for this
 *          -EACCES, -EROFS, -ENOENT  /dev/shm cannot be written, or is not mounted
 * Cost     system calls, and the zeroing of @size bytes.
 */
MPROC_API int mproc_shared_memory_create(const char *name, size_t size, mproc_shared_memory **ret_block);

/*
 * Open a block that somebody has made.
 *
 * Returns  0, and the open block, with the size it has, in @ret_block.
 * Fails    -ENOENT  there is none of that name
 *          -EACCES  it belongs to somebody else
 *          -EROFS   /dev/shm cannot be written
 *          -EINVAL  @name is none, or NULL; @ret_block is NULL
 *          -EBADMSG what bears the name has a size of 0, or is no plain file
 *          -ENOMEM  no room of addresses for it
 *          -EAGAIN  as mproc_shared_memory_create
 *          -EMFILE, -ENFILE  no descriptors left
 * Cost     system calls.  Pages that its maker has not provided, as Python does not, are provided when
 *          they are touched; when /dev/shm is full then, that raises SIGBUS.
 */
MPROC_API int mproc_shared_memory_open(const char *name, mproc_shared_memory **ret_block);

/*
 * Tell where the block lies in this process.
 *
 * Returns  the address, valid until it is closed; NULL when @block is NULL.
 * Cost     none.
 */
MPROC_API void *mproc_shared_memory_address(const mproc_shared_memory *block);

/*
 * Tell how large the block is.
 *
 * Returns  bytes: what create was given, or what the file had when it was opened; 0 when @block is NULL.
 * Cost     none.
 */
MPROC_API size_t mproc_shared_memory_size(const mproc_shared_memory *block);

/*
 * Tell the name of the block, without a slash.
 *
 * Returns  the name, valid until it is closed; NULL when @block is NULL.
 * Cost     none.
 */
MPROC_API const char *mproc_shared_memory_name(const mproc_shared_memory *block);

/*
 * Take the memory out of this process; the name stays.
 *
 * @block  or NULL.
 *
 * Returns  NULL.
 * Cost     a system call.
 */
MPROC_API mproc_shared_memory *mproc_shared_memory_close(mproc_shared_memory *block);

/*
 * Remove a name.  Who has the block open keeps it; its memory is freed when the last one closes it.
 *
 * Returns  0.
 * Fails    -ENOENT  there is none of that name
 *          -EACCES  it belongs to somebody else
 *          -EROFS   /dev/shm cannot be written
 *          -EBADMSG what bears the name is a directory
 *          -EINVAL  @name is none, or NULL
 * Cost     a system call.
 */
MPROC_API int mproc_shared_memory_unlink(const char *name);

MPROC_END_DECLS

#endif
