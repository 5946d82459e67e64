/* SPDX-License-Identifier: MIT */
/*
 * The search without queues: in one loop, by a pool, by a process for each of several ranges.
 */
#include "../prime.h"
#include "search.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A part of the numbers, for one process. */
typedef struct range {
	const uint64_t *numbers;
	verdict *verdicts;
	size_t count;
} range;

static verdict judge(uint64_t number)
{
	return is_prime(number) ? PRIME : COMPOSITE;
}

static int judge_range(void *argument)
{
	const range *self = argument;

	for (size_t i = 0; i < self->count; ++i)
		self->verdicts[i] = judge(self->numbers[i]);
	return 0;
}

static int judge_item(const void *number, void *result, mproc_task *task)
{
	(void)task;
	*(verdict *)result = judge(*(const uint64_t *)number);
	return 0;
}

int search_serially(search *self)
{
	return judge_range(&(range){self->numbers, self->verdicts, self->count});
}

static int search_with(search *self, mproc_backend backend)
{
	const mproc_pool_options pool_options = {
		.workers = self->workers,
		.backend = backend,
		.name = "primes",
	};
	const mproc_map_options map_options = {.chunk = self->chunk, .outcomes = self->outcomes};
	mproc_pool *pool;
	int rc;

	rc = mproc_pool_open(&pool_options, &pool);
	if (rc < 0)
		return rc;
	rc = mproc_pool_map(pool, judge_item, self->numbers, sizeof *self->numbers, self->count,
		self->verdicts, sizeof *self->verdicts, &map_options);
	mproc_pool_close(pool);
	if (rc == MPROC_ITEMS_FAILED)
		report_failed_numbers(self, self->count);
	return rc;
}

int search_with_threads(search *self)
{
	return search_with(self, MPROC_BACKEND_THREADS);
}

int search_with_pool(search *self)
{
	return search_with(self, MPROC_BACKEND_PROCESSES);
}

/* Where a stream's numbers come from: not from memory. */
typedef struct counter {
	uint64_t next, end;
} counter;

static int count_up(void *number, void *argument)
{
	counter *self = argument;

	if (self->next == self->end)
		return 0;
	*(uint64_t *)number = self->next++;
	return 1;
}

/* Take what has ended, as it comes. */
static int take_all(search *self, mproc_stream *stream)
{
	mproc_entry entry;
	int rc, failed = 0;

	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) >= 0) {
		failed |= rc;
		if (rc == 0)
			self->verdicts[entry.index] = *(const verdict *)entry.result;
		else
			report_failed_number(*(const uint64_t *)entry.item, entry.outcome);
	}
	return rc == -ENODATA ? failed : rc;
}

static int search_in_stream(search *self, bool is_unordered)
{
	const mproc_pool_options pool_options = {.workers = self->workers, .name = "primes"};
	counter numbers = {self->from, self->from + self->count};
	const mproc_imap_options imap_options = {
		.unordered = is_unordered,
		.source = count_up,
		.source_argument = &numbers,
	};
	mproc_stream *stream;
	mproc_pool *pool;
	int rc;

	rc = mproc_pool_open(&pool_options, &pool);
	if (rc < 0)
		return rc;
	rc = mproc_pool_imap(
		pool, judge_item, NULL, sizeof(uint64_t), 0, sizeof(verdict), &imap_options, &stream);
	if (rc == 0) {
		rc = take_all(self, stream);
		mproc_stream_close(stream);
	}
	mproc_pool_close(pool);
	return rc;
}

int search_with_imap(search *self)
{
	return search_in_stream(self, false);
}

int search_with_imap_unordered(search *self)
{
	return search_in_stream(self, true);
}

/* The range of one worker.  What does not divide evenly goes to the first ones, one number each. */
static range cut_range(const search *self, unsigned worker)
{
	size_t share = self->count / self->workers;
	size_t remainder = self->count % self->workers;
	size_t start = worker * share + (worker < remainder ? worker : remainder);

	return (range){
		.numbers = self->numbers + start,
		.verdicts = self->verdicts + start,
		.count = share + (worker < remainder ? 1 : 0),
	};
}

static int start_range(const search *self, unsigned worker, mproc_process **ret_process)
{
	const range part = cut_range(self, worker);
	char name[32];

	snprintf(name, sizeof name, "range-%u", worker + 1);
	return mproc_process_start(
		&(mproc_process_options){.name = name}, judge_range, &part, sizeof part, ret_process);
}

/* Wait for the process of a range; returns as a search_function does. */
static int join_range(mproc_process *process, range part)
{
	int rc, code = 0;

	rc = mproc_process_join(process, MPROC_FOREVER);
	if (rc == 0)
		rc = mproc_process_exit_code(process, &code);
	if (rc < 0 || code == 0)
		return rc;
	memset(part.verdicts, UNKNOWN, part.count);
	fprintf(stderr, "failed %" PRIu64 " to %" PRIu64 ": ", part.numbers[0], part.numbers[part.count - 1]);
	print_reason(outcome_of(code));
	return MPROC_ITEMS_FAILED;
}

int search_ranges(search *self)
{
	mproc_process *processes[MOST_WORKERS];
	unsigned needed = self->workers < self->count ? self->workers : (unsigned)self->count;
	unsigned started = 0;
	int rc = 0;

	while (started < needed && rc == 0) {
		rc = start_range(self, started, &processes[started]);
		started += rc == 0 ? 1 : 0;
	}
	for (unsigned worker = 0; worker < started; ++worker) {
		int ended;

		if (rc < 0)
			mproc_process_kill(processes[worker]);
		ended = join_range(processes[worker], cut_range(self, worker));
		if (rc == 0 || (rc > 0 && ended < 0))
			rc = ended;
		mproc_process_close(processes[worker]);
	}
	return rc;
}
