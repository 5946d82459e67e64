/* SPDX-License-Identifier: MIT */
#include "../command.h"

#include "memory.h"
#include "ways.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum {
	/* A worker that has not come by then never will. */
	SECONDS_TO_MEET = 60,
};

/* What all items share. */
typedef struct job {
	array array;
	/* Where it is, if it is not the items: in memory that workers have inherited, or in a file. */
	const uint64_t *words;
	char path[PATH_MAX];
	/* In the arena: all wait here for each other before they measure their memory. */
	mproc_barrier *end;
	pid_t caller;
} job;

/* Of one slice. */
typedef struct part {
	uint64_t sum;
	double begin, end;
	size_t memory;
} part;

static size_t size_of(const array *self)
{
	return self->slice * self->workers * sizeof(uint64_t);
}

static void fill(const array *self, uint64_t *words)
{
	for (size_t i = 0; i < self->count; ++i)
		words[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	memset(words + self->count, 0, size_of(self) - self->count * sizeof *words);
}

static uint64_t add_up(const uint64_t *words, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; ++i)
		sum += words[i] ^ words[i] >> 32;
	return sum;
}

int add_serially(const array *self, cost *ret_cost)
{
	double start = seconds_now(), made;
	uint64_t *words = malloc(size_of(self));

	if (!words)
		return complain("no memory for %zu bytes", size_of(self));
	fill(self, words);
	made = seconds_now();
	ret_cost->sum = add_up(words, self->count);
	ret_cost->making = made - start;
	ret_cost->handing_over = 0;
	ret_cost->working = seconds_now() - made;
	ret_cost->memory = memory_of(getpid());
	free(words);
	return 0;
}

/* What the workers do. */

static int add_slice(const uint64_t *words, part *its, mproc_task *task)
{
	const job *shared = mproc_task_context(task);
	int rc;

	its->sum = add_up(words, shared->array.slice);
	its->end = seconds_now();
	rc = mproc_barrier_wait(shared->end, mproc_after(SECONDS_TO_MEET), NULL);
	if (rc < 0)
		return rc;
	mproc_barrier_leave(shared->end);
	its->memory = memory_of(getpid());
	/* The parent of the workers is the pool's nursery. */
	if (mproc_task_index(task) == 0)
		its->memory += memory_of(shared->caller) + memory_of(getppid());
	return 0;
}

/* The item is the slice. */
static int add_item(const void *item, void *result, mproc_task *task)
{
	part *its = result;

	its->begin = seconds_now();
	return add_slice(item, its, task);
}

/* This process is a copy of the caller, and has the array. */
static int add_inherited(const void *item, void *result, mproc_task *task)
{
	const job *shared = mproc_task_context(task);
	part *its = result;

	(void)item;
	its->begin = seconds_now();
	return add_slice(shared->words + mproc_task_index(task) * shared->array.slice, its, task);
}

static int add_mapped(const void *item, void *result, mproc_task *task)
{
	const job *shared = mproc_task_context(task);
	size_t size = shared->array.slice * sizeof(uint64_t);
	part *its = result;
	mproc_mapped_file file;
	int rc;

	(void)item;
	its->begin = seconds_now();
	rc = mproc_map_file(shared->path, mproc_task_index(task) * size, size, NULL, &file);
	if (rc < 0)
		return rc;
	rc = add_slice((const uint64_t *)file.data, its, task);
	mproc_mapped_file_close(&file);
	return rc;
}

/* What the caller does. */

/* Returns 0, or -1 after telling what failed. */
static int begin(const array *self, job *ret_shared)
{
	*ret_shared = (job){.array = *self, .caller = getpid(), .end = mproc_alloc(sizeof(mproc_barrier))};
	if (!ret_shared->end)
		return fail();
	mproc_barrier_init(ret_shared->end, self->workers, NULL);
	return 0;
}

static void end(job *shared)
{
	mproc_barrier_destroy(shared->end);
	mproc_free(shared->end);
}

static mproc_pool *open_pool(const array *self)
{
	const mproc_pool_options options = {.workers = self->workers};
	mproc_pool *pool = NULL;

	if (mproc_pool_open(&options, &pool) < 0)
		fail();
	return pool;
}

/* Have each worker add up a slice.  The array, @items or not, was made in the time from @start to @made. */
static int hand_over(mproc_pool *pool, mproc_task_function *function, const uint64_t *items,
	const job *shared, double start, double made, cost *ret_cost)
{
	const mproc_map_options options = {.chunk = 1, .context = shared, .context_size = sizeof *shared};
	size_t item_size = items ? shared->array.slice * sizeof *items : 0;
	unsigned workers = shared->array.workers;
	part parts[MOST_SLICES];
	double first = 0, last = 0;

	if (mproc_pool_map(pool, function, items, item_size, workers, parts, sizeof *parts, &options) != 0)
		return fail();
	*ret_cost = (cost){.making = made - start};
	for (unsigned i = 0; i < workers; ++i) {
		ret_cost->sum += parts[i].sum;
		ret_cost->memory += parts[i].memory;
		first = i == 0 || parts[i].begin < first ? parts[i].begin : first;
		last = parts[i].end > last ? parts[i].end : last;
	}
	ret_cost->handing_over = first - made;
	ret_cost->working = last - first;
	return 0;
}

/* The array is the items: those in the arena are used where they are, others are copied into it. */
static int add_items(const array *self, uint64_t *words, cost *ret_cost)
{
	mproc_pool *pool = open_pool(self);
	double start = seconds_now();
	job shared;
	int rc = -1;

	if (!words)
		complain("no memory for %zu bytes", size_of(self));
	if (pool && words && begin(self, &shared) == 0) {
		fill(self, words);
		rc = hand_over(pool, add_item, words, &shared, start, seconds_now(), ret_cost);
		end(&shared);
	}
	mproc_pool_close(pool);
	return rc;
}

int add_copies(const array *self, cost *ret_cost)
{
	uint64_t *words = malloc(size_of(self));
	int rc = add_items(self, words, ret_cost);

	free(words);
	return rc;
}

int add_in_arena(const array *self, cost *ret_cost)
{
	uint64_t *words = mproc_alloc(size_of(self));
	int rc = add_items(self, words, ret_cost);

	mproc_free(words);
	return rc;
}

/* Only a pool that is opened when the array is there has it. */
static int add_words(const array *self, uint64_t *words, job *shared, cost *ret_cost)
{
	double start = seconds_now(), made;
	mproc_pool *pool;
	int rc = -1;

	fill(self, words);
	shared->words = words;
	made = seconds_now();
	pool = open_pool(self);
	if (pool)
		rc = hand_over(pool, add_inherited, NULL, shared, start, made, ret_cost);
	mproc_pool_close(pool);
	return rc;
}

int add_forked(const array *self, cost *ret_cost)
{
	uint64_t *words = malloc(size_of(self));
	job shared;
	int rc = -1;

	if (!words)
		return complain("no memory for %zu bytes", size_of(self));
	if (begin(self, &shared) == 0) {
		rc = add_words(self, words, &shared, ret_cost);
		end(&shared);
	}
	free(words);
	return rc;
}

/* Make a file that has the array.  Returns 0, or -1. */
static int write_file(const array *self, char *path, size_t size)
{
	const mproc_map_file_options options = {.access = MPROC_MAP_READ_WRITE, .grow = true};
	const char *folder = getenv("TMPDIR");
	mproc_mapped_file file;
	int fd;

	snprintf(path, size, "%s/big_argument-XXXXXX", folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return complain("%s: %s", path, strerror(errno));
	close(fd);
	if (mproc_map_file(path, 0, size_of(self), &options, &file) < 0) {
		fail();
		unlink(path);
		return -1;
	}
	fill(self, (uint64_t *)file.data);
	mproc_mapped_file_close(&file);
	return 0;
}

int add_from_file(const array *self, cost *ret_cost)
{
	mproc_pool *pool = open_pool(self);
	double start = seconds_now();
	job shared;
	int rc = -1;

	if (pool && begin(self, &shared) == 0) {
		rc = write_file(self, shared.path, sizeof shared.path);
		if (rc == 0) {
			rc = hand_over(pool, add_mapped, NULL, &shared, start, seconds_now(), ret_cost);
			unlink(shared.path);
		}
		end(&shared);
	}
	mproc_pool_close(pool);
	return rc;
}
