/* SPDX-License-Identifier: MIT */
/*
 * The barrier: three parties, two of which stay.  When the victim dies the round ends for both, and for both alike: it was
 * complete, or it is broken.  A reset makes the barrier good for those who are left and one more.
 */
#include "crash.h"

#include "family/member.h"
#include "sync/event_count.h"

#include <errno.h>
#include <mproc/barrier.h>
#include <mproc/result.h>
#include <string.h>

enum {
	STAYING = 2
};

typedef struct field {
	mproc_barrier barrier;
	_Atomic crash_stage stage;
	mproci_id victim;
	/* What the operation returned. */
	int result;
	_Atomic uint32_t acted;
	/* How the round ended for those who stay, and for how many so far. */
	int ends[STAYING];
	_Atomic uint32_t ended;
	/* Set when the late one comes; when those who stay begin another round. */
	_Atomic uint32_t late_may_come, may_come_again;
} field;

static int act(void *argument)
{
	field *all = argument;

	++all->acted;
	return 0;
}

static void make(field *all, uint32_t parties, mproc_barrier_action *action)
{
	mproc_barrier_init(
		&all->barrier, parties, &(mproc_barrier_options){.action = action, .argument = all});
}

static int come(field *all, mproc_deadline deadline)
{
	return mproc_barrier_wait(&all->barrier, deadline, NULL);
}

static void come_and_leave(field *all)
{
	crash_expect(come(all, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_expect(mproc_barrier_leave(&all->barrier) == 0, "%s", mproc_error_text());
}

/* ---- those who stay ---- */

static void stay(field *all, int who)
{
	all->ends[who] = come(all, MPROC_FOREVER);
	crash_add(&all->ended);
	crash_await(&all->may_come_again, 1);
	come_and_leave(all);
}

static void be_first(void *shared)
{
	stay(shared, 0);
}

static void be_second(void *shared)
{
	stay(shared, 1);
}

static void be_late(void *shared)
{
	field *all = shared;

	crash_await(&all->late_may_come, 1);
	stay(all, 1);
}

static void make_one_waits(void *shared)
{
	make(shared, STAYING + 1, NULL);
	crash_start("the first", be_first);
	crash_start("the late one", be_late);
}

static void make_two_wait(void *shared)
{
	make(shared, STAYING + 1, NULL);
	crash_start("the first", be_first);
	crash_start("the second", be_second);
}

static void make_two_wait_for_action(void *shared)
{
	make(shared, STAYING + 1, act);
	crash_start("the first", be_first);
	crash_start("the second", be_second);
}

/* ---- the victim ---- */

static void be_victim(void *shared)
{
	((field *)shared)->victim = mproci_member_self();
}

static void end(field *all, int result)
{
	all->result = result;
	all->stage = CRASH_AFTER;
}

static void come_as_party(void *shared)
{
	field *all = shared;

	all->stage = CRASH_INSIDE;
	end(all, come(all, MPROC_FOREVER));
}

static void come_until_deadline(void *shared)
{
	field *all = shared;

	all->stage = CRASH_INSIDE;
	end(all, come(all, crash_soon(200)));
}

static void abort_barrier(void *shared)
{
	field *all = shared;

	all->stage = CRASH_INSIDE;
	end(all, mproc_barrier_abort(&all->barrier));
}

static void reset_barrier(void *shared)
{
	field *all = shared;

	all->stage = CRASH_INSIDE;
	end(all, mproc_barrier_reset(&all->barrier));
}

static void leave_barrier(void *shared)
{
	field *all = shared;

	all->stage = CRASH_INSIDE;
	end(all, mproc_barrier_leave(&all->barrier));
}

static void let_late_come(void *shared)
{
	field *all = shared;

	crash_add(&all->late_may_come);
}

/* Take part, in a round that is over. */
static void take_part(void *shared)
{
	field *all = shared;

	be_victim(shared);
	come(all, MPROC_NOW);
	mproc_barrier_reset(&all->barrier);
}

/* ---- who goes on ---- */

/* Whether the victim has written itself into the barrier: from then on it is missed. */
static bool is_missed(const field *all)
{
	uint32_t stamp = mproci_member_stamp(all->victim);
	bool is_missed = false;

	for (size_t at = 0; at < sizeof all->barrier; at += sizeof stamp)
		is_missed |= memcmp((const char *)&all->barrier + at, &stamp, sizeof stamp) == 0;
	return is_missed;
}

/* The barrier is good for those who stay and this process. */
static void begin_again(field *all)
{
	crash_expect(mproc_barrier_reset(&all->barrier) == 0, "%s", mproc_error_text());
	crash_expect(mproc_barrier_is_broken(&all->barrier) == 0, "a barrier is broken after a reset");
	crash_expect(mproc_barrier_waiting(&all->barrier) == 0, "somebody waits after a reset");
	crash_add(&all->may_come_again);
	come_and_leave(all);
}

static void check_broken(field *all)
{
	crash_expect(come(all, MPROC_NOW) == -ECANCELED, "the death of a party went unnoticed");
	crash_expect(
		mproc_barrier_is_broken(&all->barrier) == 1, "a party is dead, and the barrier is whole");
}

/* Those who wait for a dead party are not helped.  One that never was a party is replaced. */
static void await_end_of_round(field *all)
{
	bool was_party = is_missed(all);

	crash_expect_outcome(all->stage, was_party);
	if (was_party)
		crash_await(&all->ended, 1);
	crash_add(&all->late_may_come);
	if (!was_party)
		crash_expect(come(all, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_await(&all->ended, STAYING);
	crash_expect(all->ends[0] == all->ends[1], "the round ended with %d for one and %d for another",
		all->ends[0], all->ends[1]);
	crash_expect(
		all->ends[0] == 0 || all->ends[0] == -ECANCELED, "the round ended with %d", all->ends[0]);
	crash_expect(was_party || all->ends[0] == 0, "the barrier broke without a reason");
	crash_expect(all->stage != CRASH_AFTER || (all->result == 0) == (all->ends[0] == 0),
		"the round ended with %d for the victim and %d for the others", all->result, all->ends[0]);
}

static void check_round(void *shared)
{
	field *all = shared;

	await_end_of_round(all);
	if (is_missed(all))
		check_broken(all);
	begin_again(all);
}

static void check_round_with_action(void *shared)
{
	field *all = shared;

	await_end_of_round(all);
	crash_expect(all->acted == 1 || (all->acted == 0 && all->ends[0] != 0), "%u actions were done",
		all->acted);
	begin_again(all);
}

/* Those who wait are told, without help when it was done. */
static void check_end_of_wait(field *all)
{
	crash_await(&all->ended, STAYING);
	crash_expect(all->ends[0] == -ECANCELED && all->ends[1] == -ECANCELED,
		"the round ended with %d and %d", all->ends[0], all->ends[1]);
	begin_again(all);
}

static void check_abort(void *shared)
{
	field *all = shared;
	bool is_broken = mproc_barrier_is_broken(&all->barrier) == 1;

	crash_expect_outcome(all->stage, is_broken);
	if (!is_broken)
		crash_expect(mproc_barrier_abort(&all->barrier) == 0, "%s", mproc_error_text());
	check_end_of_wait(all);
}

static void check_reset(void *shared)
{
	field *all = shared;
	bool is_reset = mproc_barrier_waiting(&all->barrier) == 0;

	crash_expect_outcome(all->stage, is_reset);
	if (!is_reset)
		crash_expect(mproc_barrier_reset(&all->barrier) == 0, "%s", mproc_error_text());
	check_end_of_wait(all);
}

/* ---- a barrier of one: its party has died ---- */

static void die_as_party(void *shared)
{
	field *all = shared;

	come(all, MPROC_NOW);
	all->victim = mproci_member_self();
}

static void make_with_unseen_dead_party(void *shared)
{
	make(shared, 1, NULL);
	crash_start("the dead", die_as_party);
}

static void make_with_dead_party(void *shared)
{
	field *all = shared;

	make_with_unseen_dead_party(shared);
	mproci_member_bury(all->victim);
}

static void repair(void *shared)
{
	field *all = shared;

	mproc_barrier_reset(&all->barrier);
}

static void check_repaired(void *shared)
{
	field *all = shared;

	crash_expect(!is_missed(all), "the dead takes part after a reset");
	come_and_leave(all);
	come_and_leave(all);
}

static void check_dead_party(void *shared)
{
	field *all = shared;

	if (is_missed(all))
		check_broken(all);
	repair(shared);
	check_repaired(shared);
}

/* ---- leaving: two parties, one of which stays ---- */

static void make_for_two(void *shared)
{
	make(shared, STAYING, NULL);
	crash_start("the late one", be_late);
}

static void check_leave(void *shared)
{
	field *all = shared;
	bool was_party = is_missed(all);
	int rc;

	crash_expect_outcome(all->stage, !was_party);
	crash_add(&all->late_may_come);
	rc = come(all, MPROC_FOREVER);
	crash_expect(rc == (was_party ? -ECANCELED : 0), "the round ended with %d", rc);
	crash_await(&all->ended, 1);
	crash_expect(
		all->ends[1] == rc, "the round ended with %d for one and %d for another", rc, all->ends[1]);
	begin_again(all);
}

/* Those who wait look themselves who has died. */
static void be_watched(void *shared)
{
	mproci_family_here->next_watch = 0;
	make_two_wait_for_action(shared);
}

/* ---- a mistake: the round and how many have come are two words ---- */

typedef struct wrong_barrier {
	_Atomic uint32_t come, round;
	mproci_event_count changes;
} wrong_barrier;

static void come_in_two_steps(void *shared)
{
	wrong_barrier *all = shared;

	if (++all->come == STAYING + 1) {
		all->come = 0;
		++all->round;
		mproci_event_count_notify(&all->changes);
	}
	while (all->round == 0) {
		uint32_t key = mproci_event_count_prepare(&all->changes);

		if (all->round == 0)
			mproci_event_count_wait(&all->changes, key, MPROC_FOREVER);
		else
			mproci_event_count_cancel(&all->changes);
	}
}

static void make_wrong(void *shared)
{
	(void)shared;
	crash_start("the first", come_in_two_steps);
	crash_start("the second", come_in_two_steps);
}

/* Who finds that one is missing comes in its place. */
static void check_wrong(void *shared)
{
	wrong_barrier *all = shared;

	if (all->come == STAYING)
		come_in_two_steps(shared);
}

const crash_operation crash_barrier_operations[] = {
	{
		.name = "barrier: come second of three",
		.size = sizeof(field),
		.set_up = make_one_waits,
		.prepare = be_victim,
		.operate = come_as_party,
		.survive = check_round,
	},
	{
		.name = "barrier: come second of three, and be woken",
		.size = sizeof(field),
		.set_up = make_one_waits,
		.prepare = be_victim,
		.operate = come_as_party,
		.unblock = let_late_come,
		.survive = check_round,
	},
	{
		.name = "barrier: come last of three",
		.size = sizeof(field),
		.set_up = make_two_wait,
		.prepare = be_victim,
		.operate = come_as_party,
		.survive = check_round,
	},
	{
		.name = "barrier: come last of three, and act",
		.size = sizeof(field),
		.set_up = make_two_wait_for_action,
		.prepare = be_victim,
		.operate = come_as_party,
		.survive = check_round_with_action,
	},
	{
		.name = "barrier: come until a deadline",
		.size = sizeof(field),
		.set_up = make_one_waits,
		.prepare = be_victim,
		.operate = come_until_deadline,
		.survive = check_round,
		.is_slow = true,
	},
	{
		.name = "barrier: come last of three, and act, nobody tells the others",
		.size = sizeof(field),
		.set_up = be_watched,
		.prepare = be_victim,
		.operate = come_as_party,
		.survive = check_round_with_action,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "barrier: abort, two wait",
		.size = sizeof(field),
		.set_up = make_two_wait,
		.operate = abort_barrier,
		.survive = check_abort,
	},
	{
		.name = "barrier: reset, two wait",
		.size = sizeof(field),
		.set_up = make_two_wait,
		.operate = reset_barrier,
		.survive = check_reset,
	},
	{
		.name = "barrier: reset after a death",
		.size = sizeof(field),
		.set_up = make_with_dead_party,
		.operate = reset_barrier,
		.recover = repair,
		.survive = check_dead_party,
		.is_killed_twice = true,
		.is_slow = true,
	},
	{
		.name = "barrier: reset after a death that nobody was told of",
		.size = sizeof(field),
		.set_up = make_with_unseen_dead_party,
		.operate = reset_barrier,
		.recover = repair,
		.survive = check_repaired,
		.is_killed_twice = true,
		.is_slow = true,
	},
	{
		.name = "barrier: leave",
		.size = sizeof(field),
		.set_up = make_for_two,
		.prepare = take_part,
		.operate = leave_barrier,
		.survive = check_leave,
		.is_slow = true,
	},
	{
		.name = "mistake: a barrier's round ends in two steps",
		.size = sizeof(wrong_barrier),
		.set_up = make_wrong,
		.operate = come_in_two_steps,
		.survive = check_wrong,
		.is_mistake = true,
	},
	{0},
};
