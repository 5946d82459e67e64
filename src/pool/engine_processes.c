/* SPDX-License-Identifier: MIT */
/*
 * Workers that are processes, children of a nursery, which is a child of this process.
 *
 * While the nursery lives it looks after the workers.  When it dies, the workers die with it, and this process,
 * which notices within 50 ms, sets right what they left.
 */
#include "base/error.h"
#include "family/member.h"
#include "pool/nursery.h"
#include "pool/pool.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct processes {
	mproc_process *nursery;
	mproci_nursery_plan *plan;
	int doorbell;
	/* Kept for the case that the nursery dies when no descriptors are left: ending its workers takes two. */
	int spare;
	/* The nursery has ended, and what its workers left is set right. */
	bool is_over;
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

/* The nursery is gone, and joining it has ended its workers: set right what they left. */
static void tidy(mproc_pool *pool)
{
	uint32_t used = atomic_load(&pool->crew->used);

	for (uint32_t i = 0; i < used; ++i) {
		mproci_member_end(atomic_load(&pool->crew->seats[i].member));
		mproci_crew_recover(pool->crew, i, mproci_ending_killed, false);
	}
	atomic_store(&pool->crew->nursery.inside, 0);
}

static void end_nursery(mproc_pool *pool)
{
	processes *own = pool->private;

	mproc_process_join(own->nursery, MPROC_FOREVER);
	tidy(pool);
	own->is_over = true;
}

static int check_processes(mproc_pool *pool)
{
	processes *own = pool->private;
	int rc;

	rc = mproci_crew_failure(pool->crew);
	if (rc == 0 && mproc_process_is_alive(own->nursery) != 0)
		return 0;
	if (own->is_over)
		return rc;
	close_descriptors(own);
	end_nursery(pool);
	if (rc == 0) {
		rc = tell_death(pool, mproci_process_ending(own->nursery));
		mproci_crew_fail(pool->crew, rc);
	}
	return mproci_crew_failure(pool->crew);
}

static int descriptor_of_processes(mproc_pool *pool)
{
	return mproc_process_fd(((processes *)pool->private)->nursery);
}

static void tell_processes(mproc_pool *pool)
{
	/* NULL: the pool was closed, and a future asks in vain. */
	if (pool->private != NULL)
		mproci_doorbell_ring(((processes *)pool->private)->doorbell);
}

static int resize_processes(mproc_pool *pool)
{
	tell_processes(pool);
	return 0;
}

static void serve_processes(mproc_pool *pool)
{
	(void)pool;
}

static void free_private(mproc_pool *pool)
{
	processes *own = pool->private;

	close_descriptors(own);
	mproc_free(own->plan);
	free(own);
	pool->private = NULL;
}

static void close_processes(mproc_pool *pool)
{
	processes *own = pool->private;

	if (atomic_load(&pool->crew->state) < MPROCI_CREW_CLOSING)
		mproci_crew_set_state(pool->crew, MPROCI_CREW_CLOSING);
	mproci_doorbell_ring(own->doorbell);
	if (!own->is_over)
		end_nursery(pool);
	mproc_process_close(own->nursery);
	free_private(pool);
}

static int start_nursery(mproc_pool *pool, mproc_start start)
{
	processes *own = pool->private;

	own->doorbell = mproci_doorbell_open();
	own->spare = own->doorbell < 0 ? -1 : mproci_doorbell_open();
	if (own->spare < 0)
		return own->doorbell < 0 ? own->doorbell : own->spare;
	*own->plan = (mproci_nursery_plan){
		.crew = pool->crew, .doorbell = own->doorbell, .timeline = mproci_timeline_open()};
	return mproci_nursery_start(own->plan, start, &own->nursery);
}

static int open_processes(mproc_pool *pool, mproc_start start)
{
	processes *own = calloc(1, sizeof *own);
	int rc;

	if (own == NULL)
		return mproci_fail(-ENOMEM, "no memory for a pool of processes");
	own->doorbell = own->spare = -1;
	pool->private = own;
	own->plan = mproc_alloc(sizeof *own->plan);
	rc = own->plan == NULL ? -ENOMEM : start_nursery(pool, start);
	if (rc < 0)
		free_private(pool);
	return rc;
}

static void disown_processes(mproc_pool *pool)
{
	processes *own = pool->private;

	if (own == NULL)
		return;
	close_descriptors(own);
	mproc_process_close(own->nursery);
	free(own);
	pool->private = NULL;
}

const mproci_engine mproci_engine_processes = {
	.is_isolated = true,
	.open = open_processes,
	.check = check_processes,
	.descriptor = descriptor_of_processes,
	.tell = tell_processes,
	.resize = resize_processes,
	.serve = serve_processes,
	.close = close_processes,
	.disown = disown_processes,
};
