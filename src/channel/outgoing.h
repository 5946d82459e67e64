/* SPDX-License-Identifier: MIT */
/*
 * channel/outgoing.h - the sending side of a connection.
 */
#ifndef CHANNEL_OUTGOING_H
#define CHANNEL_OUTGOING_H

#include "sys/lock.h"
#include "sys/socket.h"

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_outgoing {
	int socket;
	mproci_socket_kind kind;
	size_t max_message;
	/* Protects the rest; who holds it sends. */
	mproci_lock lock;
	/* That of the last message. */
	uint32_t tag;
	/* A part of a message is in the stream, and the rest will not follow. */
	bool is_cut;
} mproci_outgoing;

/* What is to be sent. */
typedef struct mproci_message {
	const unsigned char *data;
	size_t size;
	const int *descriptors;
	size_t count;
} mproci_message;

/* Returns 0 or a negative errno. */
int mproci_outgoing_init(
	mproci_outgoing *outgoing, int socket, const mproci_socket_kind *kind, size_t max_message);

/* In a forked child, for which nobody is sending. */
void mproci_outgoing_disown(mproci_outgoing *outgoing);

/*
 * Send a message, as mproc_connection_send_descriptors does.  Returns 0 or a negative errno with an error
 * text.
 */
int mproci_outgoing_send(mproci_outgoing *outgoing, const mproci_message *message, mproc_deadline deadline);

void mproci_outgoing_destroy(mproci_outgoing *outgoing);

#endif
