/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "peer.h"
#include "pool_bench.h"
#include "pool_python.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TASKS_SUBMITTED = 10000,
	/* Nanoseconds. */
	PAUSE = 1000000,
};

static const double APPLY_TARGET = 0.05, IMAP_TARGET = 0.02;

/* One way of ours to have numbers copied, so many a turn or slice; or one of Python's. */
typedef struct task_way {
	mproc_pool *pool;
	bench_peer *python;
	const char *kind;
	size_t count;
	bool is_unordered;
} task_way;

static int copy_number(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(uint64_t *)result = *(const uint64_t *)item;
	return 0;
}

static void check(const char *what, size_t count, uint64_t sum)
{
	uint64_t expected = (uint64_t)count * (count - 1) / 2;

	if (sum != expected)
		bench_fail("%s: the results add up to %" PRIu64 ", not to %" PRIu64, what, sum, expected);
}

/* Nanoseconds a task. */
static double run_python(void *argument)
{
	const task_way *self = argument;
	char work[64];

	snprintf(work, sizeof work, "%s %zu", self->kind, self->count);
	return bench_peer_run(self->python, work) / (double)self->count;
}

static uint64_t apply(const task_way *self, uint64_t number)
{
	uint64_t result;

	pool_bench_expect(mproc_pool_apply(self->pool, copy_number, &number, sizeof number, &result,
				  sizeof result, NULL),
		"mproc_pool_apply");
	return result;
}

static double run_apply(void *argument)
{
	const task_way *self = argument;
	uint64_t sum = 0;
	double start = bench_now(), took;

	for (uint64_t i = 0; i < self->count; ++i)
		sum += apply(self, i);
	took = bench_now() - start;
	check("mproc_pool_apply", self->count, sum);
	return took / (double)self->count;
}

/* Each after a pause in which the workers fall asleep, as Python's do. */
static double run_rested(void *argument)
{
	const task_way *self = argument;
	uint64_t sum = 0;
	double took = 0;

	for (uint64_t i = 0; i < self->count; ++i) {
		double start;

		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = PAUSE}, NULL);
		start = bench_now();
		sum += apply(self, i);
		took += bench_now() - start;
	}
	check("mproc_pool_apply", self->count, sum);
	return took / (double)self->count;
}

/* Another number each time. */
static int next_number(void *item, void *argument)
{
	task_way *left = argument;

	if (left->count == 0)
		return 0;
	*(uint64_t *)item = --left->count;
	return 1;
}

static double run_stream(void *argument)
{
	const task_way *self = argument;
	task_way left = *self;
	mproc_stream *stream;
	mproc_entry entry;
	uint64_t sum = 0;
	double start = bench_now(), took;
	int rc;

	pool_bench_expect(
		mproc_pool_imap(self->pool, copy_number, NULL, sizeof(uint64_t), 0, sizeof(uint64_t),
			&(mproc_imap_options){.unordered = self->is_unordered,
				.source = next_number,
				.source_argument = &left},
			&stream),
		"mproc_pool_imap");
	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) == 0)
		sum += *(const uint64_t *)entry.result;
	took = bench_now() - start;
	if (rc != -ENODATA)
		bench_fail("mproc_stream_next: %d, %s", rc, mproc_error_text());
	mproc_stream_close(stream);
	check("mproc_pool_imap", self->count, sum);
	return took / (double)self->count;
}

static double submit_all(const task_way *self, mproc_future **futures)
{
	double start = bench_now();

	for (uint64_t i = 0; i < self->count; ++i)
		pool_bench_expect(
			mproc_pool_submit(self->pool, copy_number, &i, sizeof i, sizeof i, NULL, &futures[i]),
			"mproc_pool_submit");
	return bench_now() - start;
}

static void take_all(const task_way *self, mproc_future **futures)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < self->count; ++i) {
		const void *result;

		pool_bench_expect(
			mproc_future_get(futures[i], MPROC_FOREVER, &result, NULL), "mproc_future_get");
		sum += *(const uint64_t *)result;
		mproc_future_close(futures[i]);
	}
	check("mproc_pool_submit", self->count, sum);
}

/* The calls of mproc_pool_submit alone. */
static double run_submit_call(void *argument)
{
	static mproc_future *futures[TASKS_SUBMITTED];
	const task_way *self = argument;
	double took = submit_all(self, futures);

	take_all(self, futures);
	return took / (double)self->count;
}

/* From the first call until the last future is closed. */
static double run_submit(void *argument)
{
	static mproc_future *futures[TASKS_SUBMITTED];
	const task_way *self = argument;
	double start = bench_now();

	submit_all(self, futures);
	take_all(self, futures);
	return (bench_now() - start) / (double)self->count;
}

/* Who meets whom on which processor is a matter of luck: the median slice. */
static void measure_apply(mproc_pool *pool, bench_peer *python)
{
	task_way ours = {.pool = pool, .count = 300};
	task_way theirs = {.python = python, .kind = "apply", .count = 20};
	bench_contestant contestants[] = {
		{.run = run_apply, .self = &ours}, {.run = run_python, .self = &theirs}};

	bench_contest_in_slices(contestants, python != NULL ? 2 : 1, 0.5);
	bench_print_times("pool.apply", &contestants[0], 1e3, "us");
	if (python == NULL)
		return;
	bench_print_times("python.apply", &contestants[1], 1e3, "us");
	bench_print_ratio("pool.apply/python", &contestants[0], &contestants[1], APPLY_TARGET);
}

static void measure_rested(mproc_pool *pool, bench_peer *python)
{
	task_way ours = {.pool = pool, .count = 10};
	task_way theirs = {.python = python, .kind = "rested", .count = 10};
	bench_contestant contestants[] = {
		{.run = run_rested, .self = &ours}, {.run = run_python, .self = &theirs}};

	bench_contest_in_slices(contestants, python != NULL ? 2 : 1, 0.5);
	bench_print_times("pool.apply.rested", &contestants[0], 1e3, "us");
	if (python == NULL)
		return;
	bench_print_times("python.apply.rested", &contestants[1], 1e3, "us");
	bench_print_ratio("pool.apply.rested/python.rested", &contestants[0], &contestants[1], 0);
}

static void measure_streams(mproc_pool *pool, bench_peer *python)
{
	task_way unordered = {.pool = pool, .count = 100000, .is_unordered = true};
	task_way ordered = {.pool = pool, .count = 100000};
	task_way theirs = {.python = python, .kind = "imap_unordered", .count = 2000};
	task_way in_chunks = {.python = python, .kind = "chunk100", .count = 20000};
	bench_contestant contestants[] = {
		{.run = run_stream, .self = &unordered},
		{.run = run_stream, .self = &ordered},
		{.run = run_python, .self = &theirs},
		{.run = run_python, .self = &in_chunks},
	};

	bench_contest(contestants, python != NULL ? 4 : 2);
	bench_print_times("pool.imap_unordered", &contestants[0], 1e3, "us");
	bench_print_times("pool.imap", &contestants[1], 1e3, "us");
	if (python == NULL)
		return;
	bench_print_times("python.imap_unordered", &contestants[2], 1e3, "us");
	bench_print_times("python.imap_unordered.chunk100", &contestants[3], 1e3, "us");
	bench_print_ratio("pool.imap_unordered/python", &contestants[0], &contestants[2], IMAP_TARGET);
	bench_print_ratio("pool.imap_unordered/python.chunk100", &contestants[0], &contestants[3], 0);
}

static void measure_submit(mproc_pool *pool, bench_peer *python)
{
	task_way ours = {.pool = pool, .count = TASKS_SUBMITTED};
	task_way theirs = {.python = python, .kind = "apply_async", .count = 1000};
	bench_contestant contestants[] = {
		{.run = run_submit, .self = &ours},
		{.run = run_submit_call, .self = &ours},
		{.run = run_python, .self = &theirs},
	};

	bench_contest(contestants, python != NULL ? 3 : 2);
	bench_print_rates("pool.submit", &contestants[0]);
	bench_print_times("pool.submit.call", &contestants[1], 1e3, "us");
	if (python == NULL)
		return;
	bench_print_rates("python.apply_async", &contestants[2]);
	bench_print_ratio("pool.submit/python", &contestants[0], &contestants[2], 0);
}

/* With as many workers as ours; NULL where there is none. */
static bench_peer *open_python(int workers)
{
	size_t size = strlen(pool_python) + sizeof "WORKERS = 1024\n";
	char *program = malloc(size);
	bench_peer *python;

	if (program == NULL)
		bench_fail("no memory for a program in Python");
	snprintf(program, size, "WORKERS = %d\n%s", workers, pool_python);
	python = bench_peer_open_python(program);
	free(program);
	if (python == NULL)
		fprintf(stderr, "pool.apply/python, pool.imap_unordered/python: left out, "
				"no python3 with multiprocessing\n");
	return python;
}

void pool_bench_tasks(void)
{
	mproc_pool *pool = pool_bench_open(0);
	bench_peer *python = open_python(mproc_pool_workers(pool));

	measure_apply(pool, python);
	measure_rested(pool, python);
	measure_streams(pool, python);
	measure_submit(pool, python);
	/* Lets Python wait for its workers: then what they used counts as this program's. */
	if (python != NULL)
		bench_peer_run(python, "end 0");
	bench_peer_close(python);
	mproc_pool_close(pool);
}
