/* SPDX-License-Identifier: MIT */
/*
 * family/member.h - the table of processes: who belongs to the family, and who has gone.
 *
 * A slot goes FREE -> STARTING -> RUNNING -> DEAD -> FREE, or DEAD -> KEPT -> FREE where its parent is to ask how it ended; its
 * generation counts how often it was taken, so that an id never means anybody else.  Only who knows from the kernel that a
 * process has ended buries it.
 */
#ifndef FAMILY_MEMBER_H
#define FAMILY_MEMBER_H

#include "base/private.h"
#include "family/family.h"
#include "sys/child.h"

#include <sys/types.h>

typedef enum mproci_member_state {
	MPROCI_MEMBER_FREE,
	MPROCI_MEMBER_STARTING,
	MPROCI_MEMBER_RUNNING,
	MPROCI_MEMBER_DEAD,
	/* Buried, and nobody else's yet. */
	MPROCI_MEMBER_KEPT,
} mproci_member_state;

/* What a process knows of itself: on a page that the kernel zeroes in a forked child, the one thing that tells it from its parent. */
typedef struct mproci_own_page {
	_Atomic mproci_id id;
	/* Slots of its threads. */
	_Atomic uint32_t threads;
	/* Whether its own stamp was asked for. */
	_Atomic bool is_stamped;
} mproci_own_page;

/* NULL until this process or an ancestor needed it. */
extern MPROCI_PRIVATE mproci_own_page *_Atomic mproci_own_here;

/* This process's id; 0 when it is no member (yet), as after a plain fork(). */
static inline mproci_id mproci_member_self(void)
{
	mproci_own_page *own = atomic_load_explicit(&mproci_own_here, memory_order_acquire);

	return own == NULL ? 0 : atomic_load_explicit(&own->id, memory_order_relaxed);
}

/* Take a slot for this process.  Returns 0, or -EAGAIN (full) or -ENOMEM with an error text. */
int mproci_member_enrol(void);

/* Take a slot for a child that is about to be forked.  As mproci_member_enrol; the id in @ret_id. */
int mproci_member_expect(const char *name, mproci_id *ret_id);

/*
 * In the child: be the member that was expected.  Returns 0; -ECHILD when the parent has died; another
 * negative errno with an error text when /proc cannot be read.
 */
int mproci_member_become(mproci_id id);

/* In a process that was not forked, before it becomes a member.  Returns 0, or -ENOMEM with an error text. */
int mproci_member_prepare(void);

/*
 * Note how a member ends: what it says itself (@is_proven false), or what the kernel says, which is never
 * replaced.  Nothing happens when it is buried.
 */
void mproci_member_ends(mproci_id id, mproci_ending ending, bool is_proven);

/*
 * What was noted about a member that is not buried.  Returns whether anything was, and in @ret_is_proven
 * whether by the kernel.
 */
bool mproci_member_ending(mproci_id id, mproci_ending *ret_ending, bool *ret_is_proven);

/*
 * In a process that ends, as the last thing it does, having returned from all it began: note that its
 * burial need wake nobody (family/README.md).  Nothing is noted where the family cannot know that: when
 * this process has other threads, or its own stamp was asked for.
 */
void mproci_member_completes(void);

/*
 * In the parent, before the member runs: whoever buries it keeps the slot, with what is noted of its end, until the parent
 * calls mproci_member_bury, or has died.
 */
void mproci_member_keep(mproci_id id);

/* How many slots of threads this process, a member, has. */
_Atomic uint32_t *mproci_member_threads(void);

/* Wake who waits for what was noted, by opening the member's gate. */
void mproci_member_tell(mproci_id id);

/*
 * In the parent, after it has made a child for that id: note its pid, and that it has started by now,
 * which the child need not do.
 */
void mproci_member_started(mproci_id id, pid_t pid);

/* Whether @id is a member that is expected and has not come yet.  @id may be anything. */
bool mproci_member_is_expected(mproci_id id);

/* Note which function this process runs, for whoever looks at the table; 0: none. */
void mproci_member_runs(uintptr_t function);

/* The lock of burials, under which slots are taken and given back. */
void mproci_member_lock(void);
void mproci_member_unlock(void);

/* The slot of a member, also of one that is gone. */
mproci_member *mproci_member_slot(mproci_id id);

/* The running member that has the process id @pid; 0 when there is none. */
mproci_id mproci_member_find(pid_t pid);

/*
 * Note that a member has ended, or was never forked: end its children, which die with it, wake whoever it
 * may have failed to wake, give up what its threads owned, free its slot, also one that was kept.  Nothing happens
 * when that is free already.  May be done again by somebody else when the caller dies on the way.
 */
void mproci_member_bury(mproci_id id);

/*
 * Kill a member that need not be this process's child, wait until the kernel says that it has ended, and
 * bury it.  Without a descriptor to follow it nothing is done: who cannot be seen dying is not buried.
 */
void mproci_member_end(mproci_id id);

/* Bury all who have ended and whom nobody waited for, keeping the slots that are to be kept.  Cost: some system calls per member. */
void mproci_member_sweep(void);

/* The same, unless somebody stands in the way who buries. */
void mproci_member_look(void);

/*
 * The same, but not if anybody in the family did so within the last 100 ms, or 100 times what that took:
 * for those who wait for something that a death decides.
 */
void mproci_member_watch(void);

/*
 * An id in 32 bits, never 0: 13 of its slot, 19 of its generation.  It is mistaken for another member only
 * after that slot was taken half a million times while nobody looked at it.
 *
 * A process that asks for its own is one whose end may decide something: its burial wakes all who sleep.
 * Who makes the stamp of another sleeps no longer than 100 ms at a time.
 */
MPROCI_PRIVATE uint32_t mproci_member_stamp(mproci_id id);

/* Whether the member has not been buried; false for 0 and for what is no stamp. */
bool mproci_member_is_there(uint32_t stamp);

/* The same, and its process has not ended, buried or not.  Cost: some system calls. */
MPROCI_PRIVATE bool mproci_member_lives(uint32_t stamp);

#endif
