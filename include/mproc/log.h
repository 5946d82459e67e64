/* SPDX-License-Identifier: MIT */
/*
 * mproc/log.h - lines from many processes in one place, each whole.
 *
 *     mproc_log_to(STDERR_FILENO, MPROC_LOG_INFO);
 *     ...
 *     mproc_log(MPROC_LOG_WARNING, "%d files are missing", count);
 *
 * writes, in one piece, such as
 *
 *     [WARNING/Process-3 4711] 7 files are missing
 *
 * Nothing is written unless mproc_log_to was called.  What it says holds for this process and for the
 * processes that are started later, by whatever method.
 *
 * Contract for everything in this file:
 *   Result   0 on success, a negative errno on failure.
 *   Threads  any.
 *   Fork     a child goes on with its parent's setting.
 *   Crash    killed in the middle, a process has written the line whole, or nothing of it.
 *   Signals  not async-signal-safe.
 */
#ifndef MPROC_LOG_H
#define MPROC_LOG_H

#include <mproc/api.h>

MPROC_BEGIN_DECLS

typedef enum mproc_log_level {
	MPROC_LOG_OFF = 0,
	MPROC_LOG_ERROR = 1,
	/* Here the library itself writes too: a result of a cache that was damaged, a time line that cannot be written. */
	MPROC_LOG_WARNING = 2,
	MPROC_LOG_INFO = 3,
	/* Here as well: which processes start and end. */
	MPROC_LOG_DEBUG = 4,
} mproc_log_level;

/*
 * Write from now on what has at least this level, or (MPROC_LOG_OFF) nothing.
 *
 * @descriptor  where to: a file, a pipe, a terminal.  It stays the caller's, who keeps it open; a file should
 *              be open for appending.  Of 0, 1 and 2 each process uses its own.
 *
 * Returns  0.
 * Fails    -EINVAL  @level is none
 *          -EBADF   @descriptor is not open for writing
 * Cost     two system calls.
 */
MPROC_API int mproc_log_to(int descriptor, mproc_log_level level);

/*
 * Write one line: level, name and pid of the process, and the text.
 *
 * @level   MPROC_LOG_ERROR to MPROC_LOG_DEBUG.
 * @format  as for printf.  The line is cut at 4096 bytes, which a pipe takes in one piece; a line feed or
 *          another control character within it is written as a space.
 *
 * Returns  0, also when nothing was to be written.
 * Fails    -EINVAL  @level is none, @format is NULL or cannot be printed
 *          -EBADF   the descriptor has been closed
 *          -E…      what write says: -ENOSPC, -EPIPE (with SIGPIPE, unless ignored), -EAGAIN, …
 * Cost     a comparison when nothing is to be written; otherwise two system calls, and one more when the descriptor is
 *          above 2.
 */
MPROC_API int mproc_log(mproc_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

MPROC_END_DECLS

#endif
