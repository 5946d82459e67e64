/* SPDX-License-Identifier: MIT */
/*
 * find_primes - finds the primes of a range in several ways, and compares how long they take:
 *
 *	serial        one loop
 *	threads       a pool of threads, an item for each number
 *	ranges        a process for each of as many equal ranges as there are workers
 *	pool          a pool of processes, an item for each number
 *	imap          the same, of which only a few are on their way at a time
 *	imap-unordered  the same, in the order in which they are judged
 *	queue         processes that get the numbers from a queue, and put the primes into another
 *	queue-batch   the same, with several messages at once
 *	thread-queue  the same as queue, with threads
 *	manager-queue  through two queues of a manager, in which other programs could take part
 *
 * A number whose worker died is reported and not counted: what is printed is true as far as it goes.  The ways
 * are in find_primes/methods.c, find_primes/queue.c and find_primes/manager_queue.c.
 */
#include "command.h"
#include "experiment.h"
#include "find_primes/search.h"

static const uint64_t MOST_NUMBERS = UINT64_C(1) << 28;

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
	"  --queue-max N  the most messages in each queue, 1 to 4294967295;\n"
	"                 0, the default, lets the library choose\n"
	"  --rounds N     portions in which the numbers are put into the queue, 1 to 4294967295;\n"
	"                 the next when the results of the one before have come; 1 by default\n"
	"  --with NAME    serial        one loop\n"
	"                 threads       a pool of threads, an item for each number\n"
	"                 ranges        as many processes as workers, a range for each\n"
	"                 pool          a pool of processes, an item for each number; the default\n"
	"                 imap          the same as a stream: a few numbers on their way at a time\n"
	"                 imap-unordered  the same, in the order in which they are judged\n"
	"                 queue         processes, a message for each number and for each prime\n"
	"                 queue-batch   the same, 64 messages at a time\n"
	"                 thread-queue  threads, a message for each number and for each prime\n"
	"                 all           one after the other, and check that they agree\n"
	"                 manager-queue  processes, and queues that a manager keeps\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"The seconds are wall time and include what the method needs to begin and to end: opening and\n"
	"closing the pool, starting and joining the processes.  The speed-up is against serial.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for options that make no "
	"sense.\n";

typedef struct method {
	const char *name;
	search_function *function;
	/* It counts up by itself. */
	bool needs_no_numbers;
	/* It takes a server, and is not one of all. */
	bool is_apart;
} method;

static const method METHODS[] = {
	{"serial", search_serially, false, false},
	{"threads", search_with_threads, false, false},
	{"ranges", search_ranges, false, false},
	{"pool", search_with_pool, false, false},
	{"imap", search_with_imap, true, false},
	{"imap-unordered", search_with_imap_unordered, true, false},
	{"queue", search_by_queue, false, false},
	{"queue-batch", search_by_queue_in_batches, false, false},
	{"thread-queue", search_by_queue_of_threads, false, false},
	{"manager-queue", search_by_manager, true, true},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

static void write_numbers(search *self)
{
	for (size_t i = 0; i < self->count; ++i)
		self->numbers[i] = self->from + i;
	self->has_numbers = true;
}

/* Returns 0 when it judged every number as the methods before it did. */
static int run_method(search *self, const method *how)
{
	double start, seconds;
	int rc;

	if (!how->needs_no_numbers && !self->has_numbers)
		write_numbers(self);
	memset(self->verdicts, UNKNOWN, self->count);
	start = seconds_now();
	rc = how->function(self);
	seconds = seconds_now() - start;
	if (rc < 0)
		return complain("%s: %s", how->name, mproc_error_text());
	if (how->function == search_serially)
		self->serial_seconds = seconds;
	if (!rows_only)
		print_row(self, how->name, seconds);
	if (rc == 0)
		print_measurement("find_primes", how->name, seconds, "s", "%zu", self->count);
	return merge_verdicts(self, how->name) != 0 || rc != 0;
}

/* @wanted is a name, or "all". */
static int run_methods(search *self, const char *wanted)
{
	int failed = 0;

	tell("method         seconds  speed-up    primes\n");
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if ((strcmp(wanted, "all") == 0 && !METHODS[i].is_apart)
			|| strcmp(wanted, METHODS[i].name) == 0)
			failed |= run_method(self, &METHODS[i]);
	}
	return failed;
}

static void print_heading(const search *self)
{
	printf("The primes from %" PRIu64 " up to, but not including, %" PRIu64 "; %u workers, ", self->from,
		self->from + self->count, self->workers);
	if (self->chunk == 0)
		printf("automatic chunks");
	else
		printf("chunks of %zu", self->chunk);
	if (self->queue_max > 0)
		printf(", queues of at most %zu", self->queue_max);
	if (self->rounds > 1)
		printf(", %zu rounds", self->rounds);
	printf(".\nSeconds of wall time, with starting and ending the workers.\n\n");
}

static int allocate(search *self)
{
	self->numbers = mproc_alloc(self->count * sizeof *self->numbers);
	self->verdicts = mproc_alloc(self->count * sizeof *self->verdicts);
	self->outcomes = calloc(self->count + 1, sizeof *self->outcomes);
	self->known = calloc(self->count + 1, sizeof *self->known);
	if (self->numbers && self->verdicts && self->outcomes && self->known)
		return 0;
	return complain("no memory for %zu numbers", self->count);
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
	if (!failed && rows_only) {
		failed = run_methods(self, wanted);
	} else if (!failed) {
		print_heading(self);
		failed = run_methods(self, wanted);
		putchar('\n');
		print_primes(self);
		print_memory();
	}
	release(self);
	return failed;
}

/* The command line. */

enum {
	RANGE,
	FROM,
	TO,
	WORKERS,
	CHUNK,
	QUEUE_MAX,
	ROUNDS,
	WITH,
	ONLY_ROWS,
	SETTINGS
};

static void set_range(search *self, uint64_t from, uint64_t to)
{
	self->from = from;
	self->count = (size_t)(to - from);
}

static void set_named_range(search *self, const setting *given)
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
		if (strcmp(given->value, ranges[i].name) == 0) {
			set_range(self, ranges[i].from, ranges[i].to);
			return;
		}
	}
	refuse(given, "must be A, B, C, D or E");
}

static void set_own_range(search *self, const setting *settings)
{
	uint64_t from, to;
	char why[96];

	if (!settings[FROM].value)
		refuse(&settings[TO], "needs --from as well");
	if (!settings[TO].value)
		refuse(&settings[FROM], "needs --to as well");
	if (settings[RANGE].value)
		refuse(&settings[RANGE], "cannot be combined with --from and --to");
	from = whole_number(&settings[FROM], 0, UINT64_MAX);
	to = whole_number(&settings[TO], 0, UINT64_MAX);
	if (from > to) {
		snprintf(why, sizeof why, "must not be above --to, which is %" PRIu64, to);
		refuse(&settings[FROM], why);
	}
	if (to - from > MOST_NUMBERS) {
		snprintf(why, sizeof why, "makes %" PRIu64 " numbers, the most is %" PRIu64, to - from,
			MOST_NUMBERS);
		refuse(&settings[TO], why);
	}
	set_range(self, from, to);
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[RANGE] = {"range", NULL},
		[FROM] = {"from", NULL},
		[TO] = {"to", NULL},
		[WORKERS] = {"workers", NULL},
		[CHUNK] = {"chunk", "0"},
		[QUEUE_MAX] = {"queue-max", "0"},
		[ROUNDS] = {"rounds", "1"},
		[WITH] = {"with", "pool"},
		[ONLY_ROWS] = ROWS,
	};
	search plan = {0};

	/* Whoever started this program may have ignored it; then exit codes of children would be lost. */
	signal(SIGCHLD, SIG_DFL);
	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	check_name(&settings[WITH],
		" serial threads ranges pool imap imap-unordered queue queue-batch thread-queue "
		"manager-queue all ");
	rows_only = is_on(&settings[ONLY_ROWS]);
	if (settings[FROM].value || settings[TO].value) {
		set_own_range(&plan, settings);
	} else {
		settings[RANGE].value = settings[RANGE].value ? settings[RANGE].value : "C";
		set_named_range(&plan, &settings[RANGE]);
	}
	plan.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, MOST_WORKERS)
					       : mproc_cpu_count(MPROC_CPU_USABLE);
	plan.chunk = (size_t)whole_number(&settings[CHUNK], 0, UINT32_MAX);
	plan.queue_max = (size_t)whole_number(&settings[QUEUE_MAX], 0, UINT32_MAX);
	plan.rounds = (size_t)whole_number(&settings[ROUNDS], 1, UINT32_MAX);
	return exit_status(find_primes(&plan, settings[WITH].value));
}
