/* SPDX-License-Identifier: MIT */
/*
 * The search through two queues of a manager, as other programs in other languages could take part in it.  What a worker that dies had taken goes to another
 * one at once: no number is left out, unless all workers die.
 */
#include "../command.h"
#include "../prime.h"
#include "hand.h"
#include "search.h"

#include <mproc-net.h>

enum {
	/* Numbers in a message, and messages on their way at once. */
	RUN = 1000,
	RUNS_AT_ONCE = 16,
};

/* Seconds that the manager has for an answer; and who waits for a message that may never come looks so often whether it still can. */
static const double PATIENCE = 10, SILENCE = 0.1;

/* What the hands share, in shared memory. */
typedef struct plan {
	char url[128];
	uint64_t from, end;
} plan;

/* An end of both queues. */
typedef struct desk {
	mproc_remote *remote;
	mproc_remote_queue *numbers, *primes;
} desk;

static int open_desk(const char *url, desk *ret_desk)
{
	/* A run of large numbers takes long.  The manager needs no lease to see that a worker has died. */
	const mproc_remote_queue_options options = {.lease = 86400};
	int rc = mproc_remote_connect(url, NULL, mproc_after(PATIENCE), &ret_desk->remote);

	if (rc == 0)
		rc = mproc_remote_queue_open(ret_desk->remote, "numbers", &options, &ret_desk->numbers);
	if (rc == 0)
		rc = mproc_remote_queue_open(ret_desk->remote, "primes", &options, &ret_desk->primes);
	return rc;
}

static void close_desk(desk *self)
{
	mproc_remote_queue_close(self->numbers);
	mproc_remote_queue_close(self->primes);
	mproc_remote_close(self->remote);
}

/* The worker.  The number in a message is the first of its run; empty: that was all. */

static int judge_run(const desk *self, const plan *given, const mproc_remote_message *run)
{
	verdict verdicts[RUN];
	uint64_t first = strtoull(run->id, NULL, 10), count = given->end - first;

	if (count > RUN)
		count = RUN;
	for (uint64_t i = 0; i < count; ++i)
		verdicts[i] = is_prime(first + i) ? PRIME : COMPOSITE;
	return mproc_remote_queue_put(self->primes, run->id, verdicts, count, mproc_after(PATIENCE), NULL);
}

/* Until nothing is left: what others still owe may come back. */
static int judge_runs(const desk *self, const plan *given)
{
	mproc_remote_queue_counts left = {.ready = 1};
	mproc_remote_message run;
	int rc = 0;

	while (rc == 0 && left.ready + left.owed > 0) {
		rc = mproc_remote_queue_get(self->numbers, mproc_after(SILENCE), &run);
		if (rc == 0) {
			rc = judge_run(self, given, &run);
			if (rc == 0)
				rc = mproc_remote_queue_ack(self->numbers, &run, mproc_after(PATIENCE));
			mproc_remote_message_free(&run);
		} else if (rc == -ETIMEDOUT) {
			rc = mproc_remote_queue_count(self->numbers, mproc_after(PATIENCE), &left);
		}
	}
	return rc;
}

static int work_at_manager(void *argument)
{
	const plan *given = argument;
	desk self = {0};
	int rc = open_desk(given->url, &self);

	if (rc == 0)
		rc = judge_runs(&self, given);
	if (rc < 0)
		fail();
	close_desk(&self);
	return rc < 0;
}

/* The program itself puts all numbers first, and then collects. */

static int put_numbers(const desk *self, const plan *given)
{
	char id[32];
	int rc = 0;

	for (uint64_t first = given->from; rc == 0 && first < given->end; first += RUN) {
		snprintf(id, sizeof id, "%" PRIu64, first);
		rc = mproc_remote_queue_put(self->numbers, id, NULL, 0, mproc_after(PATIENCE), NULL);
	}
	return rc;
}

static bool somebody_works(const hand *hands, unsigned count)
{
	for (unsigned i = 0; i < count; ++i) {
		if (hand_works(&hands[i]))
			return true;
	}
	return false;
}

static void note_run(search *result, const mproc_remote_message *run, size_t *left)
{
	uint64_t place = strtoull(run->id, NULL, 10) - result->from;

	/* What somebody else may have put there. */
	if (place >= result->count || run->size > result->count - place || run->size > *left)
		return;
	memcpy(&result->verdicts[place], run->data, run->size);
	for (size_t i = 0; i < run->size; ++i)
		result->outcomes[place + i].ending = MPROC_ENDING_VALUE;
	*left -= run->size;
}

/* Nothing came: since nothing is there, or since the manager had no time to answer?  Returns -ETIMEDOUT, or 0. */
static int look_for_more(const desk *self)
{
	mproc_remote_queue_counts left;
	int rc = mproc_remote_queue_count(self->primes, mproc_after(PATIENCE), &left);

	if (rc < 0)
		return rc;
	return left.ready + left.owed > 0 ? 0 : -ETIMEDOUT;
}

static int collect(const desk *self, search *result, const hand *hands, size_t *left)
{
	mproc_remote_message runs[RUNS_AT_ONCE];
	bool has_workers;
	size_t count;
	int rc;

	do {
		has_workers =
			somebody_works(hands, result->workers); /* before looking for what they have put */
		rc = mproc_remote_queue_get_many(
			self->primes, RUNS_AT_ONCE, mproc_after(SILENCE), runs, &count);
		for (size_t i = 0; rc == 0 && i < count; ++i) {
			note_run(result, &runs[i], left);
			rc = mproc_remote_queue_ack(self->primes, &runs[i], mproc_after(PATIENCE));
			mproc_remote_message_free(&runs[i]);
		}
		if (rc == -ETIMEDOUT && !has_workers)
			rc = look_for_more(self);
	} while (*left > 0 && (rc == 0 || (rc == -ETIMEDOUT && has_workers)));
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Returns as a search_function does. */
static int conclude(search *result, size_t left, mproc_outcome ending)
{
	if (left == 0)
		return 0;
	/* Whoever ended well has not told all it knew. */
	if (ending.ending == MPROC_ENDING_VALUE)
		ending = (mproc_outcome){.ending = MPROC_ENDING_ERROR, .code = -ENODATA};
	for (size_t i = 0; i < result->count; ++i) {
		if (result->outcomes[i].ending != MPROC_ENDING_VALUE)
			result->outcomes[i] = ending;
	}
	report_failed_numbers(result, result->count);
	return MPROC_ITEMS_FAILED;
}

static int run_hands(const desk *self, plan *given, search *result)
{
	hand hands[MOST_WORKERS];
	mproc_outcome ending = {0};
	size_t left = result->count;
	unsigned started = 0;
	char name[32];
	int rc = 0;

	while (rc == 0 && started < result->workers) {
		snprintf(name, sizeof name, "manager-%u", started + 1);
		rc = start_hand(&hands[started], name, work_at_manager, given);
		started += rc == 0;
	}
	if (rc == 0)
		rc = collect(self, result, hands, &left);
	for (unsigned i = 0; i < started; ++i)
		ending = join_hand(&hands[i]);
	return rc != 0 ? rc : conclude(result, left, ending);
}

int search_by_manager(search *self)
{
	plan *given = mproc_calloc(1, sizeof *given);
	mproc_manager *manager = NULL;
	desk own = {0};
	int rc = given ? mproc_manager_start(NULL, &manager) : -ENOMEM;

	memset(self->outcomes, 0, self->count * sizeof *self->outcomes);
	if (rc == 0) {
		*given = (plan){.from = self->from, .end = self->from + self->count};
		snprintf(given->url, sizeof given->url, "%s", mproc_manager_url(manager));
		rc = open_desk(given->url, &own);
	}
	if (rc == 0)
		rc = put_numbers(&own, given);
	if (rc == 0)
		rc = run_hands(&own, given, self);
	close_desk(&own);
	mproc_manager_stop(manager);
	mproc_free(given);
	return rc;
}
