/* SPDX-License-Identifier: MIT */
/*
 * channel/address.h - where a listener listens: unix:/path, or tcp://host:port.
 */
#ifndef CHANNEL_ADDRESS_H
#define CHANNEL_ADDRESS_H

#include "base/private.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MPROCI_ADDRESS_PATH_LIMIT = 107,
	/* As of a name in the domain name system. */
	MPROCI_ADDRESS_HOST_LIMIT = 253,
};

typedef struct mproci_address {
	bool is_path;
	/* Of a socket file, when it is one. */
	char path[MPROCI_ADDRESS_PATH_LIMIT + 1];
	/* Otherwise; without brackets. */
	char host[MPROCI_ADDRESS_HOST_LIMIT + 1];
	uint16_t port;
} mproci_address;

/* Returns 0, or with an error text -EINVAL: @text is no address, -ENAMETOOLONG: its path does not fit. */
MPROCI_PRIVATE int mproci_address_read(const char *text, mproci_address *ret_address);

#endif
