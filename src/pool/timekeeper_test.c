/* SPDX-License-Identifier: MIT */
/*
 * Seats that somebody seems to sit in: nobody is killed but in a list.
 */
#include "pool/timekeeper.h"

#include "support.h"

#include <mproc/arena.h>

enum {
	WORKERS = 3,
	NOW = 1000,
};

static mproci_crew *crew;
static mproci_map *map;
static mproci_map_spec spec;
static int kills[WORKERS];

static void make_crew(void)
{
	const mproci_rules rules = {.initializer = MPROCI_NO_FUNCTION, .finalizer = MPROCI_NO_FUNCTION};

	crew = mproci_crew_create(WORKERS, WORKERS, &rules);
	ck_assert_ptr_nonnull(crew);
	for (uint32_t i = 0; i < WORKERS; ++i) {
		mproci_crew_seat_taken(crew, i);
		kills[i] = 0;
	}
	map = NULL;
}

static void destroy_crew(void)
{
	if (map != NULL)
		mproci_map_destroy(map, &spec, NULL);
	mproci_crew_destroy(crew);
}

static void note_kill(uint32_t seat, void *argument)
{
	ck_assert_ptr_eq(argument, crew);
	++kills[seat];
}

static mproc_deadline look(int64_t now)
{
	return mproci_timekeeper_look(crew, now, note_kill, crew);
}

static void assert_kills(int first, int second, int third)
{
	ck_assert_int_eq(kills[0], first);
	ck_assert_int_eq(kills[1], second);
	ck_assert_int_eq(kills[2], third);
	ck_assert_uint_eq(crew->killed, (unsigned)(first + second + third));
}

START_TEST(an_idle_crew_need_not_be_looked_at_again)
{
	ck_assert_int_eq(look(NOW), MPROC_FOREVER);
	assert_kills(0, 0, 0);
}
END_TEST

/* ---- items of maps ---- */

START_TEST(who_is_too_long_at_an_item_is_killed_once)
{
	crew->seats[0].kill_at = NOW + 10;
	crew->seats[2].kill_at = NOW + 30;
	ck_assert_int_eq(look(NOW), NOW + 10);
	assert_kills(0, 0, 0);
	ck_assert_int_eq(look(NOW + 10), NOW + 30);
	assert_kills(1, 0, 0);
	ck_assert_int_eq(crew->seats[0].kill_at, MPROCI_KILLING);
	ck_assert_uint_eq(crew->seats[0].reason, MPROC_ENDING_TIMEOUT);
	ck_assert_int_eq(look(NOW + 20), NOW + 30);
	assert_kills(1, 0, 0);
	ck_assert_int_eq(look(NOW + 40), MPROC_FOREVER);
	assert_kills(1, 0, 1);
}
END_TEST

/* ---- single tasks ---- */

static const mproci_terms no_terms;

/* The worker of a seat is at a task. */
static mproci_slot *begin_task(uint32_t seat)
{
	mproci_task_id id = UINT64_C(1) << 32 | seat;
	mproci_slot *slot;

	if (crew->slots.count == 0)
		ck_assert_int_eq(mproci_slots_grow(&crew->slots), 0);
	slot = mproci_slots_at(&crew->slots, seat);
	slot->terms = &no_terms;
	slot->word = mproci_slot_word(id, mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_RUNNING, seat, 1));
	crew->seats[seat].task = id;
	return slot;
}

START_TEST(who_is_too_long_at_a_task_is_killed_once)
{
	begin_task(0);
	begin_task(1)->kill_at = NOW + 5;
	ck_assert_int_eq(look(NOW), NOW + 5);
	assert_kills(0, 0, 0);
	ck_assert_int_eq(look(NOW + 6), MPROC_FOREVER);
	assert_kills(0, 1, 0);
	ck_assert((crew->seats[1].task & MPROCI_TASK_MARK) != 0);
	ck_assert_uint_eq(crew->seats[1].reason, MPROC_ENDING_TIMEOUT);
	look(NOW + 7);
	assert_kills(0, 1, 0);
}
END_TEST

START_TEST(who_is_at_a_cancelled_task_is_killed_after_the_grace)
{
	mproci_slot *slot = begin_task(2);

	slot->cancel_at = NOW + 5;
	slot->kill_at = NOW + 100;
	ck_assert_int_eq(look(NOW), NOW + 5);
	look(NOW + 5);
	assert_kills(0, 0, 1);
	ck_assert_uint_eq(crew->seats[2].reason, MPROC_ENDING_CANCELLED);
}
END_TEST

START_TEST(who_has_decided_that_its_task_has_ended_is_not_killed)
{
	begin_task(2)->kill_at = NOW - 1;
	crew->seats[2].task |= MPROCI_TASK_ENDING;
	look(NOW);
	assert_kills(0, 0, 0);
	ck_assert_uint_eq(crew->seats[2].reason, MPROC_ENDING_NONE);
}
END_TEST

START_TEST(what_may_begin_meanwhile_is_looked_at_in_time)
{
	crew->shortest_timeout = 50;
	/* As long as somebody is in line. */
	ck_assert_int_eq(look(NOW), MPROC_FOREVER);
	mproci_line_publish(&crew->slots, 1);
	ck_assert_int_eq(look(NOW), NOW + 50);
	crew->seats[0].kill_at = NOW + 20;
	ck_assert_int_eq(look(NOW), NOW + 20);
}
END_TEST

/* ---- maps ---- */

static void post_map(mproci_terms terms)
{
	spec = (mproci_map_spec){.count = 10, .chunk = 1, .terms = terms};
	ck_assert_int_eq(mproci_map_create(&spec, WORKERS, WORKERS, true, NULL, &map), 0);
	ck_assert(mproci_crew_post(crew, map));
}

START_TEST(who_is_inside_a_map_at_its_deadline_is_killed)
{
	post_map((mproci_terms){.deadline = NOW + 10});
	crew->seats[1].inside = (uintptr_t)map;
	ck_assert_int_eq(look(NOW), NOW + 10);
	ck_assert(!map->is_stopping);
	look(NOW + 10);
	assert_kills(0, 1, 0);
	ck_assert(map->is_stopping);
	ck_assert_uint_eq(crew->seats[1].inside, (uintptr_t)map | MPROCI_SEAT_MARK);
	ck_assert_uint_eq(crew->seats[1].reason, MPROC_ENDING_TIMEOUT);
	look(NOW + 11);
	assert_kills(0, 1, 0);
	/* The nursery itself has come out again. */
	ck_assert_uint_eq(crew->nursery.inside, 0);
}
END_TEST

START_TEST(who_is_inside_a_cancelled_map_is_killed)
{
	post_map((mproci_terms){0});
	crew->seats[0].inside = crew->seats[2].inside = (uintptr_t)map;
	ck_assert_int_eq(look(NOW), MPROC_FOREVER);
	map->kill_ending = MPROC_ENDING_CANCELLED;
	map->kill_at = MPROC_NOW;
	look(NOW);
	assert_kills(1, 0, 1);
	ck_assert_uint_eq(crew->seats[0].reason, MPROC_ENDING_CANCELLED);
	ck_assert_uint_eq(crew->seats[2].reason, MPROC_ENDING_CANCELLED);
}
END_TEST

START_TEST(a_map_with_a_timeout_is_looked_at_in_time)
{
	post_map((mproci_terms){.timeout = 70});
	ck_assert_int_eq(look(NOW), NOW + 70);
	mproci_crew_take_down(crew, map);
	ck_assert_int_eq(look(NOW), MPROC_FOREVER);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		an_idle_crew_need_not_be_looked_at_again,
		who_is_too_long_at_an_item_is_killed_once,
		who_is_too_long_at_a_task_is_killed_once,
		who_is_at_a_cancelled_task_is_killed_after_the_grace,
		who_has_decided_that_its_task_has_ended_is_not_killed,
		what_may_begin_meanwhile_is_looked_at_in_time,
		who_is_inside_a_map_at_its_deadline_is_killed,
		who_is_inside_a_cancelled_map_is_killed,
		a_map_with_a_timeout_is_looked_at_in_time,
		NULL,
	};
	const support_suite suite = {
		.name = "timekeeper",
		.tests = tests,
		.warm_up = warm_up,
		.setup = make_crew,
		.teardown = destroy_crew,
	};

	return support_run_suite(&suite);
}
