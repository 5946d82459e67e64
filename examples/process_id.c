/* SPDX-License-Identifier: MIT */
/*
 * process_id - each process has an id of its own, and a parent that started it.
 */
#include "command.h"

#include <mproc.h>

static const char USAGE[] = "usage: process_id [OPTION]...\n"
			    "Main and two processes, one after the other, tell their ids.\n"
			    "\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static void tell_id(const char *what, const mproc_process *process)
{
	say("%s: %d", what, (int)mproc_process_pid(process));
}

static int fun(void *unused)
{
	(void)unused;
	say("--------------------------");
	say("calling fun");
	/* Who started it.  For getppid() that would be the server, with --start server. */
	tell_id("parent process id", mproc_process_parent());
	tell_id("process id", mproc_process_current());
	return 0;
}

int main(int argc, char *argv[])
{
	setting start = {"start", "fork"};
	mproc_process_options options = {0};
	mproc_process *process;
	int failed = 0;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, &start, 1);
	options.start = start_method(&start);

	say("main fun");
	tell_id("process id", mproc_process_current());
	for (int i = 0; i < 2 && !failed; ++i) {
		if (mproc_process_start(&options, fun, NULL, 0, &process) < 0)
			return exit_status(fail());
		failed = join_process(process);
	}
	return exit_status(failed);
}
