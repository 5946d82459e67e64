/* SPDX-License-Identifier: MIT */
/*
 * logging - two processes and their parent write to one log, to standard error.
 */
#include <mproc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int work(void *part)
{
	mproc_log(MPROC_LOG_INFO, "reading part %d", *(int *)part);
	if (*(int *)part == 2)
		mproc_log(MPROC_LOG_WARNING, "part %d is empty", *(int *)part);
	mproc_log(MPROC_LOG_DEBUG, "this is left out, for the log is at the level of info");
	return 0;
}

int main(void)
{
	mproc_process *processes[2] = {NULL, NULL};
	int rc = mproc_log_to(STDERR_FILENO, MPROC_LOG_INFO);

	for (int part = 1; part <= 2 && rc == 0; ++part)
		rc = mproc_process_start(NULL, work, &part, sizeof part, &processes[part - 1]);
	for (int i = 0; i < 2 && rc == 0; ++i)
		rc = mproc_process_join(processes[i], MPROC_FOREVER);
	if (rc == 0)
		rc = mproc_log(MPROC_LOG_INFO, "all parts are read");
	if (rc < 0) {
		fprintf(stderr, "logging: %s\n", mproc_error_text());
		return EXIT_FAILURE;
	}
	for (int i = 0; i < 2; ++i)
		mproc_process_close(processes[i]);
	return EXIT_SUCCESS;
}
