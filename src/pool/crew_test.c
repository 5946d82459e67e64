/* SPDX-License-Identifier: MIT */
#include "pool/crew.h"

#include "arena/root.h"
#include "pool/task.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

enum {
	WORKERS = 3
};

static mproci_crew *crew;
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

/* A map of @count items in chunks of 1, not posted. */
static mproci_map *make_map(size_t count)
{
	mproci_map *made;

	spec = (mproci_map_spec){.function = count_call, .count = count, .chunk = 1};
	ck_assert_int_eq(mproci_map_create(&spec, WORKERS, true, &made), 0);
	return made;
}

static void make_crew(void)
{
	calls = 0;
	crew = mproci_crew_create(WORKERS);
	ck_assert_ptr_nonnull(crew);
	map = make_map(6);
}

static void destroy_crew(void)
{
	mproci_map_destroy(map, &spec);
	mproci_crew_destroy(crew);
}

/* As the worker of a seat does, up to being killed inside the first item. */
static void die_in_item(uint32_t seat)
{
	uint32_t chunk;

	crew->seats[seat].inside = map;
	ck_assert(mproci_ranges_pop(map->ranges, seat, &chunk));
}

START_TEST(crew_begins_opening_with_nobody_inside)
{
	ck_assert_int_eq(crew->state, MPROCI_CREW_OPENING);
	ck_assert_ptr_null(atomic_load(&crew->map));
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_ptr_null(atomic_load(&crew->seats[i].inside));
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

START_TEST(map_is_not_done_before_anybody_came)
{
	mproci_crew_post(crew, map);

	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_while_a_popped_chunk_runs)
{
	uint32_t chunk;

	mproci_crew_post(crew, map);
	crew->seats[1].inside = map;
	for (uint32_t lane = 0; lane < WORKERS; ++lane) {
		while (mproci_ranges_pop(map->ranges, lane, &chunk))
			;
	}
	ck_assert(!mproci_crew_is_done(crew, map));
	crew->seats[1].inside = NULL;
	ck_assert(mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(map_is_not_done_while_chunks_are_in_the_lane_of_nobody)
{
	uint32_t chunk;

	mproci_crew_post(crew, map);
	for (uint32_t lane = 0; lane < WORKERS - 1; ++lane) {
		while (mproci_ranges_pop(map->ranges, lane, &chunk))
			;
	}
	ck_assert(!mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(a_worker_inside_another_map_does_not_hold_this_one_up)
{
	mproci_crew_post(crew, map);
	mproci_map_work(map, 0);
	crew->seats[2].inside = (mproci_map *)(uintptr_t)128;

	ck_assert(mproci_crew_is_done(crew, map));
}
END_TEST

START_TEST(post_and_recovery_count_rounds)
{
	uint64_t round = crew->round;

	mproci_crew_post(crew, map);
	ck_assert_uint_eq(crew->round, round + 1);
	die_in_item(0);
	mproci_crew_recover(crew, 0, (mproci_ending){.signal = SIGKILL});
	ck_assert_uint_eq(crew->round, round + 2);
}
END_TEST

START_TEST(recovery_empties_the_seat_and_blames_the_item)
{
	mproci_crew_post(crew, map);
	die_in_item(1);
	mproci_crew_recover(crew, 1, (mproci_ending){.signal = SIGBUS});

	ck_assert_ptr_null(atomic_load(&crew->seats[1].inside));
	ck_assert_int_eq(mproci_verdict_outcome(map->verdicts[2]).ending, MPROC_ENDING_SIGNAL);
	ck_assert_int_eq(mproci_verdict_outcome(map->verdicts[2]).code, SIGBUS);
}
END_TEST

START_TEST(recovery_of_a_worker_outside_changes_nothing)
{
	uint64_t round;

	mproci_crew_post(crew, map);
	round = crew->round;
	mproci_crew_recover(crew, 1, (mproci_ending){.signal = SIGKILL});

	ck_assert_uint_eq(crew->round, round);
	ck_assert(!map->has_failures);
}
END_TEST

START_TEST(recovery_does_not_touch_a_map_that_is_not_posted)
{
	/* Whoever reads or writes it dies. */
	void *freed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mproci_crew_post(crew, map);
	crew->seats[2].inside = freed;
	mproci_crew_recover(crew, 2, (mproci_ending){.signal = SIGKILL});

	ck_assert_ptr_null(atomic_load(&crew->seats[2].inside));
	munmap(freed, 4096);
}
END_TEST

START_TEST(await_done_gives_up_at_the_deadline)
{
	mproci_crew_post(crew, map);

	ck_assert_int_eq(mproci_crew_await_done(crew, map, MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(await_open_gives_up_at_the_deadline)
{
	ck_assert_int_eq(mproci_crew_await_open(crew, NULL, MPROC_NOW), -ETIMEDOUT);
}
END_TEST

START_TEST(await_ends_when_the_crew_has_failed)
{
	mproci_crew_post(crew, map);
	mproci_crew_fail(crew, -EIO);

	ck_assert_int_eq(mproci_crew_await_open(crew, NULL, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_crew_await_done(crew, map, MPROC_FOREVER), 0);
}
END_TEST

START_TEST(await_left_waits_for_who_is_inside)
{
	mproci_crew_post(crew, map);
	crew->seats[0].inside = map;
	mproci_crew_take_down(crew);

	ck_assert_int_eq(mproci_crew_await_left(crew, map, MPROC_NOW), -ETIMEDOUT);
	crew->seats[0].inside = NULL;
	ck_assert_int_eq(mproci_crew_await_left(crew, map, MPROC_NOW), 0);
}
END_TEST

static pthread_t threads[WORKERS];

static void *be_worker(void *seat)
{
	mproci_crew_work(crew, (uint32_t)(uintptr_t)seat);
	return NULL;
}

static void start_workers(uint32_t first)
{
	for (uintptr_t i = first; i < WORKERS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, be_worker, (void *)i), 0);
}

static void stop_workers(uint32_t first)
{
	mproci_crew_set_state(crew, MPROCI_CREW_CLOSING);
	for (uint32_t i = first; i < WORKERS; ++i)
		pthread_join(threads[i], NULL);
}

static void work_off(mproci_map *what)
{
	mproci_crew_post(crew, what);
	ck_assert_int_eq(mproci_crew_await_done(crew, what, MPROC_FOREVER), 0);
	mproci_crew_take_down(crew);
	ck_assert_int_eq(mproci_crew_await_left(crew, what, MPROC_FOREVER), 0);
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
	mproci_crew_post(crew, map);
	start_workers(0);
	ck_assert_int_eq(mproci_crew_await_done(crew, map, MPROC_FOREVER), 0);
	stop_workers(0);

	ck_assert_int_eq(calls, 6);
}
END_TEST

START_TEST(workers_end_when_the_crew_fails)
{
	start_workers(0);
	mproci_crew_fail(crew, -EIO);
	for (int i = 0; i < WORKERS; ++i)
		pthread_join(threads[i], NULL);

	ck_assert_int_eq(calls, 0);
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
		mproci_map_destroy(small, &its_spec);
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
	start_workers(1);
	for (int round = 0; round < 2000; ++round) {
		mproci_map *each = make_map(12);
		mproci_map_spec its_spec = spec;
		uint32_t chunk;

		/* 3 items in a chunk, so that a death puts 2 of them back. */
		mproci_map_destroy(each, &its_spec);
		its_spec.chunk = 3;
		ck_assert_int_eq(mproci_map_create(&its_spec, WORKERS, true, &each), 0);
		atomic_store(&crew->seats[0].inside, each);
		ck_assert(mproci_ranges_pop(each->ranges, 0, &chunk));
		mproci_crew_post(crew, each);
		ck_assert(!mproci_crew_is_done(crew, each));
		mproci_crew_recover(crew, 0, (mproci_ending){.signal = SIGKILL});
		ck_assert_int_eq(mproci_crew_await_done(crew, each, MPROC_FOREVER), 0);
		for (int i = 0; i < 12; ++i)
			ck_assert_msg(each->verdicts[i] != 0, "round %d: done, but item %d is not", round, i);
		mproci_crew_take_down(crew);
		ck_assert_int_eq(mproci_crew_await_left(crew, each, MPROC_FOREVER), 0);
		mproci_map_destroy(each, &its_spec);
	}
	stop_workers(1);
}
END_TEST

static void *tell_crew(void *ret_crew)
{
	*(mproci_crew **)ret_crew = mproci_crew_of_this_worker();
	return NULL;
}

START_TEST(a_thread_that_is_no_worker_has_no_crew)
{
	mproci_crew *of_thread = crew;
	pthread_t thread;

	pthread_create(&thread, NULL, tell_crew, &of_thread);
	pthread_join(thread, NULL);

	ck_assert_ptr_null(of_thread);
	ck_assert_ptr_null(mproci_crew_of_this_worker());
}
END_TEST

START_TEST(destroy_gives_the_crew_back)
{
	mproci_arena_census before, after;

	ck_assert_int_eq(mproci_arena_check(&before), 0);
	mproci_crew_destroy(mproci_crew_create(1024));
	mproci_crew_destroy(NULL);
	ck_assert_int_eq(mproci_arena_check(&after), 0);

	ck_assert_uint_eq(after.small_used, before.small_used);
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
		map_is_not_done_before_anybody_came,
		map_is_not_done_while_a_popped_chunk_runs,
		map_is_not_done_while_chunks_are_in_the_lane_of_nobody,
		a_worker_inside_another_map_does_not_hold_this_one_up,
		post_and_recovery_count_rounds,
		recovery_empties_the_seat_and_blames_the_item,
		recovery_of_a_worker_outside_changes_nothing,
		recovery_does_not_touch_a_map_that_is_not_posted,
		await_done_gives_up_at_the_deadline,
		await_open_gives_up_at_the_deadline,
		await_ends_when_the_crew_has_failed,
		await_left_waits_for_who_is_inside,
		workers_work_off_what_is_posted,
		workers_that_come_late_find_the_map,
		workers_end_when_the_crew_fails,
		many_small_maps_in_a_row_run_every_item,
		map_is_not_done_while_recovery_puts_chunks_back,
		a_thread_that_is_no_worker_has_no_crew,
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
