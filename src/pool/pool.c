/* SPDX-License-Identifier: MIT */
/*
 * The public calls: what is asked for is checked here, and handed to the pool's engine.
 */
#include "base/error.h"
#include "base/options.h"
#include "family/member.h"
#include "pool/engine.h"
#include "pool/task.h"

#include <errno.h>
#include <mproc/cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_WORKERS = 1024,
	/* Chunks a worker gets when the library chooses, as long as they are not larger than is of use. */
	CHUNKS_PER_WORKER = 256,
	LARGEST_CHOSEN_CHUNK = 16,
};

static const size_t LARGEST_CHUNK = UINT32_MAX;
/* A map of more items is done in parts, so that what the library keeps of it stays small. */
static const size_t LARGEST_PART = (size_t)1 << 26;

static int check_pool_options(const mproc_pool_options *options)
{
	if (options->workers > MOST_WORKERS)
		return mproci_fail(
			-EINVAL, "workers %u: 1 to %d are possible", options->workers, MOST_WORKERS);
	if (options->backend < MPROC_BACKEND_PROCESSES || options->backend > MPROC_BACKEND_SERIAL)
		return mproci_fail(-EINVAL,
			"backend %d: %d (processes), %d (threads) and %d (serial) are possible",
			(int)options->backend, (int)MPROC_BACKEND_PROCESSES, (int)MPROC_BACKEND_THREADS,
			(int)MPROC_BACKEND_SERIAL);
	if (options->start != MPROC_START_DEFAULT && options->start != MPROC_START_FORK)
		return mproci_fail(-EINVAL, "start method %d: %d (default) and %d (fork) are possible",
			(int)options->start, (int)MPROC_START_DEFAULT, (int)MPROC_START_FORK);
	if (options->name != NULL && (options->name[0] == '\0' || strlen(options->name) > 15))
		return mproci_fail(-EINVAL, "name of %zu bytes: 1 to 15 are possible", strlen(options->name));
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static const mproci_engine *engine_of(mproc_backend backend)
{
	static const mproci_engine *const engines[] = {
		[MPROC_BACKEND_PROCESSES] = &mproci_engine_processes,
		[MPROC_BACKEND_THREADS] = &mproci_engine_threads,
		[MPROC_BACKEND_SERIAL] = &mproci_engine_serial,
	};

	return engines[backend];
}

static unsigned choose_workers(const mproc_pool_options *options)
{
	unsigned count;

	if (options->backend == MPROC_BACKEND_SERIAL)
		return 1;
	count = options->workers != 0 ? options->workers : mproc_cpu_count(MPROC_CPU_USABLE);
	return count < MOST_WORKERS ? count : MOST_WORKERS;
}

int mproc_pool_open(const mproc_pool_options *options, mproc_pool **ret_pool)
{
	static const mproc_pool_options defaults;
	mproc_pool *pool;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_pool == NULL)
		return mproci_fail(-EINVAL, "ret_pool is NULL");
	rc = check_pool_options(options);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	pool = calloc(1, sizeof *pool);
	if (pool == NULL)
		return mproci_fail(-ENOMEM, "no memory for a handle of a pool");
	pool->owner = mproci_member_self();
	pool->engine = engine_of(options->backend);
	pool->worker_count = choose_workers(options);
	snprintf(pool->name, sizeof pool->name, "%s", options->name != NULL ? options->name : "pool");
	rc = mproci_lock_init(&pool->turn, MPROCI_LOCK_OF_PROGRAM);
	if (rc == 0)
		rc = pool->engine->open(pool, options->start);
	if (rc < 0) {
		free(pool);
		return rc;
	}
	*ret_pool = pool;
	return 0;
}

/* Whether this thread is working for @pool. */
static bool is_own_task(mproc_pool *pool)
{
	return (pool->crew != NULL && pool->crew == mproci_crew_of_this_worker())
	       || mproci_lock_is_held(&pool->turn);
}

mproc_pool *mproc_pool_close(mproc_pool *pool)
{
	if (pool == NULL)
		return NULL;
	if (is_own_task(pool)) {
		mproci_fail(-EDEADLK, "pool \"%s\": cannot be closed by one of its own tasks", pool->name);
		return pool;
	}
	if (pool->owner == mproci_member_self())
		pool->engine->close(pool);
	else
		pool->engine->disown(pool);
	free(pool);
	return NULL;
}

int mproc_pool_workers(const mproc_pool *pool)
{
	if (pool == NULL)
		return mproci_fail(-EINVAL, "pool is NULL");
	return (int)pool->worker_count;
}

size_t mproc_task_index(const mproc_task *task)
{
	return task->index;
}

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

static int check_map_options(const mproc_map_options *options, size_t count)
{
	if (options->outcomes != NULL && count > SIZE_MAX / sizeof *options->outcomes)
		return mproci_fail(-EOVERFLOW, "outcomes: %zu of %zu bytes do not fit into a size_t", count,
			sizeof *options->outcomes);
	if (options->chunk > LARGEST_CHUNK)
		return mproci_fail(
			-EINVAL, "chunk %zu: 1 to %zu are possible", options->chunk, LARGEST_CHUNK);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static int check_pool(mproc_pool *pool)
{
	if (pool == NULL)
		return mproci_fail(-EINVAL, "pool is NULL");
	if (is_own_task(pool))
		return mproci_fail(-EDEADLK, "pool \"%s\": called from one of its own tasks", pool->name);
	if (pool->owner != mproci_member_self())
		return mproci_fail(-ECHILD, "pool \"%s\": opened by another process than this one, or closed",
			pool->name);
	return 0;
}

static size_t choose_chunk(const mproc_pool *pool, size_t count)
{
	size_t chunk = count / ((size_t)pool->worker_count * CHUNKS_PER_WORKER);

	if (chunk < 1)
		return 1;
	return chunk < LARGEST_CHOSEN_CHUNK ? chunk : LARGEST_CHOSEN_CHUNK;
}

/* How far a map has come, over all its parts. */
typedef struct tally {
	size_t failed, first_failed;
	mproc_outcome first_outcome;
	mproc_outcome *outcomes;
} tally;

static void count_failures(tally *total, const mproci_map *map, bool is_complete)
{
	const mproci_map_spec *spec = &map->spec;

	if (is_complete && !map->has_failures && total->outcomes == NULL)
		return;
	for (size_t i = 0; i < spec->count; ++i) {
		mproc_outcome outcome = mproci_verdict_outcome(map->verdicts[i]);

		if (total->outcomes != NULL)
			total->outcomes[spec->base + i] = outcome;
		if (outcome.ending == MPROC_ENDING_VALUE || outcome.ending == MPROC_ENDING_NONE)
			continue;
		if (total->failed++ == 0) {
			total->first_failed = spec->base + i;
			total->first_outcome = outcome;
		}
	}
}

static int tell_failures(const tally *total, size_t count)
{
	mproc_outcome first = total->first_outcome;
	char why[96];

	if (total->failed == 0)
		return 0;
	if (first.ending == MPROC_ENDING_SIGNAL)
		snprintf(why, sizeof why, "its worker was killed by signal %d (%s)", first.code,
			strsignal(first.code));
	else if (first.ending == MPROC_ENDING_EXIT)
		snprintf(why, sizeof why, "it ended its worker with exit code %d", first.code);
	else
		snprintf(why, sizeof why, "it returned %d (%s)", first.code, strerror(-first.code));
	return mproci_fail(MPROC_ITEMS_FAILED, "%zu of %zu items failed; the first, item %zu: %s",
		total->failed, count, total->first_failed, why);
}

/* Do one part of a map. */
static int run_part(mproc_pool *pool, const mproci_map_spec *spec, tally *total)
{
	mproci_map *map;
	int rc;

	rc = mproci_map_create(spec, pool->worker_count, pool->engine->is_isolated, &map);
	if (rc < 0)
		return rc;
	rc = pool->engine->run(pool, map);
	mproci_map_collect(map, spec, rc == 0);
	count_failures(total, map, rc == 0);
	mproci_map_destroy(map, spec);
	return rc;
}

static int run(mproc_pool *pool, const mproci_map_spec *whole, tally *total)
{
	size_t largest =
		LARGEST_PART > whole->chunk ? LARGEST_PART / whole->chunk * whole->chunk : whole->chunk;
	mproci_map_spec part = *whole;
	int rc = 0;

	for (size_t done = 0; done < whole->count && rc == 0; done += part.count) {
		part.base = done;
		part.count = whole->count - done < largest ? whole->count - done : largest;
		part.items = whole->items != NULL ? whole->items + done * whole->item_size : NULL;
		part.results = whole->results != NULL ? whole->results + done * whole->result_size : NULL;
		rc = run_part(pool, &part, total);
	}
	return rc == 0 ? tell_failures(total, whole->count) : rc;
}

int mproc_pool_map(mproc_pool *pool, mproc_task_function *function, const void *items, size_t item_size,
	size_t count, void *results, size_t result_size, const mproc_map_options *options)
{
	static const mproc_map_options defaults;
	mproci_map_spec spec = {
		.function = function, .count = count, .item_size = item_size, .result_size = result_size};
	tally total = {0};
	int rc;

	if (options == NULL)
		options = &defaults;
	rc = check_pool(pool);
	if (rc == 0 && function == NULL)
		rc = mproci_fail(-EINVAL, "function is NULL");
	if (rc == 0)
		rc = check_array("items", items, item_size, count);
	if (rc == 0)
		rc = check_array("results", results, result_size, count);
	if (rc == 0)
		rc = check_map_options(options, count);
	if (rc < 0 || count == 0)
		return rc;
	spec.items = items;
	spec.results = results;
	spec.chunk = options->chunk != 0 ? options->chunk : choose_chunk(pool, count);
	total.outcomes = options->outcomes;
	if (total.outcomes != NULL)
		memset(total.outcomes, 0, count * sizeof *total.outcomes);
	mproci_lock_take(&pool->turn, MPROC_FOREVER);
	rc = run(pool, &spec, &total);
	mproci_lock_release(&pool->turn);
	return rc;
}
