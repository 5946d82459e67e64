/* SPDX-License-Identifier: MIT */
/*
 * Putting and getting without copying.
 */
#include "base/error.h"
#include "channel/queue.h"

#include <errno.h>

int mproc_queue_reserve(mproc_queue *queue, size_t size, void **ret_block)
{
	mproci_envelope *envelope = NULL;
	_Atomic uintptr_t *inside;
	int rc;

	if (ret_block == NULL)
		return mproci_fail(-EINVAL, "queue: ret_block is NULL");
	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	if (size > queue->max_bytes)
		rc = mproci_queue_refuse_size(queue, size);
	else if (mproci_queue_is_in(queue, MPROCI_QUEUE_CLOSED))
		rc = mproci_queue_refuse_closed(queue);
	else
		rc = mproci_queue_take_envelope(queue, size, MPROC_FOREVER, &envelope);
	if (rc == 0)
		*ret_block = mproci_envelope_message(envelope);
	mproci_queue_leave(inside);
	return rc;
}

static int commit(mproc_queue *queue, void *block, size_t size, mproc_deadline deadline)
{
	mproci_envelope *envelope = mproci_envelope_of(&queue->envelopes, block);

	if (envelope == NULL || !mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_FILLING))
		return mproci_fail(-EINVAL, "block %p: not reserved in this queue by this process", block);
	if (size > envelope->size)
		return mproci_fail(
			-EMSGSIZE, "message of %zu bytes: %zu were reserved", size, envelope->size);
	return mproci_queue_put(
		queue, &(mproci_putting){.size = size, .count = 1, .envelope = envelope}, deadline);
}

int mproc_queue_commit(mproc_queue *queue, void *block, size_t size, mproc_deadline deadline)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = commit(queue, block, size, deadline);
	mproci_queue_leave(inside);
	return rc;
}

/* What is not in an envelope needs one, and then there may be another message. */
static int peek(mproc_queue *queue, mproci_getting *getting, mproc_deadline deadline)
{
	int rc;

	rc = mproci_queue_get(queue, getting, deadline);
	while (rc == -EMSGSIZE) {
		if (getting->into != NULL)
			mproci_envelope_release(&queue->envelopes, getting->into);
		getting->into = NULL;
		rc = mproci_queue_take_envelope(queue, getting->needed, deadline, &getting->into);
		if (rc == 0)
			rc = mproci_queue_get(queue, getting, deadline);
	}
	return rc;
}

int mproc_queue_peek(mproc_queue *queue, mproc_deadline deadline, void **ret_block, size_t *ret_size)
{
	mproci_getting getting = {.is_peek = true, .count = 1};
	mproci_envelope *envelope = NULL;
	_Atomic uintptr_t *inside;
	int rc;

	if (ret_block == NULL)
		return mproci_fail(-EINVAL, "queue: ret_block is NULL");
	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = peek(queue, &getting, deadline);
	if (rc == 0)
		envelope = mproci_envelope_at(&queue->envelopes, getting.first - 1);
	if (getting.into != NULL && getting.into != envelope)
		mproci_envelope_release(&queue->envelopes, getting.into);
	if (envelope != NULL) {
		*ret_block = mproci_envelope_message(envelope);
		if (ret_size != NULL)
			*ret_size = envelope->size;
	}
	mproci_queue_leave(inside);
	return rc;
}

static int release(mproc_queue *queue, void *block)
{
	mproci_envelope *envelope = mproci_envelope_of(&queue->envelopes, block);

	if (envelope == NULL)
		return mproci_fail(-EINVAL, "block %p: none of this queue that this process has", block);
	if (mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_OWED))
		return mproci_fail(-EINVAL, "block %p: owed, so it is acknowledged or given back", block);
	mproci_envelope_release(&queue->envelopes, envelope);
	return 0;
}

int mproc_queue_release(mproc_queue *queue, void *block)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	rc = block == NULL ? 0 : release(queue, block);
	mproci_queue_leave(inside);
	return rc;
}
