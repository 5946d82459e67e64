/* SPDX-License-Identifier: MIT */
/*
 * sys/dialing.h - connecting to a server by a stream socket that never waits by itself.
 *
 * Whatever returns a negative errno here has no error text, unless it says otherwise.
 */
#ifndef SYS_DIALING_H
#define SYS_DIALING_H

#include "base/private.h"

#include <mproc/deadline.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct mproci_dial_address {
	struct sockaddr_storage address;
	socklen_t size;
} mproci_dial_address;

/* The address of a socket file, whose path has at most MPROCI_SOCKET_PATH_LIMIT bytes (sys/listening.h). */
MPROCI_PRIVATE void mproci_dial_path(const char *path, mproci_dial_address *ret_address);

/*
 * Find the addresses of a host, at most @most.  Returns how many; with an error text -EHOSTUNREACH: it has none,
 * -ENOMEM, or another negative errno.  The system's resolver takes its time, and knows no deadline, where @host is no
 * number.
 */
MPROCI_PRIVATE int mproci_dial_host(
	const char *host, uint16_t port, mproci_dial_address *ret_addresses, int most);

/* Make a socket for that address: non-blocking, close-on-exec.  Returns a descriptor, or a negative errno. */
MPROCI_PRIVATE int mproci_dial_open(const mproci_dial_address *address);

/*
 * Begin to connect.  Returns 0: connected, or on the way; -EAGAIN: a Unix socket with too many that wait; another
 * negative errno.
 */
MPROCI_PRIVATE int mproci_dial_begin(int socket, const mproci_dial_address *address);

/* Wait until it is connected.  Returns 0, -ETIMEDOUT at the deadline, or what the system says: a negative errno. */
MPROCI_PRIVATE int mproci_dial_finish(int socket, mproc_deadline deadline);

#endif
