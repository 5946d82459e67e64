/* SPDX-License-Identifier: MIT */
/*
 * counter - thirty processes add 1 to a value that they share.
 */
#include "command.h"

#include <mproc.h>
#include <unistd.h>

enum {
	PROCESSES = 30,
};

static const char USAGE[] = "usage: counter\n"
			    "Thirty processes add 1 to a value that they share, and print it.\n";

static int add_one(void *counter)
{
	int *count = counter;

	usleep(50000); /* until all are there */
	if (mproc_value_lock(count, MPROC_FOREVER) < 0)
		return fail();
	/* The lines come in order, because the lock is held until this one is written. */
	printf("Counter: %d\n", ++*count);
	fflush(stdout);
	return mproc_value_unlock(count) < 0 ? fail() : 0;
}

/* Returns 0 when all processes were started, and ended well. */
static int run_processes(int *counter)
{
	mproc_process *processes[PROCESSES];
	int started = 0, rc = 0;

	while (started < PROCESSES && rc == 0) {
		if (mproc_process_start(NULL, add_one, counter, 0, &processes[started]) < 0)
			rc = fail();
		else
			++started;
	}
	while (started > 0)
		rc |= join_process(processes[--started]);
	return rc;
}

int main(int argc, char *argv[])
{
	int *counter;
	int failed;

	read_no_options(argc, argv, USAGE);
	counter = mproc_value_create(sizeof *counter, NULL);
	if (!counter)
		return exit_status(fail());
	failed = run_processes(counter);
	printf("%d processes counted to %d\n", PROCESSES, *counter);
	if (*counter != PROCESSES)
		failed = complain("%d is not %d", *counter, PROCESSES);
	mproc_value_destroy(counter);
	return exit_status(failed);
}
