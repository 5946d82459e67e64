/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "pool_bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	/* 1, 2, 4 … 1024. */
	FIXED = 11,
	ITEMS_A_WORKER = 20000,
	/* The last and dearest class of random costs. */
	MOST_DOUBLINGS = 10,
	TRIALS = 9,
	TRIAL_STEPS = 100000,
};

static const double TARGET = 1.1;
static const uint64_t SEED = 6;

/* Nanoseconds that an item costs. */
typedef double chunk_cost(size_t index, size_t count);

typedef struct chunk_shape {
	const char *name;
	chunk_cost *cost;
} chunk_shape;

/* One map, in the arena. */
typedef struct chunk_work {
	mproc_pool *pool;
	size_t count;
	uint32_t *items;
	uint64_t *results;
	/* Of all results. */
	uint64_t sum;
} chunk_work;

typedef struct chunk_turn {
	const chunk_work *work;
	size_t chunk;
} chunk_turn;

/* Each step needs the one before it, so that no compiler and no processor can shorten it. */
static uint64_t step(uint32_t count)
{
	uint64_t value = count;

	for (; count > 0; --count)
		value = value * UINT64_C(6364136223846793005) + 1;
	return value;
}

/* Not the clock tells when an item is over: then one that had to wait for a processor would be cheaper. */
static int spend(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(uint64_t *)result = step(*(const uint32_t *)item);
	return 0;
}

static double steps_a_nanosecond(void)
{
	static volatile uint64_t sink;
	double fastest = 0;

	for (int i = 0; i < TRIALS; ++i) {
		double start = bench_now(), rate;

		sink = step(TRIAL_STEPS);
		rate = TRIAL_STEPS / (bench_now() - start);
		if (rate > fastest)
			fastest = rate;
	}
	(void)sink;
	return fastest;
}

static double cost_constant(size_t index, size_t count)
{
	(void)index;
	(void)count;
	return 1000;
}

static double cost_rising(size_t index, size_t count)
{
	return 2000 * (double)index / (double)count;
}

/* 1/6 us for every second item, twice that for every fourth and so on, 171 us for one in 1024: together 1 us an item. */
static double cost_random(size_t index, size_t count)
{
	mproc_random random;
	uint64_t bits;
	int doublings = 0;

	(void)count;
	mproc_random_init(&random, SEED, index);
	for (bits = mproc_random_bits(&random); bits % 2 != 0 && doublings < MOST_DOUBLINGS; bits /= 2)
		++doublings;
	return 1000.0 / 6 * (double)(1 << doublings);
}

static void fill(const chunk_work *self, chunk_cost *cost, double rate)
{
	for (size_t i = 0; i < self->count; ++i)
		self->items[i] = (uint32_t)(cost(i, self->count) * rate);
}

static uint64_t sum_of(const chunk_work *self)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < self->count; ++i)
		sum += self->results[i];
	return sum;
}

static double run(void *argument)
{
	const chunk_turn *self = argument;
	const chunk_work *work = self->work;
	double start, took;

	memset(work->results, 0, work->count * sizeof *work->results);
	start = bench_now();
	pool_bench_expect(
		mproc_pool_map(work->pool, spend, work->items, sizeof *work->items, work->count,
			work->results, sizeof *work->results, &(mproc_map_options){.chunk = self->chunk}),
		"mproc_pool_map");
	took = bench_now() - start;
	if (sum_of(work) != work->sum)
		bench_fail("chunks of %zu: the results add up to %" PRIu64 ", not to %" PRIu64, self->chunk,
			sum_of(work), work->sum);
	return took;
}

/* The position of the one with the smallest median.  Prints all, as processor time an item. */
static size_t find_best(const char *shape, const bench_contestant *fixed, double nanoseconds)
{
	double least = 0;
	size_t best = 0;

	for (size_t i = 0; i < FIXED; ++i) {
		char name[64];
		double median;

		snprintf(name, sizeof name, "map.%s.chunk%d", shape, 1 << i);
		median = bench_print_times(name, &fixed[i], nanoseconds, "ns");
		if (i == 0 || median < least) {
			least = median;
			best = i;
		}
	}
	return best;
}

/* Returns what automatic chunks cost against the best fixed ones. */
static double measure_shape(chunk_work *work, const chunk_shape *shape, double rate)
{
	double nanoseconds = (double)work->count / mproc_pool_workers(work->pool);
	chunk_turn turns[FIXED + 1];
	bench_contestant contestants[FIXED + 1];
	char name[64];
	size_t best;

	fill(work, shape->cost, rate);
	work->sum = 0;
	for (size_t i = 0; i < work->count; ++i)
		work->sum += step(work->items[i]);
	for (size_t i = 0; i <= FIXED; ++i) {
		turns[i] = (chunk_turn){.work = work, .chunk = i < FIXED ? (size_t)1 << i : 0};
		contestants[i] = (bench_contestant){.run = run, .self = &turns[i]};
	}
	bench_contest(contestants, FIXED + 1);
	snprintf(name, sizeof name, "map.%s.auto", shape->name);
	bench_print_times(name, &contestants[FIXED], nanoseconds, "ns");
	best = find_best(shape->name, contestants, nanoseconds);
	snprintf(name, sizeof name, "map.%s.auto/best-fixed", shape->name);
	return bench_print_ratio(name, &contestants[FIXED], &contestants[best], 0);
}

void pool_bench_chunks(void)
{
	static const chunk_shape shapes[] = {
		{"constant", cost_constant}, {"rising", cost_rising}, {"random", cost_random}};
	double rate = steps_a_nanosecond();
	chunk_work work = {.pool = pool_bench_open(0)};
	double worst = 0;

	work.count = (size_t)mproc_pool_workers(work.pool) * ITEMS_A_WORKER;
	work.items = mproc_alloc(work.count * sizeof *work.items);
	work.results = mproc_alloc(work.count * sizeof *work.results);
	if (work.items == NULL || work.results == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
		double ratio = measure_shape(&work, &shapes[i], rate);

		worst = ratio > worst ? ratio : worst;
	}
	bench_print("map.auto/best-fixed", worst, "ratio");
	bench_print_target("map.auto/best-fixed", worst, TARGET, "ratio");
	mproc_free(work.items);
	mproc_free(work.results);
	mproc_pool_close(work.pool);
}
