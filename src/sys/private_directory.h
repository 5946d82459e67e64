/* SPDX-License-Identifier: MIT */
/*
 * sys/private_directory.h - a new directory for a socket file, of this user alone; and files that only this user may read.
 *
 * What returns a negative errno has an error text.
 */
#ifndef SYS_PRIVATE_DIRECTORY_H
#define SYS_PRIVATE_DIRECTORY_H

#include "base/private.h"
#include "sys/descriptor.h"

#include <stddef.h>

/*
 * Make a directory of mode 0700 with a name that begins with @prefix, for a file @file, under XDG_RUNTIME_DIR where that is an absolute path to a directory, otherwise under /tmp.
 * Those that processes of this user have left there, which were killed, are removed.
 *
 * Returns a descriptor that keeps it: it is left when all copies of that are closed; -ENAMETOOLONG: its path does not fit into @size bytes; another negative errno.
 */
MPROCI_PRIVATE int mproci_private_directory_create(
	const char *prefix, const char *file, char *ret_path, size_t size);

/* Remove it, when it is empty. */
MPROCI_PRIVATE void mproci_private_directory_remove(const char *path);

/* Which file a path leads to, without following a link; zeros: none. */
MPROCI_PRIVATE mproci_file_id mproci_file_id_at(const char *path);

/*
 * Read the first line of a file that only this user and root can read or write.  Returns 0, and the line with a 0 behind it; -EACCES: others can; -EMSGSIZE: it has more than
 * @size - 1 bytes; -EINVAL: it is empty, or has a byte 0; another negative errno.
 */
MPROCI_PRIVATE int mproci_private_file_read_line(const char *path, char *ret_line, size_t size);

#endif
