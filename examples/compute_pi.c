/* SPDX-License-Identifier: MIT */
/*
 * compute_pi - calculates pi to several numbers of digits, one after the other and then at the same time, by the series of
 * Bailey, Borwein and Plouffe (pi.h).  The workers write the digits into shared memory.
 */
#include "command.h"
#include "experiment.h"
#include "pi.h"

enum {
	MOST_WORKERS = 1024,
};

static const char USAGE[] =
	"usage: compute_pi [OPTION]... [DIGITS]...\n"
	"Calculates pi, first serially, then by a pool of processes with an item for each DIGITS.\n"
	"\n"
	"  DIGITS       how many digits, 1 to 100000, the 3 included; by default 1000 1500 2000\n"
	"  --workers N  processes, 1 to 1024; by default one for each usable core\n"
	"  --rows       print no digits, but a line for each measurement, of five words with tabs between:\n"
	"               experiment, method, digits, seconds, unit\n"
	"  --help       this text\n"
	"\n"
	"The digits are cut off, not rounded.  The seconds are wall time, without opening the pool.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for options that make no "
	"sense.\n";

typedef struct job {
	unsigned digits;
	char *text; /* in shared memory */
} job;

/* What a worker does. */
static int compute(const void *item, void *result, mproc_task *task)
{
	const job *self = item;
	mpfr_t pi;

	(void)result, (void)task;
	mpfr_init2(pi, bits_for(self->digits));
	sum_series(pi, self->digits);
	write_digits(pi, self->digits, self->text);
	mpfr_clear(pi);
	return 0;
}

/* "1000,1500,2000" */
static void print_rows(const char *method, const job *jobs, size_t count, double seconds)
{
	char digits[1024];
	size_t length = 0;

	for (size_t i = 0; i < count && length < sizeof digits; ++i)
		length += (size_t)snprintf(
			digits + length, sizeof digits - length, "%s%u", i > 0 ? "," : "", jobs[i].digits);
	print_measurement("compute_pi", method, seconds, "s", "%s", digits);
}

/* Returns 0, or -1 after telling what failed. */
static int compute_all(mproc_backend backend, unsigned workers, const job *jobs, size_t count)
{
	const mproc_pool_options options = {.backend = backend, .workers = workers, .name = "pi"};
	mproc_pool *pool;
	bool is_serial = backend == MPROC_BACKEND_SERIAL;
	double seconds;
	int rc;

	if (mproc_pool_open(&options, &pool) < 0)
		return fail();
	seconds = -seconds_now();
	rc = mproc_pool_map(pool, compute, jobs, sizeof *jobs, count, NULL, 0, NULL);
	seconds += seconds_now();
	if (rc != 0)
		fail();
	else if (is_serial)
		tell("one after the other: %.4f s\n", seconds);
	else
		tell("with %d workers: %.4f s\n", mproc_pool_workers(pool), seconds);
	if (rc == 0)
		print_rows(is_serial ? "serial" : "pool", jobs, count, seconds);
	mproc_pool_close(pool);
	return rc == 0 ? 0 : -1;
}

static int print_pi(unsigned workers, const job *jobs, size_t count)
{
	if (compute_all(MPROC_BACKEND_SERIAL, 1, jobs, count) < 0)
		return -1;
	if (compute_all(MPROC_BACKEND_PROCESSES, workers, jobs, count) < 0)
		return -1;
	for (size_t i = 0; i < count; ++i)
		tell("%u digits, %u terms: %s\n", jobs[i].digits, series_terms(jobs[i].digits), jobs[i].text);
	return 0;
}

/* The command line. */

static unsigned digits_of(const char *word)
{
	char *end;
	unsigned long number = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end != '\0' || number < 1 || number > MOST_DIGITS)
		refuse_word(word, "must be a whole number from 1 to 100000");
	return (unsigned)number;
}

static int allocate(job *jobs, size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		jobs[i].text = mproc_alloc(jobs[i].digits + TEXT_ROOM);
		if (!jobs[i].text)
			return fail();
	}
	return 0;
}

static int run(unsigned workers, job *jobs, size_t count)
{
	int failed = allocate(jobs, count);

	if (!failed)
		failed = print_pi(workers, jobs, count);
	for (size_t i = 0; i < count; ++i)
		mproc_free(jobs[i].text);
	return failed;
}

int main(int argc, char *argv[])
{
	job by_default[] = {{1000, NULL}, {1500, NULL}, {2000, NULL}}, *jobs;
	setting settings[] = {{"workers", NULL}, ROWS};
	int next = read_settings(argc, argv, USAGE, settings, 2), failed;
	size_t count = (size_t)(argc - next);
	unsigned workers = settings[0].value ? (unsigned)whole_number(&settings[0], 1, MOST_WORKERS) : 0;

	rows_only = is_on(&settings[1]);
	if (count == 0)
		return exit_status(run(workers, by_default, 3));
	jobs = calloc(count, sizeof *jobs);
	if (!jobs)
		return exit_status(complain("no memory for %zu numbers", count));
	for (size_t i = 0; i < count; ++i)
		jobs[i].digits = digits_of(argv[next + (int)i]);
	failed = run(workers, jobs, count);
	free(jobs);
	return exit_status(failed);
}
