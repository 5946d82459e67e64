/* SPDX-License-Identifier: MIT */
/*
 * The map: doing items, and recovering after a worker.  What it does with ranges alone is in crash_ranges.c.
 */
#include "crash.h"
#include "small_map.h"

/* Who works in which lane. */
enum {
	VICTIM,
	OTHER,
};

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

/* The last chunk is a short one, and somewhere in the middle. */
static void make_shuffled_map(void *shared)
{
	small_map *small = shared;

	make_map_of_chunks(shared);
	small->map.spec.is_shuffled = true;
	small->map.spec.terms.seed = 1;
}

static void make_map_with_retries(void *shared)
{
	small_map *small = shared;

	make_map_of_chunks(shared);
	small->map.spec.terms.retries = 2;
	small->failing = 2;
}

/* Each item has killed a worker before, and once more is too much. */
static void make_map_of_last_attempts(void *shared)
{
	small_map *small = shared;

	make_map_of_chunks(shared);
	small->map.spec.terms.retries = 1;
	for (uint32_t i = 0; i < small->map.spec.count; ++i) {
		small->verdicts[i] = mproci_verdict_of(MPROC_ENDING_NONE, 0, 0, 1);
		small->attempts[i] = 1;
	}
}

static void make_map_that_stops(void *shared)
{
	small_map *small = shared;

	make_map_of_chunks(shared);
	small->map.spec.stops_on_failure = true;
	small->failing = 2;
}

static void work(void *shared)
{
	small_map_work(shared, VICTIM);
}

static void work_beside(void *shared)
{
	small_map *small = shared;

	small_map_work(small, OTHER);
	crash_add(&small->is_witness_done);
}

static void recover_map(void *shared)
{
	small_map *small = shared;

	mproci_map_recover(&small->map, VICTIM, small_map_killed);
}

/* Without a verdict on the item that was running; a mistake. */
static void recover_without_verdict(void *shared)
{
	small_map *small = shared;
	uint32_t chunk;

	mproci_ranges_lock(small->map.ranges);
	if (mproci_ranges_popped(small->map.ranges, VICTIM, &chunk))
		mproci_ranges_put_back(small->map.ranges, VICTIM);
	mproci_ranges_unlock(small->map.ranges);
}

static void finish_as_other(void *shared)
{
	small_map_work(shared, OTHER);
	small_map_check(shared, 1);
}

static void finish_as_successor(void *shared)
{
	small_map_work(shared, VICTIM);
	small_map_check(shared, 1);
}

static void finish_after_witness(void *shared)
{
	small_map *small = shared;

	crash_await(&small->is_witness_done, 1);
	finish_as_successor(shared);
}

/* What was killed is tried again, so that nothing is lost. */
static void finish_retries(void *shared)
{
	small_map_work(shared, OTHER);
	small_map_work(shared, VICTIM);
	small_map_check(shared, 0);
}

static void finish_stopping(void *shared)
{
	small_map *small = shared;

	small_map_work(shared, OTHER);
	crash_expect(small->map.is_stopping, "an item failed, and nobody stopped");
	crash_expect(mproci_map_is_exhausted(&small->map), "a stopped map is not exhausted");
	small_map_check(shared, 1);
}

const crash_operation crash_map_operations[] = {
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
		.survive = finish_after_witness,
	},
	{
		.name = "map: work, shuffled",
		.size = sizeof(small_map),
		.set_up = make_shuffled_map,
		.operate = work,
		.recover = recover_map,
		.survive = finish_as_other,
		.is_killed_twice = true,
	},
	{
		.name = "map: work, tried again",
		.size = sizeof(small_map),
		.set_up = make_map_with_retries,
		.operate = work,
		.recover = recover_map,
		.survive = finish_retries,
		.is_killed_twice = true,
	},
	{
		.name = "map: work, the last attempts",
		.size = sizeof(small_map),
		.set_up = make_map_of_last_attempts,
		.operate = work,
		.recover = recover_map,
		.survive = finish_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "map: work until an item fails",
		.size = sizeof(small_map),
		.set_up = make_map_that_stops,
		.operate = work,
		.recover = recover_map,
		.survive = finish_stopping,
		.is_killed_twice = true,
	},
	{
		.name = "mistake: nobody is blamed for a death",
		.size = sizeof(small_map),
		.set_up = make_map_of_chunks,
		.operate = work,
		.recover = recover_without_verdict,
		.survive = finish_as_successor,
		.is_mistake = true,
	},
	{0},
};
