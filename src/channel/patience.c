/* SPDX-License-Identifier: MIT */
#include "channel/patience.h"

#include "base/deadline.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/futex.h"
#include "sys/relax.h"

#include <errno.h>

/* How long to look again: less than it costs to fall asleep and be woken. */
static const int64_t LOOKING = 2000;

/* A wait as short as this, in nanoseconds, is one in a stream, after so many of them. */
static const int64_t SHORT_WAIT = 1000000;
static const uint32_t STREAM = 3;

/*
 * In a stream a thread rests, in nanoseconds.  Not even a look is free: it takes the cache line away from the other side, which
 * needs it for each message.  A rest up to the longest pause it spends awake; the kernel adds 50 microseconds to a longer one.
 */
static const uint32_t SHORTEST_REST = 200, LONGEST_PAUSE = 4000, LONGEST_REST = 250000;

/* As many messages as a rest should gather. */
static const uint64_t GATHERED = 32;

/* How long producers wait before they have the ring grow; the kernel adds as much. */
static const int64_t BREATH = 50000;

/* So many bytes of the ring consumers take meanwhile, if they are fast. */
static const uint64_t BREATHED = 32 << 10;

/* Where the shortest rest is too long, so many waits are without. */
static const uint32_t WAITS_WITHOUT = 64;

/* How this thread has waited last, for messages and for room. */
typedef struct history {
	const mproc_queue *queue;
	int64_t began;
	uint32_t streak, rest, without;
} history;

static _Thread_local history of_messages, of_room;

_Thread_local __attribute__((tls_model("initial-exec"))) bool mproci_patience_has_put;

/* What is waited for. */
typedef struct wait {
	mproc_queue *queue;
	size_t size;
	bool (*is_over)(const struct wait *self);
	int (*settle)(mproc_queue *queue, mproc_deadline deadline);
	mproci_event_count *events;
	history *history;
} wait;

static bool look_for_a_moment(const wait *self)
{
	int64_t end = mproci_clock_now() + LOOKING;

	do {
		if (self->is_over(self))
			return true;
		for (int i = 0; i < 8; ++i)
			mproci_relax();
	} while (mproci_clock_now() < end);
	return self->is_over(self);
}

/* Whether this wait is one of several short ones; notes it. */
static bool is_in_stream(const wait *self, int64_t now)
{
	history *last = self->history;

	if (last->queue != self->queue || now - last->began > SHORT_WAIT)
		*last = (history){.queue = self->queue, .rest = SHORTEST_REST};
	last->began = now;
	if (last->without > 0) {
		--last->without;
		return false;
	}
	return ++last->streak > STREAM;
}

/* The next rest shall find some messages, or some room, and not have let the other side wait. */
static void adapt(history *self, mproc_queue *queue)
{
	mproci_totals put = mproci_side_read(&queue->producers), taken = mproci_side_read(&queue->consumers);
	uint64_t count = put.messages - taken.messages, bytes = put.bytes - taken.bytes;
	bool is_for_messages = self == &of_messages;
	uint64_t gathered = is_for_messages ? count : queue->max_messages - count;
	uint64_t gathered_bytes = is_for_messages ? bytes : queue->max_bytes - bytes;

	if (gathered > queue->max_messages - queue->max_messages / 4
		|| gathered_bytes > queue->max_bytes - queue->max_bytes / 4) {
		self->without = self->rest == SHORTEST_REST ? WAITS_WITHOUT : 0;
		self->rest = SHORTEST_REST;
	} else if (gathered < GATHERED && self->rest < LONGEST_REST) {
		self->rest *= 2;
	} else if (gathered > 4 * GATHERED && self->rest > SHORTEST_REST) {
		self->rest /= 2;
	}
}

static void pause_until(int64_t end)
{
	do {
		for (int i = 0; i < 4; ++i)
			mproci_relax();
	} while (mproci_clock_now() < end);
}

static void rest_until(int64_t end, bool is_pause)
{
	_Atomic uint32_t nobody = 0;

	if (is_pause)
		pause_until(end);
	else
		mproci_futex_wait(&nobody, 0, end);
}

/* Returns whether it was worth it. */
static bool rest(const wait *self, mproc_deadline deadline)
{
	history *last = self->history;
	int64_t now = mproci_clock_now();

	/* In a queue that holds no more than a rest should gather, every rest is too long. */
	if (self->queue->max_messages <= GATHERED || !is_in_stream(self, now))
		return false;
	rest_until(mproci_deadline_earlier(deadline, now + last->rest), last->rest <= LONGEST_PAUSE);
	if (self->is_over(self)) {
		adapt(last, self->queue);
		return true;
	}
	/* The stream has dried up; or it runs slower. */
	if (last->rest > LONGEST_PAUSE)
		last->streak = 0;
	else
		last->rest *= 2;
	return false;
}

/*
 * Having prepared, this waits until whoever is inside has left.  Who comes after that sees that somebody sleeps, since the lock orders
 * them; what anybody did before that is seen here.
 */
static int sleep_until(const wait *self, mproc_deadline deadline)
{
	uint32_t key = mproci_event_count_prepare(self->events);
	int rc;

	/* Whoever makes room for one large message may make it for several small ones. */
	if (self->history == &of_room)
		atomic_store(&self->queue->consumers.wakes_all, 1);
	rc = self->settle(self->queue, deadline);
	if (rc < 0 || self->is_over(self)) {
		mproci_event_count_cancel(self->events);
		return rc;
	}
	return mproci_event_count_wait_unburied(self->events, key, deadline);
}

static int await(const wait *self, mproc_deadline deadline)
{
	int rc;

	if (deadline < 0)
		return -ETIMEDOUT;
	if (rest(self, deadline) || look_for_a_moment(self))
		return 0;
	rc = sleep_until(self, deadline);
	/* After a long sleep. */
	if (self->history == &of_messages && !self->is_over(self))
		mproci_queue_shrink(self->queue);
	return rc;
}

static bool has_message(const wait *self)
{
	return mproci_queue_has_message(self->queue);
}

static bool has_room(const wait *self)
{
	return mproci_queue_has_room(self->queue, self->size)
	       || mproci_queue_is_in(self->queue, MPROCI_QUEUE_CLOSED);
}

int mproci_patience_await_message(mproc_queue *queue, mproc_deadline deadline)
{
	const wait self = {
		.queue = queue,
		.is_over = has_message,
		.settle = mproci_queue_settle_producers,
		.events = &queue->producers.passing,
		.history = &of_messages,
	};

	if (mproci_patience_has_put)
		of_messages.queue = NULL;
	mproci_patience_has_put = false;
	if (queue->is_acknowledged)
		mproci_member_watch();
	return await(&self, deadline);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool mproci_patience_should_grow(mproc_queue *queue, mproc_deadline deadline)
{
	uint64_t before = atomic_load_explicit(&queue->consumers.position, memory_order_relaxed), after;
	_Atomic uint32_t nobody = 0;

	if (deadline < 0)
		return true;
	mproci_futex_wait(&nobody, 0, mproci_deadline_earlier(deadline, mproci_clock_now() + BREATH));
	after = atomic_load_explicit(&queue->consumers.position, memory_order_acquire);
	/* They are slow, or they have waited. */
	return after - before < least(mproci_ring_size(&queue->producers) / 4, BREATHED)
	       || after == atomic_load_explicit(&queue->producers.position, memory_order_relaxed);
}

int mproci_patience_await_room(mproc_queue *queue, size_t size, mproc_deadline deadline)
{
	const wait self = {
		.queue = queue,
		.size = size,
		.is_over = has_room,
		.settle = mproci_queue_settle_consumers,
		.events = &queue->consumers.passing,
		.history = &of_room,
	};

	return await(&self, deadline);
}
