/* SPDX-License-Identifier: MIT */
/*
 * job_size - many tiny jobs against few large ones, as examples/job_size.c: so many numbers at a time for each thread of OpenMP.
 */
#include "loops.h"

enum {
	MOST_SIZES = 32,
};

static const char USAGE[] =
	"usage: job_size [OPTION]...\n"
	"The primes of a range, with more and more numbers to a job, as rows for the report.\n"
	"\n"
	"  --numbers N    from 100000000 on, 100000 by default\n"
	"  --sizes N,...  numbers to a job, 1,10,100,1000,10000 by default\n"
	"  --workers N    threads, 1 to 1024; by default one for each usable core\n"
	"  --help         this text\n"
	"\n"
	"The seconds are wall time, with starting the threads, divided by the numbers.\n"
	"Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

/* @size 0: one loop. */
static int run_size(search *self, loop_function *loop, const char *name, int size)
{
	double seconds;

	if (time_loop(self, loop, name, size, &seconds) < 0)
		return -1;
	if (size == 0)
		print_row("job_size", name, "-");
	else
		print_row("job_size", name, "%d", size);
	print_value(seconds / (double)self->count, "s/number");
	return 0;
}

static int run(search *self, const int *sizes, int count)
{
	int failed = run_size(self, search_serially, "serial", 0);

	for (int i = 0; i < count && !failed; ++i) {
		failed = run_size(self, search_dynamic, "dynamic", sizes[i]);
		if (!failed)
			failed = run_size(self, search_tasks, "tasks", sizes[i]);
	}
	return failed;
}

/* Returns how many sizes there are. */
static int read_sizes(const setting *given, int sizes[MOST_SIZES])
{
	char *words = strdup(given->value), *rest = words, *word;
	int count = 0;

	while ((word = strsep(&rest, ",")) != NULL) {
		setting one = {given->name, word};

		if (count == MOST_SIZES)
			refuse(given, "names more than 32 sizes");
		sizes[count++] = (int)whole_number(&one, 1, INT32_MAX);
	}
	free(words);
	return count;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"numbers", "100000"}, {"sizes", "1,10,100,1000,10000"}, {"workers", NULL}};
	int sizes[MOST_SIZES], count, failed;
	search all;

	read_command_line(argc, argv, USAGE, settings, 3);
	count = read_sizes(&settings[1], sizes);
	failed = open_search(
		&all, 100000000, (size_t)whole_number(&settings[0], 1, UINT32_MAX), workers_of(&settings[2]));
	if (!failed)
		failed = run(&all, sizes, count);
	free(all.found);
	return exit_status(failed);
}
