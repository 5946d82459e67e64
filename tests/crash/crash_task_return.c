/* SPDX-License-Identifier: MIT */
/*
 * Results of any size: the block is in its place, or free.
 */
#include "ground.h"

#include "arena/place.h"
#include "family/member.h"
#include "pool/task.h"

#include <mproc/arena.h>
#include <string.h>

enum {
	SMALL = 100,
	LARGER = 300,
	BIG = 2 * MPROCI_UNIT_SIZE,
	/* What the first attempt returns in the end; and what the next attempt does. */
	SECOND = 2,
	NEXT = 3,
};

typedef struct parcel {
	_Atomic crash_stage stage;
	mproci_returned returned;
	/* What is returned at last. */
	size_t size;
} parcel;

static void enter(void *shared)
{
	(void)shared;
	ground_enter();
}

static int give(parcel *all, char content, size_t size)
{
	mproc_task task = {.returned = &all->returned};
	char data[LARGER];

	memset(data, content, size);
	return mproc_task_return(&task, data, size);
}

static void return_small(void *shared)
{
	parcel *all = shared;

	all->size = LARGER;
	all->stage = CRASH_INSIDE;
	give(all, 1, SMALL);
	give(all, SECOND, LARGER);
	all->stage = CRASH_AFTER;
}

static void return_after_big(void *shared)
{
	parcel *all = shared;
	mproc_task task = {.returned = &all->returned};
	void *room;

	all->size = SMALL;
	all->stage = CRASH_INSIDE;
	mproc_task_reserve(&task, BIG, &room);
	give(all, SECOND, SMALL);
	all->stage = CRASH_AFTER;
}

/* A mistake: for a moment the block is nobody's. */
static void return_unplaced(void *shared)
{
	parcel *all = shared;

	all->returned.block = mproc_alloc(SMALL);
}

static void check_blocks(const parcel *all)
{
	mproci_arena_census census = ground_look_at_rest();
	uint32_t used = ground_count_used(&census), placed = all->returned.block != NULL;

	crash_expect(used == placed, "%u blocks are in use, and %u in its place", used, placed);
}

static void check_content(parcel *all, char content)
{
	const char *block = all->returned.block;

	crash_expect(
		block != NULL && all->returned.size == all->size, "the result has not %zu bytes", all->size);
	for (size_t i = 0; block != NULL && i < all->size; ++i)
		crash_expect(block[i] == content, "byte %zu of the result is %d", i, block[i]);
}

static void check_and_empty(parcel *all)
{
	check_blocks(all);
	mproci_place_empty(&all->returned.block);
	ground_check_empty();
}

static void check_parcel(void *shared)
{
	parcel *all = shared;

	mproci_member_sweep();
	if (all->stage == CRASH_AFTER)
		check_content(all, SECOND);
	check_and_empty(all);
}

/* The next attempt is begun before the dead is buried. */
static void try_again(void *shared)
{
	parcel *all = shared;

	ground_enter();
	all->size = LARGER;
	mproci_place_empty(&all->returned.block);
	crash_expect(give(all, NEXT, LARGER) == 0, "%s", mproc_error_text());
}

static void check_next(void *shared)
{
	parcel *all = shared;

	mproci_member_sweep();
	check_content(all, NEXT);
	check_and_empty(all);
}

const crash_operation crash_task_return_operations[] = {
	{
		.name = "return: small results",
		.size = sizeof(parcel),
		.set_up = ground_make,
		.is_sampled = true,
		.prepare = enter,
		.operate = return_small,
		.survive = check_parcel,
	},
	{
		.name = "return: small results, tried again",
		.size = sizeof(parcel),
		.set_up = ground_make,
		.is_sampled = true,
		.prepare = enter,
		.operate = return_small,
		.recover = try_again,
		.survive = check_next,
	},
	{
		.name = "return: a small result after a big one",
		.size = sizeof(parcel),
		.set_up = ground_make,
		.is_sampled = true,
		.prepare = enter,
		.operate = return_after_big,
		.survive = check_parcel,
	},
	{
		.name = "return: a small result after a big one, tried again",
		.size = sizeof(parcel),
		.set_up = ground_make,
		.is_sampled = true,
		.prepare = enter,
		.operate = return_after_big,
		.recover = try_again,
		.survive = check_next,
	},
	{
		.name = "mistake: a result is nobody's for a moment",
		.size = sizeof(parcel),
		.set_up = ground_make,
		.is_sampled = true,
		.prepare = enter,
		.operate = return_unplaced,
		.survive = check_parcel,
		.is_mistake = true,
	},
	{0},
};
