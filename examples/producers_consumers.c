/* SPDX-License-Identifier: MIT */
#include <mproc.h>
#include <stdio.h>

static int produce(void *queue)
{
	int rc = 0;

	for (long number = 1; number <= 100000 && rc == 0; ++number)
		rc = mproc_queue_put(queue, &number, sizeof number, MPROC_FOREVER);
	return rc;
}

static int consume(void *queue)
{
	long number, sum = 0;

	while (mproc_queue_get(queue, &number, sizeof number, MPROC_FOREVER, NULL) == 0)
		sum += number;
	return printf("%ld\n", sum) < 0; /* closed, and empty */
}

int main(void)
{
	mproc_process *processes[4];
	mproc_queue *queue;
	int rc = mproc_queue_create(NULL, &queue);

	for (int i = 0; i < 4 && rc == 0; ++i)
		rc = mproc_process_start(NULL, i < 2 ? produce : consume, queue, 0, &processes[i]);
	for (int i = 0; i < 2 && rc == 0; ++i)
		rc = mproc_process_join(processes[i], MPROC_FOREVER);
	return rc < 0 || mproc_queue_close(queue) < 0; /* the consumers end of themselves */
}
