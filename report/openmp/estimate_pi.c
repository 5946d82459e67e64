/* SPDX-License-Identifier: MIT */
/*
 * estimate_pi - pi by darts, as examples/estimate_pi.c throws them, with threads of OpenMP.  A block of points has the stream of
 * random numbers with its index, from mproc's generator: so the hits are those that mproc counts.
 */
#include "peer.h"

#include <math.h>

static const char USAGE[] = "usage: estimate_pi [OPTION]...\n"
			    "Pi by throwing points at a square, as rows for the report.\n"
			    "\n"
			    "  --points N   how many, 1 to 1000000000000; 10000 by default\n"
			    "  --block N    in blocks of at most N, 1000 by default\n"
			    "  --seed S     of the random numbers, 1 by default\n"
			    "  --workers N  threads, 1 to 1024; by default one for each usable core\n"
			    "  --with NAME  serial, threads or all, the default\n"
			    "  --help       this text\n"
			    "\n"
			    "The seconds are wall time, with starting the threads.\n"
			    "Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

typedef struct plan {
	uint64_t points, blocks, seed;
	unsigned workers;
} plan;

/* What does not divide evenly goes to the first blocks, one point each. */
static uint64_t hits_of_block(const plan *self, uint64_t block)
{
	uint64_t points = self->points / self->blocks + (block < self->points % self->blocks), hits = 0;
	mproc_random random;

	mproc_random_init(&random, self->seed, block);
	for (uint64_t i = 0; i < points; ++i) {
		double x = mproc_random_double(&random), y = mproc_random_double(&random);

		hits += x * x + y * y < 1;
	}
	return hits;
}

static uint64_t throw_serially(const plan *self)
{
	uint64_t hits = 0;

	for (uint64_t block = 0; block < self->blocks; ++block)
		hits += hits_of_block(self, block);
	return hits;
}

static uint64_t throw_with_threads(const plan *self)
{
	uint64_t hits = 0;

#pragma omp parallel for schedule(dynamic) num_threads((int)self->workers) reduction(+ : hits)
	for (uint64_t block = 0; block < self->blocks; ++block)
		hits += hits_of_block(self, block);
	return hits;
}

static const struct way {
	const char *name;
	uint64_t (*throw)(const plan *self);
} WAYS[] = {
	{"serial", throw_serially},
	{"threads", throw_with_threads},
};

static int run_way(const struct way *how, const plan *self)
{
	double start, seconds, off;
	uint64_t hits;

	end_threads();
	start = seconds_now();
	hits = how->throw(self);
	seconds = seconds_now() - start;
	off = fabs(4 * (double)hits / (double)self->points - M_PI)
	      / sqrt(M_PI * (4 - M_PI) / (double)self->points);
	if (off > 5)
		return complain("%s: the estimate is %.1f standard errors off", how->name, off);
	print_row("estimate_pi", how->name, "%" PRIu64, self->points);
	print_value(seconds, "s");
	return 0;
}

enum {
	POINTS,
	BLOCK,
	SEED,
	WORKERS,
	WITH,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[POINTS] = {"points", "10000"},
		[BLOCK] = {"block", "1000"},
		[SEED] = {"seed", "1"},
		[WORKERS] = {"workers", NULL},
		[WITH] = {"with", "all"},
	};
	const uint64_t most = UINT64_C(1000000000000);
	bool is_any = false;
	uint64_t block;
	plan all;
	int failed = 0;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	block = whole_number(&settings[BLOCK], 1, most);
	all.points = whole_number(&settings[POINTS], 1, most);
	all.blocks = (all.points + block - 1) / block;
	all.seed = whole_number(&settings[SEED], 0, UINT64_MAX);
	all.workers = workers_of(&settings[WORKERS]);
	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS && !failed; ++i) {
		if (!is_wanted(&settings[WITH], WAYS[i].name))
			continue;
		is_any = true;
		failed = run_way(&WAYS[i], &all);
	}
	if (!is_any)
		refuse(&settings[WITH], "must be serial, threads or all");
	return exit_status(failed);
}
