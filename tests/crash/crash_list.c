/* SPDX-License-Identifier: MIT */
/*
 * The list.  It holds the numbers from `offset` on before the operation; after each death it holds these, or
 * what the operation was to make of them, and can be used as before.  When it is destroyed in the end,
 * nothing is left in the arena.
 */
#include "ground.h"

#include "collections/list.h"
#include "family/member.h"

#include <limits.h>
#include <mproc/arena.h>
#include <mproc/result.h>

enum {
	/* What the victim puts in, and how large that is at most. */
	NEW = 1000000,
	SHORT = sizeof(uint64_t),
	LONG = 20,
	BIG = 2 * MPROCI_UNIT_SIZE,
	/* Units that lists take here. */
	UNITS = 7,
	SLOTS = MPROCI_CHUNK_SLOTS,
	/* Slots of the first chunk that appending fills, and those of the first directory. */
	HALF = SLOTS / 2,
	/* More blocks than a span has of the size of an item. */
	ENOUGH = 4000,
	FIRST_DIRECTORY = SLOTS * MPROCI_CHUNKS_FEWEST - HALF,
};

/* What becomes of the numbers. */
typedef enum change {
	NOTHING,
	INSERTION,
	REPLACEMENT,
	DELETION,
	CLEARING,
} change;

typedef struct shelf {
	mproc_list *list;
	_Atomic crash_stage stage;
	change change;
	/* Where, and the size of what is put in. */
	ssize_t position;
	size_t size;
	/* The first number, and how many there are before the operation. */
	uint64_t offset;
	ssize_t count;
	mproci_id victim;
	/* Who watched has seen it. */
	_Atomic uint32_t has_watched;
} shelf;

static char item[BIG];

/* ---- making lists ---- */

static void must(int rc)
{
	crash_expect(rc == 0, "%d: %s", rc, mproc_error_text());
}

static void set_up(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	crash_watch(ground_units(), (size_t)UNITS * MPROCI_UNIT_SIZE);
}

static void append_number(mproc_list *list, uint64_t number)
{
	must(mproc_list_append(list, &number, sizeof number));
}

static void make_list(shelf *all, ssize_t count)
{
	must(mproc_list_create(NULL, &all->list));
	all->victim = mproci_member_self();
	for (all->count = 0; all->count < count; ++all->count)
		append_number(all->list, (uint64_t)all->count);
}

static void plan(shelf *all, change what, ssize_t position, size_t size)
{
	all->change = what;
	all->position = position;
	all->size = size;
}

static void drop_from_front(shelf *all, ssize_t left)
{
	for (; all->count > left; --all->count, ++all->offset)
		must(mproc_list_delete(all->list, 0));
}

static void drop_from_back(shelf *all, ssize_t left)
{
	for (; all->count > left; --all->count)
		must(mproc_list_delete(all->list, -1));
}

static void prepare_first(void *shared)
{
	make_list(shared, 0);
	plan(shared, INSERTION, 0, SHORT);
}

static void prepare_appending(void *shared)
{
	make_list(shared, 3);
	plan(shared, INSERTION, 3, SHORT);
}

static void prepare_appending_long(void *shared)
{
	make_list(shared, 3);
	plan(shared, INSERTION, 3, LONG);
}

static void prepare_appending_big(void *shared)
{
	make_list(shared, 3);
	plan(shared, INSERTION, 3, BIG);
}

static void prepare_appending_to_full_chunk(void *shared)
{
	make_list(shared, HALF);
	plan(shared, INSERTION, HALF, SHORT);
}

static void prepare_appending_to_full_directory(void *shared)
{
	make_list(shared, FIRST_DIRECTORY);
	plan(shared, INSERTION, FIRST_DIRECTORY, SHORT);
}

static void prepare_inserting_at_front(void *shared)
{
	make_list(shared, 5);
	plan(shared, INSERTION, 0, SHORT);
}

static void prepare_inserting_before_full_chunk(void *shared)
{
	shelf *all = shared;

	make_list(all, HALF + 5);
	drop_from_front(all, 5);
	plan(all, INSERTION, 2, SHORT);
}

static void prepare_inserting_in_first_half(void *shared)
{
	make_list(shared, 9);
	plan(shared, INSERTION, 3, SHORT);
}

static void prepare_inserting_in_second_half(void *shared)
{
	make_list(shared, 9);
	plan(shared, INSERTION, 6, SHORT);
}

/* They are in two chunks, most of them in the second one. */
static void lay_across(shelf *all)
{
	make_list(all, HALF + 8);
	drop_from_front(all, 12);
}

static void prepare_inserting_across(void *shared)
{
	shelf *all = shared;

	lay_across(all);
	plan(all, INSERTION, 5, SHORT);
}

static void prepare_setting_in_place(void *shared)
{
	make_list(shared, 5);
	plan(shared, REPLACEMENT, 2, SHORT);
}

static void prepare_replacing(void *shared)
{
	make_list(shared, 5);
	plan(shared, REPLACEMENT, 2, LONG);
}

static void prepare_deleting_first(void *shared)
{
	make_list(shared, 5);
	plan(shared, DELETION, 0, 0);
}

static void prepare_deleting_last(void *shared)
{
	make_list(shared, 5);
	plan(shared, DELETION, 4, 0);
}

static void prepare_deleting_in_first_half(void *shared)
{
	make_list(shared, 9);
	plan(shared, DELETION, 3, 0);
}

static void prepare_deleting_across(void *shared)
{
	lay_across(shared);
	plan(shared, DELETION, 5, 0);
}

/* The item is the only one of its chunk.  Behind that is a chunk which is then too many. */
static void prepare_deleting_last_of_chunk(void *shared)
{
	shelf *all = shared;

	make_list(all, HALF + 2 * SLOTS + 1);
	drop_from_back(all, HALF + SLOTS + 1);
	drop_from_front(all, 5);
	plan(all, DELETION, 4, 0);
}

/* The same in front of it. */
static void prepare_deleting_first_of_chunk(void *shared)
{
	shelf *all = shared;

	make_list(all, HALF + SLOTS + 4);
	drop_from_front(all, 5);
	plan(all, DELETION, 0, 0);
}

static void prepare_deleting_the_only_one(void *shared)
{
	make_list(shared, 1);
	plan(shared, DELETION, 0, 0);
}

static void prepare_deleting_with_large_directory(void *shared)
{
	shelf *all = shared;

	make_list(all, FIRST_DIRECTORY + 1);
	drop_from_front(all, 1);
	plan(all, DELETION, 0, 0);
}

static void prepare_clearing(void *shared)
{
	lay_across(shared);
	plan(shared, CLEARING, 0, 0);
}

static void prepare_reading(void *shared)
{
	make_list(shared, 5);
}

/* A list that another member made, who has ended. */
static void make_nine(void *shared)
{
	make_list(shared, 9);
}

static void add_list(void *shared)
{
	set_up(shared);
	crash_start("the maker", make_nine);
}

static void prepare_deleting_of_others(void *shared)
{
	shelf *all = shared;

	crash_expect(mproc_list_count(all->list) == 9, "%s", mproc_error_text());
	plan(all, DELETION, 5, 0);
}

/* ---- what the victim does ---- */

static void insert(void *shared)
{
	shelf *all = shared;

	*(uint64_t *)item = NEW;
	all->stage = CRASH_INSIDE;
	mproc_list_insert(all->list, all->position, item, all->size);
	all->stage = CRASH_AFTER;
}

static void append(void *shared)
{
	shelf *all = shared;

	*(uint64_t *)item = NEW;
	all->stage = CRASH_INSIDE;
	mproc_list_append(all->list, item, all->size);
	all->stage = CRASH_AFTER;
}

static void replace(void *shared)
{
	shelf *all = shared;

	*(uint64_t *)item = NEW;
	all->stage = CRASH_INSIDE;
	mproc_list_set(all->list, all->position, item, all->size);
	all->stage = CRASH_AFTER;
}

static void delete (void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_list_delete(all->list, all->position);
	all->stage = CRASH_AFTER;
}

static void pop(void *shared)
{
	shelf *all = shared;
	uint64_t number;

	all->stage = CRASH_INSIDE;
	mproc_list_pop(all->list, all->position, &number, sizeof number, NULL);
	all->stage = CRASH_AFTER;
}

static void clear(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_list_clear(all->list);
	all->stage = CRASH_AFTER;
}

static void slice(void *shared)
{
	shelf *all = shared;
	mproc_snapshot *part;

	mproc_list_slice(all->list, 0, SSIZE_MAX, &part);
	mproc_snapshot_close(part);
}

static void get(void *shared)
{
	shelf *all = shared;
	uint64_t number;

	mproc_list_get(all->list, 2, &number, sizeof number, NULL);
}

static void create(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_list_create(NULL, &all->list);
	all->stage = CRASH_AFTER;
}

static void destroy(void *shared)
{
	shelf *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_list_destroy(all->list);
	all->stage = CRASH_AFTER;
}

/* ---- who goes on ---- */

/* The next to take the lock, perhaps before anybody is buried. */
static void look(void *shared)
{
	shelf *all = shared;
	mproc_snapshot *part = NULL;

	must(mproc_list_slice(all->list, 0, 2, &part));
	mproc_snapshot_close(part);
}

/* The same after others were given all memory that the victim had freed: that stays theirs. */
static void look_when_memory_is_reused(void *shared)
{
	static void *blocks[ENOUGH];
	mproci_heap *heap = ground_enter();

	mproci_member_bury(((shelf *)shared)->victim);
	mproci_heap_sweep(heap, true);
	for (int i = 0; i < ENOUGH; ++i)
		blocks[i] = mproc_alloc(sizeof(mproci_item) + SHORT);
	look(shared);
	for (int i = 0; i < ENOUGH; ++i)
		ground_give(blocks[i]);
}

static ssize_t count_of(const shelf *all)
{
	ssize_t count = mproc_list_count(all->list);

	crash_expect(count >= 0, "%s", mproc_error_text());
	return count;
}

static uint64_t number_at(const shelf *all, ssize_t position, size_t *ret_size)
{
	must(mproc_list_get(all->list, position, item, sizeof item, ret_size));
	return *(uint64_t *)item;
}

static ssize_t count_after(const shelf *all)
{
	switch (all->change) {
	case INSERTION:
		return all->count + 1;
	case DELETION:
		return all->count - 1;
	case CLEARING:
		return 0;
	default:
		return all->count;
	}
}

/* The number at a position after the change. */
static uint64_t expected_after(const shelf *all, ssize_t position)
{
	uint64_t usual = all->offset + (uint64_t)position;

	if (all->change == DELETION)
		return position < all->position ? usual : usual + 1;
	if (all->change != INSERTION && all->change != REPLACEMENT)
		return usual;
	if (position == all->position)
		return NEW;
	return position > all->position && all->change == INSERTION ? usual - 1 : usual;
}

static bool has_happened(const shelf *all)
{
	size_t size;

	if (all->change == REPLACEMENT)
		return number_at(all, all->position, &size) == NEW;
	return all->change != NOTHING && count_of(all) == count_after(all);
}

static void check_numbers(const shelf *all, bool is_changed)
{
	ssize_t count = is_changed ? count_after(all) : all->count;

	crash_expect(count_of(all) == count, "%d items are there, not %d", (int)count_of(all), (int)count);
	for (ssize_t i = 0; i < count; ++i) {
		uint64_t expected = is_changed ? expected_after(all, i) : all->offset + (uint64_t)i, found;
		size_t size, expected_size = expected == NEW ? all->size : sizeof found;

		found = number_at(all, i, &size);
		crash_expect(found == expected && size == expected_size,
			"item %d is %d of %zu bytes, not %d of %zu", (int)i, (int)found, size, (int)expected,
			expected_size);
	}
}

static void take_out(const shelf *all, ssize_t position, uint64_t expected)
{
	uint64_t number = 0;

	must(mproc_list_pop(all->list, position, &number, sizeof number, NULL));
	crash_expect(number == expected, "%d was put in, and %d is there", (int)expected, (int)number);
}

static void use_list(const shelf *all)
{
	ssize_t middle = count_of(all) / 2;
	uint64_t number = 7;

	append_number(all->list, 5);
	must(mproc_list_insert(all->list, 0, &number, sizeof number));
	must(mproc_list_insert(all->list, middle, &number, sizeof number));
	take_out(all, middle, 7);
	take_out(all, 0, 7);
	take_out(all, -1, 5);
}

static void check_list(void *shared)
{
	shelf *all = shared;
	bool is_changed = has_happened(all);

	crash_expect_outcome(all->stage, is_changed);
	check_numbers(all, is_changed);
	use_list(all);
	check_numbers(all, is_changed);
	must(mproc_list_clear(all->list));
	crash_expect(count_of(all) == 0, "something is in a list that was cleared");
	mproc_list_destroy(all->list);
	mproci_member_sweep();
	ground_check_empty();
}

/* A reader, or somebody whom nobody waits for: all is as before. */
static void check_unchanged(void *shared)
{
	((shelf *)shared)->stage = CRASH_BEFORE;
	check_list(shared);
}

/* Who meets a change half done waits, or sees all or nothing of it. */
static void watch_change(void *shared)
{
	shelf *all = shared;

	check_numbers(all, has_happened(all));
	crash_add(&all->has_watched);
}

static void check_after_watching(void *shared)
{
	shelf *all = shared;

	crash_await(&all->has_watched, 1);
	check_list(all);
}

/* A block that the victim was given, and had no time to tell of, stays. */
static void check_creation(void *shared)
{
	shelf *all = shared;
	mproci_arena_census census;

	crash_expect_outcome(all->stage, all->list != NULL);
	if (all->list != NULL) {
		check_unchanged(all);
		return;
	}
	census = ground_look_at_rest();
	crash_expect(ground_count_used(&census) <= 1, "%u blocks are in use", ground_count_used(&census));
}

/* It is there, or there to be destroyed once more, or gone; and then its own block may be lost. */
static void check_destruction(void *shared)
{
	shelf *all = shared;
	mproci_arena_census census;
	bool is_list = all->list->common.mark == MPROCI_LIST_MARK;

	crash_expect(is_list ? all->stage != CRASH_AFTER : all->stage != CRASH_BEFORE,
		"a list too many or too few");
	mproc_list_destroy(all->list);
	census = ground_look_at_rest();
	crash_expect(ground_count_used(&census) <= (!is_list && all->stage == CRASH_INSIDE),
		"%u blocks are in use", ground_count_used(&census));
}

/* ---- mistakes ---- */

static void *_Atomic *slot_at(shelf *all, ssize_t position)
{
	mproci_sequence *sequence = &all->list->sequence;

	return mproci_chunks_slot(&sequence->chunks, sequence->first + (uint64_t)position);
}

static void delete_without_decision(void *shared)
{
	shelf *all = shared;
	_Atomic uintptr_t *inside;

	all->stage = CRASH_INSIDE;
	mproci_list_begin(all->list, &inside);
	all->list->sequence.decision.going = *slot_at(all, all->position);
	for (ssize_t i = all->position; i > 0; --i)
		*slot_at(all, i) = *slot_at(all, i - 1);
	++all->list->sequence.first;
	mproc_free(atomic_exchange(&all->list->sequence.decision.going, NULL));
	mproci_list_end(all->list, inside);
	all->stage = CRASH_AFTER;
}

static void append_without_place(void *shared)
{
	shelf *all = shared;
	_Atomic uintptr_t *inside;
	mproci_item *new;

	all->stage = CRASH_INSIDE;
	mproci_list_begin(all->list, &inside);
	new = mproc_alloc(sizeof *new + LONG);
	new->size = LONG;
	new->words[0] = NEW;
	*slot_at(all, all->count) = new;
	++all->list->sequence.end;
	mproci_list_end(all->list, inside);
	all->stage = CRASH_AFTER;
}

const crash_operation crash_list_operations[] = {
	{
		.name = "list: create",
		.size = sizeof(shelf),
		.set_up = set_up,
		.operate = create,
		.survive = check_creation,
	},
	{
		.name = "list: append the first item",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_first,
		.operate = append,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: append",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending,
		.operate = append,
		.survive = check_list,
	},
	{
		.name = "list: append, long",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending_long,
		.operate = append,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: append, big",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending_big,
		.operate = append,
		.recover = look,
		.survive = check_list,
		.is_slow = true,
	},
	{
		.name = "list: append, a new chunk",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending_to_full_chunk,
		.operate = append,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: append, a larger directory",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending_to_full_directory,
		.operate = append,
		.recover = look,
		.survive = check_list,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "list: insert at the front",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_at_front,
		.operate = insert,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: insert before a full chunk",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_before_full_chunk,
		.operate = insert,
		.survive = check_list,
	},
	{
		.name = "list: insert in the first half",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_in_first_half,
		.operate = insert,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: insert in the second half",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_in_second_half,
		.operate = insert,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: insert across two chunks",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_across,
		.operate = insert,
		.survive = check_list,
	},
	{
		.name = "list: insert, watched",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_inserting_in_first_half,
		.operate = insert,
		.witness = watch_change,
		.survive = check_after_watching,
	},
	{
		.name = "list: set in place",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_setting_in_place,
		.operate = replace,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: set, replaced",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_replacing,
		.operate = replace,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: set, replaced and watched",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_replacing,
		.operate = replace,
		.witness = watch_change,
		.survive = check_after_watching,
	},
	{
		.name = "list: pop the first",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_first,
		.operate = pop,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: pop the last",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_last,
		.operate = pop,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: pop in the middle",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_in_first_half,
		.operate = pop,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: pop, watched",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_in_first_half,
		.operate = pop,
		.witness = watch_change,
		.survive = check_after_watching,
	},
	{
		.name = "list: delete across two chunks",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_across,
		.operate = delete,
		.survive = check_list,
	},
	{
		.name = "list: delete in a list of others",
		.size = sizeof(shelf),
		.set_up = add_list,
		.prepare = prepare_deleting_of_others,
		.operate = delete,
		.survive = check_list,
	},
	{
		.name = "list: delete the last of a chunk",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_last_of_chunk,
		.operate = delete,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: delete the first of a chunk",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_first_of_chunk,
		.operate = delete,
		.recover = look,
		.survive = check_list,
		.is_slow = true,
	},
	{
		.name = "list: delete the only item",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_the_only_one,
		.operate = delete,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: delete the only item of a large directory",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_with_large_directory,
		.operate = delete,
		.recover = look,
		.survive = check_list,
		.is_killed_twice = true,
	},
	{
		.name = "list: clear",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_clearing,
		.operate = clear,
		.recover = look,
		.survive = check_list,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "list: clear, its memory is used before anybody looks",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_clearing,
		.operate = clear,
		.recover = look_when_memory_is_reused,
		.survive = check_list,
	},
	{
		.name = "list: pop, its memory is used before anybody looks",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_in_first_half,
		.operate = pop,
		.recover = look_when_memory_is_reused,
		.survive = check_list,
	},
	{
		.name = "list: slice",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_reading,
		.operate = slice,
		.survive = check_unchanged,
	},
	{
		.name = "list: get",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_reading,
		.operate = get,
		.survive = check_unchanged,
	},
	{
		.name = "list: destroy",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_reading,
		.operate = destroy,
		.survive = check_destruction,
	},
	{
		.name = "mistake: items of a list are moved without a decision",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_deleting_in_first_half,
		.operate = delete_without_decision,
		.survive = check_list,
		.is_mistake = true,
	},
	{
		.name = "mistake: an item of a list is allocated outside of a place",
		.size = sizeof(shelf),
		.set_up = set_up,
		.prepare = prepare_appending,
		.operate = append_without_place,
		.survive = check_list,
		.is_mistake = true,
	},
	{0},
};
