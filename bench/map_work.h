/* SPDX-License-Identifier: MIT */
/*
 * map_work.h - the work that map_bench.c and its peers do: the same functions, compiled alike, apart from whoever
 * calls them, so that nobody can inline them.
 */
#ifndef BENCH_MAP_WORK_H
#define BENCH_MAP_WORK_H

#include <stddef.h>
#include <stdint.h>

struct mproc_task;

/* An mproc_task_function: reads a uint64_t, stores a result, returns 0. */
typedef int map_function(const void *item, void *result, struct mproc_task *task);

typedef struct map_work {
	const char *name;
	map_function *function;
	/* The items are @count numbers from @first. */
	uint64_t first;
	size_t count;
	/* A uint64_t or a bool. */
	size_t result_size;
	/* Of all results. */
	uint64_t sum;
} map_work;

/* Nothing but one load and one store. */
extern const map_work map_noop;
/* Which of 100,000,000 to 101,000,000 are primes, by trial division. */
extern const map_work map_primes;

void map_work_fill(const map_work *work, uint64_t *items);

/* Before each run, so that what a run left out shows. */
void map_work_clear(const map_work *work, void *results);

/* Ends the program, with @who to blame, unless all results are there. */
void map_work_check(const map_work *work, const void *results, const char *who);

#endif
