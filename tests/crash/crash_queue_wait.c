/* SPDX-License-Identifier: MIT */
/*
 * The queue: those who sleep in it.  Whoever dies, nobody sleeps on beside what he waits for.
 */
#include "ledger.h"

#include "family/member.h"

#include <errno.h>
#include <mproc/result.h>

static const mproc_queue_options BOUNDED = {.max_messages = 2}, OWED = {.acknowledged = true};

/* ---- putting beside those who wait for a message ---- */

static void prepare_put(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_put_large(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

static void prepare_put_many(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 2, LEDGER_SMALL, 0);
}

static void add_getter(void *shared)
{
	ledger_add_getter(shared);
}

static void add_three_getters(void *shared)
{
	ledger_add_getter(shared);
	ledger_add_getter(shared);
	ledger_add_getter(shared);
}

static void put(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put(all->queue, ledger_outgoing, all->size, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void put_many(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_put_many(all->queue, ledger_outgoing, all->size, all->puts, MPROC_FOREVER, NULL);
	all->stage = CRASH_AFTER;
}

/* ---- getting beside those who wait for room ---- */

static void make_full(ledger *all)
{
	ledger_make(all, &BOUNDED);
	ledger_put_some(all, 2, LEDGER_SMALL);
}

static void prepare_get(void *shared)
{
	make_full(shared);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_get_many(void *shared)
{
	make_full(shared);
	ledger_plan(shared, 0, 0, 2);
}

static void add_putter(void *shared)
{
	ledger_add_putter(shared);
}

static void add_three_putters(void *shared)
{
	ledger_add_putter(shared);
	ledger_add_putter(shared);
	ledger_add_putter(shared);
}

static void get(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, MPROC_FOREVER, NULL);
	all->stage = CRASH_AFTER;
}

static void get_many(void *shared)
{
	ledger *all = shared;
	size_t number;

	all->stage = CRASH_INSIDE;
	mproc_queue_get_many(all->queue, ledger_incoming, LEDGER_SMALL, 2, MPROC_FOREVER, NULL, &number);
	all->stage = CRASH_AFTER;
}

/* ---- waiting oneself ---- */

static void prepare_waiting_get(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_waiting_put(void *shared)
{
	make_full(shared);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_get_in_vain(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 0, 0, 0);
}

static void prepare_put_in_vain(void *shared)
{
	make_full(shared);
	ledger_plan(shared, 0, 0, 0);
	ledger_write(ledger_outgoing, 1, LEDGER_SMALL);
}

/* For the victim, or who sleeps behind it. */
static void give_message(void *shared)
{
	ledger *all = shared;

	if (all->getters == 0)
		ledger_add_getter(all);
	ledger_put(all, LEDGER_SMALL);
}

static void give_room(void *shared)
{
	ledger *all = shared;

	if (all->putters == 0)
		ledger_add_putter(all);
	ledger_get(all, MPROC_NOW);
}

static void get_until_deadline(void *shared)
{
	ledger *all = shared;

	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, crash_soon(10), NULL);
}

static void put_until_deadline(void *shared)
{
	ledger *all = shared;

	mproc_queue_put(all->queue, ledger_outgoing, LEDGER_SMALL, crash_soon(10));
}

/* Nobody was told of the death until those who sleep have what they wait for. */
static void check_unburied(void *shared)
{
	ledger *all = shared;

	ledger_serve(all);
	mproci_member_bury(all->victim);
	ledger_check(shared);
}

/* ---- closing ---- */

static void close_queue(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_close(all->queue);
	all->stage = CRASH_AFTER;
}

static bool is_closed(const ledger *all)
{
	return mproc_queue_put(all->queue, NULL, 0, mproc_after(1)) == -EPIPE;
}

/* Closed by the victim, or by this one: everybody is told. */
static void await_told(ledger *all)
{
	bool was_closed = mproci_queue_is_in(all->queue, MPROCI_QUEUE_CLOSED);

	crash_expect_outcome(all->stage, was_closed);
	if (!was_closed)
		crash_expect(mproc_queue_close(all->queue) == 0, "%s", mproc_error_text());
	crash_await(&all->getters_done, all->getters);
	crash_await(&all->putters_done, all->putters);
	crash_expect(all->told == all->getters + all->putters, "%u were told that it is closed", all->told);
}

static void finish_closed(ledger *all)
{
	crash_expect(is_closed(all), "something can be put into a closed queue");
	ledger_drain(all);
	ledger_check_rest(all);
	ledger_destroy(all);
}

static void check_closed(void *shared)
{
	await_told(shared);
	finish_closed(shared);
}

static void check_closed_woken(void *shared)
{
	ledger_await_woken(shared);
	check_closed(shared);
}

/* It is buried when all are told. */
static void check_closed_unburied(void *shared)
{
	await_told(shared);
	mproci_member_bury(((ledger *)shared)->victim);
	finish_closed(shared);
}

/* ---- destroying ---- */

static void prepare_destruction(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_put_some(shared, 2, LEDGER_LARGE);
	ledger_get_some(shared, 2);
	ledger_plan(shared, 0, 0, 0);
}

static void destroy(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_destroy(all->queue);
	all->stage = CRASH_AFTER;
}

/* Destroyed by the victim, or by this one; everybody is told, and nothing remains. */
static void check_destroyed(void *shared)
{
	ledger *all = shared;

	/* From here on only who was killed knew of it. */
	all->strays = all->stage != CRASH_AFTER && all->queue->mark != MPROCI_QUEUE_MARK;
	if (all->stage != CRASH_AFTER)
		mproc_queue_destroy(all->queue);
	crash_await(&all->getters_done, all->getters);
	crash_await(&all->putters_done, all->putters);
	crash_expect(
		all->told == all->getters + all->putters, "%u were told that it is destroyed", all->told);
	ledger_check_nothing(all);
}

/* ---- waiting until all is done ---- */

static void prepare_done(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_SMALL);
	ledger_get_some(shared, 1);
	ledger_plan(shared, 0, 0, 0);
}

static void add_joiner(void *shared)
{
	ledger_add_joiner(shared);
}

static void tell_done(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_task_done(all->queue);
	all->stage = CRASH_AFTER;
}

static void join(void *shared)
{
	ledger *all = shared;

	mproc_queue_join(all->queue, MPROC_FOREVER);
}

static void let_join(void *shared)
{
	mproc_queue_task_done(((ledger *)shared)->queue);
}

/* Told by the victim that it is done, or by this one. */
static void await_done(ledger *all)
{
	int rc = mproc_queue_task_done(all->queue);

	crash_expect(rc == 0 || rc == -EINVAL, "%s", mproc_error_text());
	crash_expect_outcome(all->stage, rc != 0);
	crash_await(&all->joiners_done, all->joiners);
}

static void check_done(void *shared)
{
	await_done(shared);
	ledger_check(shared);
}

static void check_done_woken(void *shared)
{
	ledger_await_woken(shared);
	check_done(shared);
}

/* It is buried when those who join have gone on. */
static void check_done_unburied(void *shared)
{
	await_done(shared);
	mproci_member_bury(((ledger *)shared)->victim);
	ledger_check(shared);
}

static void check_joined(void *shared)
{
	ledger *all = shared;

	mproc_queue_task_done(all->queue);
	crash_expect(mproc_queue_join(all->queue, MPROC_NOW) == 0, "%s", mproc_error_text());
	ledger_check(shared);
}

/* ---- beside what is owed ---- */

static void prepare_owing(void *shared)
{
	ledger *all = shared;

	ledger_make(all, &OWED);
	ledger_put(all, LEDGER_SMALL);
	ledger_plan(all, 0, 0, 0);
	mproc_queue_get(all->queue, ledger_incoming, LEDGER_LARGEST, MPROC_NOW, NULL);
	all->owes = 1;
	all->deliveries_before = all->deliveries_after = 2;
}

static void prepare_last_ack(void *shared)
{
	prepare_owing(shared);
	((ledger *)shared)->takes = 1;
}

/* Whoever waits there may get that message, if it comes back. */
static void prepare_last_ack_of_closed(void *shared)
{
	prepare_last_ack(shared);
	mproc_queue_close(((ledger *)shared)->queue);
}

static void acknowledge(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_ack(all->queue, NULL);
	all->stage = CRASH_AFTER;
}

static void give_back(void *shared)
{
	ledger *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_queue_give_back(all->queue, NULL);
	all->stage = CRASH_AFTER;
}

/* Done by the victim, or when it was delivered again to this one. */
static void check_acknowledged(void *shared)
{
	ledger *all = shared;

	ledger_drain(all);
	crash_await(&all->joiners_done, all->joiners);
	ledger_check(shared);
}

static void check_acknowledged_woken(void *shared)
{
	ledger_await_woken(shared);
	check_acknowledged(shared);
}

/* The one who sleeps gets the message, or is told that there will be none. */
static void check_end(void *shared)
{
	ledger *all = shared;

	crash_await(&all->getters_done, all->getters);
	crash_expect(all->got[1] + all->told == 1, "message 1 was got %u times, and %u were told",
		all->got[1], all->told);
	crash_expect_outcome(all->stage, all->told == 1);
	ledger_drain(all);
	ledger_check_rest(all);
	ledger_destroy(all);
}

static void check_end_woken(void *shared)
{
	ledger_await_woken(shared);
	check_end(shared);
}

/* What the victim owes is not there before its burial, and what it gave back is. */
static void check_before_burial(void *shared)
{
	ledger *all = shared;

	ledger_drain(all);
	mproci_member_bury(all->victim);
	ledger_check(shared);
}

static void set_up_watching(void *shared)
{
	ledger_set_up(shared);
	mproci_family_here->next_watch = 0;
}

const crash_operation crash_queue_wait_operations[] = {
	{
		.name = "queue: put, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.surround = add_getter,
		.operate = put,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: put, somebody sleeps, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.surround = add_getter,
		.operate = put,
		.survive = check_unburied,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "queue: put large, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_large,
		.surround = add_getter,
		.operate = put,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put many, three sleep",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_many,
		.surround = add_three_getters,
		.operate = put_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.surround = add_putter,
		.operate = get,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "queue: get, somebody sleeps, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get,
		.surround = add_putter,
		.operate = get,
		.survive = check_unburied,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "queue: get many, three sleep",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_many,
		.surround = add_three_putters,
		.operate = get_many,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get asleep, somebody behind",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_waiting_get,
		.operate = get,
		.unblock = give_message,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get asleep, somebody behind, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_waiting_get,
		.operate = get,
		.unblock = give_message,
		.survive = check_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "queue: put asleep, somebody behind",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_waiting_put,
		.operate = put,
		.unblock = give_room,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: get until a deadline",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_in_vain,
		.operate = get_until_deadline,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: put until a deadline",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_in_vain,
		.operate = put_until_deadline,
		.survive = ledger_check,
		.is_slow = true,
	},
	{
		.name = "queue: close, three sleep",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_in_vain,
		.surround = add_three_getters,
		.operate = close_queue,
		.survive = check_closed,
		.is_sampled = true,
	},
	{
		.name = "queue: close, three sleep, buried late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_in_vain,
		.surround = add_three_getters,
		.operate = close_queue,
		.survive = check_closed_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "queue: close, three sleep for room",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_in_vain,
		.surround = add_three_putters,
		.operate = close_queue,
		.survive = check_closed,
		.is_slow = true,
	},
	{
		.name = "queue: close, three sleep for room, buried late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_in_vain,
		.surround = add_three_putters,
		.operate = close_queue,
		.survive = check_closed_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "queue: close, three sleep, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_in_vain,
		.surround = add_three_getters,
		.operate = close_queue,
		.survive = check_closed_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "queue: destroy",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_destruction,
		.operate = destroy,
		.survive = check_destroyed,
		.is_slow = true,
	},
	{
		.name = "queue: destroy, three sleep",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_in_vain,
		.surround = add_three_getters,
		.operate = destroy,
		.survive = check_destroyed,
		.is_slow = true,
	},
	{
		.name = "queue: destroy, three sleep for room",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_in_vain,
		.surround = add_three_putters,
		.operate = destroy,
		.survive = check_destroyed,
		.is_slow = true,
	},
	{
		.name = "queue: task done, somebody joins",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_done,
		.surround = add_joiner,
		.operate = tell_done,
		.survive = check_done,
	},
	{
		.name = "queue: task done, somebody joins, buried late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_done,
		.surround = add_joiner,
		.operate = tell_done,
		.survive = check_done_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "queue: task done, somebody joins, nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_done,
		.surround = add_joiner,
		.operate = tell_done,
		.survive = check_done_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "queue: join",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_done,
		.operate = join,
		.unblock = let_join,
		.survive = check_joined,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: acknowledge, somebody joins",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_last_ack,
		.surround = add_joiner,
		.operate = acknowledge,
		.survive = check_acknowledged,
		.is_sampled = true,
	},
	{
		.name = "acknowledged queue: acknowledge, somebody joins, buried late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_last_ack,
		.surround = add_joiner,
		.operate = acknowledge,
		.survive = check_acknowledged_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "acknowledged queue: acknowledge the last before the end, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_last_ack_of_closed,
		.surround = add_getter,
		.operate = acknowledge,
		.survive = check_end,
		.is_slow = true,
	},
	{
		.name = "acknowledged queue: acknowledge the last before the end, somebody sleeps, buried "
			"late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_last_ack_of_closed,
		.surround = add_getter,
		.operate = acknowledge,
		.survive = check_end_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "acknowledged queue: give back, somebody sleeps",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_owing,
		.surround = add_getter,
		.operate = give_back,
		.survive = ledger_check,
		.is_sampled = true,
	},
	{
		.name = "acknowledged queue: give back, somebody sleeps, buried late",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_owing,
		.surround = add_getter,
		.operate = give_back,
		.survive = ledger_check_woken,
		.is_slow = true,
		.is_unburied = true,
	},
	{
		.name = "acknowledged queue: give back, somebody sleeps, nobody is told",
		.size = sizeof(ledger),
		.set_up = set_up_watching,
		.prepare = prepare_owing,
		.surround = add_getter,
		.operate = give_back,
		.survive = check_unburied,
		.is_slow = true,
		.is_rechecked = true,
		.is_unburied = true,
	},
	{
		.name = "acknowledged queue: give back, used before the burial",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_owing,
		.operate = give_back,
		.survive = check_before_burial,
		.is_slow = true,
		.is_unburied = true,
	},
	{0},
};
