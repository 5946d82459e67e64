/* SPDX-License-Identifier: MIT */
/*
 * mproc/stream.h - a function applied to items one after the other, by all workers of a pool, results as they come.
 *
 *     rc = mproc_pool_imap(pool, check, numbers, sizeof *numbers, count, sizeof(bool), NULL, &stream);
 *     while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) >= 0)
 *             if (rc == 0)
 *                     printf("%zu: %d\n", entry.index, *(const bool *)entry.result);
 *     stream = mproc_stream_close(stream);
 *
 * Only a window of items is on the way at a time, so neither items nor results need be in memory all at once, and
 * who takes results slowly slows down the workers.
 *
 * Contract for everything in this file, besides that of mproc/pool.h:
 *   Threads  one thread at a time uses a stream.
 *   Fork     a stream belongs to the process that made it; elsewhere -ECHILD.
 */
#ifndef MPROC_STREAM_H
#define MPROC_STREAM_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/map.h>
#include <mproc/pool.h>
#include <mproc/task.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_stream mproc_stream;

/*
 * Where the items of a stream come from: writes the next one to @item.  Called by the thread that calls
 * mproc_pool_imap and mproc_stream_next, as long as there is room in the window.
 *
 * Returns  1: there is an item; 0: there are no more; a negative errno: the same, and when all results have been taken
 *          mproc_stream_next returns it.
 */
typedef int mproc_source_function(void *item, void *argument);

typedef struct mproc_imap_options {
	/* Give results as they come, not in the order of the items. */
	bool unordered;
	/* Items that may be on the way, begun or ended, but not taken: 1…65536; 0 lets the library choose. */
	size_t window;
	/* Take items from here; then the array is NULL, and its count 0. */
	mproc_source_function *source;
	void *source_argument;
	/* As in mproc_map_options; the deadline is that of the whole stream, and .on_failure counts from the failed item that was taken. */
	mproc_deadline deadline;
	double soft_timeout, timeout;
	unsigned retries;
	mproc_on_failure on_failure;
	bool progress;
	mproc_progress_function *on_progress;
	void *on_progress_argument;
	const void *context;
	size_t context_size;
	uint64_t seed;
	uint64_t reserved[6];
} mproc_imap_options;

/* One item that has ended. */
typedef struct mproc_entry {
	/* Its position, from 0. */
	size_t index;
	/* The item; its result: what mproc_task_return gave, or else the room of fixed size, and its bytes.  Valid until the next
	 * call for this stream. */
	const void *item, *result;
	size_t size;
	mproc_outcome outcome;
} mproc_entry;

/*
 * Begin a stream.
 *
 * @function           must have been loaded into the program when the pool was opened.
 * @items, @item_size  the array and the bytes of one item.  The array must stay until the stream is closed.  NULL and 0: no array, a
 *                     parallel for over mproc_task_index(task).  With .source: NULL, and the bytes of one item.
 * @count              items; 0 with .source.
 * @result_size        bytes of room for a result; 0: none.
 * @options            NULL for the defaults.
 *
 * Returns  0, and the stream in @ret_stream: workers are at the first items.
 * Fails    as mproc_pool_submit, but for -EINTR and -ETIMEDOUT; -EINVAL also when array and .source are both given, -EOVERFLOW as mproc_pool_map
 * Cost     as mproc_pool_submit for each item of the window.
 */
MPROC_API int mproc_pool_imap(mproc_pool *pool, mproc_task_function *function, const void *items,
	size_t item_size, size_t count, size_t result_size, const mproc_imap_options *options,
	mproc_stream **ret_stream);

/*
 * Take the next item that has ended, in the order of the items unless .unordered says otherwise.
 *
 * Returns  0: it has a value.  MPROC_ITEMS_FAILED: it has not; its outcome and mproc_error_text() tell why.  Both fill
 *          @ret_entry.
 * Fails    -ENODATA    there are no more
 *          -ETIMEDOUT  nothing at @deadline; or the stream's own deadline has passed and all is told
 *          -EINTR      mproc_interrupt was called
 *          -EINVAL     @stream or @ret_entry is NULL
 *          -EDEADLK    called from a task of its own pool
 *          -ENOMEM     there was no memory for the next item or its result: the stream ended there, and all before is told
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool has failed, as in mproc_pool_map, and all that has ended before is told
 *          -ECHILD     the stream belongs to another process
 *          what the source returned
 * Cost     as mproc_pool_submit, for the item that takes its place in the window; sleeping and being woken when none has ended.
 */
MPROC_API int mproc_stream_next(mproc_stream *stream, mproc_deadline deadline, mproc_entry *ret_entry);

/*
 * End a stream, also early: items that have not begun never will; workers that are at one are given 50 ms to end it,
 * then killed.
 *
 * @stream  a stream, or NULL.
 *
 * Returns  NULL.
 * Fork     in another process than the one that made it, only this process's copy is closed.
 * Cost     as mproc_free; while workers are at items, up to those 50 ms, and milliseconds to kill them.  Threads are waited for until
 *          they have ended their items.
 */
MPROC_API mproc_stream *mproc_stream_close(mproc_stream *stream);

MPROC_END_DECLS

#endif
