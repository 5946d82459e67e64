/* SPDX-License-Identifier: MIT */
/*
 * mproc/task.h - what a pool runs: a function, what it may ask about its task, and how a task ends.
 *
 *     static int check(const void *item, void *result, mproc_task *task)
 *     {
 *             *(bool *)result = is_prime(*(const uint64_t *)item);
 *             return 0;
 *     }
 *
 * The functions of this file are for the function that runs a task, with the task it was called with, until it
 * returns.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  the thread that runs the task.
 *   Fork     a child that the function forks may not use the task.
 *   Crash    who dies in a task costs that task alone.
 *   Signals  not async-signal-safe.
 */
#ifndef MPROC_TASK_H
#define MPROC_TASK_H

#include <mproc/api.h>
#include <mproc/random.h>
#include <mproc/result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/* The item that is being worked on, for the function that works on it. */
typedef struct mproc_task mproc_task;

/*
 * What a pool applies to each item.  @item and @result are addresses of one item and of the room for
 * its result; NULL when the call has none.  Returns 0, or a negative errno (-1…-4095): the item failed; any
 * other value counts as -ERANGE.  In a worker that is a process, exit() runs the atexit handlers of the program,
 * and a child that the function forks must not return from it; when the worker ends, so do they.
 *
 * What mproc_error_text() says in a worker stays in that worker: a function that fails for a call of this library logs the text
 * (mproc_log) or prints it, for its caller sees the number alone.
 */
typedef int mproc_task_function(const void *item, void *result, mproc_task *task);

/* How a task ended. */
typedef enum mproc_ending {
	/* It has not ended. */
	MPROC_ENDING_NONE = 0,
	/* The function returned 0; the result is there. */
	MPROC_ENDING_VALUE = 1,
	/* The function returned a negative errno: .code. */
	MPROC_ENDING_ERROR = 2,
	/* Signal .code killed the worker that ran it. */
	MPROC_ENDING_SIGNAL = 3,
	/* It ended its worker with exit(.code), or ended its thread (0). */
	MPROC_ENDING_EXIT = 4,
	/* It ran longer than its .timeout, or than the call's .deadline, and was killed; or, with 0 attempts, a single task or an item
	 * of a stream was still in line at the deadline. */
	MPROC_ENDING_TIMEOUT = 5,
	/* It never ran, or was killed because the call was cancelled. */
	MPROC_ENDING_CANCELLED = 6,
} mproc_ending;

typedef struct mproc_outcome {
	mproc_ending ending;
	/* The negative errno, the signal, or the exit code; 0 with another ending. */
	int32_t code;
	/* How often it was begun; 0: it never ran. */
	uint16_t attempts;
	/* The number of the last worker that ran it, from 1: worker 3 of the pool "pool" is named "pool-3"; 0: none. */
	uint16_t worker;
	/* With a signal: the kernel wrote a core file. */
	bool has_core;
	/* With SIGKILL: by the kernel, which was out of memory; a good guess, for it only counts whom it kills. */
	bool is_out_of_memory;
	uint8_t reserved[2];
} mproc_outcome;

/* Bytes in the arena. */
typedef struct mproc_bytes {
	void *data;
	size_t size;
} mproc_bytes;

/*
 * Tell which item a task is for.
 *
 * Returns  the position in the array or in the stream, from 0; 0 for a single task.
 * Cost     none.
 */
MPROC_API size_t mproc_task_index(const mproc_task *task);

/*
 * Tell what the call shares with all its tasks: its option .context.
 *
 * Returns  the address, NULL when there is none.
 * Cost     none.
 */
MPROC_API const void *mproc_task_context(const mproc_task *task);

/*
 * Tell how often this task was begun, this time included.
 *
 * Returns  1, or more when it is a retry.
 * Cost     none.
 */
MPROC_API unsigned mproc_task_attempt(const mproc_task *task);

/*
 * Tell which worker runs this task.
 *
 * Returns  its number, from 1 to the number of workers: no two tasks run in workers of one number at a time.
 * Cost     none.
 */
MPROC_API unsigned mproc_task_worker(const mproc_task *task);

/*
 * Tell whether nobody needs the result any more: the soft timeout or the deadline has passed, the call is being cancelled, or
 * stopped by the failure of another item, or the pool is being terminated.  A function that runs long asks now
 * and then, and returns early, with -ECANCELED for example.  What it returns counts all the same.
 *
 * Returns  true or false.
 * Cost     some loads; with a soft timeout or a deadline one reading of the clock, about 25 ns.
 */
MPROC_API bool mproc_task_cancelled(const mproc_task *task);

/*
 * Make room for a result of any size; the caller of the pool gets it in place of, or beside, the result of fixed size.
 * A second call replaces the first one's, also one that fails with -ENOMEM: then there is only the result of fixed size.
 *
 * @size  bytes, 1 or more.
 *
 * Returns  0, and in @ret_room the address of @size bytes, of unspecified content.
 * Fails    -EINVAL   @task or @ret_room is NULL, @size is 0
 *          -ENOTSUP  the call has no place for it: a map without .returned
 *          -ENOMEM   no memory
 * Crash    the memory belongs to the task, and is freed with it.
 * Cost     as mproc_alloc.
 */
MPROC_API int mproc_task_reserve(mproc_task *task, size_t size, void **ret_room);

/*
 * Return a result of any size: as mproc_task_reserve, with a copy of @data in the room.
 *
 * Returns  0.
 * Fails    as mproc_task_reserve; -EINVAL also when @data is NULL
 * Cost     as mproc_alloc, and the copy.
 */
MPROC_API int mproc_task_return(mproc_task *task, const void *data, size_t size);

/*
 * Give this task's random numbers: a stream of its own, made of the call's .seed and the task's index, the
 * same in every run, for any number of workers, and in every attempt.
 *
 * Returns  the stream, for as long as the task runs.
 * Cost     the first time about 10 ns.
 */
MPROC_API mproc_random *mproc_task_random(mproc_task *task);

MPROC_END_DECLS

#endif
