/* SPDX-License-Identifier: MIT */
/*
 * channel/arrival.h - how what comes over a connection becomes a message: of one process, in one thread at a
 * time, without waiting.
 *
 * Nothing is read ahead: what belongs to the next message stays with the kernel, for others who have this
 * end.
 */
#ifndef CHANNEL_ARRIVAL_H
#define CHANNEL_ARRIVAL_H

#include "channel/frame.h"
#include "sys/socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory for what has come, and for the header of a packet in front of it. */
typedef struct mproci_kept {
	unsigned char header[MPROCI_FRAME_HEADER];
	unsigned char data[];
} mproci_kept;

typedef struct mproci_arrival {
	int socket;
	mproci_socket_kind kind;
	uint64_t max_message;
	mproci_assembly message;
	/*
	 * Where its bytes are: in the buffer of who receives just now, or, if this is NULL, in what is kept.
	 */
	unsigned char *direct;
	mproci_kept *kept;
	size_t kept_room;
	/* Those of the message. */
	int descriptors[MPROCI_FRAME_DESCRIPTORS];
	/* Of a stream: the header that is coming. */
	unsigned char header[MPROCI_FRAME_HEADER];
	size_t header_got, header_descriptors;
	/* Nothing more can be received: what is returned instead, 0 otherwise, and why. */
	int broken;
	char why[160];
} mproci_arrival;

/* Where a message is to be put. */
typedef struct mproci_target {
	unsigned char *data;
	size_t room;
	int *descriptors;
	size_t descriptor_room;
} mproci_target;

/*
 * Take one part of a message, or of its bytes: what one system call gives.
 *
 * @target      where the message is wanted, if it has begun and fits; what comes is put there or is kept.
 * @is_skipped  becomes true when what came is not wanted, or what had come before is not any more.
 *
 * Returns 0; -EAGAIN: there is nothing; with an error text -EPIPE: the end; -EBADMSG: the end in the middle,
 * or what came cannot be; -EMFILE, -ENOMEM or another negative errno: a message is lost.
 */
int mproci_arrival_take(mproci_arrival *arrival, const mproci_target *target, bool *is_skipped);

/*
 * A message has begun, and its rest is not wanted yet.  But if nobody is there any more to send that, or it
 * was given up and another message has come, then that is what counts.  Returns 0, or a negative errno with
 * an error text.
 */
int mproci_arrival_refresh(mproci_arrival *arrival);

/*
 * Have what is to come of a message that fits put into the target, unless too much would have to be moved
 * there.
 */
void mproci_arrival_direct(mproci_arrival *arrival, const mproci_target *target);

/* The target goes away: keep what has come.  Returns 0, or -ENOMEM with an error text: it is lost. */
int mproci_arrival_keep(mproci_arrival *arrival);

/* The message is complete: hand it out; it fits. */
void mproci_arrival_hand_out(mproci_arrival *arrival, const mproci_target *target);

/*
 * A message is lost, and the error text says why; in a stream nobody knows where the next one begins.
 * Returns @rc.
 */
int mproci_arrival_lose(mproci_arrival *arrival, int rc);

/*
 * In a forked child: what has come is its parent's.
 *
 * @is_sound  nobody was just receiving.
 */
void mproci_arrival_disown(mproci_arrival *arrival, bool is_sound);

void mproci_arrival_destroy(mproci_arrival *arrival);

#endif
