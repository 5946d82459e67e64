/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/ground.h - an arena as new for each test, and a look at the whole of it.
 */
#ifndef CRASH_GROUND_H
#define CRASH_GROUND_H

#include "crash.h"

#include "arena/heap.h"

enum {
	/* No test uses more. */
	GROUND_UNITS = 16,
	/* The units whose beginning is watched, and how much: a span's notes and states. */
	GROUND_WATCHED_UNITS = 4,
	GROUND_WATCHED_SIZE = 256,
};

/* In set_up: as if nobody had ever needed an arena. */
void ground_clear(void *shared);

/* In set_up: a new arena, watched or not. */
void ground_make(void *shared);
void ground_make_unwatched(void);
void ground_watch_units(size_t from);

/* Where its units are. */
char *ground_units(void);

/* In any process but the harness, as all below: this thread's heap. */
mproci_heap *ground_enter(void);

void ground_give(void *block);

/* A census of the arena, after a check of its invariants. */
mproci_arena_census ground_look(void);

/* The same after everything was given back that nobody uses; no thread that has ended has left anything. */
mproci_arena_census ground_look_at_rest(void);

/* Blocks in use. */
uint32_t ground_count_used(const mproci_arena_census *census);

void ground_check_zero(const char *block, size_t size);

/* With nothing in use, all units are one free run, and read as zero. */
void ground_check_empty(void);

#endif
