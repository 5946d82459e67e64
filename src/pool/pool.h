/* SPDX-License-Identifier: MIT */
/*
 * pool/pool.h - the owner's side of a pool, in its own memory.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "pool/engine.h"
#include "sys/bell.h"
#include "sys/watch.h"

#include <mproc/future.h>
#include <pthread.h>

struct mproc_pool {
	/* The member that may use this handle. */
	mproci_id owner;
	const mproci_engine *engine;
	char name[16];
	double close_timeout;
	/* Shared with the workers. */
	mproci_crew *crew;
	/* What only the engine knows; NULL once the workers have ended. */
	void *private;

	/* Protects what follows, what is in line, what is posted, and the engine. */
	pthread_mutex_t lock;
	/* Not protected, but atomic: a map's block; when somebody looked last whether the pool has failed. */
	mproci_spare spare;
	_Atomic int64_t looked;
	/* How many maps were posted, and of how many of them somebody has been told that they have ended. */
	_Atomic uint64_t posted, drained;
	/* The pool itself until it is closed, futures and streams. */
	uint32_t references;
	/* It has failed: nobody works any more, and everything has ended. */
	bool has_failed;
	/* It takes nothing new, since it ends. */
	bool is_ending;
	/* How many tasks were put in line, seen by the workers or not yet. */
	uint64_t written;
	/* Places in line that are kept for who asks its source for an item. */
	uint32_t reserved;
	/* Slots that nobody uses, and how many are in use. */
	uint32_t *free_slots;
	uint32_t free_count, used_count;
	/* Tasks whose future was closed before they had ended. */
	mproci_task_id *detached;
	uint32_t detached_count, detached_room;
	/* When they are that many, a look which of them have ended is due. */
	uint32_t sweep_at;
	/* Tasks with a time limit that have not been given up. */
	uint32_t timed;
	/* When the first of those must have ended that the workers do not see yet; MPROC_FOREVER: there is none. */
	mproc_deadline due;
	/* All futures; those that are to be told of by .on_done, and how many. */
	mproc_future *futures, *first_untold, *last_untold;
	_Atomic uint32_t listeners;
	/* For mproc_pool_fd, once that was asked for: the bell rings for what has ended, and the engine's end is watched too. */
	mproci_watch watch;
	mproci_bell bell;
	uint32_t watcher;
	bool has_bell;
};

/* A future or a stream holds the pool's memory; the last one to give it up frees it. */
void mproci_pool_hold(mproc_pool *pool);
void mproci_pool_release(mproc_pool *pool);

/* Returns 0 when this thread may use the pool; -EINVAL, -ECHILD or -EDEADLK with an error text. */
int mproci_pool_check_caller(mproc_pool *pool);

/* Returns 0, or why the pool has failed, with an error text; everything it was given has ended then. */
int mproci_pool_check(mproc_pool *pool);

/* Locked: returns 0, or why the pool takes nothing new, with an error text. */
int mproci_pool_refuses(mproc_pool *pool);

/* Locked: the place of a function, or a negative errno with an error text. */
int mproci_pool_function(mproc_pool *pool, mproci_any_function *function);

/* Whether what is waited for is so. */
typedef bool mproci_condition(mproc_pool *pool, void *what);

/*
 * Wait until a condition holds, or the pool has failed; call who wants to be told of what has ended meanwhile.  Returns 0, -ETIMEDOUT, or
 * -EINTR when the process was interrupted since @begun.
 */
int mproci_pool_await(
	mproc_pool *pool, mproci_condition *is_true, void *what, mproc_deadline deadline, uint64_t begun);

/* The same, whatever happens, for who must not be interrupted and tells nobody. */
void mproci_pool_await_quietly(mproc_pool *pool, mproci_condition *is_true, void *what);

/* mproci_pool_check, if that was not done within the last 50 ms: for who only looks whether something has ended. */
void mproci_pool_look(mproc_pool *pool);

#endif
