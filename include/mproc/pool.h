/* SPDX-License-Identifier: MIT */
/*
 * mproc/pool.h - a pool of workers: opening, closing, and what it is doing.
 *
 *     int rc = mproc_pool_open(NULL, &pool);
 *     rc = mproc_pool_map(pool, check, numbers, sizeof *numbers, count, prime, sizeof *prime, NULL);
 *     pool = mproc_pool_close(pool);
 *
 * What it does is in mproc/map.h (arrays), mproc/future.h (single tasks, and answers that come later) and
 * mproc/stream.h (items one after the other); what it runs in mproc/task.h.
 *
 * Workers are processes: a task that crashes fails alone, and its worker is replaced.  They are
 * started by the pool's nursery, a small process of its own, when the pool is opened; so they see
 * the program's ordinary memory as it was then, and the arena (mproc/arena.h) as it is.  A variable that
 * is set later, such as a pointer to a queue, goes with the call: as .context, or in the items.  The same
 * calls run on threads, or serially, when the pool is opened so.
 *
 * Libraries with threads.  OpenMP and the usual BLAS libraries (OpenBLAS, MKL, BLIS) start a thread for each core.  A worker that is a
 * process has them use as many as there are usable cores for each worker, at least 1: with the default number of workers it is 1.  What is
 * loaded later, and programs that a task starts, find that number in OMP_NUM_THREADS.  Whoever sets that variable, or the library's own,
 * decides himself.  Idle threads of GNU's OpenMP are ended before the nursery is forked, and come back when they are needed.
 *
 * Contract for everything in this file, and in map.h, future.h and stream.h, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a pool may be used by any thread of the process that opened it, several at once: single tasks go
 *            before the next chunk of a map, maps are begun in the order in which they came.  It must not be closed while another thread uses it.
 *   Fork     a pool belongs to the process that opened it; elsewhere -ECHILD.
 *   Crash    a worker that dies anywhere costs the task it was running, and nothing else; what it had forked is killed.
 *            When the process that opened the pool dies, nursery, workers and what those forked are killed with it; what the
 *            pool had in the arena, 200 to 400 KiB and what its calls had copied there, stays allocated as long as the family lives.
 *            When the nursery is killed, its workers are too, but not what those had forked.
 *   Signals  a caught signal does not end a wait; mproc_interrupt (mproc/interrupt.h) does, with -EINTR.  Not
 *            async-signal-safe.  Workers ignore SIGINT and what the program ignored when it opened the pool (but SIGCHLD), and
 *            have default handlers and an empty mask otherwise; worker threads block all signals.
 *   Pools    a task may open a pool of its own.  A task that uses the pool it runs in gets -EDEADLK.  What is asked of a pool
 *            that another thread, or an .on_done, finds closing gets -ECANCELED.
 */
#ifndef MPROC_POOL_H
#define MPROC_POOL_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/process.h>
#include <mproc/result.h>
#include <mproc/task.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_pool mproc_pool;

/* What the workers of a pool are. */
typedef enum mproc_backend {
	MPROC_BACKEND_PROCESSES = 0,
	/* Threads of this process: the same calls without isolation; a crash is a crash of the program. */
	MPROC_BACKEND_THREADS = 1,
	/* No workers: the caller does everything itself, in order; a crash or exit() is one of the program. */
	MPROC_BACKEND_SERIAL = 2,
} mproc_backend;

/* What each worker runs when it begins, and when it ends.  Returns 0, or a negative errno: it failed. */
typedef int mproc_worker_function(void *argument);

typedef struct mproc_pool_options {
	/* 1…1024; 0 for one per usable physical core: mproc_cpu_count(MPROC_CPU_USABLE). */
	unsigned workers;
	mproc_backend backend;
	/* 1 to 15 bytes, the head of the names of workers ("pool-1") and nursery ("pool-nursery"), of which ps and
	 * top show 15 bytes in all; NULL for "pool". */
	const char *name;
	/* How the nursery is started, see mproc/process.h; it forks the workers. */
	mproc_start start;
	/* Run by each worker before its first task; the pool is open when it has succeeded in each.  One that fails, or dies,
	 * three times in a row fails the pool. */
	mproc_worker_function *initializer;
	/* Run by each worker that ends, since the pool closes or the worker is replaced; not by one that is killed.  It may take 2 s. */
	mproc_worker_function *finalizer;
	/* For both: @argument_size bytes that are copied; with size 0 the address itself, which must mean the same in the workers. */
	const void *argument;
	size_t argument_size;
	/* A worker is replaced by a fresh one before it begins one more: 1 or more; 0: never. */
	size_t max_tasks_per_worker;
	/* A worker whose private memory has grown by more bytes than that, since it was initialized, is replaced after
	 * the task that it is at; 0: never.  Looked at every 10 ms at most. */
	size_t max_memory_per_worker;
	/* Bytes of private memory that a worker can get besides what it begins with (RLIMIT_DATA): malloc fails beyond; 0: no
	 * limit. */
	size_t memory_limit;
	/* Processes that a worker and what it forks may be, itself included: beyond, all of them are killed by SIGKILL; 0: no
	 * limit.  Looked at every 20 ms while a worker is at work. */
	unsigned process_limit;
	/* Bind each worker to its share of the cores; with more workers than cores, to one hardware thread. */
	bool bind;
	/* Seconds that mproc_pool_close waits for what is still to be done, and then does as mproc_pool_terminate; 0: for ever. */
	double close_timeout;
	uint64_t reserved[6];
} mproc_pool_options;

/* What a pool has done, and is doing. */
typedef struct mproc_pool_usage {
	/* Workers that there are, that there are to be, and that are at work. */
	unsigned workers, target, working;
	/* Single tasks and stream items that wait for a worker. */
	size_t queued;
	/* Items and tasks that have ended, and those of them that ended without a value. */
	uint64_t done, failed;
	/* Workers ever started; that died; that were killed for a timeout or a limit, or since they were cancelled; that were
	 * replaced as .max_tasks_per_worker and .max_memory_per_worker ask for. */
	uint64_t started, died, killed, recycled;
	uint64_t reserved[6];
} mproc_pool_usage;

/*
 * Open a pool and start its workers.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the pool in @ret_pool: all workers run, and are initialized.  When their number times the private memory
 *          of this process would be more than there is, mproc_error_text() says so all the same: fork copies what either
 *          side writes to.
 * Fails    -EINVAL   an option is out of range, or @ret_pool is NULL
 *          -ECANCELED  the initializer failed three times in a row; mproc_error_text() tells how
 *          -EAGAIN   no more processes or threads may be started (RLIMIT_NPROC, cgroup)
 *          -ENOMEM   no memory
 *          -EMFILE   no descriptors left: this process needs five, the nursery three and one per worker
 *                    (-ENFILE: in the whole system)
 *          -EDEADLK  this process has other threads, .start does not insist, and there is no server (mproc/process.h)
 *          -ENOTSUP  an option that this backend does not have: see there
 *          -ENOENT, -ENOSYS; by server and spawn also -EACCES, -EBADF, -ENOEXEC, -EPERM  as in mproc/process.h
 * Fork     what stdio had buffered is written before.
 * Cost     about 1 ms, and 0.2 ms for each worker; more in a process that has written much memory, for it is forked once.
 *          An idle pool uses no CPU.
 */
MPROC_API int mproc_pool_open(const mproc_pool_options *options, mproc_pool **ret_pool);

/*
 * Close a pool: everything it was given is finished, then its workers end.  Futures and streams that are still
 * there stay valid, with what became of them, until they are closed.
 *
 * @pool  a pool, or NULL.
 *
 * Returns  NULL, when nothing of the pool is left.  From one of its own tasks nothing is done, and @pool
 *          itself comes back.
 * Fork     in another process than the one that opened it, only this process's copy is closed.
 * Cost     under a millisecond with idle workers.  Who has not ended 2 s after it was told to is killed.
 */
MPROC_API mproc_pool *mproc_pool_close(mproc_pool *pool);

/*
 * End a pool at once: what has not begun never will, and ends as cancelled; what runs is killed.  Tasks in threads
 * are waited for: they can see mproc_task_cancelled.  Finalizers do not run in workers that are killed.
 *
 * @pool  a pool, or NULL.
 *
 * Returns  as mproc_pool_close.
 * Cost     milliseconds; with threads, until they have ended what they are at.
 */
MPROC_API mproc_pool *mproc_pool_terminate(mproc_pool *pool);

/*
 * Wait until a pool has done everything it was given.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  not yet, at the deadline
 *          -EINTR      mproc_interrupt was called
 *          -EINVAL     @pool is NULL
 *          -EDEADLK    called from a task of this very pool
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool has failed, as in mproc_pool_map
 *          -ECHILD     the pool belongs to another process
 * Cost     a look at what the pool was given, and a wake-up when that has ended.
 */
MPROC_API int mproc_pool_drain(mproc_pool *pool, mproc_deadline deadline);

/*
 * Change the number of workers, at once also for what is running.  Who is too many ends after the chunk or task
 * that it is at.
 *
 * @workers  1…1024; 0 for one per usable physical core.
 *
 * A map that is under way is helped by at most 16 workers, or twice as many as there were to be when it began.
 *
 * Returns  0: the new number is asked for; workers come and go within milliseconds.
 * Fails    -EINVAL   @pool is NULL, @workers is out of range
 *          -ENOTSUP  a serial pool
 *          -EAGAIN, -ENOMEM  no more threads may be started
 *          -EDEADLK  called from a task of this very pool
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool has failed, as in mproc_pool_map
 *          -ECHILD   the pool belongs to another process
 * Cost     a message to the nursery, which forks and ends workers; threads are started before this returns.
 */
MPROC_API int mproc_pool_resize(mproc_pool *pool, unsigned workers);

/*
 * Tell how many workers a pool is to have.
 *
 * Returns  the number; 1 for a serial pool.
 * Fails    -EINVAL  @pool is NULL
 * Fork     may be called in any process, as long as the pool is open.
 * Cost     none.
 */
MPROC_API int mproc_pool_workers(const mproc_pool *pool);

/*
 * Tell what a pool has done, and is doing: figures of this moment, not of one instant.
 *
 * Returns  0, and the figures in @ret_usage.
 * Fails    -EINVAL  @pool or @ret_usage is NULL
 *          -ECHILD  the pool belongs to another process
 * Cost     a look at each worker's place.
 */
MPROC_API int mproc_pool_stats(mproc_pool *pool, mproc_pool_usage *ret_usage);

/*
 * Get a descriptor for an event loop.  It is readable when a future of this pool that has an .on_done may have ended
 * since mproc_pool_poll was last called, or the pool has failed.
 *
 * Returns  the descriptor, the same each time; it is the pool's, and closed with it.
 * Fails    -EINVAL   @pool is NULL
 *          -EMFILE, -ENFILE  no descriptors left: it takes three
 *          -EACCES, -ENOENT  workers could not reach this process's descriptors through /proc: it is not dumpable
 *                    (prctl(2)), or /proc is not mounted
 *          -EAGAIN   4096 queues, events and pools are waited for already in the family
 *          -ENOMEM   no memory
 *          -ENOTRECOVERABLE, -EAGAIN, -ECANCELED  the pool has failed, as in mproc_pool_map
 *          -ECHILD   the pool belongs to another process
 * Cost     some system calls the first time, then none.
 */
MPROC_API int mproc_pool_fd(mproc_pool *pool);

/*
 * Call .on_done of each future that has ended and was not told yet.
 *
 * Returns  how many were called.
 * Fails    -EINVAL   @pool is NULL
 *          -EDEADLK  called from a task of this very pool
 *          -ECHILD   the pool belongs to another process
 * Cost     a look at each future that has an .on_done and was not told yet.
 */
MPROC_API int mproc_pool_poll(mproc_pool *pool);

MPROC_END_DECLS

#endif
