/* SPDX-License-Identifier: MIT */
/*
 * find_primes - finds the primes of a range in four ways, and compares how long they take:
 *
 *	serial   one loop
 *	threads  a pool of threads, an item for each number
 *	ranges   a process for each of as many equal ranges as there are workers
 *	pool     a pool of processes, an item for each number
 *
 * A number whose worker died is reported and not counted: what is printed is true as far as it goes.
 */
#include "prime.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <mproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t MOST_NUMBERS = UINT64_C(1) << 28;

enum {
	MOST_WORKERS = 1024,
	PRIMES_SHOWN = 10,
	USAGE_ERROR = 2,
};

/* What is known of a number. */
typedef uint8_t verdict;
enum {
	UNKNOWN = 0,
	COMPOSITE = 1,
	PRIME = 2
};

typedef struct search {
	uint64_t from;
	size_t count;
	unsigned workers;
	size_t chunk;

	/* One of each a number.  Numbers and verdicts lie where all processes see them. */
	uint64_t *numbers;
	verdict *verdicts;
	mproc_outcome *outcomes;
	/* What the methods so far have found out together. */
	verdict *known;
	double serial_seconds;
} search;

/* A part of the numbers, for one process. */
typedef struct range {
	const uint64_t *numbers;
	verdict *verdicts;
	size_t count;
} range;

/* Judge all numbers.  Returns 0, MPROC_ITEMS_FAILED after telling which and why, or a negative errno. */
typedef int search_function(search *self);

typedef struct method {
	const char *name;
	search_function *function;
} method;

static const char USAGE[] =
	"usage: find_primes [OPTION]...\n"
	"Finds the primes of a range, by trial division with odd numbers.\n"
	"\n"
	"  --range A...E  a range by name, C by default:\n"
	"                   A     100000000 to    100010000\n"
	"                   B     100000000 to    100100000\n"
	"                   C     100000000 to    101000000\n"
	"                   D    1000000000 to   1000100000\n"
	"                   E  100000000000 to 100000100000\n"
	"  --from N       a range of your own: N is its first number,\n"
	"  --to N         and N is the number after its last\n"
	"  --workers N    processes or threads, 1 to 1024; by default one for each usable core\n"
	"  --chunk N      numbers that a worker of a pool takes at a time, 1 to 4294967295;\n"
	"                 0, the default, lets the library choose\n"
	"  --with NAME    serial   one loop\n"
	"                 threads  a pool of threads, an item for each number\n"
	"                 ranges   as many processes as workers, a range for each\n"
	"                 pool     a pool of processes, an item for each number; the default\n"
	"                 all      one after the other, and check that they agree\n"
	"  --help         this text\n"
	"\n"
	"The seconds are wall time and include what the method needs to begin and to end: opening and\n"
	"closing the pool, starting and joining the processes.  The speed-up is against serial.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for options that make no "
	"sense.\n";

static verdict judge(uint64_t number)
{
	return is_prime(number) ? PRIME : COMPOSITE;
}

static int judge_range(void *argument)
{
	const range *self = argument;

	for (size_t i = 0; i < self->count; ++i)
		self->verdicts[i] = judge(self->numbers[i]);
	return 0;
}

static int judge_item(const void *number, void *result, mproc_task *task)
{
	(void)task;
	*(verdict *)result = judge(*(const uint64_t *)number);
	return 0;
}

static void print_reason(mproc_outcome outcome)
{
	switch (outcome.ending) {
	case MPROC_ENDING_SIGNAL:
		fprintf(stderr, "killed by signal %d (%s)\n", outcome.code, strsignal(outcome.code));
		break;
	case MPROC_ENDING_EXIT:
		fprintf(stderr, "its process ended with exit code %d\n", outcome.code);
		break;
	case MPROC_ENDING_ERROR:
		fprintf(stderr, "%s\n", strerror(-outcome.code));
		break;
	default:
		fprintf(stderr, "not reached\n");
	}
}

static int search_serially(search *self)
{
	return judge_range(&(range){self->numbers, self->verdicts, self->count});
}

static void report_failed_numbers(search *self)
{
	for (size_t i = 0; i < self->count; ++i) {
		if (self->outcomes[i].ending == MPROC_ENDING_VALUE)
			continue;
		self->verdicts[i] = UNKNOWN;
		fprintf(stderr, "failed %" PRIu64 ": ", self->numbers[i]);
		print_reason(self->outcomes[i]);
	}
}

static int search_with(search *self, mproc_backend backend)
{
	const mproc_pool_options pool_options = {
		.workers = self->workers,
		.backend = backend,
		.name = "primes",
	};
	const mproc_map_options map_options = {.chunk = self->chunk, .outcomes = self->outcomes};
	mproc_pool *pool;
	int rc;

	rc = mproc_pool_open(&pool_options, &pool);
	if (rc < 0)
		return rc;
	rc = mproc_pool_map(pool, judge_item, self->numbers, sizeof *self->numbers, self->count,
		self->verdicts, sizeof *self->verdicts, &map_options);
	mproc_pool_close(pool);
	if (rc == MPROC_ITEMS_FAILED)
		report_failed_numbers(self);
	return rc;
}

static int search_with_threads(search *self)
{
	return search_with(self, MPROC_BACKEND_THREADS);
}

static int search_with_pool(search *self)
{
	return search_with(self, MPROC_BACKEND_PROCESSES);
}

/* The range of one worker.  What does not divide evenly goes to the first ones, one number each. */
static range cut_range(const search *self, unsigned worker)
{
	size_t share = self->count / self->workers;
	size_t remainder = self->count % self->workers;
	size_t start = worker * share + (worker < remainder ? worker : remainder);

	return (range){
		.numbers = self->numbers + start,
		.verdicts = self->verdicts + start,
		.count = share + (worker < remainder ? 1 : 0),
	};
}

static int start_range(const search *self, unsigned worker, mproc_process **ret_process)
{
	const range part = cut_range(self, worker);
	char name[32];

	snprintf(name, sizeof name, "range-%u", worker + 1);
	return mproc_process_start(
		&(mproc_process_options){.name = name}, judge_range, &part, sizeof part, ret_process);
}

/* Wait for the process of a range; returns as a search_function does. */
static int join_range(mproc_process *process, range part)
{
	mproc_outcome outcome = {.ending = MPROC_ENDING_EXIT};
	int rc;

	rc = mproc_process_join(process, MPROC_FOREVER);
	if (rc == 0)
		rc = mproc_process_exit_code(process, &outcome.code);
	if (rc < 0 || outcome.code == 0)
		return rc;
	if (outcome.code < 0)
		outcome = (mproc_outcome){MPROC_ENDING_SIGNAL, -outcome.code};
	memset(part.verdicts, UNKNOWN, part.count);
	fprintf(stderr, "failed %" PRIu64 " to %" PRIu64 ": ", part.numbers[0], part.numbers[part.count - 1]);
	print_reason(outcome);
	return MPROC_ITEMS_FAILED;
}

static int search_ranges(search *self)
{
	mproc_process *processes[MOST_WORKERS];
	unsigned needed = self->workers < self->count ? self->workers : (unsigned)self->count;
	unsigned started = 0;
	int rc = 0;

	while (started < needed && rc == 0) {
		rc = start_range(self, started, &processes[started]);
		started += rc == 0 ? 1 : 0;
	}
	for (unsigned worker = 0; worker < started; ++worker) {
		int ended;

		if (rc < 0)
			mproc_process_kill(processes[worker]);
		ended = join_range(processes[worker], cut_range(self, worker));
		if (rc == 0 || (rc > 0 && ended < 0))
			rc = ended;
		mproc_process_close(processes[worker]);
	}
	return rc;
}

static const method METHODS[] = {
	{"serial", search_serially},
	{"threads", search_with_threads},
	{"ranges", search_ranges},
	{"pool", search_with_pool},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t count_verdicts(const search *self, verdict wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < self->count; ++i)
		count += self->verdicts[i] == wanted;
	return count;
}

static void print_row(const search *self, const char *name, double seconds)
{
	size_t unknown = count_verdicts(self, UNKNOWN);

	printf("%-8s %9.3f ", name, seconds);
	if (self->serial_seconds > 0)
		printf("%9.2f", self->serial_seconds / seconds);
	else
		printf("%9s", "-");
	printf(" %9zu", count_verdicts(self, PRIME));
	if (unknown > 0)
		printf("  (%zu failed)", unknown);
	putchar('\n');
	fflush(stdout);
}

/* Add what a method found to what is known.  Returns 0, or 1 after telling where it contradicts. */
static int merge_verdicts(search *self, const char *name)
{
	for (size_t i = 0; i < self->count; ++i) {
		if (self->known[i] == UNKNOWN)
			self->known[i] = self->verdicts[i];
		if (self->verdicts[i] == UNKNOWN || self->verdicts[i] == self->known[i])
			continue;
		fprintf(stderr, "find_primes: %s contradicts the methods before it about %" PRIu64 "\n", name,
			self->numbers[i]);
		return 1;
	}
	return 0;
}

/* Returns 0 when it judged every number as the methods before it did. */
static int run_method(search *self, const method *how)
{
	double start, seconds;
	int rc;

	memset(self->verdicts, UNKNOWN, self->count);
	start = seconds_now();
	rc = how->function(self);
	seconds = seconds_now() - start;
	if (rc < 0) {
		fprintf(stderr, "find_primes: %s: %s\n", how->name, mproc_error_text());
		return 1;
	}
	if (how->function == search_serially)
		self->serial_seconds = seconds;
	print_row(self, how->name, seconds);
	return merge_verdicts(self, how->name) != 0 || rc != 0;
}

/* @wanted is a name, or "all". */
static int run_methods(search *self, const char *wanted)
{
	int failed = 0;

	printf("method     seconds  speed-up    primes\n");
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (strcmp(wanted, "all") == 0 || strcmp(wanted, METHODS[i].name) == 0)
			failed |= run_method(self, &METHODS[i]);
	}
	return failed;
}

/* Print at most ten known primes, beginning with the number at @start. */
static void print_primes(const search *self, const char *label, size_t start)
{
	int shown = 0;

	printf("%-5s", label);
	for (size_t i = start; i < self->count && shown < PRIMES_SHOWN; ++i) {
		if (self->known[i] != PRIME)
			continue;
		printf(" %" PRIu64, self->numbers[i]);
		++shown;
	}
	puts(shown == 0 ? " none" : "");
}

/* Where the last ten known primes begin. */
static size_t find_last_primes(const search *self)
{
	size_t start = self->count;

	for (int left = PRIMES_SHOWN; start > 0 && left > 0;)
		left -= self->known[--start] == PRIME;
	return start;
}

static void print_heading(const search *self)
{
	printf("The primes from %" PRIu64 " up to, but not including, %" PRIu64 "; %u workers, ", self->from,
		self->from + self->count, self->workers);
	if (self->chunk == 0)
		printf("automatic chunks.\n");
	else
		printf("chunks of %zu.\n", self->chunk);
	printf("Seconds of wall time, with starting and ending the workers.\n\n");
}

static int allocate(search *self)
{
	self->numbers = mproc_alloc(self->count * sizeof *self->numbers);
	self->verdicts = mproc_alloc(self->count * sizeof *self->verdicts);
	self->outcomes = calloc(self->count + 1, sizeof *self->outcomes);
	self->known = calloc(self->count + 1, sizeof *self->known);
	if (self->numbers && self->verdicts && self->outcomes && self->known)
		return 0;
	fprintf(stderr, "find_primes: no memory for %zu numbers\n", self->count);
	return 1;
}

static void release(search *self)
{
	mproc_free(self->numbers);
	mproc_free(self->verdicts);
	free(self->outcomes);
	free(self->known);
}

static int find_primes(search *self, const char *wanted)
{
	int failed;

	failed = allocate(self);
	if (!failed) {
		for (size_t i = 0; i < self->count; ++i)
			self->numbers[i] = self->from + i;
		print_heading(self);
		failed = run_methods(self, wanted);
		putchar('\n');
		print_primes(self, "first", 0);
		print_primes(self, "last", find_last_primes(self));
	}
	release(self);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "find_primes: cannot write: %s\n", strerror(errno));
		failed = 1;
	}
	return failed;
}

/* The command line. */

typedef struct settings {
	const char *range;
	const char *from;
	const char *to;
	const char *workers;
	const char *chunk;
	const char *with;
} settings;

static _Noreturn void refuse(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "find_primes: --%s %s: %s\n", option, value, why);
	exit(USAGE_ERROR);
}

static uint64_t parse_number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char why[96];
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && number >= least && number <= most)
		return number;
	snprintf(why, sizeof why, "must be a whole number from %" PRIu64 " to %" PRIu64, least, most);
	refuse(option, text, why);
}

static void set_range(search *self, uint64_t from, uint64_t to)
{
	self->from = from;
	self->count = (size_t)(to - from);
}

static void set_named_range(search *self, const char *name)
{
	static const struct {
		const char *name;
		uint64_t from, to;
	} ranges[] = {
		{"A", 100000000, 100010000},
		{"B", 100000000, 100100000},
		{"C", 100000000, 101000000},
		{"D", 1000000000, 1000100000},
		{"E", 100000000000, 100000100000},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i) {
		if (strcmp(name, ranges[i].name) == 0) {
			set_range(self, ranges[i].from, ranges[i].to);
			return;
		}
	}
	refuse("range", name, "must be A, B, C, D or E");
}

static void set_own_range(search *self, const settings *given)
{
	uint64_t from, to;
	char why[96];

	if (!given->from)
		refuse("to", given->to, "needs --from as well");
	if (!given->to)
		refuse("from", given->from, "needs --to as well");
	if (given->range)
		refuse("range", given->range, "cannot be combined with --from and --to");
	from = parse_number("from", given->from, 0, UINT64_MAX);
	to = parse_number("to", given->to, 0, UINT64_MAX);
	if (from > to) {
		snprintf(why, sizeof why, "must not be above --to, which is %" PRIu64, to);
		refuse("from", given->from, why);
	}
	if (to - from > MOST_NUMBERS) {
		snprintf(why, sizeof why, "makes %" PRIu64 " numbers, the most is %" PRIu64, to - from,
			MOST_NUMBERS);
		refuse("to", given->to, why);
	}
	set_range(self, from, to);
}

static void check_method(const char *name)
{
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (strcmp(name, METHODS[i].name) == 0)
			return;
	}
	if (strcmp(name, "all") != 0)
		refuse("with", name, "must be serial, threads, ranges, pool or all");
}

static settings read_options(int argc, char *argv[])
{
	static const struct option options[] = {
		{"range", required_argument, NULL, 'r'},
		{"from", required_argument, NULL, 'f'},
		{"to", required_argument, NULL, 't'},
		{"workers", required_argument, NULL, 'n'},
		{"chunk", required_argument, NULL, 'c'},
		{"with", required_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	settings given = {.with = "pool"};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			given.range = optarg;
			break;
		case 'f':
			given.from = optarg;
			break;
		case 't':
			given.to = optarg;
			break;
		case 'n':
			given.workers = optarg;
			break;
		case 'c':
			given.chunk = optarg;
			break;
		case 'w':
			given.with = optarg;
			break;
		case 'h':
			fputs(USAGE, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs("find_primes --help tells the options\n", stderr);
			exit(USAGE_ERROR);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "find_primes: %s: not an option\n", argv[optind]);
		exit(USAGE_ERROR);
	}
	return given;
}

int main(int argc, char *argv[])
{
	const settings given = read_options(argc, argv);
	search plan = {0};

	/* It may have been ignored by whoever started this program; then exit codes of children would be lost. */
	signal(SIGCHLD, SIG_DFL);
	check_method(given.with);
	if (given.from || given.to)
		set_own_range(&plan, &given);
	else
		set_named_range(&plan, given.range ? given.range : "C");
	if (given.workers)
		plan.workers = (unsigned)parse_number("workers", given.workers, 1, MOST_WORKERS);
	else
		plan.workers = mproc_cpu_count(MPROC_CPU_USABLE);
	if (given.chunk)
		plan.chunk = (size_t)parse_number("chunk", given.chunk, 0, UINT32_MAX);
	return find_primes(&plan, given.with) ? EXIT_FAILURE : EXIT_SUCCESS;
}
