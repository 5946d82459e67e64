/* SPDX-License-Identifier: MIT */
/*
 * shared/file_lock.h - a file lock that is one of many in its file.
 */
#ifndef SHARED_FILE_LOCK_H
#define SHARED_FILE_LOCK_H

#include <mproc/file_lock.h>

/*
 * Open the lock of @byte, 0 to INT64_MAX, in the file @path, as mproc_file_lock_open does.  Those of other bytes, and that of the file, are other
 * locks.  The file has to be writable, and stays as long as it is.
 */
int mproci_file_lock_open_byte(const char *path, int64_t byte, mproc_file_lock **ret_lock);

#endif
