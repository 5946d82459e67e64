/* SPDX-License-Identifier: MIT */
/*
 * compute_pi - pi to several numbers of digits, as examples/compute_pi.c calculates it, with threads of OpenMP.
 */
#include "peer.h"

#include "../../examples/pi.h"

static const char USAGE[] =
	"usage: compute_pi [--workers N] [DIGITS]...\n"
	"Pi by the series of Bailey, Borwein and Plouffe, as rows for the report.\n"
	"\n"
	"  DIGITS       how many digits, 1 to 100000, the 3 included; by default 1000 1500 2000\n"
	"  --workers N  threads, 1 to 1024; by default one for each usable core\n"
	"  --help       this text\n"
	"\n"
	"The seconds are wall time, without starting the threads.\n"
	"Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

typedef struct job {
	unsigned digits;
	char *text;
} job;

static void compute(job *self)
{
	mpfr_t pi;

	mpfr_init2(pi, bits_for(self->digits));
	sum_series(pi, self->digits);
	write_digits(pi, self->digits, self->text);
	mpfr_clear(pi);
}

static void compute_serially(job *jobs, int count, unsigned workers)
{
	(void)workers;
	for (int i = 0; i < count; ++i)
		compute(&jobs[i]);
}

static void compute_with_threads(job *jobs, int count, unsigned workers)
{
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)workers)
	for (int i = 0; i < count; ++i)
		compute(&jobs[i]);
}

/* Returns whether MPFR, which has another way to pi, comes to the same digits. */
static bool is_right(const job *self)
{
	char *text = malloc(self->digits + TEXT_ROOM);
	bool is_same;
	mpfr_t pi;

	mpfr_init2(pi, bits_for(self->digits));
	mpfr_const_pi(pi, MPFR_RNDN);
	if (text)
		write_digits(pi, self->digits, text);
	is_same = text && strcmp(text, self->text) == 0;
	mpfr_clear(pi);
	free(text);
	return is_same;
}

static int run(
	const char *name, void compute_all(job *, int, unsigned), job *jobs, int count, unsigned workers)
{
	double start, seconds;

	start_threads(workers);
	start = seconds_now();
	compute_all(jobs, count, workers);
	seconds = seconds_now() - start;
	for (int i = 0; i < count; ++i) {
		if (!is_right(&jobs[i]))
			return complain("%s: wrong about %u digits", name, jobs[i].digits);
		memset(jobs[i].text, 0, jobs[i].digits + TEXT_ROOM);
	}
	print_row("compute_pi", name, "%u", jobs[0].digits);
	for (int i = 1; i < count; ++i)
		printf(",%u", jobs[i].digits);
	print_value(seconds, "s");
	return 0;
}

static int run_all(job *jobs, int count, unsigned workers)
{
	for (int i = 0; i < count; ++i) {
		jobs[i].text = calloc(jobs[i].digits + TEXT_ROOM, 1);
		if (!jobs[i].text)
			return complain("no memory for %u digits", jobs[i].digits);
	}
	if (run("serial", compute_serially, jobs, count, workers) < 0)
		return -1;
	return run("threads", compute_with_threads, jobs, count, workers);
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"workers", NULL}};
	int next = read_settings(argc, argv, USAGE, settings, 1), count = argc - next, failed;
	job *jobs = calloc((size_t)count + 3, sizeof *jobs);

	if (!jobs)
		return exit_status(complain("no memory for %d numbers", count));
	for (int i = 0; i < count; ++i) {
		setting word = {"digits", argv[next + i]};

		jobs[i].digits = (unsigned)whole_number(&word, 1, MOST_DIGITS);
	}
	for (; next == argc && count < 3; ++count)
		jobs[count].digits = 1000 + 500 * (unsigned)count;
	failed = run_all(jobs, count, workers_of(&settings[0]));
	for (int i = 0; i < count; ++i)
		free(jobs[i].text);
	free(jobs);
	return exit_status(failed);
}
