/* SPDX-License-Identifier: MIT */
/*
 * The semaphore.  Plain permits are counted: each is where it was before the operation or where it is after it, and
 * none lies there while somebody waits for one.  Of owned ones none is lost, whoever died with it.
 */
#include "crash.h"

#include "family/member.h"
#include "sync/event_count.h"

#include <errno.h>
#include <mproc/result.h>
#include <mproc/semaphore.h>
#include <sched.h>

typedef struct desk {
	mproc_semaphore permits;
	_Atomic crash_stage stage;
	/* How many permits there are for all, and how many more when the operation is done. */
	int given, change;
	/* Who waits for a permit, and how many have got one. */
	uint32_t sleepers;
	_Atomic uint32_t served;
	/* Set when who holds a permit may give it back; how many have. */
	_Atomic uint32_t holder_may_go, holders_gone;
	mproci_id victim, dead;
} desk;

static void make(desk *all, uint32_t permits, const mproc_semaphore_options *options)
{
	mproc_semaphore_init(&all->permits, permits, options);
	all->given = (int)permits;
}

static int look(desk *all)
{
	return mproc_semaphore_value(&all->permits);
}

static void acquire(desk *all)
{
	crash_expect(mproc_semaphore_acquire(&all->permits, MPROC_FOREVER) == 0, "%s", mproc_error_text());
}

static void release(desk *all, uint32_t count)
{
	crash_expect(mproc_semaphore_release(&all->permits, count) == 0, "%s", mproc_error_text());
}

/* All permits that are there can be acquired, and no more; and be given back. */
static void use_all(desk *all)
{
	int value = look(all);

	for (int i = 0; i < value; ++i)
		crash_expect(mproc_semaphore_acquire(&all->permits, MPROC_NOW) == 0, "a permit is missing");
	crash_expect(mproc_semaphore_acquire(&all->permits, MPROC_NOW) == -ETIMEDOUT,
		"a permit can be acquired that is not there");
	if (value > 0)
		release(all, (uint32_t)value);
	crash_expect(look(all) == value, "%d permits became %d", value, look(all));
}

/* ---- plain ---- */

static void make_none(void *shared)
{
	make(shared, 0, NULL);
}

static void make_two(void *shared)
{
	make(shared, 2, &(mproc_semaphore_options){.bound = 4});
}

static void be_served(void *shared)
{
	desk *all = shared;

	acquire(all);
	crash_add(&all->served);
}

static void add_sleeper(desk *all)
{
	++all->sleepers;
	crash_start("a sleeper", be_served);
}

static void make_none_for_one(void *shared)
{
	make_none(shared);
	add_sleeper(shared);
}

static void make_none_for_two(void *shared)
{
	make_none_for_one(shared);
	add_sleeper(shared);
}

static void make_none_for_three(void *shared)
{
	make_none_for_two(shared);
	add_sleeper(shared);
}

static void acquire_until(desk *all, mproc_deadline deadline)
{
	all->change = -1;
	all->stage = CRASH_INSIDE;
	if (mproc_semaphore_acquire(&all->permits, deadline) < 0)
		all->change = 0;
	all->stage = CRASH_AFTER;
}

static void acquire_one(void *shared)
{
	acquire_until(shared, MPROC_FOREVER);
}

static void acquire_until_deadline(void *shared)
{
	acquire_until(shared, crash_soon(10));
}

static void release_some(desk *all, int count)
{
	all->change = count;
	all->stage = CRASH_INSIDE;
	mproc_semaphore_release(&all->permits, (uint32_t)count);
	all->stage = CRASH_AFTER;
}

static void release_one(void *shared)
{
	release_some(shared, 1);
}

static void release_two(void *shared)
{
	release_some(shared, 2);
}

/* One permit, for the victim or for who sleeps behind it. */
static void give_one(void *shared)
{
	desk *all = shared;

	add_sleeper(all);
	++all->given;
	mproc_semaphore_release(&all->permits, 1);
}

/* Take a permit before those who were woken for it, and give it back when the victim is dead. */
static void barge_in(void *shared)
{
	desk *all = shared;

	if (mproc_semaphore_acquire(&all->permits, MPROC_NOW) == 0) {
		crash_await(&all->holder_may_go, 1);
		release(all, 1);
	}
	crash_add(&all->holders_gone);
}

/* Nobody sleeps beside a permit; then all are served, and what is left is what there must be. */
static void check_permits(void *shared)
{
	desk *all = shared;
	int left;

	while (look(all) > 0 && all->served < all->sleepers)
		sched_yield();
	if (all->sleepers > 0)
		release(all, all->sleepers);
	crash_await(&all->served, all->sleepers);
	left = look(all) - all->given;
	crash_expect(left == 0 || left == all->change, "%d permits instead of %d or %d", look(all),
		all->given, all->given + all->change);
	if (all->change != 0)
		crash_expect_outcome(all->stage, left != 0);
	use_all(all);
}

static void check_after_barger(void *shared)
{
	desk *all = shared;

	crash_add(&all->holder_may_go);
	crash_await(&all->holders_gone, 1);
	check_permits(shared);
}

/* ---- owned ---- */

static const mproc_semaphore_options OWNED = {.owned = true};

static void make_one_owned(void *shared)
{
	make(shared, 1, &OWNED);
}

static void make_two_owned(void *shared)
{
	make(shared, 2, &OWNED);
}

static void be_victim(void *shared)
{
	((desk *)shared)->victim = mproci_member_self();
}

static void acquire_and_release(void *shared)
{
	desk *all = shared;

	mproc_semaphore_acquire(&all->permits, MPROC_FOREVER);
	mproc_semaphore_release(&all->permits, 1);
}

static void take_turn(void *shared)
{
	desk *all = shared;

	acquire(all);
	crash_add(&all->served);
	release(all, 1);
}

static void add_turn(desk *all)
{
	++all->sleepers;
	crash_start("a sleeper", take_turn);
}

static void own_two(void *shared)
{
	desk *all = shared;

	acquire(all);
	acquire(all);
}

static void add_two_turns(void *shared)
{
	add_turn(shared);
	add_turn(shared);
}

static void own_until_told(void *shared)
{
	desk *all = shared;

	acquire(all);
	crash_await(&all->holder_may_go, 1);
	release(all, 1);
}

static void make_one_owned_by_other(void *shared)
{
	make_one_owned(shared);
	crash_start("the owner", own_until_told);
}

static void free_owned(void *shared)
{
	desk *all = shared;

	add_turn(all);
	crash_add(&all->holder_may_go);
}

/* End with the only permit. */
static void die_owning(void *shared)
{
	desk *all = shared;

	acquire(all);
	all->dead = mproci_member_self();
}

static void make_one_of_dead_owner(void *shared)
{
	desk *all = shared;

	make_one_owned(shared);
	crash_start("the dead", die_owning);
	mproci_member_bury(all->dead);
}

/* The next owner, after the victim. */
static void inherit(void *shared)
{
	desk *all = shared;

	mproci_member_bury(all->victim);
	mproc_semaphore_acquire(&all->permits, MPROC_NOW);
}

/* Those who sleep get on without help, and every permit is there. */
static void check_owned(void *shared)
{
	desk *all = shared;

	crash_add(&all->holder_may_go);
	crash_await(&all->served, all->sleepers);
	for (int i = 0; i < all->given; ++i)
		acquire(all);
	release(all, (uint32_t)all->given);
	crash_expect(look(all) == all->given, "%d permits instead of %d", look(all), all->given);
	use_all(all);
	crash_expect(mproc_semaphore_release(&all->permits, 1) == -EPERM, "a permit too many was released");
}

static void check_inherited(void *shared)
{
	desk *all = shared;

	while (mproc_semaphore_release(&all->permits, 1) == 0)
		;
	check_owned(shared);
}

static void be_watched(void *shared)
{
	make_two_owned(shared);
	mproci_family_here->next_watch = 0;
}

/* ---- a mistake: who owns a permit is noted after it was taken ---- */

typedef struct wrong_desk {
	_Atomic uint32_t value, owner;
} wrong_desk;

static void make_wrong(void *shared)
{
	((wrong_desk *)shared)->value = 1;
}

static void acquire_in_two_steps(void *shared)
{
	wrong_desk *all = shared;

	--all->value;
	all->owner = mproci_member_stamp(mproci_member_self());
}

static void check_wrong(void *shared)
{
	wrong_desk *all = shared;

	if (all->owner != 0 && !mproci_member_is_there(all->owner))
		++all->value;
	crash_expect(all->value == 1, "the permit is lost");
}

const crash_operation crash_semaphore_operations[] = {
	{
		.name = "semaphore: acquire",
		.size = sizeof(desk),
		.set_up = make_two,
		.operate = acquire_one,
		.survive = check_permits,
	},
	{
		.name = "semaphore: release",
		.size = sizeof(desk),
		.set_up = make_two,
		.operate = release_one,
		.survive = check_permits,
	},
	{
		.name = "semaphore: acquire, another behind",
		.size = sizeof(desk),
		.set_up = make_none,
		.operate = acquire_one,
		.unblock = give_one,
		.survive = check_permits,
	},
	{
		.name = "semaphore: acquire until a deadline, another before",
		.size = sizeof(desk),
		.set_up = make_none_for_one,
		.operate = acquire_until_deadline,
		.survive = check_permits,
		.is_slow = true,
	},
	{
		.name = "semaphore: release two, three wait",
		.size = sizeof(desk),
		.set_up = make_none_for_three,
		.operate = release_two,
		.survive = check_permits,
	},
	{
		.name = "semaphore: release, two wait, another barges in",
		.size = sizeof(desk),
		.set_up = make_none_for_two,
		.operate = release_one,
		.witness = barge_in,
		.survive = check_after_barger,
	},
	{
		.name = "semaphore, owned: acquire and release",
		.size = sizeof(desk),
		.set_up = make_two_owned,
		.operate = acquire_and_release,
		.survive = check_owned,
		.is_killed_twice = true,
	},
	{
		.name = "semaphore, owned: acquire, another behind",
		.size = sizeof(desk),
		.set_up = make_one_owned_by_other,
		.operate = acquire_and_release,
		.unblock = free_owned,
		.survive = check_owned,
	},
	{
		.name = "semaphore, owned: acquire what a dead one had",
		.size = sizeof(desk),
		.set_up = make_one_of_dead_owner,
		.prepare = be_victim,
		.operate = acquire_and_release,
		.recover = inherit,
		.survive = check_inherited,
		.is_killed_twice = true,
	},
	{
		.name = "semaphore, owned: release two, two wait",
		.size = sizeof(desk),
		.set_up = make_two_owned,
		.prepare = own_two,
		.surround = add_two_turns,
		.operate = release_two,
		.survive = check_owned,
	},
	{
		.name = "semaphore, owned: release two, two wait, nobody tells them",
		.size = sizeof(desk),
		.set_up = be_watched,
		.prepare = own_two,
		.surround = add_two_turns,
		.operate = release_two,
		.survive = check_owned,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "mistake: who releases a permit is not buried",
		.size = sizeof(desk),
		.set_up = make_none_for_two,
		.operate = release_one,
		.survive = check_permits,
		.is_mistake = true,
		.is_unburied = true,
	},
	{
		.name = "mistake: a permit is taken, and then its owner noted",
		.size = sizeof(wrong_desk),
		.set_up = make_wrong,
		.operate = acquire_in_two_steps,
		.survive = check_wrong,
		.is_mistake = true,
	},
	{0},
};
