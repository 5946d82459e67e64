/* SPDX-License-Identifier: MIT */
/*
 * Where the socket keeps packets apart, nothing but whole parts ever leave: giving up between two of them
 * leaves a message that the next first part makes the other side forget.  In a stream a part may be cut
 * anywhere, and nothing that follows could be told from its rest: then the stream ends.
 */
#include "channel/outgoing.h"

#include "base/deadline.h"
#include "base/error.h"
#include "channel/frame.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* Up to here copying a part behind its header costs less than giving the kernel two pieces. */
	COPIED = 1024,
};

/* Another process with the same end should not begin with the same number: it may be its copy. */
static uint32_t choose_tag(void)
{
	return (uint32_t)mproci_clock_now();
}

int mproci_outgoing_init(
	mproci_outgoing *outgoing, int socket, const mproci_socket_kind *kind, size_t max_message)
{
	*outgoing = (mproci_outgoing){
		.socket = socket,
		.kind = *kind,
		.max_message = max_message,
		.tag = choose_tag(),
	};
	return mproci_lock_init(&outgoing->lock, MPROCI_LOCK_OF_PROGRAM);
}

void mproci_outgoing_disown(mproci_outgoing *outgoing)
{
	outgoing->tag = choose_tag();
	if (mproci_lock_try(&outgoing->lock) == 0)
		mproci_lock_release(&outgoing->lock);
	else
		mproci_lock_init(&outgoing->lock, MPROCI_LOCK_OF_PROGRAM);
}

void mproci_outgoing_destroy(mproci_outgoing *outgoing)
{
	mproci_lock_destroy(&outgoing->lock);
}

/* Returns how many bytes were taken, the header's too. */
static ssize_t send_pieces(const mproci_outgoing *outgoing, const unsigned char *header, size_t header_size,
	const unsigned char *data, size_t size, const mproci_message *carried)
{
	unsigned char copy[MPROCI_FRAME_HEADER + COPIED];
	struct iovec pieces[2] = {
		{.iov_base = (void *)(uintptr_t)header, .iov_len = header_size},
		{.iov_base = (void *)(uintptr_t)data, .iov_len = size},
	};
	size_t count = 2;

	if (size <= COPIED) {
		memcpy(copy, header, header_size);
		if (size > 0)
			memcpy(copy + header_size, data, size);
		pieces[0] = (struct iovec){.iov_base = copy, .iov_len = header_size + size};
		count = 1;
	}
	return mproci_socket_send(outgoing->socket, pieces, count, carried->descriptors, carried->count);
}

/* Send a header and a part, all of both.  @ret_sent: how many bytes went. */
static int send_part(const mproci_outgoing *outgoing, const mproci_frame *frame, const mproci_message *part,
	mproc_deadline deadline, size_t *ret_sent)
{
	static const mproci_message nothing;
	unsigned char header[MPROCI_FRAME_HEADER];
	size_t whole = sizeof header + part->size, sent = 0;

	mproci_frame_write(frame, header);
	while (sent < whole) {
		size_t of_header = sent < sizeof header ? sent : sizeof header;
		size_t of_data = sent - of_header;
		ssize_t taken = send_pieces(outgoing, header + of_header, sizeof header - of_header,
			part->data + of_data, part->size - of_data, sent == 0 ? part : &nothing);

		if (taken >= 0) {
			sent += (size_t)taken;
			*ret_sent = sent;
			continue;
		}
		if (taken != -EAGAIN)
			return (int)taken;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return -ETIMEDOUT;
		mproci_socket_wait_for_room(outgoing->socket, deadline);
	}
	return 0;
}

static size_t largest_part(const mproci_outgoing *outgoing)
{
	size_t room = outgoing->kind.largest_packet - MPROCI_FRAME_HEADER;

	if (!outgoing->kind.is_packets)
		return SIZE_MAX;
	return room < MPROCI_FRAME_PART ? room : MPROCI_FRAME_PART;
}

static int send_parts(mproci_outgoing *outgoing, const mproci_message *message, mproc_deadline deadline)
{
	const size_t most = largest_part(outgoing);
	size_t done = 0, sent = 0;
	int rc;

	++outgoing->tag;
	do {
		size_t rest = message->size - done;
		mproci_message part = {.data = message->data + done, .size = rest < most ? rest : most};
		mproci_frame frame = {.is_first = done == 0, .tag = outgoing->tag, .size = rest};

		if (done == 0) {
			part.descriptors = message->descriptors;
			part.count = message->count;
			frame.descriptors = (uint8_t)message->count;
		}
		rc = send_part(outgoing, &frame, &part, deadline, &sent);
		done += part.size;
	} while (rc == 0 && done < message->size);
	if (rc < 0 && sent > 0 && !outgoing->kind.is_packets) {
		outgoing->is_cut = true;
		mproci_socket_end_sending(outgoing->socket);
	}
	return rc;
}

static int fail_bad(const mproci_outgoing *outgoing, const mproci_message *message)
{
	for (size_t i = 0; i < message->count; ++i) {
		if (!mproci_descriptor_is_open(message->descriptors[i]))
			return mproci_fail(-EBADF, "connection %d: descriptor %d, to be sent, is not open",
				outgoing->socket, message->descriptors[i]);
	}
	return mproci_fail(-EBADF, "connection %d: the program has closed its descriptor", outgoing->socket);
}

static int fail(const mproci_outgoing *outgoing, const mproci_message *message, int rc)
{
	switch (rc) {
	case -ETIMEDOUT:
		return mproci_fail(rc, "connection %d: no room for a message of %zu bytes until the deadline",
			outgoing->socket, message->size);
	case -EPIPE:
		return mproci_fail(rc, "connection %d: nobody is there to receive", outgoing->socket);
	case -EBADF:
		return fail_bad(outgoing, message);
	default:
		return mproci_fail(rc, "connection %d: cannot send a message of %zu bytes: %s",
			outgoing->socket, message->size, strerror(-rc));
	}
}

static int send_in_turn(mproci_outgoing *outgoing, const mproci_message *message, mproc_deadline deadline)
{
	int rc;

	if (outgoing->is_cut)
		return mproci_fail(-EPIPE,
			"connection %d: a message was cut short at its deadline: nothing can follow it",
			outgoing->socket);
	rc = send_parts(outgoing, message, deadline);
	return rc < 0 ? fail(outgoing, message, rc) : 0;
}

/* What is known to fail before the connection is touched. */
static int check(const mproci_outgoing *outgoing, const mproci_message *message)
{
	if (message->size > outgoing->max_message)
		return mproci_fail(-EMSGSIZE, "connection %d: a message of %zu bytes: up to %zu are possible",
			outgoing->socket, message->size, outgoing->max_message);
	if (message->count > MPROCI_FRAME_DESCRIPTORS)
		return mproci_fail(-EINVAL, "connection %d: %zu descriptors: up to %d are possible",
			outgoing->socket, message->count, MPROCI_FRAME_DESCRIPTORS);
	if (message->count > 0 && !outgoing->kind.is_local)
		return mproci_fail(
			-EOPNOTSUPP, "connection %d: TCP carries no descriptors", outgoing->socket);
	return 0;
}

int mproci_outgoing_send(mproci_outgoing *outgoing, const mproci_message *message, mproc_deadline deadline)
{
	int rc;

	rc = check(outgoing, message);
	if (rc < 0)
		return rc;
	rc = mproci_lock_take(&outgoing->lock, deadline);
	if (rc < 0)
		return mproci_fail(rc == -EAGAIN ? -ETIMEDOUT : rc,
			"connection %d: another thread was sending until the deadline", outgoing->socket);
	/* A thread was cancelled while it sent, perhaps in the middle. */
	if (rc == MPROC_OWNER_DIED && !outgoing->kind.is_packets) {
		outgoing->is_cut = true;
		mproci_socket_end_sending(outgoing->socket);
	}
	rc = send_in_turn(outgoing, message, deadline);
	mproci_lock_release(&outgoing->lock);
	return rc;
}
