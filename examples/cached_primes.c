/* SPDX-License-Identifier: MIT */
/*
 * cached_primes - counts primes, slowly; what has been counted once is not counted again.
 *
 * The numbers are cut into ranges, and the count of each range is kept in a cache.  So a second run is done at once, one for more numbers does
 * what is new, and one after a run that was killed does what is missing.  Two runs at the same time share the work.
 */
#include "command.h"
#include "prime.h"

enum {
	RANGE = 100000,
	MOST_WORKERS = 1024,
};

/* To be changed when count_primes counts something else. */
static const uint64_t VERSION = 1;

/* From the first number up to, but not including, the last.  Without padding: each byte is part of the key. */
typedef struct range {
	uint64_t first, last;
} range;

static const char USAGE[] =
	"usage: cached_primes [OPTION]... [DIRECTORY]\n"
	"Counts the primes below a number, and keeps the count of each 100000 numbers in a cache.\n"
	"\n"
	"  DIRECTORY    of the cache; primes-cache by default\n"
	"  --below N    1 to 1000000000; 20000000 by default\n"
	"  --with WAY   pool: the map of a pool, whose option is the cache;\n"
	"               call: one call of mproc_cache_call after the other; pool by default\n"
	"  --workers N  processes of the pool, 1 to 1024; by default one for each usable core\n"
	"  --help       this text\n"
	"\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

static uint64_t count_primes(const range *self)
{
	uint64_t count = 0;

	for (uint64_t number = self->first; number < self->last; ++number)
		count += is_prime(number);
	return count;
}

/* What the cache did: each range was computed or found in it. */
typedef struct report {
	uint64_t primes;
	size_t computed, found;
} report;

/* By a pool. */

static int count_in_worker(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(uint64_t *)result = count_primes(item);
	return 0;
}

/* An item whose result was in the cache was never begun. */
static void add_up(const uint64_t *counts, const mproc_outcome *outcomes, size_t count, report *ret_report)
{
	for (size_t i = 0; i < count; ++i) {
		ret_report->primes += counts[i];
		++*(outcomes[i].attempts > 0 ? &ret_report->computed : &ret_report->found);
	}
}

static int map_ranges(
	mproc_pool *pool, mproc_cache *cache, const range *ranges, size_t count, report *ret_report)
{
	uint64_t *counts = mproc_calloc(count, sizeof *counts);
	mproc_outcome *outcomes = mproc_calloc(count, sizeof *outcomes);
	const mproc_map_options options = {
		.chunk = 1,
		.outcomes = outcomes,
		.cache = cache,
		.cache_function = "count_primes",
		.cache_version = VERSION,
	};
	int failed = 0;

	if (!counts || !outcomes
		|| mproc_pool_map(pool, count_in_worker, ranges, sizeof *ranges, count, counts,
			   sizeof *counts, &options)
			   != 0)
		failed = fail();
	else
		add_up(counts, outcomes, count, ret_report);
	mproc_free(outcomes);
	mproc_free(counts);
	return failed;
}

static int use_pool(
	mproc_cache *cache, const range *ranges, size_t count, unsigned workers, report *ret_report)
{
	mproc_pool *pool;
	int failed;

	if (mproc_pool_open(&(mproc_pool_options){.workers = workers}, &pool) < 0)
		return fail();
	failed = map_ranges(pool, cache, ranges, count, ret_report);
	mproc_pool_close(pool);
	return failed;
}

/* By calls. */

static int count_for_cache(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	uint64_t count = count_primes(arguments);

	(void)size;
	(void)unused;
	return mproc_cache_return(result, &count, sizeof count);
}

static int use_calls(mproc_cache *cache, const range *ranges, size_t count, report *ret_report)
{
	for (size_t i = 0; i < count; ++i) {
		const mproc_cache_key key = {"count_primes", VERSION, &ranges[i], sizeof ranges[i]};
		mproc_cache_value value;

		if (mproc_cache_call(cache, &key, count_for_cache, NULL, MPROC_FOREVER, &value) < 0)
			return fail();
		ret_report->primes += *(const uint64_t *)value.bytes;
		++*(value.origin == MPROC_CACHE_FOUND ? &ret_report->found : &ret_report->computed);
		mproc_cache_value_free(&value);
	}
	return 0;
}

/* Both. */

static int count_below(
	mproc_cache *cache, uint64_t below, const setting *with, unsigned workers, report *ret_report)
{
	size_t count = (size_t)((below + RANGE - 1) / RANGE);
	range *ranges = mproc_calloc(count, sizeof *ranges);
	int failed;

	if (!ranges)
		return fail();
	for (size_t i = 0; i < count; ++i)
		ranges[i] = (range){i * RANGE, (i + 1) * RANGE < below ? (i + 1) * RANGE : below};
	if (strcmp(with->value, "pool") == 0)
		failed = use_pool(cache, ranges, count, workers, ret_report);
	else
		failed = use_calls(cache, ranges, count, ret_report);
	mproc_free(ranges);
	return failed;
}

/* The command line. */

enum {
	BELOW,
	WITH,
	WORKERS,
	SETTINGS
};

static void check_way(const setting *with)
{
	if (strcmp(with->value, "pool") != 0 && strcmp(with->value, "call") != 0)
		refuse(with, "must be pool or call");
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[BELOW] = {"below", "20000000"},
		[WITH] = {"with", "pool"},
		[WORKERS] = {"workers", NULL},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), failed;
	const char *directory = argv[next] ? argv[next] : "primes-cache";
	double start = seconds_now();
	report counted = {0};
	mproc_cache *cache;
	uint64_t below;
	unsigned workers;

	if (argv[next] && argv[next + 1])
		refuse_word(argv[next + 1], "one directory is enough");
	below = whole_number(&settings[BELOW], 1, 1000000000);
	check_way(&settings[WITH]);
	workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, MOST_WORKERS) : 0;
	if (mproc_cache_open(directory, NULL, &cache) < 0)
		return exit_status(fail());
	failed = count_below(cache, below, &settings[WITH], workers, &counted);
	mproc_cache_close(cache);
	if (!failed) {
		printf("primes    %" PRIu64 " below %" PRIu64 "\n", counted.primes, below);
		printf("computed  %zu ranges\n", counted.computed);
		printf("found     %zu ranges\n", counted.found);
		printf("seconds   %.3f\n", seconds_now() - start);
	}
	return exit_status(failed);
}
