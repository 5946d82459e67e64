/* SPDX-License-Identifier: MIT */
/*
 * Who is too late, or at something that was cancelled: the nursery's mark against what the worker does.
 *
 * The worker was killed for that, and what it was at ended so; or it was not, and nothing did.
 */
#include "crash.h"
#include "small_crew.h"

#include "sys/clock.h"

enum {
	ITEMS = 4,
	TASKS = 2,
};

/* Passed long ago; everybody is late. */
static const mproc_deadline PAST = 1;
static const int64_t DOOMSDAY = INT64_MAX / 2;
/* Nobody is. */
static const int64_t AN_HOUR = INT64_C(3600) * 1000 * 1000 * 1000;

static small_crew *crew_at(void *shared)
{
	return shared;
}

static mproci_seat *seat_of(void *shared, uint32_t seat)
{
	return &small_crew_of(shared)->seats[seat];
}

static bool is_condemned(void *shared, uint32_t seat)
{
	return crew_at(shared)->condemned[seat] != 0;
}

/* ---- before ---- */

static void make_map(void *shared)
{
	small_crew_make(shared);
	small_map_make(&crew_at(shared)->small, 2, ITEMS, 1);
	small_crew_post(shared);
}

static void make_timed_map(void *shared)
{
	make_map(shared);
	crew_at(shared)->small.map.spec.terms.timeout = AN_HOUR;
}

/* From now on the nursery kills who is inside. */
static void make_cancelled_map(void *shared)
{
	make_map(shared);
	crew_at(shared)->small.map.kill_ending = MPROC_ENDING_CANCELLED;
	crew_at(shared)->small.map.kill_at = PAST;
}

static void make_timed_tasks(void *shared)
{
	small_crew_make(shared);
	crew_at(shared)->terms.timeout = AN_HOUR;
	small_crew_put(shared, TASKS);
}

static void be_found_late(void *shared)
{
	small_crew_keep_time(shared, DOOMSDAY);
}

/* The map is cancelled, and there is something else to do. */
static void be_cancelled_in_item(void *shared, size_t item)
{
	small_map *small = &crew_at(shared)->small;

	(void)item;
	small->map.kill_ending = MPROC_ENDING_CANCELLED;
	small->map.kill_at = PAST;
	be_found_late(shared);
	small_crew_put(shared, 1);
}

static void be_late_in_item(void *shared, size_t item)
{
	(void)item;
	be_found_late(shared);
}

static void be_late_in_task(void *shared, uint32_t task)
{
	(void)task;
	be_found_late(shared);
}

static void make_map_that_is_cancelled(void *shared)
{
	make_map(shared);
	crew_at(shared)->small.within = be_cancelled_in_item;
}

static void make_late_item(void *shared)
{
	make_timed_map(shared);
	crew_at(shared)->small.within = be_late_in_item;
}

static void make_late_task(void *shared)
{
	make_timed_tasks(shared);
	crew_at(shared)->within = be_late_in_task;
}

/* A worker has begun a task, and nothing has been seen of it since. */
static uint32_t begin_task(void *shared, uint32_t seat)
{
	uint32_t task = mproci_task_index_of(small_crew_claim(shared, seat));

	++crew_at(shared)->runs[task];
	crew_at(shared)->attempts[task] = 1;
	crew_at(shared)->slots[task].kill_at = PAST;
	return task;
}

static void begin_item(void *shared, uint32_t seat)
{
	small_map *small = &crew_at(shared)->small;
	mproci_crew *crew = small_crew_of(shared);
	uint32_t item = 0;

	mproci_crew_enter(crew, &crew->seats[seat], &crew->postings[0]);
	mproci_ranges_pop(small->map.ranges, seat, &item);
	++small->runs[item];
	small->attempts[item] = 1;
}

/* One worker is too late in a map, another one with a task. */
static void make_late_workers(void *shared)
{
	make_timed_tasks(shared);
	small_map_make(&crew_at(shared)->small, 2, ITEMS, 1);
	small_crew_post(shared);
	begin_item(shared, OTHER);
	seat_of(shared, OTHER)->kill_at = PAST;
	begin_task(shared, THIRD);
}

static void make_worker_in_cancelled_map(void *shared)
{
	make_cancelled_map(shared);
	begin_item(shared, OTHER);
}

/* It was killed for its timeout, and the nursery has set that right. */
static void make_task_that_was_late(void *shared)
{
	small_crew_make(shared);
	crew_at(shared)->terms.timeout = AN_HOUR;
	crew_at(shared)->terms.retries = 1;
	small_crew_put(shared, 1);
	begin_task(shared, THIRD);
	be_found_late(shared);
	small_crew_recover(shared, THIRD);
	crew_at(shared)->condemned[THIRD] = 0;
}

static void make_one_task(void *shared)
{
	small_crew_make(shared);
	small_crew_put(shared, 1);
}

/* ---- the victim ---- */

static void serve(void *shared)
{
	small_crew_serve(shared, VICTIM);
}

static void claim(void *shared)
{
	small_crew_claim(shared, VICTIM);
}

/* ---- witnesses ---- */

static void keep_time(void *shared)
{
	small_crew_keep_time(shared, mproci_clock_now());
}

/* The task of who claims first is late at once. */
static void claim_and_be_late(void *shared)
{
	mproci_slot *slot = &crew_at(shared)->slots[0];
	bool is_others = small_crew_claim(shared, OTHER) != 0;
	bool is_victims = !is_others && mproci_verdict_worker(mproci_slot_verdict(slot->word)) == VICTIM;

	slot->kill_at = PAST;
	keep_time(shared);
	crash_expect(
		is_condemned(shared, OTHER) == is_others, "the other one is%s late", is_others ? "" : " not");
	crash_expect(
		is_condemned(shared, VICTIM) == is_victims, "the victim is%s late", is_victims ? "" : " not");
}

/* Whatever the worker says at that very moment; a mistake. */
static void condemn_blindly(void *shared)
{
	mproci_seat *seat = seat_of(shared, VICTIM);
	mproci_task_id id = seat->task & ~MPROCI_TASK_FLAGS;

	if (id == 0)
		return;
	seat->reason = MPROC_ENDING_TIMEOUT;
	seat->task = id | MPROCI_TASK_MARK;
	++crew_at(shared)->condemned[VICTIM];
}

/* ---- afterwards ---- */

static void recover_victim(void *shared)
{
	small_crew_recover(shared, VICTIM);
}

/* The victim itself was about to say that it is late. */
static void recover_own_nursery(void *shared)
{
	if (seat_of(shared, VICTIM)->reason != MPROC_ENDING_NONE)
		crew_at(shared)->condemned[VICTIM] = 1;
	recover_victim(shared);
}

static void recover_victim_and_other(void *shared)
{
	recover_victim(shared);
	small_crew_recover(shared, OTHER);
}

/* The nursery has died, and with it all workers: the owner sets right what they left. */
static void tidy(void *shared)
{
	for (uint32_t i = 0; i < SMALL_CREW_SEATS; ++i)
		small_crew_recover(shared, i);
	small_crew_of(shared)->nursery.inside = 0;
}

/* Nobody else is late. */
static void work_in_time(void *shared)
{
	crew_at(shared)->within = NULL;
	crew_at(shared)->small.within = NULL;
	small_crew_serve(shared, OTHER);
}

static void expect_fate(bool is_condemned, unsigned killed)
{
	crash_expect(!is_condemned || killed == 1, "who was condemned has ended what it was at");
}

static void check_items(void *shared)
{
	bool is_late = is_condemned(shared, VICTIM);
	small_map *small = &crew_at(shared)->small;

	work_in_time(shared);
	if (is_late)
		small->how_killed = MPROC_ENDING_TIMEOUT;
	expect_fate(is_late, small_map_check(small, 1));
	small_crew_check(shared, 0);
}

static void check_tasks(void *shared)
{
	bool is_late = is_condemned(shared, VICTIM);

	work_in_time(shared);
	if (is_late)
		crew_at(shared)->how_killed = MPROC_ENDING_TIMEOUT;
	expect_fate(is_late, small_crew_check(shared, 1));
}

/* Who is inside may be killed between two items, too. */
static void check_cancelled_items(void *shared)
{
	small_map *small = &crew_at(shared)->small;

	work_in_time(shared);
	if (is_condemned(shared, VICTIM))
		small->how_killed = MPROC_ENDING_CANCELLED;
	small_map_check(small, 1);
	crash_expect(mproci_crew_is_done(small_crew_of(shared), &small->map), "the map is not done");
	small_crew_check(shared, 0);
}

/* What a seat was at ended with a signal when the nursery died before it had said why. */
static void check_late_workers(void *shared)
{
	small_map *small = &crew_at(shared)->small;
	mproc_outcome item = mproci_verdict_outcome(small->verdicts[ITEMS / 2]);
	mproc_outcome task = small_crew_outcome(shared, 0);

	crash_expect(!is_condemned(shared, OTHER) || item.ending == MPROC_ENDING_TIMEOUT,
		"the late item ended with %d", (int)item.ending);
	crash_expect(!is_condemned(shared, THIRD) || task.ending == MPROC_ENDING_TIMEOUT,
		"the late task ended with %d", (int)task.ending);
	small_crew_serve(shared, OTHER);
	if (item.ending == MPROC_ENDING_TIMEOUT)
		small->how_killed = MPROC_ENDING_TIMEOUT;
	if (task.ending == MPROC_ENDING_TIMEOUT)
		crew_at(shared)->how_killed = MPROC_ENDING_TIMEOUT;
	crash_expect(small_map_check(small, 1) == 1, "the late item has a result");
	crash_expect(small_crew_check(shared, 1) == 1, "the late task has a result");
}

static void check_cancelled_worker(void *shared)
{
	small_map *small = &crew_at(shared)->small;
	mproc_outcome item = mproci_verdict_outcome(small->verdicts[ITEMS / 2]);

	crash_expect(!is_condemned(shared, OTHER) || item.ending == MPROC_ENDING_CANCELLED,
		"the cancelled item ended with %d", (int)item.ending);
	small->how_killed = item.ending;
	small_crew_serve(shared, VICTIM);
	crash_expect(small_map_check(small, 1) == 1, "the cancelled item has a result");
	crash_expect(small_crew_of(shared)->nursery.inside == 0, "the nursery is still inside");
	small_crew_check(shared, 0);
}

static void check_second_attempt(void *shared)
{
	crash_expect(!is_condemned(shared, VICTIM), "the second attempt was late at once");
	small_crew_serve(shared, OTHER);
	small_crew_check(shared, 1);
}

static void check_claim(void *shared)
{
	bool is_late = is_condemned(shared, VICTIM) || is_condemned(shared, OTHER);

	small_crew_serve(shared, OTHER);
	if (is_late)
		crew_at(shared)->how_killed = MPROC_ENDING_TIMEOUT;
	expect_fate(is_late, small_crew_check(shared, 1));
}

const crash_operation crash_task_time_operations[] = {
	{
		.name = "time: do timed items beside the nursery",
		.size = sizeof(small_crew),
		.set_up = make_timed_map,
		.operate = serve,
		.witness = be_found_late,
		.recover = recover_victim,
		.survive = check_items,
		.is_sampled = true,
	},
	{
		.name = "time: do timed tasks beside the nursery",
		.size = sizeof(small_crew),
		.set_up = make_timed_tasks,
		.operate = serve,
		.witness = be_found_late,
		.recover = recover_victim,
		.survive = check_tasks,
	},
	{
		.name = "time: work in a cancelled map beside the nursery",
		.size = sizeof(small_crew),
		.set_up = make_cancelled_map,
		.operate = serve,
		.witness = keep_time,
		.recover = recover_victim,
		.survive = check_cancelled_items,
		.is_sampled = true,
	},
	{
		.name = "time: an item that is found late",
		.size = sizeof(small_crew),
		.set_up = make_late_item,
		.operate = serve,
		.recover = recover_own_nursery,
		.survive = check_items,
		.is_killed_twice = true,
	},
	{
		.name = "time: a map that is cancelled in an item",
		.size = sizeof(small_crew),
		.set_up = make_map_that_is_cancelled,
		.operate = serve,
		.recover = recover_own_nursery,
		.survive = check_cancelled_items,
		.is_killed_twice = true,
	},
	{
		.name = "time: a task that is found late",
		.size = sizeof(small_crew),
		.set_up = make_late_task,
		.operate = serve,
		.recover = recover_own_nursery,
		.survive = check_tasks,
		.is_killed_twice = true,
	},
	{
		.name = "time: the nursery, and late workers",
		.size = sizeof(small_crew),
		.set_up = make_late_workers,
		.operate = be_found_late,
		.recover = tidy,
		.survive = check_late_workers,
		.is_killed_twice = true,
	},
	{
		.name = "time: the nursery, and a worker in a cancelled map",
		.size = sizeof(small_crew),
		.set_up = make_worker_in_cancelled_map,
		.operate = keep_time,
		.recover = tidy,
		.survive = check_cancelled_worker,
		.is_killed_twice = true,
	},
	{
		.name = "time: try again what was late",
		.size = sizeof(small_crew),
		.set_up = make_task_that_was_late,
		.operate = serve,
		.witness = keep_time,
		.recover = recover_victim,
		.survive = check_second_attempt,
	},
	{
		.name = "time: claim beside one who is late",
		.size = sizeof(small_crew),
		.set_up = make_one_task,
		.operate = claim,
		.witness = claim_and_be_late,
		.recover = recover_victim_and_other,
		.survive = check_claim,
	},
	{
		.name = "mistake: a nursery marks without looking",
		.size = sizeof(small_crew),
		.set_up = make_timed_tasks,
		.operate = serve,
		.witness = condemn_blindly,
		.recover = recover_victim,
		.survive = check_tasks,
		.is_mistake = true,
	},
	{0},
};
