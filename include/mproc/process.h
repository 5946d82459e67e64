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
 * The child is a member of the family: it shares the arena (mproc/arena.h) with everybody else, and
 * everything else with nobody.
 *
 * How it ends.  With what the function returns as exit code, or with what it gives to exit(); with 0 when
 * it ends its only thread.  In each of these cases the handlers run that the child itself has
 * registered (mproc_at_exit, atexit), the last one first, and never the parent's; what stdio has
 * buffered is written once.  Then its own children are ended, as follows.
 *
 * How its parent ends.  When a process that has children returns from main or calls exit(), those that are
 * daemons are terminated (and killed after a second); the others are joined, however long that takes.
 * When it ends in any other way, such as by a signal or by _exit(), or becomes another program, or closes
 * descriptors that are not its own, the kernel kills all its children, and theirs.  Only a child that has
 * itself become another program, or closed descriptors that are not its own, lives on.  A child made by
 * _Fork() or clone() instead of fork() keeps the others alive.  While main returns, or exit() runs, other
 * threads may go on using processes; none is started any more.
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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_process mproc_process;

/* What a process runs; the low 8 bits of what it returns are the exit code. */
typedef int mproc_process_function(void *argument);

/*
 * How a process comes to be.
 *
 *                      fork                    server                    spawn
 *   the child is       a copy of this process  a copy of the program as  the program, begun anew
 *                                              it was in mproc_init
 *   private memory     as it is now            as it was in mproc_init   none
 *   with other threads -EDEADLK, or insist     yes                       yes
 *   descriptors        all, unless .descriptors says otherwise           0, 1, 2 and .descriptors
 *                                              0, 1, 2 and .descriptors
 *   working directory  this process's          this process's            this process's
 *   signals            handlers and mask       this process's mask;      mask, and what is ignored
 *                                              no handlers, and what was
 *                                              ignored in mproc_init
 *   all else           this process's          as it was in mproc_init   this process's
 *   takes, without the 0.1 ms, and 7 to 20 ms  0.2 ms                    what exec takes: 1 ms
 *   join               for each GiB written
 */
typedef enum mproc_start {
	/* Fork; when this process has other threads, server if mproc_init was called, otherwise -EDEADLK. */
	MPROC_START_DEFAULT = 0,
	/* Also when this process has other threads, whose locks the child finds as they are just now. */
	MPROC_START_FORK = 1,
	/* By a small process that mproc_init has made (mproc/init.h). */
	MPROC_START_SERVER = 2,
	/* Needs mproc_init first in main, which does not return in the child. */
	MPROC_START_SPAWN = 3,
} mproc_start;

/* A limit of setrlimit(2). */
typedef struct mproc_process_limit {
	/* RLIMIT_NOFILE, RLIMIT_CPU, … */
	int resource;
	/* In its unit; RLIM_INFINITY: none. */
	uint64_t soft, hard;
} mproc_process_limit;

enum {
	/* For a standard stream: nothing comes in, what goes out is thrown away. */
	MPROC_STREAM_NULL = -1,
	/* How many descriptors a child can keep beside its standard streams. */
	MPROC_DESCRIPTORS = 240,
};

/* Whatever is left out is as the table above says. */
typedef struct mproc_process_options {
	/*
	 * At most 31 bytes, shown by ps and top (its first 15).  NULL: "Process-3" for the third child,
	 * whether the first two had names or not; a child of that is "Process-3:1".
	 */
	const char *name;
	mproc_start start;
	/* Do not outlive the end of the parent's main.  A daemon may have children of its own. */
	bool daemon;
	/* Lead a process group of its own: out of reach of the terminal's Ctrl-C. */
	bool own_group;
	/*
	 * -40 to 40, added to what it has by the table above (by server that of mproc_init): the more, the
	 * fewer turns on the CPU.  Less than 0 needs privileges.
	 */
	int niceness;
	/* Its working directory. */
	const char *directory;
	/* Its environment and nothing else: "NAME=value", NULL after the last. */
	const char *const *environment;
	/*
	 * Descriptors of this process that become the child's 0, 1 and 2 (for its output and its errors in one
	 * file, give that twice).  0: this process's own 0, 1 or 2; or MPROC_STREAM_NULL.
	 */
	int input, output, error;
	/*
	 * What it keeps beside 0, 1 and 2, under the same numbers, at most MPROC_DESCRIPTORS; all others
	 * are closed.  NULL: a forked child keeps all, any other none.  To keep none, give an address and the
	 * count 0.
	 */
	const int *descriptors;
	size_t descriptor_count;
	/* The logical CPUs it may run on, numbered as by the system. */
	const unsigned *cpus;
	size_t cpu_count;
	const mproc_process_limit *limits;
	size_t limit_count;
	uint64_t reserved[4];
} mproc_process_options;

/*
 * Start a process.
 *
 * @options         NULL for the defaults.
 * @function        what it runs.  For server and spawn: of the program itself or of a shared library that
 *                  it is linked with, and recognised by its place there; or registered
 *                  (mproc_process_register).
 * @argument,@size  the child gets a copy of the @size bytes at @argument, aligned to 16, which is freed
 *                  when it is joined.  With @size 0 it gets the pointer itself, which may point into the
 *                  arena.
 *
 * Returns  0, and the handle of the running process in @ret_process.  What the options ask for is done.
 * Fails    -EINVAL   @function or @ret_process is NULL, @argument is NULL but @size is not 0, the
 *                    name is empty or too long, an option has no possible value, a reserved word is not 0
 *          -EDEADLK  this process has other threads: a fork would copy the locks they hold
 *          -ENOSYS   server or spawn, and mproc_init was not called; or the kernel, older than 5.4, or a
 *                    tool does not know process descriptors
 *          -ENOENT   the child does not find @function: it is registered under a name that the child does
 *                    not know, or in a library that came by dlopen; .directory does not exist; /proc is
 *                    not mounted
 *          -ENOEXEC  the child finds another build of the program or of the library; or it ended, or waited
 *                    30 s, before it came to mproc_init
 *          -EBADF    a descriptor of the options is not open; server or spawn, and this process has closed
 *                    descriptors that are not its own
 *          -EPERM    the limits or the niceness need privileges; spawn in a program that runs with those of
 *                    its file
 *          -EACCES   .directory, or the program's file, is not for this user (-ENOTDIR: it is none)
 *          -ECANCELED  this process is ending, and has joined its children
 *          -EAGAIN   no more processes may be started (RLIMIT_NPROC, cgroup), or the family is full
 *          -ENOMEM   no memory for the copy, or for the child
 *          -EMFILE   no descriptors left (-ENFILE: in the whole system)
 *          -E…       what the system says to an option or to the exec of the program
 * Fork     what stdio had buffered is written before, so that it appears once, and before what the child
 *          writes. When this process has other threads, that is stdout and stderr alone, unless a thread
 *          is using them.
 * Crash    killed on the way, this process leaves no child behind.  (A spawned one is tied to it when this process
 *          has learned its pid, and in mproc_init.)
 * Cost     as the table above says; with options that the child must carry out, or unless it is
 *          forked, this process waits until the child has done so.  One descriptor; the first time three.
 */
MPROC_API int mproc_process_start(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process);

/*
 * Give a function a name under which a started process finds it, for server and spawn.
 *
 * @name  at most 63 bytes; kept by reference.
 *
 * To be called before mproc_init, so that the child, which goes the same way, knows it too.  Functions need
 * no name unless their library may be another build in the child, or has no build id.
 *
 * Returns  0.
 * Fails    -EINVAL  @function or @name is NULL, or @name is empty or too long
 *          -EEXIST  the name means another function
 *          -ENOMEM  no memory for it
 * Threads  any.
 * Cost     a look at all names.
 */
MPROC_API int mproc_process_register(const char *name, mproc_process_function *function);

/*
 * Wait until a process has ended.
 *
 * Returns  0: it has ended, and nothing of it remains but the handle.
 * Fails    -ETIMEDOUT  it still runs at the deadline
 *          -EDEADLK    it is this process itself
 *          -EMFILE     the application has closed the library's descriptor, and there is none left for another;
 *                      so also is_alive, exit_code, ending, terminate, interrupt and kill
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
 *          -EMFILE  as mproc_process_join
 *          -ECHILD  the handle is not this process's
 * Cost     two system calls.
 */
MPROC_API int mproc_process_is_alive(mproc_process *process);

/*
 * Tell how a process ended, in one number.
 *
 * Returns  0, and in @ret_code: 0…255 (the low 8 bits of) what its function returned or it gave to exit,
 *          or -N when signal N killed it.
 * Fails    -EAGAIN  it still runs
 *          -ENODATA it was killed or ended by _exit(), but somebody else took its status (SIGCHLD is ignored,
 *                   or the application waits for any child; or its server has been killed)
 *          -EINVAL  @process or @ret_code is NULL
 *          -EMFILE  as mproc_process_join
 *          -ECHILD  the handle is not this process's, or not of its child
 * Crash    killed in its very last instructions, after all handlers, a process may be told to have exited.
 * Cost     as mproc_process_is_alive.
 */
MPROC_API int mproc_process_exit_code(mproc_process *process, int *ret_code);

/* How a process ended. */
typedef struct mproc_process_end {
	/* 0…255; 0 when a signal killed it. */
	int exit_code;
	/* What killed it, or 0. */
	int signal;
	/* The signal made the kernel write a core dump. */
	bool has_core;
} mproc_process_end;

/*
 * Tell how a process ended.
 *
 * Returns, Fails, Cost  as mproc_process_exit_code.
 */
MPROC_API int mproc_process_ending(mproc_process *process, mproc_process_end *ret_ending);

/*
 * Ask a process to end, with SIGTERM.  One that blocks or ignores that, perhaps since this process did so when
 * it started it, goes on.
 *
 * Returns  0: the signal is sent, or it had ended already.  Join to wait for the end.
 * Fails    -EINVAL  @process is NULL
 *          -EPERM   this process has given up the privileges that would take
 *          -EMFILE  as mproc_process_join
 *          -ECHILD  the handle is not this process's, or not of its child
 * Cost     two system calls.
 */
MPROC_API int mproc_process_terminate(mproc_process *process);

/*
 * Interrupt a process, with SIGINT, which is what Ctrl-C sends.
 *
 * Returns, Fails, Cost  as mproc_process_terminate.
 */
MPROC_API int mproc_process_interrupt(mproc_process *process);

/*
 * Kill a process, with SIGKILL, which no process survives.
 *
 * Returns, Fails, Cost  as mproc_process_terminate.
 */
MPROC_API int mproc_process_kill(mproc_process *process);

/*
 * Tell the process id.
 *
 * Returns  the pid, which no other process has until this one has ended, or, when it was not started by
 *          server, until it was joined.
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
 *          -EMFILE  no descriptor left, for this process itself or its parent, whose descriptor is opened
 *                   here
 *          -ESRCH   it has ended, and the application has closed the library's descriptor; or it is the parent,
 *                   and that had ended before this was first called
 * Cost     a system call; the first time for this process or its parent some more.
 */
MPROC_API int mproc_process_fd(mproc_process *process);

/*
 * Close the handle of a process that has ended.
 *
 * @process  a handle, or NULL.
 *
 * Returns  NULL.  When the process still runs, nothing is done and @process itself comes back: join
 *          or kill it first.
 * Fork     in another process than the one that started it, only this process's copy is closed.
 * Cost     two system calls.
 */
MPROC_API mproc_process *mproc_process_close(mproc_process *process);

/*
 * Tell who this process is.
 *
 * Returns  a handle for the name ("MainProcess" unless the library has started it), pid, fd and is_alive; it
 *          cannot be closed, and is valid until the process ends.  NULL, with errno set, when this process
 *          cannot be a member of the family.
 * Fork     a forked child asks again.
 * Cost     none.
 */
MPROC_API mproc_process *mproc_process_current(void);

/*
 * Tell who has started this process.  (The system's parent, getppid(), of a process that was started by server
 * is that server.)
 *
 * Returns  a handle for the name, pid, fd, is_alive and join, as that of mproc_process_current; NULL, with errno
 *          0, for the first of the family and for a process that was forked without mproc.
 * Fork     a forked child asks again.
 * Cost     none.
 */
MPROC_API mproc_process *mproc_process_parent(void);

/*
 * Tell which children of this process are alive.
 *
 * @count          how many handles there is room for.
 * @ret_processes  the handles that mproc_process_start gave, the youngest first; NULL if @count is 0.
 *
 * Returns  how many are alive, which may be more than @count.
 * Fails    -EINVAL  @ret_processes is NULL, but @count is not 0
 * Cost     two system calls for each child.
 */
MPROC_API int mproc_process_children(size_t count, mproc_process **ret_processes);

/*
 * Have a function called when this process ends by returning from its function or main, or by exit().
 *
 * The functions run last one first, before this process's children are ended; a process that was
 * started begins with none.  None runs after a signal, or _exit().
 *
 * Returns  0.
 * Fails    -EINVAL  @function is NULL
 *          -ENOMEM  no memory for it
 * Threads  any; the functions run in the thread that ends the process.
 * Cost     none.
 */
MPROC_API int mproc_at_exit(void (*function)(void *argument), void *argument);

MPROC_END_DECLS

#endif
