/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/crash.h - killing an operation after each of its instructions.  README.md tells how to add one.
 */
#ifndef CRASH_CRASH_H
#define CRASH_CRASH_H

#include "family/family.h"

#include <mproc/deadline.h>
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
	/* Those who wait may rely on looking again every 100 ms: the clock of the companions is right. */
	bool is_rechecked;
	/* It is long, and killed where it changed something and at a sample of its other steps. */
	bool is_sampled;
	/* The victim is the first child of the process that operates, from its first instruction on.  That goes on meanwhile. */
	bool is_child;
	/* It does not: it stands still from where it has made the child until that is dead. */
	bool holds_parent;
	/* It never ends: it is done when it has fallen asleep that often.  0: it ends. */
	unsigned rests;
	/* Nobody is told of the victim's death: a mistake, unless those who wait find out. */
	bool is_unburied;
	/* A mistake made on purpose, which the harness must find. */
	bool is_mistake;
} crash_operation;

enum {
	CRASH_SHARED_SIZE = 256 << 10
};

/* Where a victim is, as far as it has told. */
typedef enum crash_stage {
	CRASH_BEFORE,
	CRASH_INSIDE,
	CRASH_AFTER,
} crash_stage;

/* All operations, by family; a name of NULL ends each. */
extern const crash_operation crash_sync_operations[];
extern const crash_operation crash_mutex_operations[];
extern const crash_operation crash_freed_lock_operations[];
extern const crash_operation crash_semaphore_operations[];
extern const crash_operation crash_event_operations[];
extern const crash_operation crash_bell_operations[];
extern const crash_operation crash_condition_operations[];
extern const crash_operation crash_barrier_operations[];
extern const crash_operation crash_once_operations[];
extern const crash_operation crash_value_operations[];
extern const crash_operation crash_dict_operations[];
extern const crash_operation crash_dict_whole_operations[];
extern const crash_operation crash_dict_crowd_operations[];
extern const crash_operation crash_dict_biased_operations[];
extern const crash_operation crash_list_operations[];
extern const crash_operation crash_file_operations[];
extern const crash_operation crash_timeline_operations[];
extern const crash_operation crash_random_operations[];
extern const crash_operation crash_arena_operations[];
extern const crash_operation crash_place_operations[];
extern const crash_operation crash_ranges_operations[];
extern const crash_operation crash_map_operations[];
extern const crash_operation crash_crew_operations[];
extern const crash_operation crash_task_operations[];
extern const crash_operation crash_task_time_operations[];
extern const crash_operation crash_task_return_operations[];
extern const crash_operation crash_connection_operations[];
extern const crash_operation crash_process_operations[];
extern const crash_operation crash_queue_operations[];
extern const crash_operation crash_queue_large_operations[];
extern const crash_operation crash_queue_owed_operations[];
extern const crash_operation crash_queue_wait_operations[];
extern const crash_operation crash_queue_biased_operations[];
extern const crash_operation crash_queue_mistakes[];
extern const crash_operation crash_manager_operations[];

/* In any process but the harness: what is not so is a violation, and ends the process. */
void crash_expect(bool is_so, const char *complaint, ...) __attribute__((format(printf, 2, 3)));

/* The same: what the victim did, or did not, must fit to where it was. */
void crash_expect_outcome(crash_stage stage, bool has_happened);

/*
 * In the harness: run @companion in a process of its own; returns when it sleeps or has ended.  By the end of the
 * test it must have ended by itself.  To see that it is woken, and did not look again by itself, its clock is an
 * hour ahead, as the victim's is: a deadline that the library reckons for it is far away.
 */
void crash_start(const char *name, void (*companion)(void *shared));

/* In the harness: wait until every companion sleeps or has ended. */
void crash_settle(void);

/* In any process: count up, and tell who waits for it; a flag is a count of 1. */
void crash_add(_Atomic uint32_t *count);

/* In any process but the harness: wait until a count is at least @least. */
void crash_await(_Atomic uint32_t *count, uint32_t least);

/* A deadline for the victim, which should be asleep by then. */
mproc_deadline crash_soon(int milliseconds);

/* In prepare: the clock of the victim is right. */
void crash_put_clock_right(void);

/* Whether a member is in the table, in whatever state. */
bool crash_is_member(mproci_id id);

/* In a survivor: whether the victim, a child, had ended by itself. */
bool crash_victim_had_ended(void);

/* In set_up: an arena as new, as if nobody had ever needed one, so that every run takes the same steps. */
void crash_renew_arena(void);

/* In set_up: more memory that all share, beside @shared, for an operation that works outside of it. */
void crash_watch(void *start, size_t size);

#endif
