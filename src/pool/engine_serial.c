/* SPDX-License-Identifier: MIT */
/*
 * No workers: the caller does all items itself, in order.
 */
#include "pool/engine.h"

static int open_serial(mproc_pool *pool, mproc_start start)
{
	(void)pool;
	(void)start;
	return 0;
}

static int run_serial(mproc_pool *pool, mproci_map *map)
{
	(void)pool;
	mproci_map_work(map, 0);
	return 0;
}

static void close_serial(mproc_pool *pool)
{
	(void)pool;
}

const mproci_engine mproci_engine_serial = {
	.is_isolated = false,
	.open = open_serial,
	.run = run_serial,
	.close = close_serial,
	.disown = close_serial,
};
