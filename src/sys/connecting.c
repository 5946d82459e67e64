/* SPDX-License-Identifier: MIT */
#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/listening.h"
#include "sys/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of a wait in the kernel, for which 0 means for ever. */
static struct timeval time_left(mproc_deadline deadline)
{
	int64_t left = deadline < 0 ? 0 : (deadline - mproci_clock_now()) / 1000;

	if (deadline == MPROC_FOREVER)
		return (struct timeval){0};
	if (left < 1)
		left = 1;
	return (struct timeval){.tv_sec = left / 1000000, .tv_usec = left % 1000000};
}

/*
 * The kernel keeps the time.  With a socket that does not wait, nothing would tell when there is room again
 * in the queue of a Unix socket that listens.
 */
static int connect_before(int socket, const struct sockaddr *address, socklen_t size, mproc_deadline deadline)
{
	for (;;) {
		struct timeval left = time_left(deadline);
		int rc;

		setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
		rc = connect(socket, address, size) == 0 || errno == EISCONN ? 0 : -errno;
		if (rc == 0) {
			left = time_left(MPROC_FOREVER);
			setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
		}
		if (rc != -EINTR && rc != -EAGAIN && rc != -EINPROGRESS && rc != -EALREADY)
			return rc;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return -ETIMEDOUT;
	}
}

static int connect_new(
	int family, int type, const struct sockaddr *address, socklen_t size, mproc_deadline deadline)
{
	int descriptor, rc;

	descriptor = mproci_descriptor_lift(socket(family, type | SOCK_CLOEXEC, 0));
	if (descriptor < 0)
		return descriptor;
	rc = connect_before(descriptor, address, size, deadline);
	if (rc == 0)
		return descriptor;
	close(descriptor);
	return rc;
}

static int fail(int rc)
{
	if (rc == -ECONNREFUSED)
		return mproci_fail(rc, "nobody listens there");
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "nobody has answered until the deadline");
	/* Whose socket is of another kind does not even hear of this one: a manager's, say. */
	if (rc == -EPROTOTYPE)
		return mproci_fail(-EBADMSG, "what listens there is no listener of mproc");
	return mproci_fail_descriptor(rc, "cannot connect");
}

int mproci_connect_to_path(const char *path, mproc_deadline deadline)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int rc;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	rc = connect_new(
		AF_UNIX, SOCK_SEQPACKET, (const struct sockaddr *)&address, sizeof address, deadline);
	return rc < 0 ? fail(rc) : rc;
}

int mproci_connect_to_host(const char *host, uint16_t port, mproc_deadline deadline)
{
	struct addrinfo *list;
	int rc;

	rc = mproci_resolve(host, port, false, &list);
	if (rc < 0)
		return rc;
	for (const struct addrinfo *one = list; one != NULL; one = one->ai_next) {
		rc = connect_new(one->ai_family, SOCK_STREAM, one->ai_addr, one->ai_addrlen, deadline);
		if (rc >= 0)
			break;
	}
	freeaddrinfo(list);
	return rc < 0 ? fail(rc) : rc;
}

void mproci_socket_keep_alive(int socket)
{
	const int on = 1, silence = 60, pause = 10, times = 6;

	setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &silence, sizeof silence);
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &pause, sizeof pause);
	setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

int mproci_socket_check_peer(int socket)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof peer;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
		&& (peer.uid == geteuid() || peer.uid == 0))
		return 0;
	return mproci_fail(-EACCES,
		"the other side belongs to user %u, who is neither this process's user %u nor root",
		(unsigned)peer.uid, (unsigned)geteuid());
}

void mproci_socket_hang_up(int socket)
{
	shutdown(socket, SHUT_RDWR);
	close(socket);
}
