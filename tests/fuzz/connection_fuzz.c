/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/connection.h>
#include <mproc/result.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* What the first byte of the input says. */
	IS_STREAM = 1,
	MAX_MESSAGE = 3000,
	BUFFER_SIZE = 4096,
};

/* Send the input, in packets whose sizes are in it; with every third one a descriptor goes. */
static void send_input(int socket, input from)
{
	for (int i = 0; from.size > 0; ++i) {
		union {
			struct cmsghdr header;
			char space[CMSG_SPACE(sizeof(int))];
		} room = {.header = {.cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof socket)}};
		struct iovec part;
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
		const uint8_t *bytes;

		part.iov_len = take_bytes(&from, take_byte(&from), &bytes);
		part.iov_base = (void *)(uintptr_t)bytes;
		memcpy(CMSG_DATA(&room.header), &socket, sizeof socket);
		if (i % 3 == 2) {
			message.msg_control = &room;
			message.msg_controllen = sizeof room;
		}
		if (part.iov_len == 0 || sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
	}
}

static int receive_descriptors(mproc_connection *connection)
{
	int descriptors[4];
	char buffer[BUFFER_SIZE];
	size_t size, count;
	int rc = mproc_connection_recv_descriptors(
		connection, buffer, sizeof buffer, descriptors, 4, MPROC_NOW, &size, &count);

	if (rc < 0)
		return rc;
	require(size <= MAX_MESSAGE && count <= 4);
	for (size_t i = 0; i < count; ++i)
		require(close(descriptors[i]) == 0);
	return 0;
}

static int receive_new(mproc_connection *connection)
{
	void *data;
	size_t size;
	int rc = mproc_connection_recv_alloc(connection, MPROC_NOW, &data, &size);

	if (rc < 0)
		return rc;
	require(size <= MAX_MESSAGE);
	free(data);
	return 0;
}

static int receive(mproc_connection *connection, size_t room)
{
	char buffer[BUFFER_SIZE];
	size_t size = 0;
	int rc = mproc_connection_recv(connection, buffer, room, MPROC_NOW, &size);

	require(rc < 0 || size <= room);
	return rc;
}

static int look(mproc_connection *connection)
{
	size_t size = 0;
	int rc = mproc_connection_next_size(connection, MPROC_NOW, &size);

	require(size <= MAX_MESSAGE);
	return rc;
}

/* One call, chosen by the input. */
static int receive_somehow(mproc_connection *connection, uint8_t how)
{
	switch (how % 6) {
	case 0:
		return receive(connection, BUFFER_SIZE);
	case 1:
		return receive(connection, how);
	case 2:
		return receive_new(connection);
	case 3:
		return look(connection);
	case 4:
		return mproc_connection_poll(connection, MPROC_NOW);
	default:
		return receive_descriptors(connection);
	}
}

static void check_result(int rc)
{
	require(rc == 0 || rc == 1 || rc == -ETIMEDOUT || rc == -EPIPE || rc == -EMSGSIZE || rc == -EBADMSG);
	require(rc >= 0 || strlen(mproc_error_text()) > 0);
}

/* That descriptor would be next: none that came is left over. */
static int next_descriptor(void)
{
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	close(next);
	return next;
}

/* The input: what kind of socket, some bytes that choose calls, and what is sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input from = {.data = data, .size = size};
	int type = (take_byte(&from) & IS_STREAM) != 0 ? SOCK_STREAM : SOCK_SEQPACKET;
	int next = next_descriptor(), sockets[2], rc;
	const uint8_t *calls;
	size_t call_count = take_bytes(&from, 16, &calls);
	mproc_connection *connection;

	require(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets) == 0);
	require(mproc_connection_open(
			sockets[0], &(mproc_connection_options){.max_message = MAX_MESSAGE}, &connection)
		== 0);
	send_input(sockets[1], from);
	for (size_t i = 0; i < call_count; ++i)
		check_result(receive_somehow(connection, calls[i]));
	close(sockets[1]);
	do {
		rc = receive_descriptors(connection);
		check_result(rc);
	} while (rc == 0);
	mproc_connection_close(connection);
	require(next_descriptor() == next);
	return 0;
}
