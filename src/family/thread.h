/* SPDX-License-Identifier: MIT */
/*
 * family/thread.h - the table of threads: who owns something, and who sleeps on which word.
 *
 * A thread takes a slot when it first needs one, and gives it up when it ends.  An id of a thread that
 * ended never means another thread.
 */
#ifndef FAMILY_THREAD_H
#define FAMILY_THREAD_H

#include "family/family.h"

/* This thread's id; 0 when the table is full or there is no family.  Cost: a few loads; with
 * a full table a scan of it. */
mproci_id mproci_thread_self(void);

/*
 * Whether @id, not 0, is this thread's: no longer in a forked child, nor once the thread has given up its
 * slot.
 */
bool mproci_thread_is_own(mproci_id id);

/* Whether the thread has not ended; false for 0. */
bool mproci_thread_is_alive(mproci_id id);

/* Whether the thread is one of @member's; false for 0, and once it has ended. */
bool mproci_thread_belongs_to(mproci_id id, mproci_id member);

/*
 * Note that this thread is about to sleep on @word while that is odd, or (NULL) no longer does.  Words
 * outside the family's memory are not noted: who sleeps there ends with whom it waits for.
 */
void mproci_thread_sleeps_on(_Atomic uint32_t *word);

/* Whether the word could not be noted, for the table is full: a burial will not wake this thread. */
bool mproci_thread_is_missed(void);

/*
 * Release a lock that lies in memory which the next one to hold it may free.  Returns what
 * mproci_lock_release does.
 *
 * A thread killed in the middle leaves the kernel with the address of that lock: should the memory be
 * something else by then, and hold the thread's number there, the kernel would change it (glibc bug
 * 14485).  So the address is noted meanwhile, and memory is not used again while a lock in it is noted.
 */
int mproci_thread_release(mproci_lock *lock);

/*
 * Whether a thread is releasing a lock in these @size bytes, or died doing so and is not buried.  Cost: a
 * look at each thread.
 */
bool mproci_thread_releases_in(const void *start, size_t size);

/* Give up this thread's slot before it ends. */
void mproci_thread_leave(void);

/*
 * With the lock of burials held, after a process has ended: step and wake each word that anybody of the
 * family sleeps on, since nobody knows whom the dead was about to wake (sync/README.md), and end the
 * threads of @member.
 */
void mproci_thread_bury_all(mproci_id member);

#endif
