/* SPDX-License-Identifier: MIT */
/*
 * The queue: whoever used it alone for a while takes its locks without the kernel knowing, and dies with them; or others take
 * that from whom is alive, or dead.
 */
#include "ledger.h"

#include "family/member.h"

#include <mproc/result.h>

enum {
	/* So often in a row a thread must have a lock to have it for less. */
	ENOUGH = 32,
};

static void use_alone(ledger *all, uint32_t times)
{
	for (uint32_t i = 0; i < times; ++i) {
		ledger_put(all, LEDGER_SMALL);
		ledger_get_some(all, 1);
	}
}

static void make_used(ledger *all, const mproc_queue_options *options)
{
	ledger_make(all, options);
	use_alone(all, ENOUGH + 1);
	ledger_put_some(all, 2, LEDGER_SMALL);
	ledger_put(all, LEDGER_LARGE);
}

static void plan_put(ledger *all)
{
	ledger_plan(all, 1, LEDGER_SMALL, 0);
}

static void plan_get(ledger *all)
{
	ledger_plan(all, 0, 0, 1);
}

/* ---- the victim has the locks ---- */

static void prepare_put(void *shared)
{
	make_used(shared, NULL);
	plan_put(shared);
}

static void prepare_put_large(void *shared)
{
	make_used(shared, NULL);
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

static void prepare_put_into_empty(void *shared)
{
	make_used(shared, NULL);
	ledger_get_some(shared, 3);
	plan_put(shared);
}

static void prepare_get(void *shared)
{
	make_used(shared, NULL);
	plan_get(shared);
}

static void prepare_get_large(void *shared)
{
	make_used(shared, NULL);
	ledger_get_some(shared, 2);
	plan_get(shared);
}

static void prepare_get_from_full(void *shared)
{
	ledger_make(shared, &(mproc_queue_options){.max_messages = 2});
	use_alone(shared, ENOUGH + 1);
	ledger_put_some(shared, 2, LEDGER_SMALL);
	plan_get(shared);
}

/* It is given them by its next call. */
static void prepare_last_put(void *shared)
{
	ledger_make(shared, NULL);
	use_alone(shared, ENOUGH - 1);
	plan_put(shared);
}

static void prepare_close(void *shared)
{
	make_used(shared, NULL);
	ledger_plan(shared, 0, 0, 0);
}

/* ---- another one has them, alive or dead ---- */

static void have_locks(void *shared)
{
	make_used(shared, NULL);
	((ledger *)shared)->dead = mproci_member_self();
}

static void keep_locks(void *shared)
{
	ledger *all = shared;

	have_locks(shared);
	/* For ever. */
	crash_await(&all->told, 1);
}

static void add_living(void *shared)
{
	ledger_set_up(shared);
	crash_start("who has the locks", keep_locks);
}

static void add_dead(void *shared)
{
	ledger_set_up(shared);
	crash_start("who had the locks", have_locks);
	mproci_member_bury(((ledger *)shared)->dead);
}

static void prepare_put_beside(void *shared)
{
	ledger *all = shared;

	all->victim = mproci_member_self();
	plan_put(all);
}

static void prepare_get_beside(void *shared)
{
	ledger *all = shared;

	all->victim = mproci_member_self();
	plan_get(all);
}

static void check_beside(void *shared)
{
	ledger *all = shared;

	ledger_serve(all);
	ledger_drain(all);
	/* What it allocated is not at rest before it has ended. */
	mproci_member_end(all->dead);
	ledger_check(shared);
}

/* ---- what is done ---- */

static void put(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void get(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, MPROC_FOREVER, NULL);
	all->stage = CRASH_AFTER;
}

static void close_queue(void *shared)
{
	mproc_queue_close(((ledger *)shared)->queue);
}

/* ---- beside the victim: who waits for a lock looks again each millisecond, so its clock must be right ---- */

/* While it stands still inside: both locks are wanted. */
static void put_and_get(void *shared)
{
	ledger *all = shared;

	ledger_put(all, LEDGER_SMALL);
	ledger_get_some(all, 1);
	crash_add(&all->getters_done);
}

static void check_after_witness(void *shared)
{
	ledger *all = shared;

	all->has_companions = true;
	crash_await(&all->getters_done, 1);
	all->getters_done = 0;
	ledger_check(shared);
}

static void add_getter(void *shared)
{
	ledger_add_getter(shared);
}

static void add_putter(void *shared)
{
	ledger_add_putter(shared);
}

static void check_unburied(void *shared)
{
	ledger *all = shared;

	ledger_serve(all);
	mproci_member_bury(all->victim);
	ledger_check(shared);
}

static void check_closed(void *shared)
{
	ledger *all = shared;

	crash_expect(mproc_queue_close(all->queue) == 0, "%s", mproc_error_text());
	ledger_drain(all);
	ledger_check_rest(all);
	ledger_destroy(all);
}

const crash_operation crash_queue_biased_operations[] = {
	{
		.name = "queue used alone: put",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_put,
		.operate = put,
		.recover = ledger_recover,
		.survive = ledger_check,
		.is_killed_twice = true,
	},
	{
		.name = "queue used alone: put large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_large,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue used alone: put, for the last time with a lock",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_last_put,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue used alone: put, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_into_empty,
		.surround = add_getter,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
		.is_rechecked = true,
	},
	{
		.name = "queue used alone: put, somebody sleeps, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_into_empty,
		.surround = add_getter,
		.operate = put,
		.survive = check_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "queue used alone: put, somebody comes",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.operate = put,
		.witness = put_and_get,
		.survive = check_after_witness,
		.is_slow = true,
	},
	{
		.name = "queue used alone: get",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue used alone: get large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_large,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue used alone: get, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_from_full,
		.surround = add_putter,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
		.is_rechecked = true,
	},
	{
		.name = "queue used alone: get, somebody sleeps, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_from_full,
		.surround = add_putter,
		.operate = get,
		.survive = check_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "queue used alone: get, somebody comes",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.operate = get,
		.witness = put_and_get,
		.survive = check_after_witness,
		.is_slow = true,
	},
	{
		.name = "queue used alone: close",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_close,
		.operate = close_queue,
		.survive = check_closed,
		.is_slow = true,
	},
	{
		.name = "queue used alone by another: put",
		.size = sizeof(ledger),
		.set_up = add_living,
		.prepare = prepare_put_beside,
		.operate = put,
		.survive = check_beside,
		.is_slow = true,
	},
	{
		.name = "queue used alone by another: get",
		.size = sizeof(ledger),
		.set_up = add_living,
		.prepare = prepare_get_beside,
		.operate = get,
		.survive = check_beside,
		.is_slow = true,
	},
	{
		.name = "queue used alone by a dead one: put",
		.size = sizeof(ledger),
		.set_up = add_dead,
		.prepare = prepare_put_beside,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{0},
};
