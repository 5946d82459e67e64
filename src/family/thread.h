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
#include "family/member.h"

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
 * Note that this thread is about to move the block at @block into @place, or out of it to free it; NULL,
 * NULL: it no longer is.  If it dies in the middle its burial sees to it that the block is in the place or
 * free.
 */
void mproci_thread_moves(const void *block, void *_Atomic *place);

/*
 * What the arena does at that burial (arena/place.c), with the lock of burials held, and perhaps once more if
 * the burier is killed.
 */
void mproci_place_settle(const void *block, void *_Atomic *place);

/*
 * Whether a thread has noted an address in these @size bytes: that of a lock it is releasing, of a block it
 * is moving, or of its place; or died doing so and is not buried.  Cost: a look at each thread.
 */
bool mproci_thread_notes_in(const void *start, size_t size);

/* What this thread knows of its slot, if its process is that member, and it was inside of something before. */
typedef struct mproci_thread_note {
	mproci_id member, id;
	_Atomic uintptr_t *releases, *holds;
} mproci_thread_note;

extern _Thread_local __attribute__((tls_model("initial-exec"))) mproci_thread_note mproci_thread_noted;

/* mproci_thread_enters for who was not inside of anything yet. */
_Atomic uintptr_t *mproci_thread_enters_first(const void *object);

/*
 * Note that this thread is inside of @object, whose memory may be freed while it is: that is not used again before the thread
 * has left, or has died and is buried.  It leaves by storing 0 where this returns.  Not with locks that are released by
 * mproci_thread_release.
 */
static inline _Atomic uintptr_t *mproci_thread_enters(const void *object)
{
	_Atomic uintptr_t *place = mproci_thread_noted.releases;

	if (mproci_thread_noted.member == 0 || mproci_thread_noted.member != mproci_member_self())
		return mproci_thread_enters_first(object);
	atomic_store_explicit(place, (uintptr_t)object, memory_order_relaxed);
	return place;
}

/* Whether another thread is inside of @object, or died there and is not buried.  Cost: a look at each thread. */
bool mproci_thread_others_inside(const void *object);

/* What the thread noted in `holds`; anything when it is not alive. */
uintptr_t mproci_thread_holds(mproci_id id);

/* Give up this thread's slot before it ends. */
void mproci_thread_leave(void);

/*
 * With the lock of burials held, after a process has ended: step and wake each word that anybody of the
 * family sleeps on, since nobody knows whom the dead was about to wake (sync/README.md), and end the
 * threads of @member.
 */
void mproci_thread_bury_all(mproci_id member);

#endif
