/* SPDX-License-Identifier: MIT */
/*
 * trace/progress.h - how far something has come, shown to a person while somebody waits for it.
 *
 * On a terminal it is one line that is written again and again:
 *
 *	 45% [#########           ] 450/1000, 150/s, 0:03 elapsed, 0:04 left, 2 failed
 *
 * Elsewhere, as in the log of a build, a line for each tenth, or at least every 10 seconds.  Nothing happens of itself: no thread, no
 * signal; who waits calls mproci_progress_update.
 */
#ifndef TRACE_PROGRESS_H
#define TRACE_PROGRESS_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_progress_view {
	/* Of the items that are done, some failed.  More may be done than was thought there were; 0: nobody knows how many there are. */
	uint64_t done, failed, total;
	/* Nanoseconds. */
	int64_t elapsed;
	bool is_terminal;
	/* Columns of the terminal. */
	unsigned width;
} mproci_progress_view;

enum {
	MPROCI_PROGRESS_LINE = 256
};

/*
 * Compose the line, without its end: ASCII.  On a terminal it leaves the last column free, for some begin a new line there; where that
 * is too narrow, what is least important is left out, and the bar takes what the rest leaves.  Returns its length.
 */
size_t mproci_progress_format(const mproci_progress_view *view, char line[MPROCI_PROGRESS_LINE]);

/* The times are nanoseconds of the clock, the caller's. */
typedef struct mproci_progress {
	int descriptor;
	bool is_terminal;
	uint64_t total;
	int64_t began, shown;
	/* Tenths of the whole that were done then. */
	unsigned tenths;
	/* What is on the terminal's line. */
	size_t length;
} mproci_progress;

/* Begin to show on @descriptor (-1: nowhere) what becomes of @total items, 0: nobody knows how many. */
void mproci_progress_begin(mproci_progress *progress, int descriptor, uint64_t total, int64_t now);

/* When an update shows something at the latest, though nothing becomes done; MPROC_FOREVER: never. */
mproc_deadline mproci_progress_due(const mproci_progress *progress);

/* Show it if it is time to.  When that fails, nothing is shown from then on. */
void mproci_progress_update(mproci_progress *progress, uint64_t done, uint64_t failed, int64_t now);

/* Show it for the last time, on a line that ends. */
void mproci_progress_end(mproci_progress *progress, uint64_t done, uint64_t failed, int64_t now);

#endif
