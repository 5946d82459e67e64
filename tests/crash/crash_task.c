/* SPDX-License-Identifier: MIT */
/*
 * Single tasks: claiming them, running and ending them, trying again what a worker died of, cancelling.
 */
#include "crash.h"
#include "small_crew.h"

enum {
	TASKS = 3,
};

static mproci_slot *slot_of(void *shared, uint32_t task)
{
	return &((small_crew *)shared)->slots[task];
}

static mproci_seat *seat_of(void *shared, uint32_t seat)
{
	return &small_crew_of(shared)->seats[seat];
}

static void be_tried_again(void *shared, uint32_t retries)
{
	((small_crew *)shared)->terms.retries = retries;
}

/* ---- before ---- */

static void make_line(void *shared)
{
	small_crew_make(shared);
	small_crew_put(shared, TASKS);
}

static void make_line_with_retries(void *shared)
{
	make_line(shared);
	be_tried_again(shared, 1);
}

/* Each task has killed a worker before, and once more is too much. */
static void make_line_of_last_attempts(void *shared)
{
	small_crew *all = shared;

	make_line_with_retries(shared);
	for (uint32_t i = 0; i < TASKS; ++i) {
		mproci_slot_begin_again(&all->slots[i]);
		all->attempts[i] = 1;
	}
}

/* The worker of a seat was killed when it had begun a task. */
static void begin_and_die(void *shared, uint32_t seat)
{
	small_crew *all = shared;
	uint32_t task = mproci_task_index_of(small_crew_claim(shared, seat));

	++all->runs[task];
	++all->attempts[task];
}

static void make_dead_with_task(void *shared)
{
	make_line_with_retries(shared);
	begin_and_die(shared, THIRD);
}

/* Its only attempt. */
static void make_dead_with_last_task(void *shared)
{
	make_line(shared);
	begin_and_die(shared, THIRD);
}

/* Somebody waits for the end of what the dead was at. */
static void be_owner(void *shared)
{
	small_crew_await(shared);
}

static void make_dead_and_owner(void *shared)
{
	small_crew_make(shared);
	small_crew_put(shared, 1);
	begin_and_die(shared, THIRD);
	crash_start("the owner", be_owner);
}

static void make_task_and_owner(void *shared)
{
	small_crew_make(shared);
	small_crew_put(shared, 1);
	crash_start("the owner", be_owner);
}

/* Two seats have left one task each to be tried again: the victim's, and one before it. */
static void make_two_that_are_left(void *shared)
{
	small_crew_make(shared);
	be_tried_again(shared, 2);
	small_crew_put(shared, 2);
	begin_and_die(shared, OTHER);
	begin_and_die(shared, THIRD);
	small_crew_recover(shared, OTHER);
	small_crew_recover(shared, THIRD);
}

/* The nursery stands still between saying what is to be tried again and putting it in line. */
static void make_requeue_that_is_half_done(void *shared)
{
	small_crew_make(shared);
	be_tried_again(shared, 1);
	small_crew_put(shared, 1);
	begin_and_die(shared, THIRD);
	seat_of(shared, THIRD)->again = seat_of(shared, THIRD)->task;
	/* Another death has sent everybody to look. */
	++small_crew_of(shared)->round;
}

/* The owner has cancelled what its worker had died of when the nursery was about to put it in line again. */
static void make_cancelled_in_line(void *shared)
{
	make_dead_with_task(shared);
	small_crew_recover(shared, THIRD);
	slot_of(shared, 0)->is_cancelled = true;
}

/* ---- the victim ---- */

static void claim(void *shared)
{
	small_crew_claim(shared, VICTIM);
}

static void serve(void *shared)
{
	small_crew_serve(shared, VICTIM);
}

static void serve_as_third(void *shared)
{
	small_crew_serve(shared, THIRD);
}

static void recover_third(void *shared)
{
	small_crew_recover(shared, THIRD);
}

/* Claim, and say so afterwards; a mistake. */
static void claim_before_saying_so(void *shared)
{
	_Atomic mproci_task_id nowhere = 0;

	seat_of(shared, VICTIM)->task = mproci_line_get(&small_crew_of(shared)->slots, VICTIM, &nowhere);
}

/* Let go of a task, and end it afterwards; a mistake. */
static void end_after_letting_go(void *shared)
{
	small_crew *all = shared;
	mproci_task_id id = small_crew_claim(shared, VICTIM);
	uint32_t task = mproci_task_index_of(id);

	++all->runs[task];
	++all->attempts[task];
	seat_of(shared, VICTIM)->task = 0;
	mproci_slot_end(slot_of(shared, task), id, mproci_verdict_of_return(0, VICTIM, 1));
}

/* Put a task in line again, and say where it is found afterwards; a mistake. */
static void requeue_before_saying_so(void *shared)
{
	mproci_seat *seat = seat_of(shared, THIRD);
	mproci_task_id id = seat->task;

	mproci_slot_requeue(slot_of(shared, mproci_task_index_of(id)), id);
	seat->again = id;
	recover_third(shared);
}

/* ---- witnesses ---- */

static void serve_as_other(void *shared)
{
	small_crew *all = shared;

	small_crew_serve(shared, OTHER);
	crash_add(&all->is_witness_done);
}

/* As mproci_submit_cancel does it. */
static void cancel_all(void *shared)
{
	small_crew *all = shared;
	bool is_awaited;

	for (uint32_t i = 0; i < all->count; ++i) {
		all->slots[i].is_cancelled = true;
		all->cancelled[i] = mproci_slot_end_queued(
			&all->slots[i], all->ids[i], MPROC_ENDING_CANCELLED, &is_awaited);
	}
}

/* ---- afterwards ---- */

static void recover_victim(void *shared)
{
	small_crew_recover(shared, VICTIM);
}

static void recover_both(void *shared)
{
	recover_third(shared);
	recover_victim(shared);
}

/* The nursery goes on. */
static void finish_requeue(void *shared)
{
	small_crew *all = shared;

	mproci_slot_requeue(&all->slots[0], all->ids[0]);
	seat_of(shared, THIRD)->task = 0;
	++small_crew_of(shared)->round;
	recover_victim(shared);
}

static void finish_as_other(void *shared)
{
	small_crew_serve(shared, OTHER);
	small_crew_check(shared, 1);
}

static void finish_as_successor(void *shared)
{
	serve(shared);
	small_crew_check(shared, 1);
}

static void finish_after_witness(void *shared)
{
	small_crew *all = shared;

	crash_await(&all->is_witness_done, 1);
	finish_as_successor(shared);
}

/* What was killed is tried again, so that nothing is lost. */
static void finish_retries(void *shared)
{
	small_crew_serve(shared, OTHER);
	small_crew_check(shared, 0);
}

static void finish_retries_as_successor(void *shared)
{
	serve(shared);
	small_crew_check(shared, 0);
}

/* Nobody has begun it once more. */
static void check_not_begun(void *shared)
{
	small_crew *all = shared;
	mproc_ending ending;

	serve(shared);
	ending = small_crew_outcome(shared, 0).ending;
	crash_expect(ending == MPROC_ENDING_CANCELLED || ending == MPROC_ENDING_SIGNAL,
		"what was cancelled ended with %d", (int)ending);
	crash_expect(all->runs[0] == 1, "what was cancelled ran %u times", all->runs[0]);
}

static void end_alone(void *shared)
{
	crash_expect(small_crew_outcome(shared, 0).ending == MPROC_ENDING_SIGNAL, "the task has not ended");
}

static void check_cancelled(void *shared)
{
	small_crew *all = shared;

	serve(shared);
	for (uint32_t i = 0; i < all->count; ++i) {
		mproc_outcome outcome = small_crew_outcome(shared, i);
		bool is_cancelled = outcome.ending == MPROC_ENDING_CANCELLED;

		crash_expect(outcome.ending != MPROC_ENDING_NONE, "task %u has not ended", i);
		crash_expect(is_cancelled == all->cancelled[i], "task %u was%s cancelled, and ended with %d",
			i, all->cancelled[i] ? "" : " not", (int)outcome.ending);
		crash_expect(all->runs[i] <= outcome.attempts && all->runs[i] <= 1,
			"the cancelled task %u ran %u times, in %u attempts", i, all->runs[i],
			outcome.attempts);
	}
}

const crash_operation crash_task_operations[] = {
	{
		.name = "task: claim",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = claim,
		.recover = recover_victim,
		.survive = finish_as_other,
		.is_killed_twice = true,
	},
	{
		.name = "task: claim beside another claimer",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = claim,
		.witness = serve_as_other,
		.recover = recover_victim,
		.survive = finish_after_witness,
	},
	{
		.name = "task: do",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "task: do beside another worker",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = serve,
		.witness = serve_as_other,
		.recover = recover_victim,
		.survive = finish_after_witness,
	},
	{
		.name = "task: do beside the owner",
		.size = sizeof(small_crew),
		.set_up = make_task_and_owner,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_as_other,
	},
	{
		.name = "task: do, tried again",
		.size = sizeof(small_crew),
		.set_up = make_line_with_retries,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_retries_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "task: do, tried again by others",
		.size = sizeof(small_crew),
		.set_up = make_line_with_retries,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_retries,
	},
	{
		.name = "task: do, the last attempts",
		.size = sizeof(small_crew),
		.set_up = make_line_of_last_attempts,
		.operate = serve,
		.recover = recover_victim,
		.survive = finish_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "task: recover, to be tried again",
		.size = sizeof(small_crew),
		.set_up = make_dead_with_task,
		.operate = recover_third,
		.recover = recover_third,
		.survive = finish_retries,
		.is_killed_twice = true,
	},
	{
		.name = "task: recover, to be tried again, beside a worker",
		.size = sizeof(small_crew),
		.set_up = make_dead_with_task,
		.operate = recover_third,
		.witness = serve_as_other,
		.recover = recover_third,
		.survive = finish_after_witness,
	},
	{
		.name = "task: recover, the last attempt",
		.size = sizeof(small_crew),
		.set_up = make_dead_with_last_task,
		.operate = recover_third,
		.recover = recover_third,
		.survive = finish_as_other,
		.is_killed_twice = true,
	},
	{
		.name = "task: recover beside the owner",
		.size = sizeof(small_crew),
		.set_up = make_dead_and_owner,
		.operate = recover_third,
		.recover = recover_third,
		.survive = end_alone,
	},
	{
		.name = "task: do what the dead have left",
		.size = sizeof(small_crew),
		.set_up = make_two_that_are_left,
		.operate = serve_as_third,
		.recover = recover_third,
		.survive = finish_retries_as_successor,
		.is_killed_twice = true,
	},
	{
		.name = "task: look for what is being put in line again",
		.size = sizeof(small_crew),
		.set_up = make_requeue_that_is_half_done,
		.operate = serve,
		.recover = finish_requeue,
		.survive = finish_retries,
	},
	{
		.name = "task: claim beside who cancels",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = claim,
		.witness = cancel_all,
		.recover = recover_victim,
		.survive = check_cancelled,
	},
	{
		.name = "task: do, tried again, beside who cancels",
		.size = sizeof(small_crew),
		.set_up = make_line_with_retries,
		.operate = serve,
		.witness = cancel_all,
		.recover = recover_victim,
		.survive = check_cancelled,
	},
	{
		.name = "task: recover beside who cancels",
		.size = sizeof(small_crew),
		.set_up = make_dead_with_task,
		.operate = recover_third,
		.witness = cancel_all,
		.recover = recover_both,
		.survive = check_cancelled,
	},
	{
		.name = "task: do what was cancelled on its way into line",
		.size = sizeof(small_crew),
		.set_up = make_cancelled_in_line,
		.operate = serve,
		.recover = recover_victim,
		.survive = check_not_begun,
	},
	{
		.name = "mistake: claim a task before saying so",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = claim_before_saying_so,
		.recover = recover_victim,
		.survive = finish_as_other,
		.is_mistake = true,
	},
	{
		.name = "mistake: let go of a task before its end",
		.size = sizeof(small_crew),
		.set_up = make_line,
		.operate = end_after_letting_go,
		.recover = recover_victim,
		.survive = finish_as_other,
		.is_mistake = true,
	},
	{
		.name = "mistake: put a task in line again before saying so",
		.size = sizeof(small_crew),
		.set_up = make_dead_with_task,
		.operate = requeue_before_saying_so,
		.recover = recover_third,
		.survive = finish_retries,
		.is_mistake = true,
	},
	{0},
};
