/* SPDX-License-Identifier: MIT */
/*
 * The arena: allocating, freeing, changing sizes, and taking over what ended threads left.
 *
 * Each test begins with an arena that was never used, so that every run takes the same steps.  Whatever the victim was
 * at, whoever sweeps after its burial must find a sound arena with the blocks that were there before, or those that are
 * there after the operation, and get every unit back when they are freed.
 */
#include "ground.h"

#include "family/member.h"
#include "sys/futex.h"

#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>
#include <sys/mman.h>

enum {
	/* The largest class, which has the fewest blocks in a span, and another one. */
	SMALL = MPROCI_SMALL_MAX,
	OTHER_SMALL = 5120,
	SPAN_BLOCKS = 7,
	UNIT = MPROCI_UNIT_SIZE,
	/* A class whose blocks begin where one of TINY blocks has states, and how many a span has. */
	MIDDLE = 1280,
	MIDDLE_BLOCKS = 51,
	TINY = 16,
	MOST_BLOCKS = MIDDLE_BLOCKS + 1,
	/* Three pages. */
	FEW_PAGES = 3 * MPROCI_PAGE,
	/* Beyond that of every block. */
	ALIGNMENT_UNITS = 4,
	/* In blocks that were in use. */
	LITTER = 0x5a,
};

/* Where the victim is, as far as it has told. */
enum {
	BEFORE,
	INSIDE,
	AFTER
};

typedef struct yard {
	mproci_id victim, dead;
	_Atomic int stage;
	/* Blocks in use before the operation, and how many more there are after it. */
	uint32_t used_before;
	int change;
	/* What the operation allocates, frees or changes; in the last case its sizes, and where it is after that. */
	char *block, *changed;
	size_t old_size, new_size;
	/* All others that were ever allocated; some may have been freed. */
	char *blocks[MOST_BLOCKS];
	uint32_t block_count;
	/* Set when the owner of a block, who is alive, may go on; when a guest has done its work. */
	_Atomic uint32_t owner_may_go, guest_is_done;
} yard;

/* ---- in the harness ---- */

/* So that whole blocks are put back, too, when recoverers are killed. */
static void make_watched_arena(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	crash_watch(ground_units(), GROUND_WATCHED_UNITS * UNIT);
}

/* ---- in all other processes ---- */

static _Atomic uint64_t *table(void)
{
	return mproci_arena_here->table;
}

static void take(yard *all, size_t size, uint32_t count)
{
	while (count-- > 0) {
		char *block = mproc_alloc(size);

		crash_expect(block != NULL, "%s", mproc_error_text());
		memset(block, LITTER, size);
		all->blocks[all->block_count++] = block;
	}
}

/* ---- the victim ---- */

static void be_victim(void *shared)
{
	yard *all = shared;
	mproci_arena_census census;

	ground_enter();
	census = ground_look();
	all->victim = mproci_member_self();
	all->used_before = ground_count_used(&census);
}

/* The first in the list of free blocks was in use before. */
static void prepare_small(void *shared)
{
	yard *all = shared;

	take(all, SMALL, 3);
	ground_give(all->blocks[0]);
	all->block = all->blocks[1];
	be_victim(shared);
}

/* Two spans are full, and others will free in the one that is not current. */
static void prepare_full_spans(void *shared)
{
	take(shared, SMALL, 2 * SPAN_BLOCKS);
	be_victim(shared);
}

/* One span is unused, one is not. */
static void prepare_spare_span(void *shared)
{
	yard *all = shared;

	take(all, MIDDLE, MIDDLE_BLOCKS + 1);
	for (int i = 0; i < MIDDLE_BLOCKS; ++i)
		ground_give(all->blocks[i]);
	be_victim(shared);
}

/* Five free units, in front of one in use. */
static void prepare_free_run(void *shared)
{
	yard *all = shared;

	take(all, 5 * UNIT, 1);
	take(all, UNIT, 1);
	ground_give(all->blocks[0]);
	be_victim(shared);
}

/* The same, but they do not read as zero: pages that are locked are not taken back. */
static void prepare_dirty_run(void *shared)
{
	yard *all = shared;

	take(all, 2 * UNIT, 1);
	take(all, UNIT, 1);
	mlock(all->blocks[0], (size_t)2 * UNIT);
	ground_give(all->blocks[0]);
	munlock(all->blocks[0], (size_t)2 * UNIT);
	crash_expect(mproci_unit_is_dirty(table()[0]), "the run is clean");
	be_victim(shared);
}

/* One free unit, behind one in use, and nothing behind it. */
static void prepare_free_end(void *shared)
{
	yard *all = shared;

	take(all, UNIT, 2);
	ground_give(all->blocks[1]);
	be_victim(shared);
}

/* A block of two units between two free runs. */
static void lay_between_free_runs(void *shared)
{
	yard *all = shared;

	take(all, 2 * UNIT, 3);
	take(all, UNIT, 1);
	ground_give(all->blocks[0]);
	ground_give(all->blocks[2]);
	all->block = all->blocks[1];
}

/* The first block, with no free run around, so that hints lie behind it. */
static void lay_before_used_run(void *shared)
{
	yard *all = shared;

	take(all, 2 * UNIT, 3);
	all->block = all->blocks[0];
}

static void prepare_between_free_runs(void *shared)
{
	lay_between_free_runs(shared);
	be_victim(shared);
}

static void prepare_tiny(void *shared)
{
	yard *all = shared;

	take(all, TINY, 2);
	all->block = all->blocks[0];
	be_victim(shared);
}

/* A block of a few pages, with free pages in its unit and somebody behind. */
static void prepare_few_pages(void *shared)
{
	yard *all = shared;

	take(all, FEW_PAGES, 1);
	take(all, UNIT, 1);
	all->block = all->blocks[0];
	be_victim(shared);
}

/* The last block, with nothing behind it. */
static void prepare_last_block(void *shared)
{
	yard *all = shared;

	take(all, UNIT, 2);
	all->block = all->blocks[1];
	be_victim(shared);
}

static size_t alignment_of(const char *address)
{
	return (uintptr_t)address / UNIT % ALIGNMENT_UNITS;
}

/* As many free units as an aligned block of two takes for a moment: it gives back some in front and some behind. */
static void prepare_crooked_run(void *shared)
{
	static const size_t CROOKED = 2;
	yard *all = shared;
	size_t before = (CROOKED + ALIGNMENT_UNITS - alignment_of(ground_units())) % ALIGNMENT_UNITS;

	take(all, UNIT, (uint32_t)before);
	take(all, (2 + ALIGNMENT_UNITS - 1) * UNIT, 1);
	take(all, UNIT, 1);
	crash_expect(alignment_of(all->blocks[before]) == CROOKED, "the run is not crooked");
	ground_give(all->blocks[before]);
	be_victim(shared);
}

static void begin(yard *all, int change)
{
	all->change = change;
	all->stage = INSIDE;
}

static void alloc(yard *all, size_t size)
{
	begin(all, 1);
	all->block = mproc_alloc(size);
	all->stage = AFTER;
}

static void alloc_small(void *shared)
{
	((yard *)shared)->block = NULL;
	alloc(shared, SMALL);
}

static void alloc_tiny(void *shared)
{
	alloc(shared, TINY);
}

static void alloc_two_units(void *shared)
{
	alloc(shared, 2 * UNIT);
}

/* So many that it needs what the dead held. */
static void alloc_three_units(void *shared)
{
	alloc(shared, 3 * UNIT);
}

/* Little, since every byte may be a step. */
static void calloc_one_unit(void *shared)
{
	yard *all = shared;

	begin(all, 1);
	all->block = mproc_calloc(1, SMALL + 1);
	all->stage = AFTER;
}

static void alloc_aligned(void *shared)
{
	yard *all = shared;

	begin(all, 1);
	all->block = mproc_aligned_alloc((size_t)ALIGNMENT_UNITS * UNIT, 2 * UNIT);
	all->stage = AFTER;
}

static void change(yard *all, size_t size)
{
	all->old_size = mproc_usable_size(all->block);
	all->new_size = size;
	begin(all, 0);
	all->changed = mproc_realloc(all->block, size);
	all->stage = AFTER;
}

static void change_to_tiny(void *shared)
{
	change(shared, TINY);
}

static void change_to_middle(void *shared)
{
	change(shared, MIDDLE);
}

static void change_to_other_small(void *shared)
{
	change(shared, OTHER_SMALL);
}

static void change_to_five_pages(void *shared)
{
	change(shared, FEW_PAGES + 2 * MPROCI_PAGE);
}

static void change_to_one_unit(void *shared)
{
	change(shared, UNIT);
}

static void change_to_a_page_more(void *shared)
{
	change(shared, UNIT + MPROCI_PAGE);
}

static void change_to_three_units(void *shared)
{
	change(shared, 3 * UNIT);
}

static void free_block(void *shared)
{
	yard *all = shared;

	begin(all, -1);
	mproc_free(all->block);
	all->stage = AFTER;
}

/* The same for lay_between_free_runs, word by word; a mistake. */
static void free_run_without_journal(void *shared)
{
	begin(shared, -1);
	mproci_run_decommit(2, 2);
	mproci_run_lock();
	table()[2] = MPROCI_UNIT_INSIDE;
	table()[1] = MPROCI_UNIT_INSIDE;
	table()[4] = MPROCI_UNIT_INSIDE;
	table()[5] = mproci_unit_tail(6);
	table()[0] = mproci_unit_free(6, false);
	mproci_run_unlock();
	((yard *)shared)->stage = AFTER;
}

/* change_to_one_unit for lay_between_free_runs, word by word; a mistake. */
static void change_without_journal(void *shared)
{
	yard *all = shared;
	uint64_t owner = mproci_heap_here()->owner;

	all->old_size = 2 * UNIT;
	all->new_size = UNIT;
	begin(all, 0);
	mproci_run_lock();
	table()[2] = mproci_unit_big(UNIT / MPROCI_PAGE, (uint32_t)mproci_member_self());
	table()[3] = mproci_unit_held(1, owner);
	mproci_run_unlock();
	mproci_run_give(3, 1, owner);
	all->changed = all->block;
	all->stage = AFTER;
}

/* ---- who was there before ---- */

/* A span with blocks in use and a free one.  Its owner ends without having been buried. */
static void leave_span(void *shared)
{
	yard *all = shared;

	take(all, SMALL, 3);
	ground_give(all->blocks[1]);
	all->dead = mproci_member_self();
}

/* And an unused one. */
static void leave_spans(void *shared)
{
	yard *all = shared;

	leave_span(shared);
	take(all, OTHER_SMALL, 1);
	ground_give(all->blocks[3]);
}

/* A run that it was about to make a block of, behind a free one. */
static void leave_held_run(void *shared)
{
	yard *all = shared;
	uint32_t unit;
	bool is_dirty;

	take(all, 2 * UNIT, 1);
	crash_expect(mproci_run_lock() == 0, "%s", mproc_error_text());
	crash_expect(
		mproci_run_take(2, ground_enter()->owner, &unit, &is_dirty) == 0, "%s", mproc_error_text());
	mproci_run_unlock();
	memset(mproci_run_memory(unit), LITTER, 2 * UNIT);
	take(all, UNIT, 1);
	ground_give(all->blocks[0]);
	all->dead = mproci_member_self();
}

static void add_dead(yard *all, void (*work)(void *shared))
{
	crash_start("the dead", work);
	mproci_member_bury(all->dead);
}

/* The notes of a dead owner are for nobody: watching them too would make four times as many deaths, all alike. */
static void add_dead_with_span(void *shared)
{
	ground_make_unwatched();
	ground_watch_units(MPROCI_SPAN_HEADER);
	add_dead(shared, leave_span);
}

static void add_dead_with_spans(void *shared)
{
	ground_make(shared);
	add_dead(shared, leave_spans);
}

static void add_dead_with_held_run(void *shared)
{
	ground_make(shared);
	add_dead(shared, leave_held_run);
}

/* Somebody allocated the block and has ended, which nobody knows. */
static void add_owner_of_run(void *shared)
{
	ground_make(shared);
	crash_start("the owner", lay_before_used_run);
}

static void give_two(void *shared)
{
	yard *all = shared;
	mproci_arena_census census;

	ground_give(all->blocks[1]);
	ground_give(all->blocks[4]);
	census = ground_look();
	all->used_before = ground_count_used(&census);
}

static void have_two_freed(void *shared)
{
	(void)shared;
	crash_start("another member", give_two);
}

/* ---- who goes on ---- */

static void use_arena(void)
{
	char *small = mproc_alloc(SMALL), *big = mproc_calloc(2, UNIT);

	crash_expect(small != NULL, "%s", mproc_error_text());
	ground_check_zero(big, 2 * UNIT);
	memset(small, LITTER, SMALL);
	memset(big, LITTER, 2 * UNIT);
	ground_give(big);
	ground_give(small);
}

/* After the block was freed. */
static void check_empty_but(yard *all)
{
	ground_look_at_rest();
	for (uint32_t i = 0; i < all->block_count; ++i) {
		if (all->blocks[i] != all->block && mproc_usable_size(all->blocks[i]) > 0)
			ground_give(all->blocks[i]);
	}
	ground_check_empty();
}

static void check_news(const yard *all)
{
	mproci_arena_census census = ground_look_at_rest();
	uint32_t used = ground_count_used(&census), used_after = all->used_before + (uint32_t)all->change;

	crash_expect(used == all->used_before || used == used_after,
		"%u blocks are in use instead of %u or %u", used, all->used_before, used_after);
	crash_expect(all->stage != BEFORE || used == all->used_before, "something happened before it began");
	crash_expect(all->stage != AFTER || used == used_after, "nothing happened");
	crash_expect(all->stage != AFTER || (mproc_usable_size(all->block) > 0) == (all->change > 0),
		"the block is in the wrong state");
}

/* A big block that was not freed is whole; after recoverers, where it is watched. */
static void check_unfreed(const yard *all)
{
	if (all->change >= 0 || mproc_usable_size(all->block) <= SMALL)
		return;
	for (int i = 0; i < GROUND_WATCHED_SIZE; ++i)
		crash_expect(all->block[i] == LITTER, "the block lost what was in it");
}

static void free_all(yard *all)
{
	check_unfreed(all);
	if (mproc_usable_size(all->block) > 0)
		ground_give(all->block);
	for (uint32_t i = 0; i < all->block_count; ++i) {
		if (mproc_usable_size(all->blocks[i]) > 0)
			ground_give(all->blocks[i]);
	}
}

/* A block that the victim was given, and had no time to tell of, stays. */
static void check_yard(void *shared)
{
	yard *all = shared;
	mproci_arena_census census;
	uint32_t used;

	check_news(all);
	use_arena();
	free_all(all);
	census = ground_look_at_rest();
	used = ground_count_used(&census);
	crash_expect(used == 0 || (used == 1 && all->change == 1 && all->stage == INSIDE),
		"%u blocks in use are nobody's", used);
	if (used == 0)
		ground_check_empty();
}

static void check_calloc(void *shared)
{
	yard *all = shared;

	if (all->block != NULL)
		ground_check_zero(all->block, SMALL + 1);
	check_yard(shared);
}

/* All that the block can hold is as it was; where it has moved, as far as both sizes go. */
static void check_contents(const yard *all)
{
	const char *block = all->stage == AFTER ? all->changed : all->block;
	size_t kept = block == all->block ? mproc_usable_size(block) : all->new_size;

	if (kept > all->old_size)
		kept = all->old_size;
	crash_expect(
		all->stage != AFTER || mproc_usable_size(block) >= all->new_size, "the block is too small");
	for (size_t i = 0; i < kept; ++i)
		crash_expect(block[i] == LITTER, "byte %zu of %zu was not kept", i, kept);
}

/* For a moment there are two blocks; and one of which the victim had no time to tell stays. */
static void check_changed(void *shared)
{
	yard *all = shared;
	mproci_arena_census census = ground_look_at_rest();
	uint32_t used = ground_count_used(&census);

	crash_expect(used == all->used_before || (used == all->used_before + 1 && all->stage == INSIDE),
		"%u blocks are in use instead of %u", used, all->used_before);
	check_contents(all);
	use_arena();
	if (all->stage == AFTER)
		ground_give(all->changed);
	free_all(all);
	census = ground_look_at_rest();
	used = ground_count_used(&census);
	crash_expect(used == 0 || (used == 1 && all->stage == INSIDE), "%u blocks in use are nobody's", used);
	if (used == 0)
		ground_check_empty();
}

/* Free the block first of all, when nobody has looked at what the victim left. */
static void check_freed_at_once(void *shared)
{
	yard *all = shared;

	ground_give(all->block);
	check_empty_but(all);
}

/* The same without the lock; a mistake. */
static void check_freed_without_lock(void *shared)
{
	yard *all = shared;
	uint32_t length = mproci_unit_length(table()[2]);
	uint64_t owner = ground_enter()->owner;

	table()[2] = mproci_unit_held(length, owner);
	mproci_run_give(2, length, owner);
	check_empty_but(all);
}

/* What whoever learns of a death does, and then finds out that memory is short. */
static void sweep_behind(void *shared)
{
	yard *all = shared;
	mproci_heap *heap = ground_enter();

	mproci_member_bury(all->victim);
	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
}

/* ---- beside a living member ---- */

static void set(_Atomic uint32_t *is_so)
{
	*is_so = 1;
	mproci_futex_wake(is_so, MPROCI_WAKE_ALL);
}

static void await(_Atomic uint32_t *is_so)
{
	while (*is_so == 0)
		mproci_futex_wait(is_so, 0, MPROC_FOREVER);
}

/* The owner of a full span goes on after another member freed a block of it: it must be the next it is given. */
static void own_full_span(void *shared)
{
	yard *all = shared;
	bool is_freed;
	char *next;

	take(all, SMALL, SPAN_BLOCKS);
	all->block = all->blocks[4];
	await(&all->owner_may_go);
	is_freed = mproc_usable_size(all->block) == 0;
	next = mproc_alloc(SMALL);
	crash_expect(!is_freed || next == all->block, "what another member freed is forgotten");
	ground_give(next);
	free_all(all);
	ground_check_empty();
}

static void add_owner_of_span(void *shared)
{
	ground_make(shared);
	crash_start("the owner", own_full_span);
}

static void check_beside_owner(void *shared)
{
	yard *all = shared;

	check_news(all);
	use_arena();
	ground_look_at_rest();
	set(&all->owner_may_go);
}

static void work_as_guest(void *shared)
{
	yard *all = shared;

	use_arena();
	mproci_heap_trim(ground_enter());
	set(&all->guest_is_done);
}

static void check_after_guest(void *shared)
{
	yard *all = shared;

	await(&all->guest_is_done);
	check_yard(shared);
}

static void check_changed_after_guest(void *shared)
{
	yard *all = shared;

	await(&all->guest_is_done);
	check_changed(shared);
}

const crash_operation crash_arena_operations[] = {
	{
		.name = "arena: make, and alloc",
		.size = sizeof(yard),
		.set_up = ground_clear,
		.operate = alloc_two_units,
		.survive = check_yard,
		.is_cold = true,
	},
	{
		.name = "arena: alloc, small",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_small,
		.operate = alloc_small,
		.survive = check_yard,
	},
	{
		.name = "arena: alloc, small, a new span",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = be_victim,
		.operate = alloc_small,
		.survive = check_yard,
	},
	{
		.name = "arena: alloc, small, a span of another class",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_spare_span,
		.operate = alloc_tiny,
		.survive = check_yard,
	},
	{
		.name = "arena: alloc, small, what others freed",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_full_spans,
		.surround = have_two_freed,
		.operate = alloc_small,
		.survive = check_yard,
	},
	{
		.name = "arena: alloc, small, two spans of the dead",
		.size = sizeof(yard),
		.set_up = add_dead_with_spans,
		.prepare = be_victim,
		.operate = alloc_small,
		.survive = check_yard,
	},
	{
		.name = "arena: alloc, small, a span of the dead",
		.size = sizeof(yard),
		.set_up = add_dead_with_span,
		.prepare = be_victim,
		.operate = alloc_small,
		.recover = sweep_behind,
		.survive = check_yard,
		.is_killed_twice = true,
		.is_slow = true,
	},
	{
		.name = "arena: alloc, big",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_free_run,
		.operate = alloc_two_units,
		.recover = sweep_behind,
		.survive = check_yard,
		.is_killed_twice = true,
	},
	{
		.name = "arena: alloc, big, beyond the end",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_free_end,
		.operate = alloc_two_units,
		.survive = check_yard,
		.is_slow = true,
	},
	{
		.name = "arena: alloc, big, beside another member",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_free_run,
		.operate = alloc_two_units,
		.witness = work_as_guest,
		.survive = check_after_guest,
		.is_slow = true,
	},
	{
		.name = "arena: alloc, big, what the dead held",
		.size = sizeof(yard),
		.set_up = add_dead_with_held_run,
		.prepare = be_victim,
		.operate = alloc_three_units,
		.survive = check_yard,
	},
	{
		.name = "arena: calloc, big",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_dirty_run,
		.operate = calloc_one_unit,
		.survive = check_calloc,
	},
	{
		.name = "arena: alloc, aligned",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_crooked_run,
		.operate = alloc_aligned,
		.recover = sweep_behind,
		.survive = check_yard,
		.is_killed_twice = true,
	},
	{
		.name = "arena: alloc, aligned, beyond the end",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_free_end,
		.operate = alloc_aligned,
		.survive = check_yard,
		.is_slow = true,
	},
	{
		.name = "arena: realloc, small, in place",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_small,
		.operate = change_to_other_small,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, small, moves",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_tiny,
		.operate = change_to_middle,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, small, becomes big",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_tiny,
		.operate = change_to_one_unit,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, big, becomes small",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_few_pages,
		.operate = change_to_tiny,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, big, returns pages",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_to_a_page_more,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, big, gives units back",
		.size = sizeof(yard),
		.set_up = make_watched_arena,
		.prepare = prepare_between_free_runs,
		.operate = change_to_one_unit,
		.recover = sweep_behind,
		.survive = check_changed,
		.is_killed_twice = true,
	},
	{
		.name = "arena: realloc, big, gives units back, then freed",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_to_one_unit,
		.survive = check_freed_at_once,
	},
	{
		.name = "arena: realloc, big, grows in its unit",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_few_pages,
		.operate = change_to_five_pages,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, big, grows into free units",
		.size = sizeof(yard),
		.set_up = make_watched_arena,
		.prepare = prepare_between_free_runs,
		.operate = change_to_three_units,
		.recover = sweep_behind,
		.survive = check_changed,
		.is_killed_twice = true,
	},
	{
		.name = "arena: realloc, big, grows into free units, then freed",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_to_three_units,
		.survive = check_freed_at_once,
	},
	{
		.name = "arena: realloc, big, grows beyond the end",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_last_block,
		.operate = change_to_three_units,
		.survive = check_changed,
	},
	{
		.name = "arena: realloc, big, grows beside another member",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_to_three_units,
		.witness = work_as_guest,
		.survive = check_changed_after_guest,
		.is_slow = true,
	},
	{
		.name = "arena: realloc, big, moves",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_few_pages,
		.operate = change_to_a_page_more,
		.survive = check_changed,
		.is_slow = true,
	},
	{
		.name = "arena: free, small",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_small,
		.operate = free_block,
		.survive = check_yard,
	},
	{
		.name = "arena: free, small, of another member",
		.size = sizeof(yard),
		.set_up = add_owner_of_span,
		.prepare = be_victim,
		.operate = free_block,
		.survive = check_beside_owner,
	},
	{
		.name = "arena: free, big",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = free_block,
		.recover = sweep_behind,
		.survive = check_yard,
		.is_killed_twice = true,
	},
	{
		.name = "arena: free, big, of another member",
		.size = sizeof(yard),
		.set_up = add_owner_of_run,
		.prepare = be_victim,
		.operate = free_block,
		.survive = check_yard,
		.is_slow = true,
	},
	{
		.name = "mistake: a run is freed without the journal",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = free_run_without_journal,
		.survive = check_yard,
		.is_mistake = true,
	},
	{
		.name = "mistake: a block gives units back without the journal",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_without_journal,
		.survive = check_changed,
		.is_mistake = true,
	},
	{
		.name = "mistake: a big block is freed without the lock",
		.size = sizeof(yard),
		.set_up = ground_make,
		.prepare = prepare_between_free_runs,
		.operate = change_to_one_unit,
		.survive = check_freed_without_lock,
		.is_mistake = true,
	},
	{
		.name = "mistake: who freed another's block is not buried",
		.size = sizeof(yard),
		.set_up = add_owner_of_span,
		.prepare = be_victim,
		.operate = free_block,
		.survive = check_beside_owner,
		.is_mistake = true,
		.is_unburied = true,
	},
	{0},
};
