/* SPDX-License-Identifier: MIT */
/*
 * apply_async - gives a pool some tasks, goes on, and takes the answers in the order in which they come; one task fails, one
 * takes too long.
 */
#include "command.h"

enum {
	TASKS = 5,
};

static const double LONGEST = 0.5;

static const char USAGE[] = "usage: apply_async\n"
			    "Has workers sleep for some time, and tells who has slept.\n";

/* Sleeps for so many seconds, and returns what it has slept, in words. */
static int nap(const void *argument, void *result, mproc_task *task)
{
	double seconds = *(const double *)argument;
	char text[64];

	(void)result;
	if (seconds < 0)
		return -EINVAL;
	sleep_for(seconds);
	snprintf(text, sizeof text, "worker %u slept for %.1f s", mproc_task_worker(task), seconds);
	return mproc_task_return(task, text, strlen(text) + 1);
}

static void print_answer(mproc_future *future)
{
	const void *text;

	if (mproc_future_get(future, MPROC_FOREVER, &text, NULL) == 0)
		say("%s", (const char *)text);
	else
		say("no answer: %s", mproc_error_text());
}

static int submit_all(mproc_pool *pool, mproc_future **futures)
{
	static const double seconds[TASKS] = {0.3, 0.1, -1, 0.2, 60};
	const mproc_task_options options = {.timeout = LONGEST};

	for (int i = 0; i < TASKS; ++i) {
		if (mproc_pool_submit(pool, nap, &seconds[i], sizeof *seconds, 0, &options, &futures[i]) < 0)
			return fail();
	}
	return 0;
}

static int run(mproc_pool *pool)
{
	mproc_future *futures[TASKS] = {NULL};
	int failed = submit_all(pool, futures);

	say("the pool is at work, and so is this program");
	for (size_t i = 0; i < TASKS && !failed; ++i) {
		if (mproc_future_as_completed(futures, TASKS, i, MPROC_FOREVER) < 0)
			failed = fail();
		else
			print_answer(futures[i]);
	}
	for (int i = 0; i < TASKS; ++i)
		mproc_future_close(futures[i]);
	return failed;
}

int main(int argc, char *argv[])
{
	mproc_pool *pool;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_pool_open(&(mproc_pool_options){.workers = TASKS, .name = "nappers"}, &pool) < 0)
		return exit_status(fail());
	failed = run(pool);
	mproc_pool_close(pool);
	return exit_status(failed);
}
