/* SPDX-License-Identifier: MIT */
/*
 * What comes over a connection from somebody who does not speak as mproc does, who stops in the middle, or
 * who was killed there.
 */
#include "channel/connection.h"
#include "channel/connection_fixture.h"
#include "channel/frame.h"

/* A connection, and the bare socket at its other side. */
typedef struct bare {
	mproc_connection *connection;
	int socket;
} bare;

static bare open_bare(socket_kind kind)
{
	int sockets[2];

	make_sockets(kind, sockets);
	return (bare){.connection = open_limited(sockets[0], 0), .socket = sockets[1]};
}

static void close_bare(bare *it)
{
	mproc_connection_close(it->connection);
	if (it->socket >= 0)
		close(it->socket);
}

static void hang_up(bare *it)
{
	close(it->socket);
	it->socket = -1;
}

static void check_each(void (*behaviour)(bare *it), socket_kind first, socket_kind last)
{
	for (socket_kind kind = first; kind <= last; ++kind) {
		bare it = open_bare(kind);

		behaviour(&it);
		close_bare(&it);
	}
}

static void send_bytes(const bare *it, const void *bytes, size_t size)
{
	ck_assert_int_eq(send(it->socket, bytes, size, MSG_NOSIGNAL), size);
}

/* A header, and @size bytes of message @number from @offset on. */
static void send_part(const bare *it, mproci_frame frame, size_t offset, size_t size, unsigned number)
{
	unsigned char *bytes = malloc(MPROCI_FRAME_HEADER + offset + size);

	fill(bytes, MPROCI_FRAME_HEADER + offset + size, number);
	fill(bytes + MPROCI_FRAME_HEADER, offset + size, number);
	memmove(bytes + MPROCI_FRAME_HEADER, bytes + MPROCI_FRAME_HEADER + offset, size);
	mproci_frame_write(&frame, bytes);
	send_bytes(it, bytes, MPROCI_FRAME_HEADER + size);
	free(bytes);
}

static int recv_any(const bare *it, size_t room)
{
	char *buffer = malloc(room + 1);
	int rc;

	rc = mproc_connection_recv(it->connection, buffer, room, MPROC_FOREVER, NULL);
	free(buffer);
	return rc;
}

/* Nothing more can be received, and everything says why; sending goes on. */
static void check_broken(const bare *it, const char *text)
{
	size_t size;
	void *data;
	char byte;

	for (int i = 0; i < 2; ++i) {
		check_failed(recv_any(it, 100), -EBADMSG, text);
		check_failed(recv_any(it, 100000), -EBADMSG, text);
		check_failed(mproc_connection_recv_alloc(it->connection, MPROC_FOREVER, &data, &size),
			-EBADMSG, text);
		check_failed(
			mproc_connection_next_size(it->connection, MPROC_FOREVER, &size), -EBADMSG, text);
		ck_assert_int_eq(mproc_connection_poll(it->connection, MPROC_FOREVER), 1);
		ck_assert(mproci_connection_is_ready(it->connection));
	}
	ck_assert_int_eq(mproc_connection_send(it->connection, "x", 1, MPROC_NOW), 0);
	ck_assert_int_eq(recv(it->socket, &byte, 1, 0), 1);
}

static void say_garbage(bare *it)
{
	send_bytes(it, "GET / HTTP/1.1\r\n\r\n", 18);
	check_broken(it, "what came is no message: it begins with 47 45 54 20");
}

START_TEST(garbage_is_refused)
{
	check_each(say_garbage, PACKETS, TCP);
}
END_TEST

static void announce_4_gigabytes(bare *it)
{
	send_part(it, (mproci_frame){.is_first = true, .size = UINT32_MAX}, 0, 10, 0);
	check_broken(it, "a message of 4294967295 bytes came: at most 67108864 are taken");
}

START_TEST(announcement_of_4_gigabytes_is_refused)
{
	check_each(announce_4_gigabytes, PACKETS, TCP);
}
END_TEST

static void announce_descriptors(bare *it)
{
	send_part(it, (mproci_frame){.is_first = true, .descriptors = 3, .size = 10}, 0, 10, 0);
	check_broken(it, "a message of 3 descriptors came with 0 of them");
}

START_TEST(announcement_of_descriptors_that_do_not_come_is_refused)
{
	check_each(announce_descriptors, PACKETS, TCP);
}
END_TEST

static void send_rest(bare *it)
{
	send_part(it, (mproci_frame){.tag = 3, .size = 10}, 0, 10, 0);
	check_broken(it, "it is the rest of one, in a stream");
}

START_TEST(rest_of_a_message_in_a_stream_is_refused)
{
	check_each(send_rest, STREAM, TCP);
}
END_TEST

START_TEST(packet_too_small_for_a_header_is_refused)
{
	bare it = open_bare(PACKETS);

	send_bytes(&it, "\xb3\x01", 2);
	check_broken(&it, "what came is no message: a packet of 2 bytes");
	close_bare(&it);
}
END_TEST

START_TEST(packet_larger_than_a_part_is_refused)
{
	for (size_t room = 100; room <= 200000; room += 199900) {
		bare it = open_bare(PACKETS);

		send_part(&it, (mproci_frame){.is_first = true, .size = 70000}, 0, 70000, 0);
		check_failed(
			recv_any(&it, room), -EBADMSG, "what came is no message: a packet above 65536 bytes");
		check_broken(&it, "what came is no message: a packet above 65536 bytes");
		close_bare(&it);
	}
}
END_TEST

START_TEST(packet_with_more_than_its_message_is_refused)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .size = 10}, 0, 11, 0);
	check_broken(&it, "11 bytes came in a message with 10 bytes to come");
	close_bare(&it);
}
END_TEST

START_TEST(packet_with_nothing_of_its_message_is_refused)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .size = 10}, 0, 0, 0);
	check_broken(&it, "0 bytes came in a message with 10 bytes to come");
	close_bare(&it);
}
END_TEST

START_TEST(long_messages_that_were_sent_at_once_are_refused)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .tag = 1, .size = 20}, 0, 10, 0);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 2, .size = 20}, 0, 10, 0);
	send_part(&it, (mproci_frame){.tag = 1, .size = 10}, 10, 10, 0);
	check_broken(&it, "long messages came mixed up: processes have sent or received by one end without "
			  "taking turns");
	close_bare(&it);
}
END_TEST

START_TEST(short_message_amid_a_long_one_makes_its_rest_refused)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .tag = 1, .size = 20}, 0, 10, 0);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 2, .size = 10}, 0, 10, 1);
	send_part(&it, (mproci_frame){.tag = 1, .size = 10}, 10, 10, 0);
	ck_assert_int_eq(recv_filled(it.connection, 10, 20, 1, MPROC_FOREVER), 0);
	check_broken(&it, "long messages came mixed up");
	close_bare(&it);
}
END_TEST

static void hang_up_amid(bare *it)
{
	size_t size;

	send_part(it, (mproci_frame){.is_first = true, .size = 100}, 0, 40, 0);
	hang_up(it);
	check_failed(recv_any(it, 100), -EBADMSG,
		"who sent has ended in the middle of a message: 40 of 100 bytes came");
	check_failed(recv_any(it, 100), -EPIPE, "the end: nobody is there to send");
	check_failed(mproc_connection_next_size(it->connection, MPROC_FOREVER, &size), -EPIPE, "the end");
}

START_TEST(end_in_the_middle_of_a_message_is_told_of_and_then_the_end)
{
	check_each(hang_up_amid, PACKETS, TCP);
}
END_TEST

static void hang_up_amid_what_is_too_large(bare *it)
{
	size_t size;

	send_part(it, (mproci_frame){.is_first = true, .size = 100}, 0, 40, 0);
	ck_assert_int_eq(mproc_connection_next_size(it->connection, MPROC_FOREVER, &size), 0);
	ck_assert_int_eq(recv_any(it, 99), -EMSGSIZE);
	hang_up(it);
	/* In a stream what has come is before the end. */
	if (recv_any(it, 99) == -EMSGSIZE)
		ck_assert_int_eq(recv_any(it, 100), -EBADMSG);
	check_failed(recv_any(it, 99), -EPIPE, "the end: nobody is there to send");
}

START_TEST(end_in_the_middle_of_a_message_too_large_for_the_buffer_is_told_of)
{
	check_each(hang_up_amid_what_is_too_large, PACKETS, TCP);
}
END_TEST

START_TEST(end_at_the_beginning_of_a_message_is_told_of)
{
	for (socket_kind kind = STREAM; kind <= TCP; ++kind) {
		bare it = open_bare(kind);

		send_bytes(&it, "\xb3\x01", 2);
		hang_up(&it);
		check_failed(
			recv_any(&it, 100), -EBADMSG, "who sent has ended at the beginning of a message");
		check_failed(recv_any(&it, 100), -EPIPE, "the end: nobody is there to send");
		close_bare(&it);
	}
}
END_TEST

static int recv_soon(const bare *it, size_t room)
{
	char *buffer = malloc(room + 1);
	int rc;

	rc = mproc_connection_recv(it->connection, buffer, room, mproc_after(0.01), NULL);
	free(buffer);
	return rc;
}

static void stop_amid(bare *it)
{
	send_part(it, (mproci_frame){.is_first = true, .tag = 9, .size = 100}, 0, 40, 0);
	check_failed(recv_soon(it, 100), -ETIMEDOUT, "40 of 100 bytes of a message had come at the deadline");
	ck_assert_int_eq(recv_soon(it, 200000), -ETIMEDOUT);
	ck_assert_int_eq(mproc_connection_poll(it->connection, MPROC_NOW), 0);
}

START_TEST(nobody_waits_beyond_the_deadline_for_who_stops_in_the_middle)
{
	check_each(stop_amid, PACKETS, TCP);
}
END_TEST

static void send_bytewise(bare *it)
{
	unsigned char bytes[MPROCI_FRAME_HEADER + 20];

	mproci_frame_write(&(mproci_frame){.is_first = true, .size = 20}, bytes);
	fill(bytes + MPROCI_FRAME_HEADER, 20, 4);
	for (size_t i = 0; i < sizeof bytes; ++i) {
		ck_assert_int_eq(recv_filled(it->connection, 20, 20, 4, MPROC_NOW), -ETIMEDOUT);
		send_bytes(it, bytes + i, 1);
	}
	ck_assert_int_eq(recv_filled(it->connection, 20, 20, 4, MPROC_FOREVER), 0);
}

START_TEST(message_that_comes_byte_by_byte_is_received)
{
	check_each(send_bytewise, STREAM, TCP);
}
END_TEST

/* A message of three parts is given up after the first, and another one follows, whose size is @size. */
static void give_up(size_t room, size_t size)
{
	bare it = open_bare(PACKETS);
	size_t first = size < 60000 ? size : 60000;

	send_part(&it, (mproci_frame){.is_first = true, .tag = 5, .size = 150000}, 0, 50000, 0);
	ck_assert_int_eq(recv_soon(&it, room), room < 150000 ? -EMSGSIZE : -ETIMEDOUT);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = size}, 0, first, 1);
	if (size > first)
		send_part(&it, (mproci_frame){.tag = 6, .size = size - first}, first, size - first, 1);
	ck_assert_int_eq(recv_filled(it.connection, size, room, 1, MPROC_FOREVER), 0);
	close_bare(&it);
}

START_TEST(message_given_up_by_its_sender_is_forgotten)
{
	give_up(150000, 0);
	give_up(150000, 10);
	give_up(150000, 60000);
	give_up(150000, 100000);
	give_up(120000, 100000);
	give_up(100000, 100000);
	give_up(65520, 65000);
	give_up(60000, 60000);
	give_up(10, 10);
	give_up(0, 0);
}
END_TEST

/* The same while somebody is receiving the first one into his buffer, near its end. */
static void give_up_near_the_end(size_t size)
{
	bare it = open_bare(PACKETS);
	size_t first = size < 60000 ? size : 60000;

	send_part(&it, (mproci_frame){.is_first = true, .tag = 5, .size = 100000}, 0, 50000, 0);
	send_part(&it, (mproci_frame){.tag = 5, .size = 50000}, 50000, 49000, 0);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = size}, 0, first, 1);
	if (size > first)
		send_part(&it, (mproci_frame){.tag = 6, .size = size - first}, first, size - first, 1);
	ck_assert_int_eq(recv_filled(it.connection, size, 100000, 1, MPROC_FOREVER), 0);
	close_bare(&it);
}

START_TEST(message_given_up_near_its_end_is_forgotten)
{
	give_up_near_the_end(0);
	give_up_near_the_end(900);
	give_up_near_the_end(1000);
	give_up_near_the_end(1001);
	give_up_near_the_end(60000);
	give_up_near_the_end(100000);
}
END_TEST

START_TEST(message_given_up_for_one_that_does_not_fit_is_forgotten)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .tag = 5, .size = 100000}, 0, 50000, 0);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = 100001}, 0, 60000, 1);
	check_failed(
		recv_any(&it, 100000), -EMSGSIZE, "the message has 100001 bytes, there is room for 100000");
	send_part(&it, (mproci_frame){.tag = 6, .size = 40001}, 60000, 40001, 1);
	ck_assert_int_eq(recv_filled(it.connection, 100001, 100001, 1, MPROC_FOREVER), 0);
	close_bare(&it);
}
END_TEST

START_TEST(message_after_one_that_was_given_up_is_there_at_once)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.is_first = true, .tag = 5, .size = 100}, 0, 50, 0);
	ck_assert_int_eq(recv_filled(it.connection, 100, 100, 0, MPROC_NOW), -ETIMEDOUT);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = 10}, 0, 10, 1);
	ck_assert_int_eq(recv_filled(it.connection, 10, 100, 1, MPROC_NOW), 0);
	close_bare(&it);
}
END_TEST

START_TEST(size_of_a_message_that_was_given_up_is_not_told_any_more)
{
	bare it = open_bare(PACKETS);
	size_t size;

	send_part(&it, (mproci_frame){.is_first = true, .tag = 5, .size = 100}, 0, 50, 0);
	ck_assert_int_eq(mproc_connection_next_size(it.connection, MPROC_FOREVER, &size), 0);
	ck_assert_uint_eq(size, 100);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = 10}, 0, 10, 1);
	ck_assert_int_eq(mproc_connection_next_size(it.connection, MPROC_FOREVER, &size), 0);
	ck_assert_uint_eq(size, 10);
	ck_assert_int_eq(recv_filled(it.connection, 10, 10, 1, MPROC_FOREVER), 0);
	close_bare(&it);
}
END_TEST

START_TEST(rest_of_a_message_that_somebody_else_has_begun_is_skipped)
{
	bare it = open_bare(PACKETS);

	send_part(&it, (mproci_frame){.tag = 5, .size = 100}, 0, 50, 0);
	send_part(&it, (mproci_frame){.tag = 5, .size = 50}, 0, 50, 0);
	send_part(&it, (mproci_frame){.is_first = true, .tag = 6, .size = 10}, 0, 10, 1);
	ck_assert_int_eq(recv_filled(it.connection, 10, 10, 1, MPROC_FOREVER), 0);
	close_bare(&it);
}
END_TEST

static int send_beginnings(void *argument)
{
	const bare *it = argument;
	unsigned char header[MPROCI_FRAME_HEADER + 1] = {0};
	uint32_t tag = 0;
	ssize_t rc;

	do {
		mproci_frame_write(&(mproci_frame){.is_first = true, .tag = ++tag, .size = 100}, header);
		rc = send(it->socket, header, sizeof header, MSG_NOSIGNAL);
	} while (rc >= 0);
	return errno == EPIPE || errno == ECONNRESET ? 0 : -errno;
}

START_TEST(nobody_waits_beyond_the_deadline_for_who_only_begins)
{
	bare it = open_bare(PACKETS);
	support_thread thread;

	support_begin(&thread, send_beginnings, &it);
	for (int i = 0; i < 100; ++i)
		ck_assert_int_eq(recv_soon(&it, 100), -ETIMEDOUT);
	it.connection = mproc_connection_close(it.connection);
	ck_assert_int_eq(support_end(&thread), 0);
	close_bare(&it);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		garbage_is_refused,
		announcement_of_4_gigabytes_is_refused,
		announcement_of_descriptors_that_do_not_come_is_refused,
		rest_of_a_message_in_a_stream_is_refused,
		packet_too_small_for_a_header_is_refused,
		packet_larger_than_a_part_is_refused,
		packet_with_more_than_its_message_is_refused,
		packet_with_nothing_of_its_message_is_refused,
		long_messages_that_were_sent_at_once_are_refused,
		short_message_amid_a_long_one_makes_its_rest_refused,
		end_in_the_middle_of_a_message_is_told_of_and_then_the_end,
		end_in_the_middle_of_a_message_too_large_for_the_buffer_is_told_of,
		end_at_the_beginning_of_a_message_is_told_of,
		nobody_waits_beyond_the_deadline_for_who_stops_in_the_middle,
		message_that_comes_byte_by_byte_is_received,
		message_given_up_by_its_sender_is_forgotten,
		message_given_up_near_its_end_is_forgotten,
		message_given_up_for_one_that_does_not_fit_is_forgotten,
		message_after_one_that_was_given_up_is_there_at_once,
		size_of_a_message_that_was_given_up_is_not_told_any_more,
		rest_of_a_message_that_somebody_else_has_begun_is_skipped,
		nobody_waits_beyond_the_deadline_for_who_only_begins,
		NULL,
	};

	return support_run("bad_input", tests);
}
