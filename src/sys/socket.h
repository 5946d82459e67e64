/* SPDX-License-Identifier: MIT */
/*
 * sys/socket.h - what connected sockets do: send, receive, carry descriptors, and tell that the other side is
 * gone.
 *
 * Whether a call waits is said call by call: the descriptor may be shared with other processes, for whose
 * calls a non-blocking mode would count too.
 */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H

#include "base/private.h"

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	/* The most descriptors that go with one packet: the kernel's limit. */
	MPROCI_SOCKET_DESCRIPTORS = 253,
};

typedef struct mproci_socket_kind {
	/* What one call sends one call receives; otherwise it is a stream. */
	bool is_packets;
	/* It reaches processes of this machine alone, and carries descriptors. */
	bool is_local;
	/* The most bytes of a packet. */
	size_t largest_packet;
} mproci_socket_kind;

/*
 * Make two sockets that are connected to each other and keep packets apart; close-on-exec.
 *
 * @one_way  the first one only receives, the second one only sends.
 *
 * Returns 0, or a negative errno with an error text.
 */
int mproci_socket_pair(bool one_way, int ret_sockets[2]);

/*
 * Look at a descriptor of which a connection is to be made.  Returns 0, or with an error text: -EBADF,
 * -ENOTSOCK, -ENOTCONN; -EINVAL: a socket of another kind.
 */
int mproci_socket_examine(int descriptor, mproci_socket_kind *ret_kind);

/* Have exec close a socket; have one that is not local send at once what it is given. */
MPROCI_PRIVATE void mproci_socket_prepare(int descriptor, const mproci_socket_kind *kind);

/*
 * Send without waiting, as one packet where there are packets.  No signal is raised.
 *
 * Returns how many bytes were taken; -EAGAIN: there is no room; -EPIPE: nobody can receive any more; -EBADF:
 * one of the descriptors is not open; another negative errno.
 */
MPROCI_PRIVATE ssize_t mproci_socket_send(
	int socket, struct iovec *parts, size_t part_count, const int *descriptors, size_t count);

/* The same of bytes alone. */
MPROCI_PRIVATE ssize_t mproci_socket_write(int socket, const void *bytes, size_t size);

/*
 * Receive without waiting, one packet where there are packets.
 *
 * @ret_descriptors, @ret_count  room for MPROCI_SOCKET_DESCRIPTORS, close-on-exec and above 2, and how many
 *                               came; NULL: those that come are closed.
 *
 * Returns how many bytes came; 0: nobody can send any more; -EAGAIN; -EBADMSG: a packet larger than the room,
 * which is lost; -EMFILE: not all of the descriptors could be taken, none was, and what they came with is lost;
 * another negative errno.
 */
MPROCI_PRIVATE ssize_t mproci_socket_receive(
	int socket, struct iovec *parts, size_t part_count, int *ret_descriptors, size_t *ret_count);

/* The same of a stream, for its bytes alone. */
MPROCI_PRIVATE ssize_t mproci_socket_read(int socket, void *buffer, size_t size);

/*
 * Look at the first @size bytes of what would be received, and leave them.  Returns how many there are, 0,
 * -EAGAIN or another negative errno, as mproci_socket_receive.
 */
MPROCI_PRIVATE ssize_t mproci_socket_peek(int socket, void *ret_data, size_t size);

/* Wait until there is room, most likely, or nobody to receive it.  Returns 0 or -ETIMEDOUT. */
int mproci_socket_wait_for_room(int socket, mproc_deadline deadline);

/* Wait until there is something to receive, most likely, or nobody to send it.  Returns 0 or -ETIMEDOUT. */
int mproci_socket_wait_for_data(int socket, mproc_deadline deadline);

/* Let the other side know that nothing more will be sent. */
void mproci_socket_end_sending(int socket);

#endif
