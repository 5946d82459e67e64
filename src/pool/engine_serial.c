/* SPDX-License-Identifier: MIT */
/*
 * No workers: the caller does everything itself, in order, when it is told that there is something.  Callers take turns.
 */
#include "base/error.h"
#include "base/interrupt.h"
#include "pool/pool.h"
#include "pool/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TRIES_TO_INITIALIZE = 3,
};

typedef struct serial {
	/* Who has it is the worker. */
	pthread_mutex_t turn;
	mproci_worker worker;
} serial;

static void serve_serial(mproc_pool *pool)
{
	serial *own = pool->private;
	mproci_role_of_worker role;

	if (own == NULL)
		return;
	pthread_mutex_lock(&own->turn);
	mproci_worker_enter(&role, pool->crew);
	own->worker.begun = mproci_interrupt_begin();
	own->worker.heeds_interrupts = true;
	mproci_worker_serve(&own->worker);
	mproci_worker_leave(&role);
	pthread_mutex_unlock(&own->turn);
}

static void free_private(mproc_pool *pool)
{
	serial *own = pool->private;

	if (own == NULL)
		return;
	pthread_mutex_destroy(&own->turn);
	free(own);
	pool->private = NULL;
}

static int open_serial(mproc_pool *pool, mproc_start start)
{
	serial *own = calloc(1, sizeof *own);
	int rc = -1;

	(void)start;
	if (own == NULL)
		return mproci_fail(-ENOMEM, "no memory for a serial pool");
	pool->private = own;
	pthread_mutex_init(&own->turn, NULL);
	mproci_worker_init(&own->worker, pool->crew, 0);
	for (int tries = 0; tries < TRIES_TO_INITIALIZE && rc < 0; ++tries)
		rc = mproci_worker_begin(&own->worker);
	if (rc < 0) {
		free_private(pool);
		return mproci_fail(-ECANCELED,
			"the initializer failed %d times in a row; it returned %d (%s)", TRIES_TO_INITIALIZE,
			rc, strerror(-rc));
	}
	mproci_crew_set_state(pool->crew, MPROCI_CREW_OPEN);
	return 0;
}

static int check_serial(mproc_pool *pool)
{
	(void)pool;
	return 0;
}

static int descriptor_of_serial(mproc_pool *pool)
{
	(void)pool;
	return -1;
}

static void tell_serial(mproc_pool *pool)
{
	(void)pool;
}

static int resize_serial(mproc_pool *pool)
{
	(void)pool;
	return 0;
}

static void close_serial(mproc_pool *pool)
{
	serial *own = pool->private;

	mproci_worker_end(&own->worker);
	free_private(pool);
}

const mproci_engine mproci_engine_serial = {
	.is_serial = true,
	.open = open_serial,
	.check = check_serial,
	.descriptor = descriptor_of_serial,
	.tell = tell_serial,
	.resize = resize_serial,
	.serve = serve_serial,
	.close = close_serial,
	.disown = free_private,
};
