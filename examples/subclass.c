/* SPDX-License-Identifier: MIT */
/*
 * subclass - a kind of process of one's own: a struct with what it needs, and the function that it runs.
 */
#include "command.h"

#include <mproc.h>

/* A process that tells its name and sleeps. */
typedef struct worker {
	double seconds;
	mproc_process *process;
} worker;

static const char USAGE[] = "usage: subclass [OPTION]...\n"
			    "Two workers tell their names.\n"
			    "\n"
			    "  --seconds S   how long each sleeps, 0 to 3600; 2 by default\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

/* What a worker does, on a copy of its struct. */
static int worker_run(void *argument)
{
	const worker *self = argument;

	say("In %s", mproc_process_name(mproc_process_current()));
	sleep_for(self->seconds);
	return 0;
}

static int worker_start(worker *self, mproc_start method)
{
	static int started;
	char name[32];
	const mproc_process_options options = {.name = name, .start = method};

	snprintf(name, sizeof name, "Worker-%d", ++started);
	return mproc_process_start(&options, worker_run, self, sizeof *self, &self->process) < 0 ? fail() : 0;
}

static int worker_join(worker *self)
{
	return self->process ? join_process(self->process) : 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "2"}};
	worker first = {0}, second = {0};
	mproc_start method;
	int failed;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 2);
	method = start_method(&settings[0]);
	first.seconds = second.seconds = seconds_of(&settings[1]);

	failed = worker_start(&first, method);
	failed |= worker_start(&second, method);
	failed |= worker_join(&first);
	failed |= worker_join(&second);
	return exit_status(failed);
}
