/* SPDX-License-Identifier: MIT */
/*
 * find_primes/crew.h - who searches through two queues, and what they share.
 *
 *	feeder  -- numbers -->  workers  -- primes -->  collector, which is the program itself
 *
 * Behind the last number the feeder puts ALL_DONE, once for each worker.  Who gets it puts it into the other
 * queue: it has put all primes that it has found, and ends.  When ALL_DONE has come from all of them, the
 * collector has everything.
 *
 * With several rounds the feeder puts a part of the numbers, waits until the workers have put what they found
 * among them (mproc_queue_join), and goes on with the next part.
 *
 * When a worker is killed, the others do the rest.  What it had taken lies on its desk in shared memory, where it
 * had got it, and is reported as failed.  When all are killed, or the feeder is, numbers are left that nobody
 * has seen.
 *
 * Nobody hangs: who cannot go on closes both queues, the collector closes that of the numbers when nobody works
 * any more on one side of it, and a closed queue ends everybody's waiting.
 */
#ifndef FIND_PRIMES_CREW_H
#define FIND_PRIMES_CREW_H

#include <mproc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MOST_IN_BATCH = 64,
};

/* No number: those of a range are below.  Also what lies where nothing lies on a desk. */
static const uint64_t ALL_DONE = UINT64_MAX;

/* Who waits for something that may never come looks so often whether it still can. */
static const double SECONDS_OF_SILENCE = 0.05;

typedef struct crew crew;

typedef struct desk {
	crew *crew;
	/* What its worker has taken and not yet judged. */
	uint64_t numbers[MOST_IN_BATCH];
} desk;

/* In shared memory. */
struct crew {
	mproc_queue *numbers, *primes;
	/* Messages that are put, and taken, at once. */
	size_t batch;
	const uint64_t *range;
	size_t count, rounds;
	unsigned workers;
	/* How many numbers have been put. */
	_Atomic size_t fed;
	/* Results will not come for all that has been put. */
	_Atomic bool is_short_of_hands;
	desk desks[];
};

/* What a feeder runs; its argument is the crew. */
int feed(void *argument);

/* What a worker runs; its argument is its desk. */
int work(void *argument);

#endif
