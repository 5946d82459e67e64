/* SPDX-License-Identifier: MIT */
/*
 * channel/ring.h - where the bytes of a queue lie: a ring that is replaced by a larger one when it is full.
 *
 * The rings are levels, each twice as large as the one below.  Producers that find theirs full go one up; consumers follow
 * when they have emptied theirs.  When all is empty both go back to the lowest.  So a queue that is never long stays in a ring
 * that fits into the cache, and one that was long gives its memory back.
 *
 * Positions count bytes and only grow; a level holds those from its start on.  README.md has the states and the argument.
 */
#ifndef CHANNEL_RING_H
#define CHANNEL_RING_H

#include "channel/side.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/* The largest level has 2^38 bytes. */
	MPROCI_RING_LEVELS = 24,
	MPROCI_RING_HEADER = 8,
	MPROCI_RECORD_KIND_BITS = 2,
};

typedef struct mproci_ring_level {
	void *_Atomic memory;
	/* The position at which it began to be used last. */
	_Atomic uint64_t start;
	/* So many of its first bytes have memory; 0: perhaps some have. */
	uint64_t provided;
} mproci_ring_level;

typedef struct mproci_ring {
	mproci_ring_level levels[MPROCI_RING_LEVELS];
} mproci_ring;

typedef enum mproci_record_kind {
	/* What was never written reads as this. */
	MPROCI_RECORD_NONE,
	/* The message itself. */
	MPROCI_RECORD_INLINE,
	/* The index of an envelope, 8 bytes. */
	MPROCI_RECORD_ENVELOPE,
	/* Nothing, up to the end of the ring. */
	MPROCI_RECORD_GAP,
} mproci_record_kind;

typedef struct mproci_record {
	mproci_record_kind kind;
	/* Bytes, and where they are. */
	size_t size;
	void *payload;
	/* Where the next one begins. */
	uint64_t next;
} mproci_record;

/* Make the lowest level.  Returns 0, or a negative errno with an error text. */
int mproci_ring_init(mproci_ring *ring);

/* Free all levels, which nobody uses any more. */
void mproci_ring_destroy(mproci_ring *ring);

/*
 * With the producers' lock: see that there is room for @length bytes in one piece behind @position, up to which all is written.
 * Returns 0, and where they begin: behind a gap, perhaps; -EAGAIN: there is none, or what is written must pass first.
 */
int mproci_ring_make_room(mproci_ring *ring, mproci_side *producers, const mproci_side *consumers,
	uint64_t position, uint64_t length, uint64_t *ret_position);

/*
 * With the producers' lock, when everything has passed: go one level up.  Returns 0; -ENOMEM with an error text.
 */
int mproci_ring_climb(mproci_ring *ring, mproci_side *producers);

/* The bytes of the level that a side is at. */
uint64_t mproci_ring_size(const mproci_side *side);

/* From this level on a ring has so much memory that it is given back as soon as it is empty. */
extern const uint32_t mproci_ring_large;

/*
 * With the consumers' lock: find the records at @position, which is before `seen`.  Returns 0; -EAGAIN: what was read must pass first,
 * for the next level begins here.
 */
int mproci_ring_look(
	mproci_ring *ring, mproci_side *consumers, const mproci_side *producers, uint64_t position);

/* Write the error text for what is no record: -EBADMSG. */
void mproci_ring_refuse(uint64_t position);

/*
 * With the consumers' lock: if all levels are empty and nobody holds the producers' lock, use the lowest one again, and give back
 * what memory the large ones have.
 */
void mproci_ring_shrink(mproci_ring *ring, mproci_side *consumers, mproci_side *producers);

/* Bytes of the ring that a record takes: its header, and the payload up to a multiple of 8. */
static inline uint64_t mproci_record_length(uint64_t size)
{
	return MPROCI_RING_HEADER + ((size + 7) & ~UINT64_C(7));
}

/* Write the header of a record. */
static inline void mproci_record_begin(uint64_t *header, mproci_record_kind kind, uint64_t size)
{
	*header = size << MPROCI_RECORD_KIND_BITS | (uint64_t)kind;
}

/*
 * With the producers' lock: begin a record of @size bytes behind @position.  Returns 0 and the record, or what mproci_ring_make_room
 * does.
 */
static inline int mproci_ring_extend(mproci_ring *ring, mproci_side *producers, const mproci_side *consumers,
	uint64_t position, mproci_record_kind kind, size_t size, mproci_record *ret_record)
{
	uint64_t length = mproci_record_length(size);
	uint64_t *header;
	int rc;

	if (position + length > producers->limit) {
		rc = mproci_ring_make_room(ring, producers, consumers, position, length, &position);
		if (rc < 0)
			return rc;
	}
	header = (uint64_t *)(producers->base + position);
	mproci_record_begin(header, kind, size);
	*ret_record = (mproci_record){kind, size, header + 1, position + length};
	return 0;
}

static inline mproci_record_kind mproci_record_kind_of(uint64_t header)
{
	return (mproci_record_kind)(header & ((1 << MPROCI_RECORD_KIND_BITS) - 1));
}

static inline int mproci_ring_read_at(
	const mproci_side *consumers, uint64_t position, mproci_record *ret_record)
{
	uint64_t *header = (uint64_t *)(consumers->base + position);
	uint64_t size = *header >> MPROCI_RECORD_KIND_BITS, left = consumers->limit - position;
	mproci_record_kind kind = mproci_record_kind_of(*header);

	if (size > left || mproci_record_length(size) > left || kind == MPROCI_RECORD_NONE) {
		mproci_ring_refuse(position);
		return -EBADMSG;
	}
	*ret_record = (mproci_record){kind, size, header + 1, position + mproci_record_length(size)};
	return 0;
}

/*
 * With the consumers' lock: find the record at @position, which is before `seen`.  Who does not let it pass forgets the piece that
 * is known, which may begin behind @position.  Returns 0 and the record; -EAGAIN as mproci_ring_look; -EBADMSG with an error
 * text: there is none.
 */
static inline int mproci_ring_read(mproci_ring *ring, mproci_side *consumers, const mproci_side *producers,
	uint64_t position, mproci_record *ret_record)
{
	int rc = 0;

	/* Behind a gap there is a record, at the front. */
	for (;;) {
		if (position >= consumers->limit)
			rc = mproci_ring_look(ring, consumers, producers, position);
		if (rc == 0)
			rc = mproci_ring_read_at(consumers, position, ret_record);
		if (rc != 0 || ret_record->kind != MPROCI_RECORD_GAP)
			return rc;
		position = ret_record->next;
	}
}

#endif
