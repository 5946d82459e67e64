/* SPDX-License-Identifier: MIT */
#include <mproc/wait.h>

#include "family/bell.h"
#include "family/member.h"
#include "people.h"
#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* In the arena. */
static struct shared {
	mproc_event event, other;
	mproc_queue *queue;
	_Atomic uint32_t done;
} * shared;

static mproc_connection *near, *far;
static int ends[2];

static void set_up(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_event_init(&shared->event), 0);
	ck_assert_int_eq(mproc_event_init(&shared->other), 0);
	ck_assert_int_eq(mproc_queue_create(NULL, &shared->queue), 0);
	ck_assert_int_eq(mproc_pipe(NULL, &near, &far), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
	mproc_connection_close(near);
	mproc_connection_close(far);
	mproc_queue_destroy(shared->queue);
	mproc_free(shared);
	ck_assert(!mproci_watchers_are_there());
}

static mproc_wait_item queue_item(void)
{
	return (mproc_wait_item){.kind = MPROC_WAIT_QUEUE, .queue = shared->queue};
}

static mproc_wait_item event_item(mproc_event *event)
{
	return (mproc_wait_item){.kind = MPROC_WAIT_EVENT, .event = event};
}

static mproc_wait_item connection_item(void)
{
	return (mproc_wait_item){.kind = MPROC_WAIT_CONNECTION, .connection = near};
}

static mproc_wait_item descriptor_item(int descriptor)
{
	return (mproc_wait_item){.kind = MPROC_WAIT_DESCRIPTOR, .descriptor = descriptor};
}

static mproc_wait_item process_item(mproc_process *process)
{
	return (mproc_wait_item){.kind = MPROC_WAIT_PROCESS, .process = process};
}

enum {
	/* Few: threads that take turns are slow on a machine that is busy. */
	ROUNDS = 500,
};

/* Everything but a process. */
enum {
	QUEUE,
	EVENT,
	CONNECTION,
	DESCRIPTOR,
	KINDS,
};

static mproc_wait_item all[KINDS];

static void list_all(void)
{
	all[QUEUE] = queue_item();
	all[EVENT] = event_item(&shared->event);
	all[CONNECTION] = connection_item();
	all[DESCRIPTOR] = descriptor_item(ends[0]);
}

static int make_ready(void *which)
{
	switch (*(int *)which) {
	case QUEUE:
		return mproc_queue_put(shared->queue, "x", 1, MPROC_FOREVER);
	case EVENT:
		return mproc_event_set(&shared->event);
	case CONNECTION:
		return mproc_connection_send(far, "x", 1, MPROC_FOREVER);
	default:
		return write(ends[1], "x", 1) == 1 ? 0 : -errno;
	}
}

static int make_unready(int which)
{
	char byte;

	switch (which) {
	case QUEUE:
		return mproc_queue_get(shared->queue, &byte, 1, MPROC_NOW, NULL);
	case EVENT:
		return mproc_event_clear(&shared->event);
	case CONNECTION:
		return mproc_connection_recv(near, &byte, 1, MPROC_NOW, NULL);
	default:
		return read(ends[0], &byte, 1) == 1 ? 0 : -errno;
	}
}

/* Let others run until somebody sleeps in mproc_wait for @count queues and events. */
static void await_watchers(uint32_t count)
{
	while ((uint32_t)atomic_load(&mproci_family_here->watcher_limit) < count)
		sched_yield();
}

/* From here on no descriptor has a higher number. */
static struct rlimit limit_descriptors(rlim_t most)
{
	struct rlimit before, now;

	getrlimit(RLIMIT_NOFILE, &before);
	now = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &now);
	return before;
}

static const size_t UNTOUCHED = 77;

/* Returns the index, or what mproc_wait says. */
static int wait_for(const mproc_wait_item *items, size_t count, mproc_deadline deadline)
{
	size_t first = UNTOUCHED;
	int rc = mproc_wait(items, count, deadline, &first);

	if (rc == 0)
		return (int)first;
	return first == UNTOUCHED ? rc : 1;
}

static int wait_for_one(mproc_wait_item item, mproc_deadline deadline)
{
	return wait_for(&item, 1, deadline);
}

START_TEST(wait_refuses_no_items_too_many_and_nowhere_to_tell)
{
	mproc_wait_item item = event_item(&shared->event);
	size_t first;

	ck_assert_int_eq(mproc_wait(NULL, 1, MPROC_NOW, &first), -EINVAL);
	support_check_text("items is NULL");
	ck_assert_int_eq(mproc_wait(&item, 1, MPROC_NOW, NULL), -EINVAL);
	support_check_text("ret_first is NULL");
	ck_assert_int_eq(wait_for(&item, 0, MPROC_NOW), -EINVAL);
	support_check_text("0 items: 1 to 1024 are possible");
	ck_assert_int_eq(wait_for(&item, MPROC_WAIT_MAX + 1, MPROC_NOW), -EINVAL);
	support_check_text("1025 items: 1 to 1024 are possible");
}
END_TEST

/* Behind one that is ready. */
static void check_refusal(mproc_wait_item wrong, int code, const char *text)
{
	mproc_wait_item items[] = {event_item(&shared->event), wrong};
	const mproc_deadline deadlines[] = {MPROC_NOW, MPROC_FOREVER};

	mproc_event_set(&shared->event);
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(wait_for(items, 2, deadlines[i]), code);
		support_check_text("item 1: ");
		support_check_text(text);
	}
}

START_TEST(wait_refuses_what_is_no_item)
{
	mproc_event no_event = {{0}};

	check_refusal((mproc_wait_item){.descriptor = 0}, -EINVAL, "kind 0: 1 to 5 are possible");
	check_refusal((mproc_wait_item){.kind = 6}, -EINVAL, "kind 6: 1 to 5 are possible");
	check_refusal((mproc_wait_item){.kind = MPROC_WAIT_QUEUE}, -EINVAL, "queue is NULL");
	check_refusal((mproc_wait_item){.kind = MPROC_WAIT_EVENT}, -EINVAL, "event is NULL");
	check_refusal((mproc_wait_item){.kind = MPROC_WAIT_CONNECTION}, -EINVAL, "connection is NULL");
	check_refusal((mproc_wait_item){.kind = MPROC_WAIT_PROCESS}, -EINVAL, "process is NULL");
	check_refusal(event_item(&no_event), -EINVAL, "not initialised, or destroyed");
	check_refusal(descriptor_item(-1), -EBADF, "descriptor -1: not open");
	check_refusal(descriptor_item(INT_MAX - 1), -EBADF, "descriptor 2147483646: not open");
	check_refusal(descriptor_item(INT_MAX), -EBADF, "descriptor 2147483647: not open");
}
END_TEST

START_TEST(wait_for_a_descriptor_that_is_closed_fails)
{
	mproc_wait_item items[] = {event_item(&shared->event), descriptor_item(0)};
	char text[64];
	int fd = dup(ends[0]);

	items[1].descriptor = fd;
	close(fd);
	snprintf(text, sizeof text, "item 1: descriptor %d: not open", fd);
	ck_assert_int_eq(wait_for(items, 2, MPROC_NOW), -EBADF);
	support_check_text(text);
	ck_assert_int_eq(wait_for(items, 2, MPROC_FOREVER), -EBADF);
	support_check_text(text);
}
END_TEST

START_TEST(wait_times_out_at_the_deadline_and_not_before)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, INT64_MIN, 1, mproc_after(0.005), mproc_after(0.25)};

	list_all();
	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
		ck_assert_int_eq(wait_for(all, KINDS, deadlines[i]), -ETIMEDOUT);
		support_check_text("none of 4 items is ready until the deadline");
		ck_assert_int_ge(mproci_clock_now(), deadlines[i]);
	}
}
END_TEST

START_TEST(what_is_ready_is_found_whatever_the_deadline_and_stays_ready)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, 1, mproc_after(100), MPROC_FOREVER};

	list_all();
	for (int which = 0; which < KINDS; ++which) {
		ck_assert_int_eq(make_ready(&which), 0);
		for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
			ck_assert_int_eq(wait_for(all, KINDS, deadlines[i]), which);
			ck_assert_int_eq(wait_for_one(all[which], deadlines[i]), 0);
		}
		ck_assert_int_eq(make_unready(which), 0);
		ck_assert_int_eq(wait_for(all, KINDS, MPROC_NOW), -ETIMEDOUT);
	}
}
END_TEST

START_TEST(first_of_those_that_are_ready_is_found)
{
	list_all();
	for (int which = KINDS - 1; which >= 0; --which) {
		ck_assert_int_eq(make_ready(&which), 0);
		ck_assert_int_eq(wait_for(all, KINDS, MPROC_NOW), which);
		ck_assert_int_eq(wait_for(all, KINDS, MPROC_FOREVER), which);
	}
}
END_TEST

START_TEST(what_becomes_ready_ends_the_wait)
{
	list_all();
	for (int round = 0; round < 50; ++round) {
		int which = round % KINDS;
		support_thread other;

		support_begin(&other, make_ready, &which);
		ck_assert_int_eq(wait_for(all, KINDS, MPROC_FOREVER), which);
		ck_assert_int_eq(support_end(&other), 0);
		ck_assert_int_eq(make_unready(which), 0);
	}
}
END_TEST

static int await_all(void *unused)
{
	(void)unused;
	return wait_for(all, KINDS, MPROC_FOREVER);
}

START_TEST(what_becomes_ready_ends_the_wait_of_who_sleeps)
{
	list_all();
	for (int which = 0; which < KINDS; ++which) {
		support_thread sleepers[2];

		for (int i = 0; i < 2; ++i)
			support_begin(&sleepers[i], await_all, NULL);
		/* A queue and an event each. */
		await_watchers(4);
		ck_assert_int_eq(make_ready(&which), 0);
		for (int i = 0; i < 2; ++i)
			ck_assert_int_eq(support_end(&sleepers[i]), which);
		ck_assert_int_eq(make_unready(which), 0);
	}
}
END_TEST

START_TEST(closed_queue_is_ready)
{
	support_thread sleeper;

	list_all();
	support_begin(&sleeper, await_all, NULL);
	await_watchers(2);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	ck_assert_int_eq(support_end(&sleeper), QUEUE);
	ck_assert_int_eq(wait_for_one(queue_item(), MPROC_NOW), 0);
}
END_TEST

START_TEST(destroyed_queue_ends_the_wait)
{
	support_thread sleeper;

	list_all();
	support_begin(&sleeper, await_all, NULL);
	await_watchers(2);
	shared->queue = mproc_queue_destroy(shared->queue);
	ck_assert_int_eq(support_end(&sleeper), -EPIPE);
	ck_assert_ptr_nonnull(strstr(sleeper.text, "item 0: queue"));
	ck_assert_ptr_nonnull(strstr(sleeper.text, "destroyed"));
}
END_TEST

static int await_queue(void *unused)
{
	(void)unused;
	return wait_for_one(queue_item(), MPROC_FOREVER);
}

/* Somewhere between its first step and its sleep. */
START_TEST(queue_that_is_destroyed_while_a_wait_begins_ends_it)
{
	for (int i = 0; i < ROUNDS; ++i) {
		support_thread sleeper;

		support_begin(&sleeper, await_queue, NULL);
		await_watchers(1);
		mproc_queue_destroy(shared->queue);
		ck_assert_int_eq(support_end(&sleeper), -EPIPE);
		ck_assert_int_eq(mproc_queue_create(NULL, &shared->queue), 0);
	}
}
END_TEST

START_TEST(end_of_a_connection_is_ready)
{
	far = mproc_connection_close(far);
	ck_assert_int_eq(wait_for_one(connection_item(), MPROC_FOREVER), 0);
}
END_TEST

START_TEST(end_of_a_descriptor_is_ready)
{
	close(ends[1]);
	ends[1] = -1;
	ck_assert_int_eq(wait_for_one(descriptor_item(ends[0]), MPROC_FOREVER), 0);
}
END_TEST

START_TEST(message_that_is_in_this_process_already_is_ready)
{
	size_t size;

	ck_assert_int_eq(mproc_connection_send(far, "abc", 3, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_connection_next_size(near, MPROC_FOREVER, &size), 0);
	ck_assert_int_eq(wait_for_one(connection_item(), MPROC_NOW), 0);
	ck_assert_int_eq(wait_for_one(connection_item(), MPROC_FOREVER), 0);
}
END_TEST

START_TEST(one_thing_may_be_waited_for_several_times)
{
	mproc_wait_item items[] = {event_item(&shared->other), event_item(&shared->event),
		event_item(&shared->event), queue_item(), queue_item()};
	int which = EVENT;
	support_thread other;

	support_begin(&other, make_ready, &which);
	ck_assert_int_eq(wait_for(items, 5, MPROC_FOREVER), 1);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

static int set_the_other(void *unused)
{
	(void)unused;
	await_watchers(MPROC_WAIT_MAX);
	return mproc_event_set(&shared->other);
}

START_TEST(as_many_as_1024_things_can_be_waited_for)
{
	static mproc_wait_item items[MPROC_WAIT_MAX];
	support_thread other;

	for (int i = 0; i < MPROC_WAIT_MAX - 1; ++i)
		items[i] = event_item(&shared->event);
	items[MPROC_WAIT_MAX - 1] = event_item(&shared->other);
	support_begin(&other, set_the_other, NULL);
	ck_assert_int_eq(wait_for(items, MPROC_WAIT_MAX, MPROC_FOREVER), MPROC_WAIT_MAX - 1);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

START_TEST(more_things_can_be_waited_for_than_descriptors_may_be_open)
{
	static mproc_wait_item items[MPROC_WAIT_MAX];
	struct rlimit before;
	int rc;

	for (int i = 0; i < MPROC_WAIT_MAX; ++i)
		items[i] = i % 2 == 0 ? event_item(&shared->event) : queue_item();
	items[700] = descriptor_item(ends[0]);
	before = limit_descriptors(64);
	rc = wait_for(items, MPROC_WAIT_MAX, mproc_after(0.001));
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(rc, -ETIMEDOUT);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(wait_for(items, MPROC_WAIT_MAX, MPROC_FOREVER), 700);
	/* But not more descriptors. */
	for (int i = 0; i < 65; ++i)
		items[i] = descriptor_item(ends[0]);
	before = limit_descriptors(64);
	rc = wait_for(items, 65, MPROC_NOW);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_str_eq(
		mproc_error_text(), "65 connections, processes and descriptors: RLIMIT_NOFILE allows fewer");
}
END_TEST

START_TEST(event_in_ordinary_memory_is_waited_for_between_threads)
{
	mproc_event here;
	mproc_wait_item item = event_item(&here);
	support_thread other;

	ck_assert_int_eq(mproc_event_init(&here), 0);
	support_begin(&other, (support_deed *)mproc_event_set, &here);
	ck_assert_int_eq(wait_for(&item, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

/* Sets one event for each time that the other was set. */
static int answer(void *unused)
{
	mproc_wait_item items[] = {descriptor_item(ends[0]), event_item(&shared->event)};

	(void)unused;
	for (int i = 0; i < ROUNDS; ++i) {
		int rc = wait_for(items, 2, MPROC_FOREVER);

		if (rc != 1)
			return 100;
		mproc_event_clear(&shared->event);
		mproc_event_set(&shared->other);
	}
	return 0;
}

static void ask(void)
{
	mproc_wait_item items[] = {descriptor_item(ends[0]), event_item(&shared->other)};

	for (int i = 0; i < ROUNDS; ++i) {
		mproc_event_set(&shared->event);
		ck_assert_int_eq(wait_for(items, 2, MPROC_FOREVER), 1);
		mproc_event_clear(&shared->other);
	}
}

START_TEST(threads_take_turns_with_two_events)
{
	support_thread other;

	support_begin(&other, answer, NULL);
	ask();
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

/* Take whatever comes from the queue, until it is closed. */
static int take_all(void *unused)
{
	mproc_wait_item items[] = {event_item(&shared->event), queue_item()};

	(void)unused;
	for (;;) {
		char byte;
		int rc = wait_for(items, 2, MPROC_FOREVER);

		if (rc != 1)
			return 100;
		rc = mproc_queue_get(shared->queue, &byte, 1, MPROC_NOW, NULL);
		if (rc == 0)
			atomic_fetch_add(&shared->done, 1);
		else if (rc == -EPIPE)
			return 0;
		else if (rc != -ETIMEDOUT && rc != -EAGAIN)
			return -rc;
	}
}

static int put_many(void *unused)
{
	int rc = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS && rc == 0; ++i)
		rc = mproc_queue_put(shared->queue, "x", 1, MPROC_FOREVER);
	return rc;
}

START_TEST(threads_that_wait_take_all_that_others_put)
{
	support_thread takers[3], putters[3];

	for (int i = 0; i < 3; ++i)
		support_begin(&takers[i], take_all, NULL);
	for (int i = 0; i < 3; ++i)
		support_begin(&putters[i], put_many, NULL);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_end(&putters[i]), 0);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_end(&takers[i]), 0);
	ck_assert_uint_eq(shared->done, 3 * ROUNDS);
}
END_TEST

START_TEST(who_need_not_sleep_needs_no_descriptor_and_who_must_is_told)
{
	struct rlimit before;
	int ready, sleepy, now, which = QUEUE;

	list_all();
	before = limit_descriptors(0);
	now = wait_for(all, 2, MPROC_NOW);
	sleepy = wait_for(all, 2, MPROC_FOREVER);
	make_ready(&which);
	ready = wait_for(all, 2, MPROC_FOREVER);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(now, -ETIMEDOUT);
	ck_assert_int_eq(sleepy, -EMFILE);
	ck_assert_int_eq(ready, 0);
}
END_TEST

START_TEST(wait_that_runs_out_of_descriptors_leaves_nothing)
{
	list_all();
	for (rlim_t most = 0; most < 32; ++most) {
		struct rlimit before = limit_descriptors(most);
		int rc = wait_for(all, 2, mproc_after(0.0001));

		setrlimit(RLIMIT_NOFILE, &before);
		ck_assert(rc == -EMFILE || rc == -ETIMEDOUT);
		ck_assert(!mproci_watchers_are_there());
	}
}
END_TEST

START_TEST(who_cannot_be_told_does_not_sleep)
{
	list_all();
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	ck_assert_int_eq(wait_for(all, KINDS, MPROC_FOREVER), -EACCES);
	support_check_text("it is not dumpable");
	/* A connection and a descriptor tell by themselves. */
	ck_assert_int_eq(wait_for(&all[CONNECTION], 2, mproc_after(0.001)), -ETIMEDOUT);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}
END_TEST

START_TEST(descriptor_of_the_library_that_is_closed_ends_the_wait)
{
	support_thread sleeper;

	list_all();
	support_begin(&sleeper, await_all, NULL);
	await_watchers(2);
	while (atomic_load(&mproci_family_here->watched[0]) == 0)
		sched_yield();
	close(mproci_family_here->watchers[0].descriptor);
	ck_assert_int_eq(support_end(&sleeper), -EBADF);
	ck_assert_ptr_nonnull(strstr(sleeper.text, "of the library was closed while this thread slept"));
}
END_TEST

START_TEST(wait_where_there_is_no_room_fails)
{
	mproci_bell bell;
	uint32_t watcher;

	list_all();
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	for (int i = 0; i < MPROCI_WATCHERS - 1; ++i)
		ck_assert_int_eq(mproci_watcher_add(&bell, &bell, &watcher), 0);
	/* One is left, and two are needed. */
	ck_assert_int_eq(wait_for(all, 2, MPROC_FOREVER), -EAGAIN);
	support_check_text("4096 queues and events are waited for");
	for (uint32_t i = 0; i < MPROCI_WATCHERS - 1; ++i)
		mproci_watcher_remove(i);
	mproci_bell_close(&bell);
}
END_TEST

/* From here on: between processes. */

static int make_ready_when_watched(void *which)
{
	if (mproci_family_join() != 0)
		return 100;
	await_watchers(2);
	return make_ready(which);
}

START_TEST(older_process_ends_the_wait)
{
	list_all();
	for (int which = 0; which < KINDS; ++which) {
		pid_t other = support_fork(make_ready_when_watched, &which);

		ck_assert_int_eq(wait_for(all, KINDS, MPROC_FOREVER), which);
		ck_assert_int_eq(support_reap(other), 0);
		ck_assert_int_eq(make_unready(which), 0);
	}
}
END_TEST

static int await_event_in_child(void *unused)
{
	(void)unused;
	return wait_for_one(event_item(&shared->event), MPROC_FOREVER);
}

START_TEST(process_that_was_forked_without_mproc_may_wait)
{
	pid_t child = support_fork(await_event_in_child, NULL);

	await_watchers(1);
	ck_assert_int_eq(mproc_event_set(&shared->event), 0);
	ck_assert_int_eq(support_reap(child), 0);
}
END_TEST

START_TEST(process_that_cannot_join_the_family_does_not_sleep)
{
	support_check_refusals(await_event_in_child, NULL);
}
END_TEST

static int return_soon(void *unused)
{
	(void)unused;
	return 0;
}

static int wait_for_end(void *unused)
{
	(void)unused;
	pause();
	return 0;
}

START_TEST(end_of_a_process_ends_the_wait)
{
	mproc_process *process = support_start(wait_for_end, NULL);
	mproc_wait_item items[] = {queue_item(), process_item(process)};

	ck_assert_int_eq(wait_for(items, 2, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(wait_for(items, 2, mproc_after(0.01)), -ETIMEDOUT);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(wait_for(items, 2, MPROC_FOREVER), 1);
	ck_assert_int_eq(wait_for(items, 2, MPROC_NOW), 1);
	ck_assert_int_eq(mproc_process_join(process, MPROC_NOW), 0);
	/* Also when it was joined. */
	ck_assert_int_eq(wait_for(items, 2, MPROC_NOW), 1);
	ck_assert_ptr_null(mproc_process_close(process));
}
END_TEST

START_TEST(first_of_many_processes_to_end_is_found)
{
	mproc_process *processes[3];
	mproc_wait_item items[3];

	for (int i = 0; i < 3; ++i) {
		processes[i] = support_start(i == 1 ? return_soon : wait_for_end, NULL);
		items[i] = process_item(processes[i]);
	}
	ck_assert_int_eq(wait_for(items, 3, MPROC_FOREVER), 1);
	for (int i = 0; i < 3; ++i)
		support_kill_and_join(processes[i]);
}
END_TEST

static mproc_process *somebody;

static int wait_for_somebody(void *unused)
{
	mproc_wait_item item = process_item(somebody);

	(void)unused;
	return wait_for(&item, 1, MPROC_FOREVER) == -ECHILD ? 0 : 1;
}

START_TEST(handle_of_another_process_is_refused)
{
	somebody = support_start(wait_for_end, NULL);
	ck_assert_int_eq(support_reap(support_fork(wait_for_somebody, NULL)), 0);
	support_kill_and_join(somebody);
}
END_TEST

static int wait_for_parent(void *unused)
{
	mproc_wait_item item = process_item(mproc_process_parent());

	(void)unused;
	return wait_for(&item, 1, mproc_after(0.001)) == -ETIMEDOUT ? 0 : 1;
}

START_TEST(parent_that_lives_is_not_ready)
{
	mproc_process *process = support_start(wait_for_parent, NULL);
	int code = -1;

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 0);
	mproc_process_close(process);
}
END_TEST

static int sleep_in_wait(void *unused)
{
	(void)unused;
	return wait_for(all, KINDS, MPROC_FOREVER);
}

START_TEST(killed_sleeper_costs_the_others_nothing)
{
	pid_t killed, other;
	int which = QUEUE;

	list_all();
	killed = support_fork(sleep_in_wait, NULL);
	await_watchers(2);
	other = support_fork(sleep_in_wait, NULL);
	await_watchers(4);
	support_kill(killed);
	ck_assert_int_eq(make_ready(&which), 0);
	ck_assert_int_eq(support_reap(other), QUEUE);
	mproci_member_sweep();
}
END_TEST

/* Set it, and be killed before anybody is told: the event lies in front of the count of those who wait. */
static int set_and_tell_nobody(void *unused)
{
	_Atomic uint32_t *flag = (_Atomic uint32_t *)(void *)&shared->event.opaque[1];

	(void)unused;
	if (mproci_family_join() != 0 || *flag != 0)
		return 1;
	*flag = 1;
	return mproc_event_is_set(&shared->event) == 1 ? 0 : 2;
}

START_TEST(event_whose_setter_was_killed_before_it_told_anybody_is_seen)
{
	support_thread sleeper;

	list_all();
	support_begin(&sleeper, await_all, NULL);
	await_watchers(2);
	support_kill(support_fork_and_keep(set_and_tell_nobody, NULL));
	ck_assert_int_eq(support_end(&sleeper), EVENT);
}
END_TEST

START_TEST(caught_signal_does_not_end_a_wait)
{
	static int which = EVENT;

	list_all();
	support_disturb(make_ready, &which);
	ck_assert_int_eq(wait_for(all, KINDS, MPROC_FOREVER), EVENT);
	support_calm();
}
END_TEST

static int join_and_answer(void *unused)
{
	return mproci_family_join() != 0 ? 100 : answer(unused);
}

START_TEST(processes_take_turns_with_two_events)
{
	pid_t other = support_fork(join_and_answer, NULL);

	ask();
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(processes_that_wait_take_all_that_others_put)
{
	pid_t takers[3], putters[3];

	for (int i = 0; i < 3; ++i)
		takers[i] = support_fork(take_all, NULL);
	for (int i = 0; i < 3; ++i)
		putters[i] = support_fork(put_many, NULL);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_reap(putters[i]), 0);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_reap(takers[i]), 0);
	ck_assert_uint_eq(shared->done, 3 * ROUNDS);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		wait_refuses_no_items_too_many_and_nowhere_to_tell,
		wait_refuses_what_is_no_item,
		wait_for_a_descriptor_that_is_closed_fails,
		wait_times_out_at_the_deadline_and_not_before,
		what_is_ready_is_found_whatever_the_deadline_and_stays_ready,
		first_of_those_that_are_ready_is_found,
		what_becomes_ready_ends_the_wait,
		what_becomes_ready_ends_the_wait_of_who_sleeps,
		closed_queue_is_ready,
		destroyed_queue_ends_the_wait,
		queue_that_is_destroyed_while_a_wait_begins_ends_it,
		end_of_a_connection_is_ready,
		end_of_a_descriptor_is_ready,
		message_that_is_in_this_process_already_is_ready,
		one_thing_may_be_waited_for_several_times,
		as_many_as_1024_things_can_be_waited_for,
		more_things_can_be_waited_for_than_descriptors_may_be_open,
		event_in_ordinary_memory_is_waited_for_between_threads,
		threads_take_turns_with_two_events,
		threads_that_wait_take_all_that_others_put,
		who_need_not_sleep_needs_no_descriptor_and_who_must_is_told,
		wait_that_runs_out_of_descriptors_leaves_nothing,
		who_cannot_be_told_does_not_sleep,
		wait_where_there_is_no_room_fails,
		NULL,
	};
	const TTest *process_tests[] = {
		/* Here, for it is a race, and made one on purpose. */
		descriptor_of_the_library_that_is_closed_ends_the_wait,
		older_process_ends_the_wait,
		process_that_was_forked_without_mproc_may_wait,
		process_that_cannot_join_the_family_does_not_sleep,
		end_of_a_process_ends_the_wait,
		first_of_many_processes_to_end_is_found,
		handle_of_another_process_is_refused,
		parent_that_lives_is_not_ready,
		killed_sleeper_costs_the_others_nothing,
		event_whose_setter_was_killed_before_it_told_anybody_is_seen,
		caught_signal_does_not_end_a_wait,
		processes_take_turns_with_two_events,
		processes_that_wait_take_all_that_others_put,
		NULL,
	};
	const support_suite suite = {
		.name = "wait",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = set_up,
		.teardown = tear_down,
	};

	return support_run_suite(&suite);
}
