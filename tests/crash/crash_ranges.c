/* SPDX-License-Identifier: MIT */
/*
 * The ranges of a map: taking chunks, stealing them, and recovering after a worker.  Every chunk is in one lane, or
 * done.
 */
#include "crash.h"
#include "pool/ranges.h"
#include "sys/membarrier.h"

enum {
	CHUNKS = 10,
	/* Half of them make a lane worth being swift. */
	MANY_CHUNKS = 4096,
	LANES = 3
};
/* Who works in which lane. */
enum {
	VICTIM,
	OTHER,
	THIRD
};

typedef struct chunks {
	/* How many chunks there are, and how often each was taken. */
	uint32_t count;
	_Atomic uint32_t taken[MANY_CHUNKS];
	/* 1 once the witness, who may wait for the victim's death, has left its lane to others. */
	_Atomic uint32_t is_witness_done;
	_Alignas(128) char ranges[sizeof(mproci_ranges) + LANES * sizeof(mproci_lane)];
} chunks;

static mproci_ranges *ranges_of(void *shared)
{
	chunks *all = shared;

	return (mproci_ranges *)all->ranges;
}

static void pop(void *shared, uint32_t lane, unsigned count)
{
	chunks *all = shared;
	uint32_t chunk;

	while (count-- > 0 && mproci_ranges_pop(ranges_of(shared), lane, &chunk))
		++all->taken[chunk];
}

static void work_as(void *shared, uint32_t lane)
{
	do
		pop(shared, lane, MANY_CHUNKS);
	while (mproci_ranges_steal(ranges_of(shared), lane));
}

static void set(void *shared, uint32_t lane, uint64_t first, uint64_t last)
{
	ranges_of(shared)->lanes[lane].first = first;
	ranges_of(shared)->lanes[lane].last = last;
}

static void lay_out(void *shared, uint32_t first_end, uint32_t second_end)
{
	((chunks *)shared)->count = CHUNKS;
	mproci_ranges_init(ranges_of(shared), LANES, LANES, CHUNKS, 1);
	set(shared, VICTIM, 0, first_end);
	set(shared, OTHER, first_end, second_end);
	set(shared, THIRD, second_end, CHUNKS);
}

/* The victim's lane has most, one other nothing. */
static void fill_victim(void *shared)
{
	lay_out(shared, 6, 6);
}

/* Many, so that it is worth being swift. */
static void fill_victim_well(void *shared)
{
	((chunks *)shared)->count = MANY_CHUNKS;
	mproci_ranges_init(ranges_of(shared), LANES, LANES, MANY_CHUNKS, 1);
	set(shared, VICTIM, 0, MANY_CHUNKS);
	set(shared, OTHER, 0, 0);
	set(shared, THIRD, 0, 0);
}

/* Another one has so many that half is worth being swift. */
static void fill_other_well(void *shared)
{
	fill_victim_well(shared);
	set(shared, VICTIM, 0, 0);
	set(shared, OTHER, 0, MANY_CHUNKS);
}

/* The victim's lane has the last chunk of all. */
static void leave_victim_one(void *shared)
{
	lay_out(shared, 1, 1);
	set(shared, THIRD, 0, 0);
	((chunks *)shared)->taken[0] = 0;
	for (int i = 1; i < CHUNKS; ++i)
		((chunks *)shared)->taken[i] = 1;
}

enum {
	LOST_CHUNK = 5
};

/*
 * The victim has announced its last chunk when a thief took it, and is about to find out.  The thief is still at it;
 * the only chunk left is the next one.
 */
static void lose_announced_chunk(void *shared)
{
	chunks *all = shared;

	lay_out(shared, 0, 0);
	for (uint32_t i = 0; i < CHUNKS; ++i)
		all->taken[i] = i != LOST_CHUNK && i != LOST_CHUNK + 1;
	set(shared, VICTIM, LOST_CHUNK + 1, LOST_CHUNK);
	ranges_of(shared)->lanes[VICTIM].running = LOST_CHUNK;
	set(shared, OTHER, LOST_CHUNK + 1, LOST_CHUNK + 2);
	set(shared, THIRD, 0, 0);
}

/* The same, but the thief gave the chunk back. */
static void keep_announced_chunk(void *shared)
{
	lose_announced_chunk(shared);
	set(shared, VICTIM, LOST_CHUNK + 1, LOST_CHUNK + 1);
}

/* The victim's lane has nothing, one other most. */
static void fill_others(void *shared)
{
	lay_out(shared, 0, 6);
}

/* The same, and its worker has come. */
static void fill_swift_others(void *shared)
{
	fill_others(shared);
	ranges_of(shared)->lanes[OTHER].mode = MPROCI_LANE_SWIFT;
}

/* Come to a lane that is swift, however short. */
static void come_to_swift(void *shared, uint32_t lane)
{
	mproci_membarrier_register();
	ranges_of(shared)->lanes[lane].mode = MPROCI_LANE_SWIFT;
}

static void enter(void *shared)
{
	come_to_swift(shared, VICTIM);
}

static void take_one(void *shared)
{
	pop(shared, VICTIM, 1);
}

static void take_all(void *shared)
{
	pop(shared, VICTIM, CHUNKS);
}

static void steal(void *shared)
{
	mproci_ranges_steal(ranges_of(shared), VICTIM);
}

static void steal_and_take(void *shared)
{
	if (mproci_ranges_steal(ranges_of(shared), VICTIM))
		pop(shared, VICTIM, CHUNKS);
}

static void steal_and_take_two(void *shared)
{
	mproci_ranges_steal(ranges_of(shared), VICTIM);
	pop(shared, VICTIM, 2);
}

static void work_as_victim(void *shared)
{
	work_as(shared, VICTIM);
}

static void come_and_work(void *shared)
{
	mproci_ranges_enter(ranges_of(shared), VICTIM);
	work_as(shared, VICTIM);
}

static void come_and_take_two(void *shared)
{
	mproci_ranges_enter(ranges_of(shared), VICTIM);
	pop(shared, VICTIM, 2);
}

static void find_out(void *shared)
{
	chunks *all = shared;
	uint32_t chunk;

	if (mproci_ranges_settle(ranges_of(shared), VICTIM, &chunk))
		++all->taken[chunk];
	work_as(shared, VICTIM);
}

/* The same without the record; a mistake. */
static void steal_without_record(void *shared)
{
	mproci_ranges *ranges = ranges_of(shared);

	mproci_ranges_lock(ranges);
	ranges->lanes[OTHER].last = 3;
	set(shared, VICTIM, 3, 6);
	mproci_ranges_unlock(ranges);
}

/* The same with a record that says too late that the loot is the thief's; a mistake. */
static void steal_before_it_is_done(void *shared)
{
	mproci_ranges *ranges = ranges_of(shared);

	mproci_ranges_lock(ranges);
	ranges->record.victim = OTHER;
	ranges->record.thief = VICTIM;
	ranges->record.loot_first = 3;
	ranges->record.loot_last = 6;
	ranges->record.state = MPROCI_THEFT_TRIED;
	ranges->lanes[OTHER].last = 3;
	set(shared, VICTIM, 3, 6);
	ranges->record.state = MPROCI_THEFT_DONE;
	ranges->record.state = MPROCI_THEFT_NONE;
	mproci_ranges_unlock(ranges);
}

/* ---- witnesses ---- */

static void end_witness(void *shared)
{
	chunks *all = shared;

	crash_add(&all->is_witness_done);
}

static void work_as_other(void *shared)
{
	work_as(shared, OTHER);
	end_witness(shared);
}

static void work_as_third(void *shared)
{
	work_as(shared, THIRD);
	end_witness(shared);
}

static void pop_two_as_other(void *shared)
{
	pop(shared, OTHER, 2);
	end_witness(shared);
}

static void pop_all_as_other(void *shared)
{
	pop(shared, OTHER, CHUNKS);
	end_witness(shared);
}

static void come_and_pop_all_as_other(void *shared)
{
	come_to_swift(shared, OTHER);
	pop_all_as_other(shared);
}

/* ---- recovery and survivors ---- */

/* What the victim popped and has not taken goes back. */
static void put_back(void *shared)
{
	chunks *all = shared;
	uint32_t chunk;

	mproci_ranges_lock(ranges_of(shared));
	if (mproci_ranges_popped(ranges_of(shared), VICTIM, &chunk) && all->taken[chunk] == 0)
		mproci_ranges_put_back(ranges_of(shared), VICTIM);
	mproci_ranges_unlock(ranges_of(shared));
}

/* The same without a look at where the lane ends; a mistake. */
static void put_back_what_was_announced(void *shared)
{
	chunks *all = shared;
	mproci_lane *lane = &ranges_of(shared)->lanes[VICTIM];
	uint64_t chunk = lane->running;

	mproci_ranges_lock(ranges_of(shared));
	if (chunk != MPROCI_NO_ITEM && lane->first == chunk + 1 && all->taken[chunk] == 0) {
		lane->last = chunk + 1;
		mproci_ranges_put_back(ranges_of(shared), VICTIM);
	}
	mproci_ranges_unlock(ranges_of(shared));
}

static void check_chunks(void *shared)
{
	chunks *all = shared;

	crash_expect(ranges_of(shared)->record.state == MPROCI_THEFT_NONE, "a theft is not finished");
	for (uint32_t lane = 0; lane < LANES; ++lane)
		pop(shared, lane, MANY_CHUNKS);
	for (unsigned i = 0; i < all->count; ++i)
		crash_expect(all->taken[i] == 1, "chunk %u was taken %u times", i, all->taken[i]);
	crash_expect(!mproci_ranges_steal(ranges_of(shared), THIRD),
		"there is something to steal from empty lanes");
}

static void check_after_thief(void *shared)
{
	chunks *all = shared;

	++all->taken[LOST_CHUNK];
	check_chunks(shared);
}

/* A new worker takes the victim's seat, then steals the rest. */
static void check_chunks_as_successor(void *shared)
{
	work_as(shared, VICTIM);
	check_chunks(shared);
}

static void check_after_witness(void *shared)
{
	chunks *all = shared;

	crash_await(&all->is_witness_done, 1);
	check_chunks_as_successor(shared);
}

const crash_operation crash_ranges_operations[] = {
	{
		.name = "ranges: pop",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_one,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: pop from a swift lane",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.prepare = enter,
		.operate = take_one,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: come, and pop until empty",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = come_and_work,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "ranges: come to a long lane, and pop",
		.size = sizeof(chunks),
		.set_up = fill_victim_well,
		.operate = come_and_take_two,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: come to a long lane, and pop, beside a thief",
		.size = sizeof(chunks),
		.set_up = fill_victim_well,
		.operate = come_and_take_two,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: steal much",
		.size = sizeof(chunks),
		.set_up = fill_other_well,
		.operate = steal_and_take_two,
		.recover = put_back,
		.survive = check_chunks_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: pop until empty",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_all,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "ranges: pop beside a thief",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_one,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: pop from a swift lane beside a thief",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.prepare = enter,
		.operate = take_one,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: pop the last chunk from a swift lane beside a thief",
		.size = sizeof(chunks),
		.set_up = leave_victim_one,
		.prepare = enter,
		.operate = take_all,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: pop the last chunk beside a thief",
		.size = sizeof(chunks),
		.set_up = leave_victim_one,
		.operate = take_all,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: steal",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: steal and pop",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_and_take,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "ranges: steal all",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = work_as_victim,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "ranges: steal after a thief",
		.size = sizeof(chunks),
		.set_up = lose_announced_chunk,
		.operate = find_out,
		.recover = put_back,
		.survive = check_after_thief,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: pop what a thief gave back",
		.size = sizeof(chunks),
		.set_up = keep_announced_chunk,
		.operate = find_out,
		.recover = put_back,
		.survive = check_chunks_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: steal from a swift lane",
		.size = sizeof(chunks),
		.set_up = fill_swift_others,
		.operate = steal_and_take,
		.recover = put_back,
		.survive = check_chunks_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "ranges: steal from a swift lane beside its popper",
		.size = sizeof(chunks),
		.set_up = fill_swift_others,
		.operate = steal,
		.witness = come_and_pop_all_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: steal beside its popper",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.witness = pop_two_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: steal beside its popper, who takes all",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.witness = pop_all_as_other,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "ranges: steal beside another thief",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_and_take,
		.witness = work_as_third,
		.recover = put_back,
		.survive = check_after_witness,
	},
	{
		.name = "mistake: a theft without a record",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_without_record,
		.recover = put_back,
		.survive = check_chunks,
		.is_mistake = true,
	},
	{
		.name = "mistake: a theft that is done before it says so",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_before_it_is_done,
		.recover = put_back,
		.survive = check_chunks,
		.is_mistake = true,
	},
	{
		.name = "mistake: what was announced is put back, stolen or not",
		.size = sizeof(chunks),
		.set_up = lose_announced_chunk,
		.operate = find_out,
		.recover = put_back_what_was_announced,
		.survive = check_after_thief,
		.is_mistake = true,
	},
	{0},
};
