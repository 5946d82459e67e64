/* SPDX-License-Identifier: MIT */
/*
 * The queue: messages in envelopes.  Whatever becomes of a message, its envelope is free in the end, and the block that it has is
 * in its place.
 */
#include "ledger.h"

#include "family/member.h"

#include <mproc/result.h>

enum {
	/* Envelopes of the first chunk. */
	CHUNK = 64,
	/* What an envelope does not keep, unless it is one of the first few. */
	VERY_LARGE = 70000,
	FEW = 4,
};

/* ---- putting ---- */

static void prepare_first(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

/* The first envelope is free, with a block of @had bytes. */
static void prepare_used(ledger *all, size_t had, size_t size)
{
	ledger_make(all, NULL);
	ledger_put(all, had);
	ledger_get_some(all, 1);
	ledger_put(all, LEDGER_SMALL);
	ledger_plan(all, 1, size, 0);
}

static void prepare_fitting(void *shared)
{
	prepare_used(shared, LEDGER_LARGE, LEDGER_LARGE);
}

static void prepare_too_small(void *shared)
{
	prepare_used(shared, LEDGER_LARGEST / 2, LEDGER_LARGEST);
}

static void prepare_two(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 2, LEDGER_LARGE);
	ledger_get_some(shared, 2);
	ledger_plan(shared, 2, LEDGER_LARGE, 0);
}

/* No envelope of the first chunk is free. */
static void prepare_growth(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, CHUNK, LEDGER_LARGE);
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

/* End with all envelopes that there are. */
static void die_with_all(void *shared)
{
	ledger *all = shared;
	void *block;

	ledger_make(all, NULL);
	for (int i = 0; i < CHUNK; ++i)
		crash_expect(
			mproc_queue_reserve(all->queue, LEDGER_LARGE, &block) == 0, "%s", mproc_error_text());
	all->dead = mproci_member_self();
}

static void add_dead(void *shared)
{
	ledger_set_up_long(shared);
	crash_start("the dead", die_with_all);
	mproci_member_bury(((ledger *)shared)->dead);
}

static void prepare_with_dead(void *shared)
{
	ledger *all = shared;

	all->victim = mproci_member_self();
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

static void put(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_NOW);
	all->stage = CRASH_AFTER;
}

static void put_many(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put_many(all->queue, ledger_outgoing, all->size, all->puts, MPROC_NOW, NULL);
	all->stage = CRASH_AFTER;
}

/* ---- getting ---- */

static void prepare_get(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 2, LEDGER_LARGE);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_get_mixed(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_put(shared, LEDGER_LARGE);
	ledger_put(shared, LEDGER_SMALL);
	ledger_put(shared, LEDGER_LARGE);
	ledger_put(shared, LEDGER_LARGE);
	ledger_plan(shared, 0, 0, 4);
}

static void prepare_get_block(void *shared)
{
	ledger *all = shared;

	prepare_get(shared);
	all->strays = 1;
}

/* Free envelopes have blocks, which they give back. */
static void prepare_get_nothing(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 3, LEDGER_LARGE);
	ledger_get_some(shared, 3);
	ledger_plan(shared, 0, 0, 0);
}

static void get(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, MPROC_NOW, NULL);
	all->stage = CRASH_AFTER;
}

/* It has slept when it tidies up. */
static void get_nothing(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, crash_soon(10), NULL);
	all->stage = CRASH_AFTER;
}

static void check_without_blocks(void *shared)
{
	ledger *all = shared;

	for (uint32_t i = 0; i < all->queue->envelopes.count; ++i)
		crash_expect(all->stage != CRASH_AFTER
				     || mproci_envelope_at(&all->queue->envelopes, i)->block == NULL,
			"envelope %u keeps its block", i);
	ledger_check(shared);
}

static void get_many(void *shared)
{
	ledger *all = shared;
	size_t number;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_many(
		all->queue, ledger_incoming, LEDGER_LARGEST, all->takes, MPROC_NOW, NULL, &number);
	all->stage = CRASH_AFTER;
}

static void get_block(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_block(all->queue, MPROC_NOW, &all->block, NULL);
	all->stage = CRASH_AFTER;
}

/* ---- without copying ---- */

static void reserve(ledger *all, size_t size)
{
	crash_expect(mproc_queue_reserve(all->queue, size, &all->block) == 0, "%s", mproc_error_text());
}

static void prepare_reserve(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_LARGE);
	ledger_plan(shared, 0, LEDGER_LARGE, 0);
}

static void prepare_commit(void *shared)
{
	ledger *all = shared;

	prepare_reserve(all);
	reserve(all, LEDGER_LARGE);
	all->first_put = ++all->next_number;
	all->puts = 1;
	ledger_write(all->block, all->first_put, LEDGER_LARGE);
}

static void prepare_release(void *shared)
{
	prepare_reserve(shared);
	reserve(shared, LEDGER_LARGE);
}

/* An envelope that does not keep such a block. */
static void prepare_release_very_large(void *shared)
{
	prepare_reserve(shared);
	for (int i = 0; i < FEW; ++i)
		reserve(shared, LEDGER_LARGE);
	reserve(shared, VERY_LARGE);
}

static void prepare_peek_small(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 2, LEDGER_SMALL);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_release_peeked(void *shared)
{
	ledger *all = shared;
	size_t size;

	prepare_get(all);
	all->takes = 0;
	crash_expect(
		mproc_queue_peek(all->queue, MPROC_NOW, &all->block, &size) == 0, "%s", mproc_error_text());
	ledger_note(all, all->block, size);
}

static void reserve_one(void *shared)
{
	ledger *all = shared;

	mproc_queue_reserve(all->queue, all->size, &all->block);
}

static void commit(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_commit(all->queue, all->block, all->size, MPROC_NOW);
	all->stage = CRASH_AFTER;
}

static void peek(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_peek(all->queue, MPROC_NOW, &all->block, NULL);
	all->stage = CRASH_AFTER;
}

static void release(void *shared)
{
	ledger *all = shared;

	mproc_queue_release(all->queue, all->block);
}

const crash_operation crash_queue_large_operations[] = {
	{
		.name = "queue: put large, the first envelopes",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_first,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: put large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_fitting,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put large, a larger block",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_too_small,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put large, more envelopes",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_long,
		.prepare = prepare_growth,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put large, envelopes of the dead",
		.size = sizeof(ledger),
		.set_up = add_dead,
		.prepare = prepare_with_dead,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put many large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_two,
		.operate = put_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.operate = get,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: get nothing, envelopes give memory back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_nothing,
		.operate = get_nothing,
		.survive = check_without_blocks,
		.is_slow = true,
	},
	{
		.name = "queue: get many, some large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_mixed,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get block, large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_block,
		.operate = get_block,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: reserve",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_reserve,
		.operate = reserve_one,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: commit",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_commit,
		.operate = commit,
		.recover = ledger_recover,
		.survive = ledger_check,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "queue: release what was reserved",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_release,
		.operate = release,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: release what was reserved, very large",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_release_very_large,
		.operate = release,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: peek at a large one",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.operate = peek,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: peek at a small one",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_peek_small,
		.operate = peek,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: release what was peeked at",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_release_peeked,
		.operate = release,
		.survive = ledger_check,
		.is_slow = true,
	},
	{0},
};
