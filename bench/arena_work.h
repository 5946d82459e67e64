/* SPDX-License-Identifier: MIT */
/*
 * arena_work.h - what is measured of allocators.
 *
 * The loops are here once, and are compiled into both sides, each with its own two functions in place: arena_bench.c has ours,
 * arena_malloc.c glibc's.
 */
#ifndef BENCH_ARENA_WORK_H
#define BENCH_ARENA_WORK_H

#include "bench.h"
#include "partner.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum {
	ARENA_BATCH = 1000,
	ARENA_CROWD = 4,
	/* What those who come in crowds allocate. */
	ARENA_SMALL = 64,
	ARENA_CROWD_PAIRS = 20000,
};

typedef void *arena_alloc(size_t size);
typedef void arena_free(void *block);

/* One slice: so many blocks of that size. */
typedef struct arena_load {
	size_t size;
	int count;
} arena_load;

/* Those who allocate at the same time, in memory that they share. */
typedef struct arena_crowd {
	uint32_t size;
	_Atomic uint32_t arrived;
	/* When the first began, and the last was done. */
	double began[ARENA_CROWD], ended[ARENA_CROWD];
} arena_crowd;

typedef struct arena_crowd_member {
	arena_crowd *crowd;
	uint32_t index;
} arena_crowd_member;

/* Blocks on their way from who allocates to who frees, and how long the two took. */
typedef struct arena_parcel {
	void *blocks[ARENA_BATCH];
	double took_alloc, took_free;
} arena_parcel;

/* Use a block as little as possible, and so that the compiler can neither leave the block out nor guess its contents. */
static inline void arena_use(void *block)
{
	if (block == NULL)
		bench_fail("no memory");
	*(char *)block = 1;
	__asm__ volatile("" : : "r"(block) : "memory");
}

/* Nanoseconds to allocate a block and free it. */
static inline __attribute__((always_inline)) double arena_pairs(
	const arena_load *load, arena_alloc *alloc, arena_free *release)
{
	double start = bench_now();

	for (int i = 0; i < load->count; ++i) {
		void *block = alloc(load->size);

		arena_use(block);
		release(block);
	}
	return (bench_now() - start) / load->count;
}

/* The same for a block that is filled in between. */
static inline __attribute__((always_inline)) double arena_filled_pairs(
	const arena_load *load, arena_alloc *alloc, arena_free *release)
{
	double start = bench_now();

	for (int i = 0; i < load->count; ++i) {
		void *block = alloc(load->size);

		arena_use(block);
		memset(block, i, load->size);
		arena_use(block);
		release(block);
	}
	return (bench_now() - start) / load->count;
}

static inline __attribute__((always_inline)) void arena_alloc_batch(
	void *blocks[ARENA_BATCH], size_t size, arena_alloc *alloc)
{
	for (int i = 0; i < ARENA_BATCH; ++i) {
		blocks[i] = alloc(size);
		arena_use(blocks[i]);
	}
}

static inline __attribute__((always_inline)) void arena_free_batch(
	void *blocks[ARENA_BATCH], arena_free *release)
{
	for (int i = 0; i < ARENA_BATCH; ++i)
		release(blocks[i]);
}

/* Nanoseconds for a block of a batch: all are allocated, then all freed, the oldest first. */
static inline __attribute__((always_inline)) double arena_batches(
	const arena_load *load, arena_alloc *alloc, arena_free *release)
{
	void *blocks[ARENA_BATCH];
	double start = bench_now();

	for (int done = 0; done < load->count; done += ARENA_BATCH) {
		arena_alloc_batch(blocks, load->size, alloc);
		arena_free_batch(blocks, release);
	}
	return (bench_now() - start) / load->count;
}

/* What one of a crowd does. */
static inline __attribute__((always_inline)) void arena_crowd_part(
	const arena_crowd_member *member, arena_alloc *alloc, arena_free *release)
{
	static const arena_load load = {ARENA_SMALL, ARENA_CROWD_PAIRS};
	arena_crowd *crowd = member->crowd;

	release(alloc(ARENA_SMALL));
	atomic_fetch_add(&crowd->arrived, 1);
	while (atomic_load(&crowd->arrived) < crowd->size)
		sched_yield();
	crowd->began[member->index] = bench_now();
	arena_pairs(&load, alloc, release);
	crowd->ended[member->index] = bench_now();
}

#endif
