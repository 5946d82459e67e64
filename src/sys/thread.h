/* SPDX-License-Identifier: MIT */
/*
 * sys/thread.h - a thread of the library, which the application's signal handlers never run in.
 */
#ifndef SYS_THREAD_H
#define SYS_THREAD_H

#include <pthread.h>

/* Returns 0, or -EAGAIN with an error text. */
int mproci_thread_start(void *(*function)(void *), void *argument, pthread_t *ret_thread);

/*
 * Start a thread that nobody joins and that does not mind a fork: a child may miss it, and finds no lock held by it.  So it does not count when a process
 * is asked whether it has threads.  Returns 0; with an error text -EAGAIN, -ENOMEM.
 */
int mproci_thread_start_apart(void (*function)(void *), void *argument);

/* How many of those there are in this process; one that is just beginning or ending may be left out. */
unsigned mproci_threads_apart(void);

#endif
