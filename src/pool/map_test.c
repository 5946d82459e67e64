/* SPDX-License-Identifier: MIT */
#include "pool/map.h"
#include "pool/shuffle.h"

#include "arena/root.h"
#include "base/deadline.h"
#include "base/error.h"
#include "family/family.h"
#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_ITEMS = 64,
};

/* An hour: what ends then does not end while a test runs. */
static const int64_t LONG = 3600000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static int times[MOST_ITEMS];
static _Atomic mproc_deadline kill_at;

/* Counts its calls, and returns what its item says. */
static int count_call(const void *item, void *result, mproc_task *task)
{
	++times[mproc_task_index(task)];
	if (result != NULL)
		*(int *)result = (int)mproc_task_index(task);
	return item == NULL ? 0 : *(const int *)item;
}

static mproci_map *create(const mproci_map_spec *spec, uint32_t lanes)
{
	mproci_map *map;

	memset(times, 0, sizeof times);
	ck_assert_int_eq(mproci_map_create(spec, lanes, lanes, false, NULL, &map), 0);
	return map;
}

static mproci_map_spec plain(size_t count, size_t chunk)
{
	return (mproci_map_spec){.count = count, .chunk = chunk};
}

static mproci_map_spec with_items(const int *items, size_t count, size_t chunk)
{
	mproci_map_spec spec = plain(count, chunk);

	spec.items = (const char *)items;
	spec.item_size = sizeof *items;
	return spec;
}

/* As a worker does: take what there is until nothing is left.  Returns how many items ended without a value. */
static size_t work_with(mproci_map *map, uint32_t lane, mproc_task_function *function)
{
	mproci_map_visit visit;

	memset(&visit, 0, sizeof visit);
	mproci_map_visit_begin(&visit, map, lane, function, &kill_at);
	while (mproci_map_do_chunks(&visit) != 0)
		;
	return visit.failed;
}

static size_t work(mproci_map *map, uint32_t lane)
{
	return work_with(map, lane, count_call);
}

static mproc_outcome outcome_of(const mproci_map *map, size_t item)
{
	return mproci_verdict_outcome(map->verdicts[item]);
}

#define assert_outcome(map, item, how, with)                         \
	do {                                                         \
		ck_assert_int_eq(outcome_of(map, item).ending, how); \
		ck_assert_int_eq(outcome_of(map, item).code, with);  \
	} while (0)

static mproci_verdict value(void)
{
	return mproci_verdict_of(MPROC_ENDING_VALUE, 0, 0, 1);
}

static mproci_death killed_by(int signal)
{
	return (mproci_death){.ending = {.signal = signal}};
}

static mproci_death exited_with(int code)
{
	return (mproci_death){.ending = {.exit_code = code}};
}

/* ---- working ---- */

START_TEST(map_runs_every_item_once)
{
	for (size_t chunk = 1; chunk <= 21; ++chunk) {
		mproci_map_spec spec = plain(20, chunk);
		mproci_map *map = create(&spec, 3);

		ck_assert_uint_eq(work(map, 1), 0);
		for (int i = 0; i < 20; ++i) {
			ck_assert_int_eq(times[i], 1);
			assert_outcome(map, i, MPROC_ENDING_VALUE, 0);
			ck_assert_uint_eq(outcome_of(map, i).attempts, 1);
			ck_assert_uint_eq(outcome_of(map, i).worker, 2);
		}
		ck_assert_uint_eq(map->failed, 0);
		ck_assert(mproci_map_is_exhausted(map));
		mproci_map_destroy(map, &spec, NULL);
	}
}
END_TEST

START_TEST(map_with_the_largest_chunk_is_one_chunk)
{
	mproci_map_spec spec = plain(20, UINT32_MAX);
	mproci_map *map = create(&spec, 3);

	work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(map_counts_items_from_its_base)
{
	mproci_map_spec spec = plain(4, 1);
	mproci_map *map;

	spec.base = 30;
	map = create(&spec, 1);
	work(map, 0);
	for (int i = 0; i < MOST_ITEMS; ++i)
		ck_assert_int_eq(times[i], i >= 30 && i < 34);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(do_chunk_tells_how_many_items_there_were)
{
	mproci_map_spec spec = plain(24, 8);
	mproci_map *map = create(&spec, 1);
	mproci_map_visit visit;

	mproci_map_visit_begin(&visit, map, 0, count_call, &kill_at);
	ck_assert_uint_eq(mproci_map_do_chunks(&visit), 8);
	ck_assert_uint_eq(mproci_map_taken(map), 8);
	ck_assert_uint_eq(mproci_map_do_chunks(&visit), 8);
	ck_assert(!mproci_map_is_exhausted(map));
	ck_assert_uint_eq(mproci_map_do_chunks(&visit), 8);
	ck_assert_uint_eq(mproci_map_taken(map), 24);
	ck_assert_uint_eq(mproci_map_do_chunks(&visit), 0);
	ck_assert(mproci_map_is_exhausted(map));
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(chunks_are_spread_over_the_busy_lanes_alone)
{
	mproci_map_spec spec = plain(12, 1);
	mproci_map *map;

	ck_assert_int_eq(mproci_map_create(&spec, 6, 2, false, NULL, &map), 0);
	for (uint32_t lane = 0; lane < 6; ++lane) {
		uint32_t chunk;

		ck_assert_int_eq(mproci_ranges_pop(map->ranges, lane, &chunk), lane < 2);
	}
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(map_keeps_what_each_item_returned)
{
	const int items[] = {0, -1, -EIO, -4095, 1, -4096, INT_MIN, INT_MAX};
	const int codes[] = {0, -1, -EIO, -4095, -ERANGE, -ERANGE, -ERANGE, -ERANGE};
	mproci_map_spec spec = with_items(items, 8, 3);
	mproci_map *map = create(&spec, 1);

	ck_assert_uint_eq(work(map, 0), 7);
	assert_outcome(map, 0, MPROC_ENDING_VALUE, 0);
	for (int i = 1; i < 8; ++i)
		assert_outcome(map, i, MPROC_ENDING_ERROR, codes[i]);
	ck_assert_uint_eq(map->failed, 7);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(map_skips_items_that_have_ended)
{
	mproci_map_spec spec = plain(6, 3);
	mproci_map *map = create(&spec, 1);

	map->verdicts[1] = mproci_verdict_of_death((mproci_ending){.signal = SIGKILL}, false, 0, 1);
	work(map, 0);
	for (int i = 0; i < 6; ++i)
		ck_assert_int_eq(times[i], i != 1);
	assert_outcome(map, 1, MPROC_ENDING_SIGNAL, SIGKILL);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(a_shuffled_map_runs_every_item_once_in_another_order)
{
	for (size_t chunk = 1; chunk <= 21; ++chunk) {
		mproci_map_spec spec = plain(20, chunk);
		mproci_map *map;

		spec.is_shuffled = true;
		spec.terms.seed = chunk;
		map = create(&spec, 3);
		work(map, 2);
		for (int i = 0; i < 20; ++i) {
			ck_assert_int_eq(times[i], 1);
			assert_outcome(map, i, MPROC_ENDING_VALUE, 0);
		}
		mproci_map_destroy(map, &spec, NULL);
	}
}
END_TEST

START_TEST(a_second_round_has_the_items_that_were_put_off)
{
	mproci_map_spec spec = plain(20, 3);
	mproci_map *map;

	spec.puts_off = true;
	map = create(&spec, 3);
	work(map, 0);
	map->verdicts[4] = map->verdicts[19] = 0;
	map->put_off = 2;
	ck_assert_int_eq(mproci_map_go_on(map, 2), 0);
	ck_assert(!map->spec.puts_off);
	ck_assert(!mproci_map_is_exhausted(map));
	ck_assert_uint_eq(mproci_map_taken(map), 18);
	ck_assert_uint_eq(work(map, 1), 0);
	for (int i = 0; i < 20; ++i) {
		ck_assert_int_eq(times[i], i == 4 || i == 19 ? 2 : 1);
		assert_outcome(map, i, MPROC_ENDING_VALUE, 0);
	}
	ck_assert_uint_eq(mproci_map_taken(map), 20);
	ck_assert_uint_eq(map->put_off, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

/* ---- trying again ---- */

static int fail_twice(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	ck_assert_uint_eq(mproc_task_attempt(task), (unsigned)++times[mproc_task_index(task)]);
	return mproc_task_attempt(task) <= 2 ? -EIO : 0;
}

START_TEST(an_item_that_fails_is_tried_again)
{
	mproci_map_spec spec = plain(10, 4);
	mproci_map *map;

	spec.terms.retries = 2;
	map = create(&spec, 1);
	ck_assert_uint_eq(work_with(map, 0, fail_twice), 0);
	for (int i = 0; i < 10; ++i) {
		ck_assert_int_eq(times[i], 3);
		assert_outcome(map, i, MPROC_ENDING_VALUE, 0);
		ck_assert_uint_eq(outcome_of(map, i).attempts, 3);
	}
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(an_item_is_tried_no_more_often_than_its_retries)
{
	mproci_map_spec spec = plain(10, 4);
	mproci_map *map;

	spec.terms.retries = 1;
	map = create(&spec, 1);
	ck_assert_uint_eq(work_with(map, 0, fail_twice), 10);
	for (int i = 0; i < 10; ++i) {
		ck_assert_int_eq(times[i], 2);
		assert_outcome(map, i, MPROC_ENDING_ERROR, -EIO);
		ck_assert_uint_eq(outcome_of(map, i).attempts, 2);
	}
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(nothing_is_begun_after_a_failure_when_that_stops_the_map)
{
	const int items[] = {0, 0, 0, -EIO, 0, 0, 0, 0};
	mproci_map_spec spec = with_items(items, 8, 3);
	mproci_map *map;

	spec.stops_on_failure = true;
	map = create(&spec, 1);
	ck_assert_uint_eq(work(map, 0), 1);
	for (int i = 0; i < 8; ++i) {
		ck_assert_int_eq(times[i], i <= 3);
		ck_assert_int_eq(outcome_of(map, i).ending, i < 3    ? MPROC_ENDING_VALUE
							    : i == 3 ? MPROC_ENDING_ERROR
								     : MPROC_ENDING_NONE);
	}
	ck_assert(mproci_map_is_exhausted(map));
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

static mproci_map *to_be_stopped;

static int stop_map(const void *item, void *result, mproc_task *task)
{
	count_call(item, result, task);
	ck_assert(!mproc_task_cancelled(task));
	mproci_map_stop(to_be_stopped, MPROCI_STOP_CANCELLED);
	ck_assert(mproc_task_cancelled(task));
	return -ECANCELED;
}

START_TEST(an_item_of_a_map_that_stops_sees_it_and_is_not_tried_again)
{
	mproci_map_spec spec = plain(5, 2);
	mproci_map *map;

	spec.terms.retries = 9;
	map = to_be_stopped = create(&spec, 1);
	work_with(map, 0, stop_map);
	ck_assert_int_eq(times[0], 1);
	assert_outcome(map, 0, MPROC_ENDING_ERROR, -ECANCELED);
	for (int i = 1; i < 5; ++i)
		ck_assert_int_eq(times[i], 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

/* ---- time ---- */

static mproc_deadline seen_kill_at;

static int look_at_kill_at(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	seen_kill_at = kill_at;
	return mproc_task_cancelled(task) ? -ECANCELED : 0;
}

START_TEST(the_time_at_which_an_item_is_killed_stands_in_the_seat_while_it_runs)
{
	mproci_map_spec spec = plain(1, 1);
	int64_t before = mproci_clock_now();
	mproci_map *map;

	spec.terms.timeout = LONG;
	map = create(&spec, 1);
	work_with(map, 0, look_at_kill_at);
	ck_assert_int_ge(seen_kill_at, before + LONG);
	ck_assert_int_le(seen_kill_at, mproci_clock_now() + LONG);
	ck_assert_int_eq(kill_at, MPROC_FOREVER);
	assert_outcome(map, 0, MPROC_ENDING_VALUE, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

static int await_soft_timeout(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	while (!mproc_task_cancelled(task))
		;
	return -ETIME;
}

START_TEST(an_item_sees_that_its_soft_timeout_has_passed)
{
	mproci_map_spec spec = plain(3, 1);
	mproci_map *map;

	spec.terms.soft_timeout = MPROCI_NANOSECONDS_PER_MILLISECOND;
	map = create(&spec, 1);
	work_with(map, 0, await_soft_timeout);
	for (int i = 0; i < 3; ++i)
		assert_outcome(map, i, MPROC_ENDING_ERROR, -ETIME);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(an_item_is_not_cancelled_before_its_soft_timeout)
{
	mproci_map_spec spec = plain(3, 1);
	mproci_map *map;

	spec.terms.soft_timeout = LONG;
	map = create(&spec, 1);
	ck_assert_uint_eq(work_with(map, 0, look_at_kill_at), 0);
	ck_assert_int_eq(seen_kill_at, MPROC_FOREVER);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(a_map_with_a_deadline_is_to_be_cleared_then)
{
	mproci_map_spec spec = plain(1, 1);
	mproci_map *map;

	spec.terms.deadline = 77;
	map = create(&spec, 1);
	ck_assert_int_eq(map->kill_at, 77);
	ck_assert_uint_eq(map->kill_ending, MPROC_ENDING_TIMEOUT);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

/* ---- deaths ---- */

/* Do what the worker of lane 0 does up to the middle of item 2 of chunk 0, items 0 to 4. */
static void die_in_item_2(mproci_map *map)
{
	uint32_t chunk;

	ck_assert(mproci_ranges_pop(map->ranges, 0, &chunk));
	ck_assert_uint_eq(chunk, 0);
	map->verdicts[0] = map->verdicts[1] = value();
	map->ranges->lanes[0].running = 2;
	if (map->spec.terms.retries != 0)
		map->verdicts[2] = mproci_verdict_of(MPROC_ENDING_NONE, 0, 0, 1);
}

static uint64_t chunks_left(const mproci_map *map)
{
	return mproci_ranges_left(map->ranges);
}

START_TEST(recover_blames_the_running_item_and_puts_back_the_rest)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	ck_assert_uint_eq(outcome_of(map, 2).attempts, 1);
	ck_assert_uint_eq(outcome_of(map, 2).worker, 1);
	ck_assert_uint_eq(map->failed, 1);
	work(map, 1);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], i > 2);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_tells_a_core_file_and_that_memory_was_out)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);
	mproci_death death = killed_by(SIGKILL);

	die_in_item_2(map);
	death.ending.has_core = true;
	death.is_out_of_memory = true;
	mproci_map_recover(map, 0, death);
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGKILL);
	ck_assert(outcome_of(map, 2).has_core);
	ck_assert(outcome_of(map, 2).is_out_of_memory);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_tells_the_exit_code)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, exited_with(255));
	assert_outcome(map, 2, MPROC_ENDING_EXIT, 255);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_an_exit_with_0_still_ends_the_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	mproci_map_recover(map, 0, exited_with(0));
	assert_outcome(map, 2, MPROC_ENDING_EXIT, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_tells_why_the_nursery_killed_the_worker)
{
	static const mproc_ending reasons[] = {MPROC_ENDING_TIMEOUT, MPROC_ENDING_CANCELLED};

	for (int i = 0; i < 2; ++i) {
		mproci_map_spec spec = plain(20, 5);
		mproci_map *map = create(&spec, 2);
		mproci_death death = killed_by(SIGKILL);

		die_in_item_2(map);
		death.reason = reasons[i];
		mproci_map_recover(map, 0, death);
		assert_outcome(map, 2, reasons[i], 0);
		ck_assert_uint_eq(outcome_of(map, 2).attempts, 1);
		mproci_map_destroy(map, &spec, NULL);
	}
}
END_TEST

START_TEST(recover_leaves_an_item_that_may_be_tried_again)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map;

	spec.terms.retries = 1;
	map = create(&spec, 2);
	die_in_item_2(map);
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	ck_assert_int_eq(outcome_of(map, 2).ending, MPROC_ENDING_NONE);
	ck_assert_uint_eq(map->failed, 0);
	work(map, 1);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], i >= 2);
	assert_outcome(map, 2, MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(outcome_of(map, 2).attempts, 2);
	ck_assert_uint_eq(outcome_of(map, 2).worker, 2);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_blames_an_item_whose_retries_are_used_up)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map;

	spec.terms.retries = 1;
	map = create(&spec, 2);
	die_in_item_2(map);
	map->verdicts[2] = mproci_verdict_of(MPROC_ENDING_NONE, 0, 0, 2);
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	ck_assert_uint_eq(outcome_of(map, 2).attempts, 2);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_a_cancelled_item_does_not_try_it_again)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_death death = killed_by(SIGKILL);
	mproci_map *map;

	spec.terms.retries = 9;
	map = create(&spec, 2);
	die_in_item_2(map);
	death.reason = MPROC_ENDING_CANCELLED;
	mproci_map_recover(map, 0, death);
	assert_outcome(map, 2, MPROC_ENDING_CANCELLED, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_stops_a_map_that_a_failure_stops)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map;

	spec.stops_on_failure = true;
	map = create(&spec, 2);
	die_in_item_2(map);
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	ck_assert(mproci_map_is_exhausted(map));
	work(map, 1);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_finds_the_item_of_a_shuffled_map)
{
	mproci_map_spec spec = plain(20, 4);
	mproci_map *map;
	uint32_t chunk;
	int blamed = -1;

	spec.is_shuffled = true;
	spec.terms.seed = 5;
	map = create(&spec, 2);
	ck_assert(mproci_ranges_pop(map->ranges, 0, &chunk));
	map->ranges->lanes[0].running = 2;
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	work(map, 1);
	for (int i = 0; i < 20; ++i) {
		if (outcome_of(map, (size_t)i).ending != MPROC_ENDING_VALUE)
			blamed = i;
		ck_assert_int_eq(times[i], outcome_of(map, (size_t)i).ending == MPROC_ENDING_VALUE);
	}
	ck_assert_uint_eq(blamed, mproci_shuffle(2, 20, 5));
	ck_assert_uint_eq(map->failed, 1);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_does_nothing_the_second_time)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);
	uint64_t left;

	die_in_item_2(map);
	mproci_map_recover(map, 0, killed_by(SIGSEGV));
	left = chunks_left(map);
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	ck_assert_uint_eq(chunks_left(map), left);
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_goes_on_where_a_killed_recoverer_stopped)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	/* The first recoverer wrote the verdict, and died. */
	map->verdicts[2] = mproci_verdict_of_death((mproci_ending){.signal = SIGSEGV}, false, 0, 1);
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	assert_outcome(map, 2, MPROC_ENDING_SIGNAL, SIGSEGV);
	ck_assert_uint_eq(chunks_left(map), 4);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_puts_no_finished_chunk_back)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	for (int i = 0; i < 5; ++i)
		map->verdicts[i] = value();
	map->ranges->lanes[0].running = 4;
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	ck_assert_uint_eq(chunks_left(map), 3);
	assert_outcome(map, 4, MPROC_ENDING_VALUE, 0);
	ck_assert_uint_eq(map->failed, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_the_last_item_of_a_chunk_puts_nothing_back)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	die_in_item_2(map);
	map->verdicts[2] = map->verdicts[3] = value();
	map->ranges->lanes[0].running = 4;
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	ck_assert_uint_eq(chunks_left(map), 3);
	assert_outcome(map, 4, MPROC_ENDING_SIGNAL, SIGKILL);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_a_short_last_chunk_stays_inside_the_items)
{
	mproci_map_spec spec = plain(18, 5);
	mproci_map *map = create(&spec, 1);
	uint32_t chunk;

	for (int i = 0; i < 4; ++i)
		mproci_ranges_pop(map->ranges, 0, &chunk);
	map->ranges->lanes[0].running = 17;
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	assert_outcome(map, 17, MPROC_ENDING_SIGNAL, SIGKILL);
	ck_assert_uint_eq(chunks_left(map), 1);
	work(map, 0);
	for (int i = 0; i < 18; ++i)
		ck_assert_int_eq(times[i], i == 15 || i == 16);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_a_worker_that_popped_nothing_blames_no_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	mproci_map_recover(map, 0, killed_by(SIGKILL));
	ck_assert_uint_eq(map->failed, 0);
	work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(recover_of_a_worker_that_announced_only_blames_no_item)
{
	mproci_map_spec spec = plain(20, 5);
	mproci_map *map = create(&spec, 2);

	map->ranges->lanes[0].running = 0;
	mproci_map_recover(map, 0, killed_by(SIGKILL));
	ck_assert_uint_eq(map->failed, 0);
	work(map, 0);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(times[i], 1);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

/* ---- memory ---- */

START_TEST(private_items_and_results_are_copied_when_shared)
{
	int items[5] = {0}, results[5] = {9, 9, 9, 9, 9};
	mproci_map_spec spec = with_items(items, 5, 1);
	mproci_map *map;

	spec.results = (char *)results;
	spec.result_size = sizeof *results;
	ck_assert_int_eq(mproci_map_create(&spec, 1, 1, true, NULL, &map), 0);
	ck_assert(mproci_family_holds(map->spec.items));
	ck_assert(mproci_family_holds(map->spec.results));
	items[3] = -EIO;
	work(map, 0);
	ck_assert_int_eq(results[4], 9);
	mproci_map_collect(map, &spec, true);
	for (int i = 0; i < 5; ++i)
		ck_assert_int_eq(results[i], i);
	assert_outcome(map, 3, MPROC_ENDING_VALUE, 0);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(collect_of_an_incomplete_map_leaves_alone_what_has_no_value)
{
	int items[5] = {0, 0, -EIO, 0, 0}, results[5] = {9, 9, 9, 9, 9};
	mproci_map_spec spec = with_items(items, 5, 1);
	mproci_map *map;

	spec.results = (char *)results;
	spec.result_size = sizeof *results;
	ck_assert_int_eq(mproci_map_create(&spec, 1, 1, true, NULL, &map), 0);
	map->spec.stops_on_failure = true;
	work(map, 0);
	mproci_map_collect(map, &spec, false);
	for (int i = 0; i < 5; ++i)
		ck_assert_int_eq(results[i], i < 2 ? i : 9);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

START_TEST(items_and_results_in_the_arena_are_used_in_place)
{
	int *items = mproc_calloc(5, sizeof *items), *results = mproc_calloc(5, sizeof *results);
	mproci_map_spec spec = with_items(items, 5, 1);
	mproci_map *map;

	spec.results = (char *)results;
	spec.result_size = sizeof *results;
	ck_assert_int_eq(mproci_map_create(&spec, 1, 1, true, NULL, &map), 0);
	ck_assert_ptr_eq(map->spec.items, items);
	ck_assert_ptr_eq(map->spec.results, results);
	mproci_map_destroy(map, &spec, NULL);
	ck_assert_int_eq(mproc_free(items), 0);
	ck_assert_int_eq(mproc_free(results), 0);
}
END_TEST

START_TEST(private_items_and_results_are_used_in_place_when_not_shared)
{
	int items[5] = {0}, results[5];
	mproci_map_spec spec = with_items(items, 5, 1);
	mproci_map *map;

	spec.results = (char *)results;
	spec.result_size = sizeof *results;
	map = create(&spec, 1);
	ck_assert_ptr_eq(map->spec.items, items);
	ck_assert_ptr_eq(map->spec.results, results);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

static int compare_context(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return strcmp(mproc_task_context(task), "what all share") == 0 ? 0 : -EINVAL;
}

START_TEST(a_context_is_copied_for_every_kind_of_worker)
{
	for (int is_shared = 0; is_shared < 2; ++is_shared) {
		char context[] = "what all share";
		mproci_map_spec spec = plain(3, 1);
		mproci_map *map;

		spec.terms.context = context;
		spec.terms.context_size = sizeof context;
		ck_assert_int_eq(mproci_map_create(&spec, 1, 1, is_shared == 1, NULL, &map), 0);
		context[0] = 'X';
		ck_assert_uint_eq(work_with(map, 0, compare_context), 0);
		mproci_map_destroy(map, &spec, NULL);
	}
}
END_TEST

START_TEST(a_context_in_the_arena_or_without_a_size_is_used_where_it_is)
{
	char *context = mproc_calloc(1, 15), private[1];
	mproci_map_spec spec = plain(3, 1);
	mproci_map *map;

	spec.terms.context = context;
	spec.terms.context_size = 15;
	map = create(&spec, 1);
	ck_assert_ptr_eq(map->spec.terms.context, context);
	mproci_map_destroy(map, &spec, NULL);
	ck_assert_int_eq(mproc_free(context), 0);

	spec.terms.context = private;
	spec.terms.context_size = 0;
	map = create(&spec, 1);
	ck_assert_ptr_eq(map->spec.terms.context, private);
	mproci_map_destroy(map, &spec, NULL);
}
END_TEST

static mproci_arena_census take_census(void)
{
	mproci_arena_census census;

	ck_assert_msg(mproci_arena_check(&census) == 0, "%s", mproc_error_text());
	return census;
}

static void assert_nothing_left(mproci_arena_census before)
{
	mproci_arena_census after = take_census();

	ck_assert_uint_eq(after.small_used, before.small_used);
	ck_assert_uint_eq(after.big_blocks, before.big_blocks);
	ck_assert_uint_eq(after.held_units, before.held_units);
}

/* Each attempt leaves a block; only the last one counts. */
static int return_three_times(const void *item, void *result, mproc_task *task)
{
	size_t index = mproc_task_index(task);

	(void)item;
	(void)result;
	for (size_t i = 0; i < 3; ++i)
		ck_assert_int_eq(mproc_task_return(task, &index, sizeof index), 0);
	return ++times[index] == 1 ? -EAGAIN : 0;
}

START_TEST(what_items_return_is_there_until_the_map_is_destroyed)
{
	mproci_map_spec spec = plain(10, 3);
	mproci_arena_census before = take_census();
	mproci_map *map;

	spec.has_returned = true;
	spec.terms.retries = 1;
	map = create(&spec, 1);
	ck_assert_uint_eq(work_with(map, 0, return_three_times), 0);
	for (size_t i = 0; i < 10; ++i) {
		ck_assert_uint_eq(map->returned[i].size, sizeof i);
		ck_assert_uint_eq(*(size_t *)atomic_load(&map->returned[i].block), i);
	}
	mproci_map_destroy(map, &spec, NULL);
	assert_nothing_left(before);
}
END_TEST

START_TEST(destroy_gives_every_block_back)
{
	static char items[100000], results[100000], context[5000];
	mproci_map_spec spec = plain(100000, 1);
	mproci_arena_census before = take_census();
	mproci_map *map;

	spec.items = items;
	spec.results = results;
	spec.item_size = spec.result_size = 1;
	spec.terms.context = context;
	spec.terms.context_size = sizeof context;
	spec.has_returned = true;
	ck_assert_int_eq(mproci_map_create(&spec, 3, 3, true, NULL, &map), 0);
	mproci_map_destroy(map, &spec, NULL);
	assert_nothing_left(before);
}
END_TEST

/* That a map which asks for too much is refused, and leaves nothing. */
static void assert_no_memory(const mproci_map_spec *spec)
{
	mproci_arena_census before = take_census();
	mproci_map *map = NULL;

	ck_assert_int_eq(mproci_map_create(spec, 1, 1, true, NULL, &map), -ENOMEM);
	ck_assert_ptr_null(map);
	ck_assert_str_ne(mproc_error_text(), "");
	assert_nothing_left(before);
}

START_TEST(create_without_memory_for_items_leaves_nothing)
{
	char item = 0;
	mproci_map_spec spec = plain(1, 1);

	spec.items = &item;
	spec.item_size = (size_t)1 << 50;
	assert_no_memory(&spec);
}
END_TEST

START_TEST(create_without_memory_for_results_leaves_nothing)
{
	char item = 0, result = 0;
	mproci_map_spec spec = plain(1, 1);

	spec.items = &item;
	spec.item_size = 1;
	spec.results = &result;
	spec.result_size = (size_t)1 << 50;
	assert_no_memory(&spec);
}
END_TEST

START_TEST(create_without_memory_for_the_context_leaves_nothing)
{
	char item = 0, context = 0;
	mproci_map_spec spec = plain(1, 1);

	spec.items = &item;
	spec.item_size = 1;
	spec.terms.context = &context;
	spec.terms.context_size = (size_t)1 << 50;
	assert_no_memory(&spec);
}
END_TEST

START_TEST(create_without_memory_for_verdicts_leaves_nothing)
{
	mproci_map_spec spec = plain((size_t)1 << 50, UINT32_MAX);

	assert_no_memory(&spec);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		map_runs_every_item_once,
		map_with_the_largest_chunk_is_one_chunk,
		map_counts_items_from_its_base,
		do_chunk_tells_how_many_items_there_were,
		chunks_are_spread_over_the_busy_lanes_alone,
		map_keeps_what_each_item_returned,
		map_skips_items_that_have_ended,
		a_shuffled_map_runs_every_item_once_in_another_order,
		a_second_round_has_the_items_that_were_put_off,
		an_item_that_fails_is_tried_again,
		an_item_is_tried_no_more_often_than_its_retries,
		nothing_is_begun_after_a_failure_when_that_stops_the_map,
		an_item_of_a_map_that_stops_sees_it_and_is_not_tried_again,
		the_time_at_which_an_item_is_killed_stands_in_the_seat_while_it_runs,
		an_item_sees_that_its_soft_timeout_has_passed,
		an_item_is_not_cancelled_before_its_soft_timeout,
		a_map_with_a_deadline_is_to_be_cleared_then,
		recover_blames_the_running_item_and_puts_back_the_rest,
		recover_tells_a_core_file_and_that_memory_was_out,
		recover_tells_the_exit_code,
		recover_of_an_exit_with_0_still_ends_the_item,
		recover_tells_why_the_nursery_killed_the_worker,
		recover_leaves_an_item_that_may_be_tried_again,
		recover_blames_an_item_whose_retries_are_used_up,
		recover_of_a_cancelled_item_does_not_try_it_again,
		recover_stops_a_map_that_a_failure_stops,
		recover_finds_the_item_of_a_shuffled_map,
		recover_does_nothing_the_second_time,
		recover_goes_on_where_a_killed_recoverer_stopped,
		recover_puts_no_finished_chunk_back,
		recover_of_the_last_item_of_a_chunk_puts_nothing_back,
		recover_of_a_short_last_chunk_stays_inside_the_items,
		recover_of_a_worker_that_popped_nothing_blames_no_item,
		recover_of_a_worker_that_announced_only_blames_no_item,
		private_items_and_results_are_copied_when_shared,
		collect_of_an_incomplete_map_leaves_alone_what_has_no_value,
		items_and_results_in_the_arena_are_used_in_place,
		private_items_and_results_are_used_in_place_when_not_shared,
		a_context_is_copied_for_every_kind_of_worker,
		a_context_in_the_arena_or_without_a_size_is_used_where_it_is,
		what_items_return_is_there_until_the_map_is_destroyed,
		destroy_gives_every_block_back,
		create_without_memory_for_items_leaves_nothing,
		create_without_memory_for_results_leaves_nothing,
		create_without_memory_for_the_context_leaves_nothing,
		create_without_memory_for_verdicts_leaves_nothing,
		NULL,
	};
	const support_suite suite = {.name = "map", .tests = tests, .warm_up = warm_up};

	return support_run_suite(&suite);
}
