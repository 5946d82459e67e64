/* SPDX-License-Identifier: MIT */
/*
 * loops.h - the primes of a range, one loop for each way to share it among threads.
 */
#ifndef OPENMP_LOOPS_H
#define OPENMP_LOOPS_H

#include "peer.h"

#include "../../examples/prime.h"
#include "sure.h"

/* Numbers, and for each whether a loop has found it prime. */
typedef struct search {
	uint64_t from;
	size_t count;
	unsigned workers;
	bool *found;
} search;

typedef void loop_function(search *self, int chunk);

static inline void search_serially(search *self, int chunk)
{
	(void)chunk;
	for (size_t i = 0; i < self->count; ++i)
		self->found[i] = is_prime(self->from + i);
}

/* A piece of the range for each thread, as large as the others. */
static inline void search_static(search *self, int chunk)
{
	(void)chunk;
#pragma omp parallel for schedule(static) num_threads((int)self->workers)
	for (size_t i = 0; i < self->count; ++i)
		self->found[i] = is_prime(self->from + i);
}

/* The next @chunk numbers for who is through with its own. */
static inline void search_dynamic(search *self, int chunk)
{
#pragma omp parallel for schedule(dynamic, chunk) num_threads((int)self->workers)
	for (size_t i = 0; i < self->count; ++i)
		self->found[i] = is_prime(self->from + i);
}

/* Likewise, but a part of what is left. */
static inline void search_guided(search *self, int chunk)
{
#pragma omp parallel for schedule(guided, chunk) num_threads((int)self->workers)
	for (size_t i = 0; i < self->count; ++i)
		self->found[i] = is_prime(self->from + i);
}

/* A task for each @chunk numbers, made by one thread. */
static inline void search_tasks(search *self, int chunk)
{
#pragma omp parallel num_threads((int)self->workers)
#pragma omp single
#pragma omp taskloop grainsize(chunk)
	for (size_t i = 0; i < self->count; ++i)
		self->found[i] = is_prime(self->from + i);
}

/* Returns 0, or -1 after telling that there is no memory. */
static inline int open_search(search *self, uint64_t from, size_t count, unsigned workers)
{
	*self = (search){from, count, workers, calloc(count + 1, sizeof(bool))};
	return self->found ? 0 : complain("no memory for %zu numbers", count);
}

/* Returns 0 and the seconds that @loop took with starting its threads, or -1 after telling what it got wrong. */
static inline int time_loop(
	search *self, loop_function *loop, const char *name, int chunk, double *ret_seconds)
{
	double start;

	memset(self->found, 0, self->count);
	end_threads();
	start = seconds_now();
	loop(self, chunk);
	*ret_seconds = seconds_now() - start;
	for (size_t i = 0; i < self->count; ++i) {
		if (self->found[i] != is_surely_prime(self->from + i))
			return complain("%s: wrong about %" PRIu64, name, self->from + i);
	}
	return 0;
}

#endif
