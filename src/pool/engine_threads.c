/* SPDX-License-Identifier: MIT */
/*
 * Workers that are threads of this process.
 *
 * A task that ends its thread (pthread_exit) costs its item, as one that ends its process does: a successor takes the
 * seat, and sets right what the dead one left before anybody can take the map for done.
 */
#include "pool/engine.h"
#include "sys/thread.h"

#include <errno.h>
#include <stdlib.h>

typedef struct worker {
	mproci_crew *crew;
	uint32_t seat;
	pthread_t thread;
	/* Workers of this pool that run. */
	_Atomic uint32_t *alive;
} worker;

typedef struct threads {
	_Atomic uint32_t alive;
	worker workers[];
} threads;

static void *be_successor(void *argument);

/* This thread ends in the middle of a task. */
static void be_replaced(void *argument)
{
	worker *self = argument;
	pthread_t successor;
	int rc;

	rc = mproci_thread_start(be_successor, self, &successor);
	if (rc == 0) {
		pthread_detach(pthread_self());
		return;
	}
	/* First the map, then the news: who hears that the crew has failed takes the map away. */
	mproci_crew_recover(self->crew, self->seat, (mproci_ending){0});
	if (atomic_fetch_sub(self->alive, 1) == 1)
		mproci_crew_fail(self->crew, rc);
}

static void *be_worker(void *argument)
{
	worker *self = argument;

	pthread_cleanup_push(be_replaced, self);
	mproci_crew_work(self->crew, self->seat);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *be_successor(void *argument)
{
	worker *self = argument;

	self->thread = pthread_self();
	mproci_crew_recover(self->crew, self->seat, (mproci_ending){0});
	return be_worker(self);
}

static void close_threads(mproc_pool *pool)
{
	threads *all = pool->private;

	mproci_crew_set_state(pool->crew, MPROCI_CREW_CLOSING);
	for (uint32_t i = 0; i < pool->worker_count; ++i) {
		if (all->workers[i].crew != NULL)
			pthread_join(all->workers[i].thread, NULL);
	}
	free(all);
	mproci_crew_destroy(pool->crew);
}

static int start_worker(mproc_pool *pool, uint32_t seat)
{
	threads *all = pool->private;
	worker *self = &all->workers[seat];
	int rc;

	*self = (worker){.crew = pool->crew, .seat = seat, .alive = &all->alive};
	atomic_fetch_add(&all->alive, 1);
	rc = mproci_thread_start(be_worker, self, &self->thread);
	if (rc < 0)
		self->crew = NULL;
	return rc;
}

static int open_threads(mproc_pool *pool, mproc_start start)
{
	int rc = 0;

	(void)start;
	pool->crew = mproci_crew_create(pool->worker_count);
	if (pool->crew == NULL)
		return -ENOMEM;
	pool->private = calloc(1, sizeof(threads) + pool->worker_count * sizeof(worker));
	if (pool->private == NULL) {
		mproci_crew_destroy(pool->crew);
		return mproci_fail(-ENOMEM, "no memory for %u workers", pool->worker_count);
	}
	for (uint32_t seat = 0; seat < pool->worker_count && rc == 0; ++seat)
		rc = start_worker(pool, seat);
	if (rc < 0) {
		close_threads(pool);
		return rc;
	}
	mproci_crew_set_state(pool->crew, MPROCI_CREW_OPEN);
	return 0;
}

static int run_threads(mproc_pool *pool, mproci_map *map)
{
	mproci_crew_post(pool->crew, map);
	mproci_crew_await_done(pool->crew, map, MPROC_FOREVER);
	mproci_crew_take_down(pool->crew);
	mproci_crew_await_left(pool->crew, map, MPROC_FOREVER);
	return mproci_crew_failure(pool->crew);
}

/* A forked child has none of the threads, and nothing of them but memory. */
static void disown_threads(mproc_pool *pool)
{
	free(pool->private);
}

const mproci_engine mproci_engine_threads = {
	.is_isolated = false,
	.open = open_threads,
	.run = run_threads,
	.close = close_threads,
	.disown = disown_threads,
};
