/* SPDX-License-Identifier: MIT */
/*
 * manager_bench - what a manager takes for a request, against Redis, both driven by redis-benchmark over a Unix socket; and what a flag that a
 * server keeps costs who looks at it.
 */
#include "manager_bench.h"
#include "bench.h"
#include "redis.h"

#include <mproc-net.h>
#include <mproc.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME = 64,
	/* Requests a turn, when each waits for its answer, and when 16 are on their way. */
	ALONE = 20000,
	PIPELINED = 200000,
};

static const double TARGET = 1.25;

static const char *const tests[] = {"set", "get", "incr", "lpush"};
enum {
	TESTS = sizeof tests / sizeof *tests
};

/* One server, one test. */
typedef struct drive {
	const char *path, *test;
	unsigned count, in_flight;
} drive;

static double run(void *self)
{
	const drive *given = self;

	return bench_redis_drive(given->path, given->test, given->count, given->in_flight);
}

static void compare(const char *ours, const char *redis, const char *test, unsigned in_flight)
{
	const char *suffix = in_flight > 1 ? ".pipelined" : "";
	unsigned count = in_flight > 1 ? PIPELINED : ALONE;
	drive drives[] = {{ours, test, count, in_flight}, {redis, test, count, in_flight}};
	bench_contestant contestants[] = {{.run = run, .self = &drives[0]}, {.run = run, .self = &drives[1]}};
	char name[NAME];

	bench_contest(contestants, 2);
	snprintf(name, sizeof name, "manager.%s%s", test, suffix);
	bench_print_times(name, &contestants[0], 1, "ns");
	snprintf(name, sizeof name, "redis.%s%s", test, suffix);
	bench_print_times(name, &contestants[1], 1, "ns");
	snprintf(name, sizeof name, "manager.%s%s/redis", test, suffix);
	bench_print_ratio(name, &contestants[0], &contestants[1], TARGET);
}

static const char *path_of(const mproc_manager *manager)
{
	return mproc_manager_url(manager) + strlen("unix:");
}

int main(void)
{
	mproc_manager *manager;
	bench_redis *redis;
	char url[2 * NAME];

	if (mproc_manager_start(NULL, &manager) < 0)
		bench_fail("mproc_manager_start: %s", mproc_error_text());
	manager_bench_verify("manager", mproc_manager_url(manager));
	redis = bench_redis_open();
	if (redis == NULL) {
		fprintf(stderr, "redis-server is not installed: nothing to compare with\n");
	} else {
		snprintf(url, sizeof url, "unix:%s", bench_redis_path(redis));
		manager_bench_verify("redis", url);
		for (int i = 0; i < 2 * TESTS; ++i)
			compare(path_of(manager), bench_redis_path(redis), tests[i % TESTS],
				i < TESTS ? 1 : 16);
	}
	bench_redis_close(redis);
	mproc_manager_stop(manager);
	bench_print_others();
	return 0;
}
