/* SPDX-License-Identifier: MIT */
/*
 * pool/engine.h - what a backend of a pool must do.  Each is a file: engine_processes.c, engine_threads.c,
 * engine_serial.c.
 */
#ifndef POOL_ENGINE_H
#define POOL_ENGINE_H

#include "pool/crew.h"
#include "sys/lock.h"

typedef struct mproci_engine {
	/* The workers see only the family's memory. */
	bool is_isolated;
	/* Start pool->worker_count workers.  Fails with an error text, and leaves nothing. */
	int (*open)(mproc_pool *pool, mproc_start start);
	/*
	 * Have a map done.  Returns 0, or a negative errno with an error text when the pool has failed; the map
	 * is then at rest all the same.
	 */
	int (*run)(mproc_pool *pool, mproci_map *map);
	/* End the workers; nothing of them is left. */
	void (*close)(mproc_pool *pool);
	/* In another process than the one that opened the pool: close this process's copies. */
	void (*disown)(mproc_pool *pool);
} mproci_engine;

struct mproc_pool {
	/* The member that may use this handle. */
	mproci_id owner;
	const mproci_engine *engine;
	uint32_t worker_count;
	char name[16];
	/* Callers take turns. */
	mproci_lock turn;
	/* Shared with the workers; a serial pool has none. */
	mproci_crew *crew;
	/* What only the engine knows. */
	void *private;
};

extern const mproci_engine mproci_engine_processes, mproci_engine_threads, mproci_engine_serial;

#endif
