/* SPDX-License-Identifier: MIT */
/*
 * channel/incoming.h - the receiving side of a connection: threads take turns, and wait until their
 * deadlines.
 */
#ifndef CHANNEL_INCOMING_H
#define CHANNEL_INCOMING_H

#include "channel/arrival.h"
#include "sys/lock.h"

#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_incoming {
	/* There is something to receive that does not make the socket readable. */
	_Atomic bool is_ready;
	/* Protects what arrives; who holds it receives. */
	mproci_lock lock;
	mproci_arrival arrival;
} mproci_incoming;

/* Returns 0 or a negative errno. */
int mproci_incoming_init(
	mproci_incoming *incoming, int socket, const mproci_socket_kind *kind, uint64_t max_message);

/* In a forked child, for which nobody is receiving. */
void mproci_incoming_disown(mproci_incoming *incoming);

/*
 * Receive a message, as mproc_connection_recv_descriptors does; the outputs may be NULL.  Returns 0, or a
 * negative errno with an error text.
 */
int mproci_incoming_receive(mproci_incoming *incoming, const mproci_target *target, mproc_deadline deadline,
	size_t *ret_size, size_t *ret_count);

/* Receive a message without descriptors into new memory.  Returns as above. */
int mproci_incoming_receive_new(
	mproci_incoming *incoming, mproc_deadline deadline, void **ret_data, size_t *ret_size);

/* Wait until a message begins.  Returns 0 and its size, or a negative errno with an error text. */
int mproci_incoming_look(mproci_incoming *incoming, mproc_deadline deadline, size_t *ret_size);

void mproci_incoming_destroy(mproci_incoming *incoming);

#endif
