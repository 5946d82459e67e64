/* SPDX-License-Identifier: MIT */
/*
 * mproc/mapped_file.h - a part of a file as memory.
 *
 *     mproc_mapped_file log;
 *     int rc = mproc_map_file("access.log", 0, 0, NULL, &log);
 *     if (rc == 0) {
 *             const char *found = memmem(log.data, log.size, "ERROR", 5);
 *             ...
 *             mproc_mapped_file_close(&log);
 *     }
 *
 * Pages are read when they are touched, so the file may be larger than memory.  All who map a part of a
 * file that may be written see the same bytes, whether they belong to one family or not.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of the process; not while another one closes the same map.
 *   Fork     the child has the map too, at the same address; closing one does not close the other.
 *   Crash    what was written to a map is in the file, also when the writer is killed at once.
 *   Signals  not async-signal-safe.  Touching a page behind the end of a file that somebody has made
 *            shorter meanwhile, a page that the disk does not give, or, writing, one for which it has no
 *            room, raises SIGBUS.
 */
#ifndef MPROC_MAPPED_FILE_H
#define MPROC_MAPPED_FILE_H

#include <mproc/api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef enum mproc_map_access {
	MPROC_MAP_READ_ONLY = 0,
	/* What is written goes into the file. */
	MPROC_MAP_READ_WRITE = 1,
	/* What is written stays in this process, and in those forked from it. */
	MPROC_MAP_PRIVATE = 2,
} mproc_map_access;

/* How the pages are going to be touched: advice to the system, which changes the speed only. */
typedef enum mproc_map_advice {
	MPROC_MAP_NORMAL = 0,
	/* From the front to the end: read ahead, and forget soon. */
	MPROC_MAP_SEQUENTIAL = 1,
	/* Here and there: do not read ahead. */
	MPROC_MAP_RANDOM = 2,
	/* All of it soon: begin to read. */
	MPROC_MAP_WILL_NEED = 3,
} mproc_map_advice;

typedef struct mproc_map_file_options {
	mproc_map_access access;
	mproc_map_advice advice;
	/* With MPROC_MAP_READ_WRITE: make the file if it is not there (mode 0666 less umask), and longer if it
	 * is shorter than the part, whose room is reserved on the disk.  Then the size of the part must be told.
	 * (A file system that cannot reserve gets zeros behind the end of the file; there, two who make the
	 * same file longer at the same time may overwrite each other's first bytes.) */
	bool grow;
	uint64_t reserved[4];
} mproc_map_file_options;

typedef struct mproc_mapped_file {
	/* The part of the file that was asked for. */
	char *data;
	size_t size;
	uint64_t opaque[2];
} mproc_mapped_file;

/*
 * Map a part of a file.
 *
 * @path     a plain file.
 * @offset   where the part begins, in bytes; any number.
 * @size     bytes; 0: up to the end of the file, as it is now.
 * @options  NULL for the defaults: read only.
 *
 * Returns  0, and the map in @ret_file.  An empty part (an empty file, or @offset at its end) has size 0,
 *          and NULL as data.
 * Fails    -ENOENT, -EACCES, -ELOOP, …  as open(2)
 *          -EINVAL     @path or @ret_file is NULL; the part ends behind the end of the file; it is no plain
 *                      file; an option is none; .grow without MPROC_MAP_READ_WRITE or without @size; a
 *                      reserved word is not 0
 *          -EISDIR     a directory, whatever the access
 *          -ENODEV     a file that cannot be mapped, as in /sys
 *          -EOVERFLOW  @offset + @size does not fit
 *          -ENOSPC, -EFBIG, -EDQUOT  with .grow: no room on the disk; the file may be longer than before
 *          -ENOMEM     no room of addresses
 *          -EAGAIN     the program locks its memory (mlockall), and RLIMIT_MEMLOCK has no room for this
 *          -EMFILE, -ENFILE  no descriptors left
 * Cost     system calls; no reading.  No descriptor stays open.
 */
MPROC_API int mproc_map_file(const char *path, uint64_t offset, size_t size,
	const mproc_map_file_options *options, mproc_mapped_file *ret_file);

/*
 * Wait until what was written is on the disk, as fsync.
 *
 * Returns  0; also for a map that is read only, private or empty, where there is nothing to do.
 * Fails    -EIO     the disk failed
 *          -EINVAL  @file is NULL, or closed
 * Cost     a system call that waits for the disk.
 */
MPROC_API int mproc_mapped_file_sync(mproc_mapped_file *file);

/*
 * Take the map out of this process.  What was written gets to the disk in time.
 *
 * @file  its data is NULL and its size 0 afterwards; NULL and what is closed already are accepted.
 *
 * Returns  0.
 * Cost     a system call.
 */
MPROC_API int mproc_mapped_file_close(mproc_mapped_file *file);

MPROC_END_DECLS

#endif
