/* SPDX-License-Identifier: MIT */
/*
 * channel/envelope.h - messages that do not lie in the ring: large ones, and those of acknowledged queues.
 *
 * An envelope says in one word whose the message is.  It keeps its block of memory when it is free, so that a stream of large
 * messages does not allocate.  What the word says is the truth; README.md has the states.
 */
#ifndef CHANNEL_ENVELOPE_H
#define CHANNEL_ENVELOPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* The chunks they are allocated in, each twice as large as the one before: 2^26 envelopes at most. */
	MPROCI_ENVELOPE_CHUNKS = 21,
	MPROCI_ENVELOPE_MOST_DELIVERIES = 0xffffff,
};

/* Where a message is.  In the states with an owner the word names that too. */
typedef enum mproci_envelope_state {
	MPROCI_ENVELOPE_FREE,
	/* A producer writes it; no queue has it. */
	MPROCI_ENVELOPE_FILLING,
	/* Its index is in the ring, or is about to be. */
	MPROCI_ENVELOPE_QUEUED,
	/* A consumer has it, and nobody will get it again. */
	MPROCI_ENVELOPE_TAKEN,
	/* A consumer has it, and has not acknowledged it. */
	MPROCI_ENVELOPE_OWED,
	/* It waits to be delivered again. */
	MPROCI_ENVELOPE_RETURNED,
} mproci_envelope_state;

typedef struct mproci_envelope {
	/* Low 32 bits: the stamp of the owner (family/member.h), or 0; then 24 bits: deliveries; then 8 bits: the state. */
	_Alignas(64) _Atomic uint64_t word;
	/* The message is behind a header in it: envelope.c. */
	void *_Atomic block;
	/* Bytes of message that the block has room for. */
	size_t capacity;
	/* Bytes of the message; while a producer has it, how many it may have. */
	size_t size;
	uint32_t index;
	/* For who has it: 1 + the index of another one, or 0. */
	uint32_t next;
	/* For its owner: where its message is to be copied to. */
	void *destination;
} mproci_envelope;

typedef struct mproci_envelopes {
	void *_Atomic chunks[MPROCI_ENVELOPE_CHUNKS];
	/* So many there are. */
	_Atomic uint32_t count;
	/* Advice: 1 + the index of the one that was freed last, or 0; and from where on to look. */
	_Atomic uint32_t freed, hint;
	/* From here on no free one has a block; or few. */
	_Atomic uint32_t kept;
} mproci_envelopes;

static inline uint64_t mproci_envelope_word(mproci_envelope_state state, uint32_t owner, uint32_t deliveries)
{
	return (uint64_t)state << 56 | (uint64_t)(deliveries & 0xffffff) << 32 | owner;
}

static inline mproci_envelope_state mproci_envelope_state_of(uint64_t word)
{
	return (mproci_envelope_state)(word >> 56);
}

static inline uint32_t mproci_envelope_deliveries_of(uint64_t word)
{
	return (uint32_t)(word >> 32) & 0xffffff;
}

static inline uint32_t mproci_envelope_owner_of(uint64_t word)
{
	return (uint32_t)word;
}

/* The envelope number @index, which is less than the count. */
mproci_envelope *mproci_envelope_at(mproci_envelopes *envelopes, uint32_t index);

/* The same for what was found in shared memory; NULL when there is none. */
mproci_envelope *mproci_envelope_find(mproci_envelopes *envelopes, uint64_t index);

/* Whether this process has it in that state. */
bool mproci_envelope_is_own(const mproci_envelope *envelope, mproci_envelope_state state);

/* A consumer of this process has it now, which counts as a delivery. */
void mproci_envelope_deliver(mproci_envelope *envelope, mproci_envelope_state state);

/* A free one becomes this process's, being filled.  NULL: all that there are have messages. */
mproci_envelope *mproci_envelope_take(mproci_envelopes *envelopes);

/* With the producers' lock: make more of them.  Returns 0 or a negative errno with an error text. */
int mproci_envelope_grow(mproci_envelopes *envelopes);

/* See that this process's envelope has room for @size bytes.  Returns 0, or a negative errno with an error text. */
int mproci_envelope_fit(mproci_envelopes *envelopes, mproci_envelope *envelope, size_t size);

/* This process's envelope, in state TAKEN or FILLING, is free again. */
void mproci_envelope_release(mproci_envelopes *envelopes, mproci_envelope *envelope);

/* Give back the blocks that free ones keep. */
void mproci_envelope_shrink(mproci_envelopes *envelopes);

/* Where the message is. */
void *mproci_envelope_message(const mproci_envelope *envelope);

/* The envelope whose message is at @message, if this process owns it; otherwise NULL. */
mproci_envelope *mproci_envelope_of(mproci_envelopes *envelopes, const void *message);

/* Those that wait to be delivered again.  What the envelopes say is the truth, and this is made anew from them. */
typedef struct mproci_returned {
	/* The list of them: 1 + the index of the first, or 0. */
	uint32_t first;
	_Atomic uint32_t count;
	uint64_t bytes;
} mproci_returned;

/*
 * With the consumers' lock, when somebody has died: free what producers were filling, and consumers had taken; what was owed
 * returns.  List what waits to be delivered again.
 */
void mproci_envelope_sweep(mproci_envelopes *envelopes, mproci_returned *returned);

/* With the consumers' lock: this process's owed one waits to be delivered again, before all others. */
void mproci_envelope_return(mproci_envelope *envelope, mproci_returned *returned);

/* With the consumers' lock: the first that waits is owed by this process; NULL when none waits. */
mproci_envelope *mproci_envelope_redeliver(mproci_envelopes *envelopes, mproci_returned *returned);

/* Whether anybody owes a message. */
bool mproci_envelope_is_any_owed(mproci_envelopes *envelopes);

/* Free all memory, which nobody uses any more. */
void mproci_envelope_destroy(mproci_envelopes *envelopes);

#endif
