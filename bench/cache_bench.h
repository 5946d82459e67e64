/* SPDX-License-Identifier: MIT */
/*
 * cache_bench.h - the parts of cache_bench.c that are files of their own, and what they share.
 */
#ifndef BENCH_CACHE_BENCH_H
#define BENCH_CACHE_BENCH_H

#include "bench.h"
#include "cache_work.h"
#include "peer.h"

#include <mproc.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Calls a turn, at most. */
	CACHE_TURN = 2000,
	/* Contestants, at most. */
	CACHE_FIELD = 6,
};

/* Who is in a contest. */
typedef struct cache_field {
	size_t count;
	const char *names[CACHE_FIELD];
	bench_contestant contestants[CACHE_FIELD];
} cache_field;

/* Some calls of a cache: a contestant's self. */
typedef struct cache_turn {
	mproc_cache *cache;
	/* Calls a turn, and of how many entries they are, at random. */
	size_t count;
	uint64_t entries;
	/* Calls before the clock is started: those that had the turn before have had the processor's memory for themselves. */
	size_t before;
} cache_turn;

/* The same of a peer, whose kind of work has that name. */
typedef struct cache_peer_turn {
	bench_peer *peer;
	const char *kind;
	size_t count;
	uint64_t number;
} cache_peer_turn;

/* End the program when something failed that must not. */
void cache_expect(int rc, const char *what);

/* Open a cache in the bench's folder; @max_bytes 0 for the default. */
mproc_cache *cache_open(const char *name, uint64_t max_bytes);

/* Have a cache compute and store what belongs to the numbers from @first on. */
void cache_fill(mproc_cache *cache, uint64_t first, uint64_t count);

/* Let one more take part: hits of ours, another run of it, or a peer, which is NULL where it is not installed.  Returns it, or NULL. */
bench_contestant *cache_join(
	cache_field *field, const char *name, double (*run)(void *turn), const cache_turn *turn);
bench_contestant *cache_join_peer(cache_field *field, const char *name, const cache_peer_turn *turn);

/* Let them compete, and print what a call took. */
void cache_compete(cache_field *field);

/* Print our time divided by the peer's; nothing where it is NULL. */
void cache_compare(
	const char *name, const bench_contestant *ours, const bench_contestant *peer, double target);

/* A cache_turn of hits: nanoseconds a call. */
double cache_run_hits(void *argument);

/* A million entries against a thousand; @lmdb is NULL where it is not built. */
void cache_bench_million(bench_peer *lmdb);

/* How often processes that ask for the same at the same time compute it. */
void cache_bench_once(void);

#endif
