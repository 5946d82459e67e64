/* SPDX-License-Identifier: MIT */
/*
 * The value: two words under its lock, and its beginning and end in the arena.  At the end of each test the arena has as many
 * blocks as before the operation, or as it has after it.
 */
#include "crash.h"

#include "arena/heap.h"
#include "sys/memory.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <mproc/value.h>

enum {
	ITEMS = 3,
	/* Of blocks, and how many are allocated until one is found again. */
	ALIGNMENT = 16,
	ENOUGH = 200,
};

typedef struct pair {
	_Atomic uint64_t first, second;
} pair;

typedef struct account {
	pair *value;
	/* The block it is in. */
	char *block;
	_Atomic crash_stage stage;
	/* Blocks in use before the operation, and how many more after it. */
	uint32_t blocks;
	int change;
} account;

static const pair INITIAL[ITEMS] = {{1, 1}, {2, 2}, {3, 3}};

static void renew_arena(void *shared)
{
	(void)shared;
	crash_renew_arena();
}

static uint32_t count_blocks(void)
{
	mproci_arena_census census = {0};
	mproci_heap *heap;

	mproc_free(mproc_alloc(sizeof(pair)));
	heap = mproci_heap_here();
	crash_expect(heap != NULL, "no heap");
	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
	crash_expect(mproci_arena_check(&census) == 0, "%s", mproc_error_text());
	return census.small_used + census.big_blocks;
}

static pair *create(void)
{
	return mproc_array_create(ITEMS, sizeof(pair), &(mproc_value_options){.initial = INITIAL});
}

/* ---- a value that others made ---- */

static void make_value(void *shared)
{
	account *all = shared;

	all->value = create();
	crash_expect(all->value != NULL, "%s", mproc_error_text());
	for (all->block = (char *)all->value; mproc_usable_size(all->block) == 0; all->block -= ALIGNMENT)
		;
	all->blocks = count_blocks();
}

static void add_value(void *shared)
{
	account *all = shared;

	crash_renew_arena();
	crash_start("the maker", make_value);
	crash_watch((char *)((uintptr_t)all->value & ~(uintptr_t)(MPROCI_PAGE - 1)), MPROCI_PAGE);
}

/* What every thread does at its first call. */
static void look(void *shared)
{
	account *all = shared;

	crash_expect(mproc_array_count(all->value) == ITEMS, "%s", mproc_error_text());
}

static void update(void *shared)
{
	account *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_value_lock(all->value, MPROC_FOREVER);
	++all->value->first;
	++all->value->second;
	mproc_value_unlock(all->value);
	all->stage = CRASH_AFTER;
}

static void destroy(void *shared)
{
	account *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_value_destroy(all->value);
	all->stage = CRASH_AFTER;
}

/* ---- a value that the victim makes ---- */

/* There is a span with room for it. */
static void make_another(void *shared)
{
	account *all = shared;

	crash_expect(create() != NULL, "%s", mproc_error_text());
	all->blocks = count_blocks();
	crash_expect(create() != NULL, "%s", mproc_error_text());
	++all->blocks;
}

static void make_own(void *shared)
{
	account *all = shared;

	all->change = 1;
	all->stage = CRASH_INSIDE;
	all->value = create();
	all->stage = CRASH_AFTER;
}

/* ---- who goes on ---- */

static void check_value(account *all)
{
	int rc = mproc_value_lock(all->value, MPROC_FOREVER);

	crash_expect(rc >= 0, "%s", mproc_error_text());
	if (rc == MPROC_OWNER_DIED)
		all->value->second = all->value->first;
	crash_expect(all->value->first == all->value->second, "half an update: %d and %d",
		(int)all->value->first, (int)all->value->second);
	crash_expect(mproc_value_unlock(all->value) == 0, "%s", mproc_error_text());
}

static void check_blocks(const account *all, bool has_happened)
{
	uint32_t blocks = count_blocks();

	crash_expect(blocks == all->blocks + (has_happened ? (uint32_t)all->change : 0),
		"there are %u blocks; before the operation there were %u", blocks, all->blocks);
}

static void check_update(void *shared)
{
	account *all = shared;

	check_value(all);
	crash_expect_outcome(all->stage, all->value->first != INITIAL->first);
	crash_expect(mproc_value_destroy(all->value) == 0, "%s", mproc_error_text());
	all->change = -1;
	check_blocks(all, true);
}

static void check_update_without_repair(void *shared)
{
	account *all = shared;

	mproc_value_lock(all->value, MPROC_FOREVER);
	crash_expect(all->value->first == all->value->second, "half an update");
}

/* A block that the victim was given, and had no time to tell of, stays. */
static void check_creation(void *shared)
{
	account *all = shared;

	if (all->value == NULL) {
		bool is_made = count_blocks() != all->blocks;

		crash_expect_outcome(all->stage, is_made);
		check_blocks(all, is_made);
		return;
	}
	check_blocks(all, true);
	for (int i = 0; i < ITEMS; ++i)
		crash_expect(
			all->value[i].first == INITIAL[i].first && all->value[i].second == INITIAL[i].second,
			"item %d is not what it was made", i);
	check_value(all);
	crash_expect(mproc_value_destroy(all->value) == 0, "%s", mproc_error_text());
	check_blocks(all, false);
}

/* Memory of a value that is gone is no value, also when it is used for something else. */
static void check_reuse(account *all)
{
	char *blocks[ENOUGH];
	int count = 0;

	do {
		blocks[count] = mproc_alloc((size_t)((char *)(all->value + ITEMS) - all->block));
		crash_expect(blocks[count] != NULL, "%s", mproc_error_text());
	} while (blocks[count++] != all->block && count < ENOUGH);
	crash_expect(mproc_value_lock(all->value, MPROC_NOW) == -EINVAL, "what is gone can be locked");
	while (count-- > 0)
		crash_expect(mproc_free(blocks[count]) == 0, "%s", mproc_error_text());
}

/* It is there, or there to be destroyed once more, or gone; and then its memory may be lost. */
static void check_destruction(void *shared)
{
	account *all = shared;
	int rc = mproc_value_lock(all->value, MPROC_FOREVER), again;

	crash_expect(rc >= 0 || rc == -EINVAL, "lock returned %d: %s", rc, mproc_error_text());
	crash_expect_outcome(all->stage, rc < 0);
	if (rc >= 0)
		crash_expect(mproc_value_unlock(all->value) == 0, "%s", mproc_error_text());
	all->change = -1;
	again = mproc_value_destroy(all->value);
	crash_expect(again == (all->stage == CRASH_AFTER ? -EINVAL : 0)
			     || (again == -EINVAL && all->stage == CRASH_INSIDE && rc == -EINVAL),
		"destroy returned %d: %s", again, mproc_error_text());
	check_reuse(all);
	check_blocks(all, all->stage != CRASH_INSIDE || count_blocks() != all->blocks);
}

const crash_operation crash_value_operations[] = {
	{
		.name = "value: update two words",
		.size = sizeof(account),
		.set_up = add_value,
		.prepare = look,
		.operate = update,
		.survive = check_update,
	},
	{
		.name = "value: create",
		.size = sizeof(account),
		.set_up = renew_arena,
		.prepare = make_another,
		.operate = make_own,
		.survive = check_creation,
	},
	{
		.name = "value: destroy",
		.size = sizeof(account),
		.set_up = add_value,
		.prepare = look,
		.operate = destroy,
		.survive = check_destruction,
	},
	{
		.name = "mistake: half an update of a value is not repaired",
		.size = sizeof(account),
		.set_up = add_value,
		.prepare = look,
		.operate = update,
		.survive = check_update_without_repair,
		.is_mistake = true,
	},
	{0},
};
