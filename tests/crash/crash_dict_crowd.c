/* SPDX-License-Identifier: MIT */
/*
 * The dict: with a crowd of keys, for which buckets are made by the piece.
 */
#include "small_dict.h"

enum {
	/* Where the first piece begins that is a segment, and where one that is half of a segment. */
	MANY = MPROCI_TABLE_PIECE,
	MORE = 3 * MPROCI_TABLE_PIECE,
};

/* The next key splits. */
static void lay_crowd(small_dict *all, uint32_t buckets)
{
	const mproci_table *table;

	small_dict_make(all, 1);
	small_dict_gather(all, buckets);
	table = &all->dict->tables[0];
	while (table->count < buckets * 3 / 2)
		small_dict_put(all, 0, SMALL_DICT_NUMBER);
	crash_expect(table->buckets == buckets && table->fresh == buckets, "there are %u buckets, not %u",
		table->buckets, buckets);
	small_dict_plan(all, 1, SMALL_DICT_ABSENT, SMALL_DICT_NUMBER);
}

static void prepare_many(void *shared)
{
	lay_crowd(shared, MANY);
}

static void prepare_more(void *shared)
{
	lay_crowd(shared, MORE);
}

/* The next key that goes merges, so that the last piece, which has one bucket that was ever used, is not near any more. */
static void lay_smaller_crowd(small_dict *all, uint32_t buckets)
{
	const mproci_table *table;

	small_dict_make(all, 1);
	small_dict_plan(all, 0, SMALL_DICT_NUMBER, SMALL_DICT_ABSENT);
	small_dict_gather(all, buckets + 1);
	small_dict_disperse(all, buckets / 4 * 3 + 1);
	table = &all->dict->tables[0];
	crash_expect(table->fresh > buckets, "the piece is gone already");
}

static void prepare_freeing_many(void *shared)
{
	lay_smaller_crowd(shared, MANY);
}

static void prepare_freeing_half(void *shared)
{
	lay_smaller_crowd(shared, MORE);
}

const crash_operation crash_dict_crowd_operations[] = {
	{
		.name = "dict: set, and split into the first of many buckets",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_many,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, and split into more of many buckets",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_more,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, and split into more of many buckets, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_more,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: delete, and free many buckets",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_freeing_many,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: delete, and free half of many buckets",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_freeing_half,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: delete, and free half of many buckets, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up_crowd,
		.prepare = prepare_freeing_half,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{0},
};
