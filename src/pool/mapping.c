/* SPDX-License-Identifier: MIT */
#include "pool/mapping.h"

#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "family/member.h"
#include "pool/cached.h"
#include "pool/nursery.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	/* Chunks a worker gets when the library chooses, as long as they are not larger than is of use. */
	CHUNKS_PER_WORKER = 256,
	LARGEST_CHOSEN_CHUNK = 16,
};

static const size_t LARGEST_CHUNK = UINT32_MAX;
/* So that the bytes of what is kept for each fit into a size_t. */
static const size_t MOST_ITEMS = SIZE_MAX >> 8;
/* A map of more items that is waited for is done in parts, so that what the library keeps of it stays small. */
static const size_t LARGEST_PART = (size_t)1 << 24;

/* ---- what is asked for ---- */

static int check_array(const char *what, const void *array, size_t size, size_t count)
{
	size_t bytes;

	if ((array == NULL) != (size == 0))
		return mproci_fail(-EINVAL, "%s %s, their size is %zu", what,
			array == NULL ? "are NULL" : "are given", size);
	if (__builtin_mul_overflow(size, count, &bytes))
		return mproci_fail(
			-EOVERFLOW, "%s: %zu of %zu bytes do not fit into a size_t", what, count, size);
	return 0;
}

static int check_options(const mproc_map_options *options, size_t count)
{
	int rc;

	if (options->outcomes != NULL && count > SIZE_MAX / sizeof *options->outcomes)
		return mproci_fail(-EOVERFLOW, "outcomes: %zu of %zu bytes do not fit into a size_t", count,
			sizeof *options->outcomes);
	if (options->chunk > LARGEST_CHUNK)
		return mproci_fail(
			-EINVAL, "chunk %zu: 1 to %zu are possible", options->chunk, LARGEST_CHUNK);
	if (options->on_failure > MPROC_ON_FAILURE_STOP)
		return mproci_fail(-EINVAL, "on_failure %d: %d (go on) and %d (stop) are possible",
			(int)options->on_failure, (int)MPROC_ON_FAILURE_GO_ON, (int)MPROC_ON_FAILURE_STOP);
	rc = mproci_cached_check(options);
	if (rc < 0)
		return rc;
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static size_t choose_chunk(const mproc_pool *pool, size_t wanted, size_t count)
{
	uint32_t workers = atomic_load(&pool->crew->target);
	size_t most = pool->crew->rules.max_tasks, chunk = wanted;

	if (chunk == 0) {
		chunk = count / ((size_t)workers * CHUNKS_PER_WORKER);
		chunk = chunk < LARGEST_CHOSEN_CHUNK ? chunk : LARGEST_CHOSEN_CHUNK;
	}
	/* A worker ends between chunks. */
	if (most != 0 && chunk > most)
		chunk = most;
	return chunk < 1 ? 1 : chunk;
}

static int fill(mproci_mapping *mapping, mproc_task_function *function, const mproc_map_options *options)
{
	const mproci_wishes wishes = {
		.deadline = options->deadline,
		.soft_timeout = options->soft_timeout,
		.timeout = options->timeout,
		.retries = options->retries,
		.context = options->context,
		.context_size = options->context_size,
		.seed = options->seed,
	};
	mproc_pool *pool = mapping->pool;
	int place, rc;

	rc = mproci_terms_check(&wishes, pool->engine->is_isolated, &mapping->spec.terms);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&pool->lock);
	place = mproci_pool_function(pool, (mproci_any_function *)function);
	pthread_mutex_unlock(&pool->lock);
	if (place < 0)
		return place;
	mapping->spec.function = (mproci_function)place;
	mapping->spec.chunk = choose_chunk(pool, options->chunk, mapping->spec.count);
	mapping->spec.stops_on_failure = options->on_failure == MPROC_ON_FAILURE_STOP;
	mapping->spec.is_shuffled = options->shuffle;
	mapping->spec.has_returned = options->returned != NULL;
	mapping->spec.puts_off = options->cache != NULL;
	mapping->spec.cache = options->cache;
	mapping->spec.cache_function = options->cache_function;
	mapping->spec.cache_version = options->cache_version;
	mapping->outcomes = options->outcomes;
	mapping->returned = options->returned;
	return 0;
}

int mproci_mapping_init(mproci_mapping *mapping, mproc_pool *pool, mproc_task_function *function,
	const void *items, size_t item_size, size_t count, void *results, size_t result_size,
	const mproc_map_options *options)
{
	static const mproc_map_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	*mapping = (mproci_mapping){.pool = pool, .total = count};
	mapping->spec = (mproci_map_spec){
		.items = items,
		.results = results,
		.item_size = item_size,
		.result_size = result_size,
		.count = count,
	};
	rc = mproci_pool_check_caller(pool);
	if (rc == 0 && function == NULL)
		rc = mproci_fail(-EINVAL, "function is NULL");
	if (rc == 0)
		rc = check_array("items", items, item_size, count);
	if (rc == 0)
		rc = check_array("results", results, result_size, count);
	if (rc == 0 && count > MOST_ITEMS)
		rc = mproci_fail(-EOVERFLOW, "%zu items: at most %zu are possible", count, MOST_ITEMS);
	if (rc == 0)
		rc = check_options(options, count);
	if (rc == 0)
		rc = fill(mapping, function, options);
	if (rc < 0)
		return rc;
	if (mapping->outcomes != NULL)
		memset(mapping->outcomes, 0, count * sizeof *mapping->outcomes);
	if (mapping->returned != NULL)
		memset(mapping->returned, 0, count * sizeof *mapping->returned);
	mproci_teller_begin(&mapping->teller, options->progress && count != 0, options->on_progress,
		options->on_progress_argument, count);
	return 0;
}

/* ---- one part ---- */

/* Lanes for more workers than there are to be now: their number may grow. */
static uint32_t lanes_for(const mproci_crew *crew, uint32_t target)
{
	uint32_t lanes = target < 8 ? 16 : 2 * target;

	return lanes < crew->capacity ? lanes : crew->capacity;
}

static bool is_timed(const mproci_terms *terms)
{
	return (terms->timeout | terms->deadline) != 0;
}

typedef struct posting {
	mproci_map *map;
	bool is_posted;
	uint64_t number;
	/* Why it never will be. */
	int rc;
} posting;

static bool try_to_post(mproc_pool *pool, void *what)
{
	posting *try = what;

	pthread_mutex_lock(&pool->lock);
	try->rc = mproci_pool_refuses(pool);
	if (try->rc == 0 && !try->is_posted)
		try->is_posted = mproci_crew_post(pool->crew, try->map);
	if (try->rc == 0 && !try->is_posted) {
		mproci_crew_take_down_done(pool->crew);
		try->is_posted = mproci_crew_post(pool->crew, try->map);
	}
	if (try->is_posted && try->number == 0)
		try->number = ++pool->posted;
	pthread_mutex_unlock(&pool->lock);
	return try->is_posted || try->rc < 0;
}

/* Let the workers at a map that was created. */
static int post_map(mproci_mapping *mapping, mproci_map *map, uint64_t begun)
{
	const mproci_terms *terms = &mapping->spec.terms;
	mproc_pool *pool = mapping->pool;
	posting try = {.map = map};
	int rc;

	rc = mproci_pool_await(pool, try_to_post, &try, terms->deadline, begun);
	if (rc == 0 && !try.is_posted)
		rc = try.rc < 0 ? try.rc : mproci_pool_check(pool);
	if (rc == -EINTR || rc == -ETIMEDOUT)
		mproci_fail(rc, "%s while %d maps had not ended",
			rc == -EINTR ? "interrupted" : "the deadline passed", MPROCI_POSTINGS);
	if (rc < 0)
		return rc;
	mapping->number = try.number;
	mapping->map = map;
	if (is_timed(terms))
		pool->engine->tell(pool);
	pool->engine->serve(pool);
	return 0;
}

/* Let the workers at @spec, which is mapping->spec or a part of it. */
static int post(mproci_mapping *mapping, const mproci_map_spec *spec, uint64_t begun)
{
	mproc_pool *pool = mapping->pool;
	uint32_t target = atomic_load(&pool->crew->target);
	uint32_t lanes = lanes_for(pool->crew, target);
	mproci_map *map;
	int rc;

	rc = mproci_pool_check(pool);
	if (rc < 0)
		return rc;
	rc = mproci_map_create(
		spec, lanes, target < lanes ? target : lanes, pool->engine->is_isolated, &pool->spare, &map);
	if (rc < 0)
		return rc;
	rc = post_map(mapping, map, begun);
	if (rc < 0)
		mproci_map_destroy(map, spec, &pool->spare);
	return rc;
}

static bool is_done(mproc_pool *pool, void *what)
{
	return mproci_crew_is_done(pool->crew, what);
}

static bool has_left(mproc_pool *pool, void *what)
{
	return mproci_crew_has_left(pool->crew, what);
}

/* The blocks become the caller's.  Nobody who died on the way may claim one any more: so the dead are buried first. */
static void take_returned(mproci_mapping *mapping, mproci_map *map)
{
	const mproci_map_spec *spec = &map->spec;

	if (mapping->returned == NULL)
		return;
	if (atomic_load(&map->failed) != 0)
		mproci_member_sweep();
	for (size_t i = 0; i < spec->count; ++i) {
		mproc_bytes *to = &mapping->returned[spec->base + i];

		if (mproci_verdict_ending(map->verdicts[i]) != MPROC_ENDING_VALUE)
			continue;
		to->data = atomic_exchange(&map->returned[i].block, NULL);
		to->size = to->data != NULL ? map->returned[i].size : 0;
	}
}

/* How items end that nobody has begun. */
static mproc_outcome outcome_of(const mproci_map *map, size_t item)
{
	mproc_outcome outcome = mproci_verdict_outcome(map->verdicts[item]);

	if (outcome.ending == MPROC_ENDING_NONE)
		outcome.ending = MPROC_ENDING_CANCELLED;
	return outcome;
}

static void count_outcomes(mproci_mapping *mapping, const mproci_map *map, bool is_complete)
{
	const mproci_map_spec *spec = &map->spec;

	mapping->done += spec->count;
	if (is_complete && atomic_load(&((mproci_map *)(uintptr_t)map)->failed) == 0
		&& mapping->outcomes == NULL)
		return;
	for (size_t i = 0; i < spec->count; ++i) {
		mproc_outcome outcome = outcome_of(map, i);

		if (mapping->outcomes != NULL)
			mapping->outcomes[spec->base + i] = outcome;
		if (outcome.ending == MPROC_ENDING_VALUE)
			continue;
		if (mapping->failed++ == 0
			|| (mapping->first_outcome.ending == MPROC_ENDING_CANCELLED
				&& outcome.ending != MPROC_ENDING_CANCELLED)) {
			mapping->first_failed = spec->base + i;
			mapping->first_outcome = outcome;
		}
	}
}

/* Afterwards nobody is inside. */
static void take_down(mproc_pool *pool, mproci_map *map)
{
	pthread_mutex_lock(&pool->lock);
	mproci_crew_take_down(pool->crew, map);
	pthread_mutex_unlock(&pool->lock);
	/* Who waits to post one has room now. */
	mproci_event_count_notify(&pool->crew->news);
	mproci_pool_await_quietly(pool, has_left, map);
}

/* A part is done: take it down, and give its results to the caller. */
static void finish(mproci_mapping *mapping, const mproci_map_spec *spec)
{
	mproc_pool *pool = mapping->pool;
	mproci_map *map = mapping->map;
	bool is_complete = !atomic_load(&map->is_stopping) && !pool->has_failed;

	take_down(pool, map);
	mproci_map_collect(map, spec, is_complete);
	take_returned(mapping, map);
	count_outcomes(mapping, map, is_complete);
	/* Another thread may be about to cancel it, or look how far it is. */
	pthread_mutex_lock(&pool->lock);
	mapping->map = NULL;
	pthread_mutex_unlock(&pool->lock);
	mproci_map_destroy(map, spec, &pool->spare);
}

/* ---- the whole ---- */

static void cut_short(mproci_map *map, mproc_deadline kill_at, int rc)
{
	atomic_store(&map->kill_ending, rc == -ETIMEDOUT ? MPROC_ENDING_TIMEOUT : MPROC_ENDING_CANCELLED);
	mproci_map_stop(map, rc == -ETIMEDOUT ? MPROCI_STOP_DEADLINE : MPROCI_STOP_CANCELLED);
	if (kill_at != MPROC_FOREVER)
		atomic_store(&map->kill_at, kill_at);
}

void mproci_mapping_cancel(mproci_mapping *mapping, mproc_deadline kill_at, int rc)
{
	mproc_pool *pool = mapping->pool;
	bool is_there;

	pthread_mutex_lock(&pool->lock);
	is_there = mapping->map != NULL;
	if (is_there && mapping->rc == 0)
		mapping->rc = rc;
	if (is_there)
		cut_short(mapping->map, kill_at, rc);
	pthread_mutex_unlock(&pool->lock);
	if (is_there && kill_at != MPROC_FOREVER)
		pool->engine->tell(pool);
}

/* After the posted map has ended: why, if not since all was done. */
static void note_end(mproci_mapping *mapping)
{
	uint32_t reason = atomic_load(&mapping->map->stop_reason);
	int rc = mproci_pool_check(mapping->pool);

	if (rc < 0)
		mapping->rc = rc;
	else if (mapping->rc == 0 && reason == MPROCI_STOP_DEADLINE)
		mapping->rc = -ETIMEDOUT;
	else if (mapping->rc == 0 && reason == MPROCI_STOP_CANCELLED)
		mapping->rc = -ECANCELED;
}

/* The next time at which who waits has something else to do. */
static mproc_deadline next_look(const mproci_mapping *mapping, bool is_cancelled)
{
	mproc_deadline due = mproci_teller_due(&mapping->teller);

	return is_cancelled ? due : mproci_deadline_earlier(due, mapping->spec.terms.deadline);
}

/* Wait for the posted map. */
static void await_end(mproci_mapping *mapping, uint64_t begun)
{
	mproc_pool *pool = mapping->pool;
	bool is_cancelled = false;

	for (;;) {
		mproc_deadline until = next_look(mapping, is_cancelled);
		int rc = mproci_pool_await(pool, is_done, mapping->map, until, begun);

		mproci_mapping_tell(mapping);
		if (rc == 0)
			return;
		if (rc == -EINTR) {
			mproci_mapping_cancel(mapping, MPROC_NOW, -EINTR);
			begun = mproci_interrupt_begin();
			is_cancelled = true;
		} else if (!is_cancelled
			   && mproci_deadline_passed(mapping->spec.terms.deadline, mproci_clock_now())) {
			/* Workers that can be killed are: the nursery knows the deadline. */
			mproci_mapping_cancel(mapping, MPROC_FOREVER, -ETIMEDOUT);
			is_cancelled = true;
		}
	}
}

/* What was put off because other programs were at it. */
static void await_second_round(mproci_mapping *mapping, uint64_t begun)
{
	mproc_pool *pool = mapping->pool;
	mproci_map *map = mapping->map;
	uint32_t target = atomic_load(&pool->crew->target), lanes = map->ranges->lane_count;

	take_down(pool, map);
	mapping->rc = mproci_map_go_on(map, target < lanes ? target : lanes);
	if (mapping->rc == 0)
		mapping->rc = post_map(mapping, map, begun);
	if (mapping->rc == 0)
		await_end(mapping, begun);
	else
		mproci_map_stop(map, MPROCI_STOP_CANCELLED);
}

/* Of a part that is posted. */
static void await_part(mproci_mapping *mapping, const mproci_map_spec *spec, uint64_t begun)
{
	mproci_map *map = mapping->map;

	await_end(mapping, begun);
	if (atomic_load(&map->put_off) != 0 && mapping->rc == 0 && !atomic_load(&map->is_stopping))
		await_second_round(mapping, begun);
	note_end(mapping);
	finish(mapping, spec);
}

/* Items that were not begun since the call ended before. */
static void give_up(mproci_mapping *mapping, size_t from)
{
	for (size_t i = from; i < mapping->total && mapping->outcomes != NULL; ++i)
		mapping->outcomes[i].ending = MPROC_ENDING_CANCELLED;
	mapping->failed += mapping->total - from;
}

int mproci_mapping_run(mproci_mapping *mapping)
{
	const mproci_map_spec *whole = &mapping->spec;
	size_t largest =
		LARGEST_PART > whole->chunk ? LARGEST_PART / whole->chunk * whole->chunk : whole->chunk;
	uint64_t begun = mproci_interrupt_begin();
	mproci_map_spec part = *whole;
	size_t done = 0;

	while (done < whole->count && mapping->rc == 0
		&& !(whole->stops_on_failure && mapping->failed != 0)) {
		part.base = done;
		part.count = whole->count - done < largest ? whole->count - done : largest;
		part.items = whole->items != NULL ? whole->items + done * whole->item_size : NULL;
		part.results = whole->results != NULL ? whole->results + done * whole->result_size : NULL;
		mapping->rc = post(mapping, &part, begun);
		if (mapping->rc < 0)
			break;
		await_part(mapping, &part, begun);
		done += part.count;
	}
	if (done < whole->count)
		give_up(mapping, done);
	mproci_teller_end(&mapping->teller, mapping->done, mapping->failed);
	return mproci_mapping_result(mapping);
}

int mproci_mapping_start(mproci_mapping *mapping)
{
	size_t least = mapping->spec.count / LARGEST_CHUNK + 1;

	/* Nor is there anybody for a second round. */
	mapping->spec.puts_off = false;
	/* Chunks are counted in 32 bits, and there is nobody to post a second part. */
	if (mapping->spec.chunk < least)
		mapping->spec.chunk = least;
	return post(mapping, &mapping->spec, mproci_interrupt_begin());
}

/* After a drain also where a late worker has come in, who will find nothing: what was told stays true. */
bool mproci_mapping_is_done(const mproci_mapping *mapping)
{
	const mproc_pool *pool = mapping->pool;

	return pool->has_failed || mapping->number <= atomic_load(&pool->drained)
	       || mproci_crew_is_done(pool->crew, mapping->map);
}

bool mproci_mapping_has_ended(mproci_mapping *mapping)
{
	mproc_pool *pool = mapping->pool;

	if (mapping->map == NULL)
		return true;
	if (atomic_exchange(&mapping->is_finishing, true))
		return false;
	if (mapping->map != NULL && mproci_mapping_is_done(mapping)) {
		note_end(mapping);
		finish(mapping, &mapping->spec);
		mproci_teller_end(&mapping->teller, mapping->done, mapping->failed);
	}
	atomic_store(&mapping->is_finishing, false);
	if (mapping->map != NULL)
		return false;
	/* For those who were turned away. */
	mproci_event_count_notify(&pool->crew->news);
	return true;
}

mproc_outcome mproci_mapping_outcome(const mproci_mapping *mapping)
{
	if (mapping->map != NULL)
		return (mproc_outcome){0};
	if (mapping->rc == -ETIMEDOUT)
		return (mproc_outcome){.ending = MPROC_ENDING_TIMEOUT};
	if (mapping->rc < 0)
		return (mproc_outcome){.ending = MPROC_ENDING_CANCELLED};
	if (mapping->failed != 0)
		return mapping->first_outcome;
	return (mproc_outcome){.ending = MPROC_ENDING_VALUE};
}

int mproci_mapping_result(const mproci_mapping *mapping)
{
	char why[200];
	int rc;

	switch (mapping->rc) {
	case 0:
		break;
	case -ETIMEDOUT:
		return mproci_fail(-ETIMEDOUT, "the deadline has passed: %zu of %zu items ended in time",
			mapping->total - mapping->failed, mapping->total);
	case -EINTR:
		return mproci_fail(-EINTR, "interrupted: %zu of %zu items had ended with a value",
			mapping->total - mapping->failed, mapping->total);
	default:
		/* With the pool's text, if it is the pool that has failed. */
		rc = mproci_pool_check(mapping->pool);
		if (rc < 0 || mapping->rc != -ECANCELED)
			return rc < 0 ? rc : mapping->rc;
		if (mapping->done == 0)
			return mproci_fail(-ECANCELED, "pool \"%s\": is being closed", mapping->pool->name);
		return mproci_fail(MPROC_ITEMS_FAILED,
			"the map was cancelled: %zu of %zu items had ended with a value",
			mapping->total - mapping->failed, mapping->total);
	}
	if (mapping->failed == 0)
		return 0;
	mproci_outcome_tell(mapping->first_outcome, mapping->pool->name, why, sizeof why);
	return mproci_fail(MPROC_ITEMS_FAILED, "%zu of %zu items failed; the first, item %zu: %s",
		mapping->failed, mapping->total, mapping->first_failed, why);
}

void mproci_mapping_tell(mproci_mapping *mapping)
{
	size_t done = mapping->done, failed = mapping->failed;

	/* One thread at a time, if several wait. */
	if (!mproci_teller_is_on(&mapping->teller) || atomic_exchange(&mapping->is_telling, true))
		return;
	pthread_mutex_lock(&mapping->pool->lock);
	if (mapping->map != NULL) {
		done += mproci_map_taken(mapping->map);
		failed += atomic_load(&mapping->map->failed);
	}
	pthread_mutex_unlock(&mapping->pool->lock);
	mproci_teller_tell(&mapping->teller, done, failed);
	atomic_store(&mapping->is_telling, false);
}

/* ---- the calls ---- */

int mproc_pool_map(mproc_pool *pool, mproc_task_function *function, const void *items, size_t item_size,
	size_t count, void *results, size_t result_size, const mproc_map_options *options)
{
	mproci_mapping mapping;
	int rc;

	rc = mproci_mapping_init(
		&mapping, pool, function, items, item_size, count, results, result_size, options);
	if (rc < 0 || count == 0)
		return rc;
	return mproci_mapping_run(&mapping);
}
