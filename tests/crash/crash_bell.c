/* SPDX-License-Identifier: MIT */
/*
 * Bells: who is told of something by a descriptor.  Nobody here looks again by himself: who is not told waits
 * for ever.
 */
#include "crash.h"

#include "channel/queue_fd.h"
#include "family/bell.h"
#include "family/member.h"
#include "ground.h"
#include "sync/event.h"

#include <errno.h>
#include <mproc/result.h>
#include <mproc/wait.h>

typedef struct tower {
	/* What is watched, and what is true of it. */
	mproci_event_count events;
	_Atomic uint32_t is_true;
	mproc_event event;
	mproc_queue *queue;
	_Atomic crash_stage stage;
	/* Companions that have seen what they waited for, and left. */
	_Atomic uint32_t gone;
	/* The messages that one of them has got. */
	_Atomic uint32_t got;
} tower;

enum {
	FIRST = 1,
	LAST = 2,
};

/* A process has one bell here. */
static mproci_bell bell;

static void watch_table(void)
{
	crash_watch(mproci_family_here->watchers, 8 * sizeof(mproci_watcher));
	crash_watch(mproci_family_here->watched, 8 * sizeof(uintptr_t));
}

static void make_nothing(void *shared)
{
	(void)shared;
	watch_table();
}

static uint32_t begin(const void *about)
{
	uint32_t watcher;

	crash_expect(mproci_bell_open(&bell) == 0, "%s", mproc_error_text());
	crash_expect(mproci_watcher_add(&bell, about, &watcher) == 0, "%s", mproc_error_text());
	return watcher;
}

static void leave(uint32_t watcher)
{
	mproci_watcher_remove(watcher);
	mproci_bell_close(&bell);
}

static void end(tower *all, uint32_t watcher)
{
	leave(watcher);
	crash_add(&all->gone);
}

static void rearm(uint32_t watcher)
{
	mproci_bell_silence(&bell);
	mproci_watcher_rearm(watcher);
}

static void await_truth(void *shared)
{
	tower *all = shared;
	uint32_t watcher = begin(&all->is_true);

	for (;;) {
		rearm(watcher);
		if (all->is_true != 0)
			break;
		mproci_poll_one(bell.place.descriptor, MPROC_FOREVER);
	}
	end(all, watcher);
}

static void add_two_watchers(void *shared)
{
	make_nothing(shared);
	crash_start("the first watcher", await_truth);
	crash_start("the second watcher", await_truth);
}

static void add_watcher(void *shared)
{
	make_nothing(shared);
	crash_start("the watcher", await_truth);
}

static void tell(void *shared)
{
	tower *all = shared;

	all->is_true = 1;
	crash_expect(mproci_watchers_tell(&all->is_true) == 0, "%s", mproc_error_text());
}

/* Says so before it has. */
static void tell_too_early(void *shared)
{
	tower *all = shared;

	all->is_true = 1;
	for (uint32_t i = 0; i < 2; ++i) {
		mproci_watcher *slot = &mproci_family_here->watchers[i];
		mproci_bell_place place = {
			.pid = slot->pid,
			.descriptor = slot->descriptor,
			.id = {.device = slot->device, .inode = slot->inode},
		};

		slot->told |= 1;
		mproci_bell_ring(&place);
	}
}

static void check_table(void)
{
	const mproci_family *family = mproci_family_here;

	crash_expect(!mproci_watchers_are_there(), "the table of watchers is %u long",
		(uint32_t)family->watcher_limit);
	for (uint32_t i = 0; i < family->watcher_room; ++i)
		crash_expect(family->watchers[i].owner == 0 && family->watched[i] == 0,
			"slot %u of the watchers is lost", i);
}

/* What the dead had made true is seen without help. */
static void check_two_told(void *shared)
{
	tower *all = shared;

	if (all->is_true == 0)
		tell(shared);
	crash_await(&all->gone, 2);
	check_table();
}

static void check_one_told(void *shared)
{
	tower *all = shared;

	if (all->is_true == 0)
		tell(shared);
	crash_await(&all->gone, 1);
	check_table();
}

static void check_nobody(void *shared)
{
	(void)shared;
	check_table();
}

/* ---- coming and going ---- */

/* Not one of those whom the survivor waits for. */
static void come_and_go(void *shared)
{
	tower *all = shared;
	uint32_t watcher = begin(&all->is_true);

	rearm(watcher);
	mproci_watcher_ring(watcher);
	rearm(watcher);
	leave(watcher);
}

static void come_twice(void *shared)
{
	tower *all = shared;
	uint32_t second;

	begin(&all->is_true);
	mproci_watcher_add(&bell, &all->events, &second);
}

/* ---- events ---- */

static void await_event(void *shared)
{
	tower *all = shared;
	mproci_event_count *settings = mproci_event_settings(&all->event);
	uint32_t watcher = begin(&settings->word);

	for (;;) {
		rearm(watcher);
		mproci_event_count_arm(settings);
		if (mproc_event_is_set(&all->event) == 1)
			break;
		mproci_poll_one(bell.place.descriptor, MPROC_FOREVER);
	}
	end(all, watcher);
}

static void add_two_for_event(void *shared)
{
	tower *all = shared;

	make_nothing(shared);
	mproc_event_init(&all->event);
	crash_start("the first watcher", await_event);
	crash_start("the second watcher", await_event);
}

static void set_event(void *shared)
{
	tower *all = shared;

	mproc_event_set(&all->event);
}

static void check_event(void *shared)
{
	tower *all = shared;

	if (mproc_event_is_set(&all->event) == 0)
		set_event(shared);
	crash_await(&all->gone, 2);
	check_table();
}

/* ---- queues ---- */

static void make_queue(void *shared)
{
	tower *all = shared;

	crash_expect(mproc_queue_create(NULL, &all->queue) == 0, "%s", mproc_error_text());
}

static int get(tower *all, uint32_t *ret_value)
{
	return mproc_queue_get(all->queue, ret_value, sizeof *ret_value, MPROC_NOW, NULL);
}

static void put(tower *all, uint32_t value)
{
	crash_expect(mproc_queue_put(all->queue, &value, sizeof value, MPROC_FOREVER) == 0, "%s",
		mproc_error_text());
}

/* As an event loop does, until the last message, or until the queue is no more. */
static void consume(void *shared)
{
	tower *all = shared;
	int fd = mproc_queue_fd(all->queue), rc = 0;
	uint32_t value = 0, before = 0;

	crash_expect(fd >= 0, "%s", mproc_error_text());
	while (value != LAST && rc != -EPIPE && rc != -EINVAL) {
		rc = get(all, &value);
		if (rc == 0) {
			crash_expect(value > before, "message %u comes after %u", value, before);
			before = value;
			crash_add(&all->got);
		} else if (rc == -ETIMEDOUT || rc == -EAGAIN) {
			mproci_poll_one(fd, MPROC_FOREVER);
		}
	}
	crash_add(&all->gone);
}

static void add_queue(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	watch_table();
	crash_start("the maker", make_queue);
}

static void add_consumer(void *shared)
{
	add_queue(shared);
	crash_start("the consumer", consume);
}

static void put_first(void *shared)
{
	tower *all = shared;

	put(all, FIRST);
}

/* What was put is got without help, then comes another. */
static void check_consumer(void *shared)
{
	tower *all = shared;

	if (all->got == 0 && mproc_queue_is_empty(all->queue) == 0)
		crash_await(&all->got, 1);
	put(all, LAST);
	crash_await(&all->gone, 1);
}

static void close_queue(void *shared)
{
	tower *all = shared;

	mproc_queue_close(all->queue);
}

static void check_closed(void *shared)
{
	tower *all = shared;

	close_queue(shared);
	crash_await(&all->gone, 1);
}

static void destroy_queue(void *shared)
{
	tower *all = shared;

	mproc_queue_destroy(all->queue);
}

static void check_destroyed(void *shared)
{
	tower *all = shared;

	destroy_queue(shared);
	crash_await(&all->gone, 1);
}

/* The victim has a descriptor too. */
static void look_and_destroy(void *shared)
{
	tower *all = shared;

	mproc_queue_fd(all->queue);
	destroy_queue(shared);
}

static void open_descriptor(void *shared)
{
	tower *all = shared;
	uint32_t value;

	crash_expect(mproc_queue_fd(all->queue) >= 0, "%s", mproc_error_text());
	get(all, &value);
}

static void find_it_empty(void *shared)
{
	uint32_t value;

	get(shared, &value);
}

static void open_and_put(void *shared)
{
	tower *all = shared;
	uint32_t value;

	open_descriptor(shared);
	put(all, FIRST);
	get(all, &value);
}

/* Another may use the queue, and nobody is left in the table. */
static void check_use(void *shared)
{
	tower *all = shared;
	uint32_t value;

	check_table();
	open_descriptor(shared);
	put(all, LAST);
	while (get(all, &value) == 0)
		;
	crash_expect(value == LAST, "the last message is lost");
}

/* ---- mproc_wait ---- */

static void wait_for_all(void *shared)
{
	tower *all = shared;
	const mproc_wait_item items[] = {
		{.kind = MPROC_WAIT_QUEUE, .queue = all->queue},
		{.kind = MPROC_WAIT_EVENT, .event = &all->event},
	};
	size_t first;

	crash_expect(
		mproc_wait(items, 2, MPROC_FOREVER, &first) == 0 && first == 1, "%s", mproc_error_text());
}

static void wait_and_go(void *shared)
{
	tower *all = shared;

	wait_for_all(shared);
	crash_add(&all->gone);
}

static void add_waiter(void *shared)
{
	tower *all = shared;

	mproc_event_init(&all->event);
	add_queue(shared);
	crash_start("the waiter", wait_and_go);
}

static void check_waiter(void *shared)
{
	tower *all = shared;

	set_event(shared);
	crash_await(&all->gone, 1);
	check_table();
}

const crash_operation crash_bell_operations[] = {
	{
		.name = "bell: tell two",
		.size = sizeof(tower),
		.set_up = add_two_watchers,
		.operate = tell,
		.survive = check_two_told,
		.is_sampled = true,
	},
	{
		.name = "bell: tell beside another who tells",
		.size = sizeof(tower),
		.set_up = add_two_watchers,
		.operate = tell,
		.witness = tell,
		.survive = check_two_told,
		.is_sampled = true,
	},
	{
		.name = "bell: come and go",
		.size = sizeof(tower),
		.set_up = make_nothing,
		.operate = come_and_go,
		.survive = check_nobody,
		.is_sampled = true,
	},
	{
		.name = "bell: come and go beside another",
		.size = sizeof(tower),
		.set_up = add_watcher,
		.operate = come_and_go,
		.survive = check_one_told,
		.is_sampled = true,
	},
	{
		.name = "bell: come twice",
		.size = sizeof(tower),
		.set_up = make_nothing,
		.operate = come_twice,
		.survive = check_nobody,
		.is_sampled = true,
		.is_killed_twice = true,
	},
	{
		.name = "bell: set an event",
		.size = sizeof(tower),
		.set_up = add_two_for_event,
		.operate = set_event,
		.survive = check_event,
		.is_sampled = true,
	},
	{
		.name = "queue descriptor: put",
		.size = sizeof(tower),
		.set_up = add_consumer,
		.operate = put_first,
		.survive = check_consumer,
		.is_sampled = true,
		.is_unburied = true,
	},
	{
		.name = "queue descriptor: close",
		.size = sizeof(tower),
		.set_up = add_consumer,
		.operate = close_queue,
		.survive = check_closed,
		.is_sampled = true,
		.is_unburied = true,
	},
	{
		.name = "queue descriptor: destroy",
		.size = sizeof(tower),
		.set_up = add_consumer,
		.operate = look_and_destroy,
		.survive = check_destroyed,
		.is_sampled = true,
	},
	{
		.name = "queue descriptor: first call",
		.size = sizeof(tower),
		.set_up = add_queue,
		.operate = open_descriptor,
		.survive = check_use,
		.is_sampled = true,
	},
	{
		.name = "queue descriptor: rearm",
		.size = sizeof(tower),
		.set_up = add_queue,
		.prepare = open_and_put,
		.operate = find_it_empty,
		.survive = check_use,
		.is_sampled = true,
	},
	{
		.name = "wait: sleep and be told, another beside",
		.size = sizeof(tower),
		.set_up = add_waiter,
		.operate = wait_for_all,
		.unblock = set_event,
		.survive = check_waiter,
		.is_sampled = true,
		.is_rechecked = true,
	},
	{
		.name = "mistake: who tells is not buried",
		.size = sizeof(tower),
		.set_up = add_two_watchers,
		.operate = tell,
		.survive = check_two_told,
		.is_mistake = true,
		.is_unburied = true,
	},
	{
		.name = "mistake: who rings says so too early",
		.size = sizeof(tower),
		.set_up = add_two_watchers,
		.operate = tell_too_early,
		.survive = check_two_told,
		.is_mistake = true,
	},
	{0},
};
