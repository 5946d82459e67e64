/* SPDX-License-Identifier: MIT */
/*
 * shared/file_lock.h - file locks that are one of many in their file, or whose file is in an open directory.
 */
#ifndef SHARED_FILE_LOCK_H
#define SHARED_FILE_LOCK_H

#include <mproc/file_lock.h>

/*
 * Open the lock of the file @name in @directory, which stays open as long as the lock; as mproc_file_lock_open does, but wherever
 * the directory is by now.
 */
int mproci_file_lock_open_in(int directory, const char *name, mproc_file_lock **ret_lock);

/*
 * The same with the lock of @byte, 0 to INT64_MAX.  Those of other bytes, and that of the file, are other
 * locks.  The file has to be writable, and stays as long as it is.
 */
int mproci_file_lock_open_byte(int directory, const char *name, int64_t byte, mproc_file_lock **ret_lock);

#endif
