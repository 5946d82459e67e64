/* SPDX-License-Identifier: MIT */
/*
 * join_before_get - processes put 10 MiB into a queue and are joined before anything is got.
 *
 * In Python that waits for ever: a thread of the producer still holds what the pipe below the queue has no room
 * for.  Here a message is in the queue when put returns, and nothing of it in the producer.
 */
#include "command.h"

#include <mproc.h>

enum {
	PRODUCERS = 4,
	MESSAGES = 10,
	MESSAGE_SIZE = 262144,
};

static const char USAGE[] = "usage: join_before_get\n"
			    "Four processes put 10 MiB into a queue, and are joined before that is got.\n";

typedef struct job {
	mproc_queue *queue;
	unsigned char mark;
} job;

static int produce(void *argument)
{
	const job *self = argument;
	static unsigned char message[MESSAGE_SIZE];

	memset(message, self->mark, sizeof message);
	for (int i = 0; i < MESSAGES; ++i) {
		if (mproc_queue_put(self->queue, message, sizeof message, MPROC_FOREVER) < 0)
			return fail();
	}
	return 0;
}

static int produce_all(mproc_queue *queue)
{
	job jobs[PRODUCERS];

	for (int i = 0; i < PRODUCERS; ++i)
		jobs[i] = (job){queue, (unsigned char)(1 + i)};
	return start_and_join(NULL, produce, jobs, sizeof *jobs, PRODUCERS);
}

/* Whether a message is whole: all its bytes are its first one. */
static bool is_whole(const unsigned char *message, size_t size)
{
	return size == MESSAGE_SIZE && message[0] >= 1 && message[0] <= PRODUCERS
	       && memcmp(message, message + 1, size - 1) == 0;
}

static int drain(mproc_queue *queue)
{
	int count = 0;
	size_t bytes = 0, size;
	void *message;

	mproc_queue_close(queue);
	while (mproc_queue_peek(queue, MPROC_FOREVER, &message, &size) == 0) {
		if (!is_whole(message, size))
			return complain("message %d is damaged", count + 1);
		++count;
		bytes += size;
		mproc_queue_release(queue, message);
	}
	say("%d messages, %zu bytes", count, bytes);
	return count == PRODUCERS * MESSAGES ? 0 : complain("%d were put", PRODUCERS * MESSAGES);
}

int main(int argc, char *argv[])
{
	mproc_queue *queue;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_queue_create(NULL, &queue) < 0)
		return exit_status(fail());
	failed = produce_all(queue);
	if (!failed)
		failed = drain(queue);
	mproc_queue_destroy(queue);
	return exit_status(failed);
}
