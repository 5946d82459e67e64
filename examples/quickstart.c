/* SPDX-License-Identifier: MIT */
#include <mproc.h>
#include <stdio.h>

/* Halve what is even, triple what is odd and add one: how many steps is it down to 1? */
static int count_steps(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(int *)result = 0;
	for (long n = *(const long *)item; n != 1; ++*(int *)result)
		n = n % 2 == 0 ? n / 2 : 3 * n + 1;
	return 0; /* or a negative errno: this item failed */
}

int main(void)
{
	long numbers[] = {27, 97, 871, 6171, 77031, 837799};
	int steps[6], rc;
	mproc_pool *pool = NULL;

	rc = mproc_pool_open(NULL, &pool); /* one process for each core */
	if (rc == 0)
		rc = mproc_pool_map(
			pool, count_steps, numbers, sizeof *numbers, 6, steps, sizeof *steps, NULL);
	for (int i = 0; rc == 0 && i < 6; ++i)
		printf("%ld: %d steps\n", numbers[i], steps[i]);
	if (rc != 0)
		fprintf(stderr, "%s\n", mproc_error_text());
	mproc_pool_close(pool);
	return rc != 0;
}
