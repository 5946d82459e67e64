/* SPDX-License-Identifier: MIT */
/*
 * Mutex, event count, and the tables of members and threads.
 */
#include "crash.h"

#include "family/member.h"
#include "family/thread.h"
#include "sync/event_count.h"
#include "sys/clock.h"
#include "sys/futex.h"

#include <errno.h>
#include <mproc/mutex.h>

static const int64_t MILLISECOND = 1000000;

/* ---- mutex: two words that belong together ---- */

typedef struct words {
	mproc_mutex lock;
	/* What the victim is at, as far as it has told. */
	_Atomic int stage;
	_Atomic uint64_t first, second;
	/* Set when the holder, and who barged in, may let the lock go. */
	_Atomic uint32_t holder_may_go, barger_may_go;
} words;

enum {
	BEFORE,
	LOCKING,
	INSIDE,
	UNLOCKING,
	AFTER
};

static void make_words(void *shared)
{
	words *all = shared;

	mproc_mutex_init(&all->lock, NULL);
}

static void update_words(void *shared)
{
	words *all = shared;

	all->stage = LOCKING;
	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	all->stage = INSIDE;
	++all->first;
	++all->second;
	all->stage = UNLOCKING;
	mproc_mutex_unlock(&all->lock);
	all->stage = AFTER;
}

static void check_news(const words *all, int rc)
{
	crash_expect(rc == 0 || rc == MPROC_OWNER_DIED, "lock returned %d: %s", rc, mproc_error_text());
	if (all->stage == INSIDE)
		crash_expect(rc == MPROC_OWNER_DIED, "the holder's death went unnoticed");
	if (all->stage == BEFORE || all->stage == AFTER)
		crash_expect(rc == 0, "owner died, but nobody held it");
}

static void lock_words_again(words *all)
{
	for (int i = 0; i < 2; ++i) {
		crash_expect(
			mproc_mutex_lock(&all->lock, MPROC_NOW) == 0, "the mutex cannot be locked again");
		crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex cannot be unlocked");
	}
	crash_expect(mproc_mutex_destroy(&all->lock) == 0, "the mutex cannot be destroyed");
}

static void check_words(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	check_news(all, rc);
	if (rc == MPROC_OWNER_DIED)
		all->second = all->first;
	crash_expect(
		all->first == all->second, "half an update: %d and %d", (int)all->first, (int)all->second);
	mproc_mutex_unlock(&all->lock);
	lock_words_again(all);
}

static void check_words_without_repair(void *shared)
{
	words *all = shared;

	check_news(all, mproc_mutex_lock(&all->lock, MPROC_FOREVER));
	crash_expect(
		all->first == all->second, "half an update: %d and %d", (int)all->first, (int)all->second);
	mproc_mutex_unlock(&all->lock);
}

/* ---- mutex: others wait for it ---- */

static void await_leave(_Atomic uint32_t *may_go)
{
	while (*may_go == 0)
		mproci_futex_wait(may_go, 0, MPROC_FOREVER);
}

static void give_leave(_Atomic uint32_t *may_go)
{
	*may_go = 1;
	mproci_futex_wake(may_go, MPROCI_WAKE_ALL);
}

static void wait_in_line(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	crash_expect(rc >= 0, "lock returned %d", rc);
	mproc_mutex_unlock(&all->lock);
}

static void hold(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	await_leave(&all->holder_may_go);
	mproc_mutex_unlock(&all->lock);
}

/* Take the mutex in the moment in which it is free, and keep it until the victim is dead. */
static void barge_in(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_NOW);

	crash_expect(rc >= 0 || rc == -EAGAIN, "lock returned %d", rc);
	if (rc < 0)
		return;
	await_leave(&all->barger_may_go);
	mproc_mutex_unlock(&all->lock);
}

static void lock_words(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
}

static void form_a_line(void *shared)
{
	(void)shared;
	crash_start("the first in line", wait_in_line);
	crash_start("the second in line", wait_in_line);
}

static void unlock_words(void *shared)
{
	words *all = shared;

	mproc_mutex_unlock(&all->lock);
}

/* Not by locking: that would help those in line. */
static void let_the_line_go_on(void *shared)
{
	words *all = shared;

	give_leave(&all->holder_may_go);
	give_leave(&all->barger_may_go);
}

static void make_held_words(void *shared)
{
	make_words(shared);
	crash_start("the holder", hold);
}

static void queue_up(void *shared)
{
	words *all = shared;

	crash_start("the next in line", wait_in_line);
	give_leave(&all->holder_may_go);
}

static void lock_and_unlock(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	mproc_mutex_unlock(&all->lock);
}

static void lock_until_deadline(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, mproci_clock_now() + 10 * MILLISECOND);
}

static void check_held_words(void *shared)
{
	words *all = shared;

	crash_expect(
		mproc_mutex_lock(&all->lock, MPROC_NOW) == -EAGAIN, "a mutex that is held was given away");
	give_leave(&all->holder_may_go);
	crash_expect(mproc_mutex_lock(&all->lock, MPROC_FOREVER) == 0,
		"what the holder unlocked cannot be locked");
	mproc_mutex_unlock(&all->lock);
	lock_words_again(all);
}

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
	crash_expect(count_threads() == 1, "%u slots of threads are taken, not 1", count_threads());
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
		.name = "mutex: update two words",
		.size = sizeof(words),
		.set_up = make_words,
		.operate = update_words,
		.survive = check_words,
	},
	{
		.name = "mutex: wait until a deadline",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_until_deadline,
		.survive = check_held_words,
		.is_slow = true,
	},
	{
		.name = "mutex: unlock, two in line",
		.size = sizeof(words),
		.set_up = make_words,
		.prepare = lock_words,
		.surround = form_a_line,
		.operate = unlock_words,
		.survive = let_the_line_go_on,
	},
	{
		.name = "mutex: unlock, two in line, another barges in",
		.size = sizeof(words),
		.set_up = make_words,
		.prepare = lock_words,
		.surround = form_a_line,
		.operate = unlock_words,
		.witness = barge_in,
		.survive = let_the_line_go_on,
	},
	{
		.name = "mutex: wait, another behind",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_and_unlock,
		.unblock = queue_up,
		.survive = let_the_line_go_on,
	},
	{
		.name = "mutex: wait, another behind, another barges in",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_and_unlock,
		.unblock = queue_up,
		.witness = barge_in,
		.survive = let_the_line_go_on,
	},
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
		.name = "mistake: half an update is not repaired",
		.size = sizeof(words),
		.set_up = make_words,
		.operate = update_words,
		.survive = check_words_without_repair,
		.is_mistake = true,
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
	{0},
};
