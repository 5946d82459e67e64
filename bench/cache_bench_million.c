/* SPDX-License-Identifier: MIT */
#include "cache_bench.h"
#include "partner.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THOUSAND = 1000,
	MILLION = 1000000,
	FILLERS = 2,
	HITS = 500,
	/* Of a thousand, so that all of them are warm, as many of the million cannot be. */
	HITS_BEFORE = 2000,
	LMDB_FEW_HITS = 5000,
	LMDB_HITS = 1000,
};

static const double SIZE_TARGET = 2, OPEN_TARGET = 100;
static const unsigned long long ROOM = 8ULL << 30;

/* Bytes; a directory in memory takes them from the same, and otherwise they keep what is read. */
static unsigned long long available_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kilobytes = 0;
	char line[128];

	if (file == NULL)
		return 0;
	while (kilobytes == 0 && fgets(line, sizeof line, file) != NULL)
		sscanf(line, "MemAvailable: %llu kB", &kilobytes);
	fclose(file);
	return kilobytes * 1024;
}

static bool has_room(void)
{
	struct statvfs status;

	if (statvfs(cache_work_folder(), &status) < 0)
		return false;
	/* Some file systems have no number of files that they end at. */
	return available_memory() >= ROOM && (unsigned long long)status.f_bavail * status.f_frsize >= ROOM
	       && (status.f_files == 0 || status.f_favail > MILLION + MILLION / 10);
}

static _Noreturn void fill_part(int part)
{
	mproc_cache *cache = cache_open("million", UINT64_MAX);

	cache_fill(cache, (uint64_t)part * (MILLION / FILLERS), MILLION / FILLERS);
	mproc_cache_close(cache);
	_exit(EXIT_SUCCESS);
}

/* By processes that compute at the same time. */
static void fill_million(void)
{
	double began = bench_now();
	pid_t pids[FILLERS];
	int status;

	for (int i = 0; i < FILLERS; ++i) {
		pids[i] = bench_fork();
		if (pids[i] == 0)
			fill_part(i);
	}
	for (int i = 0; i < FILLERS; ++i) {
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			bench_fail("million: a process that fills has failed");
	}
	bench_print("cache.fill.1e6", (bench_now() - began) / MILLION / 1e3, "us");
}

static double run_open(void *unused)
{
	double began = bench_now(), took;
	mproc_cache *cache = cache_open("million", 0);

	(void)unused;
	took = bench_now() - began;
	mproc_cache_close(cache);
	return took;
}

static void measure_open(void)
{
	bench_contestant opening = {.run = run_open};
	double median;

	bench_contest(&opening, 1);
	median = bench_print_times("cache.open.1e6", &opening, 1e6, "ms");
	bench_print_target("cache.open.1e6", median, OPEN_TARGET, "ms");
}

/* The same calls among a thousand and among a million. */
static void measure_hits(uint64_t max_bytes, const char *few_name, const char *many_name, const char *ratio)
{
	mproc_cache *few_cache = cache_open("thousand", max_bytes), *cache = cache_open("million", max_bytes);
	const cache_turn few_turn = {few_cache, HITS, THOUSAND, HITS_BEFORE},
			 turn = {cache, HITS, MILLION, 0};
	const bench_contestant *few, *many;
	cache_field field = {0};

	few = cache_join(&field, few_name, cache_run_hits, &few_turn);
	many = cache_join(&field, many_name, cache_run_hits, &turn);
	cache_compete(&field);
	cache_compare(ratio, many, few, SIZE_TARGET);
	mproc_cache_close(cache);
	mproc_cache_close(few_cache);
}

static void measure_lmdb(bench_peer *lmdb)
{
	const cache_peer_turn few_turn = {lmdb, "hit", LMDB_FEW_HITS, THOUSAND},
			      turn = {lmdb, "hit", LMDB_HITS, MILLION};
	const bench_contestant *few, *many;
	cache_field field = {0};
	char order[32];

	if (lmdb == NULL)
		return;
	snprintf(order, sizeof order, "weigh 0 %d", MILLION);
	bench_print("lmdb.disk", bench_peer_run(lmdb, order), "bytes");
	few = cache_join_peer(&field, "lmdb.hit.1e3", &few_turn);
	many = cache_join_peer(&field, "lmdb.hit.1e6", &turn);
	cache_compete(&field);
	cache_compare("lmdb.hit.1e6/1e3", many, few, 0);
}

/* What an entry takes on the disk, and what its removal costs. */
static void measure_clear(void)
{
	mproc_cache *cache = cache_open("million", UINT64_MAX);
	mproc_cache_usage usage;
	double began;

	cache_expect(mproc_cache_stats(cache, &usage), "mproc_cache_stats");
	if (usage.entries != MILLION)
		bench_fail("%llu entries and not a million", (unsigned long long)usage.entries);
	bench_print("cache.disk", (double)usage.bytes / MILLION, "bytes");
	began = bench_now();
	cache_expect(mproc_cache_clear(cache), "mproc_cache_clear");
	bench_print("cache.clear.1e6", (bench_now() - began) / MILLION / 1e3, "us");
	mproc_cache_close(cache);
}

void cache_bench_million(bench_peer *lmdb)
{
	mproc_cache *few;

	if (!has_room()) {
		fprintf(stderr, "cache.hit.1e6/1e3: left out, less than 8 GiB of memory or of room in %s\n",
			cache_work_folder());
		return;
	}
	few = cache_open("thousand", 0);
	cache_fill(few, 0, THOUSAND);
	mproc_cache_close(few);
	fill_million();
	measure_open();
	measure_hits(0, "cache.hit.1e3", "cache.hit.1e6", "cache.hit.1e6/1e3");
	measure_hits(UINT64_MAX, "cache.hit.unbounded.1e3", "cache.hit.unbounded.1e6",
		"cache.hit.unbounded.1e6/1e3");
	measure_lmdb(lmdb);
	measure_clear();
}
