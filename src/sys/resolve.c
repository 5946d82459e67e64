/* SPDX-License-Identifier: MIT */
#include "sys/resolve.h"

#include "base/error.h"
#include "sys/listening.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(int code, int system_code, const char *host)
{
	if (code == EAI_SYSTEM)
		return mproci_fail(-system_code, "host \"%.100s\": %s", host, strerror(system_code));
	return mproci_fail(code == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH, "host \"%.100s\": %s", host,
		gai_strerror(code));
}

int mproci_resolve(const char *host, uint16_t port, bool to_listen, struct addrinfo **ret_list)
{
	struct addrinfo wanted = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0),
	};
	char service[8];
	int rc;

	snprintf(service, sizeof service, "%u", port);
	rc = getaddrinfo(host, service, &wanted, ret_list);
	return rc == 0 ? 0 : fail(rc, errno, host);
}

int mproci_resolve_name(const struct sockaddr *address, socklen_t size, char *ret_text)
{
	char host[MPROCI_HOST_AND_PORT_SIZE - sizeof "[]:65535" + 1], service[8];
	int rc;

	rc = getnameinfo(
		address, size, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
	if (rc != 0)
		return fail(rc, errno, "of a socket");
	snprintf(ret_text, MPROCI_HOST_AND_PORT_SIZE, strchr(host, ':') == NULL ? "%s:%s" : "[%s]:%s", host,
		service);
	return 0;
}
