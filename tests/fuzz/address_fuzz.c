/* SPDX-License-Identifier: MIT */
#include "channel/address.h"
#include "fuzz.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <string.h>

/* What was read, written again. */
static void write_address(const mproci_address *address, char *ret_text, size_t size)
{
	if (address->is_path)
		snprintf(ret_text, size, "unix:%s", address->path);
	else
		snprintf(ret_text, size, strchr(address->host, ':') == NULL ? "tcp://%s:%u" : "tcp://[%s]:%u",
			address->host, address->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mproci_address address, again;
	char text[512], written[512];
	int rc;

	if (size >= sizeof text)
		size = sizeof text - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	rc = mproci_address_read(text, &address);
	require(rc == 0 || rc == -EINVAL || rc == -ENAMETOOLONG);
	if (rc < 0) {
		require(strlen(mproc_error_text()) > 0);
		return 0;
	}
	write_address(&address, written, sizeof written);
	require(mproci_address_read(written, &again) == 0);
	require(memcmp(&address, &again, sizeof address) == 0);
	return 0;
}
