/* SPDX-License-Identifier: MIT */
/*
 * simple_queue - four processes put a random number into a queue; when they have ended, the numbers are got.
 */
#include "command.h"

#include <mproc.h>
#include <unistd.h>

enum {
	PROCESSES = 4,
};

static const char USAGE[] = "usage: simple_queue [OPTION]...\n"
			    "Four processes put a random number into a queue.\n"
			    "\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int rand_val(void *queue)
{
	uint64_t bits;
	double number;

	if (getentropy(&bits, sizeof bits) < 0)
		return complain("no random bits: %s", strerror(errno));
	number = (double)(bits >> 11) * 0x1p-53; /* 0 to 1 */
	return mproc_queue_put(queue, &number, sizeof number, MPROC_FOREVER) < 0 ? fail() : 0;
}

/* All are there by now. */
static int print_numbers(mproc_queue *queue)
{
	double number;

	for (int i = 0; i < PROCESSES; ++i) {
		if (mproc_queue_get(queue, &number, sizeof number, MPROC_NOW, NULL) < 0)
			return fail();
		printf("%s%.16f", i == 0 ? "[" : ", ", number);
	}
	puts("]");
	return 0;
}

int main(int argc, char *argv[])
{
	setting start = {"start", "fork"};
	mproc_process_options options = {0};
	mproc_queue *queue;
	int failed;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, &start, 1);
	options.start = start_method(&start);
	if (mproc_queue_create(NULL, &queue) < 0)
		return exit_status(fail());
	failed = start_and_join(&options, rand_val, queue, 0, PROCESSES);
	if (!failed)
		failed = print_numbers(queue);
	mproc_queue_destroy(queue);
	return exit_status(failed);
}
