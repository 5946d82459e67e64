/* SPDX-License-Identifier: MIT */
/*
 * stream.h - messages of one size on their way from some processes to others: what one of them costs.
 *
 * Who produces and who consumes are processes that were forked once and sleep between their turns; a turn is from when the first
 * of them begins until the last one is done.  Messages are numbered, and what arrives is added up, so that one that is lost or
 * comes twice ends the program.  It serves us and our rivals alike, so there is nothing of mproc in it.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "partner.h"
#include "peer.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	/* Of each, at most. */
	STREAM_SIDE = 4,
	STREAM_CREW = 2 * STREAM_SIDE,
	/* Bytes. */
	STREAM_LEAST = 8,
	STREAM_MOST = 1 << 20,
};

/* What one process does: so many messages of that size. */
typedef struct stream_share {
	void *channel;
	/* Room for a message, or for as many as STREAM_MOST bytes hold. */
	char *buffer;
	size_t size, count;
	/* Of the first message that is put. */
	uint64_t first;
} stream_share;

/* A way to send messages.  What fails ends the program. */
typedef struct stream_kind {
	const char *name;
	/* What it carries: the largest message in bytes. */
	size_t most;
	/* Make a channel that processes that are forked later have as well; NULL, said on stderr, where there can be none. */
	void *(*open)(size_t size);
	/* Accepts NULL. */
	void (*close)(void *channel);
	void (*produce)(const stream_share *share);
	/* Returns the sum of the messages' numbers. */
	uint64_t (*consume)(const stream_share *share);
} stream_kind;

/* Put, or get, one message. */
typedef void stream_step(void *channel, char *message, size_t size);

static inline void stream_number(char *message, uint64_t number)
{
	memcpy(message, &number, sizeof number);
}

static inline uint64_t stream_number_of(const char *message)
{
	uint64_t number;

	memcpy(&number, message, sizeof number);
	return number;
}

static inline __attribute__((always_inline)) void stream_put_each(const stream_share *share, stream_step *put)
{
	for (size_t i = 0; i < share->count; ++i) {
		stream_number(share->buffer, share->first + i);
		put(share->channel, share->buffer, share->size);
	}
}

static inline __attribute__((always_inline)) uint64_t stream_get_each(
	const stream_share *share, stream_step *get)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < share->count; ++i) {
		get(share->channel, share->buffer, share->size);
		sum += stream_number_of(share->buffer);
	}
	return sum;
}

typedef struct stream_crew stream_crew;

/* A contestant: with a crew of ours, or with a peer's. */
typedef struct stream_turn {
	stream_crew *crew;
	const stream_kind *kind;
	void *channel;
	bench_peer *peer;
	size_t size, count;
	unsigned producers, consumers;
} stream_turn;

/* Fork all who may take part, so many on each side, 1 to STREAM_SIDE, after all channels were opened. */
stream_crew *stream_crew_open(unsigned side);

/* End them.  Returns NULL. */
stream_crew *stream_crew_close(stream_crew *crew);

/* With a stream_turn of a crew: returns nanoseconds a message. */
double stream_run(void *argument);

/* The same with a peer that runs stream_serve, one producer and one consumer. */
double stream_run_peer(void *argument);

/* The main loop of a peer with a kind of its own, between one producer and one consumer. */
void stream_serve(const stream_kind *kind);

#endif
