/* SPDX-License-Identifier: MIT */
/*
 * A program that is killed in the middle of a map with a cache, and started again, does what is missing.
 */
#include "pool_helpers.h"

#include <ftw.h>

enum {
	WORKERS = 3,
	ITEMS = 200,
	/* A program that is killed computes so many. */
	SHARE = 40,
	MOST_STARTS = 20,
};

/* What programs share, one after the other. */
typedef struct shared {
	_Atomic int count;
	/* Of the program that is to be killed. */
	int last;
	pid_t program;
} shared;

static shared *all;
static char directory[64];

static int compute(const void *item, void *result, mproc_task *task)
{
	(void)task;
	if (++all->count == all->last)
		kill(all->program, SIGKILL);
	return square(item, result, task);
}

static void map_in_program(mproc_backend backend)
{
	uint64_t items[ITEMS], results[ITEMS];
	mproc_pool *pool = NULL;
	mproc_cache *cache = NULL;

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	assert_ok(mproc_cache_open(directory, NULL, &cache));
	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS, .backend = backend}, &pool));
	assert_ok(mproc_pool_map(pool, compute, items, sizeof *items, ITEMS, results, sizeof *results,
		&(mproc_map_options){.cache = cache, .cache_function = "square", .chunk = 1}));
	for (uint64_t i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(results[i], i * i);
	mproc_pool_close(pool);
	mproc_cache_close(cache);
}

/* Returns whether it came to the end. */
static bool run_program(mproc_backend backend)
{
	pid_t program = fork();
	int status;

	ck_assert_int_ge(program, 0);
	if (program == 0) {
		all->program = getpid();
		all->last = all->count + SHARE;
		map_in_program(backend);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(program, &status, 0), program);
	ck_assert_msg(status == 0 || status == SIGKILL, "status %#x", (unsigned)status);
	return status == 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static void run_until_the_end(mproc_backend backend)
{
	int starts = 1;

	snprintf(directory, sizeof directory, "/tmp/mproc-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	all = share(sizeof *all);
	while (!run_program(backend))
		ck_assert_int_lt(++starts, MOST_STARTS);
	ck_assert_int_ge(starts, 2);
	/* Each of the killed was at an item with each worker, and had stored the others. */
	ck_assert_int_ge(all->count, ITEMS);
	ck_assert_int_le(all->count, ITEMS + starts * WORKERS);
	/* Workers of the last one that was killed may still be ending. */
	ck_assert(run_program(backend));
	munmap(all, sizeof *all);
	while (nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		;
}

START_TEST(a_killed_program_with_processes_goes_on_where_it_was)
{
	run_until_the_end(MPROC_BACKEND_PROCESSES);
}
END_TEST

START_TEST(a_killed_program_with_threads_goes_on_where_it_was)
{
	run_until_the_end(MPROC_BACKEND_THREADS);
}
END_TEST

START_TEST(a_killed_program_that_works_alone_goes_on_where_it_was)
{
	run_until_the_end(MPROC_BACKEND_SERIAL);
}
END_TEST

int main(void)
{
	const TTest *const process_tests[] = {
		a_killed_program_with_processes_goes_on_where_it_was,
		a_killed_program_with_threads_goes_on_where_it_was,
		a_killed_program_that_works_alone_goes_on_where_it_was,
		NULL,
	};
	const TTest *const tests[] = {NULL};
	const support_suite suite = {
		.name = "killed programs with a cache",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
	};

	return support_run_suite(&suite);
}
