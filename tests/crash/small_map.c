/* SPDX-License-Identifier: MIT */
#include "small_map.h"

#include "crash.h"
#include "pool/task.h"
#include "sys/futex.h"

#include <signal.h>

const mproci_ending small_map_killed = {.signal = SIGKILL};

/* Where the function finds the map that it works for: inherited by all processes of a test. */
static small_map *here;

static void go_off(void)
{
	while (here->is_lit == 0)
		mproci_futex_wait(&here->is_lit, 0, MPROC_FOREVER);
	raise(SIGKILL);
}

static int count_run(const void *item, void *result, mproc_task *task)
{
	uint32_t own = (uint32_t)task->index + 1;

	(void)item;
	atomic_fetch_add(&here->runs[task->index], 1);
	if (here->bomb == own && atomic_exchange(&here->bomb, 0) == own)
		go_off();
	*(uint64_t *)result = task->index * 10;
	return 0;
}

void small_map_make(small_map *small, uint32_t lane_count, uint32_t count, size_t chunk)
{
	here = small;
	small->map.spec = (mproci_map_spec){
		.function = count_run,
		.results = (char *)small->results,
		.result_size = sizeof *small->results,
		.count = count,
		.chunk = chunk,
	};
	small->map.verdicts = small->verdicts;
	small->map.ranges = (mproci_ranges *)small->ranges;
	mproci_ranges_init(small->map.ranges, lane_count, (uint32_t)((count + chunk - 1) / chunk), chunk);
}

void small_map_light(small_map *small)
{
	small->is_lit = 1;
	mproci_futex_wake(&small->is_lit, MPROCI_WAKE_ALL);
}

void small_map_check(small_map *small, unsigned most_failed)
{
	unsigned failed = 0;

	for (uint32_t i = 0; i < small->map.spec.count; ++i) {
		mproc_outcome outcome = mproci_verdict_outcome(small->verdicts[i]);
		uint32_t runs = small->runs[i];

		if (outcome.ending == MPROC_ENDING_VALUE) {
			crash_expect(runs == 1, "item %u ran %u times", i, runs);
			crash_expect(small->results[i] == i * 10, "item %u has no result", i);
			continue;
		}
		crash_expect(outcome.ending == MPROC_ENDING_SIGNAL, "item %u ended with %d", i,
			(int)outcome.ending);
		crash_expect(outcome.code == SIGKILL, "item %u ended with signal %d", i, (int)outcome.code);
		crash_expect(runs <= 1, "the failed item %u ran %u times", i, runs);
		crash_expect(
			++failed <= most_failed, "more than %u items failed, also item %u", most_failed, i);
		crash_expect(small->map.has_failures, "item %u failed, and nobody says so", i);
	}
}
