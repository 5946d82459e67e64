/* SPDX-License-Identifier: MIT */
/*
 * multi_args - a function of several arguments: an item is a struct of them, so there is no other map for that.
 */
#include "command.h"

static const char USAGE[] = "usage: multi_args\n"
			    "Raises some numbers to some powers, which takes a second each.\n";

typedef struct arguments {
	int64_t base;
	unsigned exponent;
} arguments;

static int power(const void *item, void *result, mproc_task *task)
{
	const arguments *self = item;
	int64_t product = 1;

	(void)task;
	sleep_for(1);
	for (unsigned i = 0; i < self->exponent; ++i)
		product *= self->base;
	*(int64_t *)result = product;
	return 0;
}

static int raise_all(void)
{
	static const arguments values[] = {{2, 2}, {4, 3}, {5, 5}};
	int64_t results[3];
	double start = seconds_now();
	mproc_pool *pool;
	int rc;

	rc = mproc_pool_open(&(mproc_pool_options){.workers = 3}, &pool);
	if (rc < 0)
		return fail();
	rc = mproc_pool_map(pool, power, values, sizeof *values, 3, results, sizeof *results, NULL);
	mproc_pool_close(pool);
	if (rc != 0)
		return fail();
	for (int i = 0; i < 3; ++i)
		printf("%" PRId64 " to the power of %u is %" PRId64 "\n", values[i].base, values[i].exponent,
			results[i]);
	printf("elapsed time: %.3f s\n", seconds_now() - start);
	return 0;
}

int main(int argc, char *argv[])
{
	read_no_options(argc, argv, USAGE);
	return exit_status(raise_all());
}
