/* SPDX-License-Identifier: MIT */
#include "pool/map.h"

#include "base/error.h"
#include "family/family.h"
#include "pool/task.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

enum {
	CODE_BITS = 12,
	LARGEST_CODE = (1 << CODE_BITS) - 1,
	/* What processors fetch together: two lines of 64 bytes. */
	LINE = 128,
};

static mproci_verdict verdict_of(mproc_ending ending, int code)
{
	return (mproci_verdict)(ending << CODE_BITS | code);
}

mproc_outcome mproci_verdict_outcome(mproci_verdict verdict)
{
	mproc_outcome outcome = {.ending = verdict >> CODE_BITS, .code = verdict & LARGEST_CODE};

	if (outcome.ending == MPROC_ENDING_ERROR)
		outcome.code = -outcome.code;
	return outcome;
}

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

static size_t round_up(size_t size)
{
	return (size + LINE - 1) / LINE * LINE;
}

/* One block for the map, its ranges and its verdicts, so that a small map costs one small allocation. */
static mproci_map *allocate(const mproci_map_spec *spec, uint32_t lane_count)
{
	size_t ranges_at = round_up(sizeof(mproci_map));
	size_t verdicts_at = ranges_at + round_up(mproci_ranges_size(lane_count));
	char *block = mproc_calloc(1, LINE + verdicts_at + spec->count * sizeof(mproci_verdict));
	char *start = (char *)round_up((uintptr_t)block);
	mproci_map *map = (mproci_map *)start;

	if (block == NULL)
		return NULL;
	map->block = block;
	map->ranges = (mproci_ranges *)(start + ranges_at);
	map->verdicts = (_Atomic mproci_verdict *)(start + verdicts_at);
	return map;
}

int mproci_map_create(const mproci_map_spec *spec, uint32_t lane_count, bool is_shared, mproci_map **ret_map)
{
	size_t chunks = (spec->count + spec->chunk - 1) / spec->chunk;
	mproci_map *map;
	int rc;

	map = allocate(spec, lane_count);
	if (map == NULL)
		return -ENOMEM;
	map->spec = *spec;
	rc = mproci_ranges_init(map->ranges, lane_count, (uint32_t)chunks, spec->chunk);
	if (rc == 0 && is_shared)
		rc = share(spec, &map->spec);
	if (rc < 0) {
		mproci_map_destroy(map, spec);
		return rc;
	}
	*ret_map = map;
	return 0;
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
		if (mproci_verdict_outcome(map->verdicts[i]).ending == MPROC_ENDING_VALUE)
			memcpy(spec->results + i * size, map->spec.results + i * size, size);
	}
}

void mproci_map_destroy(mproci_map *map, const mproci_map_spec *spec)
{
	if (map->spec.items != spec->items)
		mproc_free((void *)(uintptr_t)map->spec.items);
	if (map->spec.results != spec->results)
		mproc_free(map->spec.results);
	mproc_free(map->block);
}

/* What a task function returned. */
static mproci_verdict judge(mproci_map *map, int rc)
{
	if (rc == 0)
		return verdict_of(MPROC_ENDING_VALUE, 0);
	atomic_store_explicit(&map->has_failures, true, memory_order_relaxed);
	if (rc > 0 || rc < -LARGEST_CODE)
		rc = -ERANGE;
	return verdict_of(MPROC_ENDING_ERROR, -rc);
}

/* How a worker died in the middle of an item. */
static mproci_verdict judge_death(mproci_map *map, mproci_ending ending)
{
	atomic_store_explicit(&map->has_failures, true, memory_order_relaxed);
	if (ending.signal != 0)
		return verdict_of(MPROC_ENDING_SIGNAL, ending.signal);
	return verdict_of(MPROC_ENDING_EXIT, ending.exit_code);
}

static bool is_pending(const mproci_map *map, size_t item)
{
	return atomic_load_explicit(&map->verdicts[item], memory_order_relaxed) == 0;
}

static void work_on_chunk(mproci_map *map, mproci_lane *lane, uint32_t chunk)
{
	const mproci_map_spec *spec = &map->spec;
	size_t item = chunk * spec->chunk;
	size_t end = spec->count - item < spec->chunk ? spec->count : item + spec->chunk;

	for (; item < end; ++item) {
		mproc_task task = {.index = spec->base + item};
		const char *from = spec->item_size != 0 ? spec->items + item * spec->item_size : NULL;
		char *to = spec->result_size != 0 ? spec->results + item * spec->result_size : NULL;

		/* Release: after the verdict of the item before, for mproci_map_recover. */
		atomic_store_explicit(&lane->running, item, memory_order_release);
		/* A chunk that was put back may be done in part. */
		if (!is_pending(map, item))
			continue;
		atomic_store_explicit(&map->verdicts[item], judge(map, spec->function(from, to, &task)),
			memory_order_release);
	}
}

void mproci_map_work(mproci_map *map, uint32_t lane)
{
	uint32_t chunk;

	do {
		while (mproci_ranges_pop(map->ranges, lane, &chunk))
			work_on_chunk(map, &map->ranges->lanes[lane], chunk);
	} while (mproci_ranges_steal(map->ranges, lane));
}

static bool has_pending(const mproci_map *map, uint32_t chunk)
{
	size_t item = chunk * map->spec.chunk;
	size_t end = map->spec.count - item < map->spec.chunk ? map->spec.count : item + map->spec.chunk;

	while (item < end && !is_pending(map, item))
		++item;
	return item < end;
}

void mproci_map_recover(mproci_map *map, uint32_t lane, mproci_ending ending)
{
	uint32_t chunk;

	mproci_ranges_lock(map->ranges);
	if (mproci_ranges_popped(map->ranges, lane, &chunk)) {
		uint64_t item = map->ranges->lanes[lane].running;

		if (is_pending(map, item))
			atomic_store_explicit(
				&map->verdicts[item], judge_death(map, ending), memory_order_release);
		if (has_pending(map, chunk))
			mproci_ranges_put_back(map->ranges, lane);
	}
	mproci_ranges_unlock(map->ranges);
}
