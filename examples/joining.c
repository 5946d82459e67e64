/* SPDX-License-Identifier: MIT */
/*
 * joining - main waits until its child has ended; with --no-join it finishes before.
 */
#include "command.h"

#include <mproc.h>

static const char USAGE[] = "usage: joining [OPTION]...\n"
			    "Main joins a process that sleeps, and then finishes.\n"
			    "\n"
			    "  --no-join     main does not wait\n"
			    "  --seconds S   how long the process sleeps, 0 to 3600; 2 by default\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int fun(void *seconds)
{
	say("starting fun");
	sleep_for(*(double *)seconds);
	say("finishing fun");
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "2"}, {"no-join", OFF}};
	mproc_process_options options = {0};
	mproc_process *process;
	double seconds;
	int failed = 0;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	options.start = start_method(&settings[0]);
	seconds = seconds_of(&settings[1]);

	say("starting main");
	if (mproc_process_start(&options, fun, &seconds, sizeof seconds, &process) < 0)
		return exit_status(fail());
	if (!is_on(&settings[2]))
		failed = join_process(process);
	say("finishing main");
	return exit_status(failed);
}
