/* SPDX-License-Identifier: MIT */
#include "small_map.h"

#include "crash.h"
#include "sys/futex.h"

#include <errno.h>
#include <signal.h>

enum {
	/* A victim and its recoverer: who dies between counting a failure and noting it has it counted twice. */
	MOST_DEATHS = 2,
};

const mproci_death small_map_killed = {.ending = {.signal = SIGKILL}};

/* Where the function finds the map that it works for: inherited by all processes of a test. */
static small_map *here;

static uint64_t result_of(uint64_t item)
{
	return item * 10;
}

static void go_off(void)
{
	while (here->is_lit == 0)
		mproci_futex_wait(&here->is_lit, 0, MPROC_FOREVER);
	raise(SIGKILL);
}

int small_map_function(const void *item, void *result, mproc_task *task)
{
	size_t index = mproc_task_index(task);
	uint32_t own = (uint32_t)index + 1, attempt = mproc_task_attempt(task);

	(void)item;
	atomic_fetch_add(&here->runs[index], 1);
	crash_expect(here->attempts[index] < attempt, "attempt %u at item %zu comes after attempt %u",
		attempt, index, here->attempts[index]);
	here->attempts[index] = attempt;
	if (here->within != NULL && attempt == 1)
		here->within(here, index);
	if (here->bomb == own && atomic_exchange(&here->bomb, 0) == own)
		go_off();
	if (here->failing == own && attempt == 1)
		return -EIO;
	*(uint64_t *)result = result_of(index);
	return 0;
}

void small_map_make(small_map *small, uint32_t lane_count, uint32_t count, size_t chunk)
{
	here = small;
	small->map.spec = (mproci_map_spec){
		.results = (char *)small->results,
		.result_size = sizeof *small->results,
		.count = count,
		.chunk = chunk,
	};
	small->map.kill_ending = MPROC_ENDING_TIMEOUT;
	small->how_killed = MPROC_ENDING_SIGNAL;
	small->map.verdicts = small->verdicts;
	small->map.ranges = (mproci_ranges *)small->ranges;
	mproci_ranges_init(
		small->map.ranges, lane_count, lane_count, (uint32_t)((count + chunk - 1) / chunk), chunk);
}

void small_map_work(small_map *small, uint32_t lane)
{
	static _Atomic uint64_t calls;
	mproci_map_visit visit = {.calls = &calls};

	mproci_map_visit_begin(&visit, &small->map, lane, small_map_function, &small->kill_at[lane]);
	while (mproci_map_do_chunks(&visit) != 0)
		;
}

void small_map_light(small_map *small)
{
	small->is_lit = 1;
	mproci_futex_wake(&small->is_lit, MPROCI_WAKE_ALL);
}

/* An item that has a result. */
static void check_value(const small_map *small, uint32_t item, mproc_outcome outcome)
{
	uint32_t runs = small->runs[item], most = small->map.spec.terms.retries + 1;

	crash_expect(1 <= runs && runs <= outcome.attempts && outcome.attempts <= most,
		"item %u ran %u times, in %u attempts, of %u", item, runs, outcome.attempts, most);
	crash_expect(small->attempts[item] == outcome.attempts, "item %u was begun %u times, not %u", item,
		small->attempts[item], outcome.attempts);
	crash_expect(small->results[item] == result_of(item), "item %u has no result", item);
}

static void check_killed(const small_map *small, uint32_t item, mproc_outcome outcome)
{
	uint32_t runs = small->runs[item], most = small->map.spec.terms.retries + 1;

	crash_expect(outcome.ending == small->how_killed, "item %u ended with %d, not %d", item,
		(int)outcome.ending, (int)small->how_killed);
	crash_expect(outcome.ending != MPROC_ENDING_SIGNAL || outcome.code == SIGKILL,
		"item %u ended with signal %d", item, (int)outcome.code);
	crash_expect(runs <= outcome.attempts && outcome.attempts <= most,
		"the failed item %u ran %u times, in %u attempts, of %u", item, runs, outcome.attempts, most);
	crash_expect(outcome.attempts == most || small->map.is_stopping,
		"item %u was given up after attempt %u of %u", item, outcome.attempts, most);
}

static bool may_be_left(const small_map *small, uint32_t item, mproc_outcome outcome)
{
	return outcome.ending == MPROC_ENDING_NONE && small->map.is_stopping && small->runs[item] == 0;
}

unsigned small_map_check(small_map *small, unsigned most_killed)
{
	unsigned failed = 0, killed = 0;

	for (uint32_t i = 0; i < small->map.spec.count; ++i) {
		mproc_outcome outcome = mproci_verdict_outcome(small->verdicts[i]);

		if (may_be_left(small, i, outcome))
			continue;
		if (outcome.ending == MPROC_ENDING_VALUE) {
			check_value(small, i, outcome);
			continue;
		}
		++failed;
		if (outcome.ending == MPROC_ENDING_ERROR && i + 1 == small->failing)
			continue;
		check_killed(small, i, outcome);
		crash_expect(++killed <= most_killed, "more than %u items were killed, also item %u",
			most_killed, i);
	}
	crash_expect(failed <= small->map.failed && small->map.failed <= failed + MOST_DEATHS,
		"%u items failed, not %u", failed, (unsigned)small->map.failed);
	return killed;
}
