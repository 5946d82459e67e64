/* SPDX-License-Identifier: MIT */
/*
 * sync/event_count.h - the one place where anybody sleeps until something becomes true.
 *
 * Who waits:                                           Who makes it true:
 *     while (!it_is_true()) {                              make_it_true();
 *             key = mproci_event_count_prepare(ec);        mproci_event_count_notify(ec);
 *             if (it_is_true())
 *                     mproci_event_count_cancel(ec);
 *             else
 *                     rc = mproci_event_count_wait(ec, key, deadline);
 *     }
 *
 * See README.md beside this file for the argument that no wake-up is lost, also when somebody is killed.
 */
#ifndef SYNC_EVENT_COUNT_H
#define SYNC_EVENT_COUNT_H

#include "base/private.h"

#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zero is a good one.  Twice the number of notifications that mattered, plus 1 when somebody may sleep. */
typedef struct mproci_event_count {
	_Atomic uint32_t word;
} mproci_event_count;

/* Announce that this thread may sleep.  Look again after this; then wait or cancel. */
MPROCI_PRIVATE uint32_t mproci_event_count_prepare(mproci_event_count *events);

/* Not sleeping after all. */
MPROCI_PRIVATE void mproci_event_count_cancel(mproci_event_count *events);

/* Sleep until a notification after @key was taken.  Returns 0: look again (may be spurious); -ETIMEDOUT. */
int mproci_event_count_wait(mproci_event_count *events, uint32_t key, mproc_deadline deadline);

/*
 * The same for at most 100 ms, then 0: for who may be notified by members whom nobody watches and buries, such as those
 * that a program forked itself.
 */
MPROCI_PRIVATE int mproci_event_count_wait_unburied(
	mproci_event_count *events, uint32_t key, mproc_deadline deadline);

/*
 * For who sleeps on a bell instead, having it rung for the address of the word (family/bell.h): have the next
 * mproci_event_count_notify ring it.  Look again after this.  It sleeps no longer than 100 ms at a time.
 */
MPROCI_PRIVATE void mproci_event_count_arm(mproci_event_count *events);

/* Whether somebody prepared and may sleep: for who holds a lock that is taken after preparing, or settled. */
static inline bool mproci_event_count_is_awaited(const mproci_event_count *events)
{
	return (atomic_load_explicit(&events->word, memory_order_relaxed) & 1) != 0;
}

/* Wake everybody who prepared, and ring for who watches the word.  Cost with nobody asleep: a fence and a load. */
MPROCI_PRIVATE void mproci_event_count_notify(mproci_event_count *events);

/*
 * Wake at least @count of those who prepared, or all, after a change made by a seq_cst operation, or under a lock that they
 * unlock after preparing.  Rings for nobody.  Cost with nobody asleep: a load; once after the last sleeper two system calls.
 */
void mproci_event_count_notify_some(mproci_event_count *events, uint32_t count);

#endif
