/* SPDX-License-Identifier: MIT */
/*
 * people.h - the processes and threads that a test needs beside itself: somebody who does something and tells
 * how it went, who holds something until it is killed, who sleeps.
 *
 *	static int acquire(void *semaphore)
 *	{
 *		return mproc_semaphore_acquire(semaphore, MPROC_FOREVER);
 *	}
 *	...
 *	pid_t holder = support_fork_and_keep(acquire, &shared->semaphore);
 *
 *	support_kill(holder);
 *	ck_assert_int_eq(support_in_thread(acquire, &shared->semaphore).result, 0);
 */
#ifndef SUPPORT_PEOPLE_H
#define SUPPORT_PEOPLE_H

#include <mproc/process.h>
#include <mproc/result.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* What somebody does. */
typedef int support_deed(void *argument);

/*
 * Fork a process that does @deed and exits with what that returned: the code of a failure, without its sign.
 */
pid_t support_fork(support_deed *deed, void *argument);

/*
 * The same for one that stays when it is done, until it is killed.  Returns when it is done; its deed must
 * return 0.
 */
pid_t support_fork_and_keep(support_deed *deed, void *argument);

/* Both, started as a process of the library: joining it buries it. */
mproc_process *support_start(support_deed *deed, void *argument);
mproc_process *support_start_and_keep(support_deed *deed, void *argument);

/* Wait for the end of a forked process.  Returns its exit code, or -N when signal N killed it. */
int support_reap(pid_t pid);

/* Kill a forked process and wait for its end. */
void support_kill(pid_t pid);

/* Kill a forked process and wait until it is dead, but leave it a zombie. */
void support_kill_and_leave(pid_t pid);

/* Kill a started process, join it and close its handle. */
void support_kill_and_join(mproc_process *process);

/* A .warm_up for suites that start processes of the library: what the first one opens for good. */
void support_warm_up(void);

/* Stop a forked process and wait until it stands still; have it go on. */
void support_stop(pid_t pid);
void support_go_on(pid_t pid);

/* Somebody who does something in a thread; afterwards what that returned, and the error text there. */
typedef struct support_thread {
	pthread_t thread;
	support_deed *deed;
	void *argument;
	int result;
	char text[256];
} support_thread;

void support_begin(support_thread *thread, support_deed *deed, void *argument);

/* Returns what the deed returned. */
int support_end(support_thread *thread);

/* Both: have a thread do something. */
support_thread support_in_thread(support_deed *deed, void *argument);

/* Let others run until @number is at least @least. */
void support_await(const _Atomic uint32_t *number, uint32_t least);

/*
 * Let others run until @count threads of the family sleep on something in the arena, or are just about to.
 * One that was killed asleep counts until it is buried.
 */
void support_await_sleepers(uint32_t count);

/* The error text of this thread contains @expected. */
void support_check_text(const char *expected);

/*
 * In new processes that cannot join the family, each for another reason, @deed fails with the code of that,
 * and the error text says it.  Afterwards the family is full.
 */
void support_check_refusals(support_deed *deed, void *argument);

/*
 * Disturb this process with a signal every millisecond, which it catches; after ten of them another process
 * does @deed.  What this process waits for meanwhile must not end before that.
 */
void support_disturb(support_deed *deed, void *argument);

/* Disturb it no longer.  There were ten, and the deed returned 0. */
void support_calm(void);

#endif
