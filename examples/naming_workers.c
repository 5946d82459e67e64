/* SPDX-License-Identifier: MIT */
/*
 * naming_workers - two processes that are given a name, and one that is not.
 */
#include "command.h"

#include <mproc.h>

static const char USAGE[] = "usage: naming_workers [OPTION]...\n"
			    "Three processes tell their names.\n"
			    "\n"
			    "  --seconds S   how long the workers sleep, 0 to 3600; 2 by default;\n"
			    "                the service sleeps half as long again\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int work(void *seconds)
{
	const char *name = mproc_process_name(mproc_process_current());

	say("%s Starting", name);
	sleep_for(*(double *)seconds);
	say("%s Exiting", name);
	return 0;
}

static int start(const char *name, mproc_start method, double seconds)
{
	const mproc_process_options options = {.name = name, .start = method};
	mproc_process *process;

	return mproc_process_start(&options, work, &seconds, sizeof seconds, &process) < 0 ? fail() : 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "2"}};
	mproc_start method;
	double seconds;
	int failed;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 2);
	method = start_method(&settings[0]);
	seconds = seconds_of(&settings[1]);

	failed = start("Service 1", method, 1.5 * seconds);
	failed |= start("Worker 1", method, seconds);
	failed |= start(NULL, method, seconds); /* as the third one it is Process-3 */
	/* When main ends, the library waits for all three. */
	return exit_status(failed);
}
