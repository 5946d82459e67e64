/* SPDX-License-Identifier: MIT */
/*
 * Workers that are threads of this process.
 *
 * A task that ends its thread (pthread_exit) costs its item, as one that ends its process does: a successor takes the
 * seat, and sets right what the dead one left before anybody can take it for done.
 */
#include "base/error.h"
#include "pool/pool.h"
#include "pool/worker.h"
#include "sys/membarrier.h"
#include "sys/thread.h"
#include "trace/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TRIES_TO_INITIALIZE = 3,
};

typedef struct threads threads;

typedef enum life {
	LIVES,
	/* It is to go on, should it be about to end. */
	WANTED,
	ENDED,
} life;

typedef struct thread_worker {
	mproci_worker worker;
	threads *all;
	pthread_t thread;
	/* There is a thread, that has to be joined. */
	bool is_there;
	/* A life. */
	_Atomic uint32_t life;
	/* Initializers that ended their threads, one after the other. */
	int failed_initializers;
} thread_worker;

struct threads {
	mproci_crew *crew;
	/* Workers that run. */
	_Atomic uint32_t alive;
	/* One per seat, or NULL: it never had a worker. */
	thread_worker *workers[];
};

static void *be_successor(void *argument);

static void fail(thread_worker *self, const char *how)
{
	mproci_crew_fail(self->all->crew,
		mproci_fail(-ECANCELED, "the initializer failed %d times in a row; in worker \"%s-%u\" it %s",
			TRIES_TO_INITIALIZE, self->all->crew->rules.name, self->worker.number + 1, how));
}

/* Nobody is in the seat any more. */
static void leave(thread_worker *self)
{
	mproci_crew_recover(self->all->crew, self->worker.number, (mproci_ending){0}, false);
	atomic_fetch_sub(&self->all->alive, 1);
}

/* At the end of a life: whether the pool has grown again meanwhile.  If not, it has ended. */
static bool is_wanted(thread_worker *self)
{
	mproci_crew *crew = self->all->crew;

	for (;;) {
		uint32_t before = LIVES;

		if (atomic_compare_exchange_strong(&self->life, &before, ENDED))
			return false;
		atomic_store(&self->life, LIVES);
		if (self->worker.number < atomic_load(&crew->target)
			&& atomic_load(&crew->state) < MPROCI_CREW_CLOSING)
			return true;
	}
}

/* This thread ends in the middle of something: of a task, unless the initializer or the finalizer has ended it. */
static void be_replaced(void *argument)
{
	thread_worker *self = argument;
	uint32_t phase = atomic_load(&self->worker.seat->phase);
	pthread_t successor;
	int rc;

	self->failed_initializers = phase == MPROCI_PHASE_INITIALIZING ? self->failed_initializers + 1 : 0;
	if (self->failed_initializers == TRIES_TO_INITIALIZE)
		fail(self, "ended its thread");
	if (phase >= MPROCI_PHASE_ENDING || self->failed_initializers == TRIES_TO_INITIALIZE) {
		leave(self);
		if (!is_wanted(self))
			return;
		atomic_fetch_add(&self->all->alive, 1);
	}
	rc = mproci_thread_start(be_successor, self, &successor);
	if (rc == 0) {
		pthread_detach(pthread_self());
		return;
	}
	/* First what it was at, then the news: who hears that the crew has failed takes everything away. */
	leave(self);
	atomic_store(&self->life, ENDED);
	if (atomic_load(&self->all->alive) == 0)
		mproci_crew_fail(self->all->crew, rc);
}

/* Initialize, three times at most, work, and finalize. */
static void live(thread_worker *self)
{
	char how[80];
	int rc = -1;

	for (int tries = 0; tries < TRIES_TO_INITIALIZE && rc < 0; ++tries)
		rc = mproci_worker_live(&self->worker);
	if (rc == 0)
		return;
	snprintf(how, sizeof how, "returned %d (%s)", rc, strerror(-rc));
	fail(self, how);
}

static bool begin_again(thread_worker *self)
{
	mproci_worker_init(&self->worker, self->all->crew, self->worker.number);
	atomic_fetch_add(&self->all->alive, 1);
	return true;
}

static void *be_worker(void *argument)
{
	thread_worker *self = argument;
	char name[32];

	snprintf(name, sizeof name, "%s-%u", self->all->crew->rules.name, self->worker.number + 1);
	mproci_timeline_name_thread(name);
	do {
		pthread_cleanup_push(be_replaced, self);
		live(self);
		pthread_cleanup_pop(0);
		leave(self);
	} while (is_wanted(self) && begin_again(self));
	return NULL;
}

static void *be_successor(void *argument)
{
	thread_worker *self = argument;

	self->thread = pthread_self();
	mproci_crew_recover(self->all->crew, self->worker.number, (mproci_ending){0}, false);
	mproci_worker_init(&self->worker, self->all->crew, self->worker.number);
	return be_worker(self);
}

static void join(thread_worker *self)
{
	if (self != NULL && self->is_there)
		pthread_join(self->thread, NULL);
	if (self != NULL)
		self->is_there = false;
}

static void free_private(mproc_pool *pool)
{
	threads *all = pool->private;

	if (all == NULL)
		return;
	for (uint32_t i = 0; i < all->crew->capacity; ++i)
		free(all->workers[i]);
	free(all);
	pool->private = NULL;
}

static void close_threads(mproc_pool *pool)
{
	threads *all = pool->private;

	if (atomic_load(&pool->crew->state) < MPROCI_CREW_CLOSING)
		mproci_crew_set_state(pool->crew, MPROCI_CREW_CLOSING);
	for (uint32_t i = 0; i < all->crew->capacity; ++i)
		join(all->workers[i]);
	free_private(pool);
}

/* Whether a worker that is there stays, also if it was about to end. */
static bool goes_on(thread_worker *self)
{
	uint32_t before = LIVES;

	return atomic_compare_exchange_strong(&self->life, &before, WANTED) || before == WANTED;
}

static int start_worker(threads *all, uint32_t seat)
{
	thread_worker *self = all->workers[seat];
	int rc;

	if (self == NULL)
		self = all->workers[seat] = calloc(1, sizeof *self);
	if (self == NULL)
		return mproci_fail(-ENOMEM, "no memory for worker %u", seat + 1);
	if (self->is_there && goes_on(self))
		return 0;
	join(self);
	self->all = all;
	atomic_store(&self->life, LIVES);
	mproci_worker_init(&self->worker, all->crew, seat);
	atomic_fetch_add(&all->alive, 1);
	rc = mproci_thread_start(be_worker, self, &self->thread);
	if (rc < 0)
		atomic_fetch_sub(&all->alive, 1);
	self->is_there = rc == 0;
	return rc;
}

/* Those that are too many end by themselves. */
static int resize_threads(mproc_pool *pool)
{
	uint32_t target = atomic_load(&pool->crew->target);
	int rc = 0;

	for (uint32_t seat = 0; seat < target && rc == 0; ++seat)
		rc = start_worker(pool->private, seat);
	return rc;
}

static int open_threads(mproc_pool *pool, mproc_start start)
{
	threads *all = calloc(1, sizeof *all + pool->crew->capacity * sizeof(thread_worker *));
	int rc;

	(void)start;
	if (all == NULL)
		return mproci_fail(-ENOMEM, "no memory for a pool of threads");
	all->crew = pool->crew;
	pool->private = all;
	/* Once there are threads the kernel takes milliseconds for it. */
	mproci_membarrier_register();
	/* Before any of them can say that it has failed. */
	mproci_crew_set_state(pool->crew, MPROCI_CREW_OPEN);
	rc = resize_threads(pool);
	if (rc < 0) {
		close_threads(pool);
		return rc;
	}
	return 0;
}

static int check_threads(mproc_pool *pool)
{
	threads *all = pool->private;
	int rc;

	rc = mproci_crew_failure(pool->crew);
	if (rc == 0)
		return 0;
	/* Nobody begins anything any more; who is at something ends it. */
	for (uint32_t i = 0; i < all->crew->capacity; ++i)
		join(all->workers[i]);
	return mproci_crew_failure(pool->crew);
}

static int descriptor_of_threads(mproc_pool *pool)
{
	(void)pool;
	return -1;
}

static void tell_threads(mproc_pool *pool)
{
	(void)pool;
}

static void serve_threads(mproc_pool *pool)
{
	(void)pool;
}

/* A forked child has none of the threads, and nothing of them but memory. */
const mproci_engine mproci_engine_threads = {
	.open = open_threads,
	.check = check_threads,
	.descriptor = descriptor_of_threads,
	.tell = tell_threads,
	.resize = resize_threads,
	.serve = serve_threads,
	.close = close_threads,
	.disown = free_private,
};
