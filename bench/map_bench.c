/* SPDX-License-Identifier: MIT */
/*
 * map_bench - what a pool costs: an item that does nothing, a real search, an idle worker, opening and closing.
 */
#include "bench.h"
#include "map_work.h"
#include "peer.h"

#include <errno.h>
#include <mproc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_WORKERS = 1024,
	PAGE = 4096,
	OPENINGS = 10,
};

static const double NOOP_TARGET = 0.8, PRIMES_TARGET = 1.05, MEMORY_TARGET = 300;
static const double PATIENCE = 10e9;

/* Items and results in the arena. */
typedef struct map_arrays {
	const map_work *work;
	uint64_t *items;
	char *results;
} map_arrays;

typedef struct our_turn {
	const char *name;
	mproc_pool *pool;
	const map_arrays *arrays;
	size_t chunk;
} our_turn;

typedef struct peer_turn {
	bench_peer *peer;
	const map_work *work;
	const char *schedule;
} peer_turn;

typedef struct map_sides {
	mproc_pool *processes, *threads;
	bench_peer *openmp;
} map_sides;

/* What times are printed in. */
typedef struct time_scale {
	double nanoseconds;
	const char *unit;
} time_scale;

static mproc_pool *open_pool(mproc_backend backend)
{
	mproc_pool *pool;

	if (mproc_pool_open(&(mproc_pool_options){.backend = backend}, &pool) < 0)
		bench_fail("no pool: %s", mproc_error_text());
	return pool;
}

static double open_and_close(void *self)
{
	double start = bench_now();

	(void)self;
	for (int i = 0; i < OPENINGS; ++i)
		mproc_pool_close(open_pool(MPROC_BACKEND_PROCESSES));
	return bench_now() - start;
}

static void measure_open_close(void)
{
	bench_contestant ours = {.run = open_and_close};

	bench_contest(&ours, 1);
	bench_print_times("pool.open_close", &ours, OPENINGS * 1e3, "us");
}

/* What every worker is to do exactly once: an item, so it holds nothing that points out of the arena. */
typedef struct visit_order {
	/* Workers that are here, of so many. */
	_Atomic int *arrived;
	int expected;
	/* To be touched. */
	const char *items;
	char *results;
	size_t items_size, results_size;
} visit_order;

static void touch(const volatile char *from, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		(void)from[i];
}

static void touch_to_write(volatile char *to, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		to[i] = 0;
}

/* Nobody leaves before all are here, so nobody can come twice. */
static int receive(const void *item, void *result, mproc_task *task)
{
	const visit_order *order = item;
	double start = bench_now();

	(void)task;
	atomic_fetch_add(order->arrived, 1);
	while (atomic_load(order->arrived) < order->expected) {
		if (bench_now() - start > PATIENCE)
			return -ETIMEDOUT;
		sched_yield();
	}
	touch(order->items, order->items_size);
	touch_to_write(order->results, order->results_size);
	*(pid_t *)result = getpid();
	return 0;
}

/* Let every worker do the same once.  Returns the number of workers, and the pid of each. */
static int visit_workers(mproc_pool *pool, visit_order order, pid_t *ret_pids)
{
	static visit_order orders[MAX_WORKERS];
	int workers = mproc_pool_workers(pool);

	order.expected = workers;
	order.arrived = mproc_calloc(1, sizeof *order.arrived);
	if (order.arrived == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	for (int i = 0; i < workers; ++i)
		orders[i] = order;
	if (mproc_pool_map(pool, receive, orders, sizeof *orders, (size_t)workers, ret_pids, sizeof *ret_pids,
		    &(mproc_map_options){.chunk = 1})
		!= 0)
		bench_fail("not every worker could be visited: %s", mproc_error_text());
	mproc_free(order.arrived);
	return workers;
}

static double private_dirty_kib(pid_t pid)
{
	char path[64], line[256];
	double kib = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		bench_fail("%s: %s", path, strerror(errno));
	while (kib < 0 && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "Private_Dirty:", 14) == 0)
			kib = strtod(line + 14, NULL);
	}
	fclose(file);
	if (kib < 0)
		bench_fail("%s has no Private_Dirty", path);
	return kib;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Of workers that have worked once and are idle now. */
static void measure_worker_memory(void)
{
	static pid_t pids[MAX_WORKERS];
	static double kib[MAX_WORKERS];
	mproc_pool *pool = open_pool(MPROC_BACKEND_PROCESSES);
	int workers = visit_workers(pool, (visit_order){0}, pids);

	for (int i = 0; i < workers; ++i)
		kib[i] = private_dirty_kib(pids[i]);
	qsort(kib, (size_t)workers, sizeof *kib, compare);
	bench_print("pool.worker.memory", kib[workers / 2], "KiB");
	bench_print_target("pool.worker.memory", kib[workers / 2], MEMORY_TARGET, "KiB");
	mproc_pool_close(pool);
}

static map_arrays allocate(const map_work *work)
{
	map_arrays self = {
		.work = work,
		.items = mproc_alloc(work->count * sizeof(uint64_t)),
		.results = mproc_alloc(work->count * work->result_size),
	};

	if (self.items == NULL || self.results == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	map_work_fill(work, self.items);
	return self;
}

static void release(const map_arrays *self)
{
	mproc_free(self->items);
	mproc_free(self->results);
}

/* Which half of the arrays a worker gets is luck, and the first access to a page costs more than many items. */
static void warm_workers(mproc_pool *pool, const map_arrays *arrays)
{
	static pid_t pids[MAX_WORKERS];
	visit_order order = {
		.items = (const char *)arrays->items,
		.results = arrays->results,
		.items_size = arrays->work->count * sizeof *arrays->items,
		.results_size = arrays->work->count * arrays->work->result_size,
	};

	visit_workers(pool, order, pids);
}

static void map(const our_turn *self, size_t count)
{
	const map_arrays *arrays = self->arrays;

	if (mproc_pool_map(self->pool, arrays->work->function, arrays->items, sizeof *arrays->items, count,
		    arrays->results, arrays->work->result_size, &(mproc_map_options){.chunk = self->chunk})
		!= 0)
		bench_fail("%s: %s", arrays->work->name, mproc_error_text());
}

static double run_ours(void *argument)
{
	const our_turn *self = argument;
	double start, took;

	map_work_clear(self->arrays->work, self->arrays->results);
	/* Wakes the workers, as the peer does. */
	map(self, (size_t)mproc_pool_workers(self->pool));
	start = bench_now();
	map(self, self->arrays->work->count);
	took = bench_now() - start;
	map_work_check(self->arrays->work, self->arrays->results, "mproc");
	return took;
}

static double run_peer(void *argument)
{
	const peer_turn *self = argument;
	char kind[64];

	snprintf(kind, sizeof kind, "%s.%s", self->work->name, self->schedule);
	return bench_peer_run(self->peer, kind);
}

static void print_ours(const bench_contestant *contestant, const time_scale *scale)
{
	const our_turn *turn = contestant->self;
	char name[64];

	snprintf(name, sizeof name, "map.%s.%s", turn->arrays->work->name, turn->name);
	bench_print_times(name, contestant, scale->nanoseconds, scale->unit);
}

static void print_peer(const bench_contestant *contestant, const time_scale *scale)
{
	const peer_turn *turn = contestant->self;
	char name[64];

	snprintf(name, sizeof name, "openmp.%s.%s", turn->schedule, turn->work->name);
	bench_print_times(name, contestant, scale->nanoseconds, scale->unit);
}

/* Ours and the peer's alternate. */
static void measure_map(const map_sides *sides, const map_work *work, const time_scale *scale, double target)
{
	map_arrays arrays = allocate(work);
	bool is_slow = work != &map_noop;
	our_turn ours[] = {
		{"chunk1", sides->processes, &arrays, 1},
		{"auto", sides->processes, &arrays, 0},
		{"chunk1.threads", sides->threads, &arrays, 1},
	};
	peer_turn peers[] = {
		{sides->openmp, work, "dynamic1"},
		{sides->openmp, work, "dynamic16"},
		{sides->openmp, work, "static"},
	};
	bench_contestant contestants[] = {
		{.run = run_ours, .self = &ours[0]},
		{.run = run_peer, .self = &peers[0]},
		{.run = run_ours, .self = &ours[1], .is_aside = is_slow},
		{.run = run_peer, .self = &peers[1], .is_aside = is_slow},
		{.run = run_ours, .self = &ours[2], .is_aside = is_slow},
		{.run = run_peer, .self = &peers[2], .is_aside = is_slow},
	};
	size_t count = sizeof contestants / sizeof *contestants;
	char name[64];

	warm_workers(sides->processes, &arrays);
	bench_contest(contestants, count);
	for (size_t i = 0; i < count; i += 2)
		print_ours(&contestants[i], scale);
	for (size_t i = 1; i < count; i += 2)
		print_peer(&contestants[i], scale);
	snprintf(name, sizeof name, "map.%s.chunk1/openmp", work->name);
	bench_print_ratio(name, &contestants[0], &contestants[1], target);
	release(&arrays);
}

int main(void)
{
	const time_scale per_item = {(double)map_noop.count, "ns"}, seconds = {1e9, "s"};
	map_sides sides;

	measure_open_close();
	measure_worker_memory();

	/* The threads last: a process that has some is not forked. */
	sides.openmp = bench_peer_open("map_openmp", mproc_cpu_count(MPROC_CPU_USABLE));
	sides.processes = open_pool(MPROC_BACKEND_PROCESSES);
	sides.threads = open_pool(MPROC_BACKEND_THREADS);
	measure_map(&sides, &map_noop, &per_item, NOOP_TARGET);
	measure_map(&sides, &map_primes, &seconds, PRIMES_TARGET);
	mproc_pool_close(sides.threads);
	mproc_pool_close(sides.processes);
	bench_peer_close(sides.openmp);
	bench_print_others();
	return 0;
}
