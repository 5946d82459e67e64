/* SPDX-License-Identifier: MIT */
/*
 * Making and ending a queue, its locks, and what it tells about itself.
 */
#include "channel/queue.h"
#include "channel/queue_fd.h"

#include "arena/lock_note.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "family/member.h"
#include "family/thread.h"
#include "sys/clock.h"
#include "sys/futex.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>

static const size_t USUAL_MESSAGES = (size_t)64 << 20, USUAL_BYTES = (size_t)1 << 30;

/* How long those inside of a destroyed queue are waited for, who may be stopped. */
static const int64_t LEAVING = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static int init(mproc_queue *self, const mproc_queue_options *options)
{
	int rc;

	memset((void *)self, 0, sizeof *self);
	self->max_messages = options->max_messages != 0 ? options->max_messages : USUAL_MESSAGES;
	self->max_bytes = options->max_bytes != 0 ? options->max_bytes : USUAL_BYTES;
	self->is_acknowledged = options->acknowledged;
	self->birth = mproci_clock_now();
	rc = mproci_side_init(&self->producers, MPROCI_LOCK_OF_PRODUCERS);
	if (rc == 0)
		rc = mproci_side_init(&self->consumers, MPROCI_LOCK_OF_CONSUMERS);
	if (rc < 0)
		return mproci_fail(rc, "queue: no lock can be made");
	atomic_store(&self->swept, atomic_load(&mproci_family_here->departures));
	return mproci_ring_init(&self->ring);
}

int mproc_queue_create(const mproc_queue_options *options, mproc_queue **ret_queue)
{
	static const mproc_queue_options defaults;
	mproc_queue *self;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_queue == NULL)
		return mproci_fail(-EINVAL, "queue: ret_queue is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	self = mproc_aligned_alloc(_Alignof(mproc_queue), sizeof *self);
	if (self == NULL)
		return -ENOMEM;
	rc = init(self, options);
	if (rc < 0) {
		mproc_free(self);
		return rc;
	}
	/* Whoever is inside when it is destroyed finds it there until he has left. */
	mproci_arena_note_lock(self);
	self->mark = MPROCI_QUEUE_MARK;
	*ret_queue = self;
	return 0;
}

int mproci_queue_enter_family(mproc_queue *queue, _Atomic uintptr_t **ret_inside)
{
	int rc = mproci_family_join();

	*ret_inside = mproci_thread_enters(queue);
	return rc;
}

static int fail_to_lock(mproc_queue *queue, int rc)
{
	return mproci_fail(
		rc, "queue %p: somebody who is inside did not leave until the deadline", (void *)queue);
}

static int refuse_destroyed(mproc_queue *queue, mproci_side *side)
{
	mproci_biased_lock_release(&side->lock);
	return mproci_fail(-EPIPE, "queue %p: destroyed", (void *)queue);
}

/* Whoever was killed while its envelope was being accepted: it was, if its record has passed. */
static void recover_producers(mproc_queue *queue)
{
	uint64_t accepting = atomic_load(&queue->accepting);
	mproci_envelope *envelope;

	if (accepting == 0)
		return;
	envelope = mproci_envelope_find(&queue->envelopes, accepting - 1);
	if (atomic_load(&queue->producers.position) == queue->accepting_position && envelope != NULL
		&& mproci_envelope_state_of(atomic_load(&envelope->word)) == MPROCI_ENVELOPE_QUEUED) {
		atomic_store(&envelope->word, mproci_envelope_word(MPROCI_ENVELOPE_TAKEN,
						      mproci_member_stamp(mproci_member_self()), 0));
		mproci_envelope_release(&queue->envelopes, envelope);
	}
	atomic_store(&queue->accepting, 0);
}

int mproci_queue_see_to_producers(mproc_queue *queue, int rc)
{
	if (rc < 0)
		return fail_to_lock(queue, rc);
	if (mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		return refuse_destroyed(queue, &queue->producers);
	if (rc == MPROC_OWNER_DIED) {
		queue->producers.limit = 0;
		recover_producers(queue);
	}
	return 0;
}

/* Whoever was killed while it took an envelope: what is still in the ring is nobody's. */
static void recover_consumers(mproc_queue *queue)
{
	uint64_t position = atomic_load(&queue->consumers.position);
	mproci_envelope *envelope = NULL;
	mproci_record record;

	queue->consumers.seen.position = atomic_load(&queue->producers.position);
	if (position != queue->consumers.seen.position
		&& mproci_ring_read(&queue->ring, &queue->consumers, &queue->producers, position, &record)
			   == 0
		&& record.kind == MPROCI_RECORD_ENVELOPE)
		envelope = mproci_envelope_find(&queue->envelopes, *(uint64_t *)record.payload);
	/* It may have been behind a gap, and nothing has passed. */
	queue->consumers.limit = 0;
	if (envelope != NULL)
		atomic_store(&envelope->word, mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0));
	mproci_envelope_sweep(&queue->envelopes, &queue->returned);
}

int mproci_queue_see_to_consumers(mproc_queue *queue, int rc)
{
	if (rc < 0)
		return fail_to_lock(queue, rc);
	if (mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		return refuse_destroyed(queue, &queue->consumers);
	if (rc == MPROC_OWNER_DIED) {
		queue->consumers.limit = 0;
		recover_consumers(queue);
	}
	return 0;
}

int mproci_queue_settle_producers(mproc_queue *queue, mproc_deadline deadline)
{
	int rc = mproci_biased_lock_settle(&queue->producers.lock, deadline);

	if (rc == MPROC_OWNER_DIED)
		rc = mproci_queue_lock_producers(queue, deadline);
	else if (rc == 0)
		return 0;
	if (rc == 0)
		mproci_biased_lock_release(&queue->producers.lock);
	return rc;
}

int mproci_queue_settle_consumers(mproc_queue *queue, mproc_deadline deadline)
{
	int rc = mproci_biased_lock_settle(&queue->consumers.lock, deadline);

	if (rc == MPROC_OWNER_DIED)
		rc = mproci_queue_lock_consumers(queue, deadline);
	else if (rc == 0)
		return 0;
	if (rc == 0)
		mproci_biased_lock_release(&queue->consumers.lock);
	return rc;
}

void mproci_queue_shrink(mproc_queue *queue)
{
	if (atomic_load_explicit(&queue->envelopes.kept, memory_order_relaxed) > 0)
		mproci_envelope_shrink(&queue->envelopes);
	if (atomic_load_explicit(&queue->producers.level, memory_order_relaxed) == 0
		|| mproci_queue_lock_consumers(queue, MPROC_NOW) < 0)
		return;
	mproci_ring_shrink(&queue->ring, &queue->consumers, &queue->producers);
	mproci_biased_lock_release(&queue->consumers.lock);
}

bool mproci_queue_is_unswept(const mproc_queue *queue)
{
	return queue->is_acknowledged
	       && atomic_load(&queue->swept) != atomic_load(&mproci_family_here->departures);
}

bool mproci_queue_sweep(mproc_queue *queue)
{
	uint32_t departures = atomic_load(&mproci_family_here->departures);

	if (atomic_load(&queue->swept) != departures) {
		mproci_envelope_sweep(&queue->envelopes, &queue->returned);
		atomic_store(&queue->swept, departures);
	}
	return atomic_load(&queue->returned.count) != 0;
}

bool mproci_queue_is_at_end(mproc_queue *queue)
{
	return mproci_queue_is_in(queue, MPROCI_QUEUE_CLOSED)
	       && !(queue->is_acknowledged && mproci_envelope_is_any_owed(&queue->envelopes));
}

bool mproci_queue_has_message(mproc_queue *queue)
{
	return atomic_load_explicit(&queue->consumers.position, memory_order_relaxed)
		       != atomic_load_explicit(&queue->producers.position, memory_order_acquire)
	       || atomic_load(&queue->returned.count) != 0 || mproci_queue_is_unswept(queue)
	       || mproci_queue_is_at_end(queue);
}

/* What is in the ring, at one instant. */
static mproci_totals read_contents(mproc_queue *queue)
{
	mproci_totals taken, put;

	do {
		taken = mproci_side_read(&queue->consumers);
		put = mproci_side_read(&queue->producers);
		/* Nothing was taken in between, so both are of the instant at which the second was read. */
	} while (taken.position != atomic_load(&queue->consumers.position));
	return (mproci_totals){
		.position = put.position - taken.position,
		.messages = put.messages - taken.messages,
		.bytes = put.bytes - taken.bytes,
	};
}

bool mproci_queue_has_room(mproc_queue *queue, size_t size)
{
	mproci_totals in = read_contents(queue);

	return in.messages < queue->max_messages && size <= queue->max_bytes
	       && in.bytes <= queue->max_bytes - size;
}

/* The same, with what waits to be delivered again; without that when it fails with -EAGAIN or -ETIMEDOUT. */
static int look(mproc_queue *queue, mproc_deadline deadline, mproci_totals *ret_contents)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	if (queue->is_acknowledged)
		rc = mproci_queue_lock_consumers(queue, deadline);
	if (rc == 0 || rc == -EAGAIN || rc == -ETIMEDOUT)
		*ret_contents = read_contents(queue);
	if (rc == 0 && queue->is_acknowledged) {
		mproci_queue_sweep(queue);
		ret_contents->messages += atomic_load(&queue->returned.count);
		ret_contents->bytes += queue->returned.bytes;
		mproci_biased_lock_release(&queue->consumers.lock);
	}
	mproci_queue_leave(inside);
	return rc;
}

ssize_t mproc_queue_count(mproc_queue *queue)
{
	mproci_totals contents = {0};
	int rc = look(queue, MPROC_FOREVER, &contents);

	return rc < 0 ? rc : (ssize_t)contents.messages;
}

ssize_t mproci_queue_count_hastily(mproc_queue *queue)
{
	mproci_totals contents = {0};
	int rc = look(queue, MPROC_NOW, &contents);

	return rc < 0 && rc != -EAGAIN && rc != -ETIMEDOUT ? rc : (ssize_t)contents.messages;
}

ssize_t mproc_queue_bytes(mproc_queue *queue)
{
	mproci_totals contents = {0};
	int rc = look(queue, MPROC_FOREVER, &contents);

	return rc < 0 ? rc : (ssize_t)contents.bytes;
}

int mproc_queue_is_empty(mproc_queue *queue)
{
	mproci_totals contents = {0};
	int rc = look(queue, MPROC_FOREVER, &contents);

	return rc < 0 ? rc : contents.messages == 0;
}

/* What was given back is in nobody's way. */
int mproc_queue_is_full(mproc_queue *queue)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = !mproci_queue_has_room(queue, 1);
	mproci_queue_leave(inside);
	return rc;
}

static void wake_all(mproc_queue *queue)
{
	mproci_event_count_notify(&queue->producers.passing);
	mproci_event_count_notify(&queue->consumers.passing);
	mproci_event_count_notify(&queue->finished);
}

int mproc_queue_close(mproc_queue *queue)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = mproci_queue_lock_producers(queue, MPROC_FOREVER);
	if (rc == 0) {
		if (mproci_queue_fd_is_watched(&queue->is_watched))
			rc = mproci_queue_fd_tell(queue);
		if (rc == 0)
			atomic_store(&queue->state, MPROCI_QUEUE_CLOSED);
		mproci_biased_lock_release(&queue->producers.lock);
		wake_all(queue);
	}
	mproci_queue_leave(inside);
	return rc;
}

/*
 * Let all who are inside see that they must leave; once more, if somebody was killed destroying it.  Returns whether nobody is in
 * the middle of something: who holds a lock may be stopped.
 */
static bool condemn(mproc_queue *queue)
{
	mproc_deadline end = mproci_clock_now() + LEAVING;
	bool has_consumers = mproci_biased_lock_take(&queue->consumers.lock, end) >= 0;
	bool has_producers = mproci_biased_lock_take(&queue->producers.lock, end) >= 0;

	atomic_store(&queue->state, MPROCI_QUEUE_DESTROYED);
	if (has_producers)
		mproci_biased_lock_release(&queue->producers.lock);
	if (has_consumers)
		mproci_biased_lock_release(&queue->consumers.lock);
	return has_consumers && has_producers;
}

static bool wait_for_others(mproc_queue *queue)
{
	mproc_deadline end = mproci_clock_now() + LEAVING;
	_Atomic uint32_t nobody = 0;

	while (mproci_thread_others_inside(queue)) {
		if (mproci_clock_now() > end)
			return false;
		wake_all(queue);
		mproci_member_watch();
		mproci_futex_wait(&nobody, 0, mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
	}
	return true;
}

mproc_queue *mproc_queue_destroy(mproc_queue *queue)
{
	_Atomic uintptr_t *inside;
	bool is_quiet;

	if (queue == NULL || mproci_queue_enter(queue, &inside) < 0)
		return NULL;
	is_quiet = condemn(queue);
	if (mproci_queue_fd_is_watched(&queue->is_watched))
		mproci_queue_fd_end(queue);
	/* What somebody who is stopped inside may still write to stays allocated. */
	if (!is_quiet || !wait_for_others(queue)) {
		wake_all(queue);
		mproci_queue_leave(inside);
		return NULL;
	}
	mproci_envelope_destroy(&queue->envelopes);
	mproci_ring_destroy(&queue->ring);
	queue->mark = 0;
	mproci_queue_leave(inside);
	mproc_free(queue);
	return NULL;
}
