/* SPDX-License-Identifier: MIT */
/*
 * The dict: buckets are split and merged, lines come and go, all keys are taken out, or read; its beginning and end.
 */
#include "small_dict.h"

#include "arena/place.h"
#include "collections/lines.h"
#include "family/member.h"
#include "ground.h"

#include <mproc/result.h>

/* ---- splitting and merging ---- */

/* The fourth key splits the first bucket, with a new segment, and two keys move. */
static void prepare_splitting(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 2, SMALL_DICT_LARGE);
	small_dict_put(shared, 2, SMALL_DICT_NUMBER);
	small_dict_put(shared, 0, SMALL_DICT_NUMBER);
	small_dict_plan(shared, 1, SMALL_DICT_ABSENT, SMALL_DICT_NUMBER);
}

/* The seventh splits the first bucket, which has three lines then; two of them move. */
static void prepare_splitting_lines(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put_some(shared, 4, SMALL_DICT_NUMBER, 3);
	small_dict_put(shared, 0, SMALL_DICT_NUMBER);
	small_dict_put_some(shared, 4, SMALL_DICT_LARGE, 2);
	small_dict_plan(shared, 0, SMALL_DICT_ABSENT, SMALL_DICT_LARGE);
}

/* The fourth in its bucket, and too few to split. */
static void lay_full_bucket(small_dict *all)
{
	small_dict_make(all, 1);
	small_dict_put_some(all, 0, SMALL_DICT_NUMBER, 2);
	small_dict_put(all, 0, SMALL_DICT_LARGE);
	small_dict_put(all, 1, SMALL_DICT_NUMBER);
	small_dict_put(all, 3, SMALL_DICT_NUMBER);
}

static void prepare_adding_line(void *shared)
{
	lay_full_bucket(shared);
	small_dict_plan(shared, 0, SMALL_DICT_ABSENT, SMALL_DICT_LARGE);
}

/* What somebody has left who was killed while he added a line. */
static void add_spare_line(mproci_bucket *last)
{
	crash_expect(mproci_place_fill(&last->more, sizeof *last) == 0, "%s", mproc_error_text());
}

static void prepare_adding_spare_line(void *shared)
{
	small_dict *all = shared;

	prepare_adding_line(all);
	add_spare_line(&all->dict->tables[0].first[0]);
}

static void prepare_dropping_line(void *shared)
{
	lay_full_bucket(shared);
	small_dict_plan(shared, 0, SMALL_DICT_LARGE, SMALL_DICT_ABSENT);
}

static void prepare_dropping_line_with_spare(void *shared)
{
	small_dict *all = shared;

	prepare_dropping_line(all);
	add_spare_line(mproci_bucket_next(&all->dict->tables[0].first[0]));
}

/* The fourth bucket goes, with a key of either kind that move to the second. */
static void prepare_merging(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 3, SMALL_DICT_NUMBER);
	small_dict_put(shared, 3, SMALL_DICT_LARGE);
	small_dict_plan(shared, 0, SMALL_DICT_NUMBER, SMALL_DICT_ABSENT);
	small_dict_widen(shared, 4);
}

/* The eighth bucket goes, with its second line; the fourth one gets one. */
static void prepare_merging_lines(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 3, SMALL_DICT_NUMBER);
	small_dict_put_some(shared, 7, SMALL_DICT_NUMBER, 3);
	small_dict_put(shared, 7, SMALL_DICT_LARGE);
	small_dict_plan(shared, 0, SMALL_DICT_LARGE, SMALL_DICT_ABSENT);
	small_dict_widen(shared, 8);
}

/* Two buckets go, and with the first of them the third segment. */
static void prepare_freeing_segment(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 4, SMALL_DICT_LARGE);
	small_dict_put(shared, 3, SMALL_DICT_NUMBER);
	small_dict_plan(shared, 0, SMALL_DICT_NUMBER, SMALL_DICT_ABSENT);
	small_dict_widen(shared, 5);
}

/* ---- all keys ---- */

static void lay_all_kinds(small_dict *all, uint32_t stripes)
{
	small_dict_make(all, stripes);
	small_dict_put_some(all, 0, SMALL_DICT_NUMBER, 3);
	small_dict_put_some(all, 4, SMALL_DICT_LARGE, 3);
	small_dict_put(all, 3, SMALL_DICT_LARGER);
	small_dict_put(all, 1, SMALL_DICT_SHORT);
}

static void prepare_clearing(void *shared)
{
	lay_all_kinds(shared, 1);
	small_dict_plan_clearing(shared);
}

static void prepare_clearing_two(void *shared)
{
	lay_all_kinds(shared, 2);
	small_dict_plan_clearing(shared);
}

static void prepare_reading(void *shared)
{
	lay_all_kinds(shared, 2);
	small_dict_plan_nothing(shared);
}

static void clear(void *shared)
{
	small_dict *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_dict_clear(all->dict);
	all->stage = CRASH_AFTER;
}

/* Others do so as well, before they go on with it. */
static void clear_and_go_on(void *shared)
{
	mproc_dict_clear(((small_dict *)shared)->dict);
	small_dict_go_on(shared);
}

static void check_cleared(void *shared)
{
	((small_dict *)shared)->count = 0;
	small_dict_check_gone_on(shared);
}

static void snapshot(void *shared)
{
	mproc_snapshot *all_keys;

	if (mproc_dict_snapshot(((small_dict *)shared)->dict, &all_keys) == 0)
		mproc_snapshot_close(all_keys);
}

static void count_keys(void *shared)
{
	mproc_dict_count(((small_dict *)shared)->dict);
}

/* ---- its beginning and end ---- */

static void create(void *shared)
{
	small_dict *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_dict_create(&(mproc_dict_options){.stripes = 1}, &all->dict);
	all->stage = CRASH_AFTER;
}

static void destroy(void *shared)
{
	small_dict *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_dict_destroy(all->dict);
	all->stage = CRASH_AFTER;
}

static uint32_t count_blocks(void)
{
	mproci_arena_census census;

	mproci_member_sweep();
	census = ground_look_at_rest();
	return ground_count_used(&census);
}

/* A block that the victim was given, and had no time to tell of, stays. */
static void check_creation(void *shared)
{
	small_dict *all = shared;

	crash_expect_outcome(all->stage, all->dict != NULL);
	if (all->dict == NULL) {
		crash_expect(count_blocks() <= 1, "%u blocks are in use", count_blocks());
		return;
	}
	crash_expect(mproc_dict_count(all->dict) == 0, "%s", mproc_error_text());
	mproc_dict_destroy(all->dict);
	ground_check_empty();
}

/* It is there, or there to be destroyed once more, or gone; and then its own block may be lost. */
static void check_destruction(void *shared)
{
	small_dict *all = shared;
	bool is_dict = all->dict->common.mark == mproci_dict_mark(all->dict);
	bool may_be_lost = !is_dict && all->stage == CRASH_INSIDE;

	crash_expect(is_dict ? all->stage != CRASH_AFTER : all->stage != CRASH_BEFORE,
		"a dict too many or too few");
	mproc_dict_destroy(all->dict);
	crash_expect(count_blocks() <= may_be_lost, "%u blocks are in use", count_blocks());
}

const crash_operation crash_dict_whole_operations[] = {
	{
		.name = "dict: set, and split",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, and split, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
	},
	{
		.name = "dict: set, and split lines",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting_lines,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: set, and split lines, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting_lines,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, and split lines, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting_lines,
		.operate = small_dict_set,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
	},
	{
		.name = "dict: set, with another line",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_adding_line,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: set, with another line, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_adding_line,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: set, with another line, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_adding_line,
		.operate = small_dict_set,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
	},
	{
		.name = "dict: set, with a spare line",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_adding_spare_line,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: delete, with a line",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_dropping_line,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, with a line, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_dropping_line,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: delete, with a line, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_dropping_line,
		.operate = small_dict_delete,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, with a line that has a spare one",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_dropping_line_with_spare,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, and merge",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_merging,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, and merge, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_merging,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: delete, and merge, then a reader",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_merging,
		.operate = small_dict_delete,
		.recover = small_dict_read,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, and merge lines",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_merging_lines,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, and merge lines, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_merging_lines,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: delete, and free a segment",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_freeing_segment,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: delete, and free a segment, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_freeing_segment,
		.operate = small_dict_delete,
		.recover = small_dict_go_on,
		.survive = small_dict_check_gone_on,
		.is_slow = true,
	},
	{
		.name = "dict: clear",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_clearing,
		.operate = clear,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict: clear, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_clearing,
		.operate = clear,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: clear, used before the burial",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_clearing,
		.operate = clear,
		.recover = clear_and_go_on,
		.survive = check_cleared,
		.is_slow = true,
	},
	{
		.name = "dict: clear, two stripes",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_clearing_two,
		.operate = clear,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_sampled = true,
	},
	{
		.name = "dict: snapshot",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_reading,
		.operate = snapshot,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict: count",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_reading,
		.operate = count_keys,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict: create",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.operate = create,
		.survive = check_creation,
	},
	{
		.name = "dict: destroy",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_clearing,
		.operate = destroy,
		.survive = check_destruction,
		.is_sampled = true,
	},
	{0},
};
