/* SPDX-License-Identifier: MIT */
/*
 * queue_boost - the work of queue_bench.c on Boost.Interprocess's message_queue; a peer (peer.h).
 */
#include "bench.h"
#include "boost_queue.h"
#include "stream.h"

enum {
	/* As much room as a pipe has at most, and not less than some messages. */
	ROOM = 1 << 20,
	MOST_MESSAGES = 1024,
	LEAST_MESSAGES = 16,
};

static void *open_queue(size_t size)
{
	size_t room = ROOM / size;

	if (room > MOST_MESSAGES)
		room = MOST_MESSAGES;
	return boost_queue_open(room < LEAST_MESSAGES ? LEAST_MESSAGES : room, size);
}

static void put(void *queue, char *message, size_t size)
{
	if (boost_queue_put(queue, message, size) < 0)
		bench_fail("queue_boost: cannot put");
}

static void get(void *queue, char *message, size_t size)
{
	if (boost_queue_get(queue, message, size) != (long)size)
		bench_fail("queue_boost: cannot get");
}

static void put_each(const stream_share *share)
{
	stream_put_each(share, put);
}

static uint64_t get_each(const stream_share *share)
{
	return stream_get_each(share, get);
}

int main(void)
{
	static const stream_kind kind = {
		"boost", STREAM_MOST, open_queue, boost_queue_close, put_each, get_each};

	stream_serve(&kind);
	return 0;
}
