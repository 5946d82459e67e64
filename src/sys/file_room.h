/* SPDX-License-Identifier: MIT */
/*
 * sys/file_room.h - room for what is going to be written to a file, so that a map of it can be touched.
 */
#ifndef SYS_FILE_ROOM_H
#define SYS_FILE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reserve room for @size bytes at @offset of the file @descriptor, open for reading and writing.  A file that is
 * shorter becomes longer, never the other way round, whoever else does the same; with @keeps_size it stays as long as
 * it is, where the file system can do that.
 *
 * @what begins the error text.  Returns 0; -EFBIG: RLIMIT_FSIZE, which raises no signal here, or the file system do
 * not allow it; -ENOSPC or -EDQUOT: no room, but a part of it may have been reserved; another negative errno.
 */
int mproci_file_room_reserve(
	int descriptor, uint64_t offset, uint64_t size, bool keeps_size, const char *what);

#endif
