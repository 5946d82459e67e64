/* SPDX-License-Identifier: MIT */
/*
 * The divisors are cut into one piece for each worker.  A piece says what became of it: a factor, none, or stopped
 * because somebody else has found one.  So the number is prime only when every piece says that it tried all.
 */
#include "../command.h"

#include "divisors.h"
#include "search.h"

enum {
	/* Most composite numbers have a factor among these: 3, 5, … 199. */
	SMALL_DIVISORS = 99,
};

/* What a piece may find instead of a factor. */
enum {
	NO_FACTOR = 0,
	STOPPED = 1,
};

typedef struct piece {
	uint64_t number;
	divisors where;
	const flag_kind *kind;
	void *flag;
	uint64_t every;
} piece;

static uint64_t find_factor(uint64_t number, divisors where)
{
	for (uint64_t divisor = where.first; where.count > 0; divisor += 2, --where.count) {
		if (number % divisor == 0)
			return divisor;
	}
	return NO_FACTOR;
}

/* What a worker does with a piece. */
static int search_piece(const void *item, void *result, mproc_task *task)
{
	const piece *self = item;
	uint64_t *ret_factor = result;
	divisors left = self->where;
	int rc = 0;

	(void)task;
	*ret_factor = NO_FACTOR;
	while (left.count > 0 && rc == 0) {
		*ret_factor = find_factor(self->number, take_divisors(&left, self->every));
		if (*ret_factor != NO_FACTOR)
			return self->kind ? self->kind->set(self->flag) : 0;
		rc = self->kind ? self->kind->is_set(self->flag) : 0;
	}
	if (rc > 0)
		*ret_factor = STOPPED;
	return rc < 0 ? rc : 0;
}

static const char *reason_of(mproc_outcome outcome)
{
	switch (outcome.ending) {
	case MPROC_ENDING_SIGNAL:
		return strsignal(outcome.code);
	case MPROC_ENDING_ERROR:
		return strerror(-outcome.code);
	case MPROC_ENDING_EXIT:
		return "its worker ended";
	default:
		return "not reached";
	}
}

static void tell_failure(const piece *lost, mproc_outcome outcome)
{
	complain("%" PRIu64 ": not divided by %" PRIu64 " to %" PRIu64 ": %s", lost->number,
		lost->where.first, lost->where.first + 2 * (lost->where.count - 1), reason_of(outcome));
}

/* Returns the verdict, after telling which pieces failed. */
static finding judge(
	const piece *pieces, const uint64_t *factors, const mproc_outcome *outcomes, unsigned count)
{
	finding found = {.verdict = PRIME};

	for (unsigned i = 0; i < count; ++i) {
		bool is_done = outcomes[i].ending == MPROC_ENDING_VALUE;

		if (!is_done)
			tell_failure(&pieces[i], outcomes[i]);
		if (is_done && factors[i] > STOPPED)
			found = (finding){COMPOSITE, factors[i]};
		else if ((!is_done || factors[i] == STOPPED) && found.verdict == PRIME)
			found.verdict = UNDECIDED;
	}
	return found;
}

/* Where there is at least one divisor.  Returns as verify. */
static int search_with_pool(const search *self, uint64_t number, divisors where, finding *ret_finding)
{
	piece pieces[MOST_WORKERS];
	uint64_t factors[MOST_WORKERS];
	mproc_outcome outcomes[MOST_WORKERS];
	const mproc_map_options options = {.chunk = 1, .outcomes = outcomes};
	unsigned workers = (unsigned)mproc_pool_workers(self->pool);
	unsigned count = where.count < workers ? (unsigned)where.count : workers;
	int rc = 0;

	for (unsigned i = 0; i < count; ++i)
		pieces[i] =
			(piece){number, cut_divisors(where, count, i), self->kind, self->flag, self->every};
	if (self->kind)
		rc = self->kind->clear(self->flag);
	if (rc == 0)
		rc = mproc_pool_map(self->pool, search_piece, pieces, sizeof *pieces, count, factors,
			sizeof *factors, &options);
	if (rc >= 0)
		*ret_finding = judge(pieces, factors, outcomes, count);
	return rc;
}

/* What can be said without workers; UNDECIDED when divisors are left. */
static finding settle(const search *self, uint64_t number, divisors *left)
{
	uint64_t factor = NO_FACTOR;

	if (number < 2)
		return (finding){.verdict = NEITHER};
	if (number % 2 == 0)
		return number == 2 ? (finding){.verdict = PRIME} : (finding){COMPOSITE, 2};
	if (self->is_small_first)
		factor = find_factor(number, take_divisors(left, SMALL_DIVISORS));
	if (factor != NO_FACTOR)
		return (finding){COMPOSITE, factor};
	return (finding){.verdict = left->count > 0 ? UNDECIDED : PRIME};
}

int verify(const search *self, uint64_t number, finding *ret_finding)
{
	divisors left = all_divisors(number);

	*ret_finding = settle(self, number, &left);
	return ret_finding->verdict == UNDECIDED ? search_with_pool(self, number, left, ret_finding) : 0;
}
