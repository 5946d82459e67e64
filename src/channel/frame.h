/* SPDX-License-Identifier: MIT */
/*
 * channel/frame.h - what goes over a connection: messages in parts, each with a header in front.
 *
 * Through sockets that keep packets apart a message goes in parts of at most MPROCI_FRAME_PART bytes, one a
 * packet; through a stream as one part.  All parts but the first are continuations.  A first part always
 * begins a message: when another one was not complete, its sender has given up or was killed, and it is
 * forgotten.  A continuation of what nobody has begun here belongs to a message that another process with the
 * same end has begun to receive, and was killed: it is skipped.
 *
 * Nothing here makes a system call: what arrives is handed in.
 */
#ifndef CHANNEL_FRAME_H
#define CHANNEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/*
	 * Bytes: mark, kind, number of descriptors, 0; tag, 4 bytes; size, 8 bytes, the most significant byte
	 * first.
	 */
	MPROCI_FRAME_HEADER = 16,
	/* The most bytes of a message in one packet. */
	MPROCI_FRAME_PART = 65520,
	/* The most descriptors that a message carries. */
	MPROCI_FRAME_DESCRIPTORS = 253,
};

/* What a header says. */
typedef struct mproci_frame {
	bool is_first;
	/* How many descriptors come with it; none with a continuation. */
	uint8_t descriptors;
	/* The same in all parts of a message, another one in those of other messages at about that time. */
	uint32_t tag;
	/*
	 * Bytes of the message from here on: all, or in a continuation what the parts before have not
	 * brought.
	 */
	uint64_t size;
} mproci_frame;

void mproci_frame_write(const mproci_frame *frame, unsigned char ret_header[MPROCI_FRAME_HEADER]);

/* Returns 0, or -EBADMSG with an error text: it is no header. */
int mproci_frame_read(const unsigned char header[MPROCI_FRAME_HEADER], mproci_frame *ret_frame);

/* A message that arrives; all 0: none does. */
typedef struct mproci_assembly {
	bool is_begun;
	uint8_t descriptors;
	uint32_t tag;
	/* Bytes, and how many of them have come. */
	uint64_t size, got;
	/* The tag of the last message that was forgotten for another one: its sender must not go on. */
	bool has_forgotten;
	uint32_t forgotten;
} mproci_assembly;

typedef enum mproci_part {
	/* It goes on with the message. */
	MPROCI_PART_CONTINUES,
	/* It begins one; what had come of another is to be forgotten. */
	MPROCI_PART_BEGINS,
	/* It is to be skipped. */
	MPROCI_PART_STRAY,
} mproci_part;

/*
 * The header of a part has come.
 *
 * @max_message  the largest message in bytes.
 *
 * Returns what the part is; -EBADMSG with an error text: it cannot be, or is too large, and nothing is
 * changed.
 */
int mproci_assembly_take(mproci_assembly *assembly, const mproci_frame *frame, uint64_t max_message);

/*
 * @size bytes of the message have come.  Returns 0, or -EBADMSG with an error text: none have, or too many.
 */
int mproci_assembly_add(mproci_assembly *assembly, uint64_t size);

/* The message was handed out. */
void mproci_assembly_clear(mproci_assembly *assembly);

/* Whether a message is there, whole. */
static inline bool mproci_assembly_is_complete(const mproci_assembly *assembly)
{
	return assembly->is_begun && assembly->got == assembly->size;
}

#endif
