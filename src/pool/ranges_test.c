/* SPDX-License-Identifier: MIT */
#include "pool/ranges.h"

#include "support.h"

#include <errno.h>
#include <mproc/deadline.h>
#include <mproc/result.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST_LANES = 16,
	MEMORY = sizeof(mproci_ranges) + MOST_LANES * sizeof(mproci_lane),
	CHUNK = 10,
};

static mproci_ranges *ranges;

/* Shared with the children of a test. */
static void map_memory(void)
{
	ranges = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(ranges, MAP_FAILED);
}

static void unmap_memory(void)
{
	munmap(ranges, MEMORY);
}

static void make(uint32_t lanes, uint32_t chunks)
{
	memset(ranges, 0, MEMORY);
	ck_assert_int_eq(mproci_ranges_init(ranges, lanes, chunks, CHUNK), 0);
}

static void set(uint32_t lane, uint32_t first, uint32_t last)
{
	ranges->lanes[lane].range = mproci_range_of(first, last);
}

#define assert_range(lane, first, last)                                                  \
	do {                                                                             \
		ck_assert_uint_eq(mproci_range_first(ranges->lanes[lane].range), first); \
		ck_assert_uint_eq(mproci_range_last(ranges->lanes[lane].range), last);   \
	} while (0)

START_TEST(split_covers_every_chunk_once_and_evenly)
{
	for (uint32_t lanes = 1; lanes <= MOST_LANES; ++lanes) {
		for (uint32_t chunks = 0; chunks <= 50; ++chunks) {
			uint32_t next = 0;

			make(lanes, chunks);
			for (uint32_t i = 0; i < lanes; ++i) {
				mproci_range range = ranges->lanes[i].range;
				uint32_t length = mproci_range_last(range) - mproci_range_first(range);

				ck_assert_uint_eq(mproci_range_first(range), next);
				ck_assert_uint_ge(length, chunks / lanes);
				ck_assert_uint_le(length, chunks / lanes + 1);
				next = mproci_range_last(range);
			}
			ck_assert_uint_eq(next, chunks);
		}
	}
}
END_TEST

START_TEST(split_of_most_chunks_does_not_overflow)
{
	make(MOST_LANES, UINT32_MAX);

	assert_range(
		MOST_LANES - 1, (uint32_t)((MOST_LANES - 1) * (uint64_t)UINT32_MAX / MOST_LANES), UINT32_MAX);
}
END_TEST

START_TEST(pop_takes_the_front_in_order)
{
	uint32_t chunk;

	make(2, 6);
	for (uint32_t expected = 3; expected < 6; ++expected) {
		ck_assert(mproci_ranges_pop(ranges, 1, &chunk));
		ck_assert_uint_eq(chunk, expected);
	}
	ck_assert(!mproci_ranges_pop(ranges, 1, &chunk));
	assert_range(0, 0, 3);
}
END_TEST

START_TEST(pop_announces_the_first_item_of_its_chunk)
{
	uint32_t chunk;

	make(1, 3);
	mproci_ranges_pop(ranges, 0, &chunk);
	mproci_ranges_pop(ranges, 0, &chunk);

	ck_assert_uint_eq(ranges->lanes[0].running, 1 * CHUNK);
}
END_TEST

START_TEST(pop_of_an_empty_lane_forgets_what_was_announced)
{
	uint32_t chunk;

	make(2, 2);
	ranges->lanes[0].running = 0;
	set(0, 0, 0);

	ck_assert(!mproci_ranges_pop(ranges, 0, &chunk));
	ck_assert_uint_eq(ranges->lanes[0].running, MPROCI_NO_ITEM);
}
END_TEST

START_TEST(steal_takes_the_back_half_of_the_fullest_lane)
{
	make(3, 0);
	set(0, 10, 13);
	set(2, 20, 30);

	ck_assert(mproci_ranges_steal(ranges, 1));
	assert_range(0, 10, 13);
	assert_range(1, 25, 30);
	assert_range(2, 20, 25);
}
END_TEST

START_TEST(steal_takes_the_larger_half_of_an_odd_range)
{
	make(2, 0);
	set(0, 0, 3);

	ck_assert(mproci_ranges_steal(ranges, 1));
	assert_range(0, 0, 1);
	assert_range(1, 1, 3);
}
END_TEST

START_TEST(steal_takes_a_single_chunk)
{
	make(2, 0);
	set(0, 7, 8);

	ck_assert(mproci_ranges_steal(ranges, 1));
	assert_range(0, 7, 7);
	assert_range(1, 7, 8);
}
END_TEST

START_TEST(steal_fails_when_all_lanes_are_empty)
{
	make(3, 0);
	set(2, 5, 5);

	ck_assert(!mproci_ranges_steal(ranges, 1));
	ck_assert(mproci_ranges_are_empty(ranges));
}
END_TEST

START_TEST(steal_leaves_the_lock_free_and_the_record_closed)
{
	make(2, 4);
	set(1, 4, 4);
	mproci_ranges_steal(ranges, 1);

	ck_assert(!ranges->record.is_open);
	ck_assert_int_eq(mproci_lock_take(&ranges->stealing, MPROC_NOW), 0);
	mproci_lock_release(&ranges->stealing);
}
END_TEST

START_TEST(a_chunk_is_popped_once_the_lane_says_so)
{
	uint32_t chunk, popped;

	make(1, 3);
	ck_assert(!mproci_ranges_popped(ranges, 0, &popped));
	mproci_ranges_pop(ranges, 0, &chunk);
	mproci_ranges_pop(ranges, 0, &chunk);
	ck_assert(mproci_ranges_popped(ranges, 0, &popped));
	ck_assert_uint_eq(popped, 1);
}
END_TEST

START_TEST(a_chunk_is_popped_whatever_item_of_it_runs)
{
	uint32_t chunk, popped;

	make(1, 3);
	mproci_ranges_pop(ranges, 0, &chunk);
	for (uint64_t item = 0; item < CHUNK; ++item) {
		ranges->lanes[0].running = item;
		ck_assert(mproci_ranges_popped(ranges, 0, &popped));
		ck_assert_uint_eq(popped, 0);
	}
}
END_TEST

START_TEST(a_chunk_announced_only_is_not_popped)
{
	uint32_t chunk, popped;

	make(1, 3);
	mproci_ranges_pop(ranges, 0, &chunk);
	/* Died between the announcement and the pop of chunk 1. */
	ranges->lanes[0].running = 1 * CHUNK;

	ck_assert(!mproci_ranges_popped(ranges, 0, &popped));
}
END_TEST

START_TEST(a_chunk_announced_and_then_stolen_is_not_popped)
{
	uint32_t popped;

	make(2, 0);
	set(0, 4, 5);
	ranges->lanes[0].running = 4 * CHUNK;
	ck_assert(mproci_ranges_steal(ranges, 1));

	ck_assert(!mproci_ranges_popped(ranges, 0, &popped));
}
END_TEST

START_TEST(loot_behind_a_chunk_once_announced_does_not_make_it_popped)
{
	uint32_t chunk, popped;

	make(2, 0);
	set(0, 4, 5);
	ranges->lanes[0].running = 4 * CHUNK;
	/* Lane 1 steals chunk 4, lane 0 finds nothing, and steals 5 to 7. */
	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert(!mproci_ranges_pop(ranges, 0, &chunk));
	set(1, 4, 4);
	set(0, 5, 7);

	ck_assert(!mproci_ranges_popped(ranges, 0, &popped));
}
END_TEST

START_TEST(a_chunk_put_back_is_popped_again)
{
	uint32_t chunk, popped;

	make(2, 4);
	mproci_ranges_pop(ranges, 1, &chunk);
	mproci_ranges_lock(ranges);
	mproci_ranges_put_back(ranges, 1);
	ck_assert(!mproci_ranges_popped(ranges, 1, &popped));
	mproci_ranges_unlock(ranges);

	assert_range(1, 2, 4);
	ck_assert(mproci_ranges_pop(ranges, 1, &chunk));
	ck_assert_uint_eq(chunk, 2);
}
END_TEST

START_TEST(the_only_chunk_put_back_can_be_stolen)
{
	uint32_t chunk;

	make(2, 0);
	set(0, 9, 10);
	mproci_ranges_pop(ranges, 0, &chunk);
	mproci_ranges_lock(ranges);
	mproci_ranges_put_back(ranges, 0);
	mproci_ranges_unlock(ranges);

	ck_assert(mproci_ranges_steal(ranges, 1));
	assert_range(1, 9, 10);
}
END_TEST

/* A thief that lane 1 is gets so far with chunks 5 to 9 of lane 0, and is killed. */
typedef enum step {
	LOCKED,
	RECORD_WRITTEN,
	RECORD_OPEN,
	LOOT_TAKEN,
	LOOT_STORED,
	RECORD_CLOSED,
	STEPS,
} step;

static void die_stealing(step last)
{
	mproci_ranges_lock(ranges);
	if (last >= RECORD_WRITTEN) {
		ranges->record.thief = 1;
		ranges->record.victim = 0;
		ranges->record.loot = mproci_range_of(5, 9);
	}
	if (last >= RECORD_OPEN)
		ranges->record.is_open = true;
	if (last >= LOOT_TAKEN)
		set(0, 1, 5);
	if (last >= LOOT_STORED)
		set(1, 5, 9);
	if (last >= RECORD_CLOSED)
		ranges->record.is_open = false;
	_exit(0);
}

static void have_thief_killed(step last)
{
	pid_t pid;

	make(3, 0);
	set(0, 1, 9);
	set(2, 20, 21);
	pid = fork();
	if (pid == 0)
		die_stealing(last);
	ck_assert_int_gt(pid, 0);
	waitpid(pid, NULL, 0);
}

static void assert_theft_is_finished(step last)
{
	if (last >= LOOT_TAKEN) {
		assert_range(0, 1, 5);
		assert_range(1, 5, 9);
	} else {
		assert_range(0, 1, 9);
		assert_range(1, 0, 0);
	}
	assert_range(2, 20, 21);
	ck_assert(!ranges->record.is_open);
}

START_TEST(theft_of_a_dead_thief_is_all_or_nothing)
{
	for (step last = LOCKED; last < STEPS; ++last) {
		have_thief_killed(last);
		mproci_ranges_lock(ranges);
		assert_theft_is_finished(last);
		mproci_ranges_unlock(ranges);
	}
}
END_TEST

START_TEST(theft_of_a_dead_thief_is_finished_although_the_victim_pops_on)
{
	for (step last = LOCKED; last < STEPS; ++last) {
		uint32_t chunk;

		have_thief_killed(last);
		ck_assert(mproci_ranges_pop(ranges, 0, &chunk));
		ck_assert_uint_eq(chunk, 1);
		mproci_ranges_lock(ranges);
		assert_range(0, 2, (last >= LOOT_TAKEN ? 5 : 9));
		assert_range(1, (last >= LOOT_TAKEN ? 5 : 0), (last >= LOOT_TAKEN ? 9 : 0));
		mproci_ranges_unlock(ranges);
	}
}
END_TEST

START_TEST(theft_of_a_dead_thief_may_be_finished_twice)
{
	for (step last = LOCKED; last < STEPS; ++last) {
		pid_t pid;

		have_thief_killed(last);
		pid = fork();
		if (pid == 0) {
			/* Dies as the second holder, having finished the theft, or (reopened) having not closed it yet. */
			mproci_ranges_lock(ranges);
			ranges->record.is_open = last >= RECORD_OPEN;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		mproci_ranges_lock(ranges);
		assert_theft_is_finished(last);
		mproci_ranges_unlock(ranges);
	}
}
END_TEST

START_TEST(a_dead_thiefs_loot_can_be_stolen_at_once)
{
	have_thief_killed(LOOT_TAKEN);

	ck_assert(mproci_ranges_steal(ranges, 2));
	assert_range(0, 1, 3);
	assert_range(1, 5, 9);
	assert_range(2, 3, 5);
}
END_TEST

enum {
	RUNNERS = 4,
	CHUNKS = 200000,
};

static _Atomic unsigned char times[CHUNKS];

static void *take_all(void *lane)
{
	uint32_t chunk;

	do {
		while (mproci_ranges_pop(ranges, (uint32_t)(uintptr_t)lane, &chunk))
			++times[chunk];
	} while (mproci_ranges_steal(ranges, (uint32_t)(uintptr_t)lane));
	return NULL;
}

START_TEST(every_chunk_is_taken_once_by_threads_that_pop_and_steal)
{
	pthread_t threads[RUNNERS];

	make(RUNNERS, 0);
	/* All in one lane, so that everybody else must steal. */
	set(0, 0, CHUNKS);
	for (uintptr_t i = 0; i < RUNNERS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_all, (void *)i), 0);
	for (int i = 0; i < RUNNERS; ++i)
		pthread_join(threads[i], NULL);

	for (int i = 0; i < CHUNKS; ++i)
		ck_assert_msg(times[i] == 1, "chunk %d was taken %d times", i, times[i]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		split_covers_every_chunk_once_and_evenly,
		split_of_most_chunks_does_not_overflow,
		pop_takes_the_front_in_order,
		pop_announces_the_first_item_of_its_chunk,
		pop_of_an_empty_lane_forgets_what_was_announced,
		steal_takes_the_back_half_of_the_fullest_lane,
		steal_takes_the_larger_half_of_an_odd_range,
		steal_takes_a_single_chunk,
		steal_fails_when_all_lanes_are_empty,
		steal_leaves_the_lock_free_and_the_record_closed,
		a_chunk_is_popped_once_the_lane_says_so,
		a_chunk_is_popped_whatever_item_of_it_runs,
		a_chunk_announced_only_is_not_popped,
		a_chunk_announced_and_then_stolen_is_not_popped,
		loot_behind_a_chunk_once_announced_does_not_make_it_popped,
		a_chunk_put_back_is_popped_again,
		the_only_chunk_put_back_can_be_stolen,
		every_chunk_is_taken_once_by_threads_that_pop_and_steal,
		NULL,
	};
	const TTest *process_tests[] = {
		theft_of_a_dead_thief_is_all_or_nothing,
		theft_of_a_dead_thief_is_finished_although_the_victim_pops_on,
		theft_of_a_dead_thief_may_be_finished_twice,
		a_dead_thiefs_loot_can_be_stolen_at_once,
		NULL,
	};
	const support_suite suite = {
		.name = "ranges",
		.tests = tests,
		.process_tests = process_tests,
		.setup = map_memory,
		.teardown = unmap_memory,
	};

	return support_run_suite(&suite);
}
