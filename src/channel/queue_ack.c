/* SPDX-License-Identifier: MIT */
/*
 * When a message is done: acknowledging it, giving it back, and waiting until all are.
 */
#include "base/error.h"
#include "channel/owing.h"
#include "channel/queue.h"
#include "channel/queue_fd.h"
#include "family/member.h"

#include <errno.h>

/* The first of the envelopes that @block, or NULL, means, all of which this process owes; NULL with an error text: -EINVAL. */
static mproci_envelope *find(mproc_queue *queue, void *block)
{
	mproci_envelope *envelope = NULL;
	uint32_t last = block == NULL ? mproci_owing_last(queue) : 0;

	if (!queue->is_acknowledged) {
		mproci_fail(
			-EINVAL, "queue %p: made without .acknowledged, so nothing is owed", (void *)queue);
		return NULL;
	}
	if (block == NULL && last == 0) {
		mproci_fail(-EINVAL, "queue %p: this thread owes nothing", (void *)queue);
		return NULL;
	}
	if (block != NULL)
		envelope = mproci_envelope_of(&queue->envelopes, block);
	else
		envelope = mproci_envelope_find(&queue->envelopes, last - 1);
	if (envelope == NULL || !mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_OWED)) {
		mproci_fail(-EINVAL, "message %p: this process does not owe it", block);
		return NULL;
	}
	return envelope;
}

/* What is done with an envelope that this process owes. */
typedef void settlement(mproc_queue *queue, mproci_envelope *envelope);

/* One, or all that this thread got last. */
static int settle(mproc_queue *queue, void *block, settlement *function)
{
	mproci_envelope *envelope = find(queue, block);
	uint32_t next;

	if (envelope == NULL)
		return -EINVAL;
	do {
		next = envelope->next;
		function(queue, envelope);
		if (block == NULL && next != 0)
			envelope = mproci_envelope_at(&queue->envelopes, next - 1);
	} while (block == NULL && next != 0 && mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_OWED));
	if (block == NULL)
		mproci_owing_note(queue, 0);
	return 0;
}

/* By one store it is nobody's to deliver again; freed by this process, or by who sweeps after it. */
static void acknowledge(mproc_queue *queue, mproci_envelope *envelope)
{
	atomic_store(&envelope->word,
		mproci_envelope_word(MPROCI_ENVELOPE_TAKEN, mproci_member_stamp(mproci_member_self()), 0));
	mproci_envelope_release(&queue->envelopes, envelope);
}

static void give_back(mproc_queue *queue, mproci_envelope *envelope)
{
	mproci_envelope_return(envelope, &queue->returned);
}

/* If that was the last message of all, tell who joins; and who would get, if there will be no other. */
static void tell_last(mproc_queue *queue)
{
	if (atomic_load(&queue->returned.count) != 0
		|| atomic_load(&queue->consumers.position) != atomic_load(&queue->producers.position))
		return;
	mproci_event_count_notify(&queue->finished);
	if (!mproci_queue_is_in(queue, MPROCI_QUEUE_CLOSED))
		return;
	mproci_event_count_notify(&queue->producers.passing);
	if (mproci_queue_fd_is_watched(&queue->is_watched))
		mproci_queue_fd_tell(queue);
}

int mproc_queue_ack(mproc_queue *queue, void *block)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = settle(queue, block, acknowledge);
	if (rc == 0)
		tell_last(queue);
	mproci_queue_leave(inside);
	return rc;
}

int mproci_queue_give_back_until(mproc_queue *queue, void *block, mproc_deadline deadline)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = mproci_queue_lock_consumers(queue, deadline);
	if (rc == 0) {
		/* Before it is there: whoever dies in between has told in vain. */
		if (mproci_queue_fd_is_watched(&queue->is_watched))
			rc = mproci_queue_fd_tell(queue);
		if (rc == 0)
			rc = settle(queue, block, give_back);
		mproci_biased_lock_release(&queue->consumers.lock);
		mproci_event_count_notify(&queue->producers.passing);
	}
	mproci_queue_leave(inside);
	return rc;
}

int mproc_queue_give_back(mproc_queue *queue, void *block)
{
	return mproci_queue_give_back_until(queue, block, MPROC_FOREVER);
}

int mproc_queue_deliveries(mproc_queue *queue, void *block)
{
	mproci_envelope *envelope;
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	envelope = find(queue, block);
	rc = envelope == NULL ? -EINVAL : (int)mproci_envelope_deliveries_of(atomic_load(&envelope->word));
	mproci_queue_leave(inside);
	return rc;
}

/* Count one more as done, as long as there are more.  Returns whether it was the last. */
static int count_done(mproc_queue *queue, bool *ret_is_last)
{
	uint64_t done = atomic_load(&queue->done), put;

	do {
		put = mproci_side_read(&queue->producers).messages;
		if (done == put)
			return mproci_fail(-EINVAL,
				"queue %p: task_done called more often than the %llu messages that were put",
				(void *)queue, (unsigned long long)put);
	} while (!atomic_compare_exchange_weak(&queue->done, &done, done + 1));
	*ret_is_last = done + 1 == put;
	return 0;
}

static int task_done(mproc_queue *queue)
{
	_Atomic uintptr_t *inside;
	bool is_last = false;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = count_done(queue, &is_last);
	if (rc == 0 && is_last)
		mproci_event_count_notify(&queue->finished);
	mproci_queue_leave(inside);
	return rc;
}

int mproc_queue_task_done(mproc_queue *queue)
{
	if (queue != NULL && queue->is_acknowledged)
		return mproc_queue_ack(queue, NULL);
	return task_done(queue);
}

/* Whether any message is in an envelope that somebody has or is to get. */
static int find_unacknowledged(mproc_queue *queue, mproc_deadline deadline, bool *ret_is_done)
{
	bool is_done;
	int rc;

	rc = mproci_queue_lock_consumers(queue, deadline);
	if (rc < 0)
		return rc;
	is_done = !mproci_queue_sweep(queue)
		  && atomic_load(&queue->consumers.position) == atomic_load(&queue->producers.position)
		  && !mproci_envelope_is_any_owed(&queue->envelopes);
	mproci_biased_lock_release(&queue->consumers.lock);
	*ret_is_done = is_done;
	return 0;
}

static int find_undone(mproc_queue *queue, mproc_deadline deadline, bool *ret_is_done)
{
	if (mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		return mproci_fail(-EPIPE, "queue %p: destroyed", (void *)queue);
	if (queue->is_acknowledged)
		return find_unacknowledged(queue, deadline, ret_is_done);
	*ret_is_done = atomic_load(&queue->done) == mproci_side_read(&queue->producers).messages;
	return 0;
}

static int await_done(mproc_queue *queue, mproc_deadline deadline)
{
	bool is_done = false;
	int rc, waited = 0;

	while ((rc = find_undone(queue, deadline, &is_done)) == 0 && !is_done) {
		uint32_t key;

		if (waited < 0)
			return mproci_fail(
				waited, "queue %p: not all is done at the deadline", (void *)queue);
		if (queue->is_acknowledged)
			mproci_member_watch();
		key = mproci_event_count_prepare(&queue->finished);
		rc = find_undone(queue, deadline, &is_done);
		if (rc == 0 && !is_done) {
			waited = mproci_event_count_wait_unburied(&queue->finished, key, deadline);
		} else {
			mproci_event_count_cancel(&queue->finished);
			break;
		}
	}
	return rc;
}

int mproc_queue_join(mproc_queue *queue, mproc_deadline deadline)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = await_done(queue, deadline);
	mproci_queue_leave(inside);
	return rc;
}
