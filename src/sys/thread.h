/* SPDX-License-Identifier: MIT */
/*
 * sys/thread.h - a thread of the library, which the application's signal handlers never run in.
 */
#ifndef SYS_THREAD_H
#define SYS_THREAD_H

#include <pthread.h>

/* Returns 0, or -EAGAIN with an error text. */
int mproci_thread_start(void *(*function)(void *), void *argument, pthread_t *ret_thread);

#endif
