/* SPDX-License-Identifier: MIT */
/*
 * What the kernel, or malloc, refuses: each test in a process of its own, for there is no way back.
 */
#include "channel/connection_fixture.h"
#include "channel/frame.h"
#include "sys/kernel_fixture.h"

#include <signal.h>

enum {
	SIZE = 20000000,
};

/* Only there with AddressSanitizer, which ends a process that gets no memory. */
extern void __asan_init(void) __attribute__((weak));

static void run(support_deed *deed)
{
	ck_assert_int_eq(support_reap(support_fork(deed, NULL)), 0);
}

static int send_without_buffers(void *unused)
{
	ends it = open_ends(PACKETS);

	(void)unused;
	refuse_call(SYS_sendto, ENOBUFS);
	check_failed(send_filled(it.near, 10, 0, MPROC_FOREVER), -ENOBUFS,
		"cannot send a message of 10 bytes: No buffer space available");
	/* A longer one by another call. */
	ck_assert_int_eq(send_filled(it.near, 5000, 0, MPROC_FOREVER), 0);
	return 0;
}

START_TEST(sending_fails_when_the_kernel_has_no_buffers)
{
	run(send_without_buffers);
}
END_TEST

static int send_without_memory(void *unused)
{
	ends it = open_ends(PACKETS);

	(void)unused;
	refuse_call(SYS_sendmsg, ENOMEM);
	check_failed(send_filled(it.near, 5000, 0, MPROC_FOREVER), -ENOMEM,
		"cannot send a message of 5000 bytes: Cannot allocate memory");
	ck_assert_int_eq(send_filled(it.near, 10, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 1, MPROC_FOREVER), 0);
	return 0;
}

START_TEST(sending_fails_when_the_kernel_has_no_memory)
{
	run(send_without_memory);
}
END_TEST

static int send_too_many_references(void *unused)
{
	ends it = open_ends(PACKETS);
	int fd = STDERR_FILENO;

	(void)unused;
	refuse_call(SYS_sendmsg, ETOOMANYREFS);
	check_failed(mproc_connection_send_descriptors(it.near, NULL, 0, &fd, 1, MPROC_FOREVER),
		-ETOOMANYREFS, "cannot send a message of 0 bytes: Too many references");
	return 0;
}

START_TEST(sending_fails_when_too_many_descriptors_are_on_their_way)
{
	run(send_too_many_references);
}
END_TEST

static int receive_without_memory(void *unused)
{
	ends it = open_ends(STREAM);

	(void)unused;
	refuse_call(SYS_recvmsg, ENOMEM);
	check_failed(recv_filled(it.far, 10, 10, 1, MPROC_FOREVER), -ENOMEM,
		"cannot receive: Cannot allocate memory");
	return 0;
}

START_TEST(receiving_fails_when_the_kernel_has_no_memory)
{
	run(receive_without_memory);
}
END_TEST

/* Sent by another process, after a while or not at all. */
static int receive_without_poll(void *unused)
{
	ends it = open_ends(PACKETS);
	stream_of stream = {.connection = it.near, .size = 1000000, .count = 2};
	support_thread thread;

	(void)unused;
	refuse_call(SYS_ppoll, ENOMEM);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, mproc_after(0.01)), -ETIMEDOUT);
	check_failed(
		mproc_connection_poll(it.far, MPROC_NOW), -ENOMEM, "cannot wait: Cannot allocate memory");
	support_begin(&thread, send_stream, &stream);
	ck_assert_int_eq(recv_filled(it.far, 1000000, 1000000, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.far, 1000000, 1000000, 1, MPROC_FOREVER), 0);
	return support_end(&thread);
}

START_TEST(what_cannot_be_waited_for_is_tried_again_and_again)
{
	run(receive_without_poll);
}
END_TEST

static int make_pipe_with_a_full_file_table(void *unused)
{
	mproc_connection *first, *second;

	(void)unused;
	refuse_call(SYS_socketpair, ENFILE);
	check_failed(mproc_pipe(NULL, &first, &second), -ENFILE,
		"cannot make a pair of sockets: Too many open files in system");
	return 0;
}

START_TEST(no_pipe_is_made_when_the_file_table_is_full)
{
	run(make_pipe_with_a_full_file_table);
}
END_TEST

/* Not by a thread, whose memory malloc would find. */
static void alloc_without_memory(socket_kind kind)
{
	ends it = open_ends(kind);
	stream_of stream = {.connection = it.near, .size = SIZE, .count = 1};
	pid_t sender = support_fork(send_stream, &stream);
	rlim_t before;
	void *data;
	size_t size;

	ck_assert_int_eq(mproc_connection_next_size(it.far, MPROC_FOREVER, &size), 0);
	before = limit(RLIMIT_AS, 1);
	for (int i = 0; i < 2; ++i)
		check_failed(mproc_connection_recv_alloc(it.far, MPROC_FOREVER, &data, &size), -ENOMEM,
			"no memory for a message of 20000000 bytes");
	limit(RLIMIT_AS, before);
	ck_assert_int_eq(mproc_connection_recv_alloc(it.far, MPROC_FOREVER, &data, &size), 0);
	ck_assert_uint_eq(size, SIZE);
	ck_assert(is_filled(data, size, 0));
	ck_assert_int_eq(support_reap(sender), 0);
}

static int alloc_each_kind_without_memory(void *unused)
{
	(void)unused;
	for (socket_kind kind = PACKETS; kind < SOCKET_KINDS; ++kind)
		alloc_without_memory(kind);
	return 0;
}

START_TEST(message_stays_when_there_is_no_memory_for_it)
{
	if (__asan_init == NULL)
		run(alloc_each_kind_without_memory);
}
END_TEST

/* A message of which a megabyte comes, and then no more. */
static int begin_long_message(void *socket)
{
	enum {
		ENOUGH = 1000000
	};
	unsigned char *bytes = calloc(1, ENOUGH);
	ssize_t sent;

	mproci_frame_write(&(mproci_frame){.is_first = true, .size = SIZE}, bytes);
	sent = send(*(int *)socket, bytes, ENOUGH, 0);
	free(bytes);
	return sent == ENOUGH ? 0 : EIO;
}

static int keep_without_memory(void *unused)
{
	ends it = open_ends(TCP);
	unsigned char *buffer = malloc(SIZE);
	int rc, socket = mproc_connection_fd(it.near);
	pid_t sender = support_fork(begin_long_message, &socket);

	(void)unused;
	ck_assert_int_eq(mproc_connection_poll(it.far, MPROC_FOREVER), 1);
	limit(RLIMIT_AS, 1);
	/* Each time the deadline takes away the buffer that the message is in. */
	do
		rc = mproc_connection_recv(it.far, buffer, SIZE, MPROC_NOW, NULL);
	while (rc == -ETIMEDOUT);
	check_failed(rc, -ENOMEM, "no memory to keep ");
	/* Which may have sent it all meanwhile. */
	kill(sender, SIGKILL);
	support_reap(sender);
	return 0;
}

START_TEST(message_that_cannot_be_kept_is_told_of)
{
	if (__asan_init == NULL)
		run(keep_without_memory);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		sending_fails_when_the_kernel_has_no_buffers,
		sending_fails_when_the_kernel_has_no_memory,
		sending_fails_when_too_many_descriptors_are_on_their_way,
		receiving_fails_when_the_kernel_has_no_memory,
		what_cannot_be_waited_for_is_tried_again_and_again,
		no_pipe_is_made_when_the_file_table_is_full,
		message_stays_when_there_is_no_memory_for_it,
		message_that_cannot_be_kept_is_told_of,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "connection faults", .process_tests = process_tests});
}
