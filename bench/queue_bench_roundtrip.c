/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "queue_bench.h"
#include "roundtrip.h"

#include <mproc.h>
#include <stddef.h>
#include <stdint.h>

static const double TARGET = 1.3;

static void put(void *queue)
{
	static const uint64_t message = 1;

	queue_bench_expect(
		mproc_queue_put(queue, &message, sizeof message, MPROC_FOREVER), "mproc_queue_put");
}

static void get(void *queue)
{
	uint64_t message;

	queue_bench_expect(
		mproc_queue_get(queue, &message, sizeof message, MPROC_FOREVER, NULL), "mproc_queue_get");
}

static mproc_queue *create(void)
{
	mproc_queue *queue;

	queue_bench_expect(mproc_queue_create(NULL, &queue), "mproc_queue_create");
	return queue;
}

void queue_bench_roundtrip(void)
{
	static const roundtrip_kind by_queue = {put, get};
	char *words = bench_shared_memory(128);
	roundtrip ours = {.kind = &by_queue, .there = create(), .back = create()};
	roundtrip futex = {.kind = &roundtrip_futex, .there = words, .back = words + 64};
	bench_contestant contestants[] = {
		{.run = roundtrip_run, .self = &ours}, {.run = roundtrip_run, .self = &futex}};

	roundtrip_open(&ours);
	roundtrip_open(&futex);
	bench_contest_in_slices(contestants, 2, 0.5);
	roundtrip_close(&futex);
	roundtrip_close(&ours);
	mproc_queue_destroy(ours.there);
	mproc_queue_destroy(ours.back);
	bench_print_times("queue.roundtrip", &contestants[0], 1e3, "us");
	bench_print_times("futex.roundtrip", &contestants[1], 1e3, "us");
	bench_print_ratio("queue.roundtrip/futex", &contestants[0], &contestants[1], TARGET);
}
