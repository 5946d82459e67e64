/* SPDX-License-Identifier: MIT */
/*
 * sys/thread_id.h - the number by which the kernel, ps and debuggers know a thread.
 */
#ifndef SYS_THREAD_ID_H
#define SYS_THREAD_ID_H

#include <sys/types.h>

/* This thread's; that of a process's first thread is the process id. */
pid_t mproci_thread_id(void);

#endif
