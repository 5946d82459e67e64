/* SPDX-License-Identifier: MIT */
/*
 * The dict: whoever used it alone for a while takes its lock without the kernel knowing, and dies with it; or others take that from whom is
 * alive, or dead.
 */
#include "small_dict.h"

#include "family/member.h"

static void lay(small_dict *all, size_t before, size_t after)
{
	small_dict_make(all, 1);
	small_dict_put(all, 0, SMALL_DICT_NUMBER);
	small_dict_put(all, 0, SMALL_DICT_LARGE);
	small_dict_plan(all, 0, before, after);
	small_dict_have_bias(all);
}

static void prepare_in_place(void *shared)
{
	lay(shared, SMALL_DICT_NUMBER, SMALL_DICT_NUMBER);
}

static void prepare_new_large(void *shared)
{
	lay(shared, SMALL_DICT_ABSENT, SMALL_DICT_LARGE);
}

static void prepare_large_to_large(void *shared)
{
	lay(shared, SMALL_DICT_LARGE, SMALL_DICT_LARGER);
}

static void prepare_deleting_large(void *shared)
{
	lay(shared, SMALL_DICT_LARGE, SMALL_DICT_ABSENT);
}

/* The fourth key splits the first bucket. */
static void prepare_splitting(void *shared)
{
	small_dict_make(shared, 1);
	small_dict_put(shared, 2, SMALL_DICT_LARGE);
	small_dict_put(shared, 2, SMALL_DICT_NUMBER);
	small_dict_put(shared, 0, SMALL_DICT_NUMBER);
	small_dict_plan(shared, 1, SMALL_DICT_ABSENT, SMALL_DICT_NUMBER);
	small_dict_have_bias(shared);
}

/* ---- another one has the lock, alive or dead ---- */

static void keep_bias(void *shared)
{
	small_dict *all = shared;

	prepare_new_large(all);
	all->other = mproci_member_self();
	/* For ever. */
	crash_await(&all->has_watched, 1);
}

static void add_living(void *shared)
{
	small_dict_set_up(shared);
	crash_start("who has the lock", keep_bias);
}

static void add_dead(void *shared)
{
	small_dict_set_up(shared);
	crash_start("who had the lock", prepare_new_large);
}

/* What it allocated is not at rest before it has ended. */
static void check_beside(void *shared)
{
	small_dict *all = shared;

	small_dict_look(all);
	mproci_member_end(all->other);
	small_dict_check(all);
}

const crash_operation crash_dict_biased_operations[] = {
	{
		.name = "dict used alone: set in place",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_killed_twice = true,
	},
	{
		.name = "dict used alone: set in place, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_in_place,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
	},
	{
		.name = "dict used alone: set, new, large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_new_large,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
		.is_killed_twice = true,
	},
	{
		.name = "dict used alone: set, large instead of large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_large_to_large,
		.operate = small_dict_set,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict used alone: delete, large",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = small_dict_delete,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict used alone: delete, large, watched",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_deleting_large,
		.operate = small_dict_delete,
		.witness = small_dict_watch,
		.survive = small_dict_check_watched,
		.is_slow = true,
	},
	{
		.name = "dict used alone: set, and split",
		.size = sizeof(small_dict),
		.set_up = small_dict_set_up,
		.prepare = prepare_splitting,
		.operate = small_dict_set,
		.recover = small_dict_look,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{
		.name = "dict used alone by another: set, new, large",
		.size = sizeof(small_dict),
		.set_up = add_living,
		.prepare = small_dict_read,
		.operate = small_dict_set,
		.survive = check_beside,
		.is_slow = true,
	},
	{
		.name = "dict used alone by a dead one: set, new, large",
		.size = sizeof(small_dict),
		.set_up = add_dead,
		.prepare = small_dict_read,
		.operate = small_dict_set,
		.survive = small_dict_check,
		.is_slow = true,
	},
	{0},
};
