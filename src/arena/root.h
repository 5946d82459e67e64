/* SPDX-License-Identifier: MIT */
/*
 * arena/root.h - what the arena is made of, at the front of the family's rest memory: this struct, the table of
 * units, the units.
 */
#ifndef ARENA_ROOT_H
#define ARENA_ROOT_H

#include "arena/unit.h"
#include "sys/lock.h"

#include <stddef.h>

enum {
	MPROCI_JOURNAL_STORES = 8,
	MPROCI_RUN_ORDERS = 22,
};

/* What a change of the table is about to store: whoever finds it unfinished does it again.  See README.md. */
typedef struct mproci_journal {
	/* Stores to be done; 0: none. */
	_Atomic uint32_t count;
	/* The arena's unit_count after it. */
	uint32_t unit_count;
	struct {
		uint64_t word;
		uint32_t unit;
	} stores[MPROCI_JOURNAL_STORES];
} mproci_journal;

typedef struct mproci_arena {
	/* Set last: everything below is made. */
	_Atomic uint32_t ready;
	/* Units there is room for. */
	uint32_t unit_limit;
	/* Units that ever were in use; those behind it were never touched, nor was their part of the table. */
	_Atomic uint32_t unit_count;
	/* Entries of the table that have memory. */
	uint32_t table_count;
	_Atomic uint64_t *table;
	char *units;
	/* The family's departures that are dealt with: no earlier one left anything behind. */
	_Atomic uint32_t swept;
	/* Every free run of 1 << order units or more starts here or later.  A cache: 0 is always right. */
	uint32_t hints[MPROCI_RUN_ORDERS];
	/* Protects the lengths of all runs, and everything above but ready. */
	mproci_lock lock;
	mproci_journal journal;
} mproci_arena;

/* NULL until mproci_arena_open succeeded here or in an ancestor. */
extern mproci_arena *mproci_arena_here;

/*
 * Find the arena, or make it if this family has none yet: once in each thread, whose lock lets the thread
 * see mproci_arena_here.  Returns 0 or a negative errno with an error text.
 */
int mproci_arena_open(void);

/*
 * Find it without a lock, in a process that may not have opened it.  Returns false where the family has none
 * yet.
 */
bool mproci_arena_find(void);

/* What an arena consists of, as mproci_arena_check counted it. */
typedef struct mproci_arena_census {
	uint32_t units, free_units, free_runs, held_units, big_blocks, spans;
	/* Spans whose owner has ended. */
	uint32_t orphans;
	/* Blocks of spans: allocated, and freed by another thread than the owner who has not noticed yet. */
	uint32_t small_used, small_freed;
} mproci_arena_census;

/*
 * Verify the invariants of README.md that can be seen, while nobody else allocates or frees.  Returns 0, or -EBADMSG
 * with a text that names the unit; @ret_census may be NULL.
 */
int mproci_arena_check(mproci_arena_census *ret_census);

#endif
