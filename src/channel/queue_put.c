/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "channel/patience.h"
#include "channel/queue.h"
#include "channel/queue_fd.h"
#include "family/member.h"

#include <errno.h>
#include <string.h>

/* Beside the codes of errors: the bounds leave no room; or the ring does, which may grow. */
static const int FULL = 1, TIGHT = 2;

int mproci_queue_refuse_size(const mproc_queue *queue, size_t size)
{
	return mproci_fail(-EMSGSIZE, "message of %zu bytes: 0 to %zu are possible", size, queue->max_bytes);
}

int mproci_queue_refuse_closed(const mproc_queue *queue)
{
	return mproci_fail(-EPIPE, "queue %p: closed", (const void *)queue);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many messages of @size bytes the bounds leave room for beside @totals. */
static uint64_t room_beside(const mproc_queue *queue, mproci_totals totals, size_t size)
{
	uint64_t messages = queue->max_messages - (totals.messages - queue->producers.seen.messages);
	uint64_t bytes = queue->max_bytes - (totals.bytes - queue->producers.seen.bytes);

	return size == 0 || messages == 0 ? messages : least(messages, bytes / size);
}

/* Locked: whether there is room for one.  The other side's totals are looked at only if the known ones leave none. */
static inline bool fits(mproc_queue *queue, const mproci_totals *totals, size_t size)
{
	mproci_totals *seen = &queue->producers.seen;

	if (totals->messages - seen->messages < queue->max_messages
		&& totals->bytes - seen->bytes <= queue->max_bytes - size)
		return true;
	*seen = mproci_side_read(&queue->consumers);
	return room_beside(queue, *totals, size) > 0;
}

/* The common sizes without a call. */
static inline void copy(void *to, const void *from, size_t size)
{
	if (size == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else if (size > 0)
		memcpy(to, from, size);
}

/* Locked: write as many records as fit into the piece of the ring that is known to be free.  There is room for one. */
static inline void write_records(mproc_queue *queue, mproci_putting *putting, mproci_totals *totals)
{
	size_t size = putting->size, length = mproci_record_length(size),
	       count = putting->count - putting->done;
	char *record = (char *)queue->producers.base + totals->position;
	const char *message = putting->messages + putting->done * size;

	if (count > 1) {
		count = least(count, (queue->producers.limit - totals->position) / length);
		count = least(count, room_beside(queue, *totals, size));
	}
	for (size_t i = 0; i < count; ++i) {
		mproci_record_begin((uint64_t *)record, MPROCI_RECORD_INLINE, size);
		copy(record + MPROCI_RING_HEADER, message + i * size, size);
		record += length;
	}
	putting->done += count;
	totals->position += count * length;
	totals->messages += count;
	totals->bytes += count * size;
}

/* Locked: write records of messages behind those that have passed, as many as there is room for; let them pass. */
static int add_inline(mproc_queue *queue, mproci_putting *putting)
{
	mproci_side *side = &queue->producers;
	mproci_totals totals = mproci_side_own(side);
	uint64_t before = totals.messages, length = mproci_record_length(putting->size);
	int rc = 0;

	while (putting->done < putting->count) {
		if (!fits(queue, &totals, putting->size)) {
			rc = FULL;
			break;
		}
		if (totals.position + length > side->limit) {
			rc = mproci_ring_make_room(&queue->ring, side, &queue->consumers, totals.position,
				length, &totals.position);
			if (rc < 0)
				break;
		}
		write_records(queue, putting, &totals);
	}
	if (totals.messages != before)
		mproci_side_pass(side, totals);
	return rc;
}

/* Locked: the same for the message in an envelope.  From the moment when it passes the ring has it. */
static int add_envelope(mproc_queue *queue, mproci_putting *putting)
{
	mproci_side *side = &queue->producers;
	mproci_envelope *envelope = putting->envelope;
	mproci_totals totals = mproci_side_own(side);
	mproci_record record;
	int rc;

	if (!fits(queue, &totals, putting->size))
		return FULL;
	rc = mproci_ring_extend(&queue->ring, side, &queue->consumers, totals.position,
		MPROCI_RECORD_ENVELOPE, sizeof(uint64_t), &record);
	if (rc < 0)
		return rc;
	*(uint64_t *)record.payload = envelope->index;
	envelope->size = putting->size;
	queue->accepting_position = totals.position;
	atomic_store_explicit(&queue->accepting, 1 + envelope->index, memory_order_release);
	atomic_store(&envelope->word, mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0));
	mproci_side_pass(
		side, (mproci_totals){record.next, totals.messages + 1, totals.bytes + putting->size});
	atomic_store_explicit(&queue->accepting, 0, memory_order_release);
	++putting->done;
	return 0;
}

/* Returns 0 when all are in, FULL, TIGHT, or a negative errno. */
static int add(mproc_queue *queue, mproci_putting *putting)
{
	int rc;

	if (mproci_queue_is_in(queue, MPROCI_QUEUE_CLOSED))
		return mproci_queue_refuse_closed(queue);
	rc = putting->envelope == NULL ? add_inline(queue, putting) : add_envelope(queue, putting);
	return rc == -EAGAIN ? TIGHT : rc;
}

static int try_put(mproc_queue *queue, mproci_putting *putting, mproc_deadline deadline)
{
	int rc;

	rc = mproci_queue_lock_producers(queue, deadline);
	if (rc < 0)
		return rc;
	/* Before anything passes: whoever dies in between has told in vain. */
	if (mproci_queue_fd_is_watched(&queue->is_watched))
		rc = mproci_queue_fd_tell(queue);
	if (rc == 0)
		rc = add(queue, putting);
	mproci_biased_lock_release(&queue->producers.lock);
	return rc;
}

/* Have a larger ring, unless somebody else has seen to that, which costs nothing. */
static int grow(mproc_queue *queue, mproc_deadline deadline)
{
	uint32_t level = atomic_load_explicit(&queue->producers.level, memory_order_relaxed);
	int rc = 0;

	if (!mproci_patience_should_grow(queue, deadline))
		return 0;
	rc = mproci_queue_lock_producers(queue, deadline);
	if (rc < 0)
		return rc;
	if (atomic_load_explicit(&queue->producers.level, memory_order_relaxed) == level)
		rc = mproci_ring_climb(&queue->ring, &queue->producers);
	mproci_biased_lock_release(&queue->producers.lock);
	return rc;
}

static int fail_full(const mproc_queue *queue, int rc)
{
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "queue %p: full until the deadline, with %zu messages or %zu bytes",
			(const void *)queue, queue->max_messages, queue->max_bytes);
	return rc;
}

int mproci_queue_put(mproc_queue *queue, mproci_putting *putting, mproc_deadline deadline)
{
	bool has_waited = false;
	int rc, waited = 0;

	while ((rc = try_put(queue, putting, deadline)) > 0 && waited == 0) {
		has_waited = deadline >= 0;
		if (rc == FULL)
			waited = mproci_patience_await_room(queue, putting->size, deadline);
		else
			waited = grow(queue, deadline);
	}
	mproci_patience_has_put = true;
	if (putting->done > 0)
		return 0;
	/* It may have been woken for what another one can use. */
	if (has_waited)
		mproci_event_count_notify_some(&queue->consumers.passing, 1);
	return rc > 0 ? fail_full(queue, waited) : rc;
}

/* Free the envelopes of who has died, also of those whom nobody has buried; unless somebody stands in the way. */
static void free_of_dead(mproc_queue *queue)
{
	mproci_member_look();
	if (mproci_queue_lock_consumers(queue, MPROC_NOW) < 0)
		return;
	mproci_queue_sweep(queue);
	mproci_biased_lock_release(&queue->consumers.lock);
}

/* There were @count.  If there are more by now somebody else has made them. */
static int make_more(mproc_queue *queue, uint32_t count, mproc_deadline deadline)
{
	int rc;

	rc = mproci_queue_lock_producers(queue, deadline);
	if (rc < 0)
		return rc;
	if (atomic_load_explicit(&queue->envelopes.count, memory_order_relaxed) == count)
		rc = mproci_envelope_grow(&queue->envelopes);
	mproci_biased_lock_release(&queue->producers.lock);
	return rc;
}

/* A free envelope, wherever it must come from. */
static int find_envelope(mproc_queue *queue, mproc_deadline deadline, mproci_envelope **ret_envelope)
{
	mproci_envelope *envelope = mproci_envelope_take(&queue->envelopes);
	int rc = 0;

	if (envelope == NULL)
		free_of_dead(queue);
	while (rc == 0 && envelope == NULL) {
		uint32_t count = atomic_load_explicit(&queue->envelopes.count, memory_order_acquire);

		envelope = mproci_envelope_take(&queue->envelopes);
		if (envelope == NULL)
			rc = make_more(queue, count, deadline);
	}
	if (rc == 0)
		*ret_envelope = envelope;
	return rc;
}

int mproci_queue_take_envelope(
	mproc_queue *queue, size_t size, mproc_deadline deadline, mproci_envelope **ret_envelope)
{
	mproci_envelope *envelope = NULL;
	int rc;

	rc = find_envelope(queue, deadline, &envelope);
	if (rc < 0)
		return rc;
	/* Who destroys the queue waits for those who are inside; who came later finds it destroyed. */
	atomic_thread_fence(memory_order_seq_cst);
	if (mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED))
		rc = mproci_fail(-EPIPE, "queue %p: destroyed", (void *)queue);
	else
		rc = mproci_envelope_fit(&queue->envelopes, envelope, size);
	if (rc == 0) {
		envelope->size = size;
		*ret_envelope = envelope;
	} else {
		mproci_envelope_release(&queue->envelopes, envelope);
	}
	return rc;
}

static int put_copy(mproc_queue *queue, const void *message, size_t size, mproc_deadline deadline)
{
	mproci_putting putting = {.size = size, .count = 1};
	int rc;

	rc = mproci_queue_take_envelope(queue, size, deadline, &putting.envelope);
	if (rc < 0)
		return rc;
	if (size > 0)
		memcpy(mproci_envelope_message(putting.envelope), message, size);
	rc = mproci_queue_put(queue, &putting, deadline);
	if (rc < 0)
		mproci_envelope_release(&queue->envelopes, putting.envelope);
	return rc;
}

static int put_copies(mproc_queue *queue, mproci_putting *putting, mproc_deadline deadline)
{
	int rc = 0;

	while (rc == 0 && putting->done < putting->count) {
		rc = put_copy(
			queue, putting->messages + putting->done * putting->size, putting->size, deadline);
		putting->done += rc == 0 ? 1 : 0;
	}
	return putting->done > 0 ? 0 : rc;
}

/*
 * A stream of messages of some kilobytes is cheapest in envelopes, whose blocks are used again.  But many such blocks at once are
 * memory that the arena does not give back; the ring does, and it has grown when there are many.
 */
static bool is_inline(const mproc_queue *queue, size_t size)
{
	uint32_t level = atomic_load_explicit(&queue->producers.level, memory_order_relaxed);

	return !queue->is_acknowledged
	       && size <= (level == 0 ? MPROCI_QUEUE_INLINE_MOST : MPROCI_QUEUE_INLINE_MOST_OF_LONG);
}

static int put(mproc_queue *queue, mproci_putting *putting, mproc_deadline deadline)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	if (putting->size > queue->max_bytes)
		rc = mproci_queue_refuse_size(queue, putting->size);
	else if (is_inline(queue, putting->size))
		rc = mproci_queue_put(queue, putting, deadline);
	else
		rc = put_copies(queue, putting, deadline);
	mproci_queue_leave(inside);
	return rc;
}

static int refuse_null(size_t size)
{
	return mproci_fail(-EINVAL, "message of %zu bytes is NULL", size);
}

int mproc_queue_put(mproc_queue *queue, const void *message, size_t size, mproc_deadline deadline)
{
	mproci_putting putting = {.messages = message, .size = size, .count = 1};

	if (message == NULL && size > 0)
		return refuse_null(size);
	return put(queue, &putting, deadline);
}

int mproc_queue_put_many(mproc_queue *queue, const void *messages, size_t size, size_t count,
	mproc_deadline deadline, size_t *ret_count)
{
	mproci_putting putting = {.messages = messages, .size = size, .count = count};
	int rc;

	if (messages == NULL && size > 0 && count > 0)
		return refuse_null(size);
	rc = put(queue, &putting, deadline);
	if (rc == 0 && ret_count != NULL)
		*ret_count = putting.done;
	return rc;
}
