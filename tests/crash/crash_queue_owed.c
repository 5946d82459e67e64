/* SPDX-License-Identifier: MIT */
/*
 * The acknowledged queue: nothing that was accepted is lost before somebody has acknowledged it, and it comes again as often as
 * those who got it have died.
 */
#include "ledger.h"

#include "family/member.h"

#include <mproc/result.h>

static void make(ledger *all)
{
	ledger_make(all, &(mproc_queue_options){.acknowledged = true});
}

/* The first @owes messages were delivered so often before, and are delivered once more to the next who gets them. */
static void plan_deliveries(ledger *all, uint32_t owes, int before, int after)
{
	all->owes = owes;
	all->deliveries_before = before + 1;
	all->deliveries_after = after + 1;
}

/* ---- putting and getting ---- */

static void prepare_put(void *shared)
{
	make(shared);
	ledger_put(shared, LEDGER_SMALL);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_messages(void *shared)
{
	make(shared);
	ledger_put_some(shared, 2, LEDGER_SMALL);
	ledger_put(shared, LEDGER_LARGE);
	ledger_put(shared, LEDGER_SMALL);
	ledger_plan(shared, 0, 0, 0);
}

static void prepare_get(void *shared)
{
	prepare_messages(shared);
	plan_deliveries(shared, 1, 0, 1);
}

static void prepare_get_many(void *shared)
{
	prepare_messages(shared);
	plan_deliveries(shared, 3, 0, 1);
}

static void prepare_get_block(void *shared)
{
	ledger *all = shared;

	prepare_get(shared);
	all->strays = 1;
}

static void put(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_NOW);
	all->stage = CRASH_AFTER;
}

static void get_first(ledger *all)
{
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, MPROC_NOW, NULL);
}

static void get_three(ledger *all)
{
	size_t number;

	mproc_queue_get_many(all->queue, ledger_incoming, LEDGER_LARGEST, 3, MPROC_NOW, NULL, &number);
}

static void get(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	get_first(all);
	all->stage = CRASH_AFTER;
}

static void get_many(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	get_three(all);
	all->stage = CRASH_AFTER;
}

static void get_block(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_block(all->queue, MPROC_NOW, &all->block, NULL);
	all->stage = CRASH_AFTER;
}

static void peek(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_peek(all->queue, MPROC_NOW, &all->block, NULL);
	all->stage = CRASH_AFTER;
}

/* ---- acknowledging and giving back ---- */

static void prepare_settling(void *shared)
{
	prepare_messages(shared);
	get_first(shared);
}

static void prepare_settling_many(void *shared)
{
	prepare_messages(shared);
	get_three(shared);
}

static void prepare_ack(void *shared)
{
	ledger *all = shared;

	prepare_settling(shared);
	plan_deliveries(all, 1, 1, 1);
	all->takes = 1;
}

/* The block is too large to be kept. */
static void prepare_ack_of_block(void *shared)
{
	ledger *all = shared;

	prepare_messages(shared);
	crash_expect(
		mproc_queue_peek(all->queue, MPROC_NOW, &all->block, NULL) == 0, "%s", mproc_error_text());
	plan_deliveries(all, 1, 1, 1);
	all->takes = 1;
}

static void prepare_ack_of_many(void *shared)
{
	ledger *all = shared;

	prepare_settling_many(shared);
	plan_deliveries(all, 3, 1, 1);
	all->takes = 3;
	all->is_out_of_order = true;
}

static void prepare_give_back(void *shared)
{
	prepare_settling(shared);
	plan_deliveries(shared, 1, 1, 1);
}

static void prepare_give_back_of_many(void *shared)
{
	prepare_settling_many(shared);
	plan_deliveries(shared, 3, 1, 1);
}

/* The first was given back. */
static void prepare_redelivery(void *shared)
{
	ledger *all = shared;

	prepare_settling(shared);
	crash_expect(mproc_queue_give_back(all->queue, NULL) == 0, "%s", mproc_error_text());
	plan_deliveries(shared, 1, 1, 2);
}

static void prepare_redelivery_of_many(void *shared)
{
	ledger *all = shared;

	prepare_settling_many(shared);
	crash_expect(mproc_queue_give_back(all->queue, NULL) == 0, "%s", mproc_error_text());
	plan_deliveries(shared, 3, 1, 2);
}

static void acknowledge(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_ack(all->queue, all->block);
	all->stage = CRASH_AFTER;
}

static void give_back(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_give_back(all->queue, all->block);
	all->stage = CRASH_AFTER;
}

/* ---- what another one owed who died before ---- */

static void die_owing(void *shared)
{
	ledger *all = shared;

	prepare_messages(shared);
	get_three(all);
	all->dead = mproci_member_self();
}

static void add_dead(void *shared)
{
	ledger_set_up(shared);
	crash_start("the dead", die_owing);
	mproci_member_bury(((ledger *)shared)->dead);
}

static void prepare_after_dead(void *shared)
{
	ledger *all = shared;

	all->victim = mproci_member_self();
	plan_deliveries(shared, 3, 1, 2);
}

static void prepare_look_after_dead(void *shared)
{
	prepare_after_dead(shared);
	plan_deliveries(shared, 3, 1, 1);
}

static void look(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_count(all->queue);
	all->stage = CRASH_AFTER;
}

const crash_operation crash_queue_owed_operations[] = {
	{
		.name = "acknowledged queue: put",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "acknowledged queue: get",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_get,
		.operate = get,
		.recover = ledger_recover,
		.survive = ledger_check,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "acknowledged queue: get many",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_many,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: get block",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_block,
		.operate = get_block,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: peek",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.operate = peek,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: acknowledge",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_ack,
		.operate = acknowledge,
		.recover = ledger_recover,
		.survive = ledger_check,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "acknowledged queue: acknowledge a block",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_ack_of_block,
		.operate = acknowledge,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: acknowledge many",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_ack_of_many,
		.operate = acknowledge,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: give back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_give_back,
		.operate = give_back,
		.recover = ledger_recover,
		.survive = ledger_check,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "acknowledged queue: give many back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_give_back_of_many,
		.operate = give_back,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: get what was given back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_redelivery,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: get many that were given back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_redelivery_of_many,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: get what a dead one owed",
		.size = sizeof(ledger),
		.set_up = add_dead,
		.prepare = prepare_after_dead,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: count what a dead one owed",
		.size = sizeof(ledger),
		.set_up = add_dead,
		.prepare = prepare_look_after_dead,
		.operate = look,
		.survive = ledger_check,
		.is_slow = true,
	},
	{0},
};
