/* SPDX-License-Identifier: MIT */
/*
 * map_openmp THREADS - the work of map_bench.c on OpenMP's threads; a peer (peer.h).
 */
#include "bench.h"
#include "map_work.h"
#include "peer.h"

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct loop {
	const map_work *work;
	/* Volatile: the compiler must not know whom it calls, as mproc does not. */
	map_function *volatile function;
	uint64_t *items;
	char *results;
} loop;

typedef void schedule(loop *self);

static loop noop = {.work = &map_noop}, primes = {.work = &map_primes};

/* One function a schedule: naming it in the pragma spares libgomp the look-up of schedule(runtime). */

static void run_static(loop *self)
{
	map_function *function = self->function;
	const uint64_t *items = self->items;
	char *results = self->results;
	size_t result_size = self->work->result_size;
	long count = (long)self->work->count;

#pragma omp parallel for schedule(static) firstprivate(function, items, results, result_size)
	for (long i = 0; i < count; ++i)
		function(&items[i], results + (size_t)i * result_size, NULL);
}

static void run_dynamic1(loop *self)
{
	map_function *function = self->function;
	const uint64_t *items = self->items;
	char *results = self->results;
	size_t result_size = self->work->result_size;
	long count = (long)self->work->count;

#pragma omp parallel for schedule(dynamic, 1) firstprivate(function, items, results, result_size)
	for (long i = 0; i < count; ++i)
		function(&items[i], results + (size_t)i * result_size, NULL);
}

static void run_dynamic16(loop *self)
{
	map_function *function = self->function;
	const uint64_t *items = self->items;
	char *results = self->results;
	size_t result_size = self->work->result_size;
	long count = (long)self->work->count;

#pragma omp parallel for schedule(dynamic, 16) firstprivate(function, items, results, result_size)
	for (long i = 0; i < count; ++i)
		function(&items[i], results + (size_t)i * result_size, NULL);
}

static const struct kind {
	const char *name;
	loop *loop;
	schedule *run;
} kinds[] = {
	{"noop.static", &noop, run_static},
	{"noop.dynamic1", &noop, run_dynamic1},
	{"noop.dynamic16", &noop, run_dynamic16},
	{"primes.static", &primes, run_static},
	{"primes.dynamic1", &primes, run_dynamic1},
	{"primes.dynamic16", &primes, run_dynamic16},
};

static void wake_threads(void)
{
#pragma omp parallel
	{
	}
}

static double run(const char *name)
{
	const struct kind *kind = kinds, *end = kinds + sizeof kinds / sizeof *kinds;
	double start, took;

	while (kind < end && strcmp(kind->name, name) != 0)
		++kind;
	if (kind == end)
		bench_fail("map_openmp: no kind of work is called %s", name);
	map_work_clear(kind->loop->work, kind->loop->results);
	wake_threads();
	start = bench_now();
	kind->run(kind->loop);
	took = bench_now() - start;
	map_work_check(kind->loop->work, kind->loop->results, "map_openmp");
	return took;
}

static void prepare(loop *self)
{
	self->function = self->work->function;
	self->items = malloc(self->work->count * sizeof *self->items);
	self->results = malloc(self->work->count * self->work->result_size);
	if (self->items == NULL || self->results == NULL)
		bench_fail("map_openmp: no memory for %zu items", self->work->count);
	map_work_fill(self->work, self->items);
}

static void expect_threads(int expected)
{
	int count = 0;

#pragma omp parallel
	{
#pragma omp atomic
		++count;
	}
	if (count != expected)
		bench_fail("map_openmp: %d threads, not the %d asked for", count, expected);
}

int main(int argc, char **argv)
{
	int threads = argc == 2 ? atoi(argv[1]) : 0;

	if (threads < 1)
		bench_fail("usage: map_openmp THREADS");
	omp_set_num_threads(threads);
	expect_threads(threads);
	prepare(&noop);
	prepare(&primes);
	bench_peer_serve(run);
	return 0;
}
