/* SPDX-License-Identifier: MIT */
/*
 * queue_order - a process for each of eight numbers squares it, after a random time.  The squares come in any
 * order; with each comes the index of its number, by which they are sorted.
 */
#include "command.h"

#include <mproc.h>
#include <unistd.h>

enum {
	NUMBERS = 8,
};

typedef struct square {
	int index;
	int value;
} square;

/* What a process is given, a copy. */
typedef struct job {
	mproc_queue *queue;
	int index;
	int number;
	double unit;
} job;

static const char USAGE[] = "usage: queue_order [OPTION]...\n"
			    "Eight processes square a number each.\n"
			    "\n"
			    "  --seconds S   each sleeps 1, 2 or 3 times so long, 0 to 3600; 1 by default\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int square_number(void *argument)
{
	const job *self = argument;
	const square result = {self->index, self->number * self->number};
	unsigned char bits = 0;

	if (getentropy(&bits, sizeof bits) < 0)
		return complain("no random bits: %s", strerror(errno));
	sleep_for((1 + bits % 3) * self->unit);
	return mproc_queue_put(self->queue, &result, sizeof result, MPROC_FOREVER) < 0 ? fail() : 0;
}

static int square_numbers(const mproc_process_options *options, mproc_queue *queue, double unit)
{
	static const int numbers[NUMBERS] = {2, 4, 6, 3, 5, 8, 9, 7};
	job jobs[NUMBERS];

	for (int i = 0; i < NUMBERS; ++i)
		jobs[i] = (job){queue, i, numbers[i], unit};
	return start_and_join(options, square_number, jobs, sizeof *jobs, NUMBERS);
}

static int compare_indices(const void *left, const void *right)
{
	return ((const square *)left)->index - ((const square *)right)->index;
}

static int print_squares(mproc_queue *queue)
{
	square squares[NUMBERS];

	for (int i = 0; i < NUMBERS; ++i) {
		if (mproc_queue_get(queue, &squares[i], sizeof squares[i], MPROC_NOW, NULL) < 0)
			return fail();
	}
	qsort(squares, NUMBERS, sizeof *squares, compare_indices);
	for (int i = 0; i < NUMBERS; ++i)
		printf("%s%d", i == 0 ? "[" : ", ", squares[i].value);
	puts("]");
	return 0;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"start", "fork"}, {"seconds", "1"}};
	mproc_process_options options = {0};
	mproc_queue *queue;
	double unit;
	int failed;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 2);
	options.start = start_method(&settings[0]);
	unit = seconds_of(&settings[1]);
	if (mproc_queue_create(NULL, &queue) < 0)
		return exit_status(fail());
	failed = square_numbers(&options, queue, unit);
	if (!failed)
		failed = print_squares(queue);
	mproc_queue_destroy(queue);
	return exit_status(failed);
}
