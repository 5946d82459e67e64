/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "pool_bench.h"

#include <errno.h>
#include <stdio.h>

enum {
	/* From 10^3 to 10^8 items. */
	DECADES = 6,
	FEWEST = 1000,
	/* A turn has as many items in all, in one map after the other, but not more maps than so many. */
	ITEMS_A_TURN = 1000000,
	MOST_MAPS = 100,
	/* From 1 to 256 workers. */
	CROWDS = 9,
};

/* What grows with the square is at more than twice the line. */
static const double LINE_TARGET = 1.25;

/* What is done with so many workers and so many items. */
typedef struct line_turn {
	mproc_pool *pool;
	unsigned workers;
	size_t count;
	int maps;
	/* How many of the workers there are processors for. */
	int at_once;
} line_turn;

/* A point of a curve: what has been measured at @x. */
typedef struct line_point {
	double x;
	const bench_contestant *y;
} line_point;

static int do_nothing(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}

static int map(mproc_pool *pool, size_t count)
{
	return mproc_pool_map(pool, do_nothing, NULL, 0, count, NULL, 0, &(mproc_map_options){.chunk = 1});
}

/* Nanoseconds a map. */
static double run_maps(void *argument)
{
	const line_turn *self = argument;
	double start = bench_now();

	for (int i = 0; i < self->maps; ++i)
		pool_bench_expect(map(self->pool, self->count), "mproc_pool_map");
	return (bench_now() - start) / self->maps;
}

/* The same as time of all processors that can be at it. */
static double run_crowd(void *argument)
{
	const line_turn *self = argument;

	return run_maps(argument) * self->at_once;
}

static double open_and_close(void *argument)
{
	const line_turn *self = argument;
	double start = bench_now();

	mproc_pool_close(pool_bench_open(self->workers));
	return bench_now() - start;
}

/* The last point of three divided by where the line through the other two leads: 1 when all are on one line. */
static void print_straightness(const char *what, const line_point points[3])
{
	double part = (points[2].x - points[0].x) / (points[1].x - points[0].x);
	bench_contestant line = *points[0].y;
	char name[64];

	for (int i = 0; i < BENCH_ROUNDS; ++i)
		line.took[i] += part * (points[1].y->took[i] - points[0].y->took[i]);
	snprintf(name, sizeof name, "%s/line", what);
	bench_print_ratio(name, points[2].y, &line, LINE_TARGET);
}

/* How many of the decades there is memory for: book-keeping takes some bytes an item. */
static size_t find_room(const line_turn *turns)
{
	size_t decades = DECADES;
	int rc;

	while ((rc = map(turns[decades - 1].pool, turns[decades - 1].count)) == -ENOMEM && decades > 1) {
		fprintf(stderr, "map.items.1e%zu: left out, there is no memory for it\n", decades + 2);
		--decades;
	}
	pool_bench_expect(rc, "mproc_pool_map");
	return decades;
}

static void print_items(const line_turn *turns, const bench_contestant *contestants, size_t decades)
{
	line_point points[3];
	char name[64];

	for (size_t i = 0; i < decades; ++i) {
		snprintf(name, sizeof name, "map.items.1e%zu", i + 3);
		bench_print_times(name, &contestants[i], (double)turns[i].count, "ns");
	}
	if (decades < 3)
		return;
	for (size_t i = 0; i < 3; ++i) {
		size_t at = decades - 3 + i;

		points[i] = (line_point){(double)turns[at].count, &contestants[at]};
	}
	print_straightness(name, points);
}

static void measure_items(void)
{
	line_turn turns[DECADES];
	bench_contestant contestants[DECADES];
	size_t count = FEWEST, decades;

	for (size_t i = 0; i < DECADES; ++i, count *= 10) {
		size_t maps = ITEMS_A_TURN / count;

		/* A pool keeps memory of its last map: none shall pay for giving back what a larger one needed. */
		turns[i] = (line_turn){.pool = pool_bench_open(0), .count = count};
		turns[i].maps = maps < 1 ? 1 : maps > MOST_MAPS ? MOST_MAPS : (int)maps;
		contestants[i] = (bench_contestant){.run = run_maps, .self = &turns[i]};
	}
	decades = find_room(turns);
	bench_contest(contestants, decades);
	print_items(turns, contestants, decades);
	for (size_t i = 0; i < DECADES; ++i)
		mproc_pool_close(turns[i].pool);
}

static void print_crowds(
	const char *what, const bench_contestant *contestants, double nanoseconds, const char *unit)
{
	/* 4, 32 and 256 workers. */
	const line_point points[3] = {{4, &contestants[2]}, {32, &contestants[5]}, {256, &contestants[8]}};
	char name[64];

	for (size_t i = 0; i < CROWDS; ++i) {
		snprintf(name, sizeof name, "%s.%d", what, 1 << i);
		bench_print_times(name, &contestants[i], nanoseconds, unit);
	}
	print_straightness(name, points);
}

static void measure_workers(void)
{
	int processors = mproc_cpu_count(MPROC_CPU_USABLE);
	line_turn turns[CROWDS];
	bench_contestant opening[CROWDS], maps[CROWDS];

	for (size_t i = 0; i < CROWDS; ++i) {
		int workers = 1 << i;

		turns[i] = (line_turn){.workers = (unsigned)workers, .count = ITEMS_A_TURN, .maps = 1};
		turns[i].at_once = workers < processors ? workers : processors;
		opening[i] = (bench_contestant){.run = open_and_close, .self = &turns[i]};
		maps[i] = (bench_contestant){.run = run_crowd, .self = &turns[i]};
	}
	bench_contest(opening, CROWDS);
	print_crowds("pool.open_close.workers", opening, 1e3, "us");
	for (size_t i = 0; i < CROWDS; ++i)
		turns[i].pool = pool_bench_open(turns[i].workers);
	bench_contest(maps, CROWDS);
	print_crowds("map.workers", maps, ITEMS_A_TURN, "ns");
	for (size_t i = 0; i < CROWDS; ++i)
		mproc_pool_close(turns[i].pool);
}

void pool_bench_lines(void)
{
	measure_items();
	measure_workers();
}
