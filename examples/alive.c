/* SPDX-License-Identifier: MIT */
/*
 * alive - asks whether a process is alive: no more when it was joined; with --no-join it still is.
 */
#include "command.h"

#include <mproc.h>

static const char USAGE[] = "usage: alive [OPTION]...\n"
			    "Main joins a process that sleeps, and asks whether it is alive.\n"
			    "\n"
			    "  --no-join     ask at once\n"
			    "  --seconds S   how long the process sleeps, 0 to 3600; 2 by default\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int fun(void *seconds)
{
	say("calling fun");
	sleep_for(*(double *)seconds);
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "2"}, {"no-join", OFF}};
	mproc_process_options options = {0};
	mproc_process *process;
	double seconds;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	options.start = start_method(&settings[0]);
	seconds = seconds_of(&settings[1]);

	say("main fun");
	if (mproc_process_start(&options, fun, &seconds, sizeof seconds, &process) < 0)
		return exit_status(fail());
	if (!is_on(&settings[2]) && mproc_process_join(process, MPROC_FOREVER) < 0)
		return exit_status(fail());
	say("Process p is alive: %s", mproc_process_is_alive(process) > 0 ? "True" : "False");
	mproc_process_close(process); /* does nothing while it runs */
	return exit_status(0);
}
