/* SPDX-License-Identifier: MIT */
#include "pool/ranges.h"

#include "support.h"
#include "sys/kernel_fixture.h"
#include "sys/membarrier.h"
#include "sys/relax.h"

#include <errno.h>
#include <mproc/deadline.h>
#include <mproc/result.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST_LANES = 16,
	MEMORY = sizeof(mproci_ranges) + MOST_LANES * sizeof(mproci_lane),
	CHUNK = 10,
	/* Chunks from which on a lane is worth being swift. */
	LONG = 2048,
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
	ck_assert_int_eq(mproci_ranges_init(ranges, lanes, lanes, chunks, CHUNK), 0);
}

static void set(uint32_t lane, uint64_t first, uint64_t last)
{
	ranges->lanes[lane].first = first;
	ranges->lanes[lane].last = last;
}

/* However short it is. */
static void make_swift(uint32_t lane)
{
	ck_assert(mproci_membarrier_register());
	ranges->lanes[lane].mode = MPROCI_LANE_SWIFT;
}

#define assert_range(lane, from, to)                                \
	do {                                                        \
		ck_assert_uint_eq(ranges->lanes[lane].first, from); \
		ck_assert_uint_eq(ranges->lanes[lane].last, to);    \
	} while (0)

START_TEST(split_covers_every_chunk_once_and_evenly)
{
	for (uint32_t lanes = 1; lanes <= MOST_LANES; ++lanes) {
		for (uint32_t chunks = 0; chunks <= 50; ++chunks) {
			uint64_t next = 0;

			make(lanes, chunks);
			for (uint32_t i = 0; i < lanes; ++i) {
				uint64_t first = ranges->lanes[i].first, last = ranges->lanes[i].last;

				ck_assert_uint_eq(first, next);
				ck_assert_uint_ge(last - first, chunks / lanes);
				ck_assert_uint_le(last - first, chunks / lanes + 1);
				next = last;
			}
			ck_assert_uint_eq(next, chunks);
		}
	}
}
END_TEST

START_TEST(split_of_most_chunks_does_not_overflow)
{
	make(MOST_LANES, UINT32_MAX);

	assert_range(MOST_LANES - 1, (MOST_LANES - 1) * (uint64_t)UINT32_MAX / MOST_LANES, UINT32_MAX);
}
END_TEST

START_TEST(lanes_that_are_not_busy_begin_empty)
{
	memset(ranges, 0, MEMORY);
	ck_assert_int_eq(mproci_ranges_init(ranges, 4, 2, 10, CHUNK), 0);

	assert_range(0, 0, 5);
	assert_range(1, 5, 10);
	assert_range(2, 0, 0);
	assert_range(3, 0, 0);
	ck_assert_uint_eq(ranges->lanes[3].running, MPROCI_NO_ITEM);
}
END_TEST

START_TEST(left_counts_what_nobody_has_popped)
{
	uint32_t chunk;

	make(3, 7);
	ck_assert_uint_eq(mproci_ranges_left(ranges), 7);
	mproci_ranges_pop(ranges, 2, &chunk);
	ck_assert_uint_eq(mproci_ranges_left(ranges), 6);
	/* A pop that is about to find its lane empty. */
	set(0, 3, 2);
	ck_assert_uint_eq(mproci_ranges_left(ranges), 4);
}
END_TEST

START_TEST(pop_of_the_last_chunk_of_all_does_not_overflow)
{
	uint32_t chunk;

	make(2, 0);
	set(1, UINT32_MAX - 1, UINT32_MAX);

	ck_assert(mproci_ranges_pop(ranges, 1, &chunk));
	ck_assert_uint_eq(chunk, UINT32_MAX - 1);
	ck_assert(!mproci_ranges_pop(ranges, 1, &chunk));
	assert_range(1, UINT32_MAX, UINT32_MAX);
	ck_assert(mproci_ranges_are_empty(ranges));
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
	assert_range(0, 0, 0);
}
END_TEST

/* Where pop has announced chunk 4, and then saw a thief at work. */
static void announce_chunk_4(uint64_t last)
{
	make(2, 0);
	set(0, 5, last);
	ranges->lanes[0].running = 4 * CHUNK;
}

START_TEST(pop_takes_a_chunk_that_a_thief_gave_back)
{
	uint32_t chunk = 0;

	announce_chunk_4(6);

	ck_assert(mproci_ranges_settle(ranges, 0, &chunk));
	ck_assert_uint_eq(chunk, 4);
	ck_assert_uint_eq(ranges->lanes[0].running, 4 * CHUNK);
	assert_range(0, 5, 6);
}
END_TEST

START_TEST(pop_gives_up_a_chunk_that_a_thief_has_got)
{
	uint32_t chunk;

	announce_chunk_4(4);

	ck_assert(!mproci_ranges_settle(ranges, 0, &chunk));
	ck_assert_uint_eq(ranges->lanes[0].running, MPROCI_NO_ITEM);
	assert_range(0, 4, 4);
}
END_TEST

START_TEST(a_long_lane_is_fenced_until_its_worker_comes)
{
	make(2, 2 * LONG);
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_FENCED);
	mproci_ranges_enter(ranges, 1);
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_SWIFT);
	mproci_ranges_enter(ranges, 1);
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_SWIFT);
}
END_TEST

START_TEST(a_short_lane_is_fenced)
{
	make(2, 2 * LONG - 2);
	ranges->lanes[1].mode = MPROCI_LANE_SWIFT;

	mproci_ranges_enter(ranges, 0);
	mproci_ranges_enter(ranges, 1);
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_FENCED);
}
END_TEST

START_TEST(a_lane_that_nobody_can_rob_is_swift)
{
	make(1, 1);

	mproci_ranges_enter(ranges, 0);
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_SWIFT);
}
END_TEST

START_TEST(a_swift_lane_is_fenced_once_it_was_robbed)
{
	make(2, 0);
	set(0, 0, LONG);
	mproci_ranges_enter(ranges, 0);

	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
	assert_range(0, 0, LONG / 2);
	assert_range(1, LONG / 2, LONG);
}
END_TEST

START_TEST(a_lane_with_loot_is_swift_when_that_is_long)
{
	make(2, 0);
	set(0, 0, 2 * LONG);

	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_SWIFT);
	set(1, 0, 0);
	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_FENCED);
}
END_TEST

START_TEST(a_lane_stays_slowing_whoever_comes_until_it_was_fenced)
{
	make(2, 0);
	set(0, 0, LONG);
	ranges->lanes[0].mode = MPROCI_LANE_SLOWING;

	mproci_ranges_enter(ranges, 0);
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_SLOWING);
	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
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

	ck_assert_uint_eq(ranges->record.state, MPROCI_THEFT_NONE);
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

START_TEST(a_chunk_announced_to_a_thief_at_work_is_not_popped)
{
	uint32_t popped;

	announce_chunk_4(4);
	ck_assert(!mproci_ranges_popped(ranges, 0, &popped));
	announce_chunk_4(5);
	ck_assert(mproci_ranges_popped(ranges, 0, &popped));
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
	LAST_LOWERED,
	LANE_SLOWING,
	LANE_FENCED,
	THEFT_DONE,
	LOOT_BEGUN,
	LOOT_STORED,
	RECORD_CLOSED,
	STEPS,
} step;

static void begin_theft(step last)
{
	if (last >= RECORD_WRITTEN) {
		ranges->record.thief = 1;
		ranges->record.victim = 0;
		ranges->record.loot_first = 5;
		ranges->record.loot_last = 9;
	}
	if (last >= RECORD_OPEN)
		ranges->record.state = MPROCI_THEFT_TRIED;
	if (last >= LAST_LOWERED)
		ranges->lanes[0].last = 5;
	if (last >= LANE_SLOWING)
		ranges->lanes[0].mode = MPROCI_LANE_SLOWING;
	if (last >= LANE_FENCED)
		ranges->lanes[0].mode = MPROCI_LANE_FENCED;
}

static void end_theft(step last)
{
	if (last >= THEFT_DONE)
		ranges->record.state = MPROCI_THEFT_DONE;
	if (last >= LOOT_BEGUN)
		ranges->lanes[1].first = 5;
	if (last >= LOOT_STORED)
		ranges->lanes[1].last = 9;
	if (last >= RECORD_CLOSED)
		ranges->record.state = MPROCI_THEFT_NONE;
}

static void die_stealing(step last)
{
	mproci_ranges_lock(ranges);
	begin_theft(last);
	end_theft(last);
	_exit(0);
}

static void have_thief_killed(step last)
{
	pid_t pid;

	make(3, 0);
	set(0, 1, 9);
	set(2, 20, 21);
	make_swift(0);
	pid = fork();
	if (pid == 0)
		die_stealing(last);
	ck_assert_int_gt(pid, 0);
	waitpid(pid, NULL, 0);
}

static void assert_theft_is_finished(step last)
{
	if (last >= THEFT_DONE) {
		assert_range(0, 1, 5);
		assert_range(1, 5, 9);
	} else {
		assert_range(0, 1, 9);
		assert_range(1, 0, 0);
	}
	assert_range(2, 20, 21);
	ck_assert_uint_eq(ranges->record.state, MPROCI_THEFT_NONE);
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
		assert_range(0, 2, (last >= THEFT_DONE ? 5 : 9));
		assert_range(1, (last >= THEFT_DONE ? 5 : 0), (last >= THEFT_DONE ? 9 : 0));
		mproci_ranges_unlock(ranges);
	}
}
END_TEST

static mproci_theft state_after(step last)
{
	if (last < RECORD_OPEN || last >= RECORD_CLOSED)
		return MPROCI_THEFT_NONE;
	return last < THEFT_DONE ? MPROCI_THEFT_TRIED : MPROCI_THEFT_DONE;
}

START_TEST(theft_of_a_dead_thief_may_be_finished_twice)
{
	for (step last = LOCKED; last < STEPS; ++last) {
		pid_t pid;

		have_thief_killed(last);
		pid = fork();
		if (pid == 0) {
			/* Dies as the second holder, having finished the theft, but (reopened) not closed it yet. */
			mproci_ranges_lock(ranges);
			ranges->record.state = state_after(last);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		mproci_ranges_lock(ranges);
		assert_theft_is_finished(last);
		mproci_ranges_unlock(ranges);
	}
}
END_TEST

START_TEST(a_lane_that_a_dead_thief_was_at_can_be_robbed)
{
	for (step last = LAST_LOWERED; last < THEFT_DONE; ++last) {
		have_thief_killed(last);
		ck_assert(mproci_ranges_steal(ranges, 2));
		ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
		/* It had been taken for shorter than it is when the dead one still held the lock. */
		assert_range(0, 1, 5);
		assert_range(2, 5, 9);
	}
}
END_TEST

START_TEST(a_dead_thiefs_loot_can_be_stolen_at_once)
{
	have_thief_killed(THEFT_DONE);

	ck_assert(mproci_ranges_steal(ranges, 2));
	assert_range(0, 1, 3);
	assert_range(1, 5, 9);
	assert_range(2, 3, 5);
}
END_TEST

enum {
	RUNNERS = 4,
	CHUNKS = 200000,
	RACES = 2000,
	FEW = 2,
	STORMS = 150,
	CHUNKS_OF_STORM = 10000,
};

/* How often each chunk was taken; shared with the children of a test. */
static _Atomic unsigned char *times;

static void map_times(void)
{
	times = mmap(NULL, CHUNKS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(times, MAP_FAILED);
}

static void unmap_times(void)
{
	munmap((void *)(uintptr_t)times, CHUNKS);
}

/* All in one lane, so that everybody else must steal. */
static void make_unjust(uint32_t chunks)
{
	make(RUNNERS, 0);
	set(0, 0, chunks);
}

static void assert_each_taken_once(int chunks)
{
	for (int i = 0; i < chunks; ++i)
		ck_assert_msg(times[i] == 1, "chunk %d was taken %d times", i, times[i]);
	ck_assert(mproci_ranges_are_empty(ranges));
}

static void *take_all(void *lane)
{
	uint32_t chunk;

	do {
		while (mproci_ranges_pop(ranges, (uint32_t)(uintptr_t)lane, &chunk))
			++times[chunk];
	} while (mproci_ranges_steal(ranges, (uint32_t)(uintptr_t)lane));
	return NULL;
}

static void *enter_and_take_all(void *lane)
{
	mproci_ranges_enter(ranges, (uint32_t)(uintptr_t)lane);
	return take_all(lane);
}

static void take_all_by_threads(void *(*take)(void *))
{
	pthread_t threads[RUNNERS];

	map_times();
	make_unjust(CHUNKS);
	for (uintptr_t i = 0; i < RUNNERS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take, (void *)i), 0);
	for (int i = 0; i < RUNNERS; ++i)
		pthread_join(threads[i], NULL);
	assert_each_taken_once(CHUNKS);
	unmap_times();
}

START_TEST(every_chunk_is_taken_once_by_threads_that_pop_and_steal)
{
	take_all_by_threads(take_all);
}
END_TEST

START_TEST(every_chunk_is_taken_once_from_lanes_that_are_swift)
{
	take_all_by_threads(enter_and_take_all);
}
END_TEST

static _Atomic unsigned arrivals;

/* Both go on at the same moment: they are to get into each other's way. */
static void meet(void)
{
	unsigned all = (arrivals++ / 2 + 1) * 2;

	for (unsigned looks = 0; arrivals < all; ++looks) {
		if (looks < 1000)
			mproci_relax();
		else
			sched_yield();
	}
}

/* A lane that is swift, or not, with a few chunks. */
static void lay_out_few(unsigned number)
{
	set(0, number * FEW, (number + 1) * FEW);
	ranges->lanes[0].mode = MPROCI_LANE_FENCED;
	if (number % 2 == 0)
		make_swift(0);
}

/* Its worker begins at another moment each time. */
static void race(bool is_worker, unsigned delay)
{
	meet();
	for (unsigned i = 0; is_worker && i < delay; ++i)
		mproci_relax();
	take_all((void *)(uintptr_t)!is_worker);
	meet();
}

static void *race_as_thief(void *unused)
{
	for (unsigned i = 0; i < RACES; ++i)
		race(false, 0);
	return unused;
}

START_TEST(the_last_chunks_are_taken_once_whoever_is_faster)
{
	pthread_t thief;

	map_times();
	make(2, 0);
	ck_assert_int_eq(pthread_create(&thief, NULL, race_as_thief, NULL), 0);
	for (unsigned i = 0; i < RACES; ++i) {
		lay_out_few(i);
		race(true, i % 100);
	}
	pthread_join(thief, NULL);
	assert_each_taken_once(RACES * FEW);
	unmap_times();
}
END_TEST

static pid_t start_worker(uintptr_t lane)
{
	pid_t pid = fork();

	if (pid == 0) {
		enter_and_take_all((void *)lane);
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

START_TEST(every_chunk_is_taken_once_by_processes_that_pop_and_steal)
{
	pid_t pids[RUNNERS];

	map_times();
	make_unjust(CHUNKS);
	for (uint32_t i = 0; i < RUNNERS; ++i)
		pids[i] = start_worker(i);
	for (int i = 0; i < RUNNERS; ++i)
		waitpid(pids[i], NULL, 0);
	assert_each_taken_once(CHUNKS);
	unmap_times();
}
END_TEST

/* What the dead worker popped and has not taken goes back. */
static void recover(uint32_t lane)
{
	uint32_t chunk;

	mproci_ranges_lock(ranges);
	if (mproci_ranges_popped(ranges, lane, &chunk) && times[chunk] == 0)
		mproci_ranges_put_back(ranges, lane);
	mproci_ranges_unlock(ranges);
}

/* Which chunk is the first that @lane has not got to varies the moment of the kill. */
static void kill_and_replace(uint32_t lane, pid_t *pid, unsigned looks)
{
	while (looks-- > 0 && !mproci_ranges_are_empty(ranges))
		mproci_relax();
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	recover(lane);
	*pid = start_worker(lane);
}

START_TEST(no_chunk_is_lost_or_taken_twice_when_workers_are_killed)
{
	pid_t pids[RUNNERS];

	for (unsigned storm = 0; storm < STORMS; ++storm) {
		map_times();
		make_unjust(CHUNKS_OF_STORM);
		for (uint32_t i = 0; i < RUNNERS; ++i)
			pids[i] = start_worker(i);
		kill_and_replace(storm % RUNNERS, &pids[storm % RUNNERS], storm);
		kill_and_replace(0, &pids[0], storm);
		for (int i = 0; i < RUNNERS; ++i)
			waitpid(pids[i], NULL, 0);
		assert_each_taken_once(CHUNKS_OF_STORM);
		unmap_times();
	}
}
END_TEST

START_TEST(a_lane_stays_fenced_where_the_kernel_cannot_fence)
{
	make(2, 2 * LONG);
	ranges->lanes[0].mode = MPROCI_LANE_SWIFT;
	refuse_call(SYS_membarrier, ENOSYS);

	mproci_ranges_enter(ranges, 0);
	mproci_ranges_enter(ranges, 1);
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
	ck_assert_uint_eq(ranges->lanes[1].mode, MPROCI_LANE_FENCED);
}
END_TEST

START_TEST(a_thief_who_may_not_have_others_fenced_steals)
{
	make(2, 0);
	set(0, 0, 4);
	make_swift(0);
	refuse_call(SYS_membarrier, EPERM);

	ck_assert(mproci_ranges_steal(ranges, 1));
	ck_assert_uint_eq(ranges->lanes[0].mode, MPROCI_LANE_FENCED);
	assert_range(0, 0, 2);
	assert_range(1, 2, 4);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		split_covers_every_chunk_once_and_evenly,
		split_of_most_chunks_does_not_overflow,
		lanes_that_are_not_busy_begin_empty,
		left_counts_what_nobody_has_popped,
		pop_of_the_last_chunk_of_all_does_not_overflow,
		pop_takes_the_front_in_order,
		pop_announces_the_first_item_of_its_chunk,
		pop_of_an_empty_lane_forgets_what_was_announced,
		pop_takes_a_chunk_that_a_thief_gave_back,
		pop_gives_up_a_chunk_that_a_thief_has_got,
		a_long_lane_is_fenced_until_its_worker_comes,
		a_short_lane_is_fenced,
		a_lane_that_nobody_can_rob_is_swift,
		a_swift_lane_is_fenced_once_it_was_robbed,
		a_lane_with_loot_is_swift_when_that_is_long,
		a_lane_stays_slowing_whoever_comes_until_it_was_fenced,
		steal_takes_the_back_half_of_the_fullest_lane,
		steal_takes_the_larger_half_of_an_odd_range,
		steal_takes_a_single_chunk,
		steal_fails_when_all_lanes_are_empty,
		steal_leaves_the_lock_free_and_the_record_closed,
		a_chunk_is_popped_once_the_lane_says_so,
		a_chunk_is_popped_whatever_item_of_it_runs,
		a_chunk_announced_only_is_not_popped,
		a_chunk_announced_and_then_stolen_is_not_popped,
		a_chunk_announced_to_a_thief_at_work_is_not_popped,
		loot_behind_a_chunk_once_announced_does_not_make_it_popped,
		a_chunk_put_back_is_popped_again,
		the_only_chunk_put_back_can_be_stolen,
		every_chunk_is_taken_once_by_threads_that_pop_and_steal,
		every_chunk_is_taken_once_from_lanes_that_are_swift,
		the_last_chunks_are_taken_once_whoever_is_faster,
		NULL,
	};
	const TTest *process_tests[] = {
		theft_of_a_dead_thief_is_all_or_nothing,
		theft_of_a_dead_thief_is_finished_although_the_victim_pops_on,
		theft_of_a_dead_thief_may_be_finished_twice,
		a_lane_that_a_dead_thief_was_at_can_be_robbed,
		a_dead_thiefs_loot_can_be_stolen_at_once,
		every_chunk_is_taken_once_by_processes_that_pop_and_steal,
		no_chunk_is_lost_or_taken_twice_when_workers_are_killed,
		a_lane_stays_fenced_where_the_kernel_cannot_fence,
		a_thief_who_may_not_have_others_fenced_steals,
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
