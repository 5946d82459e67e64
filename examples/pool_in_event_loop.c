/* SPDX-License-Identifier: MIT */
/*
 * pool_in_event_loop - while workers count primes, the program waits for their answers and for what is typed, in one poll:
 * functions that it has left with the tasks are called here, in its own thread, when it says so.
 */
#include "command.h"
#include "prime.h"

#include <poll.h>
#include <unistd.h>

enum {
	TASKS = 8,
	NUMBERS = 100000,
};

/* What is waited for: where its descriptor is in the array for poll. */
enum {
	POOL,
	INPUT,
	SOURCES
};

static const char USAGE[] = "usage: pool_in_event_loop\n"
			    "Workers count primes; meanwhile, type something.\n";

static int count_primes(const void *argument, void *result, mproc_task *task)
{
	unsigned from = *(const unsigned *)argument;

	(void)task;
	for (unsigned number = from; number < from + NUMBERS; ++number)
		*(unsigned *)result += is_prime(number);
	return 0;
}

/* Called by mproc_pool_poll. */
static void tell(mproc_future *future, void *left)
{
	const void *result;

	if (mproc_future_get(future, MPROC_NOW, &result, NULL) == 0)
		say("%u primes", *(const unsigned *)result);
	else
		fail();
	mproc_future_close(future);
	--*(int *)left;
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

static int run_loop(mproc_pool *pool, const int *left)
{
	struct pollfd sources[SOURCES] = {
		[POOL] = {.fd = mproc_pool_fd(pool), .events = POLLIN},
		[INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
	};

	if (sources[POOL].fd < 0)
		return fail();
	while (*left > 0) {
		if (poll(sources, SOURCES, -1) < 0)
			return complain("poll: %s", strerror(errno));
		if (sources[POOL].revents != 0 && mproc_pool_poll(pool) < 0)
			return fail();
		if (sources[INPUT].revents != 0 && !read_input())
			sources[INPUT].fd = -1; /* at its end: wait for it no more */
	}
	return 0;
}

static int run(mproc_pool *pool)
{
	int left = 0;
	const mproc_task_options options = {.on_done = tell, .on_done_argument = &left};

	for (unsigned i = 0; i < TASKS; ++i) {
		unsigned from = i * NUMBERS;
		mproc_future *future;

		if (mproc_pool_submit(
			    pool, count_primes, &from, sizeof from, sizeof(unsigned), &options, &future)
			< 0)
			return fail();
		++left;
	}
	return run_loop(pool, &left);
}

int main(int argc, char *argv[])
{
	mproc_pool *pool;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_pool_open(NULL, &pool) < 0)
		return exit_status(fail());
	failed = run(pool);
	mproc_pool_close(pool);
	return exit_status(failed);
}
