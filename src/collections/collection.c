/* SPDX-License-Identifier: MIT */
#include "collections/collection.h"

#include "base/deadline.h"
#include "base/error.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/futex.h"
#include "sys/membarrier.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>

/* Seconds: 31 years. */
static const double MOST_PATIENCE = 1e9;

/* How long those inside of what is destroyed are waited for, who may be stopped. */
static const int64_t LEAVING = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

mproc_deadline mproci_collection_default_deadline = MPROC_FOREVER;

void mproci_collection_set_default_deadline(mproc_deadline deadline)
{
	mproci_collection_default_deadline = deadline;
}

int mproci_collection_init(mproci_collection *collection, const char *noun, double patience)
{
	/* Written like this, what is no number is refused as well. */
	if (!(patience >= 0 && patience <= MOST_PATIENCE))
		return mproci_fail(-EINVAL, "%s: patience %g: 0 to %g seconds are possible", noun, patience,
			MOST_PATIENCE);
	collection->patience = (int64_t)(patience * 1e9);
	if (patience > 0 && collection->patience == 0)
		collection->patience = 1;
	strncpy(collection->noun, noun, sizeof collection->noun - 1);
	atomic_store(&collection->is_destroyed, false);
	return 0;
}

int mproci_collection_enter_family(mproci_collection *collection, _Atomic uintptr_t **ret_inside)
{
	int rc = mproci_family_join();

	*ret_inside = mproci_thread_enters(collection);
	return rc < 0 ? rc : mproci_arena_open();
}

int mproci_collection_refuse_damage(const mproci_collection *collection)
{
	return mproci_fail(
		-EBADMSG, "%.15s %p: its memory was overwritten", collection->noun, (const void *)collection);
}

mproc_deadline mproci_collection_end_of_patience(const mproci_collection *collection)
{
	mproc_deadline deadline;

	if (mproci_collection_default_deadline != MPROC_FOREVER)
		return mproci_collection_default_deadline;
	/* Somebody may have overwritten it. */
	if (__builtin_add_overflow(mproci_clock_now(), collection->patience, &deadline))
		return MPROC_FOREVER;
	return deadline;
}

int mproci_collection_refuse(const mproci_collection *collection, int rc)
{
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "%.15s %p: somebody who is inside did not leave within %g s",
			collection->noun, (const void *)collection,
			mproci_collection_default_deadline != MPROC_FOREVER
				? 0
				: (double)collection->patience / 1e9);
	if (rc == -EPIPE)
		return mproci_fail(rc, "%.15s %p: destroyed", collection->noun, (const void *)collection);
	return mproci_collection_refuse_damage(collection);
}

int mproci_collection_lock_on(mproci_collection *collection, mproci_lock *lock)
{
	int rc = mproci_lock_take(lock, mproci_collection_deadline(collection));

	if (rc >= 0 && !atomic_load(&collection->is_destroyed))
		return rc;
	if (rc >= 0)
		mproci_lock_release(lock);
	return mproci_collection_refuse(collection, rc < 0 ? rc : -EPIPE);
}

mproc_deadline mproci_collection_last_deadline(void)
{
	return mproci_clock_now() + LEAVING;
}

bool mproci_collection_outlast_others(mproci_collection *collection, mproc_deadline end)
{
	_Atomic uint32_t nobody = 0;

	/* Whoever has noted that he is inside is seen from here on; who notes it later sees that it is destroyed. */
	if (!mproci_membarrier_all())
		mproci_futex_wait(&nobody, 0, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	while (mproci_thread_others_inside(collection)) {
		if (mproci_clock_now() > end)
			return false;
		mproci_member_watch();
		mproci_futex_wait(&nobody, 0, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	}
	return true;
}
