/* SPDX-License-Identifier: MIT */
/*
 * The condition: a stock, from which those who wait take one piece each.  Every piece is there or was taken, and none lies
 * there while somebody waits for one, also when the notification woke somebody who died.
 */
#include "crash.h"

#include <errno.h>
#include <mproc/condition.h>
#include <mproc/result.h>
#include <sched.h>

typedef struct stock {
	mproc_mutex lock;
	mproc_condition changed;
	/* Changed by who holds the lock. */
	_Atomic int pieces;
	_Atomic crash_stage stage;
	/* How many pieces there are for all, and how many more when the operation is done. */
	int given, change;
	/* Who waits for a piece, and how many have got one. */
	uint32_t sleepers;
	_Atomic uint32_t served;
	/* How often the victim was seen asleep, and whether the holder of the lock may let it go. */
	uint32_t sleeps;
	_Atomic uint32_t holder_may_go;
} stock;

static void make_stock(void *shared)
{
	stock *all = shared;

	mproc_mutex_init(&all->lock, &(mproc_mutex_options){.recursive = true});
	mproc_condition_init(&all->changed);
}

static int take(stock *all, mproc_deadline deadline)
{
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	while (rc >= 0 && all->pieces == 0)
		rc = mproc_condition_wait(&all->changed, &all->lock, deadline);
	if (rc >= 0)
		--all->pieces;
	mproc_mutex_unlock(&all->lock);
	return rc;
}

static void add(stock *all, int count, int (*tell)(mproc_condition *))
{
	crash_expect(mproc_mutex_lock(&all->lock, MPROC_FOREVER) >= 0, "%s", mproc_error_text());
	all->pieces += count;
	tell(&all->changed);
	mproc_mutex_unlock(&all->lock);
}

static void be_served(void *shared)
{
	stock *all = shared;

	crash_expect(take(all, MPROC_FOREVER) >= 0, "%s", mproc_error_text());
	crash_add(&all->served);
}

static void add_sleeper(stock *all)
{
	++all->sleepers;
	crash_start("a sleeper", be_served);
}

static void make_stock_for_one(void *shared)
{
	make_stock(shared);
	add_sleeper(shared);
}

static void make_stock_for_two(void *shared)
{
	make_stock_for_one(shared);
	add_sleeper(shared);
}

/* ---- what the victim does ---- */

static void take_until(stock *all, mproc_deadline deadline)
{
	all->change = -1;
	all->stage = CRASH_INSIDE;
	if (take(all, deadline) < 0)
		all->change = 0;
	all->stage = CRASH_AFTER;
}

static void take_one(void *shared)
{
	take_until(shared, MPROC_FOREVER);
}

static void take_until_deadline(void *shared)
{
	take_until(shared, crash_soon(10));
}

/* Wait with the lock taken twice: it must be free for others meanwhile. */
static void take_with_two_locks(void *shared)
{
	stock *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	take_until(all, MPROC_FOREVER);
	crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex was locked twice, and is no longer");
}

static void put(stock *all, int count, int (*tell)(mproc_condition *))
{
	all->change = count;
	all->stage = CRASH_INSIDE;
	add(all, count, tell);
	all->stage = CRASH_AFTER;
}

static void put_one(void *shared)
{
	put(shared, 1, mproc_condition_notify);
}

static void put_two(void *shared)
{
	put(shared, 2, mproc_condition_notify_all);
}

/* ---- what lets it go on ---- */

/* One piece, for the victim or for who sleeps behind it. */
static void give_one(void *shared)
{
	stock *all = shared;

	add_sleeper(all);
	++all->given;
	add(all, 1, mproc_condition_notify);
}

static void give_and_hold(void *shared)
{
	stock *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	++all->pieces;
	mproc_condition_notify(&all->changed);
	crash_await(&all->holder_may_go, 1);
	mproc_mutex_unlock(&all->lock);
}

/* First a notification from somebody who keeps the lock, for which the victim sleeps then; it has others behind it. */
static void give_in_two_steps(void *shared)
{
	stock *all = shared;

	if (all->sleeps++ == 0) {
		add_sleeper(all);
		++all->given;
		crash_start("the holder", give_and_hold);
	} else {
		add_sleeper(all);
		crash_add(&all->holder_may_go);
	}
}

/* ---- who goes on ---- */

static void use_stock(stock *all)
{
	for (int i = 0; i < 2; ++i) {
		add(all, 1, mproc_condition_notify);
		crash_expect(take(all, MPROC_NOW) == 0, "what is there cannot be taken");
	}
	while (all->pieces > 0)
		crash_expect(take(all, MPROC_NOW) == 0, "what is there cannot be taken");
	crash_expect(take(all, MPROC_NOW) == -ETIMEDOUT, "what is not there can be taken");
	crash_expect(mproc_mutex_unlock(&all->lock) == -EPERM, "the mutex stays locked");
}

/* Nobody sleeps beside a piece; then all are served, and what is left is what there must be. */
static void check_stock(void *shared)
{
	stock *all = shared;
	int left;

	crash_add(&all->holder_may_go);
	while (all->pieces > 0 && all->served < all->sleepers)
		sched_yield();
	add(all, (int)all->sleepers, mproc_condition_notify_all);
	crash_await(&all->served, all->sleepers);
	left = all->pieces - all->given;
	crash_expect(left == 0 || left == all->change, "%d pieces instead of %d or %d", (int)all->pieces,
		all->given, all->given + all->change);
	if (all->change != 0)
		crash_expect_outcome(all->stage, left != 0);
	use_stock(all);
}

const crash_operation crash_condition_operations[] = {
	{
		.name = "condition: wait",
		.size = sizeof(stock),
		.set_up = make_stock,
		.operate = take_one,
		.survive = check_stock,
	},
	{
		.name = "condition: wait, another behind",
		.size = sizeof(stock),
		.set_up = make_stock,
		.operate = take_one,
		.unblock = give_one,
		.survive = check_stock,
	},
	{
		.name = "condition: wait for the mutex too, others behind",
		.size = sizeof(stock),
		.set_up = make_stock,
		.operate = take_one,
		.unblock = give_in_two_steps,
		.survive = check_stock,
	},
	{
		.name = "condition: wait, the mutex locked twice",
		.size = sizeof(stock),
		.set_up = make_stock,
		.operate = take_with_two_locks,
		.unblock = give_one,
		.survive = check_stock,
	},
	{
		.name = "condition: wait until a deadline, another before",
		.size = sizeof(stock),
		.set_up = make_stock_for_one,
		.operate = take_until_deadline,
		.survive = check_stock,
		.is_slow = true,
	},
	{
		.name = "condition: notify, two wait",
		.size = sizeof(stock),
		.set_up = make_stock_for_two,
		.operate = put_one,
		.survive = check_stock,
	},
	{
		.name = "condition: notify all, two wait",
		.size = sizeof(stock),
		.set_up = make_stock_for_two,
		.operate = put_two,
		.survive = check_stock,
	},
	{
		.name = "mistake: who notifies is not buried",
		.size = sizeof(stock),
		.set_up = make_stock_for_two,
		.operate = put_one,
		.survive = check_stock,
		.is_mistake = true,
		.is_unburied = true,
	},
	{0},
};
