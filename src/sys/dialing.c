/* SPDX-License-Identifier: MIT */
#include "sys/dialing.h"

#include "sys/descriptor.h"
#include "sys/listening.h"
#include "sys/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void mproci_dial_path(const char *path, mproci_dial_address *ret_address)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	*ret_address = (mproci_dial_address){.size = sizeof address};
	memcpy(&ret_address->address, &address, sizeof address);
}

int mproci_dial_host(const char *host, uint16_t port, mproci_dial_address *ret_addresses, int most)
{
	struct addrinfo *list;
	int count = 0, rc;

	rc = mproci_resolve(host, port, false, &list);
	if (rc < 0)
		return rc;
	for (const struct addrinfo *one = list; one != NULL && count < most; one = one->ai_next) {
		mproci_dial_address *address = &ret_addresses[count];

		if (one->ai_addrlen > sizeof address->address)
			continue;
		memset(address, 0, sizeof *address);
		memcpy(&address->address, one->ai_addr, one->ai_addrlen);
		address->size = one->ai_addrlen;
		++count;
	}
	freeaddrinfo(list);
	return count;
}

int mproci_dial_open(const mproci_dial_address *address)
{
	const int family = address->address.ss_family, on = 1;
	int descriptor;

	descriptor = mproci_descriptor_lift(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (descriptor < 0 || family == AF_UNIX)
		return descriptor;
	setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	mproci_socket_keep_alive(descriptor);
	return descriptor;
}

int mproci_dial_begin(int socket, const mproci_dial_address *address)
{
	if (connect(socket, (const struct sockaddr *)&address->address, address->size) == 0)
		return 0;
	/* A signal does not stop a socket that does not wait from connecting. */
	return errno == EINPROGRESS || errno == EINTR ? 0 : -errno;
}

int mproci_dial_finish(int socket, mproc_deadline deadline)
{
	struct pollfd one = {.fd = socket, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int rc, code = 0;

	rc = mproci_poll(&one, 1, deadline);
	if (rc <= 0)
		return rc < 0 ? rc : -ETIMEDOUT;
	if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
		return -errno;
	return -code;
}
