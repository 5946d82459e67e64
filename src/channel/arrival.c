/* SPDX-License-Identifier: MIT */
/*
 * What has come of a message lies in one place: in the buffer of the call that receives it, where it is
 * complete sooner, or in memory that is kept from call to call.  Into the former it goes when that has room
 * for the message, into the latter before anybody knows how large it is (unless the buffer takes any packet),
 * and when a call ends too early.
 */
#include "channel/arrival.h"

#include "base/error.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is kept of a longer message is given back when that is received. */
static const size_t KEPT_FOR_GOOD = 2 * (size_t)MPROCI_FRAME_PART;

static void close_all(const int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; ++i)
		mproci_close(descriptors[i]);
}

/* Forget what has come of a message. */
static void forget(mproci_arrival *arrival)
{
	size_t count = arrival->message.descriptors + arrival->header_descriptors;

	arrival->message = (mproci_assembly){0};
	arrival->header_got = 0;
	arrival->header_descriptors = 0;
	arrival->direct = NULL;
	close_all(arrival->descriptors, count);
}

/* Nothing more can be received, and the error text says why. */
static int break_off(mproci_arrival *arrival, int rc)
{
	forget(arrival);
	arrival->broken = rc;
	snprintf(arrival->why, sizeof arrival->why, "%s", mproc_error_text());
	return rc;
}

int mproci_arrival_lose(mproci_arrival *arrival, int rc)
{
	if (!arrival->kind.is_packets)
		return break_off(arrival, rc);
	forget(arrival);
	return rc;
}

static void free_kept(mproci_arrival *arrival)
{
	free(arrival->kept);
	arrival->kept = NULL;
	arrival->kept_room = 0;
}

void mproci_arrival_destroy(mproci_arrival *arrival)
{
	forget(arrival);
	free_kept(arrival);
}

/* Whether something has come in a stream that only this process knows. */
static bool is_amid(const mproci_arrival *arrival)
{
	const mproci_assembly *message = &arrival->message;

	if (arrival->kind.is_packets)
		return false;
	return arrival->header_got > 0 || (message->is_begun && !mproci_assembly_is_complete(message));
}

void mproci_arrival_disown(mproci_arrival *arrival, bool is_sound)
{
	bool was_amid = is_amid(arrival);

	/* What another thread was just changing is in any state, and left alone. */
	if (!is_sound) {
		arrival->kept = NULL;
		arrival->message.descriptors = 0;
		arrival->header_descriptors = 0;
	}
	free_kept(arrival);
	forget(arrival);
	if (!was_amid)
		return;
	mproci_fail(-EBADMSG, "connection %d: this process was forked while its parent received a message",
		arrival->socket);
	break_off(arrival, -EBADMSG);
}

/* Have room for @size bytes in what is kept: not for more than twice what has come, whatever is announced. */
static int make_room(mproci_arrival *arrival, size_t size)
{
	mproci_kept *kept;

	if (size <= arrival->kept_room)
		return 0;
	if (size < 2 * arrival->kept_room)
		size = 2 * arrival->kept_room;
	kept = realloc(arrival->kept, sizeof *kept + size);
	if (kept == NULL)
		return mproci_fail(-ENOMEM, "connection %d: no memory to keep %zu bytes of a message",
			arrival->socket, size);
	arrival->kept = kept;
	arrival->kept_room = size;
	return 0;
}

static int fail_end(mproci_arrival *arrival)
{
	const mproci_assembly *message = &arrival->message;
	int rc;

	if (message->is_begun)
		rc = mproci_fail(-EBADMSG,
			"connection %d: who sent has ended in the middle of a message: %llu of %llu bytes "
			"came",
			arrival->socket, (unsigned long long)message->got, (unsigned long long)message->size);
	else if (arrival->header_got > 0)
		rc = mproci_fail(-EBADMSG, "connection %d: who sent has ended at the beginning of a message",
			arrival->socket);
	else
		rc = mproci_fail(-EPIPE, "connection %d: the end: nobody is there to send", arrival->socket);
	forget(arrival);
	return rc;
}

/* What a system call has returned that did not receive. */
static int fail_receiving(mproci_arrival *arrival, int rc)
{
	if (rc == -EAGAIN)
		return rc;
	if (rc == 0)
		return fail_end(arrival);
	if (rc == -EBADMSG) {
		mproci_fail(rc, "connection %d: what came is no message: a packet above %d bytes",
			arrival->socket, MPROCI_FRAME_HEADER + MPROCI_FRAME_PART);
		return break_off(arrival, rc);
	}
	if (rc == -EMFILE) {
		mproci_fail_descriptor(rc, "cannot take the descriptors of a message, which is lost");
		return mproci_arrival_lose(arrival, rc);
	}
	return mproci_fail(rc, "connection %d: cannot receive: %s", arrival->socket, strerror(-rc));
}

/* From here on: packets. */

typedef struct packet {
	unsigned char header[MPROCI_FRAME_HEADER];
	/*
	 * What is received goes to the header; to the place of the message; and what that has no room for, to
	 * what is kept.
	 */
	struct iovec pieces[3];
	int piece_count;
	int descriptors[MPROCI_SOCKET_DESCRIPTORS];
	size_t count;
	/* With the header. */
	size_t size;
} packet;

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The first packet of a message that may be too large for who receives: header and data are one piece. */
static int prepare_first(mproci_arrival *arrival, packet *it)
{
	int rc;

	rc = make_room(arrival, MPROCI_FRAME_PART);
	if (rc < 0)
		return rc;
	it->pieces[0].iov_base = arrival->kept;
	it->pieces[0].iov_len = MPROCI_FRAME_HEADER + MPROCI_FRAME_PART;
	it->piece_count = 1;
	return 0;
}

/* Go on in what is kept. */
static int prepare_kept(mproci_arrival *arrival, packet *it)
{
	size_t got = (size_t)arrival->message.got;
	int rc;

	rc = make_room(arrival, got + MPROCI_FRAME_PART);
	if (rc < 0)
		return rc;
	it->pieces[0] = (struct iovec){.iov_base = it->header, .iov_len = sizeof it->header};
	it->pieces[1] = (struct iovec){.iov_base = arrival->kept->data + got, .iov_len = MPROCI_FRAME_PART};
	it->piece_count = 2;
	return 0;
}

/* Begin, or go on, where the message is wanted. */
static int prepare_direct(mproci_arrival *arrival, const mproci_target *target, packet *it)
{
	size_t got = (size_t)arrival->message.got;
	size_t room = smaller(target->room - got, MPROCI_FRAME_PART);
	int rc;

	it->pieces[0] = (struct iovec){.iov_base = it->header, .iov_len = sizeof it->header};
	it->pieces[1] = (struct iovec){.iov_base = target->data + got, .iov_len = room};
	it->piece_count = 2;
	if (room == MPROCI_FRAME_PART)
		return 0;
	rc = make_room(arrival, MPROCI_FRAME_PART);
	if (rc < 0)
		return rc;
	it->pieces[2] = (struct iovec){.iov_base = arrival->kept->data, .iov_len = MPROCI_FRAME_PART - room};
	it->piece_count = 3;
	return 0;
}

/* Any packet finds room. */
static int prepare(mproci_arrival *arrival, const mproci_target *target, packet *it)
{
	it->count = 0;
	if (arrival->message.is_begun && arrival->direct == NULL)
		return prepare_kept(arrival, it);
	if (!arrival->message.is_begun && target->room < MPROCI_FRAME_PART)
		return prepare_first(arrival, it);
	return prepare_direct(arrival, target, it);
}

/*
 * The packet, which begins a message, was put behind what had come of another one: it goes to what is kept.
 */
static int move_to_kept(mproci_arrival *arrival, const packet *it)
{
	size_t size = it->size - MPROCI_FRAME_HEADER;
	size_t before = smaller(size, it->pieces[1].iov_len);
	const unsigned char *place = it->pieces[1].iov_base;
	int rc;

	if (arrival->direct == NULL) {
		memmove(arrival->kept->data, place, size);
		return 0;
	}
	rc = make_room(arrival, MPROCI_FRAME_PART);
	if (rc < 0)
		return rc;
	memmove(arrival->kept->data + before, arrival->kept->data, size - before);
	memcpy(arrival->kept->data, place, before);
	arrival->direct = NULL;
	return 0;
}

/* The descriptors of the message that a packet begins, instead of those of the one before. */
static void replace_descriptors(mproci_arrival *arrival, const packet *it, size_t count_before)
{
	int before[MPROCI_FRAME_DESCRIPTORS];

	memcpy(before, arrival->descriptors, count_before * sizeof *before);
	memcpy(arrival->descriptors, it->descriptors, it->count * sizeof *it->descriptors);
	close_all(before, count_before);
}

/* A packet has come that begins a message.  @before: what there was of another one. */
static int begin(
	mproci_arrival *arrival, const mproci_target *target, const packet *it, const mproci_assembly *before)
{
	replace_descriptors(arrival, it, before->descriptors);
	if (before->is_begun)
		return move_to_kept(arrival, it);
	arrival->direct = it->piece_count > 1 ? target->data : NULL;
	return 0;
}

static int read_header(const packet *it, mproci_frame *ret_frame)
{
	int rc;

	if (it->size < MPROCI_FRAME_HEADER)
		return mproci_fail(-EBADMSG, "what came is no message: a packet of %zu bytes", it->size);
	rc = mproci_frame_read(it->pieces[0].iov_base, ret_frame);
	if (rc == 0 && ret_frame->descriptors != it->count)
		rc = mproci_fail(-EBADMSG, "a message of %u descriptors came with %zu of them",
			ret_frame->descriptors, it->count);
	return rc;
}

/* Returns what the packet is, or a negative errno with an error text. */
static int sort_in(mproci_arrival *arrival, const mproci_target *target, const packet *it)
{
	mproci_assembly before = arrival->message;
	mproci_frame frame;
	int part, rc = 0;

	part = read_header(it, &frame);
	if (part == 0)
		part = mproci_assembly_take(&arrival->message, &frame, arrival->max_message);
	if (part < 0)
		close_all(it->descriptors, it->count);
	if (part < 0 || part == MPROCI_PART_STRAY)
		return part;
	if (part == MPROCI_PART_BEGINS)
		rc = begin(arrival, target, it, &before);
	if (rc == 0)
		rc = mproci_assembly_add(&arrival->message, it->size - MPROCI_FRAME_HEADER);
	return rc < 0 ? rc : part;
}

static int take_packet(mproci_arrival *arrival, const mproci_target *target, bool *is_skipped)
{
	bool was_begun = arrival->message.is_begun;
	packet it;
	ssize_t got;
	int part;

	part = prepare(arrival, target, &it);
	if (part < 0)
		return part;
	got = mproci_socket_receive(
		arrival->socket, it.pieces, (size_t)it.piece_count, it.descriptors, &it.count);
	if (got <= 0)
		return fail_receiving(arrival, (int)got);
	it.size = (size_t)got;
	part = sort_in(arrival, target, &it);
	if (part == -ENOMEM)
		return mproci_arrival_lose(arrival, part);
	if (part < 0)
		return break_off(arrival, part);
	*is_skipped = part == MPROCI_PART_STRAY || (was_begun && part == MPROCI_PART_BEGINS);
	return 0;
}

/* From here on: streams. */

/* A header is complete. */
static int take_header(mproci_arrival *arrival)
{
	mproci_frame frame;
	int part;

	part = mproci_frame_read(arrival->header, &frame);
	if (part == 0 && frame.descriptors != arrival->header_descriptors)
		part = mproci_fail(-EBADMSG, "a message of %u descriptors came with %zu of them",
			frame.descriptors, arrival->header_descriptors);
	if (part == 0)
		part = mproci_assembly_take(&arrival->message, &frame, arrival->max_message);
	if (part == MPROCI_PART_STRAY)
		part = mproci_fail(-EBADMSG, "what came is no message: it is the rest of one, in a stream");
	if (part < 0)
		return break_off(arrival, part);
	arrival->header_got = 0;
	arrival->header_descriptors = 0;
	return 0;
}

static int receive_header(mproci_arrival *arrival)
{
	struct iovec piece = {
		.iov_base = arrival->header + arrival->header_got,
		.iov_len = sizeof arrival->header - arrival->header_got,
	};
	/* The descriptors of a message come with its first byte. */
	bool is_first = arrival->header_got == 0 && arrival->kind.is_local;
	ssize_t got;

	got = mproci_socket_receive(arrival->socket, &piece, 1, is_first ? arrival->descriptors : NULL,
		is_first ? &arrival->header_descriptors : NULL);
	if (got <= 0)
		return fail_receiving(arrival, (int)got);
	arrival->header_got += (size_t)got;
	return arrival->header_got == sizeof arrival->header ? take_header(arrival) : 0;
}

static int receive_data(mproci_arrival *arrival)
{
	size_t done = (size_t)arrival->message.got, rest = (size_t)arrival->message.size - done;
	unsigned char *place = arrival->direct;
	struct iovec piece;
	ssize_t got;

	if (place == NULL) {
		int rc = make_room(arrival, done + MPROCI_FRAME_PART);

		if (rc < 0)
			return rc;
		place = arrival->kept->data;
		rest = smaller(rest, arrival->kept_room - done);
	}
	piece = (struct iovec){.iov_base = place + done, .iov_len = rest};
	got = mproci_socket_receive(arrival->socket, &piece, 1, NULL, NULL);
	if (got <= 0)
		return fail_receiving(arrival, (int)got);
	return mproci_assembly_add(&arrival->message, (uint64_t)got);
}

/* From here on: both. */

int mproci_arrival_take(mproci_arrival *arrival, const mproci_target *target, bool *is_skipped)
{
	if (arrival->kind.is_packets)
		return take_packet(arrival, target, is_skipped);
	return arrival->message.is_begun ? receive_data(arrival) : receive_header(arrival);
}

int mproci_arrival_refresh(mproci_arrival *arrival)
{
	unsigned char header[MPROCI_FRAME_HEADER];
	mproci_frame frame;
	bool is_skipped;
	ssize_t got;
	int rc;

	if (mproci_assembly_is_complete(&arrival->message))
		return 0;
	got = mproci_socket_peek(arrival->socket, header, sizeof header);
	if (got == 0)
		return fail_end(arrival);
	if (!arrival->kind.is_packets || got < MPROCI_FRAME_HEADER)
		return 0;
	if (mproci_frame_read(header, &frame) < 0 || !frame.is_first)
		return 0;
	rc = take_packet(arrival, &(mproci_target){0}, &is_skipped);
	return rc == -EAGAIN ? 0 : rc;
}

void mproci_arrival_direct(mproci_arrival *arrival, const mproci_target *target)
{
	const mproci_assembly *message = &arrival->message;

	if (arrival->direct != NULL || message->got > MPROCI_FRAME_PART)
		return;
	if (message->got > 0)
		memcpy(target->data, arrival->kept->data, (size_t)message->got);
	arrival->direct = target->data;
}

int mproci_arrival_keep(mproci_arrival *arrival)
{
	size_t got = (size_t)arrival->message.got;
	unsigned char *place = arrival->direct;

	if (place == NULL)
		return 0;
	if (make_room(arrival, got) < 0)
		return mproci_arrival_lose(arrival, -ENOMEM);
	if (got > 0)
		memcpy(arrival->kept->data, place, got);
	arrival->direct = NULL;
	return 0;
}

void mproci_arrival_hand_out(mproci_arrival *arrival, const mproci_target *target)
{
	const mproci_assembly *message = &arrival->message;

	if (arrival->direct == NULL && message->size > 0)
		memcpy(target->data, arrival->kept->data, (size_t)message->size);
	if (message->descriptors > 0)
		memcpy(target->descriptors, arrival->descriptors, message->descriptors * sizeof(int));
	mproci_assembly_clear(&arrival->message);
	arrival->direct = NULL;
	if (arrival->kept_room > KEPT_FOR_GOOD)
		free_kept(arrival);
}
