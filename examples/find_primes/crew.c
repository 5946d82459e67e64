/* SPDX-License-Identifier: MIT */
#include "../command.h"

#include "../prime.h"
#include "crew.h"

/* What a hand returns that could not go on: nobody can any more. */
static int give_up(crew *self, int rc)
{
	if (rc == -EPIPE)
		return 0; /* somebody else has closed the queue */
	complain("%s", mproc_error_text());
	mproc_queue_close(self->numbers);
	mproc_queue_close(self->primes);
	return -1;
}

/* The feeder. */

static int feed_numbers(crew *self, size_t end)
{
	size_t fed = atomic_load(&self->fed);
	int rc = 0;

	while (fed < end && rc == 0) {
		size_t count = end - fed < self->batch ? end - fed : self->batch;

		rc = mproc_queue_put_many(
			self->numbers, self->range + fed, sizeof *self->range, count, MPROC_FOREVER, &count);
		fed += rc == 0 ? count : 0;
		atomic_store(&self->fed, fed);
	}
	return rc;
}

/* Until the results of all numbers have come that have been put so far. */
static int await_results(crew *self)
{
	int rc;

	do
		rc = mproc_queue_join(self->numbers, mproc_after(SECONDS_OF_SILENCE));
	while (rc == -ETIMEDOUT && !atomic_load(&self->is_short_of_hands));
	return rc == -ETIMEDOUT ? 0 : rc;
}

int feed(void *argument)
{
	crew *self = argument;
	int rc = 0;

	for (size_t round = 1; round <= self->rounds && rc == 0; ++round) {
		size_t share = self->count / self->rounds, remainder = self->count % self->rounds;

		rc = feed_numbers(self, round * share + (round < remainder ? round : remainder));
		if (rc == 0 && round < self->rounds)
			rc = await_results(self);
	}
	for (unsigned worker = 0; worker < self->workers && rc == 0; ++worker)
		rc = mproc_queue_put(self->numbers, &ALL_DONE, sizeof ALL_DONE, MPROC_FOREVER);
	return rc < 0 ? give_up(self, rc) : 0;
}

/* A worker. */

static int take(desk *self, size_t *ret_count)
{
	mproc_queue *queue = self->crew->numbers;

	*ret_count = 1;
	if (self->crew->batch == 1)
		return mproc_queue_get(queue, self->numbers, sizeof *self->numbers, MPROC_FOREVER, NULL);
	return mproc_queue_get_many(queue, self->numbers, sizeof *self->numbers, self->crew->batch,
		MPROC_FOREVER, NULL, ret_count);
}

/* Put the primes of what was taken.  Tells how many numbers that was: what is behind them is ALL_DONE. */
static int judge(const desk *self, size_t count, size_t *ret_judged)
{
	uint64_t primes[MOST_IN_BATCH];
	size_t found = 0, put = 0, judged = 0;
	int rc = 0;

	for (; judged < count && self->numbers[judged] != ALL_DONE; ++judged) {
		if (is_prime(self->numbers[judged]))
			primes[found++] = self->numbers[judged];
	}
	*ret_judged = judged;
	while (put < found && rc == 0) {
		size_t accepted;

		rc = mproc_queue_put_many(self->crew->primes, primes + put, sizeof *primes, found - put,
			MPROC_FOREVER, &accepted);
		put += rc == 0 ? accepted : 0;
	}
	return rc;
}

static int clear(desk *self, size_t judged)
{
	int rc = 0;

	for (size_t i = 0; i < judged; ++i)
		self->numbers[i] = ALL_DONE;
	/* Only a feeder that has another round waits for this. */
	for (size_t i = 0; i < judged && self->crew->rounds > 1 && rc == 0; ++i)
		rc = mproc_queue_task_done(self->crew->numbers);
	return rc;
}

/* Say that this worker is done, and give its colleagues what it has taken of theirs. */
static int confirm(const desk *self, size_t of_others)
{
	int rc;

	rc = mproc_queue_put(self->crew->primes, &ALL_DONE, sizeof ALL_DONE, MPROC_FOREVER);
	for (; of_others > 0 && rc == 0; --of_others)
		rc = mproc_queue_put(self->crew->numbers, &ALL_DONE, sizeof ALL_DONE, MPROC_FOREVER);
	return rc;
}

int work(void *argument)
{
	desk *self = argument;
	size_t taken, judged;
	int rc;

	do {
		rc = take(self, &taken);
		if (rc == 0)
			rc = judge(self, taken, &judged);
		if (rc == 0)
			rc = clear(self, judged);
	} while (rc == 0 && judged == taken);
	if (rc == 0)
		rc = confirm(self, taken - judged - 1);
	return rc < 0 ? give_up(self->crew, rc) : 0;
}
