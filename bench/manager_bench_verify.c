/* SPDX-License-Identifier: MIT */
/*
 * A search for a factor of a prime by a pool of processes, which look every thousand divisors whether somebody has found one: at a byte of shared memory, or
 * at their copy of a flag of a server, which tells them when it changes.
 */
#include "bench.h"
#include "manager_bench.h"

#include <mproc-net.h>
#include <mproc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME = 64,
	EVERY = 1000,
	DIVISORS = 20000000,
};

static const double TARGET = 1.1;
static const uint64_t PRIME = UINT64_C(100109100129100151);
static const char FLAG[] = "mproc-bench:found";

/* How a worker looks. */
typedef struct piece {
	uint64_t first, count;
	atomic_bool *raw;
} piece;

/* Of a worker. */
static mproc_remote *remote;
static mproc_remote_watch *watch;

static int connect_worker(void *url)
{
	int rc = mproc_remote_connect(url, NULL, mproc_after(10), &remote);

	return rc < 0 ? rc : mproc_remote_watch_open(remote, FLAG, mproc_after(10), &watch);
}

static int disconnect_worker(void *url)
{
	(void)url;
	watch = mproc_remote_watch_close(watch);
	remote = mproc_remote_close(remote);
	return 0;
}

static int is_found(const piece *self)
{
	return self->raw == NULL ? mproc_remote_watch_is_set(watch)
				 : atomic_load_explicit(self->raw, memory_order_relaxed);
}

static int search(const void *item, void *result, mproc_task *task)
{
	piece left = *(const piece *)item;
	int rc = 0;

	(void)task;
	*(uint64_t *)result = 0;
	while (rc == 0 && left.count > 0) {
		for (int i = 0; i < EVERY; ++i, left.first += 2) {
			if (PRIME % left.first == 0)
				*(uint64_t *)result = left.first;
		}
		left.count -= EVERY;
		rc = is_found(&left);
	}
	return rc < 0 ? rc : 0;
}

typedef struct verifier {
	mproc_pool *pool;
	atomic_bool *raw;
	unsigned workers;
} verifier;

static double run(void *self)
{
	const verifier *given = self;
	const uint64_t looks = DIVISORS / given->workers / EVERY, share = looks * EVERY;
	piece pieces[256];
	uint64_t factors[256];
	double start = bench_now();
	int rc;

	for (unsigned i = 0; i < given->workers; ++i)
		pieces[i] = (piece){3 + 2 * share * i, share, given->raw};
	rc = mproc_pool_map(given->pool, search, pieces, sizeof *pieces, given->workers, factors,
		sizeof *factors, &(mproc_map_options){.chunk = 1});
	for (unsigned i = 0; i < given->workers; ++i) {
		if (rc != 0 || factors[i] != 0)
			bench_fail("the search failed: %d, %s", rc, mproc_error_text());
	}
	return bench_now() - start;
}

void manager_bench_verify(const char *name, const char *url)
{
	char copy[4 * NAME], title[NAME];
	verifier raw = {0}, watched = {0};
	bench_contestant contestants[] = {{.run = run, .self = &watched}, {.run = run, .self = &raw}};
	const mproc_pool_options options = {.initializer = connect_worker,
		.finalizer = disconnect_worker,
		.argument = copy,
		.argument_size = sizeof copy};

	snprintf(copy, sizeof copy, "%s", url);
	raw.raw = mproc_calloc(1, sizeof *raw.raw);
	if (raw.raw == NULL || mproc_pool_open(&options, &watched.pool) < 0)
		bench_fail("%s: %s", name, mproc_error_text());
	raw.pool = watched.pool;
	raw.workers = watched.workers = (unsigned)mproc_pool_workers(raw.pool);
	if (raw.workers > sizeof(piece[256]) / sizeof(piece))
		bench_fail("%u workers are more than this was written for", raw.workers);
	bench_contest(contestants, 2);
	snprintf(title, sizeof title, "verify.%s", name);
	bench_print_times(title, &contestants[0], 1e6, "ms");
	snprintf(title, sizeof title, "verify.%s/raw", name);
	bench_print_ratio(title, &contestants[0], &contestants[1], TARGET);
	mproc_pool_close(raw.pool);
	mproc_free(raw.raw);
}
