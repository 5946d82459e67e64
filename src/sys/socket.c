/* SPDX-License-Identifier: MIT */
#include "sys/socket.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/rights.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static_assert((int)MPROCI_SOCKET_DESCRIPTORS == (int)MPROCI_RIGHTS, "one limit");

int mproci_socket_pair(bool one_way, int ret_sockets[2])
{
	int sockets[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return mproci_fail_descriptor(-errno, "cannot make a pair of sockets");
	sockets[0] = mproci_descriptor_lift(sockets[0]);
	sockets[1] = mproci_descriptor_lift(sockets[1]);
	if (sockets[0] < 0 || sockets[1] < 0) {
		rc = sockets[0] < 0 ? sockets[0] : sockets[1];
		mproci_close(sockets[0]);
		mproci_close(sockets[1]);
		return mproci_fail_descriptor(rc, "cannot make a pair of sockets");
	}
	/* Which says to the second one that it receives nothing. */
	if (one_way)
		shutdown(sockets[0], SHUT_WR);
	ret_sockets[0] = sockets[0];
	ret_sockets[1] = sockets[1];
	return 0;
}

static int get_option(int descriptor, int option)
{
	socklen_t size = sizeof(int);
	int value = 0;

	getsockopt(descriptor, SOL_SOCKET, option, &value, &size);
	return value;
}

static bool is_of_use(int domain, int type)
{
	if (domain == AF_UNIX)
		return type == SOCK_STREAM || type == SOCK_SEQPACKET;
	return (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
}

int mproci_socket_examine(int descriptor, mproci_socket_kind *ret_kind)
{
	/* What the kernel keeps for itself of the room for what is sent. */
	const size_t reserve = 64;
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int domain, type, rc;

	rc = getpeername(descriptor, (struct sockaddr *)&address, &size) == 0 ? 0 : -errno;
	if (rc < 0)
		return mproci_fail(rc, "descriptor %d: %s", descriptor, strerror(-rc));
	domain = get_option(descriptor, SO_DOMAIN);
	type = get_option(descriptor, SO_TYPE);
	if (!is_of_use(domain, type))
		return mproci_fail(-EINVAL,
			"descriptor %d: a socket of type %d in domain %d: neither local nor TCP", descriptor,
			type, domain);
	*ret_kind = (mproci_socket_kind){
		.is_packets = type == SOCK_SEQPACKET,
		.is_local = domain == AF_UNIX,
		.largest_packet = (size_t)get_option(descriptor, SO_SNDBUF) - reserve,
	};
	return 0;
}

void mproci_socket_prepare(int descriptor, const mproci_socket_kind *kind)
{
	const int on = 1;

	mproci_descriptor_close_on_exec(descriptor);
	if (!kind->is_local)
		setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* The kernel has many ways to say that nobody is there any more. */
static bool means_gone(int code)
{
	static const int codes[] = {EPIPE, ECONNRESET, ECONNREFUSED, ECONNABORTED, ENOTCONN, ETIMEDOUT,
		EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ENETRESET, EPROTO};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

ssize_t mproci_socket_send(
	int socket, struct iovec *parts, size_t part_count, const int *descriptors, size_t count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count};
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	mproci_rights room;
	ssize_t sent;

	if (count > 0) {
		memset(&room, 0, sizeof room);
		mproci_rights_attach(&message, &room, descriptors, count);
	}
	do {
		if (part_count == 1 && count == 0)
			sent = send(socket, parts->iov_base, parts->iov_len, flags);
		else
			sent = mproci_rights_send(socket, &message, flags);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return means_gone(errno) ? -EPIPE : -errno;
}

ssize_t mproci_socket_write(int socket, const void *bytes, size_t size)
{
	ssize_t sent;

	do
		sent = send(socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return means_gone(errno) ? -EPIPE : -errno;
}

static ssize_t receive_once(int socket, struct msghdr *message, int flags)
{
	ssize_t got;

	do
		got = recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | flags);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* The kernel may tell that nobody is there any more before it gives out what came until then. */
static ssize_t receive(int socket, struct msghdr *message, int flags)
{
	ssize_t got;

	got = receive_once(socket, message, flags);
	if (got < 0 && means_gone((int)-got))
		got = receive_once(socket, message, flags);
	return got < 0 && means_gone((int)-got) ? 0 : got;
}

ssize_t mproci_socket_receive(
	int socket, struct iovec *parts, size_t part_count, int *ret_descriptors, size_t *ret_count)
{
	mproci_rights room;
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count};
	ssize_t got;
	int rc = 0;

	if (ret_descriptors != NULL) {
		message.msg_control = &room;
		message.msg_controllen = sizeof room;
	}
	got = receive(socket, &message, 0);
	if (got < 0)
		return got;
	if (ret_descriptors != NULL)
		rc = mproci_rights_take(&message, ret_descriptors, ret_count);
	if (rc < 0)
		return rc;
	if ((message.msg_flags & MSG_TRUNC) == 0)
		return got;
	for (size_t i = 0; ret_descriptors != NULL && i < *ret_count; ++i)
		mproci_close(ret_descriptors[i]);
	return -EBADMSG;
}

ssize_t mproci_socket_read(int socket, void *buffer, size_t size)
{
	struct iovec part = {.iov_base = buffer, .iov_len = size};
	ssize_t got = recv(socket, buffer, size, MSG_DONTWAIT);

	/* Anything but bytes is for the general way. */
	return got > 0 ? got : mproci_socket_receive(socket, &part, 1, NULL, NULL);
}

ssize_t mproci_socket_peek(int socket, void *ret_data, size_t size)
{
	struct iovec part = {.iov_base = ret_data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	return receive(socket, &message, MSG_PEEK);
}

static int wait_for(int socket, short event, mproc_deadline deadline)
{
	struct pollfd one = {.fd = socket, .events = event};
	int rc;

	rc = mproci_poll(&one, 1, deadline);
	if (rc != 0)
		/* poll fails when RLIMIT_NOFILE was lowered to nothing. */
		return rc > 0 ? 0 : usleep(1000);
	return -ETIMEDOUT;
}

int mproci_socket_wait_for_room(int socket, mproc_deadline deadline)
{
	return wait_for(socket, POLLOUT, deadline);
}

int mproci_socket_wait_for_data(int socket, mproc_deadline deadline)
{
	return wait_for(socket, POLLIN, deadline);
}

void mproci_socket_end_sending(int socket)
{
	shutdown(socket, SHUT_WR);
}
