/* SPDX-License-Identifier: MIT */
/*
 * mproc/pool.h - a pool of workers that applies a function to many items at once.
 *
 *     static int check(const void *item, void *result, mproc_task *task)
 *     {
 *             *(bool *)result = is_prime(*(const uint64_t *)item);
 *             return 0;
 *     }
 *     ...
 *     int rc = mproc_pool_open(NULL, &pool);
 *     rc = mproc_pool_map(pool, check, numbers, sizeof *numbers, count, prime, sizeof *prime, NULL);
 *     pool = mproc_pool_close(pool);
 *
 * Workers are processes: an item that crashes fails alone, and its worker is replaced.  They are
 * started by the pool's nursery, a small process of its own, when the pool is opened; so they see
 * the program's ordinary memory as it was then, and the arena (mproc/arena.h) as it is.  The same
 * calls run on threads, or serially, when the pool is opened so.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a pool may be used by any thread of the process that opened it; calls of mproc_pool_map
 *            take turns.  It must not be closed while another thread uses it.  Two pools whose tasks
 *            map on each other wait for each other.
 *   Fork     a pool belongs to the process that opened it; elsewhere -ECHILD.
 *   Crash    a worker that dies anywhere costs the item it was running, and nothing else.  When the
 *            process that opened the pool dies, nursery and workers are killed with it; but for a worker
 *            that has changed its user and then become another program or closed all descriptors.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.  Workers ignore SIGINT and
 *            what the program ignored when it opened the pool (but SIGCHLD), and have default handlers and an empty
 *            mask otherwise; worker threads block all signals.
 */
#ifndef MPROC_POOL_H
#define MPROC_POOL_H

#include <mproc/api.h>
#include <mproc/process.h>
#include <mproc/result.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_pool mproc_pool;

/* The item that is being worked on, for the function that works on it. */
typedef struct mproc_task mproc_task;

/*
 * What a pool applies to each item.  @item and @result are addresses of one item and of the room for
 * its result; NULL when the call has none.  Returns 0, or a negative errno (-1…-4095): the item failed; any
 * other value counts as -ERANGE.  In a worker that is a process, exit() runs the atexit handlers of the program,
 * and a child that the function forks must not return from it.
 */
typedef int mproc_task_function(const void *item, void *result, mproc_task *task);

/* What the workers of a pool are. */
typedef enum mproc_backend {
	MPROC_BACKEND_PROCESSES = 0,
	/* Threads of this process: the same calls without isolation; a crash is a crash of the program. */
	MPROC_BACKEND_THREADS = 1,
	/* No workers: the caller does the items in order; a crash or exit() is one of the program. */
	MPROC_BACKEND_SERIAL = 2,
} mproc_backend;

typedef struct mproc_pool_options {
	/* 1…1024; 0 for one per usable physical core: mproc_cpu_count(MPROC_CPU_USABLE). */
	unsigned workers;
	mproc_backend backend;
	/* At most 15 bytes, the head of the names of workers ("pool-1") and nursery ("pool-nursery"), of which ps and
	 * top show 15 bytes in all; NULL for "pool". */
	const char *name;
	/* How the nursery is started: MPROC_START_DEFAULT or MPROC_START_FORK, see mproc/process.h. */
	mproc_start start;
	uint64_t reserved[6];
} mproc_pool_options;

/* How an item ended. */
typedef enum mproc_ending {
	/* Not reached: the call failed before. */
	MPROC_ENDING_NONE = 0,
	/* The function returned 0; the result is there. */
	MPROC_ENDING_VALUE = 1,
	/* The function returned a negative errno: .code. */
	MPROC_ENDING_ERROR = 2,
	/* Signal .code killed the worker that ran it. */
	MPROC_ENDING_SIGNAL = 3,
	/* It ended its worker with exit(.code), or ended its thread (0). */
	MPROC_ENDING_EXIT = 4,
} mproc_ending;

typedef struct mproc_outcome {
	mproc_ending ending;
	/* The negative errno, the signal, or the exit code; 0 with a value. */
	int32_t code;
} mproc_outcome;

typedef struct mproc_map_options {
	/* Items a worker takes at a time, 1…4294967295; 0 lets the library choose. */
	size_t chunk;
	/* Room for one outcome per item, or NULL: how each item ended.  Written unless the call was refused. */
	mproc_outcome *outcomes;
	uint64_t reserved[6];
} mproc_map_options;

/*
 * Open a pool and start its workers.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the pool in @ret_pool: all workers run.
 * Fails    -EINVAL   an option is out of range, or @ret_pool is NULL
 *          -EAGAIN   no more processes or threads may be started (RLIMIT_NPROC, cgroup)
 *          -ENOMEM   no memory
 *          -EMFILE   no descriptors left: this process needs five, the nursery three and one per worker
 *                    (-ENFILE: in the whole system)
 *          -EDEADLK  this process has other threads, and .start does not insist (mproc/process.h)
 *          -ENOENT, -ENOSYS  as in mproc/process.h
 * Fork     what stdio had buffered is written before.
 * Cost     1 + workers forks, about 100 µs each.  An idle pool uses no CPU.
 */
MPROC_API int mproc_pool_open(const mproc_pool_options *options, mproc_pool **ret_pool);

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
 * Fails    -EINVAL     @pool or @function is NULL, a NULL pointer with a size, a pointer without a size, a
 *                      chunk out of range, a reserved word that is not 0
 *          -EOVERFLOW  the bytes of all items, results or outcomes do not fit into a size_t
 *          -ENOMEM     no shared memory for copies and book-keeping
 *          -EDEADLK    called from a task of this very pool
 *          -EAGAIN     all workers died, and for a second no new ones could be started, or died before
 *                      they could work
 *          -ENOTRECOVERABLE  the nursery died: open another pool
 *          After these two, results with MPROC_ENDING_VALUE in .outcomes are there; the others
 *          are untouched, or unspecified when the room for them is in the arena.
 *          -ECHILD     the pool belongs to another process
 * Crash    a worker that dies: its item ends with MPROC_ENDING_SIGNAL or _EXIT, the others go on.
 * Cost     about 10 ns an item with chunk 1, less with larger ones; 2 bytes of shared memory per item.
 *          Waking idle workers takes about 10 µs a call.
 * Source   work is split into one range a worker, taken from the front, stolen from the back; see
 *          src/pool/README.md.
 */
MPROC_API int mproc_pool_map(mproc_pool *pool, mproc_task_function *function, const void *items,
	size_t item_size, size_t count, void *results, size_t result_size, const mproc_map_options *options);

/*
 * Close a pool; its workers end.
 *
 * @pool  a pool, or NULL.
 *
 * Returns  NULL, when nothing of the pool is left.  From one of its own tasks nothing is done, and @pool
 *          itself comes back.
 * Fork     in another process than the one that opened it, only this process's copy is closed.
 * Cost     under a millisecond with idle workers.
 */
MPROC_API mproc_pool *mproc_pool_close(mproc_pool *pool);

/*
 * Tell how many workers a pool has.
 *
 * Returns  the number; 1 for a serial pool.
 * Fails    -EINVAL  @pool is NULL
 * Fork     may be called in any process.
 * Cost     none.
 */
MPROC_API int mproc_pool_workers(const mproc_pool *pool);

/*
 * Tell which item a task is for.
 *
 * @task  what the function was called with.
 *
 * Returns  the position in the array, from 0.
 * Cost     none.
 */
MPROC_API size_t mproc_task_index(const mproc_task *task);

MPROC_END_DECLS

#endif
