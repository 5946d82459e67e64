/* SPDX-License-Identifier: MIT */
#include "channel/incoming.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdlib.h>

int mproci_incoming_init(
	mproci_incoming *incoming, int socket, const mproci_socket_kind *kind, uint64_t max_message)
{
	*incoming = (mproci_incoming){
		.arrival = {.socket = socket, .kind = *kind, .max_message = max_message},
	};
	return mproci_lock_init(&incoming->lock, MPROCI_LOCK_OF_PROGRAM);
}

void mproci_incoming_disown(mproci_incoming *incoming)
{
	bool is_sound = mproci_lock_try(&incoming->lock) == 0;

	if (is_sound)
		mproci_lock_release(&incoming->lock);
	else
		mproci_lock_init(&incoming->lock, MPROCI_LOCK_OF_PROGRAM);
	mproci_arrival_disown(&incoming->arrival, is_sound);
	atomic_store(&incoming->is_ready, incoming->arrival.broken != 0);
}

void mproci_incoming_destroy(mproci_incoming *incoming)
{
	mproci_arrival_destroy(&incoming->arrival);
	mproci_lock_destroy(&incoming->lock);
}

static int start(mproci_incoming *incoming, mproc_deadline deadline)
{
	mproci_arrival *arrival = &incoming->arrival;
	int rc;

	rc = mproci_lock_take(&incoming->lock, deadline);
	if (rc < 0)
		return mproci_fail(rc == -EAGAIN ? -ETIMEDOUT : rc,
			"connection %d: another thread was receiving until the deadline", arrival->socket);
	/* A thread was cancelled while it received, and what had come is lost with its buffer. */
	if (rc == MPROC_OWNER_DIED && arrival->direct != NULL) {
		mproci_fail(-EBADMSG, "connection %d: a thread ended while it received a message",
			arrival->socket);
		mproci_arrival_lose(arrival, -EBADMSG);
	}
	if (arrival->broken == 0)
		return 0;
	rc = mproci_fail(arrival->broken, "%s", arrival->why);
	mproci_lock_release(&incoming->lock);
	return rc;
}

/* The call ends, with @rc, and takes its buffer along. */
static int finish(mproci_incoming *incoming, int rc)
{
	mproci_arrival *arrival = &incoming->arrival;
	bool is_ready;
	int kept;

	kept = mproci_arrival_keep(arrival);
	is_ready = arrival->broken != 0 || mproci_assembly_is_complete(&arrival->message);
	if (is_ready != atomic_load_explicit(&incoming->is_ready, memory_order_relaxed))
		atomic_store(&incoming->is_ready, is_ready);
	mproci_lock_release(&incoming->lock);
	return kept < 0 ? kept : rc;
}

static int fail_timeout(const mproci_arrival *arrival)
{
	const mproci_assembly *message = &arrival->message;

	if (message->is_begun)
		return mproci_fail(-ETIMEDOUT,
			"connection %d: %llu of %llu bytes of a message had come at the deadline",
			arrival->socket, (unsigned long long)message->got, (unsigned long long)message->size);
	return mproci_fail(-ETIMEDOUT, "connection %d: no message until the deadline", arrival->socket);
}

/*
 * Take what there is, or wait until there is something.  Returns 0, or a negative errno with an error text.
 */
static int advance(mproci_arrival *arrival, const mproci_target *target, mproc_deadline deadline)
{
	bool is_skipped = false;
	int rc;

	rc = mproci_arrival_take(arrival, target, &is_skipped);
	if (rc != -EAGAIN && (!is_skipped || mproci_assembly_is_complete(&arrival->message)))
		return rc;
	/* Also after something to be skipped: it may go on like that for ever. */
	if (mproci_deadline_passed(deadline, mproci_clock_now()))
		return fail_timeout(arrival);
	if (rc == -EAGAIN)
		mproci_socket_wait_for_data(arrival->socket, deadline);
	return 0;
}

static bool is_too_large(const mproci_arrival *arrival, const mproci_target *target)
{
	const mproci_assembly *message = &arrival->message;

	return message->size > target->room || message->descriptors > target->descriptor_room;
}

static int fail_too_large(const mproci_arrival *arrival, const mproci_target *target)
{
	const mproci_assembly *message = &arrival->message;

	if (message->size > target->room)
		return mproci_fail(-EMSGSIZE,
			"connection %d: the message has %llu bytes, there is room for %zu", arrival->socket,
			(unsigned long long)message->size, target->room);
	return mproci_fail(-EMSGSIZE,
		"connection %d: the message carries %u descriptors, there is room for %zu", arrival->socket,
		message->descriptors, target->descriptor_room);
}

/* Wait until a message is there that fits, or has begun that does not. */
static int gather(mproci_arrival *arrival, const mproci_target *target, mproc_deadline deadline)
{
	const mproci_assembly *message = &arrival->message;
	int rc = 0;

	while (rc == 0 && !mproci_assembly_is_complete(message)) {
		if (message->is_begun && is_too_large(arrival, target)) {
			rc = mproci_arrival_refresh(arrival);
			if (rc < 0 || is_too_large(arrival, target))
				return rc;
			continue;
		}
		if (message->is_begun)
			mproci_arrival_direct(arrival, target);
		rc = advance(arrival, target, deadline);
	}
	return rc;
}

static int receive(mproci_arrival *arrival, const mproci_target *target, mproc_deadline deadline,
	size_t *ret_size, size_t *ret_count)
{
	int rc;

	rc = gather(arrival, target, deadline);
	if (rc < 0)
		return rc;
	if (is_too_large(arrival, target))
		return fail_too_large(arrival, target);
	if (ret_size != NULL)
		*ret_size = (size_t)arrival->message.size;
	if (ret_count != NULL)
		*ret_count = arrival->message.descriptors;
	mproci_arrival_hand_out(arrival, target);
	return 0;
}

int mproci_incoming_receive(mproci_incoming *incoming, const mproci_target *target, mproc_deadline deadline,
	size_t *ret_size, size_t *ret_count)
{
	int rc;

	rc = start(incoming, deadline);
	if (rc < 0)
		return rc;
	rc = receive(&incoming->arrival, target, deadline, ret_size, ret_count);
	return finish(incoming, rc);
}

/* Wait until a message has begun. */
static int look(mproci_arrival *arrival, mproc_deadline deadline)
{
	static const mproci_target nowhere;
	int rc = 0;

	if (arrival->message.is_begun)
		return mproci_arrival_refresh(arrival);
	while (rc == 0 && !arrival->message.is_begun)
		rc = advance(arrival, &nowhere, deadline);
	return rc;
}

int mproci_incoming_look(mproci_incoming *incoming, mproc_deadline deadline, size_t *ret_size)
{
	int rc;

	rc = start(incoming, deadline);
	if (rc < 0)
		return rc;
	rc = look(&incoming->arrival, deadline);
	if (rc == 0)
		*ret_size = (size_t)incoming->arrival.message.size;
	return finish(incoming, rc);
}

/* A message has begun. */
static int receive_new(mproci_arrival *arrival, mproc_deadline deadline, void **ret_data, size_t *ret_size)
{
	mproci_target target = {.room = (size_t)arrival->message.size};
	int rc, kept;

	target.data = malloc(target.room > 0 ? target.room : 1);
	if (target.data == NULL)
		return mproci_fail(-ENOMEM, "connection %d: no memory for a message of %zu bytes",
			arrival->socket, target.room);
	rc = receive(arrival, &target, deadline, ret_size, NULL);
	if (rc == 0) {
		*ret_data = target.data;
		return 0;
	}
	kept = mproci_arrival_keep(arrival);
	free(target.data);
	return kept < 0 ? kept : rc;
}

int mproci_incoming_receive_new(
	mproci_incoming *incoming, mproc_deadline deadline, void **ret_data, size_t *ret_size)
{
	int rc;

	rc = start(incoming, deadline);
	if (rc < 0)
		return rc;
	rc = look(&incoming->arrival, deadline);
	if (rc == 0)
		rc = receive_new(&incoming->arrival, deadline, ret_data, ret_size);
	return finish(incoming, rc);
}
