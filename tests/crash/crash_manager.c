/* SPDX-License-Identifier: MIT */
/*
 * What a manager shows: the registry in the memory of the family.  Who shows or hides something dies anywhere, with a manager and without;
 * then the others show and hide as before, and the manager has what they say.  Or the manager dies, and nobody waits for it.
 */
#include "ground.h"

#include "family/member.h"
#include "manager/registry.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/manager.h>
#include <mproc/result.h>

enum {
	/* Units that this takes. */
	UNITS = 8,
};

typedef struct wall {
	mproci_registry registry;
	/* What is shown. */
	int64_t *number;
	_Atomic crash_stage stage;
	bool was_shown, will_be_shown;
	/* The manager may go. */
	_Atomic bool is_over;
	/* What another one was told who showed something, and that he was. */
	_Atomic int told;
	_Atomic uint32_t has_returned;
} wall;

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

static int show(wall *all, const char *name)
{
	const mproci_showing what = {.kind = MPROCI_SHOWN_NUMBER,
		.as = MPROC_SHOWN_INT64,
		.object = all->number,
		.size = sizeof *all->number};

	return mproci_registry_show(&all->registry, name, &what);
}

/* ---- the manager ---- */

/* What a manager does, as soon as somebody asks. */
static void follow_until_over(wall *all, mproci_keyspace *keyspace)
{
	while (!all->is_over) {
		uint32_t key = mproci_event_count_prepare(&all->registry.asking);

		if (all->is_over || mproci_registry_is_ahead(&all->registry)) {
			mproci_event_count_cancel(&all->registry.asking);
			must(mproci_registry_follow(&all->registry, keyspace));
		} else {
			mproci_event_count_wait(&all->registry.asking, key, MPROC_FOREVER);
		}
	}
}

static void manage(void *shared)
{
	wall *all = shared;
	mproci_keyspace *keyspace = mproci_keyspace_create();

	crash_expect(keyspace != NULL, "there is no memory");
	all->registry.manager = mproci_member_stamp(mproci_member_self());
	follow_until_over(all, keyspace);
	crash_expect(mproci_keyspace_find(keyspace, mproci_view_of("name")) == NULL
			     && mproci_keyspace_find(keyspace, mproci_view_of("next")) == NULL,
		"the manager shows what is hidden");
	mproci_keyspace_destroy(keyspace);
}

static void add_manager(void *shared)
{
	(void)shared;
	crash_start("the manager", manage);
}

/* ---- showing and hiding ---- */

static void prepare_nothing(void *shared)
{
	wall *all = shared;

	must(mproci_registry_init(&all->registry));
	all->number = mproc_calloc(1, sizeof *all->number);
	crash_expect(all->number != NULL, "%s", mproc_error_text());
}

static void show_name(void *shared)
{
	wall *all = shared;

	all->stage = CRASH_INSIDE;
	all->will_be_shown = true;
	show(all, "name");
	all->stage = CRASH_AFTER;
}

static void hide_name(void *shared)
{
	wall *all = shared;

	all->stage = CRASH_INSIDE;
	all->will_be_shown = false;
	mproci_registry_hide(&all->registry, "name");
	all->stage = CRASH_AFTER;
}

static void show_before(void *shared)
{
	wall *all = shared;

	must(show(all, "name"));
	all->was_shown = true;
}

/* Who shows it may not have returned when the victim hides it. */
static void add_manager_and_name_in_haste(void *shared)
{
	add_manager(shared);
	crash_start("who shows a name", show_before);
}

static void add_manager_and_name(void *shared)
{
	add_manager_and_name_in_haste(shared);
	crash_settle();
}

static void take_name_out(void *shared)
{
	wall *all = shared;

	all->stage = CRASH_INSIDE;
	all->will_be_shown = false;
	mproc_dict_delete(all->registry.names, "name", 4);
	all->stage = CRASH_AFTER;
}

static void settle(void *shared)
{
	(void)shared;
	crash_settle();
}

/* The name is shown, or not; it can be hidden and shown again, and at last nothing is left. */
static void check_name(wall *all)
{
	int rc = show(all, "name");

	crash_expect(rc == 0 || rc == -EEXIST, "%d: %s", rc, mproc_error_text());
	if (all->was_shown != all->will_be_shown)
		crash_expect_outcome(all->stage, (rc == -EEXIST) == all->will_be_shown);
	must(mproci_registry_hide(&all->registry, "name"));
	must(show(all, "name"));
	must(mproci_registry_hide(&all->registry, "name"));
}

static void end_manager(wall *all)
{
	crash_expect(mproc_dict_count(all->registry.names) == 0, "a name stays behind");
	all->is_over = true;
	mproci_event_count_notify(&all->registry.asking);
}

/* Upon what somebody else shows the manager sees to what was left behind. */
static void check_wall(void *shared)
{
	wall *all = shared;

	must(show(all, "next"));
	check_name(all);
	must(mproci_registry_hide(&all->registry, "next"));
	end_manager(all);
}

/* What was half hidden is hidden when it is to be shown. */
static void check_wall_at_once(void *shared)
{
	wall *all = shared;

	check_name(all);
	end_manager(all);
}

/* ---- without a manager ---- */

static void check_bare_wall(void *shared)
{
	wall *all = shared;
	int rc;

	crash_expect(show(all, "next") == -EPIPE, "something is shown by nobody");
	rc = show(all, "name");
	crash_expect(rc == -EPIPE || rc == -EEXIST, "%d: %s", rc, mproc_error_text());
	rc = mproci_registry_hide(&all->registry, "name");
	crash_expect(rc == -EPIPE || rc == -ENOENT, "%d: %s", rc, mproc_error_text());
	mproci_registry_end(&all->registry);
	mproc_free(all->number);
}

/* ---- the manager dies ---- */

static mproci_keyspace *followed;

static void become_manager(void *shared)
{
	wall *all = shared;

	prepare_nothing(shared);
	all->registry.manager = mproci_member_stamp(mproci_member_self());
	followed = mproci_keyspace_create();
	crash_expect(followed != NULL, "there is no memory");
}

static void show_for_somebody(void *shared)
{
	wall *all = shared;

	all->told = show(all, "name");
	crash_expect(all->told == 0 || all->told == -EPIPE, "%d: %s", all->told, mproc_error_text());
	crash_add(&all->has_returned);
}

static void add_somebody(void *shared)
{
	(void)shared;
	crash_start("somebody who shows", show_for_somebody);
}

/* Whoever ends the registry is the last to use it. */
static void check_bare_wall_after_somebody(void *shared)
{
	wall *all = shared;

	crash_await(&all->has_returned, 1);
	check_bare_wall(shared);
}

static void follow(void *shared)
{
	wall *all = shared;

	all->stage = CRASH_INSIDE;
	mproci_registry_follow(&all->registry, followed);
	all->stage = CRASH_AFTER;
}

const crash_operation crash_manager_operations[] = {
	{
		.name = "manager: show",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.surround = add_manager,
		.operate = show_name,
		.unblock = settle,
		.survive = check_wall,
	},
	{
		.name = "manager: hide",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.surround = add_manager_and_name,
		.operate = hide_name,
		.unblock = settle,
		.survive = check_wall,
	},
	{
		.name = "manager: hide, and show at once",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.surround = add_manager_and_name,
		.operate = hide_name,
		.unblock = settle,
		.survive = check_wall_at_once,
	},
	{
		.name = "manager: hide, beside who shows",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.surround = add_manager_and_name_in_haste,
		.operate = hide_name,
		.unblock = settle,
		.survive = check_wall,
	},
	{
		.name = "manager: show, when it is gone",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.operate = show_name,
		.survive = check_bare_wall,
	},
	{
		.name = "manager: follow",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = become_manager,
		.surround = add_somebody,
		.operate = follow,
		.survive = check_bare_wall_after_somebody,
		.is_rechecked = true,
	},
	{
		.name = "mistake: the manager is not told what is hidden",
		.size = sizeof(wall),
		.set_up = set_up,
		.prepare = prepare_nothing,
		.surround = add_manager_and_name,
		.operate = take_name_out,
		.survive = check_wall,
		.is_mistake = true,
	},
	{0},
};
