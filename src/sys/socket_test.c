/* SPDX-License-Identifier: MIT */
#include "sys/socket.h"

#include "support.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int sockets[2];

static void make_sockets(void)
{
	ck_assert_int_eq(mproci_socket_pair(false, sockets), 0);
}

static void close_sockets(void)
{
	mproci_close(sockets[0]);
	mproci_close(sockets[1]);
}

static ssize_t send_text(int socket, const char *text)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};

	return mproci_socket_send(socket, &part, 1, NULL, 0);
}

static ssize_t receive(int socket, char *ret_text, size_t size)
{
	struct iovec part = {.iov_base = ret_text, .iov_len = size};
	int descriptors[MPROCI_SOCKET_DESCRIPTORS];
	size_t count;

	return mproci_socket_receive(socket, &part, 1, descriptors, &count);
}

START_TEST(what_one_call_sends_one_call_receives)
{
	char first[] = "ab", second[] = "cd", text[10];
	struct iovec parts[] = {{.iov_base = first, .iov_len = 2}, {.iov_base = second, .iov_len = 2}};

	ck_assert_int_eq(mproci_socket_send(sockets[0], parts, 2, NULL, 0), 4);
	ck_assert_int_eq(send_text(sockets[0], "ef"), 2);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 4);
	ck_assert_mem_eq(text, "abcd", 4);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 2);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), -EAGAIN);
}
END_TEST

START_TEST(looking_leaves_what_is_there)
{
	char text[10];

	ck_assert_int_eq(mproci_socket_peek(sockets[1], text, 2), -EAGAIN);
	ck_assert_int_eq(send_text(sockets[0], "abc"), 3);
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproci_socket_peek(sockets[1], text, 2), 2);
		ck_assert_mem_eq(text, "ab", 2);
	}
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 3);
	mproci_close(sockets[0]);
	sockets[0] = -1;
	ck_assert_int_eq(mproci_socket_peek(sockets[1], text, 2), 0);
}
END_TEST

START_TEST(what_was_sent_before_the_end_comes_before_it_also_when_something_was_not_read)
{
	char text[10];

	ck_assert_int_eq(send_text(sockets[1], "unread"), 6);
	ck_assert_int_eq(send_text(sockets[0], "a"), 1);
	ck_assert_int_eq(send_text(sockets[0], "b"), 1);
	mproci_close(sockets[0]);
	sockets[0] = -1;
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 1);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 1);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(receive(sockets[1], text, sizeof text), 0);
	ck_assert_int_eq(send_text(sockets[1], "c"), -EPIPE);
}
END_TEST

START_TEST(packet_larger_than_the_room_is_lost_with_its_descriptors)
{
	char text[] = "abc";
	struct iovec part = {.iov_base = text, .iov_len = 3};

	ck_assert_int_eq(mproci_socket_send(sockets[0], &part, 1, sockets, 2), 3);
	ck_assert_int_eq(send_text(sockets[0], "d"), 1);
	ck_assert_int_eq(receive(sockets[1], text, 2), -EBADMSG);
	ck_assert_int_eq(receive(sockets[1], text, 2), 1);
}
END_TEST

START_TEST(sending_and_waiting_for_room_end_when_there_is_none)
{
	char text[10];
	ssize_t rc;

	ck_assert_int_eq(mproci_socket_wait_for_room(sockets[0], MPROC_NOW), 0);
	while ((rc = send_text(sockets[0], "a")) == 1)
		;
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_eq(mproci_socket_wait_for_room(sockets[0], mproc_after(0.01)), -ETIMEDOUT);
	while (receive(sockets[1], text, sizeof text) == 1)
		;
	ck_assert_int_eq(mproci_socket_wait_for_room(sockets[0], MPROC_FOREVER), 0);
}
END_TEST

START_TEST(waiting_for_data_ends_with_data_or_the_end)
{
	char text[10];

	ck_assert_int_eq(mproci_socket_wait_for_data(sockets[1], mproc_after(0.01)), -ETIMEDOUT);
	ck_assert_int_eq(send_text(sockets[0], "a"), 1);
	ck_assert_int_eq(mproci_socket_wait_for_data(sockets[1], MPROC_FOREVER), 0);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 1);
	mproci_socket_end_sending(sockets[0]);
	ck_assert_int_eq(mproci_socket_wait_for_data(sockets[1], MPROC_FOREVER), 0);
	ck_assert_int_eq(receive(sockets[1], text, sizeof text), 0);
	/* The other direction stays. */
	ck_assert_int_eq(send_text(sockets[1], "b"), 1);
	ck_assert_int_eq(receive(sockets[0], text, sizeof text), 1);
}
END_TEST

START_TEST(one_way_pair_goes_from_the_second_to_the_first)
{
	char text[10];
	int pair[2];

	ck_assert_int_eq(mproci_socket_pair(true, pair), 0);
	ck_assert_int_eq(send_text(pair[1], "a"), 1);
	ck_assert_int_eq(receive(pair[0], text, sizeof text), 1);
	ck_assert_int_eq(send_text(pair[0], "b"), -EPIPE);
	ck_assert_int_eq(receive(pair[1], text, sizeof text), 0);
	mproci_close(pair[0]);
	mproci_close(pair[1]);
}
END_TEST

START_TEST(kind_of_a_socket_is_told)
{
	mproci_socket_kind kind;
	int streams[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, streams), 0);
	ck_assert_int_eq(mproci_socket_examine(streams[0], &kind), 0);
	ck_assert(!kind.is_packets && kind.is_local);
	ck_assert_int_eq(mproci_socket_examine(sockets[0], &kind), 0);
	ck_assert(kind.is_packets && kind.is_local);
	ck_assert_uint_gt(kind.largest_packet, 65536);
	mproci_close(streams[0]);
	mproci_close(streams[1]);
}
END_TEST

START_TEST(largest_packet_is_taken)
{
	mproci_socket_kind kind;
	struct iovec part;
	char *bytes;

	for (int size = 1; size <= 1000000; size *= 10) {
		int pair[2];

		ck_assert_int_eq(mproci_socket_pair(false, pair), 0);
		ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
		ck_assert_int_eq(mproci_socket_examine(pair[0], &kind), 0);
		bytes = calloc(1, kind.largest_packet);
		part = (struct iovec){.iov_base = bytes, .iov_len = kind.largest_packet};
		ck_assert_int_eq(
			mproci_socket_send(pair[0], &part, 1, NULL, 0), (ssize_t)kind.largest_packet);
		free(bytes);
		mproci_close(pair[0]);
		mproci_close(pair[1]);
	}
}
END_TEST

START_TEST(bytes_of_a_stream_are_written_and_read)
{
	char text[10];
	int both[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
	ck_assert_int_eq(mproci_socket_read(both[1], text, sizeof text), -EAGAIN);
	ck_assert_int_eq(mproci_socket_write(both[0], "abc", 3), 3);
	ck_assert_int_eq(mproci_socket_read(both[1], text, 2), 2);
	ck_assert_mem_eq(text, "ab", 2);
	mproci_close(both[0]);
	ck_assert_int_eq(mproci_socket_write(both[1], "x", 1), -EPIPE);
	ck_assert_int_eq(mproci_socket_read(both[1], text, sizeof text), 1);
	ck_assert_int_eq(mproci_socket_read(both[1], text, sizeof text), 0);
	mproci_close(both[1]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_one_call_sends_one_call_receives,
		looking_leaves_what_is_there,
		what_was_sent_before_the_end_comes_before_it_also_when_something_was_not_read,
		packet_larger_than_the_room_is_lost_with_its_descriptors,
		sending_and_waiting_for_room_end_when_there_is_none,
		waiting_for_data_ends_with_data_or_the_end,
		one_way_pair_goes_from_the_second_to_the_first,
		kind_of_a_socket_is_told,
		largest_packet_is_taken,
		bytes_of_a_stream_are_written_and_read,
		NULL,
	};
	const support_suite suite = {
		.name = "socket",
		.tests = tests,
		.setup = make_sockets,
		.teardown = close_sockets,
	};

	return support_run_suite(&suite);
}
