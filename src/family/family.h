/* SPDX-License-Identifier: MIT */
/*
 * family/family.h - the one mapping that all members share.
 *
 * It is made by the first call that needs it, in the root process, and inherited by every process forked
 * later, at the same address.  Front to back: this struct, with the tables of members, of threads and of
 * watchers, and the rest, which is the arena's.
 */
#ifndef FAMILY_FAMILY_H
#define FAMILY_FAMILY_H

#include "base/private.h"
#include "sys/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_MEMBERS = 4096,
	MPROCI_THREADS = 16384,
	MPROCI_NAME_SIZE = 32,
	/* mproc_wait takes one for each queue and event, and up to 1024 of them in one call. */
	MPROCI_WATCHERS = 4096,
};

/* Who: index of a slot in the low 32 bits, its generation in the high ones.  0 is nobody. */
typedef uint64_t mproci_id;

typedef struct mproci_member {
	/* Generation, parent and state: member.c. */
	_Atomic uint64_t word;
	_Atomic uint64_t start_time;
	_Atomic int32_t pid;
	/*
	 * Opened when the parent can follow the process (sys/child.h); or, if a server does, when that
	 * knows how it ended.
	 */
	_Atomic uint32_t gate;
	/* How it ended: member.c. */
	_Atomic uint64_t ending;
	/* The address of the function it runs, or 0: for those who look from outside. */
	_Atomic uintptr_t running;
	/* Whether it ever took a slot for a child. */
	_Atomic uint32_t has_expected;
	/* Whether its slot is kept when it is buried: mproci_member_keep. */
	_Atomic uint32_t is_kept;
	char name[MPROCI_NAME_SIZE];
} mproci_member;

typedef struct mproci_thread {
	/*
	 * Generation in the high 32 bits; in the low ones a tag of its process, 0 when the slot is free.  A slot has a
	 * cache line of its own: each unlock writes to it.
	 */
	_Alignas(64) _Atomic uint64_t word;
	/* The address of the word it sleeps on, or 0; the low bit: thread.c. */
	_Atomic uintptr_t sleeps_on;
	/* The address of the lock it is releasing, or 0. */
	_Atomic uintptr_t releases;
	/* The address of the block it is moving into a place or out of it, or 0; and of that place. */
	_Atomic uintptr_t block, place;
	/* The address of the lock that it holds by its bias (sync/biased_lock.h), or 0. */
	_Atomic uintptr_t holds;
} mproci_thread;

/* Somebody who is to be told of something by a bell: bell.c. */
typedef struct mproci_watcher {
	/* Whose this slot is, or 0. */
	_Alignas(64) _Atomic mproci_id owner;
	/* Odd: the bell was rung.  Goes up only. */
	_Atomic uint64_t told;
	/* The bell's place. */
	_Atomic int32_t pid, descriptor;
	_Atomic uint64_t device, inode;
} mproci_watcher;

typedef struct mproci_family {
	/* What there is, and what was asked for: limits of the root may leave less. */
	size_t size, wished;
	/* Protects the making of what is made once for the whole family. */
	mproci_lock making;
	/*
	 * Those who bury take turns: a slot must not be taken anew while somebody still clears up behind
	 * the last.
	 */
	mproci_lock burying;
	/* The slot of the table of members that the holder of that lock is taking, or 0. */
	_Atomic mproci_id claim;
	/* All slots of members before this one are taken: for the holder of that lock. */
	_Atomic uint32_t member_hint;
	/* There may be a free slot of threads about here. */
	_Atomic uint32_t thread_hint;
	/* From here on no slot is taken. */
	_Atomic uint32_t member_limit, thread_limit;
	/* Threads that have ended, one way or another: what they owned waits to be adopted. */
	_Atomic uint32_t departures;
	/* When somebody who waits may look again who has ended unseen: nanoseconds of the clock. */
	_Atomic int64_t next_watch;
	/* From here on no slot of watchers is taken: the low 32 bits; the high ones count its changes. */
	_Atomic uint64_t watcher_limit;
	/* So many slots of watchers have memory. */
	_Atomic uint32_t watcher_room;
	mproci_member members[MPROCI_MEMBERS];
	mproci_thread threads[MPROCI_THREADS];
	mproci_watcher watchers[MPROCI_WATCHERS];
	/* What each of them watches, an address; 0: nothing.  Close together, for all who tell look through them. */
	_Atomic uintptr_t watched[MPROCI_WATCHERS];
} mproci_family;

/* The environment's variable by which a spawned process enters the family: process/spawned.h. */
#define MPROCI_FAMILY_VARIABLE "MPROC_SPAWN"

/* NULL until the first mproci_family_join of the root. */
extern mproci_family *mproci_family_here;

/*
 * Make sure that there is a family and that this process is a member: called first by whatever touches
 * shared memory.  A process forked without mproc becomes a member here.  Returns 0, or a negative errno
 * with an error text: -ENOMEM, -EAGAIN when the table is full, or -EINVAL when MPROC_ARENA_SIZE is no
 * size.  Cost: one load, but for the first call.
 */
MPROCI_PRIVATE int mproci_family_join(void);

/*
 * The same, with @size bytes instead of what the environment says; 0: the usual size.  Returns 0, or a
 * negative errno with an error text: -EINVAL when @size is none, -EALREADY when there is a family of
 * another size, or as mproci_family_join.
 */
int mproci_family_reserve(size_t size);

/*
 * In a process that was not forked: enter the family whose memory file is open at @file, of @size bytes,
 * and is at @base in all others.  Returns 0, or a negative errno with an error text.
 */
int mproci_family_enter(int file, void *base, size_t size);

/* What lies behind the tables. */
void mproci_family_rest(char **ret_start, char **ret_end);

/* Whether @address is in the family's memory. */
MPROCI_PRIVATE bool mproci_family_holds(const void *address);

#endif
