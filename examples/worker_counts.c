/* SPDX-License-Identifier: MIT */
/*
 * worker_counts - the same work with 1 worker, with 2, and so on up to twice as many as there are logical processors:
 * processes and threads.
 *
 * Python's threads take turns, and gain nothing; here both gain, up to the number of processors, and then nothing more.
 */
#include "command.h"
#include "experiment.h"
#include "prime.h"

enum {
	MOST_WORKERS = 1024,
	MOST_NUMBERS = 1 << 26,
};

static const uint64_t FIRST_NUMBER = 100000000;

static const char USAGE[] =
	"usage: worker_counts [OPTION]...\n"
	"Finds the primes of a range by a pool with 1, 2, 3, … workers.\n"
	"\n"
	"  --numbers N    how many numbers, from 100000000 on, 1 to 67108864; 100000 by default\n"
	"  --most N       the most workers, 1 to 1024; by default two for each logical processor\n"
	"  --with NAME    processes, threads or all, the default\n" ROWS_USAGE "  --help         this text\n"
	"\n"
	"The seconds are wall time, with opening and closing the pool.  The speed-up is against one loop\n"
	"without workers.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* The work: all in shared memory. */
typedef struct work {
	uint64_t *numbers;
	bool *verdicts;
	size_t count;
	/* What the loop without workers found, and how long it took. */
	size_t primes;
	double serial_seconds;
} work;

static int judge(const void *number, void *verdict, mproc_task *task)
{
	(void)task;
	*(bool *)verdict = is_prime(*(const uint64_t *)number);
	return 0;
}

static size_t count_primes(const work *self)
{
	size_t primes = 0;

	for (size_t i = 0; i < self->count; ++i)
		primes += self->verdicts[i];
	return primes;
}

static void work_serially(work *self)
{
	double start = seconds_now();

	for (size_t i = 0; i < self->count; ++i)
		judge(&self->numbers[i], &self->verdicts[i], NULL);
	self->serial_seconds = seconds_now() - start;
	self->primes = count_primes(self);
	tell("%-10s %7s  %s %9.2f\n", "serial", "-", readable_seconds(self->serial_seconds).text, 1.0);
	print_measurement("worker_counts", "serial", self->serial_seconds, "s", "-");
}

/* Returns 0, or -1 after telling what failed. */
static int work_with(work *self, const mproc_pool_options *options, const char *name)
{
	double seconds = -seconds_now();
	mproc_pool *pool;
	int rc;

	show_progress("%u %s …", options->workers, name);
	memset(self->verdicts, 0, self->count * sizeof *self->verdicts);
	if (mproc_pool_open(options, &pool) < 0)
		return fail();
	rc = mproc_pool_map(pool, judge, self->numbers, sizeof *self->numbers, self->count, self->verdicts,
		sizeof *self->verdicts, NULL);
	if (rc != 0)
		fail();
	mproc_pool_close(pool);
	seconds += seconds_now();
	if (rc != 0)
		return -1;
	if (count_primes(self) != self->primes)
		return complain("%u %s found %zu primes instead of %zu", options->workers, name,
			count_primes(self), self->primes);
	tell("%-10s %7u  %s %9.2f\n", name, options->workers, readable_seconds(seconds).text,
		self->serial_seconds / seconds);
	print_measurement("worker_counts", name, seconds, "s", "%u", options->workers);
	return 0;
}

static int work_with_each_count(work *self, mproc_backend backend, const char *name, unsigned most)
{
	int failed = 0;

	for (unsigned workers = 1; workers <= most && !failed; ++workers)
		failed = work_with(self, &(mproc_pool_options){.workers = workers, .backend = backend}, name);
	return failed;
}

static int run(work *self, const setting *with, unsigned most)
{
	int failed = 0;

	for (size_t i = 0; i < self->count; ++i)
		self->numbers[i] = FIRST_NUMBER + i;
	tell("%zu numbers from %" PRIu64 " on; the machine has %u cores, %u logical processors\n\n",
		self->count, FIRST_NUMBER, mproc_cpu_count(MPROC_CPU_PHYSICAL),
		mproc_cpu_count(MPROC_CPU_LOGICAL));
	tell("method     workers      seconds  speed-up\n");
	work_serially(self);
	if (is_asked_for(with, "processes"))
		failed = work_with_each_count(self, MPROC_BACKEND_PROCESSES, "processes", most);
	if (is_asked_for(with, "threads"))
		failed |= work_with_each_count(self, MPROC_BACKEND_THREADS, "threads", most);
	tell("\n%zu primes each time\n", self->primes);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"numbers", "100000"}, {"most", NULL}, {"with", "all"}, ROWS};
	unsigned most = 2 * mproc_cpu_count(MPROC_CPU_LOGICAL);
	work all = {0};
	int failed;

	read_command_line(argc, argv, USAGE, settings, 4);
	all.count = (size_t)whole_number(&settings[0], 1, MOST_NUMBERS);
	if (settings[1].value)
		most = (unsigned)whole_number(&settings[1], 1, MOST_WORKERS);
	check_name(&settings[2], " processes threads all ");
	rows_only = is_on(&settings[3]);

	all.numbers = mproc_alloc(all.count * sizeof *all.numbers);
	all.verdicts = mproc_alloc(all.count * sizeof *all.verdicts);
	failed = all.numbers && all.verdicts ? run(&all, &settings[2], most) : fail();
	mproc_free(all.numbers);
	mproc_free(all.verdicts);
	return exit_status(failed);
}
