/* SPDX-License-Identifier: MIT */
/*
 * The event count, and the tables of members and threads.
 */
#include "crash.h"

#include "family/member.h"
#include "family/thread.h"
#include "sync/event_count.h"
#include "sys/clock.h"
#include "sys/futex.h"

#include <errno.h>

static const int64_t MILLISECOND = 1000000;

/* ---- event count ---- */

typedef struct bell {
	mproci_event_count events;
	_Atomic uint32_t is_rung, is_rung_again;
	/* Who died before the victim, and how many threads had departed by then. */
	mproci_id doomed;
	uint32_t departures;
} bell;

static void make_nothing(void *shared)
{
	(void)shared;
}

static void await(bell *all, _Atomic uint32_t *flag)
{
	while (*flag == 0) {
		uint32_t key = mproci_event_count_prepare(&all->events);

		if (*flag != 0)
			mproci_event_count_cancel(&all->events);
		else
			mproci_event_count_wait(&all->events, key, MPROC_FOREVER);
	}
}

static void await_ring(void *shared)
{
	bell *all = shared;

	await(all, &all->is_rung);
}

static void await_second_ring(void *shared)
{
	bell *all = shared;

	await(all, &all->is_rung_again);
}

static void ring(void *shared)
{
	bell *all = shared;

	all->is_rung = 1;
	mproci_event_count_notify(&all->events);
}

static void ring_and_complete(void *shared)
{
	ring(shared);
	mproci_member_completes();
}

/* It says that it has told the sleepers before it has. */
static void complete_and_ring(void *shared)
{
	bell *all = shared;

	all->is_rung = 1;
	mproci_member_completes();
	mproci_event_count_notify(&all->events);
}

static void ring_again(void *shared)
{
	bell *all = shared;

	all->is_rung_again = 1;
	mproci_event_count_notify(&all->events);
}

static void add_sleepers(void *shared)
{
	(void)shared;
	crash_start("the first sleeper", await_ring);
	crash_start("the second sleeper", await_ring);
}

static void add_other_sleeper(void *shared)
{
	(void)shared;
	crash_start("the sleeper", await_second_ring);
}

static unsigned count_threads(void)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < mproci_family_here->thread_limit; ++i)
		count += (uint32_t)mproci_family_here->threads[i].word != 0;
	return count;
}

/* The word is good: who waits sleeps, a notification wakes and leaves nobody announced. */
static void check_word(bell *all)
{
	uint32_t key = mproci_event_count_prepare(&all->events);

	crash_expect(
		mproci_event_count_wait(&all->events, key, mproci_clock_now() + MILLISECOND) == -ETIMEDOUT,
		"nobody can sleep any more");
	mproci_event_count_notify(&all->events);
	crash_expect((all->events.word & 1) == 0, "a notification left the word odd");
	crash_expect(
		mproci_event_count_wait(&all->events, key, MPROC_FOREVER) == 0, "an old key does not fit");
}

/* For operations in which nobody sleeps but the victim and this process. */
static void check_bell(void *shared)
{
	bell *all = shared;

	check_word(all);
	crash_expect(count_threads() == 2, "%u slots of threads are taken, not this one and the harness's",
		count_threads());
}

/* What the dead had changed, the sleepers must see without help; what it had not, is done now. */
static void check_ring(void *shared)
{
	bell *all = shared;

	if (all->is_rung == 0)
		ring(all);
}

static void check_nothing(void *shared)
{
	(void)shared;
}

static void announce_and_sleep(void *shared)
{
	bell *all = shared;

	mproci_event_count_wait(&all->events, mproci_event_count_prepare(&all->events), MPROC_FOREVER);
}

static void announce_and_cancel(void *shared)
{
	bell *all = shared;

	mproci_event_count_prepare(&all->events);
	mproci_event_count_cancel(&all->events);
}

/* ---- members ---- */

/* Die with a slot in the thread table, between a change and its notification. */
static void die_before_notifying(void *shared)
{
	bell *all = shared;

	all->doomed = mproci_member_self();
	all->departures = mproci_family_here->departures;
	mproci_event_count_prepare(&all->events);
	all->is_rung = 1;
}

static void add_sleeper_and_doomed(void *shared)
{
	crash_start("the sleeper", await_ring);
	crash_start("the doomed", die_before_notifying);
	(void)shared;
}

static void bury_doomed(void *shared)
{
	bell *all = shared;

	mproci_member_bury(all->doomed);
}

static void check_doomed(void *shared)
{
	bell *all = shared;

	crash_expect(!crash_is_member(all->doomed), "the dead keeps its slot among the members");
	crash_expect(mproci_family_here->departures != all->departures, "a departure is not counted");
}

/* Nobody was told of the doomed, but it is time to look. */
static void add_unseen_doomed(void *shared)
{
	add_sleeper_and_doomed(shared);
	mproci_family_here->next_watch = 0;
}

static void go_by_the_clock(void *shared)
{
	(void)shared;
	crash_put_clock_right();
}

static void watch(void *shared)
{
	(void)shared;
	mproci_member_watch();
}

/* Whoever waits looks as soon as it is time again, which it is in a moment. */
static void check_watch(void *shared)
{
	bell *all = shared;

	if (crash_is_member(all->doomed)) {
		crash_expect(mproci_family_here->next_watch <= mproci_clock_now() + 100 * MILLISECOND,
			"nobody looks any more who has died");
		mproci_family_here->next_watch = 0;
		mproci_member_watch();
	}
	check_doomed(shared);
}

/* What a process forked without mproc does at its first call. */
static void enrol(void *shared)
{
	(void)shared;
	mproci_member_enrol();
}

static void check_slots(void *shared)
{
	uint32_t limit = mproci_family_here->member_limit;

	(void)shared;
	mproci_member_sweep();
	for (uint32_t i = 0; i < limit; ++i)
		crash_expect((mproci_family_here->members[i].word & 0xff) != MPROCI_MEMBER_STARTING,
			"slot %u of the table is lost", i);
}

static void expect_and_bury(void *shared)
{
	bell *all = shared;

	if (mproci_member_expect("somebody", &all->doomed) == 0)
		mproci_member_bury(all->doomed);
}

const crash_operation crash_sync_operations[] = {
	{
		.name = "event count: sleep",
		.size = sizeof(bell),
		.set_up = make_nothing,
		.operate = announce_and_sleep,
		.survive = check_bell,
		.is_killed_twice = true,
	},
	{
		.name = "event count: sleep and be woken",
		.size = sizeof(bell),
		.set_up = make_nothing,
		.operate = await_ring,
		.unblock = ring,
		.survive = check_bell,
	},
	{
		.name = "event count: sleep beside others",
		.size = sizeof(bell),
		.set_up = add_sleepers,
		.operate = announce_and_sleep,
		.survive = check_ring,
	},
	{
		.name = "event count: first call of a thread",
		.size = sizeof(bell),
		.set_up = make_nothing,
		.operate = announce_and_cancel,
		.survive = check_bell,
		.is_cold = true,
		.is_killed_twice = true,
	},
	{
		.name = "event count: notify two sleepers",
		.size = sizeof(bell),
		.set_up = add_sleepers,
		.operate = ring,
		.survive = check_ring,
	},
	{
		.name = "member: complete",
		.size = sizeof(bell),
		.set_up = add_sleepers,
		.operate = ring_and_complete,
		.survive = check_ring,
	},
	{
		.name = "event count: notify beside another notifier",
		.size = sizeof(bell),
		.set_up = add_other_sleeper,
		.operate = ring,
		.witness = ring_again,
		.survive = check_nothing,
	},
	{
		.name = "member: bury",
		.size = sizeof(bell),
		.set_up = add_sleeper_and_doomed,
		.operate = bury_doomed,
		.recover = bury_doomed,
		.survive = check_doomed,
		.is_cold = true,
	},
	{
		.name = "member: watch",
		.size = sizeof(bell),
		.set_up = add_unseen_doomed,
		.prepare = go_by_the_clock,
		.operate = watch,
		.survive = check_watch,
		.is_slow = true,
	},
	{
		.name = "member: expect",
		.size = sizeof(bell),
		.set_up = make_nothing,
		.operate = expect_and_bury,
		.survive = check_nothing,
	},
	{
		.name = "member: enrol",
		.size = sizeof(bell),
		.set_up = make_nothing,
		.operate = enrol,
		.survive = check_slots,
	},
	{
		.name = "mistake: a notifier is not buried",
		.size = sizeof(bell),
		.set_up = add_sleepers,
		.operate = ring,
		.survive = check_ring,
		.is_mistake = true,
		.is_unburied = true,
	},
	{
		.name = "mistake: a notifier says too early that it is done",
		.size = sizeof(bell),
		.set_up = add_sleepers,
		.operate = complete_and_ring,
		.survive = check_ring,
		.is_mistake = true,
	},
	{0},
};
