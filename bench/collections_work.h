/* SPDX-License-Identifier: MIT */
/*
 * collections_work.h - what is measured of tables.
 *
 * The keys, the values and the order are the same for everybody.  The loops are here once, and are compiled into both sides, each
 * with its own steps in place: collections_bench*.c have ours, collections_glib.c has GHashTable's.
 */
#ifndef BENCH_COLLECTIONS_WORK_H
#define BENCH_COLLECTIONS_WORK_H

#include "bench.h"

#include <stddef.h>
#include <stdint.h>

enum {
	/* So many keys come one after the other before the order begins anew. */
	COLLECTIONS_ORDER = 1000000,
};

/* The keys of a table in the order in which they are looked for: each as often as the next one, but at random. */
typedef struct collections_keys {
	/* How many the table has. */
	size_t count;
	/* How many a turn looks for, which divides COLLECTIONS_ORDER, and where in the order the next turn begins. */
	size_t turn, next;
	uint64_t order[COLLECTIONS_ORDER];
} collections_keys;

/* Do something with one key.  Returns 0, or bits that are wrong. */
typedef uint64_t collections_step(void *table, uint64_t key);

/* The key number so many: all bits of it count, and no two are the same. */
static inline uint64_t collections_key(uint64_t number)
{
	uint64_t key = (number + 1) * 0x9e3779b97f4a7c15U;

	key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9U;
	key = (key ^ (key >> 27)) * 0x94d049bb133111ebU;
	return key ^ (key >> 31);
}

/* What a table has for a key. */
static inline uint64_t collections_value(uint64_t key)
{
	return ~key;
}

/* Make the order for a table of @count keys, a power of ten. */
void collections_keys_init(collections_keys *keys, size_t count, size_t turn);

/* How many bytes of memory this process has, by what it has touched; 0 where the kernel does not say. */
double collections_memory(void);

/* What there is to do, each key at a time. */
typedef enum collections_work {
	/* An empty table, in the order of the keys' numbers. */
	COLLECTIONS_FILL,
	/* A turn: the next keys at random. */
	COLLECTIONS_SET,
	COLLECTIONS_GET,
	/* To get, but each key is known only when the value before it is there. */
	COLLECTIONS_FOLLOW,
	COLLECTIONS_DELETE,
	/* For peers: to fill, but the answer is how many bytes of memory that has taken. */
	COLLECTIONS_WEIGH,
} collections_work;

/* How somebody does it. */
typedef struct collections_steps {
	collections_step *insert, *set, *get, *delete;
} collections_steps;

static inline __attribute__((always_inline)) double collections_took(double start, uint64_t wrong)
{
	double took = bench_now() - start;

	if (wrong != 0)
		bench_fail("a value is wrong in the bits %llx", (unsigned long long)wrong);
	return took;
}

static inline __attribute__((always_inline)) double collections_fill(
	const collections_keys *keys, void *table, collections_step *step)
{
	uint64_t wrong = 0;
	double start = bench_now();

	for (size_t i = 0; i < keys->count; ++i)
		wrong |= step(table, collections_key(i));
	return collections_took(start, wrong);
}

static inline __attribute__((always_inline)) double collections_visit(
	collections_keys *keys, void *table, collections_step *step)
{
	const uint64_t *order = keys->order + keys->next;
	uint64_t wrong = 0;
	double start = bench_now();

	for (size_t i = 0; i < keys->turn; ++i)
		wrong |= step(table, order[i]);
	keys->next = (keys->next + keys->turn) % COLLECTIONS_ORDER;
	return collections_took(start, wrong);
}

static inline __attribute__((always_inline)) double collections_follow(
	collections_keys *keys, void *table, collections_step *step)
{
	uint64_t wrong = 0;
	double start = bench_now();

	/* As long as nothing is wrong, these are the same keys; only the processor cannot know it before. */
	for (size_t i = 0; i < keys->turn; ++i)
		wrong = step(table, keys->order[keys->next + i] ^ wrong);
	keys->next = (keys->next + keys->turn) % COLLECTIONS_ORDER;
	return collections_took(start, wrong);
}

/* Do a work.  Returns nanoseconds. */
static inline __attribute__((always_inline)) double collections_run(
	collections_work work, collections_keys *keys, void *table, const collections_steps *steps)
{
	switch (work) {
	case COLLECTIONS_FILL:
		return collections_fill(keys, table, steps->insert);
	case COLLECTIONS_SET:
		return collections_visit(keys, table, steps->set);
	case COLLECTIONS_GET:
		return collections_visit(keys, table, steps->get);
	case COLLECTIONS_FOLLOW:
		return collections_follow(keys, table, steps->get);
	default:
		return collections_visit(keys, table, steps->delete);
	}
}

#endif
