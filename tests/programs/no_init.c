/* SPDX-License-Identifier: MIT */
/*
 * no_init - never calls mproc_init, and starts processes as if it had.
 */
#include <mproc.h>
#include <stdio.h>

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static void start_by(mproc_start method)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process;
	int rc = mproc_process_start(&options, do_nothing, NULL, 0, &process);

	printf("start: %d %s\n", rc, mproc_error_text());
}

int main(void)
{
	puts("main begins");
	start_by(MPROC_START_SPAWN);
	start_by(MPROC_START_SERVER);
	return 0;
}
