/* SPDX-License-Identifier: MIT */
/*
 * The queue: messages that lie in its ring.
 */
#include "ledger.h"

#include "family/member.h"
#include "ground.h"

#include <errno.h>
#include <mproc/result.h>

enum {
	/* The first level whose memory goes back, once it has been empty for a while. */
	LONG_LEVEL = 5,
	/* Messages at a time, for a ring much longer than that. */
	FILLING = 16,
};

/* What those are, and where they go. */
static char filling[FILLING * LEDGER_INLINE];

/* So many of the longest messages fill the lowest ring, but for a gap. */
static uint32_t ring_holds(const ledger *all)
{
	return (uint32_t)(all->queue->ring.levels[0].provided / mproci_record_length(LEDGER_INLINE));
}

static uint32_t level_of(const ledger *all)
{
	return all->queue->producers.level;
}

static void expect_level(const ledger *all, uint32_t level)
{
	crash_expect(level_of(all) == level, "the ring's level is %u", level_of(all));
}

/* All that was put before fills the levels below, and one message is in this one. */
static void put_up_to(ledger *all, uint32_t level)
{
	while (level_of(all) < level)
		ledger_put(all, LEDGER_INLINE);
	expect_level(all, level);
}

/* Bytes behind what was put for which the level has memory. */
static uint64_t room_with_memory(const ledger *all)
{
	const mproci_ring_level *level = &all->queue->ring.levels[level_of(all)];

	return level->provided - (all->queue->producers.position - level->start);
}

/* ---- making one ---- */

static void prepare_creation(void *shared)
{
	ledger *all = shared;

	ground_enter();
	all->victim = mproci_member_self();
	all->next_trial = LEDGER_OWN;
}

static void create(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue;

	all->stage = CRASH_INSIDE;
	if (mproc_queue_create(NULL, &queue) == 0)
		all->queue = queue;
	all->stage = CRASH_AFTER;
}

static void check_creation(void *shared)
{
	ledger *all = shared;

	crash_expect(all->stage != CRASH_AFTER || all->queue != NULL, "no queue was made");
	if (all->queue == NULL) {
		/* It, and its ring. */
		all->strays = 2;
		crash_expect(mproc_queue_create(NULL, &all->queue) == 0, "%s", mproc_error_text());
	}
	ledger_check(shared);
}

/* ---- putting ---- */

static void prepare_put(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_put_behind_another(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 2, LEDGER_SMALL);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_put_into_gap(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	ledger_put_some(all, ring_holds(all), LEDGER_INLINE);
	expect_level(all, 0);
	ledger_get_some(all, 4);
	ledger_plan(all, 1, LEDGER_INLINE, 0);
}

static void prepare_put_higher(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	ledger_put_some(all, ring_holds(all), LEDGER_INLINE);
	expect_level(all, 0);
	ledger_plan(all, 1, LEDGER_INLINE, 0);
}

/* It waits for a moment whether somebody gets something before. */
static void prepare_patient_put(void *shared)
{
	prepare_put_higher(shared);
	crash_put_clock_right();
}

/* Not all of them fit into the memory that the level has. */
static void prepare_put_into_more(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	put_up_to(all, 2);
	while (room_with_memory(all) > 3 * mproci_record_length(LEDGER_INLINE))
		ledger_put(all, LEDGER_INLINE);
	ledger_plan(all, 4, LEDGER_INLINE, 0);
}

static void prepare_put_into_bounded(void *shared)
{
	ledger_make(shared, &(mproc_queue_options){.max_messages = 3});
	ledger_put_some(shared, 3, LEDGER_SMALL);
	ledger_get_some(shared, 1);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_put_many(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_plan(shared, 3, LEDGER_SMALL, 0);
}

/* Two fit into the lowest ring, and two do not. */
static void prepare_put_many_higher(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	ledger_put_some(all, ring_holds(all) - 2, LEDGER_INLINE);
	ledger_plan(all, 4, LEDGER_INLINE, 0);
}

static void put(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_NOW);
	all->stage = CRASH_AFTER;
}

static void put_patiently(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_FOREVER);
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

static void prepare_get_only(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_get_first(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 3, LEDGER_SMALL);
	ledger_plan(shared, 0, 0, 1);
}

/* The next one is behind a gap. */
static void prepare_get_behind_gap(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	ledger_put_some(all, ring_holds(all), LEDGER_INLINE);
	ledger_get_some(all, 4);
	ledger_put_some(all, 2, LEDGER_INLINE);
	ledger_get_some(all, ring_holds(all) - 4);
	expect_level(all, 0);
	ledger_plan(all, 0, 0, 1);
}

static void prepare_get_higher(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	put_up_to(all, 1);
	ledger_put(all, LEDGER_INLINE);
	ledger_get_some(all, ring_holds(all));
	ledger_plan(all, 0, 0, 1);
}

static void prepare_get_many(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 4, LEDGER_SMALL);
	ledger_plan(shared, 0, LEDGER_SMALL, 3);
}

static void prepare_get_many_higher(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	put_up_to(all, 1);
	ledger_put(all, LEDGER_INLINE);
	ledger_get_some(all, ring_holds(all) - 2);
	ledger_plan(all, 0, LEDGER_INLINE, 4);
}

static void prepare_get_block(void *shared)
{
	ledger *all = shared;

	prepare_get_first(shared);
	all->strays = 1;
}

/* Both sides are above the lowest level, with nothing in. */
static void prepare_get_nothing_at(ledger *all, uint32_t level)
{
	ledger_make(all, NULL);
	put_up_to(all, level);
	ledger_get_some(all, all->next_number);
	expect_level(all, level);
	ledger_plan(all, 0, 0, 0);
}

static void prepare_get_nothing(void *shared)
{
	prepare_get_nothing_at(shared, 1);
}

static void prepare_get_nothing_long(void *shared)
{
	prepare_get_nothing_at(shared, LONG_LEVEL);
}

static void put_filling(ledger *all)
{
	crash_expect(mproc_queue_put_many(all->queue, filling, LEDGER_INLINE, FILLING, MPROC_NOW, NULL) == 0,
		"%s", mproc_error_text());
}

static void take_filling(ledger *all, size_t count)
{
	while (count > 0) {
		size_t some = count < FILLING ? count : FILLING, got;

		crash_expect(
			mproc_queue_get_many(all->queue, filling, LEDGER_INLINE, some, MPROC_NOW, NULL, &got)
				== 0,
			"%s", mproc_error_text());
		count -= got;
	}
}

/* The only message in a ring that is too large to be kept until somebody finds it empty; what filled it is not in the ledger. */
static void prepare_get_last(void *shared)
{
	ledger *all = shared;

	ledger_make(all, NULL);
	while (level_of(all) < mproci_ring_large)
		put_filling(all);
	ledger_put(all, LEDGER_SMALL);
	take_filling(all, (size_t)mproc_queue_count(all->queue) - 1);
	expect_level(all, mproci_ring_large);
	ledger_plan(all, 0, 0, 1);
}

static void get(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, sizeof ledger_incoming, MPROC_NOW, NULL);
	all->stage = CRASH_AFTER;
}

/* It has slept when it tidies up. */
static void get_nothing(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, sizeof ledger_incoming, crash_soon(10), NULL);
	all->stage = CRASH_AFTER;
}

static void check_lowest(void *shared)
{
	ledger *all = shared;

	if (all->stage == CRASH_AFTER)
		expect_level(all, 0);
	ledger_check(shared);
}

static void get_many(void *shared)
{
	ledger *all = shared;
	size_t number;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_many(all->queue, ledger_incoming, all->size, all->takes, MPROC_NOW, NULL, &number);
	all->stage = CRASH_AFTER;
}

static void get_block(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_block(all->queue, MPROC_NOW, &all->block, NULL);
	all->stage = CRASH_AFTER;
}

/* ---- looking ---- */

static void look(void *shared)
{
	ledger *all = shared;

	mproc_queue_count(all->queue);
	mproc_queue_bytes(all->queue);
	mproc_queue_is_empty(all->queue);
	mproc_queue_is_full(all->queue);
}

static void prepare_look(void *shared)
{
	ledger_make(shared, &(mproc_queue_options){.acknowledged = true});
	ledger_put_some(shared, 2, LEDGER_SMALL);
	ledger_plan(shared, 0, 0, 0);
}

const crash_operation crash_queue_operations[] = {
	{
		.name = "queue: create",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_creation,
		.operate = create,
		.survive = check_creation,
		.is_sampled = true,
	},
	{
		.name = "queue: put",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.operate = put,
		.survive = ledger_check,
	},
	{
		.name = "queue: put, first call of a thread",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_behind_another,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
		.is_cold = true,
	},
	{
		.name = "queue: put, behind a gap",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_into_gap,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put, a higher level of the ring",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_higher,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: put, a higher level of the ring, patiently",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_patient_put,
		.operate = put_patiently,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put many, more memory for a level",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_into_more,
		.operate = put_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put, the last that there is room for",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_into_bounded,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put many",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_many,
		.operate = put_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put many, some in a higher level of the ring",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_many_higher,
		.operate = put_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get, the only one",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_only,
		.operate = get,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: get, the first",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_first,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get, behind a gap",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_behind_gap,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get, a higher level of the ring",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_higher,
		.operate = get,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get many",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_many,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get many, some in a higher level of the ring",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_many_higher,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get block",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_block,
		.operate = get_block,
		.survive = ledger_check,
	},
	{
		.name = "queue: get nothing, back to the lowest level",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_watched,
		.prepare = prepare_get_nothing,
		.operate = get_nothing,
		.recover = ledger_recover,
		.survive = check_lowest,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "queue: get nothing, memory given back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_long,
		.prepare = prepare_get_nothing_long,
		.operate = get_nothing,
		.survive = check_lowest,
		.is_slow = true,
	},
	{
		.name = "queue: get the last, memory given back",
		.size = sizeof(ledger),
		.set_up = ledger_set_up_long,
		.prepare = prepare_get_last,
		.operate = get,
		.survive = check_lowest,
		.is_slow = true,
	},
	{
		.name = "queue: count, bytes, is empty, is full",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_look,
		.operate = look,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{0},
};
