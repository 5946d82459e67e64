/* SPDX-License-Identifier: MIT */
/*
 * pool_bench.h - the parts of pool_bench.c that are files of their own.
 */
#ifndef BENCH_POOL_BENCH_H
#define BENCH_POOL_BENCH_H

#include <mproc.h>

/* End the program when something failed that must not. */
void pool_bench_expect(int rc, const char *what);

/* A pool of so many processes, 0 for the default. */
mproc_pool *pool_bench_open(unsigned workers);

/* Automatic chunks against each fixed size, on items that cost the same, more and more, or very different things. */
void pool_bench_chunks(void);

/* What an item costs in a map of 10^3 to 10^8 of them, and in a pool of 1 to 256 workers, and what opening that costs. */
void pool_bench_lines(void);

/* Single tasks and streams, against Python's Pool. */
void pool_bench_tasks(void);

#endif
