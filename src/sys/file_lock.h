/* SPDX-License-Identifier: MIT */
/*
 * sys/file_lock.h - the lock that flock(2) keeps on an open file.
 *
 * It belongs to the open file, not to a process: a forked child that keeps the descriptor keeps the lock.
 */
#ifndef SYS_FILE_LOCK_H
#define SYS_FILE_LOCK_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stdint.h>

/* The same path, but wherever this process goes; to be freed.  NULL: no memory. */
char *mproci_file_lock_path(const char *path);

/*
 * Open the file or the directory at @path in @directory; a file that is not there is made.  @writable: also for writing, which NFS asks of
 * who wants the lock alone.  Returns a descriptor, or a negative errno with an error text.
 */
int mproci_file_lock_open(int directory, const char *path, bool writable);

/*
 * Take the lock, @shared or alone.  Returns 0; -ETIMEDOUT; -EBADF: must be open for writing; -ENOLCK; another
 * negative errno.
 */
int mproci_file_lock_take(int descriptor, bool shared, mproc_deadline deadline);

/* Release it, if it is held. */
void mproci_file_lock_release(int descriptor);

/*
 * The same with one byte of the file, which need not be there: 0 to INT64_MAX.  It has nothing to do with the lock on the file; who
 * wants it has the file open for writing.
 */
int mproci_file_lock_take_byte(int descriptor, int64_t byte, mproc_deadline deadline);
void mproci_file_lock_release_byte(int descriptor, int64_t byte);

/* Whether @path in @directory still leads to the open file: 1 or 0, or a negative errno when nobody knows. */
int mproci_file_lock_is_current(int descriptor, int directory, const char *path);

#endif
