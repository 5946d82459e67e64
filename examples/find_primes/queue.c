/* SPDX-License-Identifier: MIT */
/*
 * The search through two queues: gathers a crew (crew.h), collects what it finds, and concludes.
 */
#include "../command.h"
#include "crew.h"
#include "hand.h"
#include "search.h"

/* The hands of a crew. */
typedef struct team {
	bool has_feeder;
	hand feeder;
	unsigned workers;
	hand worker[MOST_WORKERS];
} team;

/* The collector. */

/* Note the primes that come, until all workers are done or nothing comes for a moment (-ETIMEDOUT). */
static int drain(crew *self, search *result, unsigned *confirmed)
{
	uint64_t found[MOST_IN_BATCH];
	size_t count;
	int rc = 0;

	while (*confirmed < self->workers && rc == 0) {
		rc = mproc_queue_get_many(self->primes, found, sizeof *found, MOST_IN_BATCH,
			mproc_after(SECONDS_OF_SILENCE), NULL, &count);
		for (size_t i = 0; rc == 0 && i < count; ++i) {
			if (found[i] == ALL_DONE)
				++*confirmed;
			else
				result->verdicts[found[i] - result->from] = PRIME;
		}
	}
	return rc;
}

/*
 * Returns whether there are workers, who may still put something.
 *
 * When the feeder has ended, or somebody has got ALL_DONE, all numbers are in the queue, or never will be: it can
 * be closed.  Who waits for an ALL_DONE that a killed worker had taken, or for room that nobody will make, ends
 * then.
 */
static bool look_after(crew *self, const team *hands, unsigned confirmed)
{
	unsigned working = 0;

	for (unsigned i = 0; i < hands->workers; ++i)
		working += hand_works(&hands->worker[i]);
	if (working < self->workers)
		atomic_store(&self->is_short_of_hands, true);
	if (confirmed > 0 || !hand_works(&hands->feeder))
		mproc_queue_close(self->numbers);
	return working > 0;
}

static int collect(crew *self, search *result, const team *hands)
{
	unsigned confirmed = 0;
	bool has_workers;
	int rc;

	do {
		has_workers = look_after(self, hands, confirmed); /* before looking for what they have put */
		rc = drain(self, result, &confirmed);
	} while (rc == -ETIMEDOUT && has_workers);
	return rc == -ETIMEDOUT || rc == -EPIPE ? 0 : rc;
}

/* What could not be judged. */

/* How many numbers have been taken: those that are left are behind them.  Nobody uses the queue any more. */
static size_t count_taken(crew *self)
{
	uint64_t left;

	if (mproc_queue_get(self->numbers, &left, sizeof left, MPROC_NOW, NULL) == 0 && left != ALL_DONE)
		return (size_t)(left - self->range[0]);
	return atomic_load(&self->fed);
}

/* Returns whether there was any such number. */
static bool note_failed_desk(search *result, const desk *of_whom, mproc_outcome outcome)
{
	bool has_failed = false;

	for (size_t i = 0; i < MOST_IN_BATCH; ++i) {
		uint64_t place = of_whom->numbers[i] - result->from;

		if (place >= result->count || result->verdicts[place] == PRIME)
			continue;
		result->outcomes[place] = outcome;
		has_failed = true;
	}
	return has_failed;
}

/* Whatever was not found to be a prime is none, if it was judged.  Returns as a search_function does. */
static int conclude(crew *self, search *result, const mproc_outcome *endings)
{
	size_t taken = count_taken(self);
	bool has_failed = taken < result->count;

	for (size_t i = 0; i < taken; ++i)
		result->outcomes[i].ending = MPROC_ENDING_VALUE;
	for (unsigned i = 0; i < self->workers; ++i)
		has_failed |= note_failed_desk(result, &self->desks[i], endings[i]);
	for (size_t i = 0; i < taken; ++i) {
		if (result->verdicts[i] == UNKNOWN)
			result->verdicts[i] = COMPOSITE;
	}
	if (!has_failed)
		return 0;
	report_failed_numbers(result, taken);
	if (taken < result->count)
		fprintf(stderr, "failed %" PRIu64 " to %" PRIu64 ": not reached\n", result->numbers[taken],
			result->numbers[result->count - 1]);
	return MPROC_ITEMS_FAILED;
}

/* The crew. */

/* Returns 0, or -1 after telling who could not be started; the others are. */
static int start_team(crew *self, bool has_threads, team *ret_hands)
{
	char name[32];
	int rc;

	rc = start_hand(&ret_hands->feeder, has_threads ? NULL : "queue-feeder", feed, self);
	if (rc < 0)
		return rc;
	ret_hands->has_feeder = true;
	while (rc == 0 && ret_hands->workers < self->workers) {
		unsigned next = ret_hands->workers;

		snprintf(name, sizeof name, "queue-%u", next + 1);
		rc = start_hand(
			&ret_hands->worker[next], has_threads ? NULL : name, work, &self->desks[next]);
		ret_hands->workers += rc == 0;
	}
	return rc;
}

/* End all waiting, and wait for the ends of the hands. */
static void dismiss_team(crew *self, team *hands, mproc_outcome *ret_endings)
{
	atomic_store(&self->is_short_of_hands, true);
	mproc_queue_close(self->numbers);
	mproc_queue_close(self->primes);
	if (hands->has_feeder)
		join_hand(&hands->feeder);
	for (unsigned i = 0; i < hands->workers; ++i)
		ret_endings[i] = join_hand(&hands->worker[i]);
}

static int run_crew(crew *self, bool has_threads, search *result)
{
	mproc_outcome endings[MOST_WORKERS];
	team hands = {.workers = 0};
	int rc;

	rc = start_team(self, has_threads, &hands) < 0 ? MPROC_ITEMS_FAILED : collect(self, result, &hands);
	dismiss_team(self, &hands, endings);
	return rc != 0 ? rc : conclude(self, result, endings);
}

static crew *disband(crew *self)
{
	if (!self)
		return NULL;
	mproc_queue_destroy(self->numbers);
	mproc_queue_destroy(self->primes);
	mproc_free(self);
	return NULL;
}

static crew *gather(const search *plan, size_t batch)
{
	const mproc_queue_options options = {.max_messages = plan->queue_max};
	crew *self = mproc_calloc(1, sizeof *self + plan->workers * sizeof *self->desks);

	if (!self)
		return NULL;
	self->batch = batch;
	self->range = plan->numbers;
	self->count = plan->count;
	self->rounds = plan->rounds < plan->count ? plan->rounds : plan->count;
	self->workers = plan->workers;
	for (unsigned i = 0; i < self->workers; ++i) {
		self->desks[i].crew = self;
		memset(self->desks[i].numbers, 0xff, sizeof self->desks[i].numbers); /* ALL_DONE */
	}
	if (mproc_queue_create(&options, &self->numbers) < 0
		|| mproc_queue_create(&options, &self->primes) < 0)
		return disband(self);
	return self;
}

static int search_by(search *result, bool has_threads, size_t batch)
{
	crew *self = gather(result, batch);
	int rc;

	if (!self)
		return -ENOMEM;
	rc = run_crew(self, has_threads, result);
	disband(self);
	return rc;
}

int search_by_queue(search *self)
{
	return search_by(self, false, 1);
}

int search_by_queue_in_batches(search *self)
{
	return search_by(self, false, MOST_IN_BATCH);
}

int search_by_queue_of_threads(search *self)
{
	return search_by(self, true, 1);
}
