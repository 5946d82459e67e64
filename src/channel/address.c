/* SPDX-License-Identifier: MIT */
#include "channel/address.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

static const char unix_scheme[] = "unix:", tcp_scheme[] = "tcp://";

static int refuse(const char *text, const char *why)
{
	return mproci_fail(-EINVAL, "address \"%.100s\": %s", text, why);
}

static int read_path(const char *text, mproci_address *address)
{
	const char *path = text + strlen(unix_scheme);
	size_t size = strlen(path);

	if (path[0] != '/')
		return refuse(text, "the path must begin with /");
	if (size > MPROCI_ADDRESS_PATH_LIMIT)
		return mproci_fail(-ENAMETOOLONG,
			"address \"%.100s...\": a path of %zu bytes, at most %d are possible", text, size,
			MPROCI_ADDRESS_PATH_LIMIT);
	address->is_path = true;
	memcpy(address->path, path, size + 1);
	return 0;
}

/* Of decimal digits alone, and not above 65535.  Returns it, or -1. */
static int32_t read_port(const char *digits)
{
	int32_t port = 0;

	if (digits[0] == '\0')
		return -1;
	for (; *digits >= '0' && *digits <= '9' && port <= UINT16_MAX; ++digits)
		port = 10 * port + (*digits - '0');
	return *digits == '\0' && port <= UINT16_MAX ? port : -1;
}

/* Where the host ends, and the colon before the port stands; NULL: nowhere. */
static const char *end_of_host(const char *host)
{
	const char *bracket;

	if (host[0] != '[')
		return strchr(host, ':');
	bracket = strchr(host, ']');
	return bracket != NULL && bracket[1] == ':' ? bracket + 1 : NULL;
}

static int read_host(const char *text, mproci_address *address)
{
	const char *host = text + strlen(tcp_scheme), *end = end_of_host(host);
	size_t size;
	int32_t port;

	if (end == NULL)
		return refuse(text, "a port is missing, as in tcp://127.0.0.1:4000 or tcp://[::1]:4000");
	port = read_port(end + 1);
	if (port < 0)
		return refuse(text, strchr(end + 1, ':') == NULL ? "the port is no number from 0 to 65535"
								 : "an IPv6 address must be in brackets");
	size = (size_t)(end - host);
	if (host[0] == '[') {
		++host;
		size -= 2;
	}
	if (size == 0 || size > MPROCI_ADDRESS_HOST_LIMIT)
		return refuse(text, size == 0 ? "a host is missing" : "the host has more than 253 bytes");
	if (memchr(host, '[', size) != NULL || memchr(host, ']', size) != NULL)
		return refuse(text, "there is a bracket in the host");
	memcpy(address->host, host, size);
	address->host[size] = '\0';
	address->port = (uint16_t)port;
	return 0;
}

int mproci_address_read(const char *text, mproci_address *ret_address)
{
	mproci_address address = {0};
	int rc;

	if (text == NULL)
		return mproci_fail(-EINVAL, "address is NULL");
	if (strncmp(text, unix_scheme, strlen(unix_scheme)) == 0)
		rc = read_path(text, &address);
	else if (strncmp(text, tcp_scheme, strlen(tcp_scheme)) == 0)
		rc = read_host(text, &address);
	else
		rc = refuse(text, "it must be unix:/path or tcp://host:port");
	if (rc == 0)
		*ret_address = address;
	return rc;
}
