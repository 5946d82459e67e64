/* SPDX-License-Identifier: MIT */
/*
 * Workers that are processes, children of a nursery, which is a child of this process.
 *
 * While the nursery lives it looks after the workers.  When it dies, the workers die with it, and this process,
 * which notices within 50 ms, sets right what they left.
 */
#include "base/deadline.h"
#include "family/member.h"
#include "pool/engine.h"
#include "pool/nursery.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How long the nursery may be dead before somebody who waits notices. */
static const int64_t LOOK = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

typedef struct processes {
	mproc_process *nursery;
	int doorbell;
	/* Kept for the case that the nursery dies when no descriptors are left: ending its workers takes two. */
	int spare;
} processes;

static void close_descriptors(processes *own)
{
	mproci_close(own->doorbell);
	mproci_close(own->spare);
	own->doorbell = own->spare = -1;
}

static int tell_death(mproc_pool *pool, mproci_ending ending)
{
	int pid = (int)mproc_process_pid(((processes *)pool->private)->nursery);
	char how[32] = "somebody else took its status";

	if (!ending.is_lost)
		snprintf(how, sizeof how, "%s %d", ending.signal != 0 ? "signal" : "exit code",
			ending.signal != 0 ? ending.signal : ending.exit_code);
	return mproci_fail(-ENOTRECOVERABLE,
		"the nursery of pool \"%s\" (pid %d) has died (%s): open another pool", pool->name, pid, how);
}

/* Returns 0, or why the pool has failed, with an error text. */
static int check_state(mproc_pool *pool)
{
	processes *own = pool->private;
	int rc;

	rc = mproci_crew_failure(pool->crew);
	if (rc < 0 || mproc_process_is_alive(own->nursery) != 0)
		return rc;
	close_descriptors(own);
	mproc_process_join(own->nursery, MPROC_FOREVER);
	rc = tell_death(pool, mproci_process_ending(own->nursery));
	mproci_crew_fail(pool->crew, rc);
	return rc;
}

/* The nursery is gone, and joining it has ended its workers: set right what they left. */
static void tidy(mproc_pool *pool, mproci_map *map)
{
	for (uint32_t i = 0; i < pool->worker_count; ++i) {
		mproci_seat *seat = &pool->crew->seats[i];

		mproci_member_end(atomic_load(&seat->member));
		if (atomic_load(&seat->inside) == map)
			mproci_map_recover(map, i, mproci_ending_killed);
		atomic_store(&seat->inside, NULL);
	}
}

/* Wait for something of the crew or its map, or for the nursery's death. */
static int await(mproc_pool *pool, mproci_map *map, int (*what)(mproci_crew *, mproci_map *, mproc_deadline))
{
	int rc = 0;

	while (rc == 0 && what(pool->crew, map, mproci_clock_now() + LOOK) == -ETIMEDOUT)
		rc = check_state(pool);
	return rc == 0 ? mproci_crew_failure(pool->crew) : rc;
}

static void close_processes(mproc_pool *pool)
{
	processes *own = pool->private;

	if (atomic_load(&pool->crew->state) < MPROCI_CREW_CLOSING)
		mproci_crew_set_state(pool->crew, MPROCI_CREW_CLOSING);
	mproci_doorbell_ring(own->doorbell);
	close_descriptors(own);
	mproc_process_join(own->nursery, MPROC_FOREVER);
	mproc_process_close(own->nursery);
	free(own);
	mproci_crew_destroy(pool->crew);
}

static int start_nursery(mproc_pool *pool, mproc_start start)
{
	processes *own = pool->private;
	mproci_nursery_plan plan = {.crew = pool->crew, .name = pool->name};

	own->doorbell = mproci_doorbell_open();
	own->spare = own->doorbell < 0 ? -1 : mproci_doorbell_open();
	if (own->spare < 0)
		return own->doorbell < 0 ? own->doorbell : own->spare;
	plan.doorbell = own->doorbell;
	return mproci_nursery_start(&plan, start, &own->nursery);
}

static int open_processes(mproc_pool *pool, mproc_start start)
{
	processes *own;
	int rc;

	pool->crew = mproci_crew_create(pool->worker_count);
	own = pool->private = calloc(1, sizeof *own);
	if (pool->crew == NULL || own == NULL) {
		free(own);
		mproci_crew_destroy(pool->crew);
		return mproci_fail(-ENOMEM, "no memory for %u workers", pool->worker_count);
	}
	rc = start_nursery(pool, start);
	if (rc < 0) {
		close_descriptors(own);
		free(own);
		mproci_crew_destroy(pool->crew);
		return rc;
	}
	rc = await(pool, NULL, mproci_crew_await_open);
	if (rc < 0)
		close_processes(pool);
	return rc;
}

static int run_processes(mproc_pool *pool, mproci_map *map)
{
	processes *own = pool->private;
	int rc;

	rc = check_state(pool);
	if (rc < 0)
		return rc;
	mproci_crew_post(pool->crew, map);
	rc = await(pool, map, mproci_crew_await_done);
	if (rc == 0) {
		mproci_crew_take_down(pool->crew);
		rc = await(pool, map, mproci_crew_await_left);
	}
	if (rc < 0) {
		/* Posted until all workers are gone: who buries one must find the map to set it right. */
		mproc_process_join(own->nursery, MPROC_FOREVER);
		tidy(pool, map);
		mproci_crew_take_down(pool->crew);
	}
	return rc;
}

static void disown_processes(mproc_pool *pool)
{
	processes *own = pool->private;

	close_descriptors(own);
	mproc_process_close(own->nursery);
	free(own);
}

const mproci_engine mproci_engine_processes = {
	.is_isolated = true,
	.open = open_processes,
	.run = run_processes,
	.close = close_processes,
	.disown = disown_processes,
};
