/* SPDX-License-Identifier: MIT */
/*
 * support.h - what all tests built on Check share.
 *
 * A test file is a few tests and one main:
 *
 *	#include "support.h"
 *
 *	START_TEST(queue_put_fails_when_full)
 *	{
 *		ck_assert_int_eq(mproc_queue_put(...), -ETIMEDOUT);
 *	}
 *	END_TEST
 *
 *	int main(void)
 *	{
 *		const TTest *tests[] = {
 *			queue_put_fails_when_full,
 *			queue_get_waits_for_put,
 *			NULL,
 *		};
 *
 *		return support_run("queue", tests);
 *	}
 *
 * Every test runs in a process of its own, ends after 60 seconds at the latest, and fails when it leaves anything
 * behind: an open descriptor, a child, another process of its group, a thread, an entry in /dev/shm.
 *
 * A test runs alone, without a fork and under a debugger, like this:
 *
 *	CK_FORK=no CK_RUN_CASE=queue_put_fails_when_full gdb build/debug/tests/channel_queue_test
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <check.h>
#include <stdbool.h>

typedef struct support_suite {
	const char *name;

	/* The tests, NULL after the last one. */
	const TTest *const *tests;

	/* More tests, NULL after the last one: those that start processes.  Left out by support_threads_only(). */
	const TTest *const *process_tests;

	/*
	 * What the code under test opens once, on first use, and keeps for good (the family's memory, its lifeline).
	 * Called in the test's process before its open descriptors and threads are counted.
	 */
	void (*warm_up)(void);

	/* Around each test, in its process.  What setup opens, teardown (or the test) must close. */
	void (*setup)(void);
	void (*teardown)(void);

	/* Seconds that one test may take; 0 means 60. */
	double timeout;
} support_suite;

/* Run the tests of @suite, print what failed.  Returns what main returns. */
int support_run_suite(const support_suite *suite);

/* The same for a suite that has nothing but a @name and @tests, NULL after the last one. */
int support_run(const char *name, const TTest *const *tests);

/* Tell whether this build can check threads only: ThreadSanitizer does not see through process boundaries. */
bool support_threads_only(void);

/*
 * Find a program of this build, such as "examples/find_primes".
 *
 * Returns its absolute path, which stays valid until the next call; fails the test when there is no such program.
 */
const char *support_program(const char *path_in_build);

#endif
