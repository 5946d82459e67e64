/* SPDX-License-Identifier: MIT */
/*
 * start_cost - what it takes to start somebody who does nothing, and to wait for its end: a thread, and a process by each
 * start method.
 */
#include "command.h"
#include "experiment.h"

#include <pthread.h>

enum {
	MOST_STARTS = 1000000,
};

static const char USAGE[] =
	"usage: start_cost [OPTION]...\n"
	"Starts and joins, one after the other, and tells what each takes.\n"
	"\n"
	"  --count N      how many, 1 to 1000000; 200 by default\n"
	"  --with NAME    thread  a thread of this process\n"
	"                 fork    a process that is a copy of this one\n"
	"                 server  a process that is a copy of this one as it was at its beginning\n"
	"                 spawn   a process that begins anew: the program is loaded again\n"
	"                 all     one after the other; the default\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"The seconds are wall time from before the start to after the end, the mean.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

typedef struct method {
	const char *name;
	/* Of a process; a thread has none. */
	mproc_start start;
} method;

static const method METHODS[] = {
	{"thread", MPROC_START_DEFAULT},
	{"fork", MPROC_START_FORK},
	{"server", MPROC_START_SERVER},
	{"spawn", MPROC_START_SPAWN},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

static int end_at_once(void *nothing)
{
	(void)nothing;
	return 0;
}

static void *end_thread_at_once(void *nothing)
{
	return nothing;
}

/* Returns 0, or -1 after telling what failed. */
static int start_and_join_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, end_thread_at_once, NULL);

	if (error == 0)
		error = pthread_join(thread, NULL);
	return error == 0 ? 0 : complain("cannot start a thread: %s", strerror(error));
}

static int start_and_join_one(const method *how)
{
	const mproc_process_options options = {.start = how->start};

	if (how->start == MPROC_START_DEFAULT)
		return start_and_join_thread();
	return start_and_join(&options, end_at_once, NULL, 0, 1);
}

/* Returns 0, or -1 after telling what failed. */
static int measure(const method *how, uint64_t count)
{
	double seconds;
	int failed;

	show_progress("%s …", how->name);
	/* The first one finds nothing in the caches. */
	failed = start_and_join_one(how);
	seconds = -seconds_now();
	for (uint64_t i = 0; i < count && !failed; ++i)
		failed = start_and_join_one(how);
	seconds = (seconds + seconds_now()) / (double)count;
	if (failed)
		return -1;
	tell("%-7s %s %12.0f\n", how->name, readable_seconds(seconds).text, 1 / seconds);
	print_measurement("start_cost", how->name, seconds, "s", "-");
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"count", "200"}, {"with", "all"}, ROWS};
	uint64_t count;
	int failed = 0;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	count = whole_number(&settings[0], 1, MOST_STARTS);
	check_name(&settings[1], " thread fork server spawn all ");
	rows_only = is_on(&settings[2]);

	tell("method    each takes     a second\n");
	for (int i = 0; i < METHOD_COUNT && !failed; ++i) {
		if (is_asked_for(&settings[1], METHODS[i].name))
			failed = measure(&METHODS[i], count);
	}
	return exit_status(failed);
}
