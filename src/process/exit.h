/* SPDX-License-Identifier: MIT */
/*
 * process/exit.h - the end of a process that returns from its function or main, or calls exit().
 */
#ifndef PROCESS_EXIT_H
#define PROCESS_EXIT_H

/*
 * Have what mproc/process.h promises happen at the end of this process: once for a process that was not
 * started by the library.  Returns 0, or -ENOMEM with an error text.
 */
int mproci_exit_prepare(void);

/* The same, for one that was: whatever its parent has registered does not run in it. */
int mproci_exit_prepare_child(void);

/* In a process that was, when its function has returned: just before it calls exit(). */
void mproci_exit_returned(void);

#endif
