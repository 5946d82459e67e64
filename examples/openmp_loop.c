/* SPDX-License-Identifier: MIT */
/*
 * openmp_loop - one loop, three times: on one processor, on threads by a line of OpenMP, and by a pool of processes.
 *
 * When the loop of OpenMP is over its threads are still there, idle, and what has threads is not forked.  GNU's OpenMP ends them when the
 * pool asks it to; LLVM's does not: for that one mproc_init has set aside a small process, which starts the workers then.
 */
#include "command.h"
#include "prime.h"

#include <mproc.h>

enum {
	MOST_NUMBERS = 10000000,
};

static const char USAGE[] =
	"usage: openmp_loop [OPTION]...\n"
	"Finds primes by a loop, by OpenMP, and by a pool of processes.\n"
	"\n"
	"  --first N    the first number, 100000000 by default\n"
	"  --count N    how many numbers, 1 to 10000000; 200000 by default\n"
	"  --workers N  threads and processes, 1 to 256; by default one for each usable core\n"
	"  --help       this text\n";

typedef struct search {
	uint64_t first;
	size_t count;
	int workers;
} search;

static size_t find_serially(const search *self, bool *prime)
{
	size_t found = 0;

	for (size_t i = 0; i < self->count; ++i) {
		prime[i] = is_prime(self->first + i);
		found += prime[i];
	}
	return found;
}

static size_t find_by_openmp(const search *self, bool *prime)
{
	size_t found = 0;

#pragma omp parallel for num_threads(self->workers) schedule(dynamic, 16) reduction(+ : found)
	for (size_t i = 0; i < self->count; ++i) {
		prime[i] = is_prime(self->first + i);
		found += prime[i];
	}
	return found;
}

/* The body of the loop; what it uses of what is around the loop comes as the context. */
static int find_one(const void *none, void *result, mproc_task *task)
{
	const uint64_t *first = mproc_task_context(task);

	(void)none;
	*(bool *)result = is_prime(*first + mproc_task_index(task));
	return 0;
}

/* Returns how many were found, or a negative errno. */
static ssize_t find_by_pool(const search *self, bool *prime)
{
	const mproc_pool_options pool_options = {.workers = (unsigned)self->workers};
	const mproc_map_options options = {
		.chunk = 16, .context = &self->first, .context_size = sizeof self->first};
	ssize_t found = 0;
	mproc_pool *pool;
	int rc = mproc_pool_open(&pool_options, &pool);

	if (rc < 0)
		return fail();
	rc = mproc_pool_map(pool, find_one, NULL, 0, self->count, prime, sizeof *prime, &options);
	mproc_pool_close(pool);
	if (rc != 0)
		return fail();
	for (size_t i = 0; i < self->count; ++i)
		found += prime[i];
	return found;
}

static void print(const char *way, ssize_t found, double seconds)
{
	say("%-8s  %zd primes  %.3f s", way, found, seconds);
}

static int compare(const search *self, bool *prime)
{
	double start = seconds_now(), behind;
	size_t serial = find_serially(self, prime), openmp;
	ssize_t pool;

	behind = seconds_now();
	print("one loop", (ssize_t)serial, behind - start);
	start = behind;
	openmp = find_by_openmp(self, prime);
	behind = seconds_now();
	print("OpenMP", (ssize_t)openmp, behind - start);
	memset(prime, 0, self->count);
	start = seconds_now();
	pool = find_by_pool(self, prime);
	if (pool < 0)
		return -1;
	print("pool", pool, seconds_now() - start);
	return openmp == serial && (size_t)pool == serial ? 0 : complain("they do not agree");
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"first", "100000000"}, {"count", "200000"}, {"workers", "0"}};
	search self;
	bool *prime;
	int failed;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	self.first = whole_number(&settings[0], 0, 1000000000000);
	self.count = whole_number(&settings[1], 1, MOST_NUMBERS);
	self.workers = (int)whole_number(&settings[2], 0, 256);
	if (self.workers == 0)
		self.workers = (int)mproc_cpu_count(MPROC_CPU_USABLE);
	prime = mproc_calloc(self.count, sizeof *prime);
	if (!prime)
		return exit_status(fail());
	failed = compare(&self, prime);
	mproc_free(prime);
	return exit_status(failed);
}
