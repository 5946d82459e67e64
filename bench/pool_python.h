/* SPDX-License-Identifier: MIT */
/*
 * pool_python.h - single tasks and streams through Python's multiprocessing.Pool, with a line for each work: kind and count.
 */
#ifndef BENCH_POOL_PYTHON_H
#define BENCH_POOL_PYTHON_H

/*
 * The program, for bench_peer_open_python, behind a line that sets WORKERS.  Its kinds are apply; rested, which is apply with a
 * pause of 1 ms before each, outside the clock; apply_async; imap_unordered; chunk100, which is imap_unordered in chunks of 100; and
 * end, which closes the pool and waits for its workers.
 */
extern const char pool_python[];

#endif
