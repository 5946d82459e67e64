/* SPDX-License-Identifier: MIT */
/*
 * mproc/file_lock.h - a lock between programs that know nothing of each other but a path.
 *
 *     mproc_file_lock *lock;
 *     int rc = mproc_file_lock_open("results.txt.lock", NULL, &lock);
 *     rc = mproc_file_lock_acquire(lock, mproc_after(10));
 *     if (rc == 0) {
 *             append_result();
 *             mproc_file_lock_release(lock);
 *     }
 *     lock = mproc_file_lock_close(lock);
 *
 * The lock is that of flock(2) on the file, so it also excludes who uses flock(1) or another language.
 * The kernel releases it when its holder ends, however that happens: a file that is left over locks nobody
 * out.  The file may be the one that is to be protected; nothing is written to it.  Members of one family
 * have a faster lock: mproc/mutex.h.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a handle may be used by any thread of its process; threads exclude each other too.  Not while
 *            another thread closes it.
 *   Fork     a handle belongs to the process that opened it; in a child, made by fork() or by mproc, every
 *            call but close answers -ECHILD, and the child does not keep the lock when the holder ends.
 *            (A child of _Fork() or clone() that does not exec does.)
 *   Crash    the lock of a process that is killed is free.  A thread that ends without releasing leaves the
 *            lock to the next thread of its process.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 */
#ifndef MPROC_FILE_LOCK_H
#define MPROC_FILE_LOCK_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_file_lock mproc_file_lock;

typedef struct mproc_file_lock_options {
	/* Many may hold it together, who open it like this; nobody holds it beside one who does not.  Threads
	 * that use one handle exclude each other all the same. */
	bool shared;
	uint64_t reserved[3];
} mproc_file_lock_options;

/*
 * Open a lock; nobody is locked out yet.
 *
 * @path     of a file, which is made (mode 0666 less umask) when it is not there; or of a directory.  A
 *           relative one means the same file wherever this process goes.
 * @options  NULL for the defaults.
 *
 * Returns  0, and the handle in @ret_lock.
 * Fails    -EINVAL  @path or @ret_lock is NULL, or a reserved word of @options is not 0
 *          -ENOENT, -EACCES, -ENOTDIR, …  as open(2)
 *          -EMFILE, -ENFILE  no descriptors left
 *          -ENOMEM  no memory
 * Cost     a few system calls.
 */
MPROC_API int mproc_file_lock_open(
	const char *path, const mproc_file_lock_options *options, mproc_file_lock **ret_lock);

/*
 * Acquire the lock; wait while somebody else holds it.
 *
 * @deadline  when to give up.  With MPROC_FOREVER the kernel wakes who waits, in its turn; with any other
 *            the lock is tried again every 1 to 10 ms.  MPROC_NOW waits at most 1 ms, and only for another
 *            thread of this process.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  held by somebody else at the deadline
 *          -EDEADLK    this thread holds it by this handle already
 *          -ECHILD     the handle is another process's
 *          -EINVAL     @lock is NULL
 *          -ENOLCK     the kernel has no memory for locks
 *          -ENOENT, -EACCES, -EMFILE, …  the file was removed, and cannot be made or opened again
 * Cost     about 3 system calls.
 */
MPROC_API int mproc_file_lock_acquire(mproc_file_lock *lock, mproc_deadline deadline);

/*
 * Release the lock.
 *
 * Returns  0.
 * Fails    -EPERM   this thread does not hold it
 *          -ECHILD  the handle is another process's
 *          -EINVAL  @lock is NULL
 * Cost     a system call.
 */
MPROC_API int mproc_file_lock_release(mproc_file_lock *lock);

/*
 * Close the handle, releasing the lock whichever thread of this process holds it; the file stays.
 *
 * @lock  or NULL.
 *
 * Returns  NULL.
 * Cost     two system calls.
 */
MPROC_API mproc_file_lock *mproc_file_lock_close(mproc_file_lock *lock);

MPROC_END_DECLS

#endif
