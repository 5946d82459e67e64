/* SPDX-License-Identifier: MIT */
/*
 * worker_counts - the primes of a range by 1, 2, ... threads of OpenMP, as examples/worker_counts.c does it.
 */
#include "loops.h"

static const char USAGE[] =
	"usage: worker_counts [OPTION]...\n"
	"The primes of a range by more and more threads of OpenMP, as rows for the report.\n"
	"\n"
	"  --numbers N  from 100000000 on, 100000 by default\n"
	"  --most N     threads, 1 to 1024; by default twice the usable cores\n"
	"  --help       this text\n"
	"\n"
	"The seconds are wall time, with starting the threads.\n"
	"Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

static int run(search *self, unsigned most)
{
	double seconds;

	if (time_loop(self, search_serially, "serial", 0, &seconds) < 0)
		return -1;
	print_row("worker_counts", "serial", "-");
	print_value(seconds, "s");
	for (self->workers = 1; self->workers <= most; ++self->workers) {
		if (time_loop(self, search_dynamic, "threads", 1, &seconds) < 0)
			return -1;
		print_row("worker_counts", "threads", "%u", self->workers);
		print_value(seconds, "s");
	}
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"numbers", "100000"}, {"most", NULL}};
	unsigned most;
	search all;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 2);
	most = settings[1].value ? workers_of(&settings[1]) : 2 * (unsigned)omp_get_num_procs();
	failed = open_search(&all, 100000000, (size_t)whole_number(&settings[0], 1, UINT32_MAX), 1);
	if (!failed)
		failed = run(&all, most);
	free(all.found);
	return exit_status(failed);
}
