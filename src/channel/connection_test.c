/* SPDX-License-Identifier: MIT */
#include "channel/connection.h"

#include "channel/connection_fixture.h"
#include "channel/frame.h"

#include <poll.h>
#include <sys/resource.h>

static bool is_readable(const mproc_connection *connection)
{
	struct pollfd one = {.fd = mproc_connection_fd(connection), .events = POLLIN};

	return poll(&one, 1, 0) == 1;
}

static void send_each_size(ends *it, socket_kind kind)
{
	static const size_t sizes[] = {0, 1, 8, 1024, 1025, 65519, 65520, 65521, 131040, 131041, 3000000};

	(void)kind;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		stream_of stream = {.connection = it->near, .size = sizes[i], .count = 2};
		support_thread thread;

		support_begin(&thread, send_stream, &stream);
		ck_assert_int_eq(recv_filled(it->far, sizes[i], sizes[i], 0, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it->far, sizes[i], sizes[i] + 70000, 1, MPROC_FOREVER), 0);
		ck_assert_int_eq(support_end(&thread), 0);
	}
}

START_TEST(message_arrives_as_it_was_sent)
{
	check_each_kind(send_each_size);
}
END_TEST

static void send_both_ways(ends *it, socket_kind kind)
{
	(void)kind;
	ck_assert_int_eq(send_filled(it->near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->far, 11, 1, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->near, 12, 2, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it->far, 10, 100, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it->near, 11, 100, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it->far, 12, 100, 2, MPROC_FOREVER), 0);
}

START_TEST(both_ends_send_and_receive)
{
	check_each_kind(send_both_ways);
}
END_TEST

static void send_too_much(ends *it, socket_kind kind)
{
	char text[100];
	size_t size;

	(void)kind;
	ck_assert_int_eq(send_filled(it->near, 100, 0, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->near, 100000, 1, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->near, 5, 2, MPROC_NOW), 0);
	for (int i = 0; i < 3; ++i)
		check_failed(recv_filled(it->far, 100, 99, 0, MPROC_FOREVER), -EMSGSIZE,
			"the message has 100 bytes, there is room for 99");
	ck_assert_int_eq(recv_filled(it->far, 100, 100, 0, MPROC_FOREVER), 0);
	check_failed(recv_filled(it->far, 100000, 8, 1, MPROC_FOREVER), -EMSGSIZE,
		"has 100000 bytes, there is room for 8");
	check_failed(recv_filled(it->far, 100000, 99999, 1, MPROC_FOREVER), -EMSGSIZE, "room for 99999");
	ck_assert_int_eq(recv_filled(it->far, 100000, 100000, 1, MPROC_FOREVER), 0);
	snprintf(text, sizeof text, "connection %d: the message has 5 bytes, there is room for 0",
		mproc_connection_fd(it->far));
	check_failed(mproc_connection_recv(it->far, NULL, 0, MPROC_FOREVER, &size), -EMSGSIZE, text);
	ck_assert_int_eq(recv_filled(it->far, 5, 100, 2, MPROC_FOREVER), 0);
}

START_TEST(message_larger_than_the_buffer_stays)
{
	check_each_kind(send_too_much);
}
END_TEST

static void look_at_each(ends *it, socket_kind kind)
{
	static const size_t sizes[] = {0, 7, 100000, 100000, 7};
	size_t size = 77;

	(void)kind;
	check_failed(mproc_connection_next_size(it->far, MPROC_NOW, &size), -ETIMEDOUT,
		"no message until the deadline");
	ck_assert_uint_eq(size, 77);
	for (unsigned i = 0; i < 5; ++i) {
		ck_assert_int_eq(send_filled(it->near, sizes[i], i, MPROC_FOREVER), 0);
		for (int again = 0; again < 2; ++again) {
			ck_assert_int_eq(mproc_connection_next_size(it->far, MPROC_FOREVER, &size), 0);
			ck_assert_uint_eq(size, sizes[i]);
		}
		ck_assert_int_eq(mproc_connection_poll(it->far, MPROC_NOW), 1);
		ck_assert_int_eq(recv_filled(it->far, size, size, i, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_connection_poll(it->far, MPROC_NOW), 0);
	}
}

START_TEST(next_size_tells_and_leaves_the_message)
{
	check_each_kind(look_at_each);
}
END_TEST

START_TEST(what_is_in_this_process_already_makes_the_connection_ready)
{
	ends it = open_ends(PACKETS);
	size_t size;

	ck_assert(!mproci_connection_is_ready(it.far));
	ck_assert_int_eq(send_filled(it.near, 10, 0, MPROC_NOW), 0);
	ck_assert(!mproci_connection_is_ready(it.far));
	ck_assert(is_readable(it.far));
	ck_assert_int_eq(mproc_connection_next_size(it.far, MPROC_NOW, &size), 0);
	ck_assert(!is_readable(it.far));
	ck_assert(mproci_connection_is_ready(it.far));
	ck_assert_int_eq(mproc_connection_poll(it.far, MPROC_NOW), 1);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), 0);
	ck_assert(!mproci_connection_is_ready(it.far));
	ck_assert_int_eq(mproc_connection_poll(it.far, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

static void recv_into_new_memory(ends *it, socket_kind kind)
{
	static const size_t sizes[] = {0, 7, 65520, 65521, 1000000};

	(void)kind;
	for (unsigned i = 0; i < 5; ++i) {
		stream_of stream = {.connection = it->near, .size = sizes[i], .count = 1};
		support_thread thread;
		void *data = NULL;
		size_t size;

		support_begin(&thread, send_stream, &stream);
		ck_assert_int_eq(mproc_connection_recv_alloc(it->far, MPROC_FOREVER, &data, &size), 0);
		ck_assert_ptr_nonnull(data);
		ck_assert_uint_eq(size, sizes[i]);
		ck_assert(is_filled(data, size, 0));
		free(data);
		ck_assert_int_eq(support_end(&thread), 0);
	}
}

START_TEST(message_is_received_into_memory_allocated_for_it)
{
	check_each_kind(recv_into_new_memory);
}
END_TEST

static void end_after_messages(ends *it, socket_kind kind)
{
	(void)kind;
	ck_assert_int_eq(mproc_connection_poll(it->far, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it->near, 100000, 1, MPROC_NOW), 0);
	it->near = mproc_connection_close(it->near);
	ck_assert_int_eq(recv_filled(it->far, 10, 10, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it->far, 100000, 100000, 1, MPROC_FOREVER), 0);
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(mproc_connection_poll(it->far, MPROC_FOREVER), 1);
		check_failed(recv_filled(it->far, 0, 10, 0, MPROC_FOREVER), -EPIPE,
			"the end: nobody is there to send");
	}
}

START_TEST(end_comes_after_all_messages)
{
	check_each_kind(end_after_messages);
}
END_TEST

START_TEST(messages_of_who_has_closed_without_reading_arrive)
{
	for (socket_kind kind = PACKETS; kind <= STREAM; ++kind) {
		ends it = open_ends(kind);

		ck_assert_int_eq(send_filled(it.far, 10, 5, MPROC_NOW), 0);
		for (unsigned i = 0; i < 3; ++i)
			ck_assert_int_eq(send_filled(it.near, 10, i, MPROC_NOW), 0);
		it.near = mproc_connection_close(it.near);
		for (unsigned i = 0; i < 3; ++i)
			ck_assert_int_eq(recv_filled(it.far, 10, 10, i, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_FOREVER), -EPIPE);
		close_ends(&it);
	}
}
END_TEST

static void send_to_nobody(ends *it, socket_kind kind)
{
	int rc = 0;

	(void)kind;
	it->far = mproc_connection_close(it->far);
	/* Over TCP the first ones are still taken. */
	for (int i = 0; i < 1000 && rc == 0; ++i) {
		rc = send_filled(it->near, 10, 0, MPROC_FOREVER);
		if (rc == 0)
			mproc_connection_poll(it->near, MPROC_FOREVER);
	}
	check_failed(rc, -EPIPE, "nobody is there to receive");
	check_failed(send_filled(it->near, 1000000, 0, MPROC_FOREVER), -EPIPE, "nobody is there to receive");
}

START_TEST(sending_to_nobody_fails_without_a_signal)
{
	check_each_kind(send_to_nobody);
}
END_TEST

static void recv_until_deadlines(ends *it, socket_kind kind)
{
	size_t size = 77;
	void *data = &size;

	(void)kind;
	check_failed(recv_filled(it->far, 0, 10, 0, MPROC_NOW), -ETIMEDOUT, "no message until the deadline");
	ck_assert_int_eq(recv_filled(it->far, 0, 10, 0, mproc_after(0.01)), -ETIMEDOUT);
	ck_assert_int_eq(mproc_connection_recv_alloc(it->far, mproc_after(0.01), &data, &size), -ETIMEDOUT);
	ck_assert_ptr_eq(data, &size);
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(mproc_connection_poll(it->far, mproc_after(0.01)), 0);
	ck_assert_int_eq(send_filled(it->near, 10, 0, MPROC_NOW), 0);
	/* Over TCP it may be on its way. */
	ck_assert_int_eq(mproc_connection_poll(it->far, MPROC_FOREVER), 1);
	ck_assert_int_eq(recv_filled(it->far, 10, 10, 0, MPROC_NOW), 0);
}

START_TEST(receiving_gives_up_at_the_deadline)
{
	check_each_kind(recv_until_deadlines);
}
END_TEST

/* Send messages until there is no room.  Returns how many. */
static unsigned send_until_full(mproc_connection *connection, size_t size)
{
	unsigned count = 0;
	int rc;

	while ((rc = send_filled(connection, size, count, MPROC_NOW)) == 0)
		++count;
	check_failed(rc, -ETIMEDOUT, "no room for a message of ");
	return count;
}

START_TEST(message_given_up_at_the_deadline_is_not_sent_and_the_next_is)
{
	static const size_t sizes[] = {1, 1000, 60000, 100000, 10000000};

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		ends it = open_ends(PACKETS);
		unsigned count = send_until_full(it.near, sizes[i]);

		ck_assert_int_eq(send_filled(it.near, sizes[i], count, mproc_after(0.01)), -ETIMEDOUT);
		for (unsigned k = 0; k < count; ++k)
			ck_assert_int_eq(recv_filled(it.far, sizes[i], sizes[i], k, MPROC_NOW), 0);
		ck_assert_int_eq(recv_filled(it.far, sizes[i], sizes[i], count, MPROC_NOW), -ETIMEDOUT);
		ck_assert_int_eq(send_filled(it.near, 5, 1, MPROC_NOW), 0);
		ck_assert_int_eq(recv_filled(it.far, 5, 5, 1, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.far, 5, 5, 1, MPROC_NOW), -ETIMEDOUT);
		close_ends(&it);
	}
}
END_TEST

START_TEST(message_given_up_in_the_middle_ends_a_stream)
{
	for (socket_kind kind = STREAM; kind <= TCP; ++kind) {
		ends it = open_ends(kind);

		check_failed(send_filled(it.near, 50000000, 0, mproc_after(0.05)), -ETIMEDOUT,
			"no room for a message of 50000000 bytes until the deadline");
		for (int i = 0; i < 2; ++i)
			check_failed(send_filled(it.near, 1, 0, MPROC_FOREVER), -EPIPE,
				"a message was cut short at its deadline: nothing can follow it");
		check_failed(recv_filled(it.far, 0, 50000000, 0, MPROC_FOREVER), -EBADMSG,
			"who sent has ended in the middle of a message: ");
		ck_assert_int_eq(recv_filled(it.far, 0, 50000000, 0, MPROC_FOREVER), -EPIPE);
		ck_assert_int_eq(send_filled(it.far, 10, 0, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.near, 10, 10, 0, MPROC_FOREVER), 0);
		close_ends(&it);
	}
}
END_TEST

/* Messages larger than what the kernel holds, and deadlines that end in their middles. */
static void recv_in_pieces(ends *it, socket_kind kind)
{
	enum {
		SIZE = 3000000,
		COUNT = 3
	};
	stream_of stream = {.connection = it->near, .size = SIZE, .count = COUNT};
	support_thread thread;

	(void)kind;
	support_begin(&thread, send_stream, &stream);
	for (unsigned i = 0; i < COUNT; ++i) {
		int rc;

		do
			rc = recv_filled(it->far, SIZE, SIZE, i, MPROC_NOW);
		while (rc == -ETIMEDOUT);
		ck_assert_int_eq(rc, 0);
	}
	ck_assert_int_eq(support_end(&thread), 0);
}

START_TEST(what_came_until_the_deadline_is_kept)
{
	check_each_kind(recv_in_pieces);
}
END_TEST

static void alloc_in_pieces(ends *it, socket_kind kind)
{
	stream_of stream = {.connection = it->near, .size = 3000000, .count = 1};
	support_thread thread;
	void *data;
	size_t size;
	int rc;

	(void)kind;
	support_begin(&thread, send_stream, &stream);
	do
		rc = mproc_connection_recv_alloc(it->far, MPROC_NOW, &data, &size);
	while (rc == -ETIMEDOUT);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(size, stream.size);
	ck_assert(is_filled(data, size, 0));
	free(data);
	ck_assert_int_eq(support_end(&thread), 0);
}

START_TEST(what_came_until_the_deadline_is_kept_for_new_memory)
{
	check_each_kind(alloc_in_pieces);
}
END_TEST

START_TEST(message_above_the_largest_is_refused_on_both_sides)
{
	for (socket_kind kind = PACKETS; kind < SOCKET_KINDS; ++kind) {
		int sockets[2];
		ends it;

		make_sockets(kind, sockets);
		it = (ends){.near = open_limited(sockets[0], 1000), .far = open_limited(sockets[1], 999)};
		check_failed(send_filled(it.near, 1001, 0, MPROC_FOREVER), -EMSGSIZE,
			"a message of 1001 bytes: up to 1000 are possible");
		ck_assert_int_eq(send_filled(it.near, 999, 0, MPROC_FOREVER), 0);
		ck_assert_int_eq(send_filled(it.near, 1000, 1, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.far, 999, 2000, 0, MPROC_FOREVER), 0);
		for (int i = 0; i < 3; ++i)
			check_failed(recv_filled(it.far, 0, 2000, 0, MPROC_FOREVER), -EBADMSG,
				"a message of 1000 bytes came: at most 999 are taken");
		ck_assert(mproci_connection_is_ready(it.far));
		ck_assert_int_eq(mproc_connection_poll(it.far, MPROC_FOREVER), 1);
		ck_assert_int_eq(send_filled(it.far, 10, 0, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.near, 10, 10, 0, MPROC_FOREVER), 0);
		close_ends(&it);
	}
}
END_TEST

START_TEST(default_largest_message_is_64_mebibytes)
{
	ends it = open_ends(PACKETS);
	char byte = 0;

	/* Nothing is read of it. */
	check_failed(mproc_connection_send(it.near, &byte, 67108865, MPROC_FOREVER), -EMSGSIZE,
		"a message of 67108865 bytes: up to 67108864 are possible");
	close_ends(&it);
}
END_TEST

static int recv_forever(void *connection)
{
	return recv_filled(connection, 10, 10, 3, MPROC_FOREVER);
}

static int recv_soon(void *connection)
{
	char buffer[10];

	return mproc_connection_recv(connection, buffer, sizeof buffer, mproc_after(0.01), NULL);
}

START_TEST(thread_waits_for_another_one_until_its_deadline)
{
	ends it = open_ends(PACKETS);
	support_thread first, second, third;

	support_begin(&first, recv_soon, it.far);
	support_begin(&second, recv_soon, it.far);
	ck_assert_int_eq(support_end(&first), -ETIMEDOUT);
	ck_assert_int_eq(support_end(&second), -ETIMEDOUT);
	support_begin(&first, recv_forever, it.far);
	support_begin(&second, recv_forever, it.far);
	third = support_in_thread(recv_soon, it.far);
	ck_assert_int_eq(third.result, -ETIMEDOUT);
	ck_assert_int_eq(send_filled(it.near, 10, 3, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it.near, 10, 3, MPROC_NOW), 0);
	ck_assert_int_eq(support_end(&first), 0);
	ck_assert_int_eq(support_end(&second), 0);
	close_ends(&it);
}
END_TEST

/* A thread that is receiving for good; the text of who comes meanwhile. */
static int recv_for_good(void *connection)
{
	char buffer[10];

	return mproc_connection_recv(connection, buffer, sizeof buffer, MPROC_FOREVER, NULL);
}

START_TEST(who_comes_while_another_thread_receives_is_told_so)
{
	ends it = open_ends(PACKETS);
	support_thread other;
	char buffer[10];
	int rc;

	support_begin(&other, recv_for_good, it.far);
	/* Until the other one has begun. */
	do
		rc = mproc_connection_recv(it.far, buffer, sizeof buffer, MPROC_NOW, NULL);
	while (rc == -ETIMEDOUT && strstr(mproc_error_text(), "another thread") == NULL);
	check_failed(rc, -ETIMEDOUT, "another thread was receiving until the deadline");
	it.near = mproc_connection_close(it.near);
	ck_assert_int_eq(support_end(&other), -EPIPE);
	close_ends(&it);
}
END_TEST

static int send_for_good(void *connection)
{
	return send_filled(connection, 50000000, 0, MPROC_FOREVER);
}

START_TEST(who_comes_while_another_thread_sends_is_told_so)
{
	ends it = open_ends(PACKETS);
	support_thread other;
	int rc;

	support_begin(&other, send_for_good, it.near);
	do
		rc = mproc_connection_send(it.near, NULL, 0, MPROC_NOW);
	while (rc == 0 || strstr(mproc_error_text(), "another thread") == NULL);
	check_failed(rc, -ETIMEDOUT, "another thread was sending until the deadline");
	it.far = mproc_connection_close(it.far);
	ck_assert_int_eq(support_end(&other), -EPIPE);
	close_ends(&it);
}
END_TEST

enum {
	THREADS = 4,
	MESSAGES = 500,
};

typedef struct crowd {
	ends it;
	_Atomic uint32_t next, sum, received;
} crowd;

static size_t size_of(uint32_t number)
{
	return number % 50 == 0 ? 70000 + number : 4 + number % 100;
}

static int send_some(void *argument)
{
	crowd *all = argument;
	uint32_t number;
	int rc = 0;

	while (rc == 0 && (number = atomic_fetch_add(&all->next, 1)) < MESSAGES) {
		unsigned char *bytes = calloc(1, size_of(number));

		memcpy(bytes, &number, sizeof number);
		rc = mproc_connection_send(all->it.near, bytes, size_of(number), MPROC_FOREVER);
		free(bytes);
	}
	return rc;
}

static int recv_some(void *argument)
{
	crowd *all = argument;

	for (;;) {
		uint32_t number;
		void *data;
		size_t size;
		int rc;

		rc = mproc_connection_recv_alloc(all->it.far, MPROC_FOREVER, &data, &size);
		if (rc < 0)
			return rc;
		memcpy(&number, data, sizeof number);
		free(data);
		if (size != size_of(number))
			return -EBADMSG;
		atomic_fetch_add(&all->sum, number);
		atomic_fetch_add(&all->received, 1);
	}
}

static void crowd_both_ends(ends *it, socket_kind kind)
{
	support_thread senders[THREADS], receivers[THREADS];
	crowd all = {.it = *it};

	(void)kind;
	for (int i = 0; i < THREADS; ++i) {
		support_begin(&senders[i], send_some, &all);
		support_begin(&receivers[i], recv_some, &all);
	}
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(support_end(&senders[i]), 0);
	it->near = mproc_connection_close(it->near);
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(support_end(&receivers[i]), -EPIPE);
	ck_assert_uint_eq(all.received, MESSAGES);
	ck_assert_uint_eq(all.sum, MESSAGES * (MESSAGES - 1) / 2);
}

START_TEST(threads_share_both_ends)
{
	check_each_kind(crowd_both_ends);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	ends it = open_ends(PACKETS);
	mproc_connection *one;
	char byte;
	void *data;
	size_t size;

	check_failed(mproc_connection_send(NULL, &byte, 1, MPROC_NOW), -EINVAL, "connection is NULL");
	check_failed(mproc_connection_send(it.near, NULL, 1, MPROC_NOW), -EINVAL,
		"data is NULL, but there are to be 1");
	check_failed(mproc_connection_send_descriptors(it.near, &byte, 1, NULL, 2, MPROC_NOW), -EINVAL,
		"descriptors is NULL, but there are to be 2");
	check_failed(mproc_connection_recv(NULL, &byte, 1, MPROC_NOW, &size), -EINVAL, "connection is NULL");
	check_failed(mproc_connection_recv(it.near, NULL, 1, MPROC_NOW, &size), -EINVAL, "buffer is NULL");
	check_failed(mproc_connection_recv_descriptors(it.near, &byte, 1, NULL, 1, MPROC_NOW, &size, &size),
		-EINVAL, "descriptors is NULL");
	check_failed(mproc_connection_recv_descriptors(it.near, &byte, 1, NULL, 0, MPROC_NOW, &size, NULL),
		-EINVAL, "ret_count is NULL");
	check_failed(mproc_connection_recv_alloc(NULL, MPROC_NOW, &data, &size), -EINVAL, "is NULL");
	check_failed(
		mproc_connection_recv_alloc(it.near, MPROC_NOW, NULL, &size), -EINVAL, "ret_data is NULL");
	check_failed(
		mproc_connection_recv_alloc(it.near, MPROC_NOW, &data, NULL), -EINVAL, "ret_size is NULL");
	check_failed(mproc_connection_next_size(NULL, MPROC_NOW, &size), -EINVAL, "connection is NULL");
	check_failed(mproc_connection_next_size(it.near, MPROC_NOW, NULL), -EINVAL, "ret_size is NULL");
	check_failed(mproc_connection_poll(NULL, MPROC_NOW), -EINVAL, "connection is NULL");
	check_failed(mproc_connection_fd(NULL), -EINVAL, "connection is NULL");
	check_failed(mproc_connection_open(0, NULL, NULL), -EINVAL, "ret_connection is NULL");
	check_failed(mproc_connection_open(0, &(mproc_connection_options){.reserved = {0, 3}}, &one), -EINVAL,
		"reserved[1] is 3, not 0");
	check_failed(mproc_connection_open(0, &(mproc_connection_options){.max_message = SIZE_MAX}, &one),
		-EINVAL, "max_message 18446744073709551615: up to 1099511627776 are possible");
	ck_assert_ptr_null(mproc_connection_close(NULL));
	close_ends(&it);
}
END_TEST

START_TEST(only_connected_sockets_of_use_become_connections)
{
	int pipe_ends[2], datagrams[2], lonely = socket(AF_INET, SOCK_STREAM, 0);
	mproc_connection *one = NULL;

	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
	check_failed(mproc_connection_open(-1, NULL, &one), -EBADF, "descriptor -1: Bad file descriptor");
	check_failed(mproc_connection_open(pipe_ends[0], NULL, &one), -ENOTSOCK, "on non-socket");
	check_failed(mproc_connection_open(lonely, NULL, &one), -ENOTCONN, "not connected");
	check_failed(mproc_connection_open(datagrams[0], NULL, &one), -EINVAL, "neither local nor TCP");
	ck_assert_ptr_null(one);
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(close(pipe_ends[i]), 0);
		ck_assert_int_eq(close(datagrams[i]), 0);
	}
	ck_assert_int_eq(close(lonely), 0);
}
END_TEST

static bool is_closed_by_exec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

START_TEST(descriptor_given_to_a_connection_is_closed_by_exec_and_with_it)
{
	ends it = open_ends(TCP);
	int fd = mproc_connection_fd(it.near);

	ck_assert(is_closed_by_exec(fd));
	close_ends(&it);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(descriptor_that_the_program_has_closed_is_told_of)
{
	ends it = open_ends(PACKETS);

	close(mproc_connection_fd(it.near));
	check_failed(
		send_filled(it.near, 1, 0, MPROC_FOREVER), -EBADF, "the program has closed its descriptor");
	check_failed(
		recv_filled(it.near, 1, 1, 0, MPROC_FOREVER), -EBADF, "cannot receive: Bad file descriptor");
	close_ends(&it);
}
END_TEST

START_TEST(small_room_for_sending_makes_parts_smaller)
{
	int sockets[2], smallest = 1;
	stream_of stream = {.size = 100000, .count = 2};
	support_thread thread;
	ends it;

	make_sockets(PACKETS, sockets);
	ck_assert_int_eq(setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
	it = (ends){.near = open_limited(sockets[0], 0), .far = open_limited(sockets[1], 0)};
	stream.connection = it.near;
	support_begin(&thread, send_stream, &stream);
	ck_assert_int_eq(recv_filled(it.far, 100000, 100000, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.far, 100000, 100000, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_end(&thread), 0);
	close_ends(&it);
}
END_TEST

static void *recv_until_cancelled(void *connection)
{
	char *buffer = malloc(5000000);

	pthread_cleanup_push(free, buffer);
	mproc_connection_recv(connection, buffer, 5000000, MPROC_FOREVER, NULL);
	pthread_cleanup_pop(1);
	return NULL;
}

/* The beginning of a message of 1000 bytes. */
static void send_beginning(int socket)
{
	unsigned char bytes[MPROCI_FRAME_HEADER + 10] = {0};

	mproci_frame_write(&(mproci_frame){.is_first = true, .size = 1000}, bytes);
	ck_assert_int_eq(send(socket, bytes, sizeof bytes, 0), sizeof bytes);
}

/* A thread that is cancelled while it waits for the rest of a message of which the beginning has come. */
static void cancel_amid(const ends *it)
{
	pthread_t thread;
	size_t size;

	ck_assert_int_eq(pthread_create(&thread, NULL, recv_until_cancelled, it->far), 0);
	do
		ck_assert_int_eq(mproc_connection_next_size(it->far, MPROC_NOW, &size), -ETIMEDOUT);
	while (strstr(mproc_error_text(), "another thread") == NULL);
	send_beginning(mproc_connection_fd(it->near));
	while (mproc_connection_poll(it->far, MPROC_NOW) == 1)
		sched_yield();
	ck_assert_int_eq(pthread_cancel(thread), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(thread_that_is_cancelled_loses_its_message_alone)
{
	for (socket_kind kind = PACKETS; kind <= STREAM; ++kind) {
		ends it = open_ends(kind);

		cancel_amid(&it);
		if (kind == PACKETS) {
			ck_assert_int_eq(send_filled(it.near, 10, 1, MPROC_FOREVER), 0);
			ck_assert_int_eq(recv_filled(it.far, 10, 10, 1, MPROC_FOREVER), 0);
		} else {
			check_failed(recv_filled(it.far, 0, 10, 0, MPROC_FOREVER), -EBADMSG,
				"a thread ended while it received a message");
		}
		close_ends(&it);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		message_arrives_as_it_was_sent,
		both_ends_send_and_receive,
		message_larger_than_the_buffer_stays,
		next_size_tells_and_leaves_the_message,
		what_is_in_this_process_already_makes_the_connection_ready,
		message_is_received_into_memory_allocated_for_it,
		end_comes_after_all_messages,
		messages_of_who_has_closed_without_reading_arrive,
		sending_to_nobody_fails_without_a_signal,
		receiving_gives_up_at_the_deadline,
		message_given_up_at_the_deadline_is_not_sent_and_the_next_is,
		message_given_up_in_the_middle_ends_a_stream,
		what_came_until_the_deadline_is_kept,
		what_came_until_the_deadline_is_kept_for_new_memory,
		message_above_the_largest_is_refused_on_both_sides,
		default_largest_message_is_64_mebibytes,
		thread_waits_for_another_one_until_its_deadline,
		who_comes_while_another_thread_receives_is_told_so,
		who_comes_while_another_thread_sends_is_told_so,
		threads_share_both_ends,
		what_is_missing_is_named,
		only_connected_sockets_of_use_become_connections,
		descriptor_given_to_a_connection_is_closed_by_exec_and_with_it,
		descriptor_that_the_program_has_closed_is_told_of,
		small_room_for_sending_makes_parts_smaller,
		NULL,
	};
	const TTest *process_tests[] = {
		thread_that_is_cancelled_loses_its_message_alone,
		NULL,
	};
	const support_suite suite = {
		.name = "connection",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
