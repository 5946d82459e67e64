/* SPDX-License-Identifier: MIT */
/*
 * The search for primes as examples/find_primes.c does it: one number a message, the primes through a second queue; a message that
 * tells a worker to end, and its answer.  Each way is timed with all that it needs to begin and to end.
 */
#include "../examples/prime.h"
#include "bench.h"
#include "queue_bench.h"

#include <mproc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	FIRST = 100000000,
	MOST_WORKERS = 64,
	/* No number of the search. */
	THE_END = 0,
};

static const double POOL_TARGET = 1.25, POOL_GOAL = 1.15, SERIAL_TARGET = 1;

/* So many numbers, of which so many are primes. */
typedef struct queue_range {
	const char *name;
	size_t count, primes;
} queue_range;

static const queue_range long_range = {"C", 1000000, 54208}, short_range = {"B", 100000, 5411};

/* How long the short one takes one loop at most, in nanoseconds, where there is time for the long one. */
static const double PATIENCE = 250e6;

typedef struct queue_search {
	const queue_range *range;
	unsigned workers;
	/* In the arena, as the program that searches would have them. */
	uint64_t *numbers;
	bool *verdicts;
} queue_search;

/* What a worker gets numbers from, and puts primes into. */
typedef struct queue_desk {
	mproc_queue *numbers, *primes;
} queue_desk;

static void check_count(const queue_search *self, size_t found, const char *who)
{
	if (found != self->range->primes)
		bench_fail("%s: %zu primes, not %zu", who, found, self->range->primes);
}

static double search_serially(void *argument)
{
	const queue_search *self = argument;
	double start = bench_now();
	size_t found = 0;

	for (uint64_t i = 0; i < self->range->count; ++i)
		found += is_prime(FIRST + i);
	check_count(self, found, "one loop");
	return bench_now() - start;
}

static int judge(const void *number, void *verdict, mproc_task *task)
{
	(void)task;
	*(bool *)verdict = is_prime(*(const uint64_t *)number);
	return 0;
}

static double search_with_pool(void *argument)
{
	const queue_search *self = argument;
	double start = bench_now();
	mproc_pool *pool;
	size_t found = 0;

	queue_bench_expect(
		mproc_pool_open(&(mproc_pool_options){.workers = self->workers}, &pool), "mproc_pool_open");
	queue_bench_expect(mproc_pool_map(pool, judge, self->numbers, sizeof *self->numbers,
				   self->range->count, self->verdicts, sizeof *self->verdicts, NULL),
		"mproc_pool_map");
	mproc_pool_close(pool);
	for (size_t i = 0; i < self->range->count; ++i)
		found += self->verdicts[i];
	check_count(self, found, "the pool");
	return bench_now() - start;
}

static void put(mproc_queue *queue, uint64_t number)
{
	queue_bench_expect(mproc_queue_put(queue, &number, sizeof number, MPROC_FOREVER), "mproc_queue_put");
}

static uint64_t get(mproc_queue *queue)
{
	uint64_t number;

	queue_bench_expect(
		mproc_queue_get(queue, &number, sizeof number, MPROC_FOREVER, NULL), "mproc_queue_get");
	return number;
}

static int work(void *argument)
{
	const queue_desk *self = argument;
	uint64_t number;

	while ((number = get(self->numbers)) != THE_END) {
		if (is_prime(number))
			put(self->primes, number);
	}
	put(self->primes, THE_END);
	return 0;
}

/* Until all workers have said that they are at their ends. */
static size_t collect(mproc_queue *primes, unsigned workers)
{
	size_t found = 0;

	while (workers > 0) {
		if (get(primes) == THE_END)
			--workers;
		else
			++found;
	}
	return found;
}

static size_t search_in_queue(const queue_search *self, const queue_desk *desk)
{
	mproc_process *workers[MOST_WORKERS];
	size_t found;

	for (unsigned i = 0; i < self->workers; ++i)
		queue_bench_expect(mproc_process_start(NULL, work, desk, sizeof *desk, &workers[i]),
			"mproc_process_start");
	for (size_t i = 0; i < self->range->count; ++i)
		put(desk->numbers, self->numbers[i]);
	for (unsigned i = 0; i < self->workers; ++i)
		put(desk->numbers, THE_END);
	found = collect(desk->primes, self->workers);
	for (unsigned i = 0; i < self->workers; ++i) {
		queue_bench_expect(mproc_process_join(workers[i], MPROC_FOREVER), "mproc_process_join");
		mproc_process_close(workers[i]);
	}
	return found;
}

static double search_with_queue(void *argument)
{
	double start = bench_now();
	queue_desk desk;

	queue_bench_expect(mproc_queue_create(NULL, &desk.numbers), "mproc_queue_create");
	queue_bench_expect(mproc_queue_create(NULL, &desk.primes), "mproc_queue_create");
	check_count(argument, search_in_queue(argument, &desk), "the queue");
	mproc_queue_destroy(desk.numbers);
	mproc_queue_destroy(desk.primes);
	return bench_now() - start;
}

/* The long range, unless this machine is too slow, or too busy. */
static const queue_range *choose_range(void)
{
	queue_search trial = {.range = &short_range};
	const queue_range *range = search_serially(&trial) > PATIENCE ? &short_range : &long_range;

	fprintf(stderr, "primes: range %s, %zu numbers\n", range->name, range->count);
	return range;
}

static void prepare(queue_search *self)
{
	unsigned cpus = mproc_cpu_count(MPROC_CPU_USABLE);

	self->range = choose_range();
	self->workers = cpus < MOST_WORKERS ? cpus : MOST_WORKERS;
	self->numbers = mproc_alloc(self->range->count * sizeof *self->numbers);
	self->verdicts = mproc_calloc(self->range->count, sizeof *self->verdicts);
	if (self->numbers == NULL || self->verdicts == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	for (size_t i = 0; i < self->range->count; ++i)
		self->numbers[i] = FIRST + i;
}

/* Whether what is met is also what is wished for. */
static void print_goal(double ratio)
{
	fprintf(stderr, "primes.queue/pool: the goal, %.4g: %s\n", POOL_GOAL,
		ratio <= POOL_GOAL ? "met" : "MISSED");
}

void queue_bench_primes(void)
{
	queue_search self;
	bench_contestant contestants[] = {
		{.run = search_with_queue, .self = &self},
		{.run = search_with_pool, .self = &self},
		{.run = search_serially, .self = &self},
	};

	prepare(&self);
	bench_contest(contestants, sizeof contestants / sizeof *contestants);
	bench_print_times("primes.queue", &contestants[0], 1e6, "ms");
	bench_print_times("primes.pool", &contestants[1], 1e6, "ms");
	bench_print_times("primes.serial", &contestants[2], 1e6, "ms");
	print_goal(bench_print_ratio("primes.queue/pool", &contestants[0], &contestants[1], POOL_TARGET));
	bench_print_ratio("primes.queue/serial", &contestants[0], &contestants[2], SERIAL_TARGET);
	mproc_free(self.numbers);
	mproc_free(self.verdicts);
}
