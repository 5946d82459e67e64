/* SPDX-License-Identifier: MIT */
/*
 * pool/engine.h - what a backend of a pool must do.  Each is a file: engine_processes.c, engine_threads.c,
 * engine_serial.c.
 */
#ifndef POOL_ENGINE_H
#define POOL_ENGINE_H

#include "pool/crew.h"

#include <mproc/pool.h>

typedef struct mproci_engine {
	/* The workers see only the family's memory, and can be killed. */
	bool is_isolated;
	/* The caller does everything itself, when it is told of it. */
	bool is_serial;
	/* Start the workers of pool->crew, as many as there are to be.  Fails with an error text, and leaves nothing. */
	int (*open)(mproc_pool *pool, mproc_start start);
	/*
	 * Look whether the workers can go on.  Returns 0; or, once and for all, why not, with an error text: then nobody works
	 * any more, and what was at work is set right.
	 */
	int (*check)(mproc_pool *pool);
	/* A descriptor that becomes readable when the workers cannot go on any more; -1: that does not happen. */
	int (*descriptor)(mproc_pool *pool);
	/* There is something that must end in time, or has been cancelled. */
	void (*tell)(mproc_pool *pool);
	/* There are to be more or fewer workers.  Returns 0, or a negative errno with an error text. */
	int (*resize)(mproc_pool *pool);
	/* There is something to do; for who does it itself. */
	void (*serve)(mproc_pool *pool);
	/* End the workers; nothing of them is left. */
	void (*close)(mproc_pool *pool);
	/* In another process than the one that opened the pool: close this process's copies. */
	void (*disown)(mproc_pool *pool);
} mproci_engine;

extern const mproci_engine mproci_engine_processes, mproci_engine_threads, mproci_engine_serial;

#endif
