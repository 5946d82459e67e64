/* SPDX-License-Identifier: MIT */
/*
 * Waiting for many futures, which may be of several pools: this thread sleeps on the news of the first one's, and looks at the
 * others now and then.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "family/member.h"
#include "pool/future.h"
#include "sys/clock.h"

#include <errno.h>

typedef struct crowd {
	mproc_future *const *futures;
	size_t count;
	/* One that has ended. */
	size_t found;
	/* They are of several pools. */
	bool is_mixed;
} crowd;

/* How long another pool than the first may have failed, or have somebody to tell, before it is noticed. */
static const int64_t LOOK = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static void look_at_others(const crowd *all, mproc_pool *first)
{
	for (size_t i = 0; i < all->count && all->is_mixed; ++i) {
		if (all->futures[i] == NULL || all->futures[i]->pool == first)
			continue;
		mproci_pool_look(all->futures[i]->pool);
		mproci_futures_tell(all->futures[i]->pool);
	}
}

static bool has_one_ended(mproc_pool *pool, void *what)
{
	crowd *all = what;

	(void)pool;
	for (size_t i = 0; i < all->count; ++i) {
		if (all->futures[i] != NULL && mproci_future_has_ended(all->futures[i])) {
			all->found = i;
			return true;
		}
	}
	return false;
}

/* The first that is there; NULL with an error text when something is wrong. */
static int check(mproc_future *const *futures, size_t count, mproc_future **ret_first)
{
	*ret_first = NULL;
	if (futures == NULL && count != 0)
		return mproci_fail(-EINVAL, "futures is NULL, its count %zu", count);
	for (size_t i = 0; i < count; ++i) {
		if (futures[i] == NULL)
			continue;
		if (futures[i]->pool->owner != mproci_member_self())
			return mproci_fail(-ECHILD, "future %zu: made by another process than this one", i);
		if (*ret_first == NULL)
			*ret_first = futures[i];
	}
	return *ret_first == NULL ? 0 : mproci_pool_check_caller((*ret_first)->pool);
}

static int await_one(crowd *all, mproc_pool *pool, mproc_deadline deadline)
{
	uint64_t begun = mproci_interrupt_begin();
	int rc;

	/* A look first: asking to be told costs each of them something. */
	if (has_one_ended(pool, all))
		return 0;
	for (size_t i = 0; i < all->count; ++i) {
		mproc_future *future = all->futures[i];

		all->is_mixed |= future != NULL && future->pool != pool;
		if (future != NULL && future->id != 0)
			mproci_slot_await(mproci_pool_slot(future->pool, future->id), future->id);
	}
	do {
		mproc_deadline until = mproci_deadline_earlier(deadline, mproci_clock_now() + LOOK);

		rc = mproci_pool_await(pool, has_one_ended, all, all->is_mixed ? until : deadline, begun);
		look_at_others(all, pool);
	} while ((rc == 0 && !has_one_ended(pool, all))
		 || (rc == -ETIMEDOUT && !mproci_deadline_passed(deadline, mproci_clock_now())));
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "none of %zu futures has ended", all->count);
	else if (rc == -EINTR)
		mproci_fail(rc, "interrupted while waiting for %zu futures", all->count);
	return rc;
}

int mproc_future_wait_any(
	mproc_future *const *futures, size_t count, mproc_deadline deadline, size_t *ret_index)
{
	crowd all = {.futures = futures, .count = count};
	mproc_future *first;
	int rc;

	if (ret_index == NULL)
		return mproci_fail(-EINVAL, "ret_index is NULL");
	rc = check(futures, count, &first);
	if (rc < 0)
		return rc;
	if (first == NULL)
		return mproci_fail(-ENOENT, "all of %zu futures are NULL", count);
	rc = await_one(&all, first->pool, deadline);
	if (rc < 0)
		return rc;
	mproci_futures_tell(first->pool);
	*ret_index = all.found;
	return 0;
}

int mproc_future_wait_all(mproc_future *const *futures, size_t count, mproc_deadline deadline)
{
	mproc_future *first;
	int rc;

	rc = check(futures, count, &first);
	for (size_t i = 0; i < count && rc == 0; ++i) {
		if (futures[i] != NULL)
			rc = mproc_future_wait(futures[i], deadline);
	}
	return rc;
}

int mproc_future_as_completed(mproc_future **futures, size_t count, size_t taken, mproc_deadline deadline)
{
	crowd all = {.futures = futures + taken, .count = count - taken};
	mproc_future *first, *found;
	mproc_pool *pool;
	int rc;

	if (taken >= count)
		return mproci_fail(-EINVAL, "taken %zu of %zu: none is left", taken, count);
	if (futures == NULL || futures[taken] == NULL)
		return mproci_fail(-EINVAL, "futures, or future %zu, is NULL", taken);
	/* Only this one: a look at all of them for each that ends would be too many. */
	pool = futures[taken]->pool;
	rc = check(&futures[taken], 1, &first);
	if (rc == 0)
		rc = await_one(&all, pool, deadline);
	if (rc < 0)
		return rc;
	mproci_futures_tell(pool);
	found = futures[taken + all.found];
	futures[taken + all.found] = futures[taken];
	futures[taken] = found;
	return 0;
}
