/* SPDX-License-Identifier: MIT */
/*
 * collections_bench.h - the parts of collections_bench.c that are files of their own, and what they share.
 */
#ifndef BENCH_COLLECTIONS_BENCH_H
#define BENCH_COLLECTIONS_BENCH_H

#include "bench.h"
#include "collections_work.h"
#include "peer.h"

#include <mproc.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COLLECTIONS_NAME = 48,
	/* Contestants, at most. */
	COLLECTIONS_FIELD = 32,
};

/* End the program when something failed that must not. */
void collections_expect(int rc, const char *what);

/* An empty dict. */
mproc_dict *collections_dict(void);

/* Who is in a contest. */
typedef struct collections_field {
	size_t count;
	char names[COLLECTIONS_FIELD][COLLECTIONS_NAME];
	bench_contestant contestants[COLLECTIONS_FIELD];
} collections_field;

/* Let one more take part, whose time is printed as "<first>.<second>".  Returns it. */
bench_contestant *collections_join(collections_field *field, const char *first, const char *second,
	double (*run)(void *self), void *self);

/* Print what everybody's turns took, in nanoseconds. */
void collections_print(const collections_field *field);

/* Print our time divided by the peer's as "<our name>/<peer>"; nothing when there is no peer: NULL. */
void collections_compare(const collections_field *field, const bench_contestant *ours, const char *peer_name,
	const bench_contestant *peer, double target);

/* A table of 8-byte keys and values, and what is done with it; ours, or the one that a peer has. */
typedef struct collections_table {
	collections_keys *keys;
	/* Ours. */
	mproc_dict **dict;
	/* GHashTable's, and which way to use it. */
	bench_peer *peer;
	const char *way;
} collections_table;

/* A contestant's self: with one of the two. */
typedef struct collections_turn {
	const collections_table *table;
	collections_work work;
} collections_turn;

/* With a collections_turn: nanoseconds a key.  To fill makes a new table, outside the clock. */
double collections_run_ours(void *argument);
double collections_run_peer(void *argument);

/* What Python does: a kind of work in collections_python.h, how often, and a number. */
typedef struct collections_python_turn {
	bench_peer *peer;
	const char *kind;
	size_t count, number;
} collections_python_turn;

/* Nanoseconds for one. */
double collections_run_python(void *argument);

/* From 10^3 to 10^7 entries, against GHashTable unless @glib is NULL. */
void collections_bench_sizes(bench_peer *glib);

/* In 1, 2 and 4 processes at once, on the same key and on different ones. */
void collections_bench_processes(void);

/* Values of 64 bytes, 1 KiB and 1 MiB, against Python unless @python is NULL. */
void collections_bench_values(bench_peer *python);

/* The list, against Python's unless @python is NULL. */
void collections_bench_list(bench_peer *python);

#endif
