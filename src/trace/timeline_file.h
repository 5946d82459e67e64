/* SPDX-License-Identifier: MIT */
/*
 * trace/timeline_file.h - the file of a time line: which one it is, and how it grows.
 *
 * The format is the array of JSON objects that chrome://tracing and Perfetto read, one object a line; they do not miss the bracket at its
 * end.  The first line says which process began it.  While that lives nobody else touches the file; afterwards whoever begins a
 * time line there replaces it.
 *
 * Its writers take turns.  One that is killed in the middle of a piece leaves what the next one cuts off.
 */
#ifndef TRACE_TIMELINE_FILE_H
#define TRACE_TIMELINE_FILE_H

#include "sys/descriptor.h"
#include "trace/tape.h"

#include <limits.h>

typedef struct mproci_timeline_file {
	mproci_file_id id;
	/* It ends here; goes up only. */
	_Atomic uint64_t end;
	/* What is being written, or NULL; and where the file ends when it is. */
	_Atomic(mproci_tape *) writing;
	uint64_t next_end;
	/* From the root directory. */
	char path[PATH_MAX];
} mproci_timeline_file;

/*
 * Begin the file at @path; or, when that is another living process's, the one with this process's id in its name.
 *
 * Returns 0; with an error text -EEXIST: a file is there that is no time line; -EBUSY; another negative errno.
 */
int mproci_timeline_file_begin(mproci_timeline_file *file, const char *path);

/*
 * Write what is on a tape, and clear it; for who holds the lock that protects the file.  Returns 0, or a negative errno with an error
 * text: it is there still.
 */
int mproci_timeline_file_write(mproci_timeline_file *file, mproci_tape *tape);

#endif
