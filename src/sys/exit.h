/* SPDX-License-Identifier: MIT */
/*
 * sys/exit.h - how this process ends itself.
 */
#ifndef SYS_EXIT_H
#define SYS_EXIT_H

/*
 * Have @hook called with the exit code when this process returns from main or calls exit(), before the
 * handlers that were registered earlier, and after those that are registered later.  Returns 0 or -ENOMEM.
 */
int mproci_exit_hook(void (*hook)(int code));

/* Call exit(). */
_Noreturn void mproci_exit(int code);

/* Write what stdio has buffered. */
void mproci_exit_flush(void);

/* End this process with @code now; no handler runs (any more). */
_Noreturn void mproci_exit_at_once(int code);

/* Both. */
_Noreturn void mproci_exit_now(int code);

#endif
