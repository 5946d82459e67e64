/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/crash.h - killing an operation after each of its instructions.  README.md tells how to add one.
 */
#ifndef CRASH_CRASH_H
#define CRASH_CRASH_H

#include "family/family.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * One operation, and what must hold after its death.  All functions get the same shared memory: zeroed, in the
 * family, aligned to a page.  Those that run "in the harness" may not wait for anybody.
 */
typedef struct crash_operation {
	const char *name;
	/* Bytes of shared memory; at most CRASH_SHARED_SIZE. */
	size_t size;
	/* In the harness: make the objects, start companions. */
	void (*set_up)(void *shared);
	/* In the victim, before its first step; or NULL. */
	void (*prepare)(void *shared);
	/* In the harness, after that: start companions that need the victim to be there; or NULL. */
	void (*surround)(void *shared);
	/* In the victim: what is killed after each instruction. */
	void (*operate)(void *shared);
	/* In the harness, when the victim has fallen asleep: let it go on.  NULL: a deadline does, or nothing. */
	void (*unblock)(void *shared);
	/* In a process of its own, while the victim stands still before its death; or NULL.  It may wait for that. */
	void (*witness)(void *shared);
	/* What whoever learns of the death does, before the victim is buried; or NULL. */
	void (*recover)(void *shared);
	/* In a process of its own, after recover: go on, and check. */
	void (*survive)(void *shared);
	/* The victim has no slot in the thread table yet. */
	bool is_cold;
	/* It takes a while: a deadline passes.  It is killed only where it changed something. */
	bool is_slow;
	/* Also kill who recovers, wherever that changed something.  Not with companions. */
	bool is_killed_twice;
	/* A mistake made on purpose, which the harness must find. */
	bool is_mistake;
	/* The mistake is that nobody buries the victim. */
	bool is_unburied;
} crash_operation;

enum {
	CRASH_SHARED_SIZE = 64 << 10
};

/* All operations, by family; a name of NULL ends each. */
extern const crash_operation crash_sync_operations[];
extern const crash_operation crash_arena_operations[];
extern const crash_operation crash_map_operations[];
extern const crash_operation crash_crew_operations[];

/* In any process but the harness: what is not so is a violation, and ends the process. */
void crash_expect(bool is_so, const char *complaint, ...) __attribute__((format(printf, 2, 3)));

/*
 * In the harness: run @companion in a process of its own; returns when it sleeps or has ended.  By the end of the
 * test it must have ended by itself.
 */
void crash_start(const char *name, void (*companion)(void *shared));

/* In the harness: wait until every companion sleeps or has ended. */
void crash_settle(void);

/* Whether a member is in the table, in whatever state. */
bool crash_is_member(mproci_id id);

/* In set_up: more memory that all share, beside @shared, for an operation that works outside of it. */
void crash_watch(void *start, size_t size);

#endif
