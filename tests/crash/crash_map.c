/* SPDX-License-Identifier: MIT */
/*
 * The map: taking chunks, stealing them, doing items, and recovering after a worker.
 */
#include "crash.h"
#include "small_map.h"

/* ---- ranges: every chunk is in one range, or done ---- */

enum {
	CHUNKS = 10,
	LANES = 3
};
/* Who works in which lane. */
enum {
	VICTIM,
	OTHER,
	THIRD
};

typedef struct chunks {
	/* How often each chunk was taken. */
	_Atomic uint32_t taken[CHUNKS];
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
		pop(shared, lane, CHUNKS);
	while (mproci_ranges_steal(ranges_of(shared), lane));
}

static void lay_out(void *shared, uint32_t first_end, uint32_t second_end)
{
	mproci_ranges *ranges = ranges_of(shared);

	mproci_ranges_init(ranges, LANES, CHUNKS, 1);
	ranges->lanes[VICTIM].range = mproci_range_of(0, first_end);
	ranges->lanes[OTHER].range = mproci_range_of(first_end, second_end);
	ranges->lanes[THIRD].range = mproci_range_of(second_end, CHUNKS);
}

/* The victim's lane has most, one other nothing. */
static void fill_victim(void *shared)
{
	lay_out(shared, 6, 6);
}

/* The victim's lane has the last chunk of all. */
static void leave_victim_one(void *shared)
{
	lay_out(shared, 1, 1);
	ranges_of(shared)->lanes[THIRD].range = 0;
	((chunks *)shared)->taken[0] = 0;
	for (int i = 1; i < CHUNKS; ++i)
		((chunks *)shared)->taken[i] = 1;
}

enum {
	LOST_CHUNK = 5
};

/*
 * The victim had announced its last chunk when a thief took it, and is about to find out.  The thief is still at it;
 * the only chunk left is the next one.
 */
static void lose_announced_chunk(void *shared)
{
	mproci_ranges *ranges = ranges_of(shared);
	chunks *all = shared;

	lay_out(shared, 0, 0);
	for (uint32_t i = 0; i < CHUNKS; ++i)
		all->taken[i] = i != LOST_CHUNK && i != LOST_CHUNK + 1;
	ranges->lanes[VICTIM].range = mproci_range_of(LOST_CHUNK, LOST_CHUNK);
	ranges->lanes[VICTIM].running = LOST_CHUNK;
	ranges->lanes[OTHER].range = mproci_range_of(LOST_CHUNK + 1, LOST_CHUNK + 2);
	ranges->lanes[THIRD].range = 0;
}

/* The victim's lane has nothing, one other most. */
static void fill_others(void *shared)
{
	lay_out(shared, 0, 6);
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

static void work_as_victim(void *shared)
{
	work_as(shared, VICTIM);
}

/* The same without the record; a mistake. */
static void steal_without_record(void *shared)
{
	mproci_ranges *ranges = ranges_of(shared);

	mproci_ranges_lock(ranges);
	ranges->lanes[OTHER].range = mproci_range_of(0, 3);
	ranges->lanes[VICTIM].range = mproci_range_of(3, 6);
	mproci_ranges_unlock(ranges);
}

static void work_as_other(void *shared)
{
	work_as(shared, OTHER);
}

static void work_as_third(void *shared)
{
	work_as(shared, THIRD);
}

static void pop_two_as_other(void *shared)
{
	pop(shared, OTHER, 2);
}

static void pop_all_as_other(void *shared)
{
	pop(shared, OTHER, CHUNKS);
}

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

static void check_chunks(void *shared)
{
	chunks *all = shared;

	crash_expect(!ranges_of(shared)->record.is_open, "a theft is not finished");
	for (uint32_t lane = 0; lane < LANES; ++lane)
		pop(shared, lane, CHUNKS);
	for (unsigned i = 0; i < CHUNKS; ++i)
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

/* ---- map ---- */

static void make_map(void *shared)
{
	small_map_make(shared, 2, 5, 1);
}

static void make_map_of_chunks(void *shared)
{
	small_map_make(shared, 2, 8, 3);
}

static void make_map_for_three(void *shared)
{
	small_map_make(shared, 3, 8, 1);
}

static void work(void *shared)
{
	small_map *small = shared;

	mproci_map_work(&small->map, VICTIM);
}

static void work_beside(void *shared)
{
	small_map *small = shared;

	mproci_map_work(&small->map, OTHER);
}

static void recover_map(void *shared)
{
	small_map *small = shared;

	mproci_map_recover(&small->map, VICTIM, small_map_killed);
}

static void finish_as_other(void *shared)
{
	work_beside(shared);
	small_map_check(shared, 1);
}

static void finish_as_successor(void *shared)
{
	work(shared);
	small_map_check(shared, 1);
}

const crash_operation crash_map_operations[] = {
	{
		.name = "map: pop",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_one,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "map: pop until empty",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_all,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: pop beside a thief",
		.size = sizeof(chunks),
		.set_up = fill_victim,
		.operate = take_one,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: pop the last chunk beside a thief",
		.size = sizeof(chunks),
		.set_up = leave_victim_one,
		.operate = take_all,
		.witness = work_as_other,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: steal",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.recover = put_back,
		.survive = check_chunks,
		.is_killed_twice = true,
	},
	{
		.name = "map: steal and pop",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_and_take,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: steal all",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = work_as_victim,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: steal after a thief",
		.size = sizeof(chunks),
		.set_up = lose_announced_chunk,
		.operate = work_as_victim,
		.recover = put_back,
		.survive = check_after_thief,
	},
	{
		.name = "map: steal beside its popper",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.witness = pop_two_as_other,
		.recover = put_back,
		.survive = check_chunks,
	},
	{
		.name = "map: steal beside its popper, who takes all",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal,
		.witness = pop_all_as_other,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: steal beside another thief",
		.size = sizeof(chunks),
		.set_up = fill_others,
		.operate = steal_and_take,
		.witness = work_as_third,
		.recover = put_back,
		.survive = check_chunks_as_successor,
	},
	{
		.name = "map: work, chunk 1",
		.size = sizeof(small_map),
		.set_up = make_map,
		.operate = work,
		.recover = recover_map,
		.survive = finish_as_other,
		.is_killed_twice = true,
	},
	{
		.name = "map: work, chunk 3",
		.size = sizeof(small_map),
		.set_up = make_map_of_chunks,
		.operate = work,
		.recover = recover_map,
		.survive = finish_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "map: work beside another worker",
		.size = sizeof(small_map),
		.set_up = make_map_for_three,
		.operate = work,
		.witness = work_beside,
		.recover = recover_map,
		.survive = finish_as_successor,
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
	{0},
};
