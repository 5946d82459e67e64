/* SPDX-License-Identifier: MIT */
/*
 * The event: who waits for one that is set goes on, whoever set it.
 */
#include "crash.h"

#include <errno.h>
#include <mproc/event.h>
#include <mproc/result.h>

typedef struct signals {
	mproc_event event;
	_Atomic crash_stage stage;
	/* Whether it is set before the operation, and after it. */
	_Atomic bool was_set, will_be_set;
} signals;

static void make_event(void *shared)
{
	signals *all = shared;

	mproc_event_init(&all->event);
}

static void make_set_event(void *shared)
{
	signals *all = shared;

	make_event(shared);
	mproc_event_set(&all->event);
	all->was_set = all->will_be_set = true;
}

static void await_event(void *shared)
{
	signals *all = shared;

	crash_expect(mproc_event_wait(&all->event, MPROC_FOREVER) == 0, "%s", mproc_error_text());
}

static void add_two_sleepers(void *shared)
{
	make_event(shared);
	crash_start("the first sleeper", await_event);
	crash_start("the second sleeper", await_event);
}

static void set_event(void *shared)
{
	signals *all = shared;

	all->stage = CRASH_INSIDE;
	all->will_be_set = true;
	mproc_event_set(&all->event);
	all->stage = CRASH_AFTER;
}

static void clear_event(void *shared)
{
	signals *all = shared;

	all->stage = CRASH_INSIDE;
	all->was_set = all->will_be_set;
	all->will_be_set = false;
	mproc_event_clear(&all->event);
	all->stage = CRASH_AFTER;
}

static void set_and_clear_event(void *shared)
{
	set_event(shared);
	clear_event(shared);
}

static void wait_for_event(void *shared)
{
	signals *all = shared;

	mproc_event_wait(&all->event, MPROC_FOREVER);
}

static void wait_until_deadline(void *shared)
{
	signals *all = shared;

	mproc_event_wait(&all->event, crash_soon(10));
}

static void set_for_two(void *shared)
{
	signals *all = shared;

	crash_start("another sleeper", await_event);
	all->was_set = all->will_be_set = true;
	mproc_event_set(&all->event);
}

static void use_event(signals *all)
{
	for (int i = 0; i < 2; ++i) {
		crash_expect(mproc_event_set(&all->event) == 0, "the event cannot be set");
		crash_expect(
			mproc_event_wait(&all->event, MPROC_NOW) == 0, "an event that is set is waited for");
		crash_expect(mproc_event_clear(&all->event) == 0, "the event cannot be cleared");
		crash_expect(mproc_event_wait(&all->event, MPROC_NOW) == -ETIMEDOUT,
			"an event that is cleared is not waited for");
	}
}

static void check_state(signals *all)
{
	bool is_set = mproc_event_is_set(&all->event) == 1;

	crash_expect(is_set == all->was_set || is_set == all->will_be_set, "the event changed by itself");
	if (all->was_set != all->will_be_set)
		crash_expect_outcome(all->stage, is_set == all->will_be_set);
}

/* Those who sleep see that it is set, without help; when it is not, it is set now, and stays so for them. */
static void check_event(void *shared)
{
	signals *all = shared;

	check_state(all);
	if (!mproc_event_is_set(&all->event))
		mproc_event_set(&all->event);
}

/* Where nobody sleeps. */
static void check_event_alone(void *shared)
{
	signals *all = shared;

	check_state(all);
	use_event(all);
}

const crash_operation crash_event_operations[] = {
	{
		.name = "event: set, two wait",
		.size = sizeof(signals),
		.set_up = add_two_sleepers,
		.operate = set_event,
		.survive = check_event,
	},
	{
		.name = "event: set and clear, two wait",
		.size = sizeof(signals),
		.set_up = add_two_sleepers,
		.operate = set_and_clear_event,
		.survive = check_event,
	},
	{
		.name = "event: clear",
		.size = sizeof(signals),
		.set_up = make_set_event,
		.operate = clear_event,
		.survive = check_event_alone,
	},
	{
		.name = "event: wait, another behind",
		.size = sizeof(signals),
		.set_up = make_event,
		.operate = wait_for_event,
		.unblock = set_for_two,
		.survive = check_event,
	},
	{
		.name = "event: wait until a deadline",
		.size = sizeof(signals),
		.set_up = make_event,
		.operate = wait_until_deadline,
		.survive = check_event_alone,
		.is_slow = true,
	},
	{
		.name = "event: wait",
		.size = sizeof(signals),
		.set_up = make_event,
		.operate = wait_for_event,
		.survive = check_event_alone,
	},
	{
		.name = "mistake: who sets an event is not buried",
		.size = sizeof(signals),
		.set_up = add_two_sleepers,
		.operate = set_event,
		.survive = check_event,
		.is_mistake = true,
		.is_unburied = true,
	},
	{0},
};
