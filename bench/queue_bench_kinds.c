/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "queue_bench.h"

#include <mproc.h>

/* So many bytes may be on their way: what a pipe may hold, but not less than some messages. */
static const size_t ROOM = 1 << 20, ROOM_FOR_MESSAGES = 16;

void queue_bench_expect(int rc, const char *what)
{
	if (rc != 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

static void *open_queue(size_t size)
{
	const size_t least = ROOM_FOR_MESSAGES * size;
	const mproc_queue_options options = {.max_bytes = ROOM < least ? least : ROOM};
	mproc_queue *queue;

	queue_bench_expect(mproc_queue_create(&options, &queue), "mproc_queue_create");
	return queue;
}

static void close_queue(void *queue)
{
	mproc_queue_destroy(queue);
}

static void put(void *queue, char *message, size_t size)
{
	queue_bench_expect(mproc_queue_put(queue, message, size, MPROC_FOREVER), "mproc_queue_put");
}

static void get(void *queue, char *message, size_t size)
{
	queue_bench_expect(mproc_queue_get(queue, message, size, MPROC_FOREVER, NULL), "mproc_queue_get");
}

static void put_each(const stream_share *share)
{
	stream_put_each(share, put);
}

static uint64_t get_each(const stream_share *share)
{
	return stream_get_each(share, get);
}

/* How many messages the next call has at most. */
static size_t next_batch(const stream_share *share, size_t done)
{
	size_t left = share->count - done;

	return left < QUEUE_BENCH_BATCH ? left : QUEUE_BENCH_BATCH;
}

static void put_batches(const stream_share *share)
{
	for (size_t done = 0, count; done < share->count; done += count) {
		count = next_batch(share, done);
		for (size_t i = 0; i < count; ++i)
			stream_number(share->buffer + i * share->size, share->first + done + i);
		queue_bench_expect(mproc_queue_put_many(share->channel, share->buffer, share->size, count,
					   MPROC_FOREVER, NULL),
			"mproc_queue_put_many");
	}
}

static uint64_t get_batches(const stream_share *share)
{
	uint64_t sum = 0;

	for (size_t done = 0, count; done < share->count; done += count) {
		queue_bench_expect(mproc_queue_get_many(share->channel, share->buffer, share->size,
					   next_batch(share, done), MPROC_FOREVER, NULL, &count),
			"mproc_queue_get_many");
		for (size_t i = 0; i < count; ++i)
			sum += stream_number_of(share->buffer + i * share->size);
	}
	return sum;
}

const stream_kind queue_bench_single = {"queue", STREAM_MOST, open_queue, close_queue, put_each, get_each};
const stream_kind queue_bench_batches = {
	"queue", STREAM_MOST / QUEUE_BENCH_BATCH, open_queue, close_queue, put_batches, get_batches};
