/* SPDX-License-Identifier: MIT */
/*
 * collections/collection.h - what dicts and lists have in common: being entered, being locked, being destroyed.
 */
#ifndef COLLECTIONS_COLLECTION_H
#define COLLECTIONS_COLLECTION_H

#include "arena/root.h"
#include "base/object.h"
#include "base/private.h"
#include "family/thread.h"
#include "sync/biased_lock.h"
#include "sys/lock.h"

#include <errno.h>
#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What each begins with. */
typedef struct mproci_collection {
	/* Taken away while others may look whether it is there. */
	_Atomic uint64_t mark;
	/* Nanoseconds to wait for a lock; 0: without an end. */
	int64_t patience;
	/* What it is called in error texts. */
	char noun[16];
	_Atomic bool is_destroyed;
} mproci_collection;

/* Returns 0; or -EINVAL with an error text: @patience, in seconds, is out of range. */
int mproci_collection_init(mproci_collection *collection, const char *noun, double patience);

/* The error text for a lock that was not taken: @rc is what taking it returned, or -EPIPE: destroyed. */
int mproci_collection_refuse(const mproci_collection *collection, int rc);

/* mproci_collection_enter for who is no member yet, or has not used the arena. */
int mproci_collection_enter_family(mproci_collection *collection, _Atomic uintptr_t **ret_inside);

static inline void mproci_collection_leave(_Atomic uintptr_t *inside)
{
	atomic_store_explicit(inside, 0, memory_order_release);
}

/*
 * Begin a call, also of what is being destroyed: note that this thread is inside, so that the memory is not used again before it has left, and check
 * that @collection is one.  Returns 0 and what to leave with, or a negative errno with an error text.
 */
static inline int mproci_collection_enter_last(
	mproci_collection *collection, uint64_t mark, const char *noun, _Atomic uintptr_t **ret_inside)
{
	int rc;

	/* In this order: who destroys it has all threads fenced before he looks who is inside. */
	*ret_inside = mproci_thread_enters(collection);
	atomic_signal_fence(memory_order_seq_cst);
	rc = mproci_check_object(collection, mark, noun);
	if (rc == 0 && (mproci_member_self() == 0 || mproci_arena_here == NULL))
		rc = mproci_collection_enter_family(collection, ret_inside);
	if (rc < 0)
		mproci_collection_leave(*ret_inside);
	return rc;
}

/* The same, but -EPIPE when it is being destroyed. */
static inline int mproci_collection_enter(
	mproci_collection *collection, uint64_t mark, const char *noun, _Atomic uintptr_t **ret_inside)
{
	int rc;

	rc = mproci_collection_enter_last(collection, mark, noun, ret_inside);
	if (rc < 0 || !atomic_load_explicit(&collection->is_destroyed, memory_order_relaxed))
		return rc;
	mproci_collection_leave(*ret_inside);
	return mproci_collection_refuse(collection, -EPIPE);
}

/* mproci_collection_lock for who did not get it at once. */
int mproci_collection_lock_on(mproci_collection *collection, mproci_lock *lock);

/* mproci_collection_deadline where patience has an end. */
mproc_deadline mproci_collection_end_of_patience(const mproci_collection *collection);

/*
 * Until when this process waits for the locks of collections: MPROC_FOREVER, as long as each has patience, unless it must never sleep on one; then it
 * tries for microseconds, however patient they are, and says -ETIMEDOUT.  MPROC_NOW would wait for a millisecond.
 */
extern mproc_deadline mproci_collection_default_deadline;
MPROCI_PRIVATE void mproci_collection_set_default_deadline(mproc_deadline deadline);
#define MPROCI_COLLECTION_HURRY ((mproc_deadline)1)

/* Until when to wait for a lock. */
static inline mproc_deadline mproci_collection_deadline(const mproci_collection *collection)
{
	return collection->patience == 0 ? mproci_collection_default_deadline
					 : mproci_collection_end_of_patience(collection);
}

/*
 * Take one of its locks; released by mproci_lock_release.  Returns 0; MPROC_OWNER_DIED: held, and what it protects is to be put right; or
 * with an error text -ETIMEDOUT, -EPIPE: it was destroyed, -EBADMSG: there is no lock any more.
 */
static inline int mproci_collection_lock(mproci_collection *collection, mproci_lock *lock)
{
	if (mproci_lock_try(lock) < 0)
		return mproci_collection_lock_on(collection, lock);
	if (!atomic_load_explicit(&collection->is_destroyed, memory_order_relaxed))
		return 0;
	mproci_lock_release(lock);
	return mproci_collection_refuse(collection, -EPIPE);
}

/* The same with a biased one, until @deadline; released by mproci_biased_lock_release. */
static inline int mproci_collection_lock_biased(
	mproci_collection *collection, mproci_biased_lock *lock, mproc_deadline deadline)
{
	int rc = mproci_biased_lock_take(lock, deadline);

	if (rc >= 0 && !atomic_load_explicit(&collection->is_destroyed, memory_order_relaxed))
		return rc;
	if (rc >= 0)
		mproci_biased_lock_release(lock);
	return mproci_collection_refuse(collection, rc < 0 ? rc : -EPIPE);
}

/* The error text for what cannot be there: -EBADMSG. */
int mproci_collection_refuse_damage(const mproci_collection *collection);

/* Until when those are waited for who are inside of what is destroyed. */
mproc_deadline mproci_collection_last_deadline(void);

/*
 * Wait until no other thread is inside of what is destroyed, until @end at the latest.  Returns whether none is: otherwise its memory
 * must stay.
 */
bool mproci_collection_outlast_others(mproci_collection *collection, mproc_deadline end);

#endif
