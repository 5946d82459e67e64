/* SPDX-License-Identifier: MIT */
/*
 * sys/growing_file.h - a file that grows by whole pieces, whoever is killed in the middle of one.
 *
 * Where it ends is known to its writers, who take turns: what lies behind that is a piece that somebody did not finish.
 */
#ifndef SYS_GROWING_FILE_H
#define SYS_GROWING_FILE_H

#include "sys/descriptor.h"

/*
 * Open the file at @path, which is made if it is not there, and read the first @size - 1 bytes of it as a string.  It is locked
 * against others who do the same, until mproci_growing_file_close.
 *
 * Returns a descriptor; with an error text -EBUSY: another process has it open like this; -EINVAL: it is no file; another
 * negative errno.
 */
int mproci_growing_file_open(const char *path, char *ret_front, size_t size);
void mproci_growing_file_close(int descriptor);

/*
 * Put a piece behind the first @end bytes, and cut off what lies there.  Returns 0; with an error text -ESTALE: the file is
 * shorter than that; -EFBIG: RLIMIT_FSIZE, which raises no signal here; -ENOSPC; another negative errno.
 */
int mproci_growing_file_put(int descriptor, uint64_t end, const void *data, size_t size);

/*
 * The same for the file at @path, if it still is @file; otherwise -ESTALE.  It need not be kept open for that: the program may
 * close whatever it finds open.
 */
int mproci_growing_file_append(
	const char *path, mproci_file_id file, uint64_t end, const void *data, size_t size);

#endif
