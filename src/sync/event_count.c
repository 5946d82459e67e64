/* SPDX-License-Identifier: MIT */
#include "sync/event_count.h"

#include "base/deadline.h"
#include "family/bell.h"
#include "family/thread.h"
#include "sys/clock.h"
#include "sys/futex.h"

/* How long a thread sleeps whom a burial may not wake. */
static const int64_t RECHECK = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* Set the bit.  Returns the word. */
static uint32_t make_odd(mproci_event_count *events)
{
	uint32_t word = atomic_load(&events->word);

	while ((word & 1) == 0 && !atomic_compare_exchange_weak(&events->word, &word, word + 1))
		;
	/* Pairs with the fence in notify: either it sees the bit, or the caller's next look sees the change. */
	atomic_thread_fence(memory_order_seq_cst);
	return word | 1;
}

uint32_t mproci_event_count_prepare(mproci_event_count *events)
{
	/* Announced before the caller looks again: who buries a dead notifier finds it, or the look finds its change. */
	mproci_thread_sleeps_on(&events->word);
	return make_odd(events);
}

void mproci_event_count_arm(mproci_event_count *events)
{
	make_odd(events);
}

void mproci_event_count_cancel(mproci_event_count *events)
{
	(void)events;
	mproci_thread_sleeps_on(NULL);
}

static int wait_until(mproci_event_count *events, uint32_t key, mproc_deadline until)
{
	int rc;

	rc = mproci_futex_wait(&events->word, key, until);
	mproci_thread_sleeps_on(NULL);
	return rc;
}

int mproci_event_count_wait_unburied(mproci_event_count *events, uint32_t key, mproc_deadline deadline)
{
	mproc_deadline until = mproci_deadline_earlier(deadline, mproci_clock_now() + RECHECK);
	int rc;

	rc = wait_until(events, key, until);
	return until == deadline ? rc : 0;
}

int mproci_event_count_wait(mproci_event_count *events, uint32_t key, mproc_deadline deadline)
{
	if (mproci_thread_is_missed())
		return mproci_event_count_wait_unburied(events, key, deadline);
	return wait_until(events, key, deadline);
}

void mproci_event_count_notify(mproci_event_count *events)
{
	uint32_t word;

	atomic_thread_fence(memory_order_seq_cst);
	word = atomic_load_explicit(&events->word, memory_order_relaxed);
	if ((word & 1) == 0)
		return;
	mproci_futex_step(&events->word);
	/* After the step, which disarms: README.md.  When it cannot be told, a watcher looks again by itself. */
	if (mproci_watchers_are_there())
		mproci_watchers_tell(&events->word);
}

void mproci_event_count_notify_some(mproci_event_count *events, uint32_t count)
{
	/* In the one order of all seq_cst operations after the change; pairs with the fence in prepare. */
	uint32_t word = atomic_load(&events->word);

	if ((word & 1) == 0)
		return;
	if (count > INT32_MAX)
		count = INT32_MAX;
	/* Fewer than wished: nobody sleeps any more, so the bit may go; in one step, for somebody may just fall asleep. */
	if (mproci_futex_step_twice(&events->word, (int)count) < (int)count)
		mproci_futex_step(&events->word);
}
