/* SPDX-License-Identifier: MIT */
#include "pool/crew.h"

#include "arena/root.h"
#include "pool/worker.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

enum {
	WORKERS = 3
};

static mproci_crew *crew;
static mproci_function counting;
static mproci_map *map;
static mproci_map_spec spec;
static _Atomic int calls;

static int count_call(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	++calls;
	return 0;
}

static mproci_function add(mproc_task_function *function)
{
	int place = mproci_functions_add(&crew->functions, (mproci_any_function *)function);

	ck_assert_int_ge(place, 0);
	return (mproci_function)place;
}

static mproci_map *make_map_of(const mproci_map_spec *of)
{
	mproci_map *made;

	ck_assert_int_eq(mproci_map_create(of, WORKERS, WORKERS, true, NULL, &made), 0);
	return made;
}

/* A map of @count items in chunks of 1, not posted. */
static mproci_map *make_map(size_t count)
{
	spec = (mproci_map_spec){.function = counting, .count = count, .chunk = 1};
	return make_map_of(&spec);
}

static void make_crew(void)
{
	const mproci_rules rules = {
		.name = "crew",
		.initializer = MPROCI_NO_FUNCTION,
		.finalizer = MPROCI_NO_FUNCTION,
	};

	calls = 0;
	crew = mproci_crew_create(WORKERS, WORKERS, &rules);
	ck_assert_ptr_nonnull(crew);
	counting = add(count_call);
	map = make_map(6);
}

static void destroy_crew(void)
{
	mproci_map_destroy(map, &spec, NULL);
	mproci_crew_destroy(crew);
}

static const mproci_posting *posting_of(const mproci_map *what)
{
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		if (crew->postings[i].map == (uintptr_t)what)
			return &crew->postings[i];
	}
	return NULL;
}

static void post(mproci_map *what)
{
	ck_assert(mproci_crew_post(crew, what));
}

static void recover(uint32_t seat, int signal)
{
	mproci_crew_recover(crew, seat, (mproci_ending){.signal = signal}, false);
}

/* As the worker of a seat does, up to being killed inside the first item. */
static void die_in_item(uint32_t seat)
{
	uint32_t chunk;

	crew->seats[seat].inside = (uintptr_t)map;
	ck_assert(mproci_ranges_pop(map->ranges, seat, &chunk));
}

static void empty_lanes(uint32_t count)
{
	uint32_t chunk;

	for (uint32_t lane = 0; lane < count; ++lane) {
		while (mproci_ranges_pop(map->ranges, lane, &chunk))
			;
	}
}

/* ---- state ---- */

START_TEST(crew_begins_opening_with_nobody_inside)
{
	ck_assert_int_eq(crew->state, MPROCI_CREW_OPENING);
	for (int i = 0; i < MPROCI_POSTINGS; ++i)
		ck_assert_uint_eq(crew->postings[i].map, 0);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_uint_eq(crew->seats[i].inside, 0);
	ck_assert_int_eq(mproci_crew_failure(crew), 0);
}
END_TEST

START_TEST(crew_keeps_why_it_failed)
{
	mproci_fail(-EAGAIN, "no more of %d", 7);
	mproci_crew_fail(crew, -EAGAIN);
	mproci_fail(-EIO, "another text");

	ck_assert_int_eq(mproci_crew_failure(crew), -EAGAIN);
	ck_assert_str_eq(mproc_error_text(), "no more of 7");
}
END_TEST

START_TEST(a_change_of_state_or_target_wakes_owner_and_workers)
{
	uint32_t news = crew->news.word, work = crew->work.word;

	mproci_event_count_prepare(&crew->news);
	mproci_event_count_prepare(&crew->work);
	mproci_crew_set_state(crew, MPROCI_CREW_OPEN);
	ck_assert_uint_ne(crew->news.word, news);
	ck_assert_uint_ne(crew->work.word, work);
	news = mproci_event_count_prepare(&crew->news);
	work = mproci_event_count_prepare(&crew->work);
	mproci_crew_set_target(crew, 1);
	ck_assert_uint_ne(crew->news.word, news);
	ck_assert_uint_ne(crew->work.word, work);
	ck_assert_uint_eq(crew->target, 1);
}
END_TEST

START_TEST(a_seat_that_is_taken_counts_once)
{
	mproci_crew_seat_taken(crew, 1);
	ck_assert_uint_eq(crew->used, 2);
	mproci_crew_seat_taken(crew, 0);
	ck_assert_uint_eq(crew->used, 2);
	ck_assert_uint_eq(crew->started, 2);
}
END_TEST

/* ---- maps ---- */

START_TEST(as_many_maps_as_there_are_postings_can_be_posted)
{
	mproci_map *maps[MPROCI_POSTINGS];

	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		maps[i] = make_map(1);
		post(maps[i]);
	}
	ck_assert(!mproci_crew_post(crew, map));
	mproci_crew_take_down(crew, maps[7]);
	ck_assert(mproci_crew_post(crew, map));
	for (int i = 0; i < MPROCI_POSTINGS; ++i)
		mproci_map_destroy(maps[i], &spec, NULL);
}
END_TEST

START_TEST(maps_posted_later_have_higher_numbers)
{
	mproci_map *other = make_map(1), *third = make_map(1);

	post(map);
	post(other);
	ck_assert_uint_gt(posting_of(other)->number, posting_of(map)->number);
	mproci_crew_take_down(crew, map);
	post(third);
	ck_assert_uint_gt(posting_of(third)->number, posting_of(other)->number);
	mproci_map_destroy(other, &spec, NULL);
	mproci_map_destroy(third, &spec, NULL);
}
END_TEST

START_TEST(who_enters_a_posted_map_is_inside_until_it_leaves)
{
	mproci_seat *seat = &crew->seats[1];
	uint64_t entries = crew->entries;

	mproci_crew_seat_taken(crew, 1);
	post(map);
	ck_assert(!mproci_crew_is_inside(crew, map));
	ck_assert_ptr_eq(mproci_crew_enter(crew, seat, posting_of(map)), map);
	ck_assert(mproci_crew_is_inside(crew, map));
	ck_assert_uint_eq(crew->entries, entries + 1);
	mproci_crew_leave(crew, seat, map, false);
	ck_assert(!mproci_crew_is_inside(crew, map));
}
END_TEST

START_TEST(nobody_enters_a_map_that_was_taken_down)
{
	const mproci_posting *posting;

	post(map);
	posting = posting_of(map);
	mproci_crew_take_down(crew, map);
	ck_assert_ptr_null(mproci_crew_enter(crew, &crew->seats[0], posting));
	ck_assert_uint_eq(crew->seats[0].inside, 0);
}
END_TEST

START_TEST(who_leaves_an_exhausted_map_tells_the_owner)
{
	uint32_t news;

	post(map);
	mproci_crew_seat_taken(crew, 0);
	mproci_crew_enter(crew, &crew->seats[0], posting_of(map));
	news = mproci_event_count_prepare(&crew->news);
	mproci_map_stop(map, MPROCI_STOP_CANCELLED);
	mproci_crew_leave(crew, &crew->seats[0], map, false);
	ck_assert_uint_ne(crew->news.word, news);
}
END_TEST

START_TEST(map_is_not_done_before_anybody_came)
{
	post(map);
	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_while_a_popped_chunk_runs)
{
	mproci_crew_seat_taken(crew, 1);
	post(map);
	crew->seats[1].inside = (uintptr_t)map;
	empty_lanes(WORKERS);
	ck_assert(!mproci_crew_is_done(crew, map));
	crew->seats[1].inside = 0;
	ck_assert(mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_while_somebody_inside_is_being_killed)
{
	mproci_crew_seat_taken(crew, 1);
	post(map);
	crew->seats[1].inside = (uintptr_t)map | MPROCI_SEAT_MARK;
	mproci_map_stop(map, MPROCI_STOP_CANCELLED);
	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_while_chunks_are_in_the_lane_of_nobody)
{
	post(map);
	empty_lanes(WORKERS - 1);
	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_when_a_thief_leaves_early_with_loot_in_its_lane)
{
	mproci_seat *seat = &crew->seats[WORKERS - 1];
	uint64_t round;
	uint32_t chunk;

	mproci_crew_seat_taken(crew, WORKERS - 1);
	mproci_map_destroy(map, &spec, NULL);
	spec = (mproci_map_spec){.function = counting, .count = 6, .chunk = 1};
	ck_assert_int_eq(mproci_map_create(&spec, WORKERS, 1, true, NULL, &map), 0);
	post(map);
	/* All chunks are in the first lane. */
	ck_assert_ptr_eq(mproci_crew_enter(crew, seat, posting_of(map)), map);
	ck_assert(mproci_ranges_steal(map->ranges, WORKERS - 1));
	ck_assert(mproci_ranges_pop(map->ranges, WORKERS - 1, &chunk));
	while (mproci_ranges_pop(map->ranges, 0, &chunk))
		;
	round = crew->round;
	mproci_crew_leave(crew, seat, map, true);
	/* Who has seen the lane empty before the theft looks again. */
	ck_assert_uint_gt(crew->round, round);
	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(a_map_that_stops_is_done_when_nobody_is_inside)
{
	post(map);
	mproci_map_stop(map, MPROCI_STOP_CANCELLED);
	ck_assert(mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(a_worker_inside_another_map_does_not_hold_this_one_up)
{
	mproci_crew_seat_taken(crew, 2);
	post(map);
	mproci_map_stop(map, MPROCI_STOP_CANCELLED);
	crew->seats[2].inside = (uintptr_t)128;
	ck_assert(mproci_crew_is_done(crew, map));
	ck_assert(mproci_crew_has_left(crew, map));
}
END_TEST

START_TEST(a_map_is_held_by_workers_and_nursery_until_they_leave)
{
	mproci_crew_seat_taken(crew, 0);
	post(map);
	mproci_crew_enter(crew, &crew->seats[0], posting_of(map));
	mproci_crew_enter(crew, &crew->nursery, posting_of(map));
	mproci_crew_take_down(crew, map);
	ck_assert(!mproci_crew_has_left(crew, map));
	mproci_crew_leave(crew, &crew->seats[0], map, false);
	ck_assert(!mproci_crew_is_inside(crew, map));
	ck_assert(!mproci_crew_has_left(crew, map));
	mproci_crew_leave(crew, &crew->nursery, map, false);
	ck_assert(mproci_crew_has_left(crew, map));
}
END_TEST

/* ---- deaths ---- */

START_TEST(post_and_recovery_count_rounds)
{
	uint64_t round = crew->round;

	post(map);
	ck_assert_uint_eq(crew->round, round + 1);
	die_in_item(0);
	recover(0, SIGKILL);
	ck_assert_uint_eq(crew->round, round + 2);
}
END_TEST

START_TEST(recovery_empties_the_seat_and_blames_the_item)
{
	post(map);
	die_in_item(1);
	crew->seats[1].kill_at = MPROCI_KILLING;
	crew->seats[1].phase = MPROCI_PHASE_WORKING;
	recover(1, SIGBUS);

	ck_assert_uint_eq(crew->seats[1].inside, 0);
	ck_assert_int_eq(crew->seats[1].kill_at, MPROC_FOREVER);
	ck_assert_uint_eq(crew->seats[1].phase, MPROCI_PHASE_NONE);
	ck_assert_int_eq(mproci_verdict_outcome(map->verdicts[2]).ending, MPROC_ENDING_SIGNAL);
	ck_assert_int_eq(mproci_verdict_outcome(map->verdicts[2]).code, SIGBUS);
	ck_assert_uint_eq(mproci_verdict_outcome(map->verdicts[2]).worker, 2);
}
END_TEST

START_TEST(recovery_tells_why_the_nursery_killed_the_worker)
{
	post(map);
	die_in_item(1);
	crew->seats[1].inside |= MPROCI_SEAT_MARK;
	crew->seats[1].reason = MPROC_ENDING_TIMEOUT;
	recover(1, SIGKILL);

	ck_assert_uint_eq(crew->seats[1].inside, 0);
	ck_assert_uint_eq(crew->seats[1].reason, MPROC_ENDING_NONE);
	ck_assert_int_eq(mproci_verdict_outcome(map->verdicts[2]).ending, MPROC_ENDING_TIMEOUT);
}
END_TEST

START_TEST(recovery_of_a_worker_outside_blames_nothing)
{
	post(map);
	recover(1, SIGKILL);
	ck_assert_uint_eq(map->failed, 0);
	ck_assert_uint_eq(mproci_ranges_left(map->ranges), 6);
}
END_TEST

START_TEST(recovery_of_a_worker_that_looked_counts_it_out)
{
	crew->looking = 2;
	crew->seats[1].is_looking = true;
	recover(1, SIGKILL);
	ck_assert_int_eq(crew->looking, 1);
	recover(1, SIGKILL);
	ck_assert_int_eq(crew->looking, 1);
}
END_TEST

START_TEST(recovery_does_not_touch_a_map_that_is_not_posted)
{
	/* Whoever reads or writes it dies. */
	void *freed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	post(map);
	crew->seats[2].inside = (uintptr_t)freed;
	recover(2, SIGKILL);

	ck_assert_uint_eq(crew->seats[2].inside, 0);
	munmap(freed, 4096);
}
END_TEST

/* ---- single tasks ---- */

static const mproci_terms no_terms;
static const mproci_terms one_retry = {.retries = 1};

/* As mproci_submit does: put the task of the first slot in line. */
static mproci_task_id put_in_line(const mproci_terms *terms)
{
	const mproci_task_id id = UINT64_C(1) << 32;
	mproci_slot *slot;

	if (crew->slots.count == 0)
		ck_assert_int_eq(mproci_slots_grow(&crew->slots), 0);
	slot = mproci_slots_at(&crew->slots, 0);
	slot->function = counting;
	slot->terms = terms;
	slot->word = mproci_slot_word(id, mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_QUEUED, 0, 0));
	mproci_line_write(&crew->slots, crew->slots.tail, id);
	mproci_line_publish(&crew->slots, crew->slots.tail + 1);
	return id;
}

static uint64_t word_of(mproci_task_id id)
{
	return mproci_slots_at(&crew->slots, mproci_task_index_of(id))->word;
}

static mproc_outcome outcome_of(mproci_task_id id)
{
	return mproci_verdict_outcome(mproci_slot_verdict(word_of(id)));
}

START_TEST(recovery_ends_the_task_that_the_dead_was_at)
{
	mproci_task_id id = put_in_line(&no_terms);

	ck_assert_uint_eq(mproci_line_get(&crew->slots, 2, &crew->seats[2].task), id);
	recover(2, SIGABRT);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_SIGNAL);
	ck_assert_int_eq(outcome_of(id).code, SIGABRT);
	ck_assert_uint_eq(outcome_of(id).attempts, 1);
	ck_assert_uint_eq(outcome_of(id).worker, 3);
	ck_assert_uint_eq(crew->seats[2].task, 0);
	ck_assert_uint_eq(crew->seats[2].failed, 1);
}
END_TEST

START_TEST(recovery_tells_that_a_task_was_killed_for_its_timeout)
{
	mproci_task_id id = put_in_line(&no_terms);

	mproci_line_get(&crew->slots, 2, &crew->seats[2].task);
	crew->seats[2].task |= MPROCI_TASK_MARK;
	crew->seats[2].reason = MPROC_ENDING_TIMEOUT;
	recover(2, SIGKILL);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_TIMEOUT);
}
END_TEST

START_TEST(recovery_leaves_a_task_that_may_be_tried_again)
{
	mproci_task_id id = put_in_line(&one_retry);

	mproci_line_get(&crew->slots, 2, &crew->seats[2].task);
	recover(2, SIGABRT);
	ck_assert(mproci_slot_is(word_of(id), id, MPROCI_SLOT_QUEUED));
	ck_assert_uint_eq(crew->seats[2].again, id);
	ck_assert_uint_eq(crew->seats[2].task, 0);
}
END_TEST

START_TEST(recovery_does_not_try_a_cancelled_task_again)
{
	mproci_task_id id = put_in_line(&one_retry);

	mproci_line_get(&crew->slots, 2, &crew->seats[2].task);
	mproci_slots_at(&crew->slots, 0)->is_cancelled = true;
	recover(2, SIGABRT);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_SIGNAL);
	ck_assert_uint_eq(crew->seats[2].again, 0);
}
END_TEST

START_TEST(recovery_leaves_a_task_alone_that_the_dead_had_not_begun)
{
	mproci_task_id id = put_in_line(&no_terms);

	/* Killed between announcing and claiming. */
	crew->seats[2].task = id;
	recover(2, SIGKILL);
	ck_assert(mproci_slot_is(word_of(id), id, MPROCI_SLOT_QUEUED));
	ck_assert_uint_eq(crew->seats[2].task, 0);
}
END_TEST

START_TEST(recovery_leaves_a_task_alone_that_another_worker_is_at)
{
	mproci_task_id id = put_in_line(&no_terms);

	mproci_line_get(&crew->slots, 1, &crew->seats[1].task);
	crew->seats[2].task = id;
	recover(2, SIGKILL);
	ck_assert(mproci_slot_is(word_of(id), id, MPROCI_SLOT_RUNNING));
}
END_TEST

START_TEST(recovery_leaves_a_task_alone_that_had_ended)
{
	mproci_task_id id = put_in_line(&no_terms);

	mproci_line_get(&crew->slots, 2, &crew->seats[2].task);
	crew->seats[2].task |= MPROCI_TASK_ENDING;
	mproci_slot_end(mproci_slots_at(&crew->slots, 0), id, mproci_verdict_of(MPROC_ENDING_VALUE, 0, 2, 1));
	recover(2, SIGKILL);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_VALUE);
}
END_TEST

/* ---- workers ---- */

static pthread_t threads[WORKERS];
static mproci_worker workers[WORKERS];

static void *be_worker(void *worker)
{
	ck_assert_int_eq(mproci_worker_live(worker), 0);
	return NULL;
}

static void start_workers(uint32_t first)
{
	for (uint32_t i = first; i < WORKERS; ++i) {
		mproci_worker_init(&workers[i], crew, i);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, be_worker, &workers[i]), 0);
	}
}

static void join_workers(uint32_t first)
{
	for (uint32_t i = first; i < WORKERS; ++i)
		pthread_join(threads[i], NULL);
}

static void stop_workers(uint32_t first)
{
	mproci_crew_set_state(crew, MPROCI_CREW_CLOSING);
	join_workers(first);
}

/* What the owner does: sleep on the crew's news until @is_true. */
static void await(bool (*is_true)(mproci_crew *, const mproci_map *), const mproci_map *what)
{
	while (!is_true(crew, what)) {
		uint32_t key = mproci_event_count_prepare(&crew->news);

		if (is_true(crew, what))
			mproci_event_count_cancel(&crew->news);
		else
			mproci_event_count_wait(&crew->news, key, MPROC_FOREVER);
	}
}

static void work_off(mproci_map *what)
{
	post(what);
	await(mproci_crew_is_done, what);
	mproci_crew_take_down(crew, what);
	/* Nobody tells that it came too late for anything. */
	while (!mproci_crew_has_left(crew, what))
		sched_yield();
}

START_TEST(workers_work_off_what_is_posted)
{
	start_workers(0);
	work_off(map);
	stop_workers(0);
	ck_assert_int_eq(calls, 6);
}
END_TEST

START_TEST(workers_that_come_late_find_the_map)
{
	post(map);
	start_workers(0);
	await(mproci_crew_is_done, map);
	stop_workers(0);
	ck_assert_int_eq(calls, 6);
}
END_TEST

static bool has_task_ended(mproci_crew *of, const mproci_map *unused)
{
	const mproci_task_id id = UINT64_C(1) << 32;

	(void)of;
	(void)unused;
	return mproci_slot_has_ended(word_of(id), id);
}

START_TEST(workers_do_tasks_in_line)
{
	mproci_task_id id;

	start_workers(0);
	id = put_in_line(&no_terms);
	mproci_slot_await(mproci_slots_at(&crew->slots, 0), id);
	mproci_crew_call(crew);
	await(has_task_ended, NULL);
	stop_workers(0);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_VALUE);
}
END_TEST

START_TEST(workers_find_a_task_that_a_dead_one_left)
{
	mproci_task_id id = put_in_line(&one_retry);

	mproci_crew_seat_taken(crew, 0);
	mproci_line_get(&crew->slots, 0, &crew->seats[0].task);
	mproci_slot_await(mproci_slots_at(&crew->slots, 0), id);
	start_workers(1);
	recover(0, SIGKILL);
	await(has_task_ended, NULL);
	stop_workers(1);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(outcome_of(id).ending, MPROC_ENDING_VALUE);
	ck_assert_uint_eq(outcome_of(id).attempts, 2);
	ck_assert_uint_eq(crew->seats[0].again, 0);
}
END_TEST

START_TEST(workers_end_when_the_crew_fails)
{
	start_workers(0);
	mproci_crew_fail(crew, -EIO);
	join_workers(0);
	ck_assert_int_eq(calls, 0);
}
END_TEST

START_TEST(workers_end_that_are_too_many)
{
	start_workers(0);
	mproci_crew_set_target(crew, 1);
	join_workers(1);
	work_off(map);
	ck_assert_int_eq(calls, 6);
	mproci_crew_set_state(crew, MPROCI_CREW_CLOSING);
	pthread_join(threads[0], NULL);
}
END_TEST

START_TEST(many_small_maps_in_a_row_run_every_item)
{
	start_workers(0);
	for (int round = 0; round < 3000; ++round) {
		mproci_map *small = make_map((size_t)round % 7 + 1);
		mproci_map_spec its_spec = spec;

		calls = 0;
		work_off(small);
		ck_assert_int_eq(calls, round % 7 + 1);
		for (int i = 0; i < round % 7 + 1; ++i)
			ck_assert_uint_ne(small->verdicts[i], 0);
		mproci_map_destroy(small, &its_spec, NULL);
	}
	stop_workers(0);
}
END_TEST

/*
 * The worker of seat 0 dies again and again in the first item it popped, while the others work on: whenever the map
 * is said to be done, every item has ended.
 */
START_TEST(map_is_not_done_while_recovery_puts_chunks_back)
{
	mproci_crew_seat_taken(crew, 0);
	start_workers(1);
	for (int round = 0; round < 2000; ++round) {
		/* 3 items in a chunk, so that a death puts 2 of them back. */
		const mproci_map_spec its_spec = {.function = counting, .count = 12, .chunk = 3};
		mproci_map *each = make_map_of(&its_spec);
		uint32_t chunk;

		crew->seats[0].inside = (uintptr_t)each;
		ck_assert(mproci_ranges_pop(each->ranges, 0, &chunk));
		post(each);
		ck_assert(!mproci_crew_is_done(crew, each));
		recover(0, SIGKILL);
		await(mproci_crew_is_done, each);
		for (int i = 0; i < 12; ++i)
			ck_assert_msg(each->verdicts[i] != 0, "round %d: done, but item %d is not", round, i);
		mproci_crew_take_down(crew, each);
		while (!mproci_crew_has_left(crew, each))
			sched_yield();
		mproci_map_destroy(each, &its_spec, NULL);
	}
	stop_workers(1);
}
END_TEST

static void *tell_role(void *ret_is_worker)
{
	*(bool *)ret_is_worker = mproci_worker_is_of(crew);
	return NULL;
}

START_TEST(a_thread_is_a_worker_from_entering_to_leaving)
{
	mproci_role_of_worker role;
	bool is_worker = true;
	pthread_t thread;

	ck_assert(!mproci_worker_is_of(crew));
	mproci_worker_enter(&role, crew);
	ck_assert(mproci_worker_is_of(crew));
	pthread_create(&thread, NULL, tell_role, &is_worker);
	pthread_join(thread, NULL);
	ck_assert(!is_worker);
	mproci_worker_leave(&role);
	ck_assert(!mproci_worker_is_of(crew));
}
END_TEST

START_TEST(a_worker_of_one_crew_may_be_one_of_another)
{
	mproci_crew *other = mproci_crew_create(1, 1, &crew->rules);
	mproci_role_of_worker outer, inner;

	mproci_worker_enter(&outer, crew);
	mproci_worker_enter(&inner, other);
	ck_assert(mproci_worker_is_of(crew));
	ck_assert(mproci_worker_is_of(other));
	mproci_worker_leave(&inner);
	ck_assert(mproci_worker_is_of(crew));
	ck_assert(!mproci_worker_is_of(other));
	mproci_worker_leave(&outer);
	mproci_crew_destroy(other);
}
END_TEST

START_TEST(destroy_gives_the_crew_back)
{
	const mproci_rules rules = {.argument = mproc_alloc(100), .owns_argument = true};
	mproci_arena_census before, after;
	mproci_crew *made;

	ck_assert_int_eq(mproci_arena_check(&before), 0);
	made = mproci_crew_create(1024, 1, &rules);
	ck_assert_int_eq(mproci_slots_grow(&made->slots), 0);
	mproci_crew_destroy(made);
	mproci_crew_destroy(NULL);
	ck_assert_int_eq(mproci_arena_check(&after), 0);

	/* And the argument, which was there before. */
	ck_assert_uint_eq(after.small_used + 1, before.small_used);
	ck_assert_uint_eq(after.big_blocks, before.big_blocks);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		crew_begins_opening_with_nobody_inside,
		crew_keeps_why_it_failed,
		a_change_of_state_or_target_wakes_owner_and_workers,
		a_seat_that_is_taken_counts_once,
		as_many_maps_as_there_are_postings_can_be_posted,
		maps_posted_later_have_higher_numbers,
		who_enters_a_posted_map_is_inside_until_it_leaves,
		nobody_enters_a_map_that_was_taken_down,
		who_leaves_an_exhausted_map_tells_the_owner,
		map_is_not_done_before_anybody_came,
		map_is_not_done_while_a_popped_chunk_runs,
		map_is_not_done_while_somebody_inside_is_being_killed,
		map_is_not_done_while_chunks_are_in_the_lane_of_nobody,
		map_is_not_done_when_a_thief_leaves_early_with_loot_in_its_lane,
		a_map_that_stops_is_done_when_nobody_is_inside,
		a_worker_inside_another_map_does_not_hold_this_one_up,
		a_map_is_held_by_workers_and_nursery_until_they_leave,
		post_and_recovery_count_rounds,
		recovery_empties_the_seat_and_blames_the_item,
		recovery_tells_why_the_nursery_killed_the_worker,
		recovery_of_a_worker_outside_blames_nothing,
		recovery_of_a_worker_that_looked_counts_it_out,
		recovery_does_not_touch_a_map_that_is_not_posted,
		recovery_ends_the_task_that_the_dead_was_at,
		recovery_tells_that_a_task_was_killed_for_its_timeout,
		recovery_leaves_a_task_that_may_be_tried_again,
		recovery_does_not_try_a_cancelled_task_again,
		recovery_leaves_a_task_alone_that_the_dead_had_not_begun,
		recovery_leaves_a_task_alone_that_another_worker_is_at,
		recovery_leaves_a_task_alone_that_had_ended,
		workers_work_off_what_is_posted,
		workers_that_come_late_find_the_map,
		workers_do_tasks_in_line,
		workers_find_a_task_that_a_dead_one_left,
		workers_end_when_the_crew_fails,
		workers_end_that_are_too_many,
		many_small_maps_in_a_row_run_every_item,
		map_is_not_done_while_recovery_puts_chunks_back,
		a_thread_is_a_worker_from_entering_to_leaving,
		a_worker_of_one_crew_may_be_one_of_another,
		destroy_gives_the_crew_back,
		NULL,
	};
	const support_suite suite = {
		.name = "crew",
		.tests = tests,
		.warm_up = warm_up,
		.setup = make_crew,
		.teardown = destroy_crew,
	};

	return support_run_suite(&suite);
}
