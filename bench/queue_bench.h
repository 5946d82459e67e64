/* SPDX-License-Identifier: MIT */
/*
 * queue_bench.h - the parts of queue_bench.c that are files of their own.
 */
#ifndef BENCH_QUEUE_BENCH_H
#define BENCH_QUEUE_BENCH_H

#include "stream.h"

/* End the program when something failed that must not. */
void queue_bench_expect(int rc, const char *what);

/* Messages through a queue of ours, one a call and some a call. */
enum {
	QUEUE_BENCH_BATCH = 16
};
extern const stream_kind queue_bench_single, queue_bench_batches;

/* Two processes that wake each other, against a bare futex. */
void queue_bench_roundtrip(void);

/* The search for primes, a message for each number, against a pool and one loop. */
void queue_bench_primes(void);

#endif
