/* SPDX-License-Identifier: MIT */
/*
 * Places: filling and emptying them, and what others do with the place and the block before the dead is
 * buried.
 *
 * All blocks that are in use are in places, so after each death, and after that of whoever went on, there
 * must be exactly as many as there are places that are not empty.
 */
#include "ground.h"

#include "arena/place.h"
#include "arena/sparse.h"
#include "family/member.h"
#include "sys/futex.h"
#include "sys/memory.h"

#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* The largest class, which has the fewest blocks in a span. */
	SMALL = MPROCI_SMALL_MAX,
	SPAN_BLOCKS = 7,
	UNIT = MPROCI_UNIT_SIZE,
	BIG = 2 * UNIT,
	/* More small ones than there are in a span, and as many big ones as there is room for. */
	MORE = SPAN_BLOCKS + 1,
	MORE_BIG = 4,
	LITTER = 0x5a,
};

typedef struct shelf {
	mproci_id victim, owner;
	_Atomic crash_stage stage;
	/* What the place is filled with, and whether it is to be filled or emptied. */
	size_t size;
	bool is_to_be_filled;
	/* Big enough for the test: what lies in it is looked at. */
	bool has_litter;
	void *_Atomic place, *_Atomic more[MORE];
	/* Set when the owner of a block, who is alive, may go on. */
	_Atomic uint32_t owner_may_go;
} shelf;

/* ---- filling and emptying ---- */

static void fill(void *_Atomic *place, size_t size)
{
	crash_expect(mproci_place_fill(place, size) == 0, "%s", mproc_error_text());
	crash_expect(mproc_usable_size(*place) >= size, "a place has no block of %zu bytes", size);
}

static void fill_more(shelf *all, unsigned count)
{
	for (unsigned i = 0; i < count; ++i) {
		if (all->more[i] == NULL)
			fill(&all->more[i], all->size);
	}
}

static unsigned count_more(const shelf *all)
{
	return all->size == BIG ? MORE_BIG : MORE;
}

static void be_victim(shelf *all, bool is_to_be_filled)
{
	ground_enter();
	all->victim = mproci_member_self();
	all->is_to_be_filled = is_to_be_filled;
}

/* A free block that was in use before, between others that are. */
static void lay_free_block(shelf *all, size_t size)
{
	all->size = size;
	fill_more(all, 3);
	mproci_place_empty(&all->more[1]);
	mproci_heap_trim(ground_enter());
}

static void prepare_filling(void *shared, size_t size)
{
	lay_free_block(shared, size);
	be_victim(shared, true);
}

static void prepare_filling_small(void *shared)
{
	prepare_filling(shared, SMALL);
}

static void prepare_filling_big(void *shared)
{
	prepare_filling(shared, BIG);
}

static void prepare_first_small(void *shared)
{
	shelf *all = shared;

	all->size = SMALL;
	be_victim(all, true);
}

static void prepare_emptying_small(void *shared)
{
	shelf *all = shared;

	fill(&all->place, SMALL);
	/* The last place that it was at is another one. */
	lay_free_block(all, SMALL);
	be_victim(all, false);
}

static void lay_big(shelf *all)
{
	fill(&all->place, BIG);
	memset(all->place, LITTER, BIG);
	lay_free_block(all, BIG);
	all->has_litter = true;
}

static void prepare_emptying_big(void *shared)
{
	lay_big(shared);
	be_victim(shared, false);
}

static void prepare_emptying(void *shared)
{
	be_victim(shared, false);
}

static void fill_place(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproci_place_fill(&all->place, all->size);
	all->stage = CRASH_AFTER;
}

static void empty_place(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproci_place_empty(&all->place);
	all->stage = CRASH_AFTER;
}

/* ---- others who allocated the block ---- */

static void own_small(void *shared)
{
	shelf *all = shared;

	all->owner = mproci_member_self();
	all->size = SMALL;
	fill(&all->place, SMALL);
}

static void own_big(void *shared)
{
	shelf *all = shared;

	all->owner = mproci_member_self();
	lay_big(all);
}

/* Nobody knows yet that he has ended. */
static void add_ended_owner_of_small(void *shared)
{
	ground_make(shared);
	crash_start("the owner", own_small);
}

static void add_ended_owner_of_big(void *shared)
{
	ground_make(shared);
	crash_start("the owner", own_big);
}

/* His span is there for whoever looks for one. */
static void add_buried_owner_of_small(void *shared)
{
	add_ended_owner_of_small(shared);
	mproci_member_bury(((shelf *)shared)->owner);
}

/* ---- who goes on ---- */

static unsigned count_places(const shelf *all)
{
	unsigned count = all->place != NULL;

	for (int i = 0; i < MORE; ++i)
		count += all->more[i] != NULL;
	return count;
}

/* Every block in use is in a place, and no two places have the same. */
static void check_places(const shelf *all)
{
	mproci_arena_census census = ground_look_at_rest();
	unsigned count = count_places(all);

	crash_expect(ground_count_used(&census) == count, "%u blocks are in use, and %u places are not empty",
		ground_count_used(&census), count);
	crash_expect(census.small_freed == 0, "%u blocks are not free yet", census.small_freed);
	for (int i = 0; i < MORE; ++i)
		crash_expect(all->more[i] == NULL || mproc_usable_size(all->more[i]) >= all->size,
			"place %d has a block that is free", i);
}

static void check_litter(const shelf *all)
{
	const char *block = all->place;

	for (int i = 0; block != NULL && i < GROUND_WATCHED_SIZE; ++i)
		crash_expect(block[i] == LITTER, "the block lost what was in it");
}

static void empty_all(shelf *all)
{
	mproci_place_empty(&all->place);
	for (int i = 0; i < MORE; ++i)
		mproci_place_empty(&all->more[i]);
	check_places(all);
}

/* Use the place again, and all others; then empty everything. */
static void use_places(shelf *all)
{
	mproci_place_empty(&all->place);
	check_places(all);
	fill(&all->place, all->size);
	fill_more(all, count_more(all));
	check_places(all);
	empty_all(all);
	ground_check_empty();
}

static void check_shelf(void *shared)
{
	shelf *all = shared;

	mproci_member_sweep();
	check_places(all);
	crash_expect_outcome(all->stage, (all->place != NULL) == all->is_to_be_filled);
	if (all->has_litter)
		check_litter(all);
	use_places(all);
}

/* What whoever learns of the death does, and then finds out that memory is short. */
static void sweep_behind(void *shared)
{
	shelf *all = shared;
	mproci_heap *heap = ground_enter();

	mproci_member_bury(all->victim);
	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
}

/* He has not needed the arena yet. */
static void bury_as_stranger(void *shared)
{
	mproci_arena_here = NULL;
	mproci_member_bury(((shelf *)shared)->victim);
}

/* Empty the place that the dead was at and use what memory there is, before he is buried. */
static void go_on(void *shared)
{
	shelf *all = shared;

	ground_enter();
	mproci_place_empty(&all->place);
	fill_more(all, count_more(all));
}

static void check_after_going_on(void *shared)
{
	shelf *all = shared;

	mproci_member_sweep();
	check_places(all);
	crash_expect(count_places(all) == count_more(all), "somebody emptied a place");
	use_places(all);
}

/* ---- beside a living member ---- */

/*
 * The owner of a full span goes on after another member emptied a place: that block must be the next that it
 * is given.
 */
static void own_full_span(void *shared)
{
	shelf *all = shared;
	void *block, *next;
	bool is_freed;

	own_small(shared);
	fill_more(all, SPAN_BLOCKS - 1);
	block = all->place;
	while (all->owner_may_go == 0)
		mproci_futex_wait(&all->owner_may_go, 0, MPROC_FOREVER);
	is_freed = mproc_usable_size(block) == 0;
	next = mproc_alloc(SMALL);
	crash_expect(!is_freed || next == block, "what another member freed is forgotten");
	ground_give(next);
	use_places(all);
}

static void add_living_owner(void *shared)
{
	ground_make(shared);
	crash_start("the owner", own_full_span);
}

static void check_beside_owner(void *shared)
{
	shelf *all = shared;

	crash_expect_outcome(all->stage, all->place == NULL);
	all->owner_may_go = 1;
	mproci_futex_wake(&all->owner_may_go, MPROCI_WAKE_ALL);
}

/* ---- sparse blocks ---- */

enum {
	PIECE = 2 * MPROCI_PAGE,
};

static char *sparse_block(const shelf *all)
{
	return all->place;
}

static void lay_sparse(shelf *all)
{
	all->size = BIG;
	fill_more(all, 2);
	mproci_place_empty(&all->more[0]);
	crash_expect(mproci_sparse_fill(&all->place, BIG) == 0, "%s", mproc_error_text());
	crash_expect(mproci_sparse_provide(sparse_block(all), PIECE) == 0, "%s", mproc_error_text());
	memset(sparse_block(all), LITTER, PIECE);
}

static void prepare_filling_sparse(void *shared)
{
	prepare_filling(shared, BIG);
}

static void prepare_sparse(void *shared)
{
	lay_sparse(shared);
	be_victim(shared, true);
}

static void prepare_emptying_sparse(void *shared)
{
	lay_sparse(shared);
	be_victim(shared, false);
}

static void fill_sparse(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproci_sparse_fill(&all->place, all->size);
	all->stage = CRASH_AFTER;
}

static void provide_and_return(void *shared)
{
	shelf *all = shared;
	char *block = sparse_block(all);

	mproci_sparse_provide(block + PIECE, PIECE);
	block[PIECE] = LITTER;
	mproci_sparse_return(block + PIECE, PIECE);
	mproci_sparse_provide(block, PIECE);
	mproci_sparse_return(block, PIECE);
	mproci_sparse_provide(block, PIECE);
	block[0] = LITTER;
}

/* Whatever of the block has no memory gets some: all of it can be used, and what never had any is zero. */
static void use_sparse(const shelf *all)
{
	char *block = sparse_block(all);

	if (block == NULL)
		return;
	crash_expect(mproci_sparse_provide(block, BIG) == 0, "%s", mproc_error_text());
	ground_check_zero(block + 2 * PIECE, BIG - 2 * PIECE);
	memset(block, LITTER, BIG);
	mproci_sparse_return(block + PIECE, BIG - PIECE);
}

static void check_sparse(void *shared)
{
	use_sparse(shared);
	check_shelf(shared);
}

static void check_provided(void *shared)
{
	shelf *all = shared;

	use_sparse(all);
	check_places(all);
	use_places(all);
}

/* ---- mistakes ---- */

static void fill_without_note(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	all->place = mproc_alloc(all->size);
	all->stage = CRASH_AFTER;
}

static void empty_without_note(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_free(atomic_exchange(&all->place, NULL));
	all->stage = CRASH_AFTER;
}

/* The block is in the place, but nobody looks for notes of it. */
static void prepare_unwatched(void *shared)
{
	shelf *all = shared;
	uint32_t unit = (uint32_t)(((char *)all->place - ground_units()) / UNIT);
	mproci_span *span = mproci_span_at(unit);

	for (int i = 0; i < SPAN_BLOCKS; ++i)
		span->states[i] &= (uint8_t)~MPROCI_BLOCK_WATCHED;
	be_victim(all, false);
}

/* go_on, where big blocks are given back whoever has noted them. */
static void go_on_without_looking(void *shared)
{
	shelf *all = shared;
	uint64_t owner = ground_enter()->owner;
	uint32_t unit = (uint32_t)(((char *)all->place - ground_units()) / UNIT);

	if (all->place != NULL) {
		all->place = NULL;
		mproci_run_lock();
		mproci_arena_here->table[unit] = mproci_unit_held(BIG / UNIT, owner);
		mproci_run_unlock();
		mproci_run_give(unit, BIG / UNIT, owner);
	}
	fill_more(all, count_more(all));
}

const crash_operation crash_place_operations[] = {
	{
		.name = "place: fill, small",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_small,
		.operate = fill_place,
		.recover = sweep_behind,
		.survive = check_shelf,
		.is_killed_twice = true,
	},
	{
		.name = "place: fill, small, a new span",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_first_small,
		.operate = fill_place,
		.survive = check_shelf,
	},
	{
		.name = "place: fill, small, buried by one without an arena",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_small,
		.operate = fill_place,
		.recover = bury_as_stranger,
		.survive = check_shelf,
	},
	{
		.name = "place: fill, small, emptied before the burial",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_small,
		.operate = fill_place,
		.recover = go_on,
		.survive = check_after_going_on,
		.is_killed_twice = true,
	},
	{
		.name = "place: fill, big",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_big,
		.operate = fill_place,
		.recover = sweep_behind,
		.survive = check_shelf,
		.is_killed_twice = true,
	},
	{
		.name = "place: fill, big, emptied before the burial",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_big,
		.operate = fill_place,
		.recover = go_on,
		.survive = check_after_going_on,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "place: empty, small",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_small,
		.operate = empty_place,
		.recover = sweep_behind,
		.survive = check_shelf,
		.is_killed_twice = true,
	},
	{
		.name = "place: empty, small, of a member that has ended",
		.size = sizeof(shelf),
		.set_up = add_ended_owner_of_small,
		.prepare = prepare_emptying,
		.operate = empty_place,
		.survive = check_shelf,
	},
	{
		.name = "place: empty, small, of another member",
		.size = sizeof(shelf),
		.set_up = add_living_owner,
		.prepare = prepare_emptying,
		.operate = empty_place,
		.survive = check_beside_owner,
	},
	{
		.name = "place: empty, small, used again before the burial",
		.size = sizeof(shelf),
		.set_up = add_buried_owner_of_small,
		.prepare = prepare_emptying,
		.operate = empty_place,
		.recover = go_on,
		.survive = check_after_going_on,
		.is_killed_twice = true,
	},
	{
		.name = "place: empty, big",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_big,
		.operate = empty_place,
		.recover = sweep_behind,
		.survive = check_shelf,
		.is_killed_twice = true,
	},
	{
		.name = "place: empty, big, buried by one without an arena",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_big,
		.operate = empty_place,
		.recover = bury_as_stranger,
		.survive = check_shelf,
		.is_slow = true,
	},
	{
		.name = "place: empty, big, of a member that has ended",
		.size = sizeof(shelf),
		.set_up = add_ended_owner_of_big,
		.prepare = prepare_emptying,
		.operate = empty_place,
		.survive = check_shelf,
		.is_slow = true,
	},
	{
		.name = "place: empty, big, used again before the burial",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_big,
		.operate = empty_place,
		.recover = go_on,
		.survive = check_after_going_on,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "place: fill, sparse",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_sparse,
		.operate = fill_sparse,
		.survive = check_sparse,
	},
	{
		.name = "place: empty, sparse",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_sparse,
		.operate = empty_place,
		.survive = check_sparse,
	},
	{
		.name = "sparse: provide and return",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_sparse,
		.operate = provide_and_return,
		.survive = check_provided,
	},
	{
		.name = "mistake: a block is allocated, and then stored in its place",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_filling_small,
		.operate = fill_without_note,
		.survive = check_shelf,
		.is_mistake = true,
	},
	{
		.name = "mistake: a place is emptied, and then its block freed",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_big,
		.operate = empty_without_note,
		.survive = check_shelf,
		.is_mistake = true,
	},
	{
		.name = "mistake: a small block is used again while a dead one has noted it",
		.size = sizeof(shelf),
		.set_up = add_buried_owner_of_small,
		.prepare = prepare_unwatched,
		.operate = empty_place,
		.recover = go_on,
		.survive = check_after_going_on,
		.is_mistake = true,
	},
	{
		.name = "mistake: a big block is used again while a dead one has noted it",
		.size = sizeof(shelf),
		.set_up = ground_make,
		.prepare = prepare_emptying_big,
		.operate = empty_place,
		.recover = go_on_without_looking,
		.survive = check_after_going_on,
		.is_mistake = true,
	},
	{0},
};
