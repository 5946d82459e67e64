/* SPDX-License-Identifier: MIT */
/*
 * mproc/process.h - a function that runs in a process of its own.
 *
 *     static int greet(void *name)
 *     {
 *             printf("hello %s\n", (char *)name);
 *             return 0;
 *     }
 *     ...
 *     int rc = mproc_process_start(NULL, greet, "bob", 4, &process);
 *     rc = mproc_process_join(process, MPROC_FOREVER);
 *     process = mproc_process_close(process);
 *
 * The child is a member of the family: it shares the arena (mproc/arena.h) with everybody else,
 * and everything else with nobody.  It ends when the function returns, with that value as exit
 * code, or when it ends its thread, with 0; the parent's atexit handlers do not run in it.  (They do
 * when it calls exit(), as in every forked process.)  It never outlives its parent: when the parent
 * ends, in whatever way, or becomes another program, or closes descriptors that are not its own, the
 * kernel kills the child; unless the child itself has done one of the latter.  A child of the parent
 * made by _Fork() or clone() instead of fork() keeps the others alive.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a handle may be used by any thread of the process that started the child, but not be
 *            closed while another thread uses it.
 *   Fork     a handle belongs to the process that started the child; elsewhere -ECHILD.
 *   Crash    a child that dies in any way is noticed by join; what it shared stays usable.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.  The application's
 *            SIGCHLD handler and its other children are left alone.
 */
#ifndef MPROC_PROCESS_H
#define MPROC_PROCESS_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_process mproc_process;

/* What a process runs; 0…255 is its exit code. */
typedef int mproc_process_function(void *argument);

/* How a process comes to be. */
typedef enum mproc_start {
	/* As fork, unless this process has other threads: then -EDEADLK. */
	MPROC_START_DEFAULT = 0,
	/* A copy of this process, also when it has other threads. */
	MPROC_START_FORK = 1,
} mproc_start;

typedef struct mproc_process_options {
	/* At most 31 bytes, shown by ps and top (its first 15); NULL for "Process-1", "Process-2", … */
	const char *name;
	mproc_start start;
	uint64_t reserved[6];
} mproc_process_options;

/*
 * Start a process.
 *
 * @options         NULL for the defaults.
 * @function        what it runs.
 * @argument,@size  the child gets a copy of the @size bytes at @argument, aligned to 16, which is
 *                  freed when it is joined.  With @size 0 it gets the pointer itself, which may point into the arena.
 *
 * Returns  0, and the handle of the running process in @ret_process.
 * Fails    -EINVAL   @function or @ret_process is NULL, @argument is NULL but @size is not 0, the
 *                    name is empty or too long, .start is no start method, a reserved word is not 0
 *          -EAGAIN   no more processes may be started (RLIMIT_NPROC, cgroup), or the family is full
 *          -ENOMEM   no memory for the copy, or for the child
 *          -EMFILE   no descriptors left (-ENFILE: in the whole system)
 *          -ENOENT   /proc is not mounted
 *          -ENOSYS   the kernel, older than 5.4, or a tool does not know process descriptors
 *          -EDEADLK  this process has other threads: a fork would copy the locks they hold
 * Fork     what stdio had buffered is written before, so that it appears once.  When this process has
 *          other threads, that is stdout and stderr alone, unless a thread is using them.
 * Cost     one fork: about 50 µs and 7 ms a GiB of private memory.  One descriptor.
 */
MPROC_API int mproc_process_start(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process);

/*
 * Wait until a process has ended.
 *
 * Returns  0: it has ended, and nothing of it remains but the handle.
 * Fails    -ETIMEDOUT  it still runs at the deadline
 *          -EINVAL     @process is NULL
 *          -ECHILD     the handle is not this process's
 * Cost     no system call once it is known to have ended.
 */
MPROC_API int mproc_process_join(mproc_process *process, mproc_deadline deadline);

/*
 * Tell whether a process still runs.
 *
 * Returns  1 when it runs, 0 when it has ended.
 * Fails    -EINVAL  @process is NULL
 *          -ECHILD  the handle is not this process's
 * Cost     one system call.
 */
MPROC_API int mproc_process_is_alive(mproc_process *process);

/*
 * Tell how a process ended.
 *
 * Returns  0, and in @ret_code: 0…255 (the low 8 bits of) what its function returned or it gave to exit, or -N when
 *          signal N killed it.
 * Fails    -EAGAIN  it still runs
 *          -ENODATA it has ended, but somebody else took its status (SIGCHLD is ignored, or the
 *                   application waits for any child)
 *          -EINVAL  @process or @ret_code is NULL
 *          -ECHILD  the handle is not this process's
 * Cost     as mproc_process_is_alive.
 */
MPROC_API int mproc_process_exit_code(mproc_process *process, int *ret_code);

/*
 * Kill a process with SIGKILL.
 *
 * Returns  0: the signal is sent, or it had ended already.  Join to wait for the end.
 * Fails    -EINVAL  @process is NULL
 *          -EPERM   this process has given up the privileges that would take
 *          -ECHILD  the handle is not this process's
 * Cost     one system call.
 */
MPROC_API int mproc_process_kill(mproc_process *process);

/*
 * Tell the process id.
 *
 * Returns  the pid, which no other process has until this one was joined.
 * Fails    -EINVAL  @process is NULL
 *          -ECHILD  the handle is not this process's
 * Cost     none.
 */
MPROC_API pid_t mproc_process_pid(const mproc_process *process);

/*
 * Tell the name.
 *
 * Returns  the name, valid as long as the handle; NULL when @process is NULL.
 * Fork     may be called in any process.
 * Cost     none.
 */
MPROC_API const char *mproc_process_name(const mproc_process *process);

/*
 * Get a descriptor that tells the end of the process: readable for poll and epoll from then on.
 *
 * Returns  the descriptor, close-on-exec.  It stays the library's; closing the handle closes it.
 * Fails    -EINVAL  @process is NULL
 *          -ECHILD  the handle is not this process's
 * Cost     none.
 */
MPROC_API int mproc_process_fd(const mproc_process *process);

/*
 * Close the handle of a process that has ended.
 *
 * @process  a handle, or NULL.
 *
 * Returns  NULL.  When the process still runs, nothing is done and @process itself comes back: join
 *          or kill it first.
 * Fork     in another process than the one that started it, only this process's copy is closed.
 * Cost     one system call.
 */
MPROC_API mproc_process *mproc_process_close(mproc_process *process);

MPROC_END_DECLS

#endif
