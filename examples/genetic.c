/* SPDX-License-Identifier: MIT */
/*
 * genetic - a genetic algorithm looks for the least value of Rastrigin's function, which has a great many
 * valleys: 0 where all genes are 0.
 *
 * Each child of a generation is an item: a worker chooses its parents, mixes and changes their genes, and
 * judges it.  Its random numbers are made of the seed and of the child's number, so the result is the same for
 * any number of workers.
 */
#include "command.h"

#include <math.h>

enum {
	MOST_GENES = 100,
	MOST_CREATURES = 100000,
	/* Of so many, chosen by chance, the best one becomes a parent. */
	CANDIDATES = 3,
};

/* Genes are between -LIMIT and LIMIT. */
static const double LIMIT = 5.12;

typedef struct creature {
	double value;
	double genes[MOST_GENES];
} creature;

/* What all items share: how to make a child, and the parents. */
typedef struct breeding {
	uint64_t seed, generation;
	size_t creatures;
	int genes;
	/* How far a gene changes, as a standard deviation. */
	double change;
	/* In the arena, and the best of them; NULL: the first generation has none. */
	const creature *parents, *best;
} breeding;

static const char USAGE[] =
	"usage: genetic [OPTION]...\n"
	"Looks for the least value of Rastrigin's function, 0, with a genetic algorithm.\n"
	"\n"
	"  --genes N        that a creature has, 1 to 100; 20 by default\n"
	"  --creatures N    in a generation, 2 to 100000; 1000 by default\n"
	"  --generations N  1 to 100000; 300 by default\n"
	"  --seed N         of the random numbers, 0 to 18446744073709551615; 1 by default\n"
	"  --workers N      processes, 1 to 1024; by default one for each usable core\n"
	"  --serial         without workers; the result is the same\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* Rastrigin's function: the lower, the better. */
static double judge(const double *genes, int count)
{
	double value = 10.0 * count;

	for (int i = 0; i < count; ++i)
		value += genes[i] * genes[i] - 10 * cos(2 * M_PI * genes[i]);
	return value;
}

static const creature *choose_parent(const breeding *self, mproc_random *random)
{
	const creature *best = NULL;

	for (int i = 0; i < CANDIDATES; ++i) {
		int64_t which = mproc_random_integer(random, 0, (int64_t)self->creatures - 1);

		if (!best || self->parents[which].value < best->value)
			best = &self->parents[which];
	}
	return best;
}

/* Each gene comes from one of the parents; about one of all is changed. */
static void inherit(const breeding *self, mproc_random *random, double *genes)
{
	const creature *mother = choose_parent(self, random), *father = choose_parent(self, random);

	for (int i = 0; i < self->genes; ++i) {
		genes[i] = mproc_random_double(random) < 0.5 ? mother->genes[i] : father->genes[i];
		if (mproc_random_double(random) * self->genes < 1)
			genes[i] += mproc_random_normal(random, 0, self->change);
		genes[i] = fmax(-LIMIT, fmin(genes[i], LIMIT));
	}
}

static void choose_genes(const breeding *self, mproc_random *random, double *genes)
{
	for (int i = 0; i < self->genes; ++i)
		genes[i] = LIMIT * (2 * mproc_random_double(random) - 1);
}

/* Done by a worker: the items are nothing but their numbers.  The first is the best of the parents. */
static int breed(const void *item, void *result, mproc_task *task)
{
	const breeding *self = mproc_task_context(task);
	creature *child = result;
	mproc_random random;

	(void)item;
	if (self->parents && mproc_task_index(task) == 0) {
		*child = *self->best;
		return 0;
	}
	mproc_random_init(&random, self->seed, self->generation * MOST_CREATURES + mproc_task_index(task));
	if (self->parents)
		inherit(self, &random, child->genes);
	else
		choose_genes(self, &random, child->genes);
	child->value = judge(child->genes, self->genes);
	return 0;
}

static const creature *find_best(const creature *creatures, size_t count)
{
	const creature *best = creatures;

	for (size_t i = 1; i < count; ++i)
		best = creatures[i].value < best->value ? &creatures[i] : best;
	return best;
}

/* After 1, 2, 4, 8 … generations, and after the last. */
static void print_generation(uint64_t number, uint64_t generations, const creature *best)
{
	if ((number & (number - 1)) == 0 || number == generations)
		printf("generation %6" PRIu64 "  best %.12g\n", number, best->value);
}

/* From one generation to the next, in two arrays that take turns.  Returns 0, or -1. */
static int evolve(mproc_pool *pool, breeding *self, uint64_t generations, creature *const arrays[2])
{
	const mproc_map_options options = {.context = self, .context_size = sizeof *self};

	for (self->generation = 0; self->generation < generations; ++self->generation) {
		creature *children = arrays[self->generation % 2];

		/* Large changes in the beginning, small ones in the end. */
		self->change = exp(-8 * (double)self->generation / (double)generations);
		if (mproc_pool_map(
			    pool, breed, NULL, 0, self->creatures, children, sizeof *children, &options)
			!= 0)
			return fail();
		self->parents = children;
		self->best = find_best(children, self->creatures);
		print_generation(self->generation + 1, generations, self->best);
	}
	return 0;
}

static int run(mproc_pool *pool, breeding *self, uint64_t generations)
{
	creature *arrays[] = {
		mproc_calloc(self->creatures, sizeof(creature)),
		mproc_calloc(self->creatures, sizeof(creature)),
	};
	double start = seconds_now();
	int failed = -1;

	if (!arrays[0] || !arrays[1])
		fail();
	else
		failed = evolve(pool, self, generations, arrays);
	if (!failed) {
		printf("workers  %d\n", mproc_pool_workers(pool));
		printf("seconds  %.3f\n", seconds_now() - start);
	}
	mproc_free(arrays[0]);
	mproc_free(arrays[1]);
	return failed;
}

/* The command line. */

enum {
	GENES,
	CREATURES,
	GENERATIONS,
	SEED,
	WORKERS,
	SERIAL,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[GENES] = {"genes", "20"},
		[CREATURES] = {"creatures", "1000"},
		[GENERATIONS] = {"generations", "300"},
		[SEED] = {"seed", "1"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	mproc_pool_options options = {0};
	breeding plan = {0};
	uint64_t generations;
	mproc_pool *pool;
	int failed;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	plan.genes = (int)whole_number(&settings[GENES], 1, MOST_GENES);
	plan.creatures = (size_t)whole_number(&settings[CREATURES], 2, MOST_CREATURES);
	plan.seed = whole_number(&settings[SEED], 0, UINT64_MAX);
	generations = whole_number(&settings[GENERATIONS], 1, 100000);
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	if (mproc_pool_open(&options, &pool) < 0)
		return exit_status(fail());
	failed = run(pool, &plan, generations);
	mproc_pool_close(pool);
	return exit_status(failed);
}
