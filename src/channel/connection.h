/* SPDX-License-Identifier: MIT */
/*
 * channel/connection.h - how connections are made, and what else mproc_wait asks of them.
 */
#ifndef CHANNEL_CONNECTION_H
#define CHANNEL_CONNECTION_H

#include <mproc/connection.h>
#include <stdbool.h>
#include <stddef.h>

/* What an end can do. */
typedef enum mproci_direction {
	MPROCI_BOTH_WAYS,
	MPROCI_RECEIVES,
	MPROCI_SENDS,
} mproci_direction;

/*
 * Make a connection of a connected socket: AF_UNIX, SOCK_SEQPACKET or SOCK_STREAM, or TCP.  (SOCK_SEQPACKET
 * is better where there is a choice: a message that is given up at the deadline does not end the connection,
 * and it takes one system call to receive one.)  Nothing that belongs to a message may have been read from
 * it.
 *
 * @max_message  0: the default.
 *
 * Returns 0, and the descriptor is the connection's; otherwise a negative errno with an error text, and it is
 * the caller's.
 */
int mproci_connection_create(
	int descriptor, size_t max_message, mproci_direction direction, mproc_connection **ret_connection);

/* Whether .max_message of some options is possible: 0, or -EINVAL with an error text. */
int mproci_connection_check_max_message(size_t max_message);

/* Whether there is something to receive that makes the descriptor not readable, for it is in this process. */
bool mproci_connection_is_ready(const mproc_connection *connection);

#endif
