/* SPDX-License-Identifier: MIT */
/*
 * mproc/random.h - random numbers in streams: the same ones for any number of workers.
 *
 *     mproc_random random;
 *
 *     mproc_random_init(&random, seed, block);
 *     for (uint64_t i = 0; i < points; ++i) {
 *             double x = mproc_random_double(&random), y = mproc_random_double(&random);
 *
 *             hits += x * x + y * y < 1;
 *     }
 *
 * A seed has 2^64 streams of 2^64 numbers each, and each stream of each seed is a sequence of its own.  Where
 * every item of work takes the stream with its own number, its numbers depend neither on who works on it nor
 * on what else runs, and no two items get the same ones: so does mproc_task_random (mproc/task.h).
 *
 * A generator is a plain value, made by three stores: a local variable will do.  A copy, and so the one that
 * fork() makes, goes on with the same numbers as its original; a process that is to have others initializes
 * one with another stream.  The numbers pass statistical tests (docs/decisions/012-random.md); whoever
 * knows the seed knows them, so they are no secrets and make no keys.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   the number that was drawn: nothing can fail.  A generator is never NULL.  The same calls give
 *            the same numbers with every compiler and on every machine; _normal with every C library whose
 *            log() rounds alike.
 *   Threads  one at a time for each generator; each thread has its own, or all have a lock.
 *   Fork     the child has a copy: it draws the same numbers again.
 *   Crash    a process killed inside leaves a shared generator as before the number was drawn, or as after.
 *   Signals  not async-signal-safe for a generator that the interrupted thread uses.
 *   Cost     about 4 ns a number, no allocation, no lock, no system call.
 *   Source   Philox4x64-10: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
 */
#ifndef MPROC_RANDOM_H
#define MPROC_RANDOM_H

#include <mproc/api.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/* A generator, 64 bytes.  All zeros is stream 0 of seed 0. */
typedef struct mproc_random {
	uint64_t opaque[8];
} mproc_random;

/*
 * Begin a stream of random numbers.
 *
 * @random  where the generator will live.
 * @seed    any number; to repeat a computation, the same as before.
 * @stream  any number; such as mproc_task_index(task).
 *
 * Returns  nothing.
 * Cost     1 ns.
 */
MPROC_API void mproc_random_init(mproc_random *random, uint64_t seed, uint64_t stream);

/*
 * Draw 64 bits, each of them 0 or 1 with the same probability; as Python's getrandbits(64).
 *
 * Returns  the bits.
 */
MPROC_API uint64_t mproc_random_bits(mproc_random *random);

/*
 * Draw a whole number from @low to @high, both included, each with the same probability; as Python's randint.
 *
 * Returns  the number; @low when @high is below it.
 * Cost     one number of the stream; more, with a probability of at most (@high - @low) / 2^64.
 * Source   Lemire, Fast Random Integer Generation in an Interval (2019).
 */
MPROC_API int64_t mproc_random_integer(mproc_random *random, int64_t low, int64_t high);

/*
 * Draw a real number from 0 up to, but not including, 1, a multiple of 2^-53; as Python's random.
 *
 * Returns  the number.
 */
MPROC_API double mproc_random_double(mproc_random *random);

/*
 * Draw a real number from a normal distribution; as Python's normalvariate.
 *
 * @mean       where its middle is.
 * @deviation  its standard deviation, 0 or more; 0 gives @mean.
 *
 * Returns  the number, at most 8.3 deviations from @mean; NaN when @deviation is negative, or either is NaN.
 * Cost     one number of the stream, always; about 20 ns.
 * Source   the inverse of the distribution function, by Wichura, Algorithm AS 241 (1988): it needs no loop,
 *          and nothing is left over for the next call.
 */
MPROC_API double mproc_random_normal(mproc_random *random, double mean, double deviation);

/*
 * Bring the items of an array into a random order, all orders with the same probability; as Python's shuffle.
 *
 * @array      @count items of @item_size bytes each.
 *
 * Returns  0.
 * Fails    -EINVAL     @random is NULL; or @array is NULL, or @item_size 0, with a @count
 *          -EOVERFLOW  the bytes of all items do not fit into a size_t
 * Crash    killed inside: one item may be torn, or be there twice in the place of another.
 * Cost     a number of the stream for each item but one.
 * Source   Fisher and Yates; Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm P.
 */
MPROC_API int mproc_random_shuffle(mproc_random *random, void *array, size_t item_size, size_t count);

MPROC_END_DECLS

#endif
