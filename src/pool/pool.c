/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing, and what concerns a pool as a whole.
 */
#include "pool/pool.h"

#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "family/bell.h"
#include "family/member.h"
#include "pool/future.h"
#include "pool/worker.h"
#include "sys/clock.h"
#include "sys/memory_use.h"
#include "trace/timeline.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_WORKERS = MPROCI_VERDICT_WORKERS,
};

/* ---- options ---- */

static int check_workers(unsigned workers)
{
	if (workers > MOST_WORKERS)
		return mproci_fail(-EINVAL, "workers %u: 1 to %d are possible", workers, MOST_WORKERS);
	return 0;
}

static int check_start(const mproc_pool_options *options)
{
	if (options->start < MPROC_START_DEFAULT || options->start > MPROC_START_SPAWN)
		return mproci_fail(-EINVAL,
			"start method %d: %d (default), %d (fork), %d (server) and %d (spawn) are possible",
			(int)options->start, (int)MPROC_START_DEFAULT, (int)MPROC_START_FORK,
			(int)MPROC_START_SERVER, (int)MPROC_START_SPAWN);
	return 0;
}

/* What only processes can keep to. */
static int refuse_limit(const char *option)
{
	return mproci_fail(-ENOTSUP, "%s: only workers that are processes have that", option);
}

static int check_limits(const mproc_pool_options *options)
{
	if (options->backend == MPROC_BACKEND_PROCESSES)
		return 0;
	if (options->max_tasks_per_worker != 0)
		return refuse_limit("max_tasks_per_worker");
	if (options->max_memory_per_worker != 0)
		return refuse_limit("max_memory_per_worker");
	if (options->memory_limit != 0)
		return refuse_limit("memory_limit");
	if (options->process_limit != 0)
		return refuse_limit("process_limit");
	return options->bind ? refuse_limit("bind") : 0;
}

static int check_options(const mproc_pool_options *options)
{
	int rc;

	rc = check_workers(options->workers);
	if (rc < 0)
		return rc;
	if (options->backend < MPROC_BACKEND_PROCESSES || options->backend > MPROC_BACKEND_SERIAL)
		return mproci_fail(-EINVAL,
			"backend %d: %d (processes), %d (threads) and %d (serial) are possible",
			(int)options->backend, (int)MPROC_BACKEND_PROCESSES, (int)MPROC_BACKEND_THREADS,
			(int)MPROC_BACKEND_SERIAL);
	rc = check_start(options);
	if (rc < 0)
		return rc;
	if (options->name != NULL && (options->name[0] == '\0' || strlen(options->name) > 15))
		return mproci_fail(-EINVAL, "name of %zu bytes: 1 to 15 are possible", strlen(options->name));
	if (options->argument == NULL && options->argument_size != 0)
		return mproci_fail(-EINVAL, "argument is NULL, its size %zu", options->argument_size);
	if (!(options->close_timeout >= 0))
		return mproci_fail(
			-EINVAL, "close_timeout %g: 0 and more seconds are possible", options->close_timeout);
	rc = check_limits(options);
	if (rc < 0)
		return rc;
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

static unsigned choose_workers(mproc_backend backend, unsigned workers)
{
	unsigned count;

	if (backend == MPROC_BACKEND_SERIAL)
		return 1;
	count = workers != 0 ? workers : mproc_cpu_count(MPROC_CPU_USABLE);
	return count < MOST_WORKERS ? count : MOST_WORKERS;
}

/* ---- opening ---- */

int mproci_pool_function(mproc_pool *pool, mproci_any_function *function)
{
	return mproci_functions_add(&pool->crew->functions, function);
}

static int add_function(mproc_pool *pool, mproc_worker_function *function, mproci_function *ret_place)
{
	int place;

	*ret_place = MPROCI_NO_FUNCTION;
	if (function == NULL)
		return 0;
	place = mproci_pool_function(pool, (mproci_any_function *)function);
	if (place < 0)
		return place;
	*ret_place = (mproci_function)place;
	return 0;
}

/* What initializer and finalizer get: to be freed with the crew. */
static int share_argument(mproci_rules *rules, const mproc_pool_options *options)
{
	rules->argument = (void *)(uintptr_t)options->argument;
	if (options->argument_size == 0)
		return 0;
	rules->argument = mproc_alloc(options->argument_size);
	if (rules->argument == NULL)
		return -ENOMEM;
	memcpy(rules->argument, options->argument, options->argument_size);
	rules->owns_argument = true;
	return 0;
}

static int create_crew(mproc_pool *pool, const mproc_pool_options *options)
{
	mproci_rules rules = {
		.max_tasks = options->max_tasks_per_worker,
		.max_memory = options->max_memory_per_worker,
		.memory_limit = options->memory_limit,
		.process_limit = options->process_limit,
		.is_bound = options->bind,
	};
	uint32_t workers = choose_workers(options->backend, options->workers);
	int rc;

	rules.threads = mproc_cpu_count(MPROC_CPU_USABLE) / workers;
	memcpy(rules.name, pool->name, sizeof rules.name);
	rc = share_argument(&rules, options);
	if (rc < 0)
		return rc;
	pool->crew = mproci_crew_create(pool->engine->is_serial ? 1 : MOST_WORKERS, workers, &rules);
	if (pool->crew == NULL) {
		if (rules.owns_argument)
			mproc_free(rules.argument);
		return mproci_fail(-ENOMEM, "no memory for %u workers", workers);
	}
	rc = add_function(pool, options->initializer, &pool->crew->rules.initializer);
	return rc < 0 ? rc : add_function(pool, options->finalizer, &pool->crew->rules.finalizer);
}

static void destroy(mproc_pool *pool)
{
	mproci_spare_drop(&pool->spare);
	/* What forgotten tasks have; without a crew there are none. */
	pool->sweep_at = 0;
	mproci_submit_sweep(pool);
	mproci_crew_destroy(pool->crew);
	pthread_mutex_destroy(&pool->lock);
	free(pool->free_slots);
	free(pool->detached);
	free(pool);
}

/* A fork copies what either side writes to. */
static void warn_of_memory(mproc_pool *pool)
{
	uint32_t workers = atomic_load(&pool->crew->target);
	size_t own, available;

	if (!pool->engine->is_isolated || mproci_memory_private(&own) < 0
		|| mproci_memory_available("", &available) < 0 || own <= available / workers)
		return;
	mproci_fail(0,
		"%u workers with this process's %zu MiB of memory each may come to need more than the %zu "
		"MiB that there are",
		workers, own >> 20, available >> 20);
}

static bool are_ready(mproc_pool *pool, void *unused)
{
	mproci_crew *crew = pool->crew;
	uint32_t target = atomic_load(&crew->target);

	(void)unused;
	if (atomic_load(&crew->state) == MPROCI_CREW_OPENING)
		return false;
	for (uint32_t i = 0; i < target; ++i) {
		if (atomic_load(&crew->seats[i].phase) < MPROCI_PHASE_WORKING)
			return false;
	}
	return true;
}

static bool is_ready_or_not(mproc_pool *pool, void *unused)
{
	return pool->has_failed || are_ready(pool, unused);
}

static void await_ready(mproc_pool *pool)
{
	mproci_pool_await_quietly(pool, is_ready_or_not, NULL);
}

/* With its crew: start the workers. */
static int start(mproc_pool *pool, mproc_start method)
{
	int rc;

	rc = pool->engine->open(pool, method);
	if (rc < 0)
		return rc;
	await_ready(pool);
	rc = mproci_pool_check(pool);
	if (rc < 0)
		pool->engine->close(pool);
	return rc;
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
	rc = check_options(options);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	pool = calloc(1, sizeof *pool);
	if (pool == NULL)
		return mproci_fail(-ENOMEM, "no memory for a handle of a pool");
	pthread_mutex_init(&pool->lock, NULL);
	pool->references = 1;
	pool->owner = mproci_member_self();
	pool->engine = engine_of(options->backend);
	pool->close_timeout = options->close_timeout;
	snprintf(pool->name, sizeof pool->name, "%s", options->name != NULL ? options->name : "pool");
	mproci_timeline_open();
	rc = create_crew(pool, options);
	if (rc == 0)
		rc = start(pool, options->start);
	if (rc < 0) {
		destroy(pool);
		return rc;
	}
	warn_of_memory(pool);
	*ret_pool = pool;
	return 0;
}

/* ---- using ---- */

static int check_owner(const mproc_pool *pool)
{
	if (pool == NULL)
		return mproci_fail(-EINVAL, "pool is NULL");
	if (pool->owner != mproci_member_self())
		return mproci_fail(-ECHILD, "pool \"%s\": opened by another process than this one, or closed",
			pool->name);
	return 0;
}

int mproci_pool_check_caller(mproc_pool *pool)
{
	if (pool != NULL && mproci_worker_is_of(pool->crew))
		return mproci_fail(-EDEADLK, "pool \"%s\": called from one of its own tasks", pool->name);
	return check_owner(pool);
}

int mproci_pool_refuses(mproc_pool *pool)
{
	if (pool->has_failed)
		return mproci_crew_failure(pool->crew);
	if (pool->is_ending)
		return mproci_fail(-ECANCELED, "pool \"%s\": is being closed", pool->name);
	return 0;
}

int mproci_pool_check(mproc_pool *pool)
{
	int rc;

	if (pool->private == NULL)
		return pool->has_failed ? mproci_crew_failure(pool->crew) : 0;
	pthread_mutex_lock(&pool->lock);
	rc = pool->engine->check(pool);
	if (rc < 0 && !pool->has_failed) {
		mproci_submit_end_all(pool);
		pool->has_failed = true;
		mproci_event_count_notify(&pool->crew->news);
	}
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

void mproci_pool_hold(mproc_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	++pool->references;
	pthread_mutex_unlock(&pool->lock);
}

/* In a forked child, which has one thread; another one of its parent may have held the lock. */
static void release_copy(mproc_pool *pool)
{
	if (--pool->references != 0)
		return;
	free(pool->free_slots);
	free(pool->detached);
	free(pool);
}

void mproci_pool_release(mproc_pool *pool)
{
	bool is_last;

	if (pool->owner != mproci_member_self()) {
		release_copy(pool);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	is_last = --pool->references == 0;
	pthread_mutex_unlock(&pool->lock);
	if (is_last)
		destroy(pool);
}

int mproc_pool_workers(const mproc_pool *pool)
{
	if (pool == NULL)
		return mproci_fail(-EINVAL, "pool is NULL");
	return (int)atomic_load(&pool->crew->target);
}

/* Locked. */
static int resize(mproc_pool *pool, uint32_t workers)
{
	uint32_t before = atomic_load(&pool->crew->target);
	int rc;

	mproci_crew_set_target(pool->crew, workers);
	rc = pool->engine->resize(pool);
	if (rc < 0)
		mproci_crew_set_target(pool->crew, before);
	return rc;
}

int mproc_pool_resize(mproc_pool *pool, unsigned workers)
{
	int rc;

	rc = mproci_pool_check_caller(pool);
	if (rc == 0)
		rc = check_workers(workers);
	if (rc == 0 && pool->engine->is_serial)
		rc = mproci_fail(-ENOTSUP, "pool \"%s\": is serial, and has 1 worker", pool->name);
	if (rc == 0)
		rc = mproci_pool_check(pool);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&pool->lock);
	rc = mproci_pool_refuses(pool);
	if (rc == 0)
		rc = resize(pool, choose_workers(MPROC_BACKEND_PROCESSES, workers));
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

int mproc_pool_stats(mproc_pool *pool, mproc_pool_usage *ret_usage)
{
	mproc_pool_usage usage = {0};
	mproci_crew *crew;
	uint32_t used;
	int rc;

	if (ret_usage == NULL)
		return mproci_fail(-EINVAL, "ret_usage is NULL");
	rc = check_owner(pool);
	if (rc < 0)
		return rc;
	crew = pool->crew;
	used = atomic_load(&crew->used);
	usage.target = atomic_load(&crew->target);
	for (uint32_t i = 0; i < used; ++i) {
		mproci_seat *seat = &crew->seats[i];

		usage.workers += atomic_load(&seat->phase) == MPROCI_PHASE_WORKING;
		usage.working += atomic_load(&seat->inside) != 0 || atomic_load(&seat->task) != 0;
		usage.done += atomic_load(&seat->done);
		usage.failed += atomic_load(&seat->failed);
	}
	usage.queued = mproci_line_length(&crew->slots);
	usage.started = atomic_load(&crew->started);
	usage.died = atomic_load(&crew->died);
	usage.killed = atomic_load(&crew->killed);
	usage.recycled = atomic_load(&crew->recycled);
	*ret_usage = usage;
	return 0;
}

/* ---- event loops ---- */

enum {
	WATCH_BELL,
	WATCH_ENGINE,
};

static void close_bell(mproc_pool *pool)
{
	if (!pool->has_bell)
		return;
	mproci_watcher_remove(pool->watcher);
	mproci_watch_close(&pool->watch);
	mproci_bell_close(&pool->bell);
	pool->has_bell = false;
}

static int watch_all(mproc_pool *pool)
{
	int engine = pool->engine->descriptor(pool);
	int rc;

	rc = mproci_watch_add(&pool->watch, mproci_bell_descriptor(&pool->bell), WATCH_BELL);
	if (rc == 0 && engine >= 0)
		rc = mproci_watch_add(&pool->watch, engine, WATCH_ENGINE);
	return rc < 0 ? mproci_fail(rc, "cannot watch pool \"%s\": %s", pool->name, strerror(-rc)) : 0;
}

static int open_bell(mproc_pool *pool)
{
	int rc;

	rc = mproci_bell_open(&pool->bell);
	if (rc < 0)
		return rc;
	rc = mproci_watcher_add(&pool->bell, &pool->crew->news.word, &pool->watcher);
	if (rc < 0) {
		mproci_bell_close(&pool->bell);
		return rc;
	}
	pool->has_bell = true;
	pool->watch = mproci_watch_closed;
	rc = mproci_watch_open(&pool->watch);
	if (rc == 0)
		rc = watch_all(pool);
	if (rc < 0) {
		close_bell(pool);
		return rc;
	}
	/* Readable at first: what has ended before is to be told of. */
	mproci_watcher_ring(pool->watcher);
	return 0;
}

int mproc_pool_fd(mproc_pool *pool)
{
	int rc;

	rc = check_owner(pool);
	if (rc == 0)
		rc = mproci_pool_check(pool);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&pool->lock);
	rc = mproci_pool_refuses(pool);
	if (rc == 0 && !pool->has_bell)
		rc = open_bell(pool);
	pthread_mutex_unlock(&pool->lock);
	return rc < 0 ? rc : pool->watch.descriptor;
}

static void silence(mproc_pool *pool)
{
	mproci_bell_silence(&pool->bell);
	mproci_watcher_rearm(pool->watcher);
	mproci_event_count_arm(&pool->crew->news);
}

int mproc_pool_poll(mproc_pool *pool)
{
	int rc;

	rc = mproci_pool_check_caller(pool);
	if (rc < 0)
		return rc;
	if (pool->has_bell)
		silence(pool);
	/* A pool that has failed has ended everything, and stays so. */
	if (mproci_pool_check(pool) < 0 && pool->has_bell)
		mproci_watch_remove(&pool->watch, pool->engine->descriptor(pool));
	return mproci_futures_tell(pool);
}

/* ---- closing ---- */

/* If so, *@ret_posted, if asked for, is how many maps were posted that have ended. */
static bool is_idle(mproc_pool *pool, void *ret_posted)
{
	uint64_t posted = atomic_load(&pool->posted);
	bool is_idle = true;

	for (int i = 0; i < MPROCI_POSTINGS && is_idle; ++i) {
		mproci_map *map = (mproci_map *)atomic_load(&pool->crew->postings[i].map);

		is_idle = map == NULL || mproci_crew_is_done(pool->crew, map);
	}
	is_idle = is_idle && mproci_submit_are_all_ended(pool);
	if (is_idle && ret_posted != NULL)
		*(uint64_t *)ret_posted = posted;
	return is_idle;
}

static void note_drained(mproc_pool *pool, uint64_t posted)
{
	pthread_mutex_lock(&pool->lock);
	if (pool->drained < posted)
		pool->drained = posted;
	pthread_mutex_unlock(&pool->lock);
}

static int drain(mproc_pool *pool, mproc_deadline deadline)
{
	uint64_t posted = 0;
	int rc;

	mproci_submit_await_all(pool);
	rc = mproci_pool_await(pool, is_idle, &posted, deadline, mproci_interrupt_begin());
	note_drained(pool, posted);
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "pool \"%s\" is still at work", pool->name);
	if (rc == -EINTR)
		return mproci_fail(rc, "interrupted while pool \"%s\" was at work", pool->name);
	return mproci_pool_check(pool);
}

int mproc_pool_drain(mproc_pool *pool, mproc_deadline deadline)
{
	int rc;

	rc = mproci_pool_check_caller(pool);
	if (rc == 0)
		rc = drain(pool, deadline);
	if (rc == 0)
		mproci_futures_tell(pool);
	return rc;
}

static void cancel_everything(mproc_pool *pool)
{
	mproc_deadline kill_at = pool->engine->is_isolated ? MPROC_NOW : MPROC_FOREVER;

	pthread_mutex_lock(&pool->lock);
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		mproci_map *map = (mproci_map *)atomic_load(&pool->crew->postings[i].map);

		if (map == NULL)
			continue;
		atomic_store(&map->kill_ending, MPROC_ENDING_CANCELLED);
		mproci_map_stop(map, MPROCI_STOP_CANCELLED);
		atomic_store(&map->kill_at, kill_at);
	}
	mproci_submit_cancel_all(pool, kill_at);
	pthread_mutex_unlock(&pool->lock);
	pool->engine->tell(pool);
}

/* Maps whose futures are still there get what is theirs. */
static void complete_futures(mproc_pool *pool)
{
	for (mproc_future *future = pool->futures; future != NULL; future = future->next)
		mproci_future_has_ended(future);
}

/* Nothing new from here on. */
static void refuse_more(mproc_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->is_ending = true;
	pthread_mutex_unlock(&pool->lock);
}

/* Finish everything, also what is submitted by those who are told.  Returns whether that was possible. */
static bool finish_everything(mproc_pool *pool)
{
	mproc_deadline deadline = pool->close_timeout > 0 ? mproc_after(pool->close_timeout) : MPROC_FOREVER;
	int rc;

	do
		rc = drain(pool, deadline);
	while (rc == 0 && mproci_futures_tell(pool) > 0);
	return rc == 0;
}

static void end(mproc_pool *pool, bool at_once)
{
	bool is_finished = !at_once && finish_everything(pool);

	refuse_more(pool);
	if (!is_finished)
		cancel_everything(pool);
	/* Also when it is finished: somebody may have come between. */
	mproci_pool_await_quietly(pool, is_idle, NULL);
	close_bell(pool);
	pool->engine->close(pool);
	pool->private = NULL;
	/* Now that nobody can come between: a late worker might have been inside of a map that was done. */
	complete_futures(pool);
	mproci_futures_tell(pool);
	mproci_timeline_flush();
	mproci_timeline_collect();
}

/* The crew is its owner's.  Futures and streams of this copy find out by themselves whose they are. */
static void disown(mproc_pool *pool)
{
	pool->engine->disown(pool);
	if (pool->has_bell)
		mproci_watch_close(&pool->watch);
	mproci_pool_release(pool);
}

static mproc_pool *finish(mproc_pool *pool, bool at_once)
{
	if (pool == NULL)
		return NULL;
	if (mproci_worker_is_of(pool->crew)) {
		mproci_fail(-EDEADLK, "pool \"%s\": cannot be closed by one of its own tasks", pool->name);
		return pool;
	}
	if (pool->owner != mproci_member_self()) {
		disown(pool);
		return NULL;
	}
	end(pool, at_once);
	mproci_pool_release(pool);
	return NULL;
}

mproc_pool *mproc_pool_close(mproc_pool *pool)
{
	return finish(pool, false);
}

mproc_pool *mproc_pool_terminate(mproc_pool *pool)
{
	return finish(pool, true);
}
