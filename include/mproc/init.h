/* SPDX-License-Identifier: MIT */
/*
 * mproc/init.h - what a program calls first, so that it can start processes by server and by spawn.
 *
 *     int main(int argc, char **argv)
 *     {
 *             if (mproc_init(argc, argv) < 0) {
 *                     fprintf(stderr, "%s\n", mproc_error_text());
 *                     return EXIT_FAILURE;
 *             }
 *             ...
 *
 * A process started by spawn is this program begun anew: it comes to mproc_init, does there what it was
 * started for, and ends.  Before that no call of mproc that needs the family succeeds in it (-ENOEXEC).  A
 * process started by server is a copy of the program as it was here, small and with one thread.
 */
#ifndef MPROC_INIT_H
#define MPROC_INIT_H

#include <mproc/api.h>

MPROC_BEGIN_DECLS

/*
 * Get ready for processes started by server and spawn.  To be called first in main: before the program
 * grows, starts threads, opens files, or looks at its arguments.
 *
 * @argc,@argv  main's; copied.  A spawned process is given the same.
 *
 * Returns  0; at once when it was called before.  Not in a spawned process.
 * Fails    -EINVAL   @argv is NULL or @argc less than 1
 *          -EDEADLK  this process has other threads already
 *          -EAGAIN, -ENOMEM, -EMFILE, -ENFILE, -ENOENT, -ENOSYS, …  as mproc_process_start, for the server
 * Threads  the first thread, alone.
 * Fork     a forked child need not call it again.
 * Rights   a process started by server has the user and group of who starts it.  When those are no longer what
 *          they were here, it is in no other groups; capabilities and limits given up since then it has.
 * Crash    when the server is killed, the processes it has started live on; the next start by server makes
 *          a new one, by spawn.
 * Signals  the server has all of them blocked.
 * Cost     one process, of some 100 KiB; five descriptors.
 */
MPROC_API int mproc_init(int argc, char **argv);

MPROC_END_DECLS

#endif
