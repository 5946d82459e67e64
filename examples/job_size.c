/* SPDX-License-Identifier: MIT */
/*
 * job_size - many tiny jobs or few large ones: the same numbers in jobs of different sizes.
 *
 * Each job costs its way to a worker and back, however small it is; but with fewer jobs than workers, some have nothing to
 * do, and with few, some wait for the last one.  In between it hardly matters.
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
	"usage: job_size [OPTION]...\n"
	"Finds the primes of a range, in jobs of so many numbers.\n"
	"\n"
	"  --numbers N    how many numbers, from 100000000 on, 1 to 67108864; 100000 by default\n"
	"  --sizes N,…    numbers in a job, each 1 to 67108864; 1,10,100,1000,10000,100000 by default\n"
	"  --workers N    processes, 1 to 1024; by default one for each usable core\n"
	"  --with NAME    pool   an item for each number, a job is a chunk of them\n"
	"                 queue  a message for each job, and one for the number of primes in it\n"
	"                 all    both; the default\n" ROWS_USAGE "  --help         this text\n"
	"\n"
	"The seconds are wall time, with all workers, without opening the pool; by number they are divided "
	"by\n"
	"the numbers.  The speed-up is against one loop.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* What a message says. */
typedef struct job {
	uint64_t first;
	uint64_t count;
} job;

typedef struct experiment {
	mproc_pool *pool;
	unsigned workers;
	/* In shared memory. */
	uint64_t *numbers;
	bool *verdicts;
	size_t count;
	size_t primes;
	double serial_seconds;
} experiment;

/* What a worker of the queues needs. */
typedef struct queues {
	mproc_queue *jobs;
	mproc_queue *answers;
} queues;

static uint64_t count_primes(job range)
{
	uint64_t primes = 0;

	for (uint64_t i = 0; i < range.count; ++i)
		primes += is_prime(range.first + i);
	return primes;
}

/* The ways return 0 or a negative errno. */

static int judge(const void *number, void *verdict, mproc_task *task)
{
	(void)task;
	*(bool *)verdict = is_prime(*(const uint64_t *)number);
	return 0;
}

static int search_by_pool(const experiment *self, size_t size, uint64_t *ret_primes)
{
	const mproc_map_options options = {.chunk = size};
	int rc = mproc_pool_map(self->pool, judge, self->numbers, sizeof *self->numbers, self->count,
		self->verdicts, sizeof *self->verdicts, &options);

	*ret_primes = 0;
	for (size_t i = 0; i < self->count; ++i)
		*ret_primes += self->verdicts[i];
	return rc;
}

/* What each worker does: one job after the other, until there will be no more. */
static int serve(const void *item, void *result, mproc_task *task)
{
	const queues *self = item;
	job next;
	int rc;

	(void)result, (void)task;
	while ((rc = mproc_queue_get(self->jobs, &next, sizeof next, MPROC_FOREVER, NULL)) == 0) {
		uint64_t primes = count_primes(next);

		rc = mproc_queue_put(self->answers, &primes, sizeof primes, MPROC_FOREVER);
		if (rc < 0)
			return rc;
	}
	return rc == -EPIPE ? 0 : rc;
}

static int put_jobs(const experiment *self, const queues *through, size_t size)
{
	int rc = 0;

	for (size_t done = 0; done < self->count && rc == 0; done += size) {
		size_t left = self->count - done;
		job next = {FIRST_NUMBER + done, left < size ? left : size};

		rc = mproc_queue_put(through->jobs, &next, sizeof next, MPROC_FOREVER);
	}
	return mproc_queue_close(through->jobs) < 0 ? -EIO : rc;
}

/* When all workers have ended, so that nothing more comes. */
static uint64_t add_answers(const queues *through)
{
	uint64_t sum = 0, primes;

	while (mproc_queue_get(through->answers, &primes, sizeof primes, MPROC_NOW, NULL) == 0)
		sum += primes;
	return sum;
}

static int serve_with_all(const experiment *self, const queues *through, size_t size)
{
	mproc_future *futures[MOST_WORKERS];
	unsigned started = 0;
	int rc = 0, ended;

	while (started < self->workers && rc == 0) {
		rc = mproc_pool_submit(
			self->pool, serve, through, sizeof *through, 0, NULL, &futures[started]);
		started += rc == 0;
	}
	ended = put_jobs(self, through, size);
	while (started > 0) {
		rc = rc < 0 ? rc : ended;
		ended = mproc_future_wait(futures[--started], MPROC_FOREVER);
		mproc_future_close(futures[started]);
	}
	return rc < 0 ? rc : ended;
}

static int search_by_queue(const experiment *self, size_t size, uint64_t *ret_primes)
{
	queues through = {0};
	int rc = mproc_queue_create(NULL, &through.jobs);

	if (rc == 0)
		rc = mproc_queue_create(NULL, &through.answers);
	if (rc == 0)
		rc = serve_with_all(self, &through, size);
	if (rc == 0)
		*ret_primes = add_answers(&through);
	mproc_queue_destroy(through.jobs);
	mproc_queue_destroy(through.answers);
	return rc;
}

typedef struct way {
	const char *name;
	int (*search)(const experiment *self, size_t size, uint64_t *ret_primes);
} way;

static const way WAYS[] = {{"pool", search_by_pool}, {"queue", search_by_queue}};

/* The rows. */

static void report(const experiment *self, const char *name, size_t size, double seconds)
{
	double by_number = seconds / (double)self->count;

	tell("%-7s %12zu %9zu  %s  %s %9.2f\n", name, size, (self->count + size - 1) / size,
		readable_seconds(seconds).text, readable_seconds(by_number).text,
		self->serial_seconds / seconds);
	print_measurement("job_size", name, by_number, "s/number", "%zu", size);
}

static void search_serially(experiment *self)
{
	double start = seconds_now();

	self->primes = count_primes((job){FIRST_NUMBER, self->count});
	self->serial_seconds = seconds_now() - start;
	tell("%-7s %12s %9s  %s  %s %9.2f\n", "serial", "-", "-", readable_seconds(self->serial_seconds).text,
		readable_seconds(self->serial_seconds / (double)self->count).text, 1.0);
	print_measurement("job_size", "serial", self->serial_seconds / (double)self->count, "s/number", "-");
}

/* Returns 0, or -1 after telling what failed. */
static int search(const experiment *self, const way *how, size_t size)
{
	double start = seconds_now(), seconds;
	uint64_t primes;
	int rc;

	show_progress("%s, %zu numbers in a job …", how->name, size);
	rc = how->search(self, size, &primes);
	seconds = seconds_now() - start;
	if (rc != 0)
		return fail();
	if (primes != self->primes)
		return complain(
			"%s found %" PRIu64 " primes instead of %zu", how->name, primes, self->primes);
	report(self, how->name, size, seconds);
	return 0;
}

static int run(experiment *self, const setting *with, const number_list *sizes)
{
	int failed = 0;

	for (size_t i = 0; i < self->count; ++i)
		self->numbers[i] = FIRST_NUMBER + i;
	tell("%zu numbers from %" PRIu64 " on, %u workers\n\n", self->count, FIRST_NUMBER, self->workers);
	tell("method  numbers a job      jobs      seconds    by number  speed-up\n");
	search_serially(self);
	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; ++i) {
		for (int k = 0; k < sizes->count && is_asked_for(with, WAYS[i].name); ++k)
			failed |= search(self, &WAYS[i], (size_t)sizes->numbers[k]);
	}
	tell("\n%zu primes each time\n", self->primes);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"numbers", "100000"}, {"sizes", "1,10,100,1000,10000,100000"},
		{"workers", NULL}, {"with", "all"}, ROWS};
	experiment self = {0};
	number_list sizes;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 5);
	self.count = (size_t)whole_number(&settings[0], 1, MOST_NUMBERS);
	sizes = numbers_given(&settings[1], 1, MOST_NUMBERS);
	self.workers = workers_given(&settings[2], MOST_WORKERS);
	check_name(&settings[3], " pool queue all ");
	rows_only = is_on(&settings[4]);

	self.numbers = mproc_alloc(self.count * sizeof *self.numbers);
	self.verdicts = mproc_alloc(self.count * sizeof *self.verdicts);
	failed = !self.numbers || !self.verdicts
		 || mproc_pool_open(&(mproc_pool_options){.workers = self.workers}, &self.pool) < 0;
	failed = failed ? fail() : run(&self, &settings[3], &sizes);
	mproc_pool_close(self.pool);
	mproc_free(self.numbers);
	mproc_free(self.verdicts);
	return exit_status(failed);
}
