/* SPDX-License-Identifier: MIT */
/*
 * redis.h - a Redis server of the benchmark's own, and redis-benchmark, Debian's redis-server and redis-tools.
 */
#ifndef BENCH_REDIS_H
#define BENCH_REDIS_H

#include <stdbool.h>

typedef struct bench_redis bench_redis;

/* Start a server that keeps nothing on disk; NULL: it is not installed.  It is killed when the thread that called this ends. */
bench_redis *bench_redis_open(void);

/* Where it listens: the path of its socket, and a port of 127.0.0.1. */
const char *bench_redis_path(const bench_redis *server);
unsigned bench_redis_port(const bench_redis *server);

/* End it, and remove what it has left.  Returns NULL. */
bench_redis *bench_redis_close(bench_redis *server);

/* Have redis-benchmark ask the server at @path for @count times @test, so many at once in flight by each of its clients.  Returns the nanoseconds a request took. */
double bench_redis_drive(const char *path, const char *test, unsigned count, unsigned in_flight);

#endif
