/* SPDX-License-Identifier: MIT */
#include "pool/map.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "base/error.h"
#include "family/family.h"
#include "pool/cached.h"
#include "pool/seat.h"
#include "pool/shuffle.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

enum {
	/* What processors fetch together: two lines of 64 bytes. */
	LINE = 128,
	/* Of a spare block, bytes; and how many times as large as needed it may be. */
	LEAST_SPARE = 1 << 16,
	LARGEST_SPARE = 1 << 26,
	TOO_LARGE = 4,
};

/* What is in the arena is used where it is; the rest of the family cannot see anything else. */
static int share(const mproci_map_spec *spec, mproci_map_spec *shared)
{
	if (spec->item_size != 0 && !mproci_family_holds(spec->items)) {
		char *items = mproc_alloc(spec->count * spec->item_size);

		if (items == NULL)
			return -ENOMEM;
		memcpy(items, spec->items, spec->count * spec->item_size);
		shared->items = items;
	}
	if (spec->result_size != 0 && !mproci_family_holds(spec->results)) {
		shared->results = mproc_calloc(spec->count, spec->result_size);
		if (shared->results == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* The context is what all workers look at: copied also for those that are threads, so that it means the same everywhere. */
static int share_context(const mproci_terms *terms, mproci_terms *shared)
{
	void *context;

	if (terms->context_size == 0 || mproci_family_holds(terms->context))
		return 0;
	context = mproc_alloc(terms->context_size);
	if (context == NULL)
		return -ENOMEM;
	memcpy(context, terms->context, terms->context_size);
	shared->context = context;
	return 0;
}

static int share_cache(const mproci_map_spec *spec, bool is_shared, mproci_map *map)
{
	if (spec->cache == NULL)
		return 0;
	map->cached = mproci_cached_create(spec, is_shared);
	return map->cached == NULL ? -ENOMEM : 0;
}

static size_t round_up(size_t size)
{
	return (size + LINE - 1) / LINE * LINE;
}

/* Zeroed memory: the spare block, if it fits. */
static char *take_block(mproci_spare *spare, size_t size)
{
	char *block = spare == NULL || size < LEAST_SPARE ? NULL : atomic_exchange(&spare->block, NULL);
	size_t room = mproc_usable_size(block);

	if (block != NULL && room >= size && room / TOO_LARGE <= size)
		return memset(block, 0, size);
	mproc_free(block);
	return mproc_calloc(1, size);
}

static void give_block(mproci_spare *spare, char *block)
{
	size_t room = mproc_usable_size(block);

	if (spare != NULL && room >= LEAST_SPARE && room <= LARGEST_SPARE)
		block = atomic_exchange(&spare->block, block);
	mproc_free(block);
}

void mproci_spare_drop(mproci_spare *spare)
{
	mproc_free(atomic_exchange(&spare->block, NULL));
}

/* One block for the map, its ranges and its verdicts, so that a small map costs one small allocation. */
static mproci_map *allocate(const mproci_map_spec *spec, uint32_t lane_count, mproci_spare *spare)
{
	size_t ranges_at = round_up(sizeof(mproci_map));
	size_t verdicts_at = ranges_at + round_up(mproci_ranges_size(lane_count));
	size_t returned_at = verdicts_at + round_up(spec->count * sizeof(mproci_verdict));
	size_t end = returned_at + (spec->has_returned ? spec->count * sizeof(mproci_returned) : 0);
	char *block = take_block(spare, LINE + end);
	char *start = (char *)round_up((uintptr_t)block);
	mproci_map *map = (mproci_map *)start;

	if (block == NULL)
		return NULL;
	map->block = block;
	map->ranges = (mproci_ranges *)(start + ranges_at);
	map->verdicts = (_Atomic mproci_verdict *)(start + verdicts_at);
	map->returned = spec->has_returned ? (mproci_returned *)(start + returned_at) : NULL;
	return map;
}

static uint32_t chunk_count(const mproci_map_spec *spec)
{
	return (uint32_t)((spec->count + spec->chunk - 1) / spec->chunk);
}

int mproci_map_create(const mproci_map_spec *spec, uint32_t lane_count, uint32_t busy_lanes, bool is_shared,
	mproci_spare *spare, mproci_map **ret_map)
{
	mproci_map *map;
	int rc;

	map = allocate(spec, lane_count, spare);
	if (map == NULL)
		return -ENOMEM;
	map->spec = *spec;
	map->kill_at = spec->terms.deadline;
	map->kill_ending = MPROC_ENDING_TIMEOUT;
	rc = mproci_ranges_init(map->ranges, lane_count, busy_lanes, chunk_count(spec), spec->chunk);
	if (rc == 0 && is_shared)
		rc = share(spec, &map->spec);
	if (rc == 0)
		rc = share_context(&spec->terms, &map->spec.terms);
	if (rc == 0)
		rc = share_cache(spec, is_shared, map);
	if (rc < 0) {
		mproci_map_destroy(map, spec, spare);
		return rc;
	}
	*ret_map = map;
	return 0;
}

int mproci_map_go_on(mproci_map *map, uint32_t busy_lanes)
{
	uint32_t lane_count = map->ranges->lane_count;

	map->again = atomic_exchange(&map->put_off, 0);
	map->spec.puts_off = false;
	memset(map->ranges, 0, mproci_ranges_size(lane_count));
	return mproci_ranges_init(
		map->ranges, lane_count, busy_lanes, chunk_count(&map->spec), map->spec.chunk);
}

void mproci_map_collect(const mproci_map *map, const mproci_map_spec *spec, bool is_complete)
{
	size_t size = spec->result_size;

	if (map->spec.results == spec->results)
		return;
	if (is_complete) {
		memcpy(spec->results, map->spec.results, spec->count * size);
		return;
	}
	for (size_t i = 0; i < spec->count; ++i) {
		if (mproci_verdict_ending(map->verdicts[i]) == MPROC_ENDING_VALUE)
			memcpy(spec->results + i * size, map->spec.results + i * size, size);
	}
}

void mproci_map_destroy(mproci_map *map, const mproci_map_spec *spec, mproci_spare *spare)
{
	if (map->spec.items != spec->items)
		mproc_free((void *)(uintptr_t)map->spec.items);
	if (map->spec.results != spec->results)
		mproc_free(map->spec.results);
	if (map->spec.terms.context != spec->terms.context)
		mproc_free((void *)(uintptr_t)map->spec.terms.context);
	mproc_free(map->cached);
	for (size_t i = 0; map->returned != NULL && i < spec->count; ++i)
		mproci_place_empty(&map->returned[i].block);
	give_block(spare, map->block);
}

static bool is_plain(const mproci_map_spec *spec)
{
	const mproci_terms *terms = &spec->terms;

	return !spec->is_shuffled && !spec->has_returned && spec->cache == NULL && terms->retries == 0
	       && terms->soft_timeout == 0 && terms->timeout == 0;
}

void mproci_map_visit_begin(mproci_map_visit *visit, mproci_map *map, uint32_t lane,
	mproc_task_function *function, _Atomic mproc_deadline *kill_at)
{
	mproci_ranges_enter(map->ranges, lane);
	visit->map = map;
	visit->lane = lane;
	visit->function = function;
	visit->kill_at = kill_at;
	visit->failed = 0;
	visit->takes_one = true;
	visit->value = mproci_verdict_of(MPROC_ENDING_VALUE, 0, lane, 1);
	visit->is_plain = is_plain(&map->spec);
	visit->cache = NULL;
	visit->heeds_interrupts = false;
	visit->delay = MPROCI_DELAY_NONE;
	visit->task.terms = &map->spec.terms;
	visit->task.worker = lane;
	visit->task.soft_at = map->spec.terms.deadline;
	visit->task.is_cancelled = &map->is_stopping;
	visit->task.returned = NULL;
}

/* An item's end without a value, before its verdict is written. */
static void note_failure(mproci_map *map)
{
	mproc_deadline deadline = map->spec.terms.deadline;

	atomic_fetch_add_explicit(&map->failed, 1, memory_order_relaxed);
	/* It may be why the item gave up, and all may have before who waits looks at the clock. */
	if (deadline != MPROC_FOREVER && mproci_deadline_passed(deadline, mproci_clock_now()))
		mproci_map_stop(map, MPROCI_STOP_DEADLINE);
	if (map->spec.stops_on_failure)
		mproci_map_stop(map, MPROCI_STOP_FAILURE);
}

static bool may_try_again(const mproci_map *map, unsigned attempts)
{
	return attempts <= map->spec.terms.retries
	       && !atomic_load_explicit(&map->is_stopping, memory_order_relaxed);
}

/* One attempt, with its times. */
static int attempt_timed(mproci_map_visit *visit, const void *from, void *to)
{
	const mproci_terms *terms = &visit->map->spec.terms;
	int64_t now = mproci_clock_now();
	mproc_deadline kill_at = now + terms->timeout;
	int rc;

	visit->task.soft_at = terms->deadline;
	if (terms->soft_timeout != 0)
		visit->task.soft_at = mproci_deadline_earlier(terms->deadline, now + terms->soft_timeout);
	if (terms->timeout == 0)
		return visit->function(from, to, &visit->task);
	atomic_store(visit->kill_at, kill_at);
	rc = visit->function(from, to, &visit->task);
	/* The nursery has decided before: this item did not end in time, whatever it returned. */
	if (!atomic_compare_exchange_strong(visit->kill_at, &kill_at, MPROC_FOREVER))
		mproci_seat_await_death();
	return rc;
}

static int attempt(mproci_map_visit *visit, size_t item)
{
	const mproci_map_spec *spec = &visit->map->spec;
	const char *from = spec->item_size != 0 ? spec->items + item * spec->item_size : NULL;
	char *to = spec->result_size != 0 ? spec->results + item * spec->result_size : NULL;

	if ((spec->terms.soft_timeout | spec->terms.timeout) != 0)
		return attempt_timed(visit, from, to);
	return visit->function(from, to, &visit->task);
}

static mproci_verdict do_item(mproci_map_visit *visit, size_t item, unsigned attempts)
{
	mproci_map *map = visit->map;
	int rc;

	do {
		++attempts;
		/* For mproci_map_recover: this attempt counts, whatever becomes of it. */
		if (map->spec.terms.retries != 0)
			atomic_store_explicit(&map->verdicts[item],
				mproci_verdict_of(MPROC_ENDING_NONE, 0, 0, attempts), memory_order_release);
		if (map->returned != NULL) {
			visit->task.returned = &map->returned[item];
			mproci_place_empty(&map->returned[item].block);
		}
		mproci_task_begin(&visit->task, map->spec.base + item, attempts);
		rc = visit->cache != NULL ? mproci_cached_attempt(visit, item, attempt, &attempts)
					  : attempt(visit, item);
		if (visit->delay != MPROCI_DELAY_NONE)
			return mproci_verdict_of(MPROC_ENDING_NONE, 0, 0, attempts);
	} while (rc != 0 && may_try_again(map, attempts));
	if (rc != 0) {
		note_failure(map);
		++visit->failed;
	}
	return mproci_verdict_of_return(rc, visit->lane, attempts);
}

/* The item at a position in the order in which they are begun. */
static size_t item_at(const mproci_map *map, size_t position)
{
	if (!map->spec.is_shuffled)
		return position;
	return mproci_shuffle(position, map->spec.count, map->spec.terms.seed);
}

/* The position of the first item of a chunk. */
static size_t first_of(const mproci_map *map, uint32_t chunk)
{
	return chunk * map->spec.chunk;
}

static size_t end_of(const mproci_map *map, size_t first)
{
	return map->spec.count - first < map->spec.chunk ? map->spec.count : first + map->spec.chunk;
}

static mproci_verdict verdict_on(const mproci_map *map, size_t item)
{
	return atomic_load_explicit(&map->verdicts[item], memory_order_relaxed);
}

static bool is_pending(const mproci_map *map, size_t item)
{
	return mproci_verdict_ending(verdict_on(map, item)) == MPROC_ENDING_NONE;
}

static void end_item(mproci_map *map, size_t item, mproci_verdict verdict)
{
	atomic_store_explicit(&map->verdicts[item], verdict, memory_order_release);
}

/* These two not inline: the loop of plain items gets all registers. */
__attribute__((noinline)) static void end_without_value(mproci_map_visit *visit, size_t item, int rc)
{
	note_failure(visit->map);
	++visit->failed;
	end_item(visit->map, item, mproci_verdict_of_return(rc, visit->lane, 1));
}

/* What do_items does, without looking for each item at what is asked for with none: an item costs a few nanoseconds here. */
static void do_plain_items(mproci_map_visit *visit, mproci_lane *lane, size_t first, size_t end)
{
	mproci_map *map = visit->map;
	const mproci_map_spec *spec = &map->spec;
	const char *from = spec->items + first * spec->item_size;
	char *to = spec->results + first * spec->result_size;

	for (size_t item = first; item < end; ++item, from += spec->item_size, to += spec->result_size) {
		int rc;

		atomic_store_explicit(&lane->running, item, memory_order_release);
		if (!is_pending(map, item))
			continue;
		if (atomic_load_explicit(&map->is_stopping, memory_order_relaxed))
			return;
		mproci_task_begin(&visit->task, spec->base + item, 1);
		rc = visit->function(from, to, &visit->task);
		if (rc == 0) {
			end_item(map, item, visit->value);
			continue;
		}
		end_without_value(visit, item, rc);
	}
}

/* The rest of the chunk that was popped last is for whoever comes next. */
static void put_back(mproci_map_visit *visit)
{
	mproci_ranges *ranges = visit->map->ranges;
	uint32_t chunk;

	mproci_ranges_lock(ranges);
	if (mproci_ranges_popped(ranges, visit->lane, &chunk))
		mproci_ranges_put_back(ranges, visit->lane);
	mproci_ranges_unlock(ranges);
}

__attribute__((noinline)) static void do_items(
	mproci_map_visit *visit, mproci_lane *lane, size_t first, size_t end)
{
	mproci_map *map = visit->map;

	for (size_t position = first; position < end; ++position) {
		size_t item = item_at(map, position);

		/* Release: after the verdict of the item before, for mproci_map_recover. */
		atomic_store_explicit(&lane->running, position, memory_order_release);
		/* A chunk that was put back may be done in part. */
		if (!is_pending(map, item))
			continue;
		if (atomic_load_explicit(&map->is_stopping, memory_order_relaxed))
			return;
		end_item(map, item, do_item(visit, item, mproci_verdict_attempts(verdict_on(map, item))));
		if (visit->delay == MPROCI_DELAY_LEAVING) {
			put_back(visit);
			return;
		}
	}
}

/* Returns how many items were looked at. */
static size_t work_on_chunk(mproci_map_visit *visit, uint32_t chunk)
{
	mproci_lane *lane = &visit->map->ranges->lanes[visit->lane];
	size_t first = first_of(visit->map, chunk), end = end_of(visit->map, first);

	visit->first = visit->map->spec.base + first;
	if (visit->is_plain)
		do_plain_items(visit, lane, first, end);
	else
		do_items(visit, lane, first, end);
	return end - first;
}

static bool take_chunk(const mproci_map_visit *visit, uint32_t *ret_chunk)
{
	mproci_ranges *ranges = visit->map->ranges;

	if (atomic_load_explicit(&visit->map->is_stopping, memory_order_relaxed))
		return false;
	while (!mproci_ranges_pop(ranges, visit->lane, ret_chunk)) {
		if (!mproci_ranges_steal(ranges, visit->lane))
			return false;
	}
	return true;
}

size_t mproci_map_do_chunks(mproci_map_visit *visit)
{
	size_t done = 0;
	uint32_t chunk;

	while (take_chunk(visit, &chunk)) {
		done += work_on_chunk(visit, chunk);
		if (visit->takes_one
			|| atomic_load_explicit(visit->calls, memory_order_relaxed) != visit->seen)
			break;
	}
	return done;
}

void mproci_map_stop(mproci_map *map, mproci_stop reason)
{
	atomic_compare_exchange_strong(&map->stop_reason, &(uint32_t){MPROCI_STOP_NONE}, reason);
	atomic_store(&map->is_stopping, true);
}

bool mproci_map_is_exhausted(const mproci_map *map)
{
	return atomic_load(&map->is_stopping) || mproci_ranges_are_empty(map->ranges);
}

size_t mproci_map_taken(const mproci_map *map)
{
	uint64_t left = mproci_ranges_left(map->ranges) * map->spec.chunk;
	uint64_t most = map->again != 0 ? map->again : map->spec.count;

	return map->spec.count - (left < most ? left : most);
}

static bool has_pending(const mproci_map *map, size_t first)
{
	size_t position = first, end = end_of(map, first);

	while (position < end && !is_pending(map, item_at(map, position)))
		++position;
	return position < end;
}

/* The item that the dead was at. */
static bool judge_death(mproci_map *map, size_t item, uint32_t lane, mproci_death death)
{
	unsigned attempts = mproci_verdict_attempts(verdict_on(map, item));
	mproci_verdict verdict;

	/* Nobody notes attempts where there is to be one: it may have begun, so it counts. */
	if (map->spec.terms.retries == 0)
		attempts = 1;
	if (death.reason != MPROC_ENDING_CANCELLED && may_try_again(map, attempts))
		return false;
	verdict = death.reason != MPROC_ENDING_NONE
			  ? mproci_verdict_of(death.reason, 0, lane, attempts)
			  : mproci_verdict_of_death(death.ending, death.is_out_of_memory, lane, attempts);
	note_failure(map);
	end_item(map, item, verdict);
	return true;
}

bool mproci_map_recover(mproci_map *map, uint32_t lane, mproci_death death)
{
	bool has_ended = false;
	uint32_t chunk;

	mproci_ranges_lock(map->ranges);
	if (mproci_ranges_popped(map->ranges, lane, &chunk)) {
		size_t item = item_at(map, map->ranges->lanes[lane].running);

		if (is_pending(map, item))
			has_ended = judge_death(map, item, lane, death);
		if (has_pending(map, first_of(map, chunk)))
			mproci_ranges_put_back(map->ranges, lane);
	}
	mproci_ranges_unlock(map->ranges);
	return has_ended;
}
