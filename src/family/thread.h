/* SPDX-License-Identifier: MIT */
/*
 * family/thread.h - the table of threads: who owns something, and who sleeps on which word.
 *
 * A thread takes a slot when it first needs one, and gives it up when it ends.  An id of a thread that ended
 * never means another thread.
 */
#ifndef FAMILY_THREAD_H
#define FAMILY_THREAD_H

#include "family/family.h"

/* This thread's id; 0 when the table is full or there is no family.  Cost: a few loads; with
 * a full table a scan of it. */
mproci_id mproci_thread_self(void);

/* Whether the thread has not ended; false for 0. */
bool mproci_thread_is_alive(mproci_id id);

/*
 * Note that this thread is about to sleep on @word while that is odd, or (NULL) no longer does.  Words outside the
 * family's memory are not noted: who sleeps there ends with whom it waits for.
 */
void mproci_thread_sleeps_on(_Atomic uint32_t *word);

/* Whether the word could not be noted, for the table is full: a burial will not wake this thread. */
bool mproci_thread_is_missed(void);

/*
 * With the lock of burials held, after a process has ended: step and wake the word of every sleeper of the family,
 * since nobody knows whom the dead was about to wake (sync/README.md), and end the threads of @member.
 */
void mproci_thread_bury_all(mproci_id member);

#endif
