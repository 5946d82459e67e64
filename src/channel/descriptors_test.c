/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that go with messages.  That none is left behind the test support sees.
 */
#include "channel/connection.h"
#include "channel/connection_fixture.h"
#include "channel/frame.h"

#include <sys/resource.h>
#include <sys/stat.h>

enum {
	MOST = MPROC_CONNECTION_DESCRIPTORS,
};

/* Files of which each is another one. */
static void open_files(int *ret_files, int count)
{
	for (int i = 0; i < count; ++i) {
		int pair[2];

		ck_assert_int_eq(pipe(pair), 0);
		close(pair[1]);
		ret_files[i] = pair[0];
	}
}

static void close_files(const int *files, int count)
{
	for (int i = 0; i < count; ++i)
		ck_assert_int_eq(close(files[i]), 0);
}

static bool are_same(int a, int b)
{
	struct stat first, second;

	ck_assert_int_eq(fstat(a, &first), 0);
	ck_assert_int_eq(fstat(b, &second), 0);
	return first.st_ino == second.st_ino;
}

static int send_files(mproc_connection *connection, size_t size, const int *files, size_t count)
{
	unsigned char *bytes = malloc(size + 1);
	int rc;

	fill(bytes, size, 0);
	rc = mproc_connection_send_descriptors(connection, bytes, size, files, count, MPROC_NOW);
	free(bytes);
	return rc;
}

/* Receive a message of @size bytes and @count descriptors. */
static void expect_files(mproc_connection *connection, size_t size, const int *files, size_t count)
{
	unsigned char *bytes = malloc(size + 1);
	size_t came = 0, came_files = 0;
	int got[MOST];

	ck_assert_int_eq(mproc_connection_recv_descriptors(
				 connection, bytes, size, got, MOST, MPROC_FOREVER, &came, &came_files),
		0);
	ck_assert_uint_eq(came, size);
	ck_assert_uint_eq(came_files, count);
	ck_assert(is_filled(bytes, size, 0));
	for (size_t i = 0; i < count; ++i) {
		ck_assert(are_same(got[i], files[i]));
		ck_assert_int_gt(got[i], STDERR_FILENO);
		ck_assert_int_eq(fcntl(got[i], F_GETFD), FD_CLOEXEC);
	}
	close_files(got, (int)count);
	free(bytes);
}

static void check_local_kinds(void (*behaviour)(ends *it))
{
	for (socket_kind kind = PACKETS; kind <= STREAM; ++kind) {
		ends it = open_ends(kind);

		behaviour(&it);
		close_ends(&it);
	}
}

static void send_each_count(ends *it)
{
	static const size_t counts[] = {0, 1, 2, MOST}, sizes[] = {0, 10, 100000};
	int files[MOST];

	open_files(files, MOST);
	for (int i = 0; i < 4; ++i) {
		for (int k = 0; k < 3; ++k) {
			ck_assert_int_eq(send_files(it->near, sizes[k], files, counts[i]), 0);
			ck_assert_int_eq(send_filled(it->near, 3, 1, MPROC_NOW), 0);
			expect_files(it->far, sizes[k], files, counts[i]);
			ck_assert_int_eq(recv_filled(it->far, 3, 3, 1, MPROC_NOW), 0);
		}
	}
	close_files(files, MOST);
}

START_TEST(descriptors_arrive_with_their_message)
{
	check_local_kinds(send_each_count);
}
END_TEST

static void recv_without_room(ends *it)
{
	size_t size = 1, count = 2;
	int files[3], got[3];
	void *data;
	char byte;

	open_files(files, 3);
	ck_assert_int_eq(send_files(it->near, 1, files, 3), 0);
	for (int i = 0; i < 2; ++i) {
		check_failed(mproc_connection_recv(it->far, &byte, 1, MPROC_NOW, NULL), -EMSGSIZE,
			"the message carries 3 descriptors, there is room for 0");
		check_failed(mproc_connection_recv_alloc(it->far, MPROC_NOW, &data, &size), -EMSGSIZE,
			"the message carries 3 descriptors, there is room for 0");
		check_failed(mproc_connection_recv_descriptors(
				     it->far, &byte, 1, got, 2, MPROC_NOW, &size, &count),
			-EMSGSIZE, "the message carries 3 descriptors, there is room for 2");
		ck_assert_int_eq(mproc_connection_next_size(it->far, MPROC_NOW, &size), 0);
		ck_assert_uint_eq(count, 2);
	}
	expect_files(it->far, 1, files, 3);
	close_files(files, 3);
}

START_TEST(message_with_more_descriptors_than_room_stays)
{
	check_local_kinds(recv_without_room);
}
END_TEST

static void leave_messages(ends *it)
{
	size_t size;
	int file;

	open_files(&file, 1);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(send_files(it->near, 100, &file, 1), 0);
	ck_assert_int_eq(mproc_connection_next_size(it->far, MPROC_NOW, &size), 0);
	close_files(&file, 1);
}

START_TEST(descriptors_that_nobody_received_are_closed_with_the_connection)
{
	check_local_kinds(leave_messages);
}
END_TEST

START_TEST(tcp_carries_no_descriptors)
{
	ends it = open_ends(TCP);
	int file;

	open_files(&file, 1);
	check_failed(send_files(it.near, 1, &file, 1), -EOPNOTSUPP, "TCP carries no descriptors");
	ck_assert_int_eq(send_files(it.near, 1, NULL, 0), 0);
	expect_files(it.far, 1, NULL, 0);
	close_files(&file, 1);
	close_ends(&it);
}
END_TEST

START_TEST(too_many_descriptors_are_refused)
{
	ends it = open_ends(PACKETS);
	int files[MOST + 1];

	open_files(files, MOST + 1);
	check_failed(
		send_files(it.near, 1, files, MOST + 1), -EINVAL, "254 descriptors: up to 253 are possible");
	close_files(files, MOST + 1);
	close_ends(&it);
}
END_TEST

START_TEST(descriptor_that_is_not_open_is_named)
{
	ends it = open_ends(PACKETS);
	int files[2] = {STDERR_FILENO, 1000};

	check_failed(send_files(it.near, 1, files, 2), -EBADF, "descriptor 1000, to be sent, is not open");
	ck_assert_int_eq(mproc_connection_poll(it.far, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

/* Some descriptors come along with bytes that are no message, or not of one with so many. */
static void send_uninvited(int socket, const unsigned char *bytes, size_t size, int file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof file)];
	} room = {.header = {.cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS,
			  .cmsg_len = CMSG_LEN(sizeof file)}};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof room,
	};

	memcpy(CMSG_DATA(&room.header), &file, sizeof file);
	ck_assert_int_eq(sendmsg(socket, &message, 0), size);
}

static void send_badly(ends *it)
{
	unsigned char bytes[MPROCI_FRAME_HEADER + 10] = "garbage";
	int file, socket = mproc_connection_fd(it->near);

	open_files(&file, 1);
	send_uninvited(socket, bytes, sizeof bytes, file);
	check_failed(recv_filled(it->far, 10, 10, 0, MPROC_FOREVER), -EBADMSG, "what came is no message");
	close_files(&file, 1);
}

static void send_uncounted(ends *it)
{
	unsigned char bytes[MPROCI_FRAME_HEADER + 10] = {0};
	int file, socket = mproc_connection_fd(it->near);

	open_files(&file, 1);
	mproci_frame_write(&(mproci_frame){.is_first = true, .size = 10}, bytes);
	send_uninvited(socket, bytes, sizeof bytes, file);
	check_failed(recv_filled(it->far, 10, 10, 0, MPROC_FOREVER), -EBADMSG,
		"a message of 0 descriptors came with 1 of them");
	close_files(&file, 1);
}

START_TEST(descriptors_that_come_with_no_message_are_closed)
{
	check_local_kinds(send_badly);
	check_local_kinds(send_uncounted);
}
END_TEST

/* In a stream, with the second half of a header, and with the rest. */
START_TEST(descriptors_that_come_late_are_closed)
{
	unsigned char bytes[MPROCI_FRAME_HEADER + 10];
	ends it = open_ends(STREAM);
	int file, socket = mproc_connection_fd(it.near);

	open_files(&file, 1);
	mproci_frame_write(&(mproci_frame){.is_first = true, .size = 10}, bytes);
	fill(bytes + MPROCI_FRAME_HEADER, 10, 0);
	ck_assert_int_eq(send(socket, bytes, 7, 0), 7);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), -ETIMEDOUT);
	send_uninvited(socket, bytes + 7, MPROCI_FRAME_HEADER - 7, file);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), -ETIMEDOUT);
	send_uninvited(socket, bytes + MPROCI_FRAME_HEADER, 10, file);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), 0);
	close_files(&file, 1);
	close_ends(&it);
}
END_TEST

START_TEST(descriptors_of_a_message_that_was_given_up_are_closed)
{
	enum {
		SIZE = 10000000
	};
	ends it = open_ends(PACKETS);
	char *buffer = malloc(SIZE);
	int file, got;
	size_t count;

	open_files(&file, 1);
	ck_assert_int_eq(send_files(it.near, SIZE, &file, 1), -ETIMEDOUT);
	ck_assert_int_eq(
		mproc_connection_recv_descriptors(it.far, buffer, SIZE, &got, 1, MPROC_NOW, NULL, &count),
		-ETIMEDOUT);
	ck_assert_int_eq(send_filled(it.near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), 0);
	close_files(&file, 1);
	close_ends(&it);
	free(buffer);
}
END_TEST

/* With room for as many more descriptors as @left says. */
static struct rlimit leave_descriptors(int left)
{
	struct rlimit before, after;
	int next = dup(STDERR_FILENO);

	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	after = before;
	after.rlim_cur = (rlim_t)(next + left);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &after), 0);
	return before;
}

START_TEST(message_is_lost_when_no_descriptors_are_left_for_it)
{
	ends it = open_ends(PACKETS);
	int files[3], got[3];
	struct rlimit before;
	size_t size, count;
	char bytes[10];

	open_files(files, 3);
	ck_assert_int_eq(send_files(it.near, 10, files, 3), 0);
	ck_assert_int_eq(send_files(it.near, 10, files, 1), 0);
	before = leave_descriptors(2);
	check_failed(mproc_connection_recv_descriptors(it.far, bytes, 10, got, 3, MPROC_NOW, &size, &count),
		-EMFILE,
		"cannot take the descriptors of a message, which is lost: Too many open files, RLIMIT_NOFILE "
		"is ");
	expect_files(it.far, 10, files, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	close_files(files, 3);
	close_ends(&it);
}
END_TEST

START_TEST(stream_ends_when_no_descriptors_are_left)
{
	ends it = open_ends(STREAM);
	struct rlimit before;
	int file;

	open_files(&file, 1);
	ck_assert_int_eq(send_files(it.near, 10, &file, 1), 0);
	before = leave_descriptors(0);
	check_failed(recv_filled(it.far, 10, 10, 0, MPROC_NOW), -EMFILE, "which is lost");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	check_failed(recv_filled(it.far, 10, 10, 0, MPROC_NOW), -EMFILE, "which is lost");
	close_files(&file, 1);
	close_ends(&it);
}
END_TEST

START_TEST(descriptors_are_moved_above_2)
{
	ends it = open_ends(PACKETS);
	int file, saved = dup(STDIN_FILENO);

	open_files(&file, 1);
	ck_assert_int_eq(send_files(it.near, 10, &file, 1), 0);
	close(STDIN_FILENO);
	expect_files(it.far, 10, &file, 1);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	close_files(&file, 1);
	close_ends(&it);
}
END_TEST

START_TEST(end_of_a_pipe_goes_through_another_one)
{
	ends outer = open_ends(PACKETS), inner = open_ends(PACKETS);
	int fd = mproc_connection_fd(inner.far), got;
	mproc_connection *passed;
	size_t count;

	ck_assert_int_eq(mproc_connection_send_descriptors(outer.near, NULL, 0, &fd, 1, MPROC_NOW), 0);
	inner.far = mproc_connection_close(inner.far);
	ck_assert_int_eq(send_filled(inner.near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(
		mproc_connection_recv_descriptors(outer.far, NULL, 0, &got, 1, MPROC_NOW, NULL, &count), 0);
	passed = open_limited(got, 0);
	ck_assert_int_eq(recv_filled(passed, 10, 10, 0, MPROC_NOW), 0);
	mproc_connection_close(passed);
	ck_assert_int_eq(recv_filled(inner.near, 10, 10, 0, MPROC_FOREVER), -EPIPE);
	close_ends(&outer);
	close_ends(&inner);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		descriptors_arrive_with_their_message,
		message_with_more_descriptors_than_room_stays,
		descriptors_that_nobody_received_are_closed_with_the_connection,
		tcp_carries_no_descriptors,
		too_many_descriptors_are_refused,
		descriptor_that_is_not_open_is_named,
		descriptors_that_come_with_no_message_are_closed,
		descriptors_that_come_late_are_closed,
		descriptors_of_a_message_that_was_given_up_are_closed,
		message_is_lost_when_no_descriptors_are_left_for_it,
		stream_ends_when_no_descriptors_are_left,
		descriptors_are_moved_above_2,
		end_of_a_pipe_goes_through_another_one,
		NULL,
	};

	return support_run("descriptors", tests);
}
