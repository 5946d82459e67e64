/* SPDX-License-Identifier: MIT */
/*
 * cache_bench - what stored results cost: against joblib.Memory, and against the same with LMDB in place of files; by the number of entries; and
 * whether who asks at the same time computes once.
 */
#include "cache_bench.h"

#include "cache_python.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ENTRIES = 300,
	LARGE = 10 << 20,
};

static const double HIT_TARGET = 0.05;

/* Peers that there are; NULL: not installed. */
typedef struct cache_hall {
	bench_peer *joblib, *lmdb;
} cache_hall;

static char folder[4096];
static pid_t owner;

void cache_expect(int rc, const char *what)
{
	if (rc < 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

mproc_cache *cache_open(const char *name, uint64_t max_bytes)
{
	mproc_cache_options options = {.max_bytes = max_bytes};
	char path[sizeof folder + 32];
	mproc_cache *cache;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	cache_expect(mproc_cache_open(path, &options, &cache), "mproc_cache_open");
	return cache;
}

static int compute(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	uint64_t number;

	(void)size;
	(void)unused;
	memcpy(&number, arguments, sizeof number);
	cache_work_fill(number, mproc_cache_result_room(result, CACHE_SMALL));
	return 0;
}

static void call(mproc_cache *cache, uint64_t number, mproc_cache_origin origin)
{
	mproc_cache_key key = {"function", 1, &number, sizeof number};
	mproc_cache_value value;

	cache_expect(mproc_cache_call(cache, &key, compute, NULL, MPROC_FOREVER, &value), "mproc_cache_call");
	if (value.origin != origin || !cache_work_is_right(number, value.bytes, value.size))
		bench_fail("the result of %llu is wrong, or was not %s", (unsigned long long)number,
			origin == MPROC_CACHE_FOUND ? "found" : "stored");
	mproc_cache_value_free(&value);
}

void cache_fill(mproc_cache *cache, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; ++i)
		call(cache, i, MPROC_CACHE_COMPUTED);
}

static double hit_each(const cache_turn *turn, size_t count)
{
	static uint64_t numbers[CACHE_TURN];
	double began;

	cache_work_draw(numbers, count, turn->entries);
	began = bench_now();
	for (size_t i = 0; i < count; ++i)
		call(turn->cache, numbers[i], MPROC_CACHE_FOUND);
	return bench_now() - began;
}

double cache_run_hits(void *argument)
{
	const cache_turn *turn = argument;

	hit_each(turn, turn->before);
	return hit_each(turn, turn->count) / (double)turn->count;
}

static double run_peer(void *argument)
{
	const cache_peer_turn *turn = argument;
	char order[64];

	snprintf(order, sizeof order, "%s %zu %llu", turn->kind, turn->count,
		(unsigned long long)turn->number);
	return bench_peer_run(turn->peer, order) / (double)turn->count;
}

static double run_puts(void *argument)
{
	static uint64_t fresh = 1000000000;
	const cache_turn *turn = argument;
	double began = bench_now();

	cache_fill(turn->cache, fresh, turn->count);
	fresh += turn->count;
	return (bench_now() - began) / (double)turn->count;
}

static int compute_large(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	(void)arguments;
	(void)size;
	(void)unused;
	memset(mproc_cache_result_room(result, LARGE), 1, LARGE);
	return 0;
}

static double run_large(void *argument)
{
	static const mproc_cache_key key = {.function = "large"};
	const cache_turn *turn = argument;
	double began = bench_now();

	for (size_t i = 0; i < turn->count; ++i) {
		mproc_cache_value value;

		cache_expect(mproc_cache_call(turn->cache, &key, compute_large, NULL, MPROC_FOREVER, &value),
			"mproc_cache_call");
		if (value.size != LARGE || ((const char *)value.bytes)[LARGE - 1] != 1)
			bench_fail("a large result is wrong");
		mproc_cache_value_free(&value);
	}
	return (bench_now() - began) / (double)turn->count;
}

static bench_contestant *join(
	cache_field *field, const char *name, double (*run)(void *turn), const void *turn)
{
	bench_contestant *contestant = &field->contestants[field->count];

	if (field->count == CACHE_FIELD)
		bench_fail("%s: too many contestants", name);
	field->names[field->count++] = name;
	*contestant = (bench_contestant){.run = run, .self = (void *)(uintptr_t)turn};
	return contestant;
}

bench_contestant *cache_join(
	cache_field *field, const char *name, double (*run)(void *turn), const cache_turn *turn)
{
	return join(field, name, run, turn);
}

bench_contestant *cache_join_peer(cache_field *field, const char *name, const cache_peer_turn *turn)
{
	return turn->peer == NULL ? NULL : join(field, name, run_peer, turn);
}

void cache_compete(cache_field *field)
{
	/* One process works alone: others can only slow it down. */
	bench_contest_in_slices(field->contestants, field->count, 0);
	for (size_t i = 0; i < field->count; ++i)
		bench_print_times(field->names[i], &field->contestants[i], 1e3, "us");
}

void cache_compare(
	const char *name, const bench_contestant *ours, const bench_contestant *peer, double target)
{
	if (peer != NULL)
		bench_print_ratio(name, ours, peer, target);
}

static void measure_hits(const cache_hall *hall, mproc_cache *cache, mproc_cache *unbounded)
{
	const cache_turn turn = {cache, 1000, ENTRIES, 500}, unbounded_turn = {unbounded, 1000, ENTRIES, 500};
	const cache_peer_turn joblib_turn = {hall->joblib, "hit", 40, ENTRIES};
	const cache_peer_turn lmdb_turn = {hall->lmdb, "hit", 5000, ENTRIES};
	const bench_contestant *ours, *without, *joblib, *lmdb;
	cache_field field = {0};

	ours = cache_join(&field, "cache.hit", cache_run_hits, &turn);
	joblib = cache_join_peer(&field, "joblib.hit", &joblib_turn);
	without = cache_join(&field, "cache.hit.unbounded", cache_run_hits, &unbounded_turn);
	lmdb = cache_join_peer(&field, "lmdb.hit", &lmdb_turn);
	cache_compete(&field);
	cache_compare("cache.hit/joblib", ours, joblib, HIT_TARGET);
	cache_compare("cache.hit.unbounded/joblib", without, joblib, 0);
	cache_compare("cache.hit/lmdb", ours, lmdb, 0);
	cache_compare("cache.hit.unbounded/lmdb", without, lmdb, 0);
}

static void measure_puts(const cache_hall *hall, mproc_cache *cache)
{
	const cache_turn turn = {.cache = cache, .count = 100};
	const cache_peer_turn joblib_turn = {hall->joblib, "put", 5, 0};
	const cache_peer_turn lmdb_turn = {hall->lmdb, "put", 10, ENTRIES};
	const cache_peer_turn nosync_turn = {hall->lmdb, "put.nosync", 500, ENTRIES};
	const bench_contestant *ours, *joblib, *lmdb, *nosync;
	cache_field field = {0};

	ours = cache_join(&field, "cache.put", run_puts, &turn);
	joblib = cache_join_peer(&field, "joblib.put", &joblib_turn);
	lmdb = cache_join_peer(&field, "lmdb.put", &lmdb_turn);
	nosync = cache_join_peer(&field, "lmdb.put.nosync", &nosync_turn);
	cache_compete(&field);
	cache_compare("cache.put/joblib", ours, joblib, 0);
	cache_compare("cache.put/lmdb", ours, lmdb, 0);
	cache_compare("cache.put/lmdb.nosync", ours, nosync, 0);
}

static bool has_numpy(bench_peer *joblib)
{
	if (joblib == NULL)
		return false;
	if (bench_peer_run(joblib, "has_numpy 0 0") == 1)
		return true;
	fprintf(stderr, "cache.hit.10MiB/joblib.map: numpy is not installed\n");
	return false;
}

static void measure_large(const cache_hall *hall, mproc_cache *cache)
{
	const cache_turn turn = {.cache = cache, .count = 2};
	const cache_peer_turn joblib_turn = {hall->joblib, "large", 1, LARGE};
	const cache_peer_turn map_turn = {has_numpy(hall->joblib) ? hall->joblib : NULL, "map", 2, LARGE};
	const bench_contestant *ours, *joblib, *map;
	cache_field field = {0};

	ours = cache_join(&field, "cache.hit.10MiB", run_large, &turn);
	joblib = cache_join_peer(&field, "joblib.hit.10MiB", &joblib_turn);
	map = cache_join_peer(&field, "joblib.hit.10MiB.map", &map_turn);
	cache_compete(&field);
	cache_compare("cache.hit.10MiB/joblib", ours, joblib, 0);
	cache_compare("cache.hit.10MiB/joblib.map", ours, map, 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static void remove_folder(void)
{
	/* Not by a child that has failed. */
	if (getpid() == owner)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* In what the variable says, or in memory: disks are different, and what is compared writes to it without waiting for it. */
static void make_folder(void)
{
	const char *parent = getenv(CACHE_WORK_VARIABLE);

	if (parent == NULL)
		parent = "/dev/shm";
	snprintf(folder, sizeof folder, "%s/mproc-bench-XXXXXX", parent);
	if (mkdtemp(folder) == NULL)
		bench_fail("%s: %s", folder, strerror(errno));
	owner = getpid();
	atexit(remove_folder);
	/* For the peers. */
	setenv(CACHE_WORK_VARIABLE, folder, 1);
}

static void open_hall(cache_hall *hall)
{
	hall->lmdb = bench_peer_open_if_built("cache_lmdb", 0);
	if (hall->lmdb == NULL)
		fprintf(stderr, "cache.hit/lmdb: not installed\n");
	hall->joblib = bench_peer_open_debian_python(cache_python);
	if (hall->joblib == NULL)
		fprintf(stderr, "cache.hit/joblib: not installed\n");
	else
		run_peer(&(cache_peer_turn){hall->joblib, "fill", 1, ENTRIES});
}

int main(void)
{
	cache_hall hall;
	mproc_cache *cache, *unbounded;

	make_folder();
	open_hall(&hall);
	cache = cache_open("few", 0);
	unbounded = cache_open("few", UINT64_MAX);
	cache_fill(cache, 0, ENTRIES);
	measure_hits(&hall, cache, unbounded);
	measure_puts(&hall, cache);
	measure_large(&hall, cache);
	cache_bench_once();
	hall.joblib = bench_peer_close(hall.joblib);
	cache_bench_million(hall.lmdb);
	hall.lmdb = bench_peer_close(hall.lmdb);
	mproc_cache_close(unbounded);
	mproc_cache_close(cache);
	bench_print_others();
	return 0;
}
