/* SPDX-License-Identifier: MIT */
/*
 * The crew: entering a posted map, leaving it, and setting right what a dead worker left.
 */
#include "crash.h"
#include "small_map.h"

#include "family/member.h"
#include "pool/crew.h"

enum {
	VICTIM,
	OTHER
};

typedef struct team {
	small_map small;
	_Alignas(128) char crew[sizeof(mproci_crew) + 2 * sizeof(mproci_seat)];
	/* Who died in the middle of an item before the victim was started. */
	mproci_id doomed;
} team;

static mproci_crew *crew_of(void *shared)
{
	team *all = shared;

	return (mproci_crew *)all->crew;
}

static mproci_map *map_of(void *shared)
{
	team *all = shared;

	return &all->small.map;
}

/* A worker sleeps until it is told of the map, as if it had been told later than the victim; the caller waits. */
static void be_other_worker(void *shared)
{
	mproci_crew_work(crew_of(shared), OTHER);
}

static void be_caller(void *shared)
{
	mproci_crew *crew = crew_of(shared);

	while (!mproci_crew_is_done(crew, map_of(shared))) {
		uint32_t key = mproci_event_count_prepare(&crew->news);

		if (mproci_crew_is_done(crew, map_of(shared)))
			mproci_event_count_cancel(&crew->news);
		else
			mproci_event_count_wait(&crew->news, key, MPROC_FOREVER);
	}
	mproci_crew_take_down(crew);
	small_map_check(&((team *)shared)->small, 1);
}

static void work(void *shared)
{
	mproci_crew_work(crew_of(shared), VICTIM);
}

/* Post without telling anybody. */
static void post_silently(void *shared)
{
	mproci_crew *crew = crew_of(shared);

	crew->map = map_of(shared);
	++crew->round;
}

static void make_crew(void *shared, uint32_t count, size_t chunk)
{
	mproci_crew *crew = crew_of(shared);

	small_map_make(&((team *)shared)->small, 2, count, chunk);
	crew->worker_count = 2;
	crew->state = MPROCI_CREW_OPEN;
}

static void make_team(void *shared)
{
	make_crew(shared, 4, 1);
	crash_start("the other worker", be_other_worker);
	post_silently(shared);
	crash_start("the caller", be_caller);
}

static void die_in_item(void *shared)
{
	team *all = shared;

	all->doomed = mproci_member_self();
	work(shared);
}

/* One worker dies in the first item of its chunk, when the other has done his and sees nothing left. */
static void make_team_with_dead(void *shared)
{
	team *all = shared;

	make_crew(shared, 6, 3);
	post_silently(shared);
	all->small.bomb = 1;
	crash_start("the doomed", die_in_item);
	crash_start("the other worker", be_other_worker);
	crash_start("the caller", be_caller);
	small_map_light(&all->small);
	crash_settle();
}

static void recover_crew(void *shared)
{
	mproci_crew_recover(crew_of(shared), VICTIM, small_map_killed);
}

static void recover_after_dead(void *shared)
{
	team *all = shared;

	recover_crew(shared);
	mproci_member_bury(all->doomed);
}

/* The post tells everybody now; then the map must become done without this process. */
static void finish_post(void *shared)
{
	mproci_crew *crew = crew_of(shared);

	mproci_event_count_notify(&crew->work);
	be_caller(shared);
	crash_expect(mproci_crew_await_left(crew, map_of(shared), MPROC_NOW) == 0,
		"somebody is inside a map that is done");
	mproci_crew_set_state(crew, MPROCI_CREW_CLOSING);
}

/* The recoverers alone tell the other worker. */
static void await_recovery(void *shared)
{
	be_caller(shared);
	mproci_crew_set_state(crew_of(shared), MPROCI_CREW_CLOSING);
}

const crash_operation crash_crew_operations[] = {
	{
		.name = "crew: work",
		.size = sizeof(team),
		.set_up = make_team,
		.operate = work,
		.recover = recover_crew,
		.survive = finish_post,
	},
	{
		.name = "crew: recover",
		.size = sizeof(team),
		.set_up = make_team_with_dead,
		.operate = recover_after_dead,
		.recover = recover_after_dead,
		.survive = await_recovery,
	},
	{0},
};
