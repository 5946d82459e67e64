/* SPDX-License-Identifier: MIT */
/*
 * multiple_functions - different functions in one pool, each with arguments that are captured when it is submitted.
 */
#include "command.h"

static const char USAGE[] = "usage: multiple_functions\n"
			    "Has workers increment, decrement and add.\n";

static int increment(const void *argument, void *result, mproc_task *task)
{
	(void)task;
	*(int *)result = *(const int *)argument + 1;
	return 0;
}

static int decrement(const void *argument, void *result, mproc_task *task)
{
	(void)task;
	*(int *)result = *(const int *)argument - 1;
	return 0;
}

static int add(const void *argument, void *result, mproc_task *task)
{
	const int *terms = argument;

	(void)task;
	*(int *)result = terms[0] + terms[1];
	return 0;
}

/* A function with its arguments: what Python calls partial. */
typedef struct call {
	mproc_task_function *function;
	int arguments[2];
	size_t size;
} call;

static int print_result(mproc_future *future)
{
	const void *result;

	if (mproc_future_get(future, MPROC_FOREVER, &result, NULL) != 0)
		return fail();
	printf("%d\n", *(const int *)result);
	return 0;
}

static int run_all(mproc_pool *pool)
{
	static const call calls[] = {
		{increment, {4}, sizeof(int)},
		{decrement, {2}, sizeof(int)},
		{add, {3, 4}, 2 * sizeof(int)},
	};
	mproc_future *futures[3] = {NULL};
	int failed = 0;

	for (int i = 0; i < 3 && !failed; ++i) {
		const call *next = &calls[i];

		if (mproc_pool_submit(
			    pool, next->function, next->arguments, next->size, sizeof(int), NULL, &futures[i])
			< 0)
			failed = fail();
	}
	for (int i = 0; i < 3; ++i) {
		if (!failed)
			failed = print_result(futures[i]);
		mproc_future_close(futures[i]);
	}
	return failed;
}

int main(int argc, char *argv[])
{
	mproc_pool *pool;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_pool_open(NULL, &pool) < 0)
		return exit_status(fail());
	failed = run_all(pool);
	mproc_pool_close(pool);
	return exit_status(failed);
}
