/* SPDX-License-Identifier: MIT */
#include "small_crew.h"

#include "crash.h"
#include "family/member.h"
#include "pool/timekeeper.h"
#include "pool/worker.h"

#include <signal.h>

/* Places in the crew's list of functions. */
enum {
	OF_MAP,
	OF_TASK,
	FUNCTIONS,
};

enum {
	GENERATION = 7,
	/* The victim and its recoverer, and one that the test began with. */
	MOST_DEATHS = 3,
};

static const mproci_ending killed = {.signal = SIGKILL};

/* Where the function finds the crew that it works for: inherited by all processes of a test. */
static small_crew *here;

mproci_crew *small_crew_of(void *shared)
{
	small_crew *all = shared;

	return (mproci_crew *)all->crew;
}

static uint64_t result_of(uint64_t task)
{
	return task * 10;
}

static int do_task(const void *item, void *result, mproc_task *task)
{
	uint32_t index = (uint32_t)mproc_task_index(task), attempt = mproc_task_attempt(task);

	(void)item;
	atomic_fetch_add(&here->runs[index], 1);
	crash_expect(here->attempts[index] < attempt, "attempt %u at task %u comes after attempt %u", attempt,
		index, here->attempts[index]);
	here->attempts[index] = attempt;
	if (here->within != NULL && attempt == 1)
		here->within(here, index);
	*(uint64_t *)result = result_of(index);
	return 0;
}

static void add_function(mproci_functions *functions, uint32_t place, mproc_task_function *function)
{
	functions->of[place].address = (mproci_any_function *)function;
	functions->of[place].is_nameless = true;
}

void small_crew_make(void *shared)
{
	small_crew *all = shared;
	mproci_crew *crew = small_crew_of(shared);

	here = all;
	all->how_killed = MPROC_ENDING_SIGNAL;
	crew->rules.initializer = crew->rules.finalizer = MPROCI_NO_FUNCTION;
	crew->capacity = SMALL_CREW_SEATS;
	crew->target = SMALL_CREW_SEATS;
	crew->used = SMALL_CREW_SEATS;
	crew->state = MPROCI_CREW_OPEN;
	crew->functions.is_copied = true;
	add_function(&crew->functions, OF_MAP, small_map_function);
	add_function(&crew->functions, OF_TASK, do_task);
	crew->functions.count = FUNCTIONS;
	crew->slots.segments[0] = all->slots;
	crew->slots.count = SMALL_CREW_TASKS;
}

/* As mproci_submit does it. */
static void put(small_crew *all, uint32_t index)
{
	mproci_slots *slots = &small_crew_of(all)->slots;
	mproci_slot *slot = &all->slots[index];
	mproci_task_id id = (uint64_t)GENERATION << 32 | index;

	slot->function = OF_TASK;
	slot->index = index;
	slot->result = slot->room;
	slot->result_size = sizeof(uint64_t);
	slot->terms = &all->terms;
	slot->word = mproci_slot_word(id, mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_QUEUED, 0, 0));
	mproci_line_write(slots, slots->tail, id);
	mproci_line_publish(slots, slots->tail + 1);
	all->ids[index] = id;
}

void small_crew_put(void *shared, uint32_t count)
{
	small_crew *all = shared;

	/* In this order: killed on the way, it is in line and does not count. */
	for (uint32_t i = 0; i < count; ++i) {
		put(all, all->count);
		++all->count;
	}
}

void small_crew_post(void *shared)
{
	mproci_crew *crew = small_crew_of(shared);

	crew->postings[0].number = 1;
	crew->postings[0].map = (uintptr_t) & ((small_crew *)shared)->small.map;
	++crew->round;
}

static mproci_worker *sit_down(void *shared, uint32_t seat)
{
	static mproci_worker worker;

	mproci_worker_init(&worker, small_crew_of(shared), seat);
	small_crew_of(shared)->seats[seat].member = mproci_member_self();
	return &worker;
}

void small_crew_serve(void *shared, uint32_t seat)
{
	mproci_worker_serve(sit_down(shared, seat));
}

void small_crew_live(void *shared, uint32_t seat)
{
	mproci_worker_live(sit_down(shared, seat));
}

mproci_task_id small_crew_claim(void *shared, uint32_t seat)
{
	mproci_crew *crew = small_crew_of(shared);

	return mproci_line_get(&crew->slots, seat, &crew->seats[seat].task);
}

void small_crew_recover(void *shared, uint32_t seat)
{
	mproci_crew_recover(small_crew_of(shared), seat, killed, false);
}

static bool have_all_ended(small_crew *all)
{
	bool have_ended = true;

	for (uint32_t i = 0; i < all->count; ++i)
		have_ended &= !mproci_slot_await(&all->slots[i], all->ids[i]);
	return have_ended;
}

void small_crew_await(void *shared)
{
	mproci_event_count *news = &small_crew_of(shared)->news;

	while (!have_all_ended(shared)) {
		uint32_t key = mproci_event_count_prepare(news);

		if (have_all_ended(shared))
			mproci_event_count_cancel(news);
		else
			mproci_event_count_wait(news, key, MPROC_FOREVER);
	}
}

static void condemn(uint32_t seat, void *shared)
{
	small_crew *all = shared;

	++all->condemned[seat];
}

void small_crew_keep_time(void *shared, int64_t now)
{
	mproci_timekeeper_look(small_crew_of(shared), now, condemn, shared);
}

mproc_outcome small_crew_outcome(void *shared, uint32_t task)
{
	small_crew *all = shared;

	return mproci_verdict_outcome(mproci_slot_verdict(all->slots[task].word));
}

static void check_value(small_crew *all, uint32_t task, mproc_outcome outcome)
{
	uint32_t runs = all->runs[task], most = all->terms.retries + 1;
	const uint64_t *result = all->slots[task].result;

	crash_expect(1 <= runs && runs <= outcome.attempts && outcome.attempts <= most,
		"task %u ran %u times, in %u attempts, of %u", task, runs, outcome.attempts, most);
	crash_expect(all->attempts[task] == outcome.attempts, "task %u was begun %u times, not %u", task,
		all->attempts[task], outcome.attempts);
	crash_expect(*result == result_of(task), "task %u has no result", task);
}

static void check_killed(small_crew *all, uint32_t task, mproc_outcome outcome)
{
	uint32_t runs = all->runs[task], most = all->terms.retries + 1;

	crash_expect(outcome.ending == all->how_killed, "task %u ended with %d, not %d", task,
		(int)outcome.ending, (int)all->how_killed);
	crash_expect(outcome.ending != MPROC_ENDING_SIGNAL || outcome.code == SIGKILL,
		"task %u ended with signal %d", task, (int)outcome.code);
	crash_expect(runs <= most, "the killed task %u ran %u times", task, runs);
	crash_expect(outcome.attempts == most, "task %u was given up after attempt %u of %u", task,
		outcome.attempts, most);
}

static void check_seats(mproci_crew *crew)
{
	for (uint32_t i = 0; i < SMALL_CREW_SEATS; ++i) {
		const mproci_seat *seat = &crew->seats[i];

		crash_expect(seat->task == 0, "seat %u is at a task", i);
		crash_expect(mproci_seat_map(seat) == NULL, "seat %u is in a map", i);
		crash_expect(seat->reason == MPROC_ENDING_NONE, "seat %u is condemned", i);
		crash_expect(seat->failed <= seat->done, "seat %u counts more failed than done", i);
	}
}

/* What has ended, with a value or without. */
static uint64_t count_ended(small_crew *all)
{
	uint64_t ended = 0;

	for (uint32_t i = 0; i < all->count; ++i)
		ended += small_crew_outcome(all, i).ending != MPROC_ENDING_NONE;
	for (uint32_t i = 0; i < all->small.map.spec.count; ++i)
		ended += mproci_verdict_ending(all->small.verdicts[i]) != MPROC_ENDING_NONE;
	return ended;
}

/* Who dies before he has counted is missed, and what he was at may be counted by two. */
static void check_counts(small_crew *all)
{
	uint64_t done = 0, ended = count_ended(all);

	for (uint32_t i = 0; i < SMALL_CREW_SEATS; ++i)
		done += small_crew_of(all)->seats[i].done;
	crash_expect(done <= ended + MOST_DEATHS, "%u were done, but %u have ended", (unsigned)done,
		(unsigned)ended);
}

unsigned small_crew_check(void *shared, unsigned most_killed)
{
	small_crew *all = shared;
	unsigned killed_tasks = 0;

	for (uint32_t i = 0; i < all->count; ++i) {
		mproc_outcome outcome = small_crew_outcome(shared, i);

		crash_expect(all->slots[i].word >> 32 == mproci_task_generation(all->ids[i]),
			"task %u is another one", i);
		if (outcome.ending == MPROC_ENDING_VALUE) {
			check_value(all, i, outcome);
			continue;
		}
		check_killed(all, i, outcome);
		crash_expect(++killed_tasks <= most_killed, "more than %u tasks were killed, also task %u",
			most_killed, i);
	}
	crash_expect(mproci_line_is_empty(&small_crew_of(shared)->slots), "somebody is in line");
	check_seats(small_crew_of(shared));
	check_counts(all);
	return killed_tasks;
}
