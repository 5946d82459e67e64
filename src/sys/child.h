/* SPDX-License-Identifier: MIT */
/*
 * sys/child.h - making a child process, following it, and not outliving the parent.
 *
 * The lifeline is a pipe whose write end only the parent has.  Each child opens the read end anew
 * and asks the kernel for SIGKILL when it changes: it does so when the parent ends, in whatever way,
 * even when the child blocks all signals.  (PR_SET_PDEATHSIG fires when the forking *thread* ends.)
 */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include <mproc/deadline.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a child ended. */
typedef struct mproci_ending {
	/* Nobody knows: the application took the status away. */
	bool is_lost;
	/* The signal that killed it; 0 when it exited. */
	int signal;
	int exit_code;
} mproci_ending;

/* How a process ends that got SIGKILL. */
extern const mproci_ending mproci_ending_killed;

typedef enum mproci_signals {
	/* This process's handlers and mask. */
	MPROCI_SIGNALS_INHERITED,
	/* Default handlers and an empty mask; SIGINT is ignored, as is what this process ignores. */
	MPROCI_SIGNALS_DEFAULT,
	/* As before, but all are blocked. */
	MPROCI_SIGNALS_BLOCKED,
} mproci_signals;

typedef struct mproci_child_plan {
	mproci_signals signals;
	/* The child also ends with the thread that forks it, and then even when it has closed all descriptors or become
	 * another program.  For processes of one thread. */
	bool ends_with_thread;
	/* A shared word, 0: the child stays at this gate until the parent has its descriptor, so that it cannot have
	 * ended and been reaped by somebody else before.  NULL for none. */
	_Atomic uint32_t *gate;
} mproci_child_plan;

/*
 * Fork a child that ends with this process.  What stdio has buffered is written first; only stdout and stderr, if no
 * other thread is using them, when this process has other threads.
 *
 * Returns 0 in the child; in the parent the pid, and a close-on-exec descriptor of the process in @ret_pidfd; a negative
 * errno with an error text.
 */
pid_t mproci_child_fork(const mproci_child_plan *plan, int *ret_pidfd);

/* End this process with @code, after writing what stdio has buffered; no atexit handler runs. */
_Noreturn void mproci_child_exit(int code);

/*
 * Wait until the process has ended, leaving it to be reaped.  Returns 0 or -ETIMEDOUT; another negative errno when it is
 * no child of this process, and poll fails.
 */
int mproci_child_wait(int pidfd, mproc_deadline deadline);

/* Tell how an ended child ended, without reaping it: its pid stays taken. */
void mproci_child_ending(int pidfd, mproci_ending *ret_ending);

/* Reap an ended child. */
void mproci_child_reap(int pidfd);

/* Send SIGKILL.  Returns 0, also when the process has ended; -EPERM. */
int mproci_child_kill(int pidfd);

/*
 * Open a process that need not be a child.  @start_time as from mproci_process_start_time, so that another
 * process that got its pid is not meant.  Returns a descriptor; -ESRCH: it has ended; another negative errno: nobody knows.
 */
int mproci_child_open(pid_t pid, uint64_t start_time);

/* The clock ticks since boot when process @pid started.  Returns 0, -ESRCH, or another negative errno. */
int mproci_process_start_time(pid_t pid, uint64_t *ret_ticks);

pid_t mproci_process_id(void);

/* Show @name in ps and top, at most its first 15 bytes. */
void mproci_process_set_name(const char *name);

/*
 * Whether this process has more than one thread.  A thread that was joined lingers for a moment in the
 * kernel's books, so a yes is asked again for 10 ms.
 */
bool mproci_process_has_threads(void);

/*
 * Have @before called before, and @parent and @child right after every fork of this process, also a plain fork(), in the
 * process that each is named for.  NULL for none.
 */
int mproci_process_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void));

#endif
