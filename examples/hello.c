/* SPDX-License-Identifier: MIT */
/*
 * hello - starts a process, hands it some bytes, waits for its end and asks for its exit code.
 */
#include <mproc.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs in the child, on a copy of the bytes. */
static int greet(void *name)
{
	printf("hello %s\n", (char *)name);
	return 0;
}

int main(void)
{
	mproc_process *process = NULL;
	int code = 0;
	int rc = mproc_process_start(NULL, greet, "bob", 4, &process);

	if (rc == 0)
		rc = mproc_process_join(process, MPROC_FOREVER);
	if (rc == 0)
		rc = mproc_process_exit_code(process, &code);
	if (rc < 0) {
		fprintf(stderr, "hello: %s\n", mproc_error_text());
		return EXIT_FAILURE;
	}
	printf("%s ended with exit code %d\n", mproc_process_name(process), code);
	mproc_process_close(process);
	return EXIT_SUCCESS;
}
