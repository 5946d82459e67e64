/* SPDX-License-Identifier: MIT */
/*
 * sys/child.h - making a child process, following it, and not outliving the parent.
 *
 * The lifeline is a pipe whose write end only the parent has.  For each child the read end is opened anew,
 * and the child asks the kernel for SIGKILL when it changes: it does so when the parent ends, in whatever
 * way, even when the child blocks all signals.  (PR_SET_PDEATHSIG fires when the forking *thread* ends.)
 */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include "base/private.h"
#include <mproc/deadline.h>
#include <signal.h>
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
	bool has_core;
} mproci_ending;

/* How a process ends that got SIGKILL. */
extern const mproci_ending mproci_ending_killed;

typedef enum mproci_signals {
	/* This process's handlers and mask. */
	MPROCI_SIGNALS_INHERITED,
	/* Default handlers and an empty mask; SIGINT is ignored, as is what this process ignores. */
	MPROCI_SIGNALS_DEFAULT,
	/* Default handlers, what this process ignores is ignored, and all are blocked. */
	MPROCI_SIGNALS_BLOCKED,
} mproci_signals;

typedef struct mproci_child_plan {
	mproci_signals signals;
	/* The mask instead; NULL: as above. */
	const sigset_t *mask;
	/*
	 * The child also ends with the thread that forks it, and then even when it has closed all descriptors
	 * or become another program.  For processes of one thread.
	 */
	bool ends_with_thread;
	/* What ties it to its parent: from mproci_lifeline_open of that. */
	int lifeline;
	/*
	 * A shared word, even: the child stays at this gate until the parent has its descriptor and lets it
	 * pass, so that it cannot have ended and been reaped by somebody else before.  NULL for none.
	 */
	_Atomic uint32_t *gate;
} mproci_child_plan;

/*
 * Fork a child that ends with this process.  What stdio has buffered is written first; only stdout and
 * stderr, if no other thread is using them, when this process has other threads.
 *
 * Returns 0 in the child; in the parent the pid, and a close-on-exec descriptor of the process in
 * @ret_pidfd, which may be NULL for none; a negative errno with an error text.
 */
pid_t mproci_child_fork(const mproci_child_plan *plan, int *ret_pidfd);

/*
 * Get a descriptor of a child that was just made in another way, @pid.  Returns it; a negative errno with
 * an error text: then the child is killed and reaped.
 */
int mproci_child_follow(pid_t pid);

/* Write what stdio has buffered, as mproci_child_fork does. */
void mproci_child_flush(void);

/* In a child: stay at the gate. */
void mproci_child_pass(_Atomic uint32_t *gate);

/* Open the gate of a child: the word becomes odd. */
void mproci_child_let_pass(_Atomic uint32_t *gate);

/* Say why no process could be started; returns the negative errno @rc. */
int mproci_child_fail(int rc);

/* In a process that was not forked: what MPROCI_SIGNALS_BLOCKED says. */
void mproci_child_block_signals(void);

/* This thread's signal mask. */
void mproci_child_mask(sigset_t *ret_mask);

/* Get a descriptor of this process itself.  Returns it, or a negative errno. */
int mproci_child_open_self(void);

/*
 * In a process that has no children but the library's: one that has ended.  Returns its pid and how it
 * ended, leaving it to be reaped by mproci_child_reap_pid; 0: none has ended.
 */
pid_t mproci_child_any(mproci_ending *ret_ending);
void mproci_child_reap_pid(pid_t pid);

/* A descriptor that becomes readable when a child ends, until it is silenced; or a negative errno. */
int mproci_child_bell_open(void);
void mproci_child_bell_silence(int bell);

/*
 * In a process of one thread: a descriptor that becomes readable, and stays so, when it is sent SIGTERM, which does
 * nothing else from then on; or a negative errno.
 */
MPROCI_PRIVATE int mproci_child_termination_open(void);

/*
 * Wait until the process has ended, leaving it to be reaped.  Returns 0 or -ETIMEDOUT; another negative
 * errno when it is no child of this process, and poll fails.
 */
int mproci_child_wait(int pidfd, mproc_deadline deadline);

/* Tell how an ended child ended, without reaping it: its pid stays taken. */
void mproci_child_ending(int pidfd, mproci_ending *ret_ending);

/* Reap an ended child. */
void mproci_child_reap(int pidfd);

/* Send a signal.  Returns 0, also when the process has ended; -EPERM. */
int mproci_child_signal(int pidfd, int signal);
int mproci_child_kill(int pidfd);

/*
 * Open a process that need not be a child.  @start_time: it started then, or before; so that another
 * process that got its pid is not meant.  Returns a descriptor; -ESRCH: it has ended; another negative
 * errno: nobody knows.
 */
int mproci_child_open(pid_t pid, uint64_t start_time);

/* The clock ticks since boot when process @pid started.  Returns 0, -ESRCH, or another negative errno. */
int mproci_process_start_time(pid_t pid, uint64_t *ret_ticks);

/* The clock ticks since boot: this process started then, or before.  Cost: no system call. */
uint64_t mproci_process_ticks_now(void);

pid_t mproci_process_id(void);
pid_t mproci_process_parent_id(void);

/* Show @name in ps and top, at most its first 15 bytes. */
void mproci_process_set_name(const char *name);

/*
 * Whether this process has more than one thread.  A thread that was joined lingers for a moment in the
 * kernel's books, so a yes is asked again for 10 ms.
 */
bool mproci_process_has_threads(void);

/* Whether this process surely has one thread only; a no is not asked again. */
bool mproci_process_is_alone(void);

/*
 * Have @before called before, and @parent and @child right after every fork of this process, also a plain
 * fork(), in the process that each is named for.  NULL for none.
 */
MPROCI_PRIVATE int mproci_process_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void));

#endif
