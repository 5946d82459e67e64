/* SPDX-License-Identifier: MIT */
/*
 * uneven_work - items whose cost rises, and what chunks make of it.
 *
 * A worker that takes many items at a time takes many expensive ones at the end, and the others wait for it.
 * With smaller chunks, or in a shuffled order, all are busy to the end.
 */
#include "command.h"

enum {
	MOST_WORKERS = 1024,
	MOST_ITEMS = 1000000,
};

typedef struct result {
	uint64_t value;
	/* Of the processor, by which worker. */
	double seconds;
	unsigned worker;
} result;

typedef struct plan {
	size_t items;
	/* Of the first item; the second takes twice as many, the third three times. */
	uint64_t rounds;
	bool shuffle;
	result *results;
} plan;

static const char USAGE[] =
	"usage: uneven_work [OPTION]...\n"
	"Does items whose cost rises from one to the next, in chunks of different sizes.\n"
	"\n"
	"  --items N    1 to 1000000; 1000 by default\n"
	"  --rounds N   of the first item, 1 to 1000000; 1000 by default.  The second takes twice as many, "
	"and so on.\n"
	"  --chunk N    items that a worker takes at a time, 1 to 1000000;\n"
	"               by default several sizes are compared\n"
	"  --shuffle    begin the items in a shuffled order\n"
	"  --workers N  processes, 1 to 1024; by default one for each usable core\n"
	"  --serial     without workers; the sum is the same\n"
	"  --help       this text\n"
	"\n"
	"The busiest worker: its time on the processor, as a multiple of what it were if all had the same.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Done by a worker: the items are nothing but their numbers. */
static int compute(const void *item, void *room, mproc_task *task)
{
	const plan *self = mproc_task_context(task);
	uint64_t number = mproc_task_index(task) + 1, value = number;
	double start = processor_seconds();

	(void)item;
	for (uint64_t round = 0; round < number * self->rounds; ++round)
		value = value * UINT64_C(6364136223846793005) + number;
	*(result *)room = (result){value, processor_seconds() - start, mproc_task_worker(task)};
	return 0;
}

static uint64_t add_up(const plan *self)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < self->items; ++i)
		sum += self->results[i].value;
	return sum;
}

/* How much more the busiest worker has done than if all had done the same. */
static double judge_balance(const plan *self, int workers)
{
	double busy[MOST_WORKERS + 1] = {0}, total = 0, most = 0;

	for (size_t i = 0; i < self->items; ++i) {
		busy[self->results[i].worker] += self->results[i].seconds;
		total += self->results[i].seconds;
	}
	for (int worker = 1; worker <= workers; ++worker)
		most = busy[worker] > most ? busy[worker] : most;
	return most * workers / total;
}

/* Do all items in chunks of @chunk; 0: what the library chooses.  Returns 0 and what came out, or -1. */
static int run(mproc_pool *pool, const plan *self, size_t chunk, uint64_t *ret_sum)
{
	const mproc_map_options options = {
		.chunk = chunk,
		.shuffle = self->shuffle,
		.context = self,
		.context_size = sizeof *self,
	};
	double start = seconds_now();
	char label[32] = "automatic";

	if (mproc_pool_map(
		    pool, compute, NULL, 0, self->items, self->results, sizeof *self->results, &options)
		!= 0)
		return fail();
	if (chunk > 0)
		snprintf(label, sizeof label, "%zu", chunk);
	printf("%9s  %7.3f  %14.2f\n", label, seconds_now() - start,
		judge_balance(self, mproc_pool_workers(pool)));
	*ret_sum = add_up(self);
	return 0;
}

static int compare(mproc_pool *pool, const plan *self, const size_t *chunks, int count)
{
	uint64_t sum = 0, first_sum = 0;

	printf("%zu items%s, workers: %d\n\n", self->items, self->shuffle ? " in a shuffled order" : "",
		mproc_pool_workers(pool));
	printf("    chunk  seconds  busiest worker\n");
	for (int i = 0; i < count; ++i) {
		if (run(pool, self, chunks[i], &sum) < 0)
			return -1;
		first_sum = i == 0 ? sum : first_sum;
		if (sum != first_sum)
			return complain("sum %016" PRIx64 ", and then %016" PRIx64, first_sum, sum);
	}
	printf("\nsum %016" PRIx64 "\n", first_sum);
	return 0;
}

/* Compare @chunk, or if it is 0 equal shares, then smaller chunks, then what the library chooses. */
static int do_uneven_work(mproc_pool *pool, plan *self, size_t chunk)
{
	size_t workers = (size_t)mproc_pool_workers(pool), share = (self->items + workers - 1) / workers;
	const size_t chunks[] = {chunk > 0 ? chunk : share, (share + 7) / 8, 1, 0};
	int failed;

	self->results = mproc_calloc(self->items, sizeof *self->results);
	failed = self->results ? compare(pool, self, chunks, chunk > 0 ? 1 : 4) : fail();
	mproc_free(self->results);
	return failed;
}

/* The command line. */

enum {
	ITEMS,
	ROUNDS,
	CHUNK,
	SHUFFLE,
	WORKERS,
	SERIAL,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[ITEMS] = {"items", "1000"},
		[ROUNDS] = {"rounds", "1000"},
		[CHUNK] = {"chunk", NULL},
		[SHUFFLE] = {"shuffle", OFF},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	mproc_pool_options options = {0};
	mproc_pool *pool;
	plan work = {0};
	size_t chunk;
	int failed;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	work.items = (size_t)whole_number(&settings[ITEMS], 1, MOST_ITEMS);
	work.rounds = whole_number(&settings[ROUNDS], 1, 1000000);
	work.shuffle = is_on(&settings[SHUFFLE]);
	chunk = settings[CHUNK].value ? (size_t)whole_number(&settings[CHUNK], 1, MOST_ITEMS) : 0;
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers =
		settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, MOST_WORKERS) : 0;
	if (mproc_pool_open(&options, &pool) < 0)
		return exit_status(fail());
	failed = do_uneven_work(pool, &work, chunk);
	mproc_pool_close(pool);
	return exit_status(failed);
}
