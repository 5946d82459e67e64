/* SPDX-License-Identifier: MIT */
/*
 * simple_queue2 - four words in a queue, and four processes that get one each.  Which gets which is a matter
 * of luck.
 */
#include "command.h"

#include <mproc.h>

enum {
	PROCESSES = 4,
};

static const char USAGE[] = "usage: simple_queue2 [OPTION]...\n"
			    "Four processes get a word each.\n"
			    "\n"
			    "  --start NAME  fork, server or spawn; fork by default\n"
			    "  --help        this text\n";

static int work(void *queue)
{
	char word[32];

	if (mproc_queue_get(queue, word, sizeof word, MPROC_FOREVER, NULL) < 0)
		return fail();
	say("%s data received: %s", mproc_process_name(mproc_process_current()), word);
	return 0;
}

static int put_words(mproc_queue *queue)
{
	static const char *const words[PROCESSES] = {"wood", "sky", "cloud", "ocean"};

	for (int i = 0; i < PROCESSES; ++i) {
		if (mproc_queue_put(queue, words[i], strlen(words[i]) + 1, MPROC_FOREVER) < 0)
			return fail();
	}
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
	failed = put_words(queue);
	if (!failed)
		failed = start_and_join(&options, work, queue, 0, PROCESSES);
	mproc_queue_destroy(queue);
	return exit_status(failed);
}
