/* SPDX-License-Identifier: MIT */
#include "process/init.h"

#include "base/error.h"
#include "process/server.h"
#include "process/spawned.h"
#include "sys/child.h"

#include <errno.h>
#include <mproc/init.h>
#include <stdlib.h>
#include <string.h>

static char **arguments;

char *const *mproci_init_arguments(void)
{
	return arguments;
}

static void discard(char **copy)
{
	for (size_t i = 0; copy != NULL && copy[i] != NULL; ++i)
		free(copy[i]);
	free(copy);
}

/* Programs reorder their arguments, and write over them. */
static char **copy_arguments(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof *copy);

	for (int i = 0; copy != NULL && i < argc; ++i) {
		copy[i] = strdup(argv[i]);
		if (copy[i] == NULL) {
			discard(copy);
			return NULL;
		}
	}
	return copy;
}

static int note_arguments(int argc, char **argv)
{
	if (argv == NULL)
		return mproci_fail(-EINVAL, "argv is NULL");
	if (argc < 1)
		return mproci_fail(-EINVAL, "argc is %d: 1 or more is possible", argc);
	arguments = copy_arguments(argc, argv);
	if (arguments == NULL)
		return mproci_fail(-ENOMEM, "no memory for a copy of %d arguments", argc);
	return 0;
}

int mproc_init(int argc, char **argv)
{
	int rc;

	if (arguments != NULL)
		return 0;
	rc = note_arguments(argc, argv);
	if (rc < 0)
		return rc;
	mproci_spawned_act();
	if (mproci_process_has_threads())
		rc = mproci_fail(
			-EDEADLK, "this process has other threads already: call mproc_init first in main");
	if (rc == 0)
		rc = mproci_server_make(MPROC_START_FORK);
	if (rc < 0) {
		discard(arguments);
		arguments = NULL;
	}
	return rc;
}
