/* SPDX-License-Identifier: MIT */
/*
 * mproc/future.h - single tasks for a pool, and answers that come later.
 *
 *     mproc_future *future;
 *     int rc = mproc_pool_submit(pool, square, &number, sizeof number, sizeof(long), NULL, &future);
 *     ...
 *     const void *result;
 *     rc = mproc_future_get(future, MPROC_FOREVER, &result, NULL);
 *     if (rc == 0)
 *             printf("%ld\n", *(const long *)result);
 *     future = mproc_future_close(future);
 *
 * Contract for everything in this file, besides that of mproc/pool.h:
 *   Threads  one future may be waited for by several threads; it must not be closed meanwhile.
 *   Fork     a future belongs to the process that made it; elsewhere -ECHILD.
 *   Crash    a task ends exactly once, with a value, an errno, a signal or exit code, a timeout, or cancelled: whoever dies.
 *   Waiting  a call that waits, on whatever future of a pool, also calls the .on_done of those that have ended.
 */
#ifndef MPROC_FUTURE_H
#define MPROC_FUTURE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/map.h>
#include <mproc/pool.h>
#include <mproc/task.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/* A task, or a map, that a pool was given. */
typedef struct mproc_future mproc_future;

/* Told that @future has ended; may close it, if nobody waits for that one. */
typedef void mproc_done_function(mproc_future *future, void *argument);

typedef struct mproc_task_options {
	/* As in mproc_map_options, for this one task.  The deadline also counts while it waits for a worker; one that is
	 * still in line then ends when somebody waits for it, or a worker comes to it. */
	mproc_deadline deadline;
	double soft_timeout, timeout;
	unsigned retries;
	const void *context;
	size_t context_size;
	uint64_t seed;
	/* Called once when the task has ended: by a thread that waits for a future of this pool, or calls mproc_pool_poll. */
	mproc_done_function *on_done;
	void *on_done_argument;
	/* For mproc_pool_apply: room for how the task ended, or NULL. */
	mproc_outcome *outcome;
	uint64_t reserved[6];
} mproc_task_options;

/*
 * Have a worker call a function, and wait for its result.
 *
 * @function               must have been loaded into the program when the pool was opened.
 * @argument, @size        what it gets as its item: @size bytes, which are copied; with size 0 the address itself.
 * @result, @result_size   room for its result, or NULL and 0; what mproc_task_return gives is dropped.
 * @options                NULL for the defaults; no .on_done.
 *
 * Returns  0.  MPROC_ITEMS_FAILED: the task ended without a value; mproc_error_text() and .outcome tell how; @result is
 *          untouched.
 * Fails    as mproc_pool_map, but for -EOVERFLOW; -ETIMEDOUT only when the deadline passed while the task could not be put in line, as
 *          in mproc_pool_submit: after that the task ends with MPROC_ENDING_TIMEOUT, which is no failure of the call
 * Cost     a few µs when a worker is awake.
 */
MPROC_API int mproc_pool_apply(mproc_pool *pool, mproc_task_function *function, const void *argument,
	size_t size, void *result, size_t result_size, const mproc_task_options *options);

/*
 * Give a pool a task, and go on.
 *
 * @function, @argument, @size  as in mproc_pool_apply.
 * @result_size                 bytes of room that the function gets for its result; 0: none.
 * @options                     NULL for the defaults.
 *
 * Returns  0, and the future in @ret_future.  Waits while 16384 tasks of this pool have not begun.
 * Fails    -EINVAL   @pool, @function or @ret_future is NULL; an option is out of range; .outcome is given
 *          -ENOTSUP  .timeout, and workers that are no processes
 *          -ENOMEM   no memory
 *          -ENOSPC   the pool was given 256 other functions already
 *          -EDEADLK  called from a task of this very pool
 *          -EINTR    mproc_interrupt was called while this waited
 *          -ETIMEDOUT  the deadline passed while this waited
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool has failed, as in mproc_pool_map
 *          -ECHILD   the pool belongs to another process
 * Cost     under 1 µs while a worker is awake; about 400 bytes of shared memory until the future is closed, and more when argument, result
 *          and context have more than 128 together.  A serial pool
 *          runs the task here and now.
 */
MPROC_API int mproc_pool_submit(mproc_pool *pool, mproc_task_function *function, const void *argument,
	size_t size, size_t result_size, const mproc_task_options *options, mproc_future **ret_future);

/*
 * Have a map done, and go on.
 *
 * As mproc_pool_map; items, results, outcomes and what else @options points to must stay until the future has ended,
 * and are complete when a call has said so.  @on_done may be NULL.  .progress is shown by who waits.
 *
 * Returns  0, and the future in @ret_future.  Waits while 16 maps of this pool have not ended.
 * Fails    as mproc_pool_submit, and -EOVERFLOW as mproc_pool_map; -ETIMEDOUT when the deadline passed while this waited
 * Cost     as mproc_pool_map, but for the items.  A serial pool does them here and now.
 */
MPROC_API int mproc_pool_map_async(mproc_pool *pool, mproc_task_function *function, const void *items,
	size_t item_size, size_t count, void *results, size_t result_size, const mproc_map_options *options,
	mproc_done_function *on_done, void *on_done_argument, mproc_future **ret_future);

/*
 * Wait until a future has ended, in whatever way.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  it has not, at the deadline
 *          -EINTR      mproc_interrupt was called
 *          -EINVAL     @future is NULL
 *          -EDEADLK    called from a task of its own pool
 *          -ECHILD     it belongs to another process
 * Cost     as mproc_future_done when it has ended; otherwise sleeping and being woken.
 */
MPROC_API int mproc_future_wait(mproc_future *future, mproc_deadline deadline);

/*
 * Wait for a future, and get its result.
 *
 * @ret_result  the result, valid until the future is closed: what mproc_task_return gave, or else the room of fixed size;
 *              a map's results.  NULL: not wanted.
 * @ret_size    its bytes; NULL: not wanted.
 *
 * Returns  0.  MPROC_ITEMS_FAILED: it ended without a value (a map: with failed items); mproc_error_text() tells why, outputs are
 *          untouched.
 * Fails    as mproc_future_wait
 *          -ETIMEDOUT  the deadline of a map has passed, too
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool failed during a map, as in mproc_pool_map
 * Cost     as mproc_future_wait; nothing is copied, but the results of a map into ordinary memory.
 */
MPROC_API int mproc_future_get(
	mproc_future *future, mproc_deadline deadline, const void **ret_result, size_t *ret_size);

/*
 * Tell whether a future has ended.
 *
 * Returns  1 or 0.
 * Fails    -EINVAL  @future is NULL
 *          -ECHILD  it belongs to another process
 * Cost     a load; for a map a look at each worker's place.
 */
MPROC_API int mproc_future_done(mproc_future *future);

/*
 * Tell whether a worker is at a future.
 *
 * Returns  1 or 0.
 * Fails    as mproc_future_done
 * Cost     as mproc_future_done.
 */
MPROC_API int mproc_future_running(mproc_future *future);

/*
 * Tell how a future's task ended.
 *
 * Returns  the outcome; .ending is MPROC_ENDING_NONE while it has not ended, or @future is NULL or another process's.  A map: VALUE, or
 *          the outcome of the first item that failed; CANCELLED or TIMEOUT when it was cut short.
 * Cost     as mproc_future_done.
 */
MPROC_API mproc_outcome mproc_future_outcome(mproc_future *future);

/*
 * Cancel: what has not begun never will, and has ended when this returns.  A task that runs can see
 * mproc_task_cancelled from now on, and is killed after a while.
 *
 * @grace  seconds from now until a worker that is at it is killed, with all that it forked: 0: at once; INFINITY: never.  Workers that
 *         are no processes are never killed.
 *
 * Returns  0: it is cancelled, or will end soon.
 * Fails    -EALREADY  it had ended before
 *          -EINVAL    @future is NULL; @grace is negative or not a number
 *          -ECHILD    it belongs to another process
 * Cost     an atomic operation; a message to the nursery when a worker is at it.
 */
MPROC_API int mproc_future_cancel(mproc_future *future, double grace);

/*
 * Give a future up.  A task that has not ended goes on, and nobody learns of its result; a map is cancelled first,
 * with no grace.
 *
 * @future  a future, or NULL.
 *
 * Returns  NULL.
 * Fork     in another process than the one that made it, only this process's copy is closed.
 * Cost     as mproc_free; of a map that has not ended, until its workers were killed; threads are waited for until they have ended their items.
 */
MPROC_API mproc_future *mproc_future_close(mproc_future *future);

/*
 * Wait until one of many futures has ended.
 *
 * @futures, @count  the futures; NULL ones are passed over.
 *
 * Returns  0, and in @ret_index the position of one that has ended.
 * Fails    as mproc_future_wait; -EINVAL also when @futures or @ret_index is NULL; -ENOENT when all are NULL, or @count is 0
 * Cost     a look at each future whenever this thread wakes.
 */
MPROC_API int mproc_future_wait_any(
	mproc_future *const *futures, size_t count, mproc_deadline deadline, size_t *ret_index);

/*
 * Wait until all of many futures have ended.
 *
 * @futures, @count  the futures; NULL ones are passed over.
 *
 * Returns  0.
 * Fails    as mproc_future_wait; -EINVAL also when @futures is NULL, and @count not 0
 * Cost     as mproc_future_wait for each.
 */
MPROC_API int mproc_future_wait_all(mproc_future *const *futures, size_t count, mproc_deadline deadline);

/*
 * Wait for the next of many futures, in the order in which they end.
 *
 *     for (size_t i = 0; i < count; ++i) {
 *             rc = mproc_future_as_completed(futures, count, i, MPROC_FOREVER);
 *             ... futures[i] has ended ...
 *     }
 *
 * @futures  they are reordered: those before @taken have been taken.
 * @taken    how many have been taken, less than @count.
 *
 * Returns  0: futures[@taken] has ended.
 * Fails    as mproc_future_wait; -EINVAL also when @futures or futures[@taken] is NULL, or @taken is too large
 * Cost     as mproc_future_wait_any, for those that were not taken.
 */
MPROC_API int mproc_future_as_completed(
	mproc_future **futures, size_t count, size_t taken, mproc_deadline deadline);

MPROC_END_DECLS

#endif
