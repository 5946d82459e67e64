/* SPDX-License-Identifier: MIT */
/*
 * verify_prime - finds out whether a few large numbers are prime, one after the other, with all workers on one number:
 *
 *	serial      one loop, without workers
 *	naive       each worker divides by its part of the divisors, to the end
 *	less-naive  the same, but small divisors are tried before
 *
 * The others try small divisors first as well, and stop all workers when one has found a factor, by a flag:
 *
 *	event       an event
 *	value       a value with its lock
 *	raw         an atomic byte of shared memory
 *	mmap        an atomic byte of a mapped file
 *	threads     an atomic byte, and the workers are threads
 *	manager     a flag in a manager, which any other program can look at and set
 *	redis       a flag in a Redis server
 *
 * The search is in verify_prime/search.c, the flags are in the files verify_prime/…_flag.c.
 */
#include "command.h"
#include "experiment.h"
#include "verify_prime/search.h"

static const char USAGE[] =
	"usage: verify_prime [OPTION]... [NUMBER]...\n"
	"Finds out whether numbers are prime, by trial division with odd numbers up to the root.\n"
	"\n"
	"  NUMBER       0 to 18446744073709551615; by default three composite numbers and two primes,\n"
	"               of 15 and 18 digits\n"
	"  --with NAME  serial      one loop\n"
	"               naive       a pool of processes, a part of the divisors for each, to the end\n"
	"               less-naive  the same, after small divisors were tried\n"
	"               event       and who finds a factor stops the others by an event; the default\n"
	"               value       likewise, by a value with its lock\n"
	"               raw         likewise, by an atomic byte in shared memory\n"
	"               mmap        likewise, by an atomic byte in a mapped file\n"
	"               threads     likewise, by an atomic byte, with a pool of threads\n"
	"               all         one after the other, and check that they agree\n"
	"               manager     likewise, by a flag that a manager keeps\n"
	"               redis       likewise, by a flag that a Redis server keeps\n"
	"  --workers N  processes or threads, 1 to 1024; by default one for each usable core\n"
	"  --every N    divisors that a worker tries between two looks at the flag,\n"
	"               1 to 4294967295; 1000 by default\n"
	"  --flag HOW   of manager and redis: watch  each worker has a copy; the default\n"
	"                                     poll   each look asks the server\n"
	"  --redis URL  where the Redis server is, redis://127.0.0.1:6379 by default\n"
	"  --rows       print no table, but a line for each measurement, of five words with tabs between:\n"
	"               experiment, method, number, seconds, unit\n"
	"  --help       this text\n"
	"\n"
	"The seconds are wall time, without opening the pool, which serves all numbers.  The speed-up is\n"
	"against serial.  The factor is a true one, not always the same.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for options that make no "
	"sense.\n";

static const uint64_t NUMBERS[] = {
	UINT64_C(112272535095295),
	UINT64_C(100109100129100369),
	UINT64_C(100109100129101027),
	UINT64_C(100109100129100151),
	UINT64_C(100109100129162907),
};
enum {
	NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS
};

typedef struct method {
	const char *name;
	search search;
	mproc_backend backend;
	/* It takes a server, and is not one of all. */
	bool is_apart;
	bool is_wanted;
} method;

/* With processes, unless it says otherwise. */
static method methods[] = {
	{.name = "serial", .backend = MPROC_BACKEND_SERIAL},
	{.name = "naive"},
	{.name = "less-naive", .search = {.is_small_first = true}},
	{.name = "event", .search = {.is_small_first = true, .kind = &EVENT_FLAG}},
	{.name = "value", .search = {.is_small_first = true, .kind = &VALUE_FLAG}},
	{.name = "raw", .search = {.is_small_first = true, .kind = &RAW_FLAG}},
	{.name = "mmap", .search = {.is_small_first = true, .kind = &MAPPED_FLAG}},
	{.name = "threads",
		.search = {.is_small_first = true, .kind = &RAW_FLAG},
		.backend = MPROC_BACKEND_THREADS},
	{.name = "manager", .search = {.is_small_first = true, .kind = &MANAGER_FLAG}, .is_apart = true},
	{.name = "redis", .search = {.is_small_first = true, .kind = &REDIS_FLAG}, .is_apart = true},
};
enum {
	METHOD_COUNT = sizeof methods / sizeof *methods
};

/* What is printed. */

static void print_row(uint64_t number, finding found, const char *name, double seconds, double serial)
{
	static const char *const words[] = {
		[UNDECIDED] = "undecided",
		[NEITHER] = "neither",
		[PRIME] = "prime",
		[COMPOSITE] = "composite",
	};

	printf("%20" PRIu64 " %-9s  %-10s %11.6f ", number, words[found.verdict], name, seconds);
	if (serial > 0)
		printf("%9.2f", serial / seconds);
	else
		printf("%9s", "-");
	if (found.verdict == COMPOSITE)
		printf("  %" PRIu64, found.factor);
	putchar('\n');
	fflush(stdout);
}

/* The methods, each with every number. */

static int run_method(const method *how, uint64_t number, double *serial, finding *ret_finding)
{
	double start = seconds_now(), seconds;
	int rc = verify(&how->search, number, ret_finding);

	seconds = seconds_now() - start;
	if (rc < 0)
		return complain("%s: %s", how->name, mproc_error_text());
	if (how->backend == MPROC_BACKEND_SERIAL)
		*serial = seconds;
	if (!rows_only)
		print_row(number, *ret_finding, how->name, seconds, *serial);
	if (rc == 0)
		print_measurement("verify_prime", how->name, seconds, "s", "%" PRIu64, number);
	return rc;
}

/* Returns 0 when each method finished, and all found the same. */
static int verify_number(uint64_t number)
{
	verdict known = UNDECIDED;
	double serial = 0;
	int failed = 0;

	for (int i = 0; i < METHOD_COUNT; ++i) {
		finding found = {UNDECIDED, 0};

		if (!methods[i].is_wanted)
			continue;
		failed |= run_method(&methods[i], number, &serial, &found);
		if (known == UNDECIDED)
			known = found.verdict;
		if (found.verdict != known && found.verdict != UNDECIDED)
			failed |= complain("%s contradicts the methods before it about %" PRIu64,
				methods[i].name, number);
	}
	return failed;
}

static int verify_numbers(const uint64_t *numbers, int count)
{
	int failed = 0;

	tell("              number verdict    method         seconds  speed-up  factor\n");
	for (int i = 0; i < count; ++i)
		failed |= verify_number(numbers[i]);
	return failed;
}

/* Flags and pools. */

/* They come first: what workers inherit must be there before they are.  Returns 0, or -1 after telling what failed. */
static int create_flags(void)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		search *self = &methods[i].search;

		if (!methods[i].is_wanted || !self->kind)
			continue;
		self->flag = self->kind->create();
		if (!self->flag)
			return -1;
	}
	return 0;
}

static void destroy_flags(void)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (methods[i].search.kind)
			methods[i].search.kind->destroy(methods[i].search.flag);
	}
}

/* Open a pool for all methods that want such a one, and all numbers. */
static int open_pool(mproc_backend backend, unsigned workers, mproc_pool **pool)
{
	const mproc_pool_options options = {.workers = workers, .backend = backend, .name = "verify"};

	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (!methods[i].is_wanted || methods[i].backend != backend)
			continue;
		if (!*pool && mproc_pool_open(&options, pool) < 0)
			return fail();
		methods[i].search.pool = *pool;
	}
	return 0;
}

/* Processes before threads: a process that has threads is not forked. */
static int run(const uint64_t *numbers, int count, unsigned workers)
{
	mproc_pool *processes = NULL, *threads = NULL, *serial = NULL;
	int failed = create_flags();

	if (!failed)
		failed = open_pool(MPROC_BACKEND_PROCESSES, workers, &processes);
	if (!failed)
		failed = open_pool(MPROC_BACKEND_THREADS, workers, &threads);
	if (!failed)
		failed = open_pool(MPROC_BACKEND_SERIAL, 1, &serial);
	if (!failed)
		failed = verify_numbers(numbers, count);
	mproc_pool_close(serial);
	mproc_pool_close(threads);
	mproc_pool_close(processes);
	destroy_flags();
	return failed;
}

/* The command line. */

enum {
	WITH,
	WORKERS,
	EVERY,
	FLAG,
	REDIS,
	ONLY_ROWS,
	SETTINGS
};

static void choose_methods(const setting *with, uint64_t every)
{
	bool is_any = false;

	for (int i = 0; i < METHOD_COUNT; ++i) {
		methods[i].is_wanted = (strcmp(with->value, "all") == 0 && !methods[i].is_apart)
				       || strcmp(with->value, methods[i].name) == 0;
		methods[i].search.every = every;
		is_any |= methods[i].is_wanted;
	}
	if (!is_any)
		refuse(with, "must be serial, naive, less-naive, event, value, raw, mmap, threads, all, "
			     "manager or redis");
}

static void choose_flag(const setting *how, const setting *redis)
{
	remote_flags.is_polled = strcmp(how->value, "poll") == 0;
	if (!remote_flags.is_polled && strcmp(how->value, "watch") != 0)
		refuse(how, "must be watch or poll");
	remote_flags.redis = redis->value;
}

static uint64_t number_of(const char *word)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || errno != 0)
		refuse_word(word, "must be a whole number from 0 to 18446744073709551615");
	return number;
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {[WITH] = {"with", "event"},
		[WORKERS] = {"workers", NULL},
		[EVERY] = {"every", "1000"},
		[FLAG] = {"flag", "watch"},
		[REDIS] = {"redis", "redis://127.0.0.1:6379"},
		[ONLY_ROWS] = ROWS};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS);
	int count = argc - next, failed;
	uint64_t *numbers = calloc((size_t)count + 1, sizeof *numbers);
	unsigned workers;

	if (!numbers)
		return exit_status(complain("no memory for %d numbers", count));
	for (int i = 0; i < count; ++i)
		numbers[i] = number_of(argv[next + i]);
	choose_methods(&settings[WITH], whole_number(&settings[EVERY], 1, UINT32_MAX));
	choose_flag(&settings[FLAG], &settings[REDIS]);
	rows_only = is_on(&settings[ONLY_ROWS]);
	workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, MOST_WORKERS) : 0;
	failed = count > 0 ? run(numbers, count, workers) : run(NUMBERS, NUMBER_COUNT, workers);
	free(numbers);
	return exit_status(failed);
}
