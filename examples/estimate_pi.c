/* SPDX-License-Identifier: MIT */
/*
 * estimate_pi - estimates pi by throwing darts: of points in a square, pi out of 4 hit the circle in it.
 *
 * The points are divided into blocks, and a pool works on the blocks.  Where do they take their random
 * numbers from?
 *
 *	own     each block has a stream of its own, the one with its number
 *	shared  all workers draw from one generator, whose lock they take for each point
 *	copied  each worker has a copy of one generator, made by fork: all of them throw the same points
 *
 * The last one is a mistake that is easily made, and not easily seen: the estimate looks like any other.
 */
#include "command.h"
#include "experiment.h"

#include <math.h>

enum {
	MOST_WORKERS = MPROC_BARRIER_PROCESSES_MAX,
	MOST_BLOCKS = 1 << 24,
};

static const uint64_t MOST_POINTS = UINT64_C(1000000000000);

static const char USAGE[] =
	"usage: estimate_pi [OPTION]...\n"
	"Estimates pi by throwing points at a square, and counting those that hit the circle in it.\n"
	"\n"
	"  --points N     how many, 1 to 1000000000000; 10000 by default\n"
	"  --block N      in blocks of at most N, 1 to 1000000000000; 1000 by default\n"
	"  --seed S       of the random numbers, 0 to 18446744073709551615; 1 by default\n"
	"  --workers N    1 to 240; by default one for each usable core\n"
	"  --with NAME    serial   one block after the other, without workers\n"
	"                 threads  a pool of threads\n"
	"                 pool     a pool of processes; the default\n"
	"                 all      one after the other\n"
	"  --random NAME  own      each block has a stream of its own; the default\n"
	"                 shared   all draw from one generator, under a lock\n"
	"                 copied   each worker draws from its copy of one generator, which is wrong; its "
	"block is\n"
	"                          its share of the points.  With pool only\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"With own and shared the estimate depends on points and seed, with own also on the block; on nothing "
	"else.\n"
	"The standard error is what the estimate is off by, typically, when all points are random.  The "
	"seconds are\n"
	"wall time, with opening and closing the pool.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* What the workers share, other than with own. */
typedef struct common {
	/* For shared. */
	mproc_mutex lock; /* of .random */
	mproc_random random;
	/* For copied. */
	mproc_barrier all_are_here;
} common;

typedef struct plan {
	uint64_t points;
	size_t blocks;
	/* The points in a block; what does not divide evenly goes to the first blocks, one point each. */
	uint64_t share, remainder;
	uint64_t seed;
	unsigned workers;
	mproc_backend backend;
	mproc_task_function *throw_block;
	common *common;
} plan;

/* For copied: an ordinary variable, and so a different one in each process. */
static mproc_random inherited;

/* Throwing. */

static bool is_hit(mproc_random *random)
{
	double x = mproc_random_double(random), y = mproc_random_double(random);

	return x * x + y * y < 1;
}

static uint64_t count_hits(mproc_random *random, uint64_t points)
{
	uint64_t hits = 0;

	for (uint64_t i = 0; i < points; ++i)
		hits += is_hit(random);
	return hits;
}

static uint64_t points_in(const plan *self, size_t block)
{
	return self->share + (block < self->remainder);
}

static uint64_t points_of(const mproc_task *task)
{
	return points_in(mproc_task_context(task), mproc_task_index(task));
}

static int throw_with_own(const void *none, void *hits, mproc_task *task)
{
	(void)none;
	*(uint64_t *)hits = count_hits(mproc_task_random(task), points_of(task));
	return 0;
}

/* That the holder of the lock died is no harm: a generator is never half changed. */
static int throw_with_shared(const void *none, void *hits, mproc_task *task)
{
	const plan *self = mproc_task_context(task);
	uint64_t count = 0;

	(void)none;
	for (uint64_t left = points_of(task); left > 0; --left) {
		int rc = mproc_mutex_lock(&self->common->lock, MPROC_FOREVER);

		if (rc < 0)
			return rc;
		count += is_hit(&self->common->random);
		mproc_mutex_unlock(&self->common->lock);
	}
	*(uint64_t *)hits = count;
	return 0;
}

/* They wait for each other, so that no worker does two blocks, and the second one with other numbers. */
static int throw_with_copied(const void *none, void *hits, mproc_task *task)
{
	const plan *self = mproc_task_context(task);
	int rc = mproc_barrier_wait(&self->common->all_are_here, MPROC_FOREVER, NULL);

	(void)none;
	*(uint64_t *)hits = count_hits(&inherited, points_of(task));
	return rc;
}

/* Returns 0, the hits of each block and the seconds they took; or -1 after telling what failed. */
static int throw_all(const plan *self, uint64_t *hits, double *ret_seconds)
{
	const mproc_pool_options pool_options = {
		.workers = self->workers,
		.backend = self->backend,
		.name = "darts",
	};
	const mproc_map_options map_options = {
		.chunk = 1, /* a worker that has two blocks would wait for itself in throw_with_copied */
		.context = self,
		.context_size = sizeof *self,
		.seed = self->seed,
	};
	double start = seconds_now();
	mproc_pool *pool = NULL;
	int rc;

	rc = mproc_pool_open(&pool_options, &pool);
	if (rc == 0)
		rc = mproc_pool_map(
			pool, self->throw_block, NULL, 0, self->blocks, hits, sizeof *hits, &map_options);
	if (rc != 0)
		fail();
	mproc_pool_close(pool);
	*ret_seconds = seconds_now() - start;
	return rc != 0 ? -1 : 0;
}

/* Telling. */

/* Each point adds 0 or 4 with a variance of pi * (4 - pi). */
static double standard_error(uint64_t points)
{
	return sqrt(M_PI * (4 - M_PI) / (double)points);
}

/* All begin with the same numbers, so the points of the largest share are all there are. */
static void print_copies(const plan *self, const uint64_t *hits)
{
	uint64_t different = points_in(self, 0);

	printf("of each worker");
	for (size_t i = 0; i < self->blocks; ++i)
		printf(" %" PRIu64, hits[i]);
	printf("\nOnly %" PRIu64 " of the points are different: the standard error is %.9f.\n", different,
		standard_error(different));
}

static void print_estimate(const plan *self, const uint64_t *hits, double seconds)
{
	uint64_t all = 0;
	double estimate, expected = standard_error(self->points);

	for (size_t i = 0; i < self->blocks; ++i)
		all += hits[i];
	estimate = 4 * (double)all / (double)self->points;
	printf("points         %" PRIu64 " in %zu blocks, seed %" PRIu64 "\n", self->points, self->blocks,
		self->seed);
	printf("hits           %" PRIu64 "\n", all);
	printf("estimate       %.9f\n", estimate);
	printf("error         %+.9f, %.2f standard errors\n", estimate - M_PI,
		fabs(estimate - M_PI) / expected);
	printf("standard error %.9f\n", expected);
	printf("seconds        %.3f\n", seconds);
	if (self->throw_block == throw_with_copied)
		print_copies(self, hits);
}

static int estimate_pi(const plan *self, const char *name)
{
	uint64_t *hits = mproc_calloc(self->blocks, sizeof *hits);
	double seconds;
	int rc;

	if (!hits)
		return fail();
	rc = throw_all(self, hits, &seconds);
	if (rc == 0 && !rows_only)
		print_estimate(self, hits, seconds);
	if (rc == 0)
		print_measurement("estimate_pi", name, seconds, "s", "%" PRIu64, self->points);
	mproc_free(hits);
	return rc;
}

/* The plan. */

static common *close_common(common *self)
{
	if (!self)
		return NULL;
	mproc_barrier_destroy(&self->all_are_here);
	mproc_mutex_destroy(&self->lock);
	mproc_free(self);
	return NULL;
}

static common *open_common(const plan *of)
{
	common *self = mproc_calloc(1, sizeof *self);

	if (!self || mproc_mutex_init(&self->lock, NULL) < 0
		|| mproc_barrier_init(&self->all_are_here, of->workers, NULL) < 0) {
		fail();
		return close_common(self);
	}
	mproc_random_init(&self->random, of->seed, 0);
	inherited = self->random;
	return self;
}

enum {
	POINTS,
	BLOCK,
	SEED,
	WORKERS,
	WITH,
	RANDOM,
	ONLY_ROWS,
	SETTINGS
};

static const struct {
	const char *name;
	mproc_backend backend;
} BACKENDS[] = {
	{"serial", MPROC_BACKEND_SERIAL},
	{"threads", MPROC_BACKEND_THREADS},
	{"pool", MPROC_BACKEND_PROCESSES},
};
enum {
	BACKEND_COUNT = sizeof BACKENDS / sizeof *BACKENDS
};

static mproc_task_function *function_named(const setting *given, const setting *with)
{
	char why[96];

	if (strcmp(given->value, "own") == 0)
		return throw_with_own;
	if (strcmp(given->value, "shared") == 0)
		return throw_with_shared;
	if (strcmp(given->value, "copied") != 0)
		refuse(given, "must be own, shared or copied");
	if (strcmp(with->value, "pool") == 0)
		return throw_with_copied;
	snprintf(why, sizeof why, "needs --with pool, since only processes have copies, not --with %.20s",
		with->value);
	refuse(given, why);
}

static size_t blocks_of(const plan *self, const setting *given)
{
	uint64_t block = whole_number(given, 1, MOST_POINTS);
	uint64_t blocks = (self->points + block - 1) / block;
	char why[96];

	if (self->throw_block == throw_with_copied)
		return self->workers;
	if (blocks <= MOST_BLOCKS)
		return (size_t)blocks;
	snprintf(why, sizeof why, "makes %" PRIu64 " blocks, the most is %d", blocks, MOST_BLOCKS);
	refuse(given, why);
}

static unsigned workers_of(const setting *given)
{
	int cores = mproc_cpu_count(MPROC_CPU_USABLE);

	if (given->value)
		return (unsigned)whole_number(given, 1, MOST_WORKERS);
	return (unsigned)(cores < MOST_WORKERS ? cores : MOST_WORKERS);
}

static plan plan_of(const setting *settings)
{
	plan self = {
		.points = whole_number(&settings[POINTS], 1, MOST_POINTS),
		.seed = whole_number(&settings[SEED], 0, UINT64_MAX),
		.workers = workers_of(&settings[WORKERS]),
		.throw_block = function_named(&settings[RANDOM], &settings[WITH]),
	};

	self.blocks = blocks_of(&self, &settings[BLOCK]);
	self.share = self.points / self.blocks;
	self.remainder = self.points % self.blocks;
	return self;
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[POINTS] = {"points", "10000"},
		[BLOCK] = {"block", "1000"},
		[SEED] = {"seed", "1"},
		[WORKERS] = {"workers", NULL},
		[WITH] = {"with", "pool"},
		[RANDOM] = {"random", "own"},
		[ONLY_ROWS] = ROWS,
	};
	plan all;
	int failed = 0;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	check_name(&settings[WITH], " serial threads pool all ");
	rows_only = is_on(&settings[ONLY_ROWS]);
	all = plan_of(settings);
	for (int i = 0; i < BACKEND_COUNT; ++i) {
		if (!is_asked_for(&settings[WITH], BACKENDS[i].name))
			continue;
		if (strcmp(settings[WITH].value, "all") == 0)
			tell("%s\n", BACKENDS[i].name);
		all.backend = BACKENDS[i].backend;
		all.common = open_common(&all);
		failed |= !all.common || estimate_pi(&all, BACKENDS[i].name) < 0;
		close_common(all.common);
	}
	return exit_status(failed);
}
