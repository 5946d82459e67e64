/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "channel/owing.h"
#include "channel/patience.h"
#include "channel/queue.h"
#include "channel/queue_fd.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

/* Nothing there: wait for it. */
static const int EMPTY = 1;

static int refuse_large(mproci_getting *getting, size_t size)
{
	getting->needed = size;
	mproci_fail(-EMSGSIZE, "message of %zu bytes: there is room for %zu", size, getting->size);
	return -EMSGSIZE;
}

static int refuse_envelope(uint64_t index)
{
	return mproci_fail(-EBADMSG, "queue: there is no message number %llu: its memory was overwritten",
		(unsigned long long)index);
}

/* Note where the message of a record goes, and its size. */
static char *next_place(mproci_getting *getting, size_t size)
{
	if (getting->sizes != NULL)
		getting->sizes[getting->done] = size;
	return getting->buffer + getting->done * getting->size;
}

/* It is this process's, and comes behind those got before. */
static void collect(mproci_getting *getting, mproci_envelope *envelope)
{
	envelope->destination = next_place(getting, envelope->size);
	envelope->next = getting->first;
	getting->first = 1 + envelope->index;
	++getting->done;
}

/* A message in an envelope can stay there. */
static bool has_place(const mproci_getting *getting, const mproci_envelope *envelope)
{
	return getting->is_peek || envelope->size <= getting->size;
}

/* The common sizes without a call. */
static inline void copy(void *to, const void *from, size_t size)
{
	if (size == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else if (size > 0)
		memcpy(to, from, size);
}

/* Locked: copy the message of a record into the envelope that was brought for it. */
static int fill(mproci_getting *getting, const mproci_record *record)
{
	if (getting->into == NULL || getting->into->capacity < record->size)
		return refuse_large(getting, record->size);
	copy(mproci_envelope_message(getting->into), record->payload, record->size);
	getting->into->size = record->size;
	mproci_envelope_deliver(getting->into, MPROCI_ENVELOPE_TAKEN);
	collect(getting, getting->into);
	return 0;
}

/* Locked: the envelope becomes this process's; its message is copied later, without the lock. */
static int take_envelope(mproc_queue *queue, mproci_getting *getting, const mproci_record *record)
{
	uint64_t index = *(const uint64_t *)record->payload;
	mproci_envelope *envelope = mproci_envelope_find(&queue->envelopes, index);

	if (envelope == NULL)
		return refuse_envelope(index);
	if (!has_place(getting, envelope))
		return refuse_large(getting, envelope->size);
	mproci_envelope_deliver(
		envelope, queue->is_acknowledged ? MPROCI_ENVELOPE_OWED : MPROCI_ENVELOPE_TAKEN);
	collect(getting, envelope);
	return 0;
}

/*
 * Locked: copy those messages that lie in the piece of the ring that is known to be there, up to one that is special.  Where they
 * are all of one size this is all there is to do, so it is kept in registers: what is copied may alias anything else.
 */
static inline void take_inline(const mproci_side *side, mproci_getting *getting, mproci_totals *totals)
{
	const uintptr_t base = side->base;
	const uint64_t limit = side->limit;
	const size_t size = getting->size, count = getting->count;
	size_t *const sizes = getting->sizes;
	mproci_totals passed = *totals;
	size_t done = getting->done;
	char *place = getting->buffer + done * size;

	while (done < count && passed.position < limit) {
		const uint64_t *header = (const uint64_t *)(base + passed.position);
		size_t bytes = *header >> MPROCI_RECORD_KIND_BITS;

		if (mproci_record_kind_of(*header) != MPROCI_RECORD_INLINE || bytes > size
			|| mproci_record_length(bytes) > limit - passed.position)
			break;
		copy(place, header + 1, bytes);
		if (sizes != NULL)
			sizes[done] = bytes;
		passed.position += mproci_record_length(bytes);
		passed.bytes += bytes;
		place += size;
		++done;
	}
	passed.messages += done - getting->done;
	getting->done = done;
	*totals = passed;
}

/* Locked: let pass what was read of the ring. */
static void pass(mproc_queue *queue, const mproci_totals *totals)
{
	if (totals->position != atomic_load_explicit(&queue->consumers.position, memory_order_relaxed))
		mproci_side_pass(&queue->consumers, *totals);
}

/* Locked: take what @record says.  An envelope passes at once: recover_consumers looks at one only. */
static int take_record(
	mproc_queue *queue, mproci_getting *getting, const mproci_record *record, mproci_totals *totals)
{
	size_t size;
	int rc;

	pass(queue, totals);
	if (record->kind == MPROCI_RECORD_ENVELOPE)
		rc = take_envelope(queue, getting, record);
	else
		rc = getting->is_peek ? fill(getting, record) : refuse_large(getting, record->size);
	if (rc < 0) {
		/* It may be behind a gap, which has not passed. */
		queue->consumers.limit = 0;
		return rc;
	}
	size = mproci_envelope_at(&queue->envelopes, getting->first - 1)->size;
	*totals = (mproci_totals){record->next, totals->messages + 1, totals->bytes + size};
	pass(queue, totals);
	return 0;
}

/* Locked: take the first records behind @totals. */
static int take_some(mproc_queue *queue, mproci_getting *getting, mproci_totals *totals)
{
	size_t before = getting->done;
	mproci_record record;
	int rc;

	if (!getting->is_peek)
		take_inline(&queue->consumers, getting, totals);
	if (getting->done != before)
		return 0;
	rc = mproci_ring_read(&queue->ring, &queue->consumers, &queue->producers, totals->position, &record);
	if (rc != 0)
		return rc;
	if (record.kind == MPROCI_RECORD_INLINE && !getting->is_peek && record.size <= getting->size) {
		/* It was behind a gap, or in a new piece. */
		totals->position = record.next - mproci_record_length(record.size);
		take_inline(&queue->consumers, getting, totals);
		return 0;
	}
	return take_record(queue, getting, &record, totals);
}

/* Locked: whether there is a record behind @totals.  The producers' line is looked at only if nothing more is known to be there. */
static bool has_record(mproc_queue *queue, const mproci_totals *totals)
{
	mproci_side *side = &queue->consumers;

	if (side->seen.position == totals->position)
		side->seen.position = atomic_load_explicit(&queue->producers.position, memory_order_acquire);
	return side->seen.position != totals->position;
}

static int take_records(mproc_queue *queue, mproci_getting *getting)
{
	mproci_totals totals = mproci_side_own(&queue->consumers);
	int rc = 0;

	while (rc == 0 && getting->done < getting->count && has_record(queue, &totals))
		rc = take_some(queue, getting, &totals);
	pass(queue, &totals);
	return rc;
}

/* Locked: what waits to be delivered again comes first. */
static int take_returned(mproc_queue *queue, mproci_getting *getting)
{
	mproci_envelope *envelope;

	while (getting->done < getting->count && queue->returned.first != 0) {
		envelope = mproci_envelope_at(&queue->envelopes, queue->returned.first - 1);
		if (!has_place(getting, envelope))
			return refuse_large(getting, envelope->size);
		collect(getting, mproci_envelope_redeliver(&queue->envelopes, &queue->returned));
	}
	return 0;
}

/* Locked: when a ring that had become large is empty, nobody may come who finds it so. */
static void shrink_large(mproc_queue *queue)
{
	mproci_side *side = &queue->consumers;

	if (atomic_load_explicit(&side->level, memory_order_relaxed) >= mproci_ring_large
		&& side->seen.position == atomic_load_explicit(&side->position, memory_order_relaxed))
		mproci_ring_shrink(&queue->ring, side, &queue->producers);
}

/* Returns 0: some were taken; EMPTY; or a negative errno. */
static int take(mproc_queue *queue, mproci_getting *getting)
{
	int rc = 0;

	if (queue->is_acknowledged && mproci_queue_sweep(queue))
		rc = take_returned(queue, getting);
	while (rc == 0 && getting->done < getting->count) {
		size_t before = getting->done;

		rc = take_records(queue, getting);
		/* The next level of the ring begins here. */
		if (rc == -EAGAIN)
			rc = 0;
		else if (getting->done == before)
			break;
	}
	if (rc == 0 || getting->done > 0)
		shrink_large(queue);
	if (getting->done > 0)
		return 0;
	return rc == 0 ? EMPTY : rc;
}

/* Whether what somebody owes may still come back.  None of it does in between, with the consumers' lock. */
static bool is_any_owed(mproc_queue *queue)
{
	return queue->is_acknowledged && mproci_envelope_is_any_owed(&queue->envelopes);
}

/* Closed first, then empty: what was put before it was closed is seen. */
static int take_or_end(mproc_queue *queue, mproci_getting *getting)
{
	bool is_closed = mproci_queue_is_in(queue, MPROCI_QUEUE_CLOSED);
	int rc = take(queue, getting);

	if (rc == EMPTY && is_closed && !is_any_owed(queue))
		return mproci_fail(-EPIPE, "queue %p: closed, and empty", (void *)queue);
	return rc;
}

static int try_get(mproc_queue *queue, mproci_getting *getting, mproc_deadline deadline)
{
	int rc;

	rc = mproci_queue_lock_consumers(queue, deadline);
	if (rc < 0)
		return rc;
	rc = take_or_end(queue, getting);
	mproci_biased_lock_release(&queue->consumers.lock);
	return rc;
}

static int fail_empty(mproc_queue *queue, int rc)
{
	if (mproci_queue_fd_is_watched(&queue->is_watched))
		mproci_queue_fd_rearm(queue);
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "queue %p: empty until the deadline", (void *)queue);
	return rc;
}

int mproci_queue_get(mproc_queue *queue, mproci_getting *getting, mproc_deadline deadline)
{
	bool has_waited = false;
	int rc, waited = 0;

	while ((rc = try_get(queue, getting, deadline)) == EMPTY && waited == 0) {
		waited = mproci_patience_await_message(queue, deadline);
		has_waited = deadline >= 0;
	}
	/* It may have been woken for what another one can use. */
	if (rc != 0 && has_waited)
		mproci_event_count_notify_some(&queue->producers.passing, 1);
	return rc == EMPTY ? fail_empty(queue, waited) : rc;
}

/* Copy what is in envelopes, and free them, or note what this thread owes. */
static void unpack(mproc_queue *queue, mproci_getting *getting)
{
	for (uint32_t next = getting->first; next != 0;) {
		mproci_envelope *envelope = mproci_envelope_at(&queue->envelopes, next - 1);

		next = envelope->next;
		copy(envelope->destination, mproci_envelope_message(envelope), envelope->size);
		if (!queue->is_acknowledged)
			mproci_envelope_release(&queue->envelopes, envelope);
	}
	if (queue->is_acknowledged && getting->done > 0)
		mproci_owing_note(queue, getting->first);
}

static int get(mproc_queue *queue, mproci_getting *getting, mproc_deadline deadline)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = mproci_queue_get(queue, getting, deadline);
	if (rc == 0)
		unpack(queue, getting);
	mproci_queue_leave(inside);
	return rc;
}

static int refuse_null(size_t size)
{
	return mproci_fail(-EINVAL, "buffer of %zu bytes is NULL", size);
}

int mproc_queue_get(mproc_queue *queue, void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size)
{
	size_t got;
	mproci_getting getting = {.buffer = buffer, .size = size, .count = 1, .sizes = &got};
	int rc;

	if (buffer == NULL && size > 0)
		return refuse_null(size);
	rc = get(queue, &getting, deadline);
	if (rc == 0 && ret_size != NULL)
		*ret_size = got;
	return rc;
}

int mproc_queue_get_many(mproc_queue *queue, void *buffer, size_t size, size_t count, mproc_deadline deadline,
	size_t *ret_sizes, size_t *ret_count)
{
	mproci_getting getting = {.buffer = buffer, .size = size, .count = count, .sizes = ret_sizes};
	int rc;

	if (count == 0)
		return mproci_fail(-EINVAL, "count 0: at least 1 is possible");
	if (buffer == NULL && size > 0)
		return refuse_null(size);
	rc = get(queue, &getting, deadline);
	if (rc == 0 && ret_count != NULL)
		*ret_count = getting.done;
	return rc;
}

/* With a block that is too small the queue tells how large a message is that it keeps. */
static int get_into_block(mproc_queue *queue, mproc_deadline deadline, size_t capacity, void **ret_message,
	size_t *ret_size, size_t *ret_needed)
{
	void *block = mproc_alloc(capacity);
	mproci_getting getting = {.buffer = block, .size = capacity, .count = 1, .sizes = ret_size};
	int rc;

	if (block == NULL)
		return -ENOMEM;
	rc = get(queue, &getting, deadline);
	*ret_needed = getting.needed;
	if (rc == 0)
		*ret_message = block;
	else
		mproc_free(block);
	return rc;
}

int mproc_queue_get_block(mproc_queue *queue, mproc_deadline deadline, void **ret_message, size_t *ret_size)
{
	size_t capacity, got = 0, needed = MPROCI_RING_HEADER;
	int rc;

	if (ret_message == NULL)
		return mproci_fail(-EINVAL, "queue: ret_message is NULL");
	do {
		capacity = needed;
		rc = get_into_block(queue, deadline, capacity, ret_message, &got, &needed);
	} while (rc == -EMSGSIZE);
	if (rc == 0 && ret_size != NULL)
		*ret_size = got;
	return rc;
}
