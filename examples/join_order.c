/* SPDX-License-Identifier: MIT */
/*
 * join_order - three processes at the same time: first all are started, then all are joined.  With
 * --sequential each is joined before the next one is started, so that they run one after the other.
 */
#include "command.h"

#include <mproc.h>

enum {
	PROCESSES = 3,
};

static const char USAGE[] = "usage: join_order [OPTION]...\n"
			    "Three processes sleep for 3, 2 and 1 seconds.\n"
			    "\n"
			    "  --sequential  one after the other\n"
			    "  --seconds S   3, 2 and 1 times so long, 0 to 3600; 1 by default\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int fun(void *argument)
{
	double seconds = *(double *)argument;

	say("starting fun with %g s", seconds);
	sleep_for(seconds);
	say("finishing fun with %g s", seconds);
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "1"}, {"sequential", OFF}};
	mproc_process_options options = {0};
	mproc_process *processes[PROCESSES];
	double unit, seconds;
	bool is_sequential;
	int failed = 0;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	options.start = start_method(&settings[0]);
	unit = seconds_of(&settings[1]);
	is_sequential = is_on(&settings[2]);

	for (int i = 0; i < PROCESSES; ++i) {
		seconds = (PROCESSES - i) * unit;
		if (mproc_process_start(&options, fun, &seconds, sizeof seconds, &processes[i]) < 0)
			return exit_status(fail());
		if (is_sequential)
			failed |= join_process(processes[i]);
	}
	for (int i = 0; i < PROCESSES && !is_sequential; ++i)
		failed |= join_process(processes[i]);
	say("finished main");
	return exit_status(failed);
}
