/* SPDX-License-Identifier: MIT */
/*
 * The crew: entering a posted map, leaving it, setting right what a dead worker left, and looking for work.
 */
#include "crash.h"
#include "small_crew.h"

#include "family/member.h"

enum {
	CHUNK = 3,
};

static small_map *small_of(void *shared)
{
	return &((small_crew *)shared)->small;
}

static mproci_map *map_of(void *shared)
{
	return &small_of(shared)->map;
}

static void close_crew(void *shared)
{
	mproci_crew_set_state(small_crew_of(shared), MPROCI_CREW_CLOSING);
}

/* ---- maps ---- */

/* A worker sleeps until it is told of the map, as if it had been told later than the victim. */
static void be_other_worker(void *shared)
{
	small_crew_live(shared, OTHER);
}

static void be_caller(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	while (!mproci_crew_is_done(crew, map_of(shared))) {
		uint32_t key = mproci_event_count_prepare(&crew->news);

		if (mproci_crew_is_done(crew, map_of(shared)))
			mproci_event_count_cancel(&crew->news);
		else
			mproci_event_count_wait(&crew->news, key, MPROC_FOREVER);
	}
	mproci_crew_take_down(crew, map_of(shared));
	small_map_check(small_of(shared), 1);
}

static void make_crew(void *shared, uint32_t count, size_t chunk)
{
	small_crew_make(shared);
	small_map_make(small_of(shared), 2, count, chunk);
}

static void make_team(void *shared)
{
	make_crew(shared, 4, 1);
	crash_start("the other worker", be_other_worker);
	small_crew_post(shared);
	crash_start("the caller", be_caller);
}

/* The victim works alone, and the recoverer is killed as well. */
static void make_lonely_crew(void *shared)
{
	make_crew(shared, 2 * CHUNK, CHUNK);
	small_crew_post(shared);
}

/* What lies behind the lanes looks as if a chunk had been taken there. */
static void make_map_for_others(void *shared)
{
	mproci_lane *none;

	make_lonely_crew(shared);
	none = &map_of(shared)->ranges->lanes[map_of(shared)->ranges->lane_count];
	none->first = 1;
	none->last = 2;
	none->running = 0;
}

static void work(void *shared)
{
	small_crew_live(shared, VICTIM);
}

/* The victim is to leave after its first chunk, with others in its lane. */
static void make_limited_crew(void *shared)
{
	make_crew(shared, 2 * CHUNK, 1);
	small_crew_post(shared);
	small_crew_of(shared)->rules.max_tasks = 1;
}

/* A worker that has come after the map was made has no lane in it. */
static void serve_as_third(void *shared)
{
	small_crew_serve(shared, THIRD);
}

static void recover_third(void *shared)
{
	small_crew_recover(shared, THIRD);
}

static void serve(void *shared)
{
	small_crew_serve(shared, VICTIM);
}

static void recover_victim(void *shared)
{
	small_crew_recover(shared, VICTIM);
}

/* The post tells everybody now; then the map must become done without this process. */
static void finish_post(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	mproci_event_count_notify(&crew->work);
	be_caller(shared);
	crash_expect(mproci_crew_has_left(crew, map_of(shared)), "somebody is inside a map that is done");
	close_crew(shared);
}

static void finish_as_other(void *shared)
{
	small_crew_serve(shared, OTHER);
	crash_expect(mproci_crew_is_done(small_crew_of(shared), map_of(shared)), "the map is not done");
	small_map_check(small_of(shared), 1);
	small_crew_check(shared, 0);
}

static void finish_without_limit(void *shared)
{
	small_crew_of(shared)->rules.max_tasks = 0;
	finish_as_other(shared);
}

/* Nobody has died in an item. */
static void finish_all_items(void *shared)
{
	small_crew_serve(shared, OTHER);
	small_map_check(small_of(shared), 0);
}

/* The seat is emptied, and the map is not set right; a mistake. */
static void empty_seat(void *shared)
{
	small_crew_of(shared)->seats[VICTIM].inside = 0;
	recover_victim(shared);
}

/* ---- who recovers ---- */

static void die_in_item(void *shared)
{
	small_crew *all = shared;

	all->doomed = mproci_member_self();
	serve(shared);
}

/* One worker dies in the first item of its chunk, when the other has done his and sees nothing left. */
static void make_team_with_dead(void *shared)
{
	make_crew(shared, 2 * CHUNK, CHUNK);
	small_crew_post(shared);
	small_of(shared)->bomb = 1;
	crash_start("the doomed", die_in_item);
	crash_start("the other worker", be_other_worker);
	crash_start("the caller", be_caller);
	small_map_light(small_of(shared));
	crash_settle();
}

static void recover_after_dead(void *shared)
{
	small_crew *all = shared;

	recover_victim(shared);
	mproci_member_bury(all->doomed);
}

/* The recoverers alone tell the other worker. */
static void await_recovery(void *shared)
{
	be_caller(shared);
	close_crew(shared);
}

/* ---- looking for work ---- */

static void make_idle_crew(void *shared)
{
	make_crew(shared, 0, CHUNK);
}

static void make_idle_team(void *shared)
{
	make_idle_crew(shared);
	crash_start("the other worker", be_other_worker);
}

/* One was woken, and is to wake the next. */
static void make_line_and_sleeper(void *shared)
{
	make_idle_team(shared);
	small_crew_put(shared, 3);
}

/* A mistake: killed between the two, somebody seems to look for ever. */
static void look_before_saying_so(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	atomic_fetch_add(&crew->looking, 1);
	atomic_store(&crew->seats[VICTIM].is_looking, true);
	atomic_fetch_sub(&crew->looking, 1);
	atomic_store(&crew->seats[VICTIM].is_looking, false);
}

/* Nobody is alive who could look. */
static void check_nobody_looks(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	crash_expect(crew->looking <= 0, "%d of nobody look for work", crew->looking);
	crash_expect(!crew->seats[VICTIM].is_looking, "the dead looks for work");
}

/* The other one must do it, asleep or awake. */
static void give_task(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	small_crew_put(shared, 1);
	mproci_crew_call(crew);
	small_crew_await(shared);
	small_crew_check(shared, 0);
	close_crew(shared);
}

/* Nobody else is told. */
static void await_tasks(void *shared)
{
	small_crew_await(shared);
	close_crew(shared);
	small_crew_check(shared, 1);
}

const crash_operation crash_crew_operations[] = {
	{
		.name = "crew: work",
		.size = sizeof(small_crew),
		.set_up = make_team,
		.operate = work,
		.recover = recover_victim,
		.survive = finish_post,
		.is_sampled = true,
	},
	{
		.name = "crew: serve",
		.size = sizeof(small_crew),
		.set_up = make_lonely_crew,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_as_other,
		.is_killed_twice = true,
		.is_sampled = true,
	},
	{
		.name = "crew: serve without a lane",
		.size = sizeof(small_crew),
		.set_up = make_map_for_others,
		.operate = serve_as_third,
		.recover = recover_third,
		.survive = finish_all_items,
		.is_killed_twice = true,
	},
	{
		.name = "crew: leave a map early",
		.size = sizeof(small_crew),
		.set_up = make_limited_crew,
		.operate = work,
		.recover = recover_victim,
		.survive = finish_without_limit,
		.is_killed_twice = true,
		.is_sampled = true,
	},
	{
		.name = "crew: recover",
		.size = sizeof(small_crew),
		.set_up = make_team_with_dead,
		.operate = recover_after_dead,
		.recover = recover_after_dead,
		.survive = await_recovery,
	},
	{
		.name = "crew: look for work",
		.size = sizeof(small_crew),
		.set_up = make_idle_crew,
		.operate = work,
		.recover = recover_victim,
		.survive = check_nobody_looks,
		.is_killed_twice = true,
	},
	{
		.name = "crew: look for work beside a sleeper",
		.size = sizeof(small_crew),
		.set_up = make_idle_team,
		.operate = work,
		.recover = recover_victim,
		.survive = give_task,
	},
	{
		.name = "crew: wake others for what is in line",
		.size = sizeof(small_crew),
		.set_up = make_line_and_sleeper,
		.operate = work,
		.recover = recover_victim,
		.survive = await_tasks,
		.is_sampled = true,
	},
	{
		.name = "mistake: a seat is emptied before its map is set right",
		.size = sizeof(small_crew),
		.set_up = make_lonely_crew,
		.operate = serve,
		.recover = empty_seat,
		.survive = finish_as_other,
		.is_mistake = true,
	},
	{
		.name = "mistake: look for work before saying so",
		.size = sizeof(small_crew),
		.set_up = make_idle_crew,
		.operate = look_before_saying_so,
		.recover = recover_victim,
		.survive = check_nobody_looks,
		.is_mistake = true,
	},
	{0},
};
