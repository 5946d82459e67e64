/* SPDX-License-Identifier: MIT */
/*
 * late_init [give-up] - allocates and starts a process before it calls mproc_init, and then starts itself by
 * spawn.  In that second process main comes this way again.  With "give-up" main ends when what is early fails.
 */
#include <errno.h>
#include <mproc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int return_7(void *unused)
{
	(void)unused;
	puts("function runs");
	return 7;
}

static int tell(const char *what, int rc)
{
	printf("%s: %d %s\n", what, rc, rc < 0 ? mproc_error_text() : "");
	return rc;
}

static int allocate(void)
{
	void *memory = mproc_alloc(1);

	mproc_free(memory);
	return memory ? 0 : -errno;
}

/* Start, join and close.  Returns the exit code, or what start says. */
static int run(mproc_start method, mproc_process_function *function)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process = NULL;
	int rc = mproc_process_start(&options, function, NULL, 0, &process);

	if (rc == 0) {
		mproc_process_join(process, MPROC_FOREVER);
		mproc_process_exit_code(process, &rc);
	}
	mproc_process_close(process);
	return rc;
}

int main(int argc, char *argv[])
{
	bool failed;

	puts("main begins");
	failed = tell("alloc", allocate()) < 0;
	failed |= tell("fork", run(MPROC_START_FORK, do_nothing)) < 0;
	if (failed && argc > 1)
		return EXIT_FAILURE;
	tell("init", mproc_init(argc, argv));
	tell("spawn", run(MPROC_START_SPAWN, return_7));
	return EXIT_SUCCESS;
}
