/* SPDX-License-Identifier: MIT */
#include "sys/message.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/rights.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(MPROCI_MESSAGE_DESCRIPTORS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
} control;

int mproci_message_pair(int ret_ends[2])
{
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return mproci_fail_descriptor(-errno, "cannot make a pair of sockets");
	ends[0] = mproci_descriptor_lift(ends[0]);
	ends[1] = mproci_descriptor_lift(ends[1]);
	if (ends[0] >= 0 && ends[1] >= 0) {
		ret_ends[0] = ends[0];
		ret_ends[1] = ends[1];
		return 0;
	}
	rc = ends[0] < 0 ? ends[0] : ends[1];
	mproci_close(ends[0]);
	mproci_close(ends[1]);
	return mproci_fail_descriptor(rc, "cannot make a pair of sockets");
}

bool mproci_message_is_end(int descriptor)
{
	int type = 0, domain = 0;
	socklen_t size = sizeof type;

	return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET
	       && getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static void attach(struct msghdr *message, control *room, const int *descriptors, size_t count)
{
	struct cmsghdr *header;

	message->msg_control = room;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

int mproci_message_send(int end, const void *data, size_t size, const int *descriptors, size_t count)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	control room = {0};
	ssize_t rc;

	if (count > 0)
		attach(&message, &room, descriptors, count);
	do
		rc = mproci_rights_send(end, &message, MSG_NOSIGNAL);
	while (rc < 0 && errno == EINTR);
	if (rc >= 0)
		return 0;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

static void close_all(const int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; ++i)
		mproci_close(descriptors[i]);
}

int mproci_message_identify(int end)
{
	const int on = 1;

	return setsockopt(end, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 ? 0 : -errno;
}

static void identify(const struct cmsghdr *header, mproci_sender *ret_sender)
{
	struct ucred credentials;

	memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
	*ret_sender = (mproci_sender){.user = credentials.uid, .group = credentials.gid};
}

/* Take the descriptors out of the message.  Beyond @room they are closed.  Returns 0, or why one cannot be taken. */
static int take(const struct cmsghdr *header, size_t room, int *ret_descriptors, size_t *kept)
{
	size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[MPROCI_MESSAGE_DESCRIPTORS], rc = 0;

	memcpy(fds, CMSG_DATA(header), came * sizeof(int));
	for (size_t i = 0; i < came; ++i) {
		int fd = i < room ? mproci_descriptor_lift(fds[i]) : -1;

		if (i >= room)
			close(fds[i]);
		else if (fd < 0)
			rc = fd;
		else
			ret_descriptors[(*kept)++] = fd;
	}
	return rc;
}

static int detach(struct msghdr *message, int *ret_descriptors, size_t *count, mproci_sender *ret_sender)
{
	int rc = (message->msg_flags & MSG_CTRUNC) != 0 ? -EMFILE : 0;
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t kept = 0;

	for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
		int taken = 0;

		if (header->cmsg_type == SCM_RIGHTS)
			taken = take(header, *count, ret_descriptors, &kept);
		else if (header->cmsg_type == SCM_CREDENTIALS && ret_sender != NULL)
			identify(header, ret_sender);
		rc = taken < 0 ? taken : rc;
	}
	if (rc < 0)
		close_all(ret_descriptors, kept);
	*count = rc < 0 ? 0 : kept;
	return rc;
}

static int receive(
	int end, void *ret_data, size_t size, int *ret_descriptors, size_t *count, mproci_sender *ret_sender)
{
	struct iovec part = {.iov_base = ret_data, .iov_len = size};
	control room;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof room,
	};
	ssize_t got;
	int rc;

	got = recvmsg(end, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	rc = detach(&message, ret_descriptors, count, ret_sender);
	if (rc < 0 || (size_t)got == size)
		return rc;
	close_all(ret_descriptors, *count);
	*count = 0;
	return got == 0 ? -EPIPE : -EBADMSG;
}

int mproci_message_receive(int end, mproc_deadline deadline, void *ret_data, size_t size,
	int *ret_descriptors, size_t *count, mproci_sender *ret_sender)
{
	size_t room = *count;

	for (;;) {
		int polled = mproci_poll_one(end, deadline), rc;

		if (polled == -ETIMEDOUT)
			return polled;
		*count = room;
		rc = receive(end, ret_data, size, ret_descriptors, count, ret_sender);
		if (rc != -EINTR && rc != -EAGAIN)
			return rc;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return -ETIMEDOUT;
		/* poll fails when RLIMIT_NOFILE was lowered to nothing. */
		if (polled < 0)
			usleep(1000);
	}
}
