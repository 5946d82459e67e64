/* SPDX-License-Identifier: MIT */
/*
 * sys/exit.h - how this process ends itself.
 */
#ifndef SYS_EXIT_H
#define SYS_EXIT_H

/* Where libc does not tell it (musl), the code of who calls exit() itself, and not mproci_exit. */
enum {
	MPROCI_EXIT_UNKNOWN = -1
};

/*
 * Have @hook called with the exit code when this process returns from main or calls exit(), before the
 * handlers that were registered earlier, and after those that are registered later.  Returns 0 or -ENOMEM.
 */
int mproci_exit_hook(void (*hook)(int code));

/*
 * For a hook: where on the stack it was called from.  That is the same for two hooks unless a handler, or what interrupted one, has called
 * exit() again in between.
 */
const void *mproci_exit_frame(void);

/* Call exit(). */
_Noreturn void mproci_exit(int code);

/* Write what stdio has buffered. */
void mproci_exit_flush(void);

/* End this process with @code now; no handler runs (any more). */
_Noreturn void mproci_exit_at_once(int code);

/* Both. */
_Noreturn void mproci_exit_now(int code);

#endif
