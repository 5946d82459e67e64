/* SPDX-License-Identifier: MIT */
/*
 * queue_in_event_loop - while a process works, the program waits for its reports, for its end and for what is
 * typed, all in one poll.
 */
#include "command.h"
#include "prime.h"

#include <mproc.h>
#include <poll.h>
#include <unistd.h>

enum {
	REPORTS = 5,
	NUMBERS = 100000,
};

/* What is waited for: where its descriptor is in the array for poll. */
enum {
	QUEUE,
	WORKER,
	INPUT,
	SOURCES
};

typedef struct report {
	unsigned from, to, primes;
} report;

static const char USAGE[] = "usage: queue_in_event_loop\n"
			    "A process counts primes; meanwhile, type something.\n";

static int count_primes(void *queue)
{
	for (unsigned i = 0; i < REPORTS; ++i) {
		report next = {.from = i * NUMBERS, .to = (i + 1) * NUMBERS};

		for (unsigned number = next.from; number < next.to; ++number)
			next.primes += is_prime(number);
		if (mproc_queue_put(queue, &next, sizeof next, MPROC_FOREVER) < 0)
			return fail();
	}
	return 0;
}

/* Returns 1 while more may come, 0 at the end, -1 after telling what failed. */
static int read_reports(mproc_queue *queue)
{
	report next;
	int rc;

	while ((rc = mproc_queue_get(queue, &next, sizeof next, MPROC_NOW, NULL)) == 0)
		say("%u primes from %u to %u", next.primes, next.from, next.to);
	if (rc == -EPIPE)
		return 0; /* closed, and empty */
	/* Nothing any more; or it was readable in vain, which may happen. */
	return rc == -ETIMEDOUT || rc == -EAGAIN ? 1 : fail();
}

/* Returns whether more may come. */
static bool read_input(void)
{
	char text[256];
	ssize_t size = read(STDIN_FILENO, text, sizeof text);

	if (size <= 0)
		return false;
	size -= text[size - 1] == '\n';
	say("you typed: %.*s", (int)size, text);
	return true;
}

static int run_loop(mproc_queue *queue, mproc_process *worker)
{
	struct pollfd sources[SOURCES] = {
		[QUEUE] = {.fd = mproc_queue_fd(queue), .events = POLLIN},
		[WORKER] = {.fd = mproc_process_fd(worker), .events = POLLIN},
		[INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
	};
	int more = 1;

	if (sources[QUEUE].fd < 0 || sources[WORKER].fd < 0)
		return fail();
	while (more > 0) {
		if (poll(sources, SOURCES, -1) < 0)
			return complain("poll: %s", strerror(errno));
		if (sources[INPUT].revents != 0 && !read_input())
			sources[INPUT].fd = -1;
		if (sources[WORKER].revents != 0) {
			/* It has ended, in whatever way: nobody puts any more. */
			mproc_queue_close(queue);
			sources[WORKER].fd = -1;
		}
		if (sources[QUEUE].revents != 0)
			more = read_reports(queue);
	}
	return more;
}

int main(int argc, char *argv[])
{
	mproc_queue *queue;
	mproc_process *worker;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_queue_create(NULL, &queue) < 0)
		return exit_status(fail());
	if (mproc_process_start(NULL, count_primes, queue, 0, &worker) < 0)
		return exit_status(fail());
	failed = run_loop(queue, worker);
	failed |= join_process(worker);
	mproc_queue_destroy(queue);
	return exit_status(failed);
}
