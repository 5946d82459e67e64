/* SPDX-License-Identifier: MIT */
/*
 * How the owner waits, for whatever it is: looks for a moment, then sleeps on the crew's news, and now and then makes sure
 * that there is still somebody to wait for.
 */
#include "base/deadline.h"
#include "base/interrupt.h"
#include "pool/future.h"
#include "sys/clock.h"
#include "sys/relax.h"

#include <errno.h>

enum {
	/* About 30 µs: the time that falling asleep and being woken would take. */
	LOOKS_BEFORE_SLEEP = 600,
};

/* How long the nursery may be dead, or an interruption be there, before somebody who waits notices. */
static const int64_t LOOK = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static bool look(mproc_pool *pool, mproci_condition *is_true, void *what)
{
	for (int i = 0; i < LOOKS_BEFORE_SLEEP; ++i) {
		if (is_true(pool, what))
			return true;
		mproci_relax();
	}
	return false;
}

static int sleep_until(mproc_pool *pool, mproci_condition *is_true, void *what, mproc_deadline until)
{
	mproci_event_count *news = &pool->crew->news;
	uint32_t key = mproci_event_count_prepare(news);

	if (!is_true(pool, what))
		return mproci_event_count_wait(news, key, until);
	mproci_event_count_cancel(news);
	return 0;
}

int mproci_pool_await(
	mproc_pool *pool, mproci_condition *is_true, void *what, mproc_deadline deadline, uint64_t begun)
{
	/* What was left undone when the process was interrupted, by who does everything himself. */
	pool->engine->serve(pool);
	if (is_true(pool, what))
		return 0;
	if (deadline == MPROC_NOW) {
		mproci_pool_look(pool);
		return is_true(pool, what) ? 0 : -ETIMEDOUT;
	}
	if (look(pool, is_true, what))
		return 0;
	while (!is_true(pool, what)) {
		int64_t now = mproci_clock_now();

		if (mproci_interrupt_is_due(begun))
			return -EINTR;
		if (mproci_deadline_passed(deadline, now))
			return -ETIMEDOUT;
		pool->engine->serve(pool);
		mproci_futures_tell(pool);
		if (sleep_until(pool, is_true, what, mproci_deadline_earlier(deadline, now + LOOK)) == 0)
			continue;
		/* Then everything has ended that can be waited for. */
		if (mproci_pool_check(pool) < 0)
			return 0;
	}
	return 0;
}

void mproci_pool_await_quietly(mproc_pool *pool, mproci_condition *is_true, void *what)
{
	while (!look(pool, is_true, what)) {
		pool->engine->serve(pool);
		if (sleep_until(pool, is_true, what, mproci_clock_now() + LOOK) == -ETIMEDOUT)
			mproci_pool_check(pool);
	}
}

void mproci_pool_look(mproc_pool *pool)
{
	int64_t now = mproci_clock_now(), before = atomic_load(&pool->looked);

	if (now - before >= LOOK && atomic_compare_exchange_strong(&pool->looked, &before, now))
		mproci_pool_check(pool);
}
