/* SPDX-License-Identifier: MIT */
/*
 * simple - starts a process and hands it a name.
 */
#include "command.h"

#include <mproc.h>

static const char USAGE[] = "usage: simple [OPTION]...\n"
			    "A process greets Peter.\n"
			    "\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

/* Runs in the child, on a copy of the bytes. */
static int fun(void *name)
{
	say("hello %s", (char *)name);
	return 0;
}

int main(int argc, char *argv[])
{
	setting start = {"start", "fork"};
	mproc_process_options options = {0};
	mproc_process *process;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, &start, 1);
	options.start = start_method(&start);
	if (mproc_process_start(&options, fun, "Peter", sizeof "Peter", &process) < 0)
		return exit_status(fail());
	/* When main ends, the library waits for the child. */
	return exit_status(0);
}
