/* SPDX-License-Identifier: MIT */
/*
 * Who must sleep does so in one poll, of all descriptors there are and of a bell (sys/bell.h) for what has
 * none: queues and events.  Whatever woke it, it looks at everything anew, from the first to the last.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "channel/connection.h"
#include "channel/queue.h"
#include "channel/queue_fd.h"
#include "family/bell.h"
#include "family/member.h"
#include "sync/event.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/result.h>
#include <mproc/wait.h>
#include <stdlib.h>
#include <string.h>

/* What a bell may fail to tell is looked at again this often. */
static const int64_t RECHECK = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* What there is to know of a kind of items. */
typedef struct kind {
	/*
	 * Check the item.  Returns the descriptor that is readable when it is ready, or NONE, or OVER; a
	 * negative errno with an error text.
	 */
	int (*begin)(const mproc_wait_item *item);
	/* Of those without a descriptor: have the bell rung for it; and again, after it was rung. */
	int (*watch)(const mproc_wait_item *item, const mproci_bell *bell, uint32_t *ret_watcher);
	void (*arm)(const mproc_wait_item *item, uint32_t watcher);
	/*
	 * Returns whether it is ready, as far as its descriptor does not tell; a negative errno with an error
	 * text.  @watcher: NOBODY before it is watched.  Or NULL.
	 */
	int (*is_ready)(const mproc_wait_item *item, uint32_t watcher);
} kind;

enum {
	/* Instead of a descriptor. */
	NONE = INT32_MAX,
	/* It is ready already, for good. */
	OVER = NONE - 1,
};

/* Instead of a watcher. */
static const uint32_t NOBODY = UINT32_MAX;

static int begin_queue(const mproc_wait_item *item)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(item->queue, &inside);
	if (rc < 0)
		return rc;
	mproci_queue_leave(inside);
	return NONE;
}

/* It was one when this call began. */
static int fail_destroyed(const mproc_wait_item *item)
{
	return mproci_fail(-EPIPE, "queue %p: destroyed", (void *)item->queue);
}

static int watch_queue(const mproc_wait_item *item, const mproci_bell *bell, uint32_t *ret_watcher)
{
	_Atomic uintptr_t *inside;
	int rc;

	if (mproci_queue_enter(item->queue, &inside) < 0)
		return fail_destroyed(item);
	rc = mproci_queue_fd_watch(item->queue, bell, ret_watcher);
	mproci_queue_leave(inside);
	return rc;
}

static bool enter_queue(const mproc_wait_item *item, uint32_t watcher, _Atomic uintptr_t **ret_inside)
{
	if (watcher == NOBODY)
		return mproci_queue_enter(item->queue, ret_inside) == 0;
	return mproci_queue_fd_enter(item->queue, watcher, ret_inside);
}

static void arm_queue(const mproc_wait_item *item, uint32_t watcher)
{
	_Atomic uintptr_t *inside;

	if (!enter_queue(item, watcher, &inside))
		return;
	mproci_queue_fd_settle(item->queue);
	mproci_queue_leave(inside);
}

static int is_queue_ready(const mproc_wait_item *item, uint32_t watcher)
{
	_Atomic uintptr_t *inside;
	bool is_destroyed, is_ready;

	if (!enter_queue(item, watcher, &inside))
		return fail_destroyed(item);
	is_ready = mproci_queue_has_message(item->queue);
	/* Afterwards: what is destroyed is closed as well. */
	is_destroyed = mproci_queue_is_in(item->queue, MPROCI_QUEUE_DESTROYED);
	mproci_queue_leave(inside);
	return is_destroyed ? fail_destroyed(item) : is_ready;
}

static int begin_event(const mproc_wait_item *item)
{
	int rc = mproc_event_is_set(item->event);

	return rc < 0 ? rc : NONE;
}

static int watch_event(const mproc_wait_item *item, const mproci_bell *bell, uint32_t *ret_watcher)
{
	return mproci_watcher_add(bell, &mproci_event_settings(item->event)->word, ret_watcher);
}

static void arm_event(const mproc_wait_item *item, uint32_t watcher)
{
	(void)watcher;
	mproci_event_count_arm(mproci_event_settings(item->event));
}

static int is_event_ready(const mproc_wait_item *item, uint32_t watcher)
{
	(void)watcher;
	return mproc_event_is_set(item->event);
}

static int begin_connection(const mproc_wait_item *item)
{
	return mproc_connection_fd(item->connection);
}

static int is_connection_ready(const mproc_wait_item *item, uint32_t watcher)
{
	(void)watcher;
	return mproci_connection_is_ready(item->connection);
}

static int begin_process(const mproc_wait_item *item)
{
	int rc = mproc_process_fd(item->process);

	return rc == -ESRCH ? OVER : rc;
}

static int begin_descriptor(const mproc_wait_item *item)
{
	/* No process can have as many as that; they mean something else here. */
	if (item->descriptor < 0 || item->descriptor >= OVER)
		return mproci_fail(-EBADF, "descriptor %d: not open", item->descriptor);
	return item->descriptor;
}

static const kind kinds[] = {
	[MPROC_WAIT_QUEUE] = {begin_queue, watch_queue, arm_queue, is_queue_ready},
	[MPROC_WAIT_CONNECTION] = {.begin = begin_connection, .is_ready = is_connection_ready},
	[MPROC_WAIT_EVENT] = {begin_event, watch_event, arm_event, is_event_ready},
	[MPROC_WAIT_PROCESS] = {.begin = begin_process},
	[MPROC_WAIT_DESCRIPTOR] = {.begin = begin_descriptor},
};

/* What becomes of an item during the call. */
typedef struct progress {
	/* Its place among the descriptors, or NONE, or OVER. */
	int place;
	/* Or NOBODY. */
	uint32_t watcher;
} progress;

typedef struct waiting {
	const mproc_wait_item *items;
	progress *progress;
	size_t count;
	/* Items with a descriptor, and without one. */
	size_t polled, watched;
	mproci_bell bell;
	/*
	 * Those of the items, then that of the bell.  No others: poll takes no more than a process may have
	 * open.
	 */
	struct pollfd descriptors[];
} waiting;

static const kind *kind_of(const mproc_wait_item *item)
{
	return &kinds[item->kind];
}

static int fail_item(size_t index, int rc)
{
	char text[MPROCI_ERROR_TEXT_SIZE];

	strncpy(text, mproc_error_text(), sizeof text - 1);
	text[sizeof text - 1] = 0;
	return mproci_fail(rc, "item %zu: %s", index, text);
}

static int begin_item(waiting *self, size_t index)
{
	const mproc_wait_item *item = &self->items[index];
	int rc;

	if (item->kind < MPROC_WAIT_QUEUE || item->kind > MPROC_WAIT_DESCRIPTOR)
		return mproci_fail(-EINVAL, "item %zu: kind %d: %d to %d are possible", index,
			(int)item->kind, MPROC_WAIT_QUEUE, MPROC_WAIT_DESCRIPTOR);
	rc = kind_of(item)->begin(item);
	if (rc < 0)
		return fail_item(index, rc);
	self->progress[index].place = rc;
	if (rc < OVER) {
		self->progress[index].place = (int)self->polled;
		self->descriptors[self->polled++] = (struct pollfd){.fd = rc, .events = POLLIN};
	}
	self->watched += rc == NONE ? 1 : 0;
	return 0;
}

static waiting *allocate(const mproc_wait_item *items, size_t count)
{
	waiting *self = calloc(
		1, sizeof *self + (count + 1) * sizeof *self->descriptors + count * sizeof *self->progress);

	if (self == NULL)
		return NULL;
	self->items = items;
	self->progress = (progress *)(void *)&self->descriptors[count + 1];
	self->count = count;
	return self;
}

static int begin(waiting *self)
{
	int rc = 0;

	for (size_t i = 0; i < self->count; ++i)
		self->progress[i].watcher = NOBODY;
	for (size_t i = 0; rc == 0 && i < self->count; ++i)
		rc = begin_item(self, i);
	return rc;
}

static void end(waiting *self)
{
	for (size_t i = 0; i < self->count; ++i) {
		if (self->progress[i].watcher != NOBODY)
			mproci_watcher_remove(self->progress[i].watcher);
	}
	mproci_bell_close(&self->bell);
	free(self);
}

/* The bell, and who rings it. */
static int watch(waiting *self)
{
	int rc;

	rc = mproci_family_join();
	if (rc == 0)
		rc = mproci_bell_open(&self->bell);
	if (rc < 0)
		return rc;
	self->descriptors[self->polled] =
		(struct pollfd){.fd = self->bell.place.descriptor, .events = POLLIN};
	for (size_t i = 0; i < self->count; ++i) {
		const mproc_wait_item *item = &self->items[i];

		if (kind_of(item)->watch == NULL)
			continue;
		rc = kind_of(item)->watch(item, &self->bell, &self->progress[i].watcher);
		if (rc < 0)
			return fail_item(i, rc);
	}
	return 0;
}

/* From here on the bell is rung for what becomes ready; to look comes after this. */
static void arm(waiting *self)
{
	mproci_bell_silence(&self->bell);
	for (size_t i = 0; i < self->count; ++i) {
		uint32_t watcher = self->progress[i].watcher;

		if (watcher == NOBODY)
			continue;
		mproci_watcher_rearm(watcher);
		kind_of(&self->items[i])->arm(&self->items[i], watcher);
	}
}

/* Returns 0, 1, or -EBADF with an error text. */
static int is_polled_ready(const waiting *self, int place)
{
	if (place >= OVER)
		return place == OVER;
	if ((self->descriptors[place].revents & POLLNVAL) != 0)
		return mproci_fail(-EBADF, "descriptor %d: not open", self->descriptors[place].fd);
	return self->descriptors[place].revents != 0;
}

static int is_item_ready(const waiting *self, size_t index)
{
	const mproc_wait_item *item = &self->items[index];
	int rc = 0;

	if (kind_of(item)->is_ready != NULL)
		rc = kind_of(item)->is_ready(item, self->progress[index].watcher);
	if (rc == 0)
		rc = is_polled_ready(self, self->progress[index].place);
	return rc;
}

static int fail_poll(const waiting *self, int rc)
{
	if (rc == -EINVAL)
		return mproci_fail(rc,
			"%zu connections, processes and descriptors: RLIMIT_NOFILE allows fewer",
			self->polled);
	return mproci_fail(rc, "cannot poll: %s", strerror(-rc));
}

/* Returns 0: one is ready; -ETIMEDOUT: none is; another negative errno. */
static int look(waiting *self, size_t *ret_first)
{
	int rc = 0;

	if (self->polled > 0)
		rc = mproci_poll(self->descriptors, self->polled, MPROC_NOW);
	if (rc < 0)
		return fail_poll(self, rc);
	for (size_t i = 0; i < self->count; ++i) {
		rc = is_item_ready(self, i);
		if (rc < 0)
			return fail_item(i, rc);
		if (rc > 0) {
			*ret_first = i;
			return 0;
		}
	}
	return -ETIMEDOUT;
}

static int sleep_once(waiting *self, mproc_deadline deadline)
{
	struct pollfd *bell = &self->descriptors[self->polled];
	size_t bells = self->watched > 0 ? 1 : 0;
	int rc;

	if (bells > 0) {
		mproci_member_watch();
		deadline = mproci_deadline_earlier(deadline, mproci_clock_now() + RECHECK);
	}
	rc = mproci_poll(self->descriptors, self->polled + bells, deadline);
	if (rc < 0)
		return fail_poll(self, rc);
	if (bells > 0 && (bell->revents & POLLNVAL) != 0)
		return mproci_fail(
			-EBADF, "descriptor %d of the library was closed while this thread slept", bell->fd);
	return 0;
}

static int sleep_and_look(waiting *self, mproc_deadline deadline, size_t *ret_first)
{
	for (;;) {
		bool is_over = mproci_deadline_passed(deadline, mproci_clock_now());
		int rc;

		if (self->watched > 0)
			arm(self);
		rc = look(self, ret_first);
		if (rc != -ETIMEDOUT || is_over)
			return rc;
		rc = sleep_once(self, deadline);
		if (rc < 0)
			return rc;
	}
}

static int await(waiting *self, mproc_deadline deadline, size_t *ret_first)
{
	int rc;

	rc = look(self, ret_first);
	if (rc != -ETIMEDOUT || deadline < 0)
		return rc;
	rc = self->watched > 0 ? watch(self) : 0;
	return rc < 0 ? rc : sleep_and_look(self, deadline, ret_first);
}

int mproc_wait(const mproc_wait_item *items, size_t count, mproc_deadline deadline, size_t *ret_first)
{
	waiting *self;
	int rc;

	if (items == NULL || ret_first == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", items == NULL ? "items" : "ret_first");
	if (count == 0 || count > MPROC_WAIT_MAX)
		return mproci_fail(-EINVAL, "%zu items: 1 to %d are possible", count, MPROC_WAIT_MAX);
	self = allocate(items, count);
	if (self == NULL)
		return mproci_fail(-ENOMEM, "no memory to wait for %zu items", count);
	rc = begin(self);
	if (rc == 0)
		rc = await(self, deadline, ret_first);
	end(self);
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "none of %zu items is ready until the deadline", count);
	return rc;
}
