/* SPDX-License-Identifier: MIT */
/*
 * sys/whole_file.h - files that are written once, appear whole, and are read whole.
 */
#ifndef SYS_WHOLE_FILE_H
#define SYS_WHOLE_FILE_H

#include "sys/directory.h"
#include "sys/sha256.h"

typedef struct mproci_whole_file {
	/* What is read: memory of this process, at a multiple of 64; or a map, which is there when `length` is not 0. */
	void *memory;
	size_t size, length;
	/* When it was used last, in nanoseconds since 1970. */
	int64_t used;
	/* To know it again: mproci_whole_file_remove_if_same. */
	uint64_t device, inode;
	int64_t changed;
} mproci_whole_file;

/*
 * Read the file @name in @directory: up to @most_copied bytes a copy, more than that a map (then who cuts the file kills its readers).  With @notes_use the time of its use is set
 * to now, where that is allowed.
 *
 * Returns 0; -ENOENT, without an error text; with one (@what: what it is about) -EINVAL: it is no plain file, or empty; another negative errno.
 */
int mproci_whole_file_read(int directory, const char *name, size_t most_copied, bool notes_use,
	const char *what, mproci_whole_file *ret_file);

/*
 * Read all of a map from the disk, of which only the first page was read: what cannot be read would kill who touches it (before Linux 5.14 it does).  Returns
 * 0, or -EIO with an error text.
 */
int mproci_whole_file_bring(const mproci_whole_file *file, const char *what);

/* Free or unmap what was read. */
void mproci_whole_file_free(void *memory, size_t length);

/*
 * Write @parts, one behind the other, to a new file @aside, which is locked while it is written (flock), and then name it @name, in place of what
 * had that name.  A file aside whose lock is free is left by somebody who was killed, and may be removed by mproci_whole_file_remove_left.
 * The time of use and of change are now.
 *
 * Returns 0; with an error text (@what) -EFBIG: also by RLIMIT_FSIZE, which raises no signal here; -ENOSPC; -ENOENT: a directory is not there; -EEXIST: so
 * is somebody's @aside; -EBUSY: who removes what was left removes it again and again; another negative errno.  Then there is no @aside.
 */
int mproci_whole_file_write(int directory, const char *aside, const char *name, const mproci_part *parts,
	size_t count, const char *what);

/*
 * Remove @name if nobody has it locked.  Returns 0; -EBUSY; -ESTALE: it is another file by now; another negative errno, each without an
 * error text.
 */
int mproci_whole_file_remove_left(int directory, const char *name);

/* Remove @name if it is still the file that was read.  Returns 0, -ESTALE, or another negative errno, without an error text. */
int mproci_whole_file_remove_if_same(int directory, const char *name, const mproci_whole_file *file);

#endif
