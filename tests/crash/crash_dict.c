/* SPDX-License-Identifier: MIT */
/*
 * The dict: a key gets a value, another one, or none.
 */
#include "small_dict.h"

#include "arena/place.h"
#include "collections/lines.h"
#include "family/member.h"
#include "ground.h"

#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* Those of small blocks. */
	UNITS_BEFORE_BIG = 5,
};

/* ---- what the victim meets ---- */

static void lay(small_dict *all, size_t before, size_t after)
{
	small_dict_make(all, 1);
	small_dict_put(all, 0, SMALL_DICT_NUMBER);
	small_dict_put(all, 0, SMALL_DICT_LARGE);
	small_dict_plan(all, 0, before, after);
}

static void prepare_new_small(void *shared)
{
	lay(shared, SMALL_DICT_ABSENT, SMALL_DICT_NUMBER);
}

static void prepare_new_large(void *shared)
{
	lay(shared, SMALL_DICT_ABSENT, SMALL_DICT_LARGE);
}

/* Of the block only the beginning is watched: that its value is written takes a thousand steps which nobody else sees. */
static void set_up_big(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	crash_watch(ground_units(), (size_t)UNITS_BEFORE_BIG * MPROCI_UNIT_SIZE);
	crash_watch(ground_units() + (size_t)UNITS_BEFORE_BIG * MPROCI_UNIT_SIZE, GROUND_WATCHED_SIZE);
}

static void prepare_new_big(void *shared)
{
	lay(shared, SMALL_DICT_ABSENT, SMALL_DICT_BIG);
}

static void prepare_in_place(void *shared)
{
	lay(shared, SMALL_DICT_NUMBER, SMALL_DICT_NUMBER);
}

static void prepare_another_size(void *shared)
{
	lay(shared, SMALL_DICT_SHORT, SMALL_DICT_NUMBER);
}

static void prepare_small_to_large(void *shared)
{
	lay(shared, SMALL_DICT_NUMBER, SMALL_DICT_LARGE);
}

static void prepare_large_to_small(void *shared)
{
	lay(shared, SMALL_DICT_LARGE, SMALL_DICT_SHORT);
}

static void prepare_large_to_large(void *shared)
{
	lay(shared, SMALL_DICT_LARGE, SMALL_DICT_LARGER);
}

static void prepare_big_to_large(void *shared)
{
	lay(shared, SMALL_DICT_BIG, SMALL_DICT_LARGE);
}

static void prepare_deleting_small(void *shared)
{
	lay(shared, SMALL_DICT_NUMBER, SMALL_DICT_ABSENT);
}

static void prepare_deleting_large(void *shared)
{
	lay(shared, SMALL_DICT_LARGE, SMALL_DICT_ABSENT);
}

static void lay_long(small_dict *all, size_t before, size_t after)
{
	small_dict_make(all, 1);
	small_dict_put(all, 0, SMALL_DICT_NUMBER);
	small_dict_plan_long(all, before, after);
}

static void prepare_new_long(void *shared)
{
	lay_long(shared, SMALL_DICT_ABSENT, SMALL_DICT_NUMBER);
}

static void prepare_in_place_in_entry(void *shared)
{
	lay_long(shared, SMALL_DICT_NUMBER, SMALL_DICT_NUMBER);
}

static void prepare_reading(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 0, SMALL_DICT_LARGE);
	small_dict_plan_nothing(shared);
}

/* ---- dicts that another one made, who has ended ---- */

static void add_dict(void *shared)
{
	small_dict_set_up(shared);
	crash_start("the maker", prepare_large_to_large);
}

static void add_dict_to_delete(void *shared)
{
	small_dict_set_up(shared);
	crash_start("the maker", prepare_deleting_large);
}

/* ---- what the victim does ---- */

static void set_if_absent(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	const void *value = small_dict_value_of(&all->after);

	all->stage = CRASH_INSIDE;
	mproc_dict_set_if_absent(all->dict, key.bytes, key.size, value, all->after.size);
	all->stage = CRASH_AFTER;
}

static void compare_and_set(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	char expected[SMALL_DICT_LARGE];
	const void *value;

	memcpy(expected, small_dict_value_of(&all->before), sizeof expected);
	value = small_dict_value_of(&all->after);
	all->stage = CRASH_INSIDE;
	mproc_dict_compare_and_set(
		all->dict, key.bytes, key.size, expected, sizeof expected, value, all->after.size);
	all->stage = CRASH_AFTER;
}

static void add_number(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	int64_t number = 1;

	if (all->before.size == SMALL_DICT_ABSENT)
		memcpy(&number, small_dict_value_of(&all->after), sizeof number);
	all->stage = CRASH_INSIDE;
	mproc_dict_add(all->dict, key.bytes, key.size, number, NULL);
	all->stage = CRASH_AFTER;
}

static void pop(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->before);
	char value[SMALL_DICT_LARGE];

	all->stage = CRASH_INSIDE;
	mproc_dict_pop(all->dict, key.bytes, key.size, value, sizeof value, NULL);
	all->stage = CRASH_AFTER;
}

static void get(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->before);
	uint64_t number;

	mproc_dict_get(all->dict, key.bytes, key.size, &number, sizeof number, NULL);
}

/* ---- mistakes ---- */

static mproci_key sought_key(const small_dict *all, const small_dict_key *key)
{
	mproci_key sought;

	crash_expect(mproci_dict_key(all->dict, key->bytes, key->size, &sought) == 0, "no key");
	return sought;
}

/* Into the third slot of the first bucket, the only one that is free. */
static void link_before_writing(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	mproci_key sought = sought_key(all, &key);
	mproci_value value = {small_dict_value_of(&all->after), all->after.size};
	mproci_table *table = &all->dict->tables[0];
	mproci_content content = {.second = sought.hash};

	mproci_dict_lock(all->dict, table);
	all->stage = CRASH_INSIDE;
	mproci_place_fill(&table->coming, mproci_entry_room(key.size, value.size));
	content.first = (uintptr_t)table->coming;
	mproci_slot_write(&table->first[0].slots[2], &content);
	mproci_lane_write(&table->first[0], 2, mproci_lane_for_entry(sought.hash));
	mproci_entry_write(table->coming, &sought, &value);
	++table->count;
	table->coming = NULL;
	all->stage = CRASH_AFTER;
	mproci_dict_unlock(table);
}

static void delete_without_place(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->before);
	mproci_key sought = sought_key(all, &key);
	mproci_table *table = &all->dict->tables[0];
	mproci_entry *entry;
	mproci_spot spot = {0};

	mproci_dict_lock(all->dict, table);
	all->stage = CRASH_INSIDE;
	mproci_table_find(table, &sought, &spot);
	entry = spot.entry;
	spot.entry = NULL;
	mproci_table_remove(table, &spot, sought.hash);
	mproc_free(entry);
	all->stage = CRASH_AFTER;
	mproci_dict_unlock(table);
}

const crash_operation crash_dict_operations[] = {
	{
		.name = "dict: set, new, small",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_small,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, new, small, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_small,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
	},
	{
		.name = "dict: set, new, large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, new, large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, new, large, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = small_dict_set,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, new, big",
		.size = sizeof(small_dict),
		.set_up = set_up_big,
		.prepare = prepare_new_big,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, new, with a long key",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_long,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set in place",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set in place, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set in place, in an entry",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place_in_entry,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, another size in the slot",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_another_size,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, another size in the slot, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_another_size,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, large instead of small",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_small_to_large,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, large instead of small, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_small_to_large,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, small instead of large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_small,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, small instead of large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_small,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, large instead of large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_large,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, large instead of large, then a reader",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_large,
		.operate = small_dict_set,
		.recover = small_dict_read,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, large instead of large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_large,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
	},
	{
		.name = "dict: set, large instead of big",
		.size = sizeof(small_dict),
		.set_up = set_up_big,
		.prepare = prepare_big_to_large,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, large instead of large, made by another",
		.size = sizeof(small_dict),
		.set_up = add_dict,
		.prepare = small_dict_read,
		.operate = small_dict_set,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set if absent",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = set_if_absent,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: compare and set",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_large,
		.operate = compare_and_set,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: add, new",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_small,
		.operate = add_number,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: add",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place,
		.operate = add_number,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, small",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_small,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, small, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_small,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
	},
	{
		.name = "dict: delete, large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: delete, large, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = small_dict_delete,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, large, made by another",
		.size = sizeof(small_dict),
		.set_up = add_dict_to_delete,
		.prepare = small_dict_read,
		.operate = small_dict_delete,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: pop, small",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_small,
		.operate = pop,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: pop, large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = pop,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: get",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_reading,
		.operate = get,
		.survive = small_dict_check,
	},
	{
		.name = "mistake: an entry is in a dict before it is written",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = link_before_writing,
		.survive = small_dict_check,
		.is_mistake = true,
	},
	{
		.name = "mistake: an entry of a dict is taken out, and then freed",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = delete_without_place,
		.survive = small_dict_check,
		.is_mistake = true,
	},
	{0},
};
