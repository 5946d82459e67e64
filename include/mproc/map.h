/* SPDX-License-Identifier: MIT */
/*
 * mproc/map.h - a function applied to every item of an array, by all workers of a pool at once.
 *
 *     rc = mproc_pool_map(pool, check, numbers, sizeof *numbers, count, prime, sizeof *prime, NULL);
 *
 * The contract is that of mproc/pool.h.
 */
#ifndef MPROC_MAP_H
#define MPROC_MAP_H

#include <mproc/api.h>
#include <mproc/cache.h>
#include <mproc/deadline.h>
#include <mproc/pool.h>
#include <mproc/task.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/* What becomes of the other items when one has failed. */
typedef enum mproc_on_failure {
	MPROC_ON_FAILURE_GO_ON = 0,
	/* Items that have not begun end as cancelled; those that run can see mproc_task_cancelled. */
	MPROC_ON_FAILURE_STOP = 1,
} mproc_on_failure;

/* How far a call has come. */
typedef struct mproc_progress {
	/* Items that have ended (about), those of them without a value, and all; 0: unknown. */
	size_t done, failed, total;
	/* Seconds since the call began. */
	double elapsed;
} mproc_progress;

typedef void mproc_progress_function(const mproc_progress *progress, void *argument);

typedef struct mproc_map_options {
	/* Items a worker takes at a time, 1…4294967295; 0 lets the library choose. */
	size_t chunk;
	/* Room for one outcome per item, or NULL: how each item ended.  Written unless the call was refused. */
	mproc_outcome *outcomes;
	/* Room for one per item, or NULL: what each has returned by mproc_task_return; NULL and 0 where nothing.  The blocks become
	 * the caller's, to be freed by mproc_free. */
	mproc_bytes *returned;
	/* When everything must have ended: what runs is killed, what has not begun is cancelled.  MPROC_FOREVER: never.  Workers
	 * that are no processes are not killed: what runs can see mproc_task_cancelled, and is waited for. */
	mproc_deadline deadline;
	/* Seconds from the beginning of an item until mproc_task_cancelled is true for it; 0: never. */
	double soft_timeout;
	/* Seconds from the beginning of an item until its worker, and all that it forked, is killed; 0: never. */
	double timeout;
	/* How often an item that fails, in whatever way but being cancelled, is tried again: 0…62. */
	unsigned retries;
	mproc_on_failure on_failure;
	/* Begin the items in an order as if shuffled by .seed, for work whose cost is uneven. */
	bool shuffle;
	/* Show a bar on standard error while the call waits; lines, where that is no terminal. */
	bool progress;
	/* Call this as well, in the thread that waits: up to ten times a second, and at the end; NULL: nobody. */
	mproc_progress_function *on_progress;
	void *on_progress_argument;
	/* What all items share (mproc_task_context): @context_size bytes, which are copied unless they are in the arena; with
	 * size 0 the address itself, which must mean the same in the workers. */
	const void *context;
	size_t context_size;
	/* Of mproc_task_random, and of the shuffled order. */
	uint64_t seed;
	/*
	 * Results are looked up there first, and stored there: a map that was interrupted does only what is missing.  NULL: nowhere.
	 *
	 * The key is @cache_function (1 to 255 bytes) and @cache_version (mproc/cache.h), and as arguments the bytes of the item, or
	 * without items its index as a uint64_t, and behind them the @context_size bytes of the context.  What an address leads to is no
	 * part of it, nor is @seed.  The value is the bytes of the result, and behind them what the item returned by mproc_task_return; one
	 * that does not fit is replaced.  What failed is not stored.  An item that was found ends with MPROC_ENDING_VALUE and 0 attempts.
	 *
	 * Of all maps that come to the same item at the same time, also in other programs, one computes it.  The others do the rest of
	 * their items first, and then wait for it, no longer than to the deadline; timeouts do not count meanwhile.
	 *
	 * Whatever is wrong with the cache, the items are computed.  Workers that are processes open the directory themselves.  The handle
	 * must stay open until the map has ended.
	 */
	mproc_cache *cache;
	const char *cache_function;
	uint64_t cache_version;
	uint64_t reserved[3];
} mproc_map_options;

/*
 * Apply a function to every item of an array, and wait for all of them.
 *
 * @function             must have been loaded into the program when the pool was opened.
 * @items, @item_size    the array and the bytes of one item.  NULL and 0: no array, a parallel for
 *                       over mproc_task_index(task).
 * @count                items; 0 returns at once.
 * @results,@result_size room for @count results and the bytes of one, or NULL and 0.
 * @options              NULL for the defaults.
 *
 * Items and results in the arena are used where they are.  Others are copied there and back: cheap
 * beside most work, but mproc_alloc'd arrays are faster.  Only the items are copied: a pointer inside
 * one must point into the arena, or to what was there when the pool was opened.
 *
 * Returns  0: every item has its result.  MPROC_ITEMS_FAILED: every item has ended, some without;
 *          mproc_error_text() tells how many and the first, .outcomes tells each.  The result of a
 *          failed item is unspecified.
 * Fails    -EINVAL     @pool or @function is NULL, a NULL pointer with a size, a pointer without a size, an
 *                      option out of range, .cache is no cache or without a .cache_function, a reserved word that is
 *                      not 0
 *          -ENOTSUP    .timeout, and workers that are no processes
 *          -EOVERFLOW  the bytes of all items, results or outcomes do not fit into a size_t, or @count is
 *                      2^56 or more
 *          -ENOMEM     no shared memory for copies and book-keeping
 *          -ENOSPC     the pool was given 256 other functions already
 *          -EDEADLK    called from a task of this very pool
 *          -ETIMEDOUT  the deadline has passed: outcomes tell which items have ended in time
 *          -EINTR      mproc_interrupt was called: the same
 *          -EAGAIN     all workers died, and for a second no new ones could be started, or died before
 *                      they could work
 *          -ECANCELED  the initializer of the pool failed three times in a row
 *          -ENOTRECOVERABLE  the nursery died: open another pool
 *          After these five, results with MPROC_ENDING_VALUE in .outcomes are there; the others
 *          are untouched, or unspecified when the room for them is in the arena.
 *          -ECHILD     the pool belongs to another process
 * Crash    a worker that dies: its item ends with MPROC_ENDING_SIGNAL or _EXIT, or is tried again; the others go on.
 * Cost     3 to 9 ns an item with chunk 1 (two workers on two cores), less with larger ones; 4 bytes of shared memory per item.
 *          With a timeout about 100 ns an item more; with a cache what mproc_cache_call takes.  A call that finds the workers
 *          asleep takes 30 to 70 µs more, for waking them, and being woken at the end.
 * Source   work is split into one range a worker, taken from the front, stolen from the back; see
 *          src/pool/README.md.
 */
MPROC_API int mproc_pool_map(mproc_pool *pool, mproc_task_function *function, const void *items,
	size_t item_size, size_t count, void *results, size_t result_size, const mproc_map_options *options);

/* Add @part, the result of the items right behind those that are in @total already, to it. */
typedef void mproc_combine_function(void *total, const void *part, const void *context);

/*
 * Apply a function to every item, and combine the results into one.
 *
 * @function, @items, …  as in mproc_pool_map.
 * @combine              must have been loaded into the program when the pool was opened.
 * @total, @result_size  in: what to begin with; out: that, combined with the result of each item in order.
 * @options              as in mproc_pool_map, but .chunk, .outcomes, .returned, .shuffle and .cache, which must be 0.  Times, retries
 *                       and progress are those of a block of neighbouring items: 1 of up to 4096 items, a 4096th of more.
 *
 * Which results are combined first depends on @count alone, so the total is the same to the last bit for any number
 * of workers, on any backend, also where @combine is not associative, such as a sum of doubles.
 *
 * Returns  0.  MPROC_ITEMS_FAILED: an item had no result; @total is untouched.  With @count 0 it is too.
 * Fails    as mproc_pool_map; -EINVAL also when @combine or @total is NULL
 * Cost     as mproc_pool_map, and one call of @combine per item.
 */
MPROC_API int mproc_pool_reduce(mproc_pool *pool, mproc_task_function *function,
	mproc_combine_function *combine, const void *items, size_t item_size, size_t count, void *total,
	size_t result_size, const mproc_map_options *options);

MPROC_END_DECLS

#endif
